"""What kind of question a passage answers, and what a question is about."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.store import embedding
from knowledge.store.expansion import asked_kinds, subject_terms
from knowledge.store.kinds import answer_kinds, kind_match, kind_nearness
from knowledge.store.lexical import tokens

PASSAGES = {
    "treatment": "Surgery removes the tumor. Chemotherapy or radiation therapy is given when it has spread.",
    "inheritance": "It follows an autosomal recessive pattern: both copies of the gene in each cell carry the "
    "mutation, and the parents each carry one copy.",
    "frequency": "It is estimated to occur in 1 in 50,000 newborns worldwide; its incidence is higher in Finland.",
    "diagnosis": "The doctor takes a medical history and orders blood tests, an imaging scan and a biopsy.",
}


@pytest.mark.parametrize("kind", PASSAGES)
def test_a_passage_gets_most_of_its_weight_on_the_kind_that_a_reader_would_give_it(kind):
    model = answer_kinds()
    given = model.probabilities([tokens(PASSAGES[kind])], [[]])[0]
    assert model.names[int(np.argmax(given))] == kind
    assert float(given.sum()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("What are the treatments for gout?", ["treatment"]),
        ("What is gout?", ["definition"]),
        ("What is the outlook for gout?", ["outlook"]),
        ("Is gout inherited?", ["inheritance"]),
        ("Gout", []),
    ],
)
def test_the_kind_of_a_question_is_read_from_its_wording(question, kinds):
    assert asked_kinds(question) == kinds


def test_the_subject_is_what_is_left_without_the_words_of_the_question():
    assert subject_terms(tokens("What are the treatments for Whipple disease?")) == tokens("Whipple")
    assert subject_terms(tokens("How to treat?")) == tokens("treat")


def test_the_right_kind_on_another_subject_gains_nothing():
    model = answer_kinds()
    given = model.probabilities([tokens(PASSAGES[kind]) for kind in ("treatment", "frequency")], [[], []])
    held, foreign = (kind_match("treatment of glioma", model.names, given, np.asarray([c, c])) for c in (1.0, 0.0))
    assert held[0] > 2 * held[1]
    assert not foreign.any()
    assert not kind_match("glioma", model.names, given, np.ones(2)).any()


def test_a_passage_without_known_words_is_of_no_kind_in_particular():
    given = answer_kinds().probabilities([["zzqx"], []], [[], []])
    assert np.array_equal(given[0], given[1])


@pytest.mark.parametrize("kind", PASSAGES)
def test_the_description_of_its_kind_is_nearest_to_a_passage(kind):
    embedded = embedding.encode(list(PASSAGES.values()))
    words = {"treatment": "treatment", "inheritance": "inherited", "frequency": "how common", "diagnosis": "diagnosis"}
    near = kind_nearness(f"gout: {words[kind]}", embedded, np.ones(len(embedded)))
    assert list(PASSAGES)[int(np.argmax(near))] == kind
    assert not kind_nearness(f"gout: {words[kind]}", embedded, np.zeros(len(embedded))).any()
    assert not kind_nearness("gout", embedded, np.ones(len(embedded))).any()


def test_every_kind_that_a_question_can_ask_for_is_described():
    from knowledge.store.expansion import _intents
    from knowledge.store.kinds import _described

    assert {row.kind for row in _intents() if row.kind} <= set(_described(embedding.model_id())[0])
