"""Forms and interviews: ticked boxes, fields answered Y or N, and questions with what was said to them."""

from __future__ import annotations

import pytest

from tools.notes.extract import extract


def said(text: str, name: str) -> list[object]:
    """Usable values of a fact in a note."""
    return [f.fact.value for f in extract(text) if f.fact.name == name and f.usable]


BOXES = "PRE-OP FORM\n[x] Hypertension\n[ ] Heart failure\n☑ Varicose veins  ☐ Asthma\nDiabetes [X]  Stroke [ ]\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("condition.hypertension", True),
        ("condition.heart_failure", False),
        ("condition.varicose_veins", True),
        ("condition.asthma", False),
        ("condition.diabetes", True),
        ("condition.stroke", False),
    ],
)
def test_an_empty_box_denies_and_a_ticked_one_does_not(name: str, value: bool) -> None:
    assert set(said(BOXES, name)) == {value}


def test_a_form_on_which_nobody_ticked_anything_says_nothing() -> None:
    blank = BOXES.replace("[x]", "[ ]").replace("[X]", "[ ]").replace("☑", "☐")
    assert said(blank, "condition.heart_failure") == said(blank, "condition.hypertension") == []


def test_empty_brackets_in_running_text_are_no_boxes() -> None:
    text = "He has heart failure [ ] and was seen by the team. " * 6
    assert set(said(text, "condition.heart_failure")) == {True}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Paralysis, paresis or plaster: N", "condition.hemiplegia", False),
        ("Active cancer / treatment in 6 months: N", "condition.active_cancer", False),
        ("Hypertension: Y", "condition.hypertension", True),
        ("Hypertension: Y   Diabetes: N", "condition.diabetes", False),
        ("Hypertension: Y   Diabetes: N", "condition.hypertension", True),
        ("Asthma = none", "condition.asthma", False),
        ("Diagnosis: heart failure. NYHA class: II", "condition.heart_failure", True),
    ],
)
def test_a_field_is_as_it_is_answered(line: str, name: str, value: bool) -> None:
    assert set(said(f"Nurse form\n{line}\nSeen today.\n", name)) == {value}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Nurse: Any cough? Runny nose?\nMother: No, nothing like that.", {False}),
        ("Do you have a cough? Yes, since Monday.", {True}),
        ("Doctor: Is there any cough?\nPatient: My back hurts.", set()),
        ("He has a cough. Is it viral?", {True}),
    ],
)
def test_a_question_says_only_what_is_answered(text: str, values: set[bool]) -> None:
    assert set(said(text, "symptom.cough")) == values


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Hepatology clinic, 6/52 f/u\n58M with cirrhosis.", 58),
        ("It's about my son, he's 9. He has a sore throat.", 9),
        ("I'm 41, and my mother was 70 when she had a stroke.", 41),
    ],
)
def test_an_age_is_the_patients(text: str, age: int) -> None:
    assert said(text, "patient.age") == [age]


def test_weight_on_the_scales_and_sizes_between_bars() -> None:
    assert said("I stepped on the scale and it said 182 pounds.", "patient.weight") == [182.0]
    both = "Pt: 69 yo F | 154 cm | 51.3 kg | allergies: none"
    assert said(both, "patient.weight") == [51.3]
    assert said(both, "patient.height") == [154.0]


def test_calves_measured_below_a_landmark() -> None:
    text = "Calf circumference (10 cm below tibial tuberosity): L 38.5 cm, R 34.0 cm"
    assert said(text, "finding.calf_swelling_3cm") == [True]
