"""Records gathered from one source while a case is read, and the check that every fact must pass."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pydantic import ValidationError

from knowledge.errors import BadInput, ConsiliumError
from knowledge.facts import Fact, FactValue, vocabulary
from tools.case import Allergy, Condition, FamilyMember, Medication, Observation, Sex

YEAR_DAYS = 365.25


@dataclass
class Parts:
    """What one source (case.yaml, one FHIR file) contributes to the case."""

    patient_id: str | None = None
    birth_date: dt.date | None = None
    age_years: float | None = None
    sex: Sex | None = None
    latest: dt.date | None = None
    observations: list[Observation] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    medications: list[Medication] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    family_history: list[FamilyMember] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def checked_fact(
    name: str,
    value: FactValue,
    unit: str | None,
    at: dt.date | dt.datetime | None,
    where: tuple[str, str],
) -> Fact:
    """A fact that the vocabulary declares, of the right type, in a unit that fits, and plausible.

    `where` is the file and the place in it, for errors.

    Raises:
        BadInput: names the file and the place; a value outside the plausible range asks to check the unit.
    """
    file, place = where
    try:
        spec = vocabulary().spec(name)
    except ConsiliumError as error:
        raise BadInput(file, f"{place}.fact", str(error).rstrip("."), "a fact of the vocabulary") from None
    if spec.kind == "code" and isinstance(value, str):
        value = code_value(name, value)
    if spec.kind == "quantity" and spec.unit == "1" and unit is None:
        unit = "1"
    try:
        fact = Fact(name=name, value=value, unit=unit, at=at)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise BadInput(file, place, problem, _accepted(name)) from None
    if not fact.is_plausible():
        low, high = spec.plausible or (0, 0)
        problem = f"{value:g} {unit or ''}".strip() + " is not a plausible value; is the unit right?"
        raise BadInput(file, place, problem, f"{low:g} to {high:g} {spec.unit or ''}".strip())
    return fact


def _accepted(name: str) -> str:
    spec = vocabulary()[name]
    if spec.kind == "code":
        return "one of " + ", ".join(spec.values)
    if spec.kind == "quantity":
        return f"a number with a unit such as {spec.unit}"
    return {"boolean": "true or false", "integer": "a whole number", "text": "text"}[spec.kind]


def code_value(name: str, text: str) -> str:
    """The code of a code fact that `text` names by code, label or synonym; `text` itself if none does."""
    spec = vocabulary()[name]
    wanted = " ".join(text.replace("_", " ").split()).casefold()
    for code, value in spec.values.items():
        names = (code.replace("_", " "), *value.label.values(), *value.synonyms, *value.codes.values())
        if wanted in (each.casefold() for each in names):
            return code
    return text


def age_on(birth: dt.date, day: dt.date) -> int:
    """Completed years from birth to a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
