"""Words of a note in which two letters changed places are read as they were meant, and no other word is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.notes.extract import extract
from tools.notes.spelling import corrected, known_words, misspellings, swapped


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Lung adneocarcinoma.", "Lung adenocarcinoma."),
        ("HYPERTENISON", "HYPERTENSION"),
        ("Metfromin 500 mg; no Pneumoina", "Metformin 500 mg; no Pneumonia"),
        ("The patient delcines germilne findings.", "The patient declines germline findings."),
        # Right as they stand, or an error that could make one thing of another.
        ("He is compliant. Denise came.", "He is compliant. Denise came."),
        ("dysphagia, dysphasia, arteritis, arthritis", "dysphagia, dysphasia, arteritis, arthritis"),
        ("hypertenson metformn", "hypertenson metformn"),
    ],
)
def test_two_letters_that_changed_places_and_nothing_else(written: str, meant: str) -> None:
    assert corrected(written) == meant


def test_a_fact_is_read_and_quoted_as_it_was_written() -> None:
    [found] = [f for f in extract("Past history: hypertenison.") if f.fact.name == "condition.hypertension"]
    assert found.quote == "hypertenison"
    [denied] = [f for f in extract("He deneis haemoptysis.") if f.fact.name == "symptom.haemoptysis"]
    assert denied.fact.value is False


def test_no_known_word_is_read_as_another() -> None:
    assert not [word for word in known_words() if list(misspellings(word))]


@given(st.sampled_from(sorted(known_words())), st.data())
def test_a_misspelling_is_read_as_a_word_that_it_can_stand_for(word: str, data: st.DataObject) -> None:
    wrong = data.draw(st.sampled_from([*swapped(word)] or [word]))
    read = corrected(f"A {wrong} b.")[2:-3]
    assert len(read) == len(wrong)
    assert read == wrong or wrong in set(swapped(read))
