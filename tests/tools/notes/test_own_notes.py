"""Short notes of our own answer the calculators and give the inputs that a physician reads in them."""

from __future__ import annotations

import pytest

from evals.benchmarks.own_notes import Check, checks, notes

# What is known not to be read: model or fact, and a phrase of the note.
GAPS = (
    ("target_weight", "the goal BMI that was agreed on"),
    ("patient.target_bmi", "the goal BMI that was agreed on"),
    ("osmolality", "undetectably high; the laboratory reported"),
    ("sodium_corrected", "undetectably high; the laboratory reported"),
    ("lab.glucose", "undetectably high; the laboratory reported"),
    ("perc", "immobile for the past week after a"),
)


@pytest.fixture(scope="module")
def done() -> list[Check]:
    return list(checks())


def test_every_answer_and_input_is_right_but_the_listed_gaps(done: list[Check]) -> None:
    wrong = [c for c in done if not c.right and not any(c.what == what and words in c.note for what, words in GAPS)]
    assert wrong == []


def test_the_notes_cover_every_calculator_with_several_manners_of_writing(done: list[Check]) -> None:
    asked: dict[str, set[str]] = {}
    for check in done:
        if check.kind == "answer":
            asked.setdefault(check.what, set()).add(check.note)
    assert len(asked) >= 53
    assert min(len(texts) for texts in asked.values()) >= 3
    assert len(notes()) >= 200
