"""Whether a note is of this patient, by the sex and the age that it gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tools.case import Note, Patient
from tools.notes.finding import Finding

IDENTITY = ("patient.age", "patient.sex")
_YEARS = 2.0  # a birthday, and a note that rounds
_DAYS_A_YEAR = 365.25


def of_another(findings: Sequence[Finding], patient: Patient, note: Note, as_of: dt.date | None) -> str | None:
    """Whom a note speaks of, where neither its sex nor its age is the patient's; None where one of them is, or where
    either does not tell. An age is compared as of the day of the note."""
    told = {name: [f.fact.value for f in findings if f.usable and f.fact.name == name] for name in IDENTITY}
    if patient.sex is None or patient.age_years is None or not all(told.values()):
        return None
    elapsed = (as_of - note.date).days / _DAYS_A_YEAR if as_of and note.date else 0.0
    expected = patient.age_years - elapsed
    ages = [float(age) for age in told["patient.age"]]
    if patient.sex in told["patient.sex"] or min(abs(age - expected) for age in ages) <= _YEARS:
        return None
    return f"{told['patient.sex'][0]}, {ages[0]:g} years"
