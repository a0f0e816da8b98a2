"""Whether a note is of this patient, by the sex and the age that it gives."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from tools.case import Note, Patient
from tools.notes.finding import Finding

IDENTITY = ("patient.age", "patient.sex")
_YEARS = 2.0  # a birthday, and a note that rounds
_DAYS_A_YEAR = 365.25
_BORN = re.compile(
    r"\b(?:born|DOB|D\.O\.B\.?|date of birth|year of birth)\b[^\n;]{0,20}?(?P<y>(?:19|20)\d\d)(?!\d)|"
    r"(?:出生(?:日期|年月|于)?)[:：]?\s*(?P<z>(?:19|20)\d\d)",
    re.I,
)
_RELATIVE = re.compile(
    r"\b(?:aunt|uncle|mother|father|sister|brother|son|daughter|cousin|relative)\b|[母父姐妹兄弟]", re.I
)


def of_another(findings: Sequence[Finding], patient: Patient, note: Note, as_of: dt.date | None) -> str | None:
    """Whom a note speaks of, where neither its sex nor its age is the patient's; None where one of them is, or where
    either does not tell. An age is compared as of the day of the note."""
    told = {name: [f.fact.value for f in findings if f.usable and f.fact.name == name] for name in IDENTITY}
    told["patient.age"] = [*told["patient.age"], *_ages_by_birth(note)]
    if patient.sex is None or patient.age_years is None or not all(told.values()):
        return None
    elapsed = (as_of - note.date).days / _DAYS_A_YEAR if as_of and note.date else 0.0
    expected = patient.age_years - elapsed
    ages = [float(age) for age in told["patient.age"]]
    if patient.sex in told["patient.sex"] or min(abs(age - expected) for age in ages) <= _YEARS:
        return None
    return str(told["patient.sex"][0]) + f", {ages[0]:g} years"


def _ages_by_birth(note: Note) -> list[float]:
    """Ages on the day of the note by the years of birth that it gives, those beside a relative left out."""
    if note.date is None:
        return []
    return [
        float(note.date.year - int(match["y"] or match["z"]))
        for match in _BORN.finditer(note.text)
        if not _RELATIVE.search(note.text[max(0, match.start() - 60) : match.start()].split("\n")[-1])
    ]
