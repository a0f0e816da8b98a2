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
    ("psi", "A 79-year-old retired engineer, who live"),
    ("sofa", "A 49-year-old woman with biopsy-proven c"),
    ("apache2", "A 49-year-old woman with biopsy-proven c"),
    ("child_pugh", "A 61-year-old woman with cirrhosis cause"),
    ("glasgow_blatchford", "A 61-year-old woman with cirrhosis cause"),
    ("gcs", "A 28-year-old motorcyclist was struck by"),
    ("feverpain", "A 9-year-old girl was brought to the ped"),
    ("centor", "A 52-year-old chef consulted his family"),
    ("qtc_bazett", "A 33-year-old woman was readmitted six d"),
    ("qtc_rautaharju", "A 33-year-old woman was readmitted six d"),
    ("steroid_conversion", "A 52-year-old man was admitted to the ne"),
    ("dose.glucocorticoid", "A 52-year-old man was admitted to the ne"),
    ("dose.glucocorticoid_given", "A 52-year-old man was admitted to the ne"),
    ("gestational_age", "A 31-year-old woman, gravida 2, para 1,"),
    ("bmi", "A 31-year-old woman, gravida 2, para 1,"),
    ("mean_arterial_pressure", "A 31-year-old woman, gravida 2, para 1,"),
    ("obstetric.examination_date", "A 31-year-old woman, gravida 2, para 1,"),
    ("patient.weight", "A 31-year-old woman, gravida 2, para 1,"),
    ("vital.systolic_bp", "A 31-year-old woman, gravida 2, para 1,"),
    ("vital.diastolic_bp", "A 31-year-old woman, gravida 2, para 1,"),
    ("mean_arterial_pressure", "A 36-year-old woman, gravida 1, para 0,"),
    ("obstetric.examination_date", "A 36-year-old woman, gravida 1, para 0,"),
    ("morphine_equivalents", "A 64-year-old man with locally advanced"),
    ("morphine_equivalents", "A 47-year-old woman with chronic low bac"),
    ("steroid_conversion", "A 68-year-old woman with giant-cell arte"),
    ("dose.glucocorticoid", "A 68-year-old woman with giant-cell arte"),
    ("dose.glucocorticoid_given", "A 68-year-old woman with giant-cell arte"),
    ("dose.glucocorticoid_wanted", "A 68-year-old woman with giant-cell arte"),
    ("wells_dvt", "A 39-year-old forklift operator"),
    ("centor", "OUT OF HOURS - CALL TRANSCRIPT"),
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
