"""The questions and the metrics of the retrieval benchmark."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evals.benchmarks.retrieval_data import Question, clinical_questions, medquad, off_topic_questions, sample
from evals.benchmarks.retrieval_metrics import (
    CUT,
    Fit,
    Scored,
    at_scale,
    fit_bears,
    fit_order,
    ndcg_10,
    recall_at,
    reciprocal_rank,
    with_interval,
)
from knowledge.recommendations import recommendations
from knowledge.store.relevance import ABSOLUTE, FEATURES, KINDS, relevance


def test_every_clinical_question_names_current_recommendations():
    current = {r.id for r in recommendations().current()}
    questions = clinical_questions()
    assert len(questions) >= 150
    assert len({q.text for q in questions}) == len(questions)
    for question in questions:
        assert question.answers, question.text
        assert question.answers <= current, (question.text, question.answers - current)


def test_there_are_off_topic_questions_of_medicine_and_of_daily_life():
    assert len(set(off_topic_questions())) >= 50


def row(ranked, right):
    return Scored(Question("q", "s", "t", frozenset(right)), ranked, 1.0)


def test_metrics_agree_with_figures_worked_out_by_hand():
    one = row(["x", "a", "y", "b"], {"a", "b"})
    assert recall_at(1)(one) == 0.0
    assert recall_at(2)(one) == 1.0
    assert reciprocal_rank(one) == 0.5
    wanted = (1 / math.log2(3) + 1 / math.log2(5)) / (1 / math.log2(2) + 1 / math.log2(3))
    assert ndcg_10(one) == pytest.approx(wanted)
    assert reciprocal_rank(row(["x"], {"a"})) == 0.0
    assert ndcg_10(row(["a"], {"a"})) == 1.0


def test_the_interval_holds_the_mean_and_narrows_with_more_topics():
    def rows(count):
        return [
            Scored(Question(f"q{i}", "s", f"t{i}", frozenset({"a"})), ["a"] if i % 2 else ["x", "a"], 1.0)
            for i in range(count)
        ]

    few, many = with_interval(rows(10), recall_at(1)), with_interval(rows(1000), recall_at(1))
    assert few[1] <= few[0] <= few[2]
    assert many[0] == pytest.approx(0.5)
    assert many[2] - many[1] < few[2] - few[1]


def test_the_fit_finds_the_score_that_tells_and_the_cut_keeps_what_was_asked():
    rng = np.random.default_rng(0)
    examples = []
    for _ in range(100):
        labels = np.asarray([True, False, False, False])
        features = rng.normal(0, 1, (4, len(FEATURES)))
        features[:, 0] = np.where(labels, 2.0, -2.0) + rng.normal(0, 0.3, 4)
        examples.append(Fit("document", "bears", features, labels))
    model = fit_bears(examples)
    assert model.coefficients[0] > 3 * max(abs(c) for c in model.coefficients[1:])
    assert all(c == 0 for c, name in zip(model.coefficients, FEATURES, strict=True) if name not in ABSOLUTE)
    order = fit_order([e._replace(use="answers") for e in examples])
    assert order.coefficients[0] > 3 * max(abs(c) for c in order.coefficients[1:])
    scaled = at_scale(model, examples)
    best = [scaled.probability(e.features).max() for e in examples]
    assert np.median(best) == pytest.approx(0.9, abs=0.01)
    kept = np.mean([value >= CUT for value in best])
    assert kept == pytest.approx(0.95, abs=0.011)


def test_the_models_that_ship_are_whole():
    model = relevance()
    assert set(model.judges) == set(KINDS)
    assert all(0 < judge.threshold < 1 for judge in model.judges.values())
    assert relevance().from_json(model.to_json()) == model


@pytest.mark.shared_data
def test_a_sample_of_topics_keeps_questions_and_their_answers_together(shared_data):
    collection = medquad(shared_data / "retrieval" / "medquad.jsonl.gz", topics=5)
    held = {p.document_id for p in collection.passages}
    assert len({q.topic for q in collection.questions}) == 5
    assert all(q.answers <= held for q in collection.questions)
    assert sample(collection.questions, 3) == sample(reversed(collection.questions), 3)
