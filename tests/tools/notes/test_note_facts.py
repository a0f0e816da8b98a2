"""Realistic notes of general medicine give the facts that a physician reads in them, and hardly any other."""

from __future__ import annotations

import datetime as dt

import pytest

from evals.benchmarks.note_facts import FOLDER, judged
from tools.notes.extract import extract
from tools.notes.tool import choose

DATE = dt.date(2026, 9, 1)


@pytest.mark.parametrize(
    ("name", "missed", "misread"), [("general_1", 0.018, 0.018), ("general_2", 0.018, 0.018), ("general_3", 0.18, 0.09)]
)
def test_recall_and_precision_of_the_notes_stay_where_they_are(name: str, missed: float, misread: float) -> None:
    done = list(judged(FOLDER / f"{name}.yaml"))
    for kind, share in (("asked", missed), ("read", misread)):
        some = [one for one in done if one.kind == kind]
        wrong = [one.said for one in some if not one.right]
        assert len(wrong) <= share * len(some), wrong


def read(text: str, name: str) -> set[object]:
    return {f.fact.value for f in choose(extract(text, "en", DATE), "latest") if f.fact.name == name}


CASES = (
    ("Digoxin stopped Jan 2026 (nausea).", "medication.digoxin", {False}),
    ("Declines azithromycin.", "medication.azithromycin", set()),
    ("Aspirin discontinued when edoxaban was started.", "medication.edoxaban", {True}),
    ("Seen today. Allergies: trimethoprim - rash.", "medication.trimethoprim", set()),
    ("Seen today. Allergies: trimethoprim - rash.", "symptom.rash", set()),
    ("Seen today. Allergies: trimethoprim - rash.", "allergy.trimethoprim", {True}),
    ("Creatinine 2.2 mg/dL (baseline 1.1).", "lab.creatinine", {2.2}),
    ("Father MI at 51.", "family_history.premature_ascvd", {True}),
    ("Father MI at 61.", "family_history.premature_ascvd", set()),
    ("Mother MI aged 59.", "family_history.premature_ascvd", {True}),
    ("22+3 weeks pregnant.", "obstetric.trimester", {2}),
    ("28/40 pregnant.", "obstetric.trimester", {3}),
    ("No previous variceal bleed.", "condition.gastrointestinal_bleeding", set()),
    ("HBV sAb immune, HIV neg.", "condition.hepatitis_b", set()),
    ("HBV sAb immune, HIV neg.", "condition.hiv", {False}),
    ("NYHA II.", "condition.heart_failure_class_iii_iv", {False}),
    ("NYHA III.", "condition.heart_failure_class_iii_iv", {True}),
    ("Child-Pugh A5 cirrhosis.", "condition.child_pugh_b_or_c", {False}),
    ("add ezetimibe if LDL > 1.8.", "lab.ldl_cholesterol", set()),
    ("Home BP mean 156/96.", "vital.systolic_bp", set()),
    ("Home BP mean 156/96.", "vital.home_systolic_bp", {156}),
    ("Mr P, 55.", "vital.heart_rate", set()),
    ("OSA on CPAP.", "condition.mechanical_ventilation", set()),
    ("AKI 2023.", "condition.acute_kidney_injury", set()),
)  # fmt: skip


@pytest.mark.parametrize(("text", "name", "values"), CASES, ids=[f"{text[:24]} {name}" for text, name, _ in CASES])
def test_a_telegraphic_form_says_what_a_physician_reads(text: str, name: str, values: set[object]) -> None:
    assert read(text, name) == values
