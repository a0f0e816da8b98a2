"""Whether the header of a scan is of the person that the case is about: sex and age, which DICOM records of both."""

from __future__ import annotations

import datetime as dt
import re

from knowledge.factbook import Authority
from knowledge.facts import Fact
from tools.case import Attachment, Case
from tools.evidence import CaseField, Evidence, Provenance
from tools.imaging.volume import VolumeMeta

TOLERANCE_YEARS = 2.0
_SEX = {"M": "male", "F": "female"}
_AGE = re.compile(r"(\d{3})([DWMY])")  # DICOM PS3.5, value representation AS
_PER_YEAR = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}


def age_years(text: str | None) -> float | None:
    """Years of a DICOM age such as `045Y` or `018M`; None for anything else."""
    found = _AGE.fullmatch(text or "")
    return None if found is None else int(found[1]) / _PER_YEAR[found[2]]


def other_person(meta: VolumeMeta, case: Case, scan: Attachment, made_by: Provenance) -> Evidence | None:
    """What the header says of the person scanned, where it is another sex or age than the case; else None.

    The age in the header is that at the scan, so the years since then are added; the case's own day of the scan comes
    before that of the header, which may have been shifted to hide it.
    """
    day = scan.acquired or meta.acquired_on
    patient, sex, age = case.patient, _SEX.get(meta.patient_sex or ""), age_years(meta.patient_age)
    differs = sex is not None and patient.sex in _SEX.values() and sex != patient.sex
    if age is not None and patient.age_years is not None:
        differs |= abs(age + _years_since(day, case.as_of) - patient.age_years) > TOLERANCE_YEARS
    if not differs:
        return None
    facts = [Fact(name="patient.sex", value=sex)] if sex else []
    facts += [Fact(name="patient.age", value=round(age, 1), unit="a")] if age is not None else []
    old = None if age is None else f"{age:.0f} years old" + (f" on {day.isoformat()}" if day else "")
    person = " ".join(part for part in (sex, old) if part)
    return Evidence(
        kind="observation",
        claim=f"The header of the scan {scan.handle} is of a person who is {person}.",
        facts=tuple(facts),
        locator=CaseField(handle=scan.handle, path="PatientSex, PatientAge"),
        provenance=made_by,
        authority=Authority.NOTE,
    )


def _years_since(day: dt.date | None, now: dt.date | None) -> float:
    return 0.0 if now is None or day is None else max((now - day).days / 365.25, 0.0)
