"""`consilium knowledge` from the command line."""

from __future__ import annotations

import json

import pytest

from agent.cli import main
from knowledge.errors import ToolFailed
from knowledge.recommendations import recommendations
from knowledge.store import search as search_module
from knowledge.store import service
from knowledge.store.passages import recommendation_passages
from tests.knowledge.ingest import files
from tests.knowledge.store.test_index import KEEP_ALL

pytestmark = pytest.mark.usefixtures("own_home", "word_encoder")


@pytest.fixture(autouse=True)
def small_store(monkeypatch):
    """Only the Fleischner guideline, so that every build is quick."""
    chosen = [p for p in recommendation_passages(recommendations()) if p.id.startswith("fleischner-2017")]
    monkeypatch.setattr(service, "_guideline_passages", lambda: chosen)
    monkeypatch.setattr(search_module, "relevance", lambda: KEEP_ALL)
    service._guideline_source.cache_clear()
    service._OPEN.clear()
    yield
    for index in service._OPEN.values():
        index.close()
    service._OPEN.clear()
    service._guideline_source.cache_clear()


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["knowledge", *map(str, arguments)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def run_json(capsys, *arguments):
    code, out, _ = run(capsys, *arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_a_recommendation_is_shown_with_its_criteria_and_source(capsys):
    code, out, _ = run(capsys, "show", "fleischner-2017.part-solid-single-6plus")
    assert code == 0
    assert "Table 1B" in out
    body = run_json(capsys, "show", "fleischner-2017.part-solid-single-6plus")
    assert body["guideline"]["year"] == 2017


def test_a_guideline_lists_its_recommendations(capsys):
    assert len(run_json(capsys, "show", "fleischner-2017")["recommendations"]) > 10


def test_an_unknown_id_is_wrong_use_and_names_the_nearest(capsys):
    code, _, err = run(capsys, "show", "fleischner-2018")
    assert code == 2
    assert "fleischner-2017" in err


def test_the_list_can_be_narrowed(capsys):
    everything = run_json(capsys, "list")["guidelines"]
    nodules = run_json(capsys, "list", "--disease", "pulmonary_nodule")["guidelines"]
    assert 0 < len(nodules) < len(everything)
    assert all("pulmonary_nodule" in g["diseases"] for g in nodules)


def test_searching_prints_json_and_nothing_else(capsys):
    hits = run_json(capsys, "search", "part-solid nodule of 6 mm or more", "-k", 3)
    assert hits[0]["passage"]["id"].startswith("fleischner-2017")
    assert {"relevance", "truth", "passage"} <= set(hits[0])


def test_a_case_leaves_out_what_does_not_apply(capsys, tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(
        "format: consilium-case/1\npatient: {id: p1, age_years: 60, sex: female}\n"
        "observations:\n"
        "  - {fact: nodule.density, value: solid}\n"
        "  - {fact: nodule.mean_diameter, value: 12, unit: mm}\n"
        "  - {fact: nodule.count, value: 1}\n"
    )
    for_all = run_json(capsys, "search", "nodule follow-up by CT", "-k", 30)
    for_patient = run_json(capsys, "search", "nodule follow-up by CT", "-k", 30, "--case", folder)
    assert len(for_patient) < len(for_all)
    truths = {hit["passage"]["id"]: hit["truth"] for hit in for_patient}
    assert truths["fleischner-2017.solid-single-over8mm"] == "applies"
    assert "does_not_apply" not in truths.values()


def test_a_document_is_added_found_cited_by_place_shown_and_removed(capsys, tmp_path):
    (row,) = run_json(capsys, "add", files.docx(tmp_path / "a.docx"), "--licence", "internal", "--year", 2025)
    assert row["new"] is True
    hits = run_json(capsys, "search", "dose of drug alpha with filtration rate below 30", "-k", 2)
    passage = hits[0]["passage"]
    assert passage["document_id"] == row["id"]
    page = run_json(capsys, "show", passage["id"])["page_text"]
    assert page[passage["start"] : passage["end"]] == passage["text"]
    assert run_json(capsys, "list")["documents"][0]["id"] == row["id"]
    assert run_json(capsys, "remove", row["id"]) == {"removed": row["id"]}
    assert not any(
        hit["passage"]["document_id"] == row["id"] for hit in run_json(capsys, "search", "dose of drug alpha", "-k", 9)
    )


def test_a_folder_with_a_bad_file_adds_the_good_ones_and_fails(capsys, tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    files.text(folder / "good.txt")
    (folder / "bad.bin").write_bytes(b"\x00\x01" * 50)
    code, out, _ = run(capsys, "add", folder, "--licence", "internal")
    assert code == 1
    assert "refused   bad.bin" in out
    assert "added" in out


def test_building_again_changes_nothing(capsys):
    assert run_json(capsys, "build")["key"] == run_json(capsys, "build")["key"]


def test_verify_passes_on_what_ships(capsys):
    report = run_json(capsys, "verify")
    assert report["problems"] == []
    assert report["counts"]["recommendations"] >= 500


def test_coverage_is_a_table(capsys):
    assert run_json(capsys, "coverage")["pulmonary_nodule"]["follow_up"] > 5


def _stop(*_):
    raise ToolFailed("stopped")


def test_adding_goes_on_with_the_index_where_a_stopped_run_had_only_read_the_file(tmp_path, capsys, monkeypatch):
    paper = tmp_path / "gout.md"
    paper.write_text("# Gout flare\n\nColchicine 1.2 mg is followed by 0.6 mg one hour later.\n")
    with monkeypatch.context() as stopped:
        stopped.setattr(service, "write_generation", _stop)
        assert run(capsys, "add", paper, "--licence", "own")[0] != 0
    code, out, err = run(capsys, "add", paper, "--licence", "own")
    assert code == 0
    assert out.startswith("was there")
    assert "indexing" in err
    assert service.current_key() == service.content_key(service.sources())
