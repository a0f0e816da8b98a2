"""Acute notes lead to the conditions that must not be missed, and not to those that their features do not name."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pytest

from knowledge.criteria import Truth, evaluate
from knowledge.differentials import presentations
from knowledge.factbook import FactBook
from tools.case import Note
from tools.evidence import fact_book
from tools.notes.extract import extract
from tools.notes.tool import _evidence, choose

DATE = dt.date(2026, 9, 1)


def book(text: str, language: Literal["en", "zh"] = "en") -> FactBook:
    note = Note(handle="note-1", title="note", text=text, language=language, date=DATE)
    found = choose(extract(text, language, DATE), "latest")
    return fact_book([_evidence(note, finding, 0.0) for finding in found])


def named(text: str, language: Literal["en", "zh"] = "en") -> set[str]:
    facts = book(text, language)
    return {
        candidate.id
        for presentation in presentations()
        if evaluate(presentation.criterion, facts, DATE).truth is Truth.APPLIES
        for candidate in presentation.candidates
        if any(evaluate(point.criterion, facts, DATE).truth is Truth.APPLIES for point in candidate.speaks_for)
    }


SEPSIS = "78 M, fever 39.1, RR 28, HR 124, BP 84/48, SpO2 90% RA, confused. Lactate 4.2 mmol/L. CXR RLL consolidation."
CASES = (
    (SEPSIS, {"sepsis", "septic_shock", "community_acquired_pneumonia"}, {"bacterial_meningitis"}),
    ("62M tearing chest pain to the back. CXR: widened mediastinum.", {"aortic_dissection"}, {"pulmonary_embolism"}),
    ("31F, R loin pain, T 39.0, dysuria. Nitrite positive.", {"acute_pyelonephritis"}, {"sepsis"}),
    ("24M, pain moved to RIF, nausea. Tender RIF with guarding. WCC 14.6.", {"acute_appendicitis"}, {"sepsis"}),
    ("22F T1DM. Gluc 31.2 mmol/L, ketones 6.4 mmol/L, HCO3 7.", {"diabetic_ketoacidosis"}, {"hypoglycaemia"}),
    ("19M headache, neck stiffness, T 39.4, non-blanching rash, GCS 13.", {"bacterial_meningitis"}, {"stroke_or_tia"}),
    ("73F sudden right arm weakness and aphasia. Glucose 7.1 mmol/L.", {"stroke_or_tia"}, {"hypoglycaemia"}),
    ("67M melena, on naproxen. No liver disease.", {"ulcer_bleeding"}, {"variceal_bleeding"}),
    ("82M SOB, orthopnoea, leg oedema, JVP up. NT-proBNP 8420 pg/mL.", {"acute_heart_failure"}, {"pulmonary_embolism"}),
    ("58M crushing chest pain, diaphoretic, hs-TnT 214 ng/L.", {"acute_coronary_syndrome"}, {"aortic_dissection"}),
    ("74M abdominal pain, collapsed, BP 78/50. Known AAA.", {"ruptured_aortic_aneurysm"}, {"acute_appendicitis"}),
    ("40F chest pain, left leg swelling, recent surgery.", {"pulmonary_embolism"}, {"aortic_dissection"}),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wanted", "refused"), CASES, ids=[text[:25] for text, _, _ in CASES])
def test_an_acute_note_names_what_must_not_be_missed(text: str, wanted: set[str], refused: set[str]) -> None:
    found = named(text)
    assert wanted <= found
    assert not refused & found


def test_a_chinese_note_of_pneumonia_with_shock_names_both() -> None:
    text = "女，74岁，发热、咳嗽，意识模糊。T 39.2℃，R 30次/分，BP 88/52mmHg。血乳酸 3.6 mmol/L。胸片：右下肺实变。"
    assert {"sepsis", "septic_shock", "community_acquired_pneumonia"} <= named(text, "zh")


def test_a_well_person_gets_no_acute_candidate() -> None:
    assert named("Annual check: 52-year-old man, asymptomatic. BP 148/92. LDL 4.2 mmol/L. No chest pain.") == set()


def test_a_condition_that_is_recorded_is_not_asked_again() -> None:
    text = "34F chest pain, left calf swollen. CTPA: pulmonary embolism."
    assert "pulmonary_embolism" not in named(text)
