"""A scan of another person: sex and age of its header against those of the case."""

from __future__ import annotations

import datetime as dt

import pytest

from tools.case import Attachment, Case, Patient
from tools.evidence import Provenance
from tools.imaging.person import age_years, other_person
from tools.imaging.volume import VolumeMeta

MADE_BY = Provenance(tool="segment_lesion", tool_version="1")


def _found(header_sex, header_age, acquired="20261005", day=None, **patient):
    meta = VolumeMeta(
        name="ct", format="DICOM", affine_lps=[], orientation=[], source_shape=(1, 1, 1), acquired=acquired,
        patient_sex=header_sex, patient_age=header_age,
    )  # fmt: skip
    case = Case(id="c", patient=Patient(id="p", **patient), as_of=dt.date(2026, 10, 12))
    scan = Attachment(handle="imaging-1", kind="imaging", name="ct", sha256="0" * 64, acquired=day)
    return other_person(meta, case, scan, MADE_BY)


@pytest.mark.parametrize(
    ("sex", "age", "acquired", "other"),
    [
        ("F", "066Y", "20261005", False),
        ("F", "064Y", "20241005", False),
        ("F", "064Y", None, False),
        ("M", "066Y", "20261005", True),
        ("F", "045Y", "20261005", True),
        ("F", "066Y", "20161005", True),
        ("O", None, None, False),
        (None, "unknown", "1 May", False),
    ],
)
def test_a_header_of_another_sex_or_age_is_told(sex, age, acquired, other):
    found = _found(sex, age, acquired, sex="female", age_years=66)
    assert (found is not None) is other


def test_what_the_header_says_is_evidence_that_the_case_outweighs():
    found = _found("M", "045Y", sex="female", age_years=66)
    assert found.claim == "The header of the scan imaging-1 is of a person who is male 45 years old on 2026-10-05."
    assert {fact.name: fact.value for fact in found.facts} == {"patient.sex": "male", "patient.age": 45.0}


def test_the_day_that_the_case_gives_the_scan_comes_before_that_of_a_shifted_header():
    assert _found("F", "066Y", "19990101", sex="female", age_years=66) is not None
    assert _found("F", "066Y", "19990101", day=dt.date(2026, 10, 1), sex="female", age_years=66) is None


def test_a_case_without_sex_and_age_cannot_disagree():
    assert _found("M", "045Y") is None


@pytest.mark.parametrize(
    ("text", "years"), [("045Y", 45.0), ("018M", 1.5), ("026W", 0.498), ("45", None), (None, None)]
)
def test_ages_are_read_as_dicom_writes_them(text, years):
    found = age_years(text)
    assert found == years if years is None else found == pytest.approx(years, abs=0.001)
