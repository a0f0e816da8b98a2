"""The index on disk: filters, integrity, generations."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.store import search as search_module
from knowledge.store.index import (
    Filters,
    Source,
    content_key,
    current_key,
    open_current,
    opening,
    passages_digest,
    restore_vectors,
    store_folder,
    write_generation,
)
from knowledge.store.lexical import LexicalIndex, tokens
from knowledge.store.relevance import FEATURES, KINDS, Judge, Logistic, Relevance
from knowledge.store.vectors import SETTING, are_held
from tests.knowledge.store.words import passages

pytestmark = pytest.mark.usefixtures("own_home", "word_encoder")

FLAT = Logistic(0.0, (1.0,) * len(FEATURES))
KEEP_ALL = Relevance({kind: Judge(FLAT, FLAT, 0.0) for kind in KINDS})


def built(count=60, edition=1, key="a" * 24):
    write_generation(passages(count, edition), key)
    return open_current()


def test_every_part_of_a_generation_holds_every_passage():
    index = built()
    assert len(index) == 60
    assert index.problems() == []
    assert index.passages([3, 1])[0].id == "p3"
    assert index.number_of("p7") == 7
    assert index.number_of("nothing") is None


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        (Filters(diseases=("disease3",)), lambda p: "disease3" in p.diseases),
        (Filters(drugs=("medication.drug1", "medication.drug2")), lambda p: p.drugs[0][-1] in "12"),
        (Filters(organisations=("Society 2",)), lambda p: p.organisation == "Society 2"),
        (Filters(years=(2005, 2007)), lambda p: 2005 <= p.year <= 2007),
        (
            Filters(diseases=("disease3",), years=(2000, 2010), documents=("doc-000000000003",)),
            lambda p: "disease3" in p.diseases and p.year <= 2010 and p.document == "Book 3",
        ),
    ],
)
def test_a_filter_lets_through_what_fits_and_nothing_else(filters, fits, monkeypatch):
    monkeypatch.setattr(search_module, "relevance", lambda: KEEP_ALL)
    index = built()
    wanted = {p.id for p in passages(60) if fits(p)}
    mask = index.allowed(filters)
    assert {p.id for p in index.passages(np.flatnonzero(mask))} == wanted
    assert {h.passage.id for h in search_module.search(index, "drug dosing in mg", 60, filters)} == wanted


@pytest.mark.parametrize("filters", [Filters(years=(2005, 2007)), Filters(diseases=("disease3",))])
def test_a_filter_is_answered_without_reading_the_texts(filters):
    index = built()
    asked = []
    index._database.set_trace_callback(asked.append)
    index.allowed(filters)
    index._database.set_trace_callback(None)
    plans = [step for query in asked for step in index._database.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert plans
    assert all("COVERING INDEX" in step[3] for step in plans), plans


def test_the_passage_that_names_the_drug_comes_first(monkeypatch):
    monkeypatch.setattr(search_module, "relevance", lambda: KEEP_ALL)
    hits = search_module.search(built(), "how is number42 given", 5)
    assert hits[0].passage.id == "p42"


def test_what_is_below_the_threshold_is_cut(monkeypatch):
    monkeypatch.setattr(search_module, "relevance", lambda: Relevance({kind: Judge(FLAT, FLAT, 1.1) for kind in KINDS}))
    assert search_module.search(built(), "how is number42 given", 5) == []


@pytest.mark.parametrize("query", ["", "   ", "x" * 2001])
def test_a_query_that_is_no_question_is_refused(query):
    with pytest.raises(ToolRetry):
        search_module.search(built(), query)


def test_a_new_generation_replaces_the_old_one_which_is_removed_when_unread():
    old = built(edition=1, key="a" * 24)
    write_generation(passages(50, 2), "b" * 24)
    assert (store_folder() / ("a" * 24)).exists(), "it is still being read"
    assert old.passages([1])[0].text.count("edition1") == 1
    assert current_key() == "b" * 24
    old.close()
    write_generation(passages(40, 3), "c" * 24)
    assert {f.name for f in store_folder().iterdir() if f.is_dir()} == {"c" * 24}


def test_without_a_build_the_failure_says_what_to_run():
    with pytest.raises(ToolFailed, match="knowledge build"):
        open_current()


def test_left_overs_of_a_killed_build_are_removed_by_the_next():
    left = store_folder() / "building-abc"
    left.mkdir()
    (left / "vectors.npy").write_bytes(b"half")
    built()
    assert not left.exists()


def test_a_changed_passage_is_found_by_the_check():
    import sqlite3

    index = built()
    index.close()
    database = sqlite3.connect(index.folder / "passages.sqlite")
    with database:
        database.execute("UPDATE passage SET body = replace(body, 'number5 is', 'number5 is not') WHERE id = 'p5'")
    database.close()
    assert any("not those" in line for line in open_current().problems())


def test_a_lost_part_is_found_by_the_check():
    index = built()
    index.close()
    vectors = index.embeddings[:-1].copy()
    np.save(index.folder / "vectors.npy", vectors)
    assert any("differ in size" in line for line in open_current().problems())
    shutil.rmtree(index.folder)
    assert current_key() is None


def test_the_digest_depends_on_content_and_not_on_order():
    first = passages(5)
    assert passages_digest(first) == passages_digest(reversed(first))
    assert passages_digest(first) != passages_digest(passages(5, edition=2))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PD-L1 TPS ≥50 %", {"pdl1", "pd", "l1", "tps", "50"}),
        ("EGFR p.L858R", {"egfr", "l858r"}),
        ("screening for the aneurysms", {"screen", "aneurysm"}),
        ("肺癌筛查", {"肺", "肺癌", "筛查"}),
    ],
)
def test_names_are_kept_whole_and_words_are_stemmed(text, wanted):
    assert wanted <= set(tokens(text))


def test_coverage_is_the_share_of_rare_terms_that_a_passage_holds(tmp_path):
    index = LexicalIndex.build([["egfr", "lung"], ["lung"], ["lung", "braf"]], tmp_path)
    covered = index.coverage(["egfr", "lung"])
    assert covered[0] == pytest.approx(1.0)
    assert 0 < covered[1] < 0.5
    assert index.coverage(["unheard"]).max() == 0
    assert index.rarity("unheard") > index.rarity("egfr") > index.rarity("lung")


def test_the_first_passage_of_each_section_opens_it_and_every_recommendation_stands_by_itself():
    first = passages(1)[0]
    rows = [
        ("d1", "Dose", None),
        ("d1", "Dose", None),
        ("d1", "Risk", None),
        ("d2", "Dose", None),
        ("g", "1", "a"),
        ("g", "1", "b"),
    ]
    made = [first.model_copy(update={"document_id": d, "section": s, "recommendation": r}) for d, s, r in rows]
    assert opening(made).tolist() == [True, False, True, True, True, True]


@pytest.mark.parametrize("part", ["vectors.npy", "kinds.npy", "opens.npy", "bm25-text/data.csc.index.npy"])
def test_a_part_that_was_changed_is_told(part):
    index = built()
    path = index.folder / part
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert index.problems() == [f"{part} was changed since"]


def test_an_index_whose_vectors_lie_elsewhere_is_another_index(monkeypatch):
    sources = [Source("x", "0" * 64, list)]
    embedded = content_key(sources)
    monkeypatch.setenv(SETTING, "http://chroma.example:8000")
    assert content_key(sources) != embedded
    served = content_key(sources)
    monkeypatch.setenv(SETTING, "http://chroma.example:8000/")
    assert content_key(sources) == served


def test_vectors_that_chroma_has_lost_are_put_back():
    built().close()
    folder = store_folder() / ("a" * 24)
    shutil.rmtree(folder / "chroma")
    with pytest.raises(ToolFailed, match="knowledge build"):
        open_current()
    restore_vectors("a" * 24)
    assert are_held(folder, "a" * 24)
    index = open_current()
    assert index.problems() == []
    assert index.vectors.nearest(index.dense()[7], 1)[0][0] == 7
