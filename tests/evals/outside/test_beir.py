"""BEIR folders: what is read, and metrics against scikit-learn and by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evals.outside.beir import measures, ndcg, read_set
from evals.outside.registry import Settings, benchmark
from knowledge.errors import BadInput


@pytest.fixture
def folder(tmp_path):
    texts = {"d1": "Aspirin prevents blood clots.", "d2": "Metformin lowers glucose.", "d3": "Cats sleep."}
    lines = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in texts.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "What prevents blood clots?"}\n')
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td3\t0\nq9\td2\t1\n")
    return tmp_path


def test_ndcg_equals_that_of_scikit_learn():
    from sklearn.metrics import ndcg_score

    rng = np.random.default_rng(3)
    for _ in range(20):
        grades = {str(i): float(g) for i, g in enumerate(rng.integers(0, 4, 15))}
        ranked = [str(i) for i in rng.permutation(15)]
        scores = {name: -place for place, name in enumerate(ranked)}
        names = list(grades)
        theirs = ndcg_score([[grades[n] for n in names]], [[scores[n] for n in names]], k=10)
        assert ndcg(ranked, grades) == pytest.approx(theirs)


def test_recall_and_rank_by_hand():
    found = measures(["a", "b", "c"], {"b": 1.0, "c": 2.0, "z": 1.0, "a": 0.0})
    assert found["MRR@10"] == 0.5
    assert found["recall@10"] == pytest.approx(2 / 3)


def test_judgements_come_from_the_table_and_need_the_three_parts(folder):
    queries, judged, passages = read_set(folder)
    assert queries == {"q1": "What prevents blood clots?"}
    assert judged == {"q1": {"d1": 2.0, "d3": 0.0}, "q9": {"d2": 1.0}}
    assert {p.document_id for p in passages} == {"d1", "d2", "d3"}
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\tmuch\n")
    with pytest.raises(BadInput, match=r"test\.tsv, line 2"):
        read_set(folder)
    (folder / "queries.jsonl").unlink()
    with pytest.raises(BadInput, match="queries"):
        read_set(folder)


@pytest.mark.slow
def test_a_folder_is_indexed_and_ranked_and_a_query_that_is_not_there_is_not_scored(folder):
    result = benchmark("beir").run(folder, Settings())
    assert [item.verdict for item in result.items] == ["right", "not_scored"]
    assert {f.name: f.estimate.value for f in result.figures}["hybrid nDCG@10"] == pytest.approx(1.0)
