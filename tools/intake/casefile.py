"""From the validated `case.yaml` to facts and records of the case."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from knowledge.errors import BadInput
from knowledge.facts import Fact, FactValue, vocabulary
from tools.case import Allergy, CaseField, Condition, FamilyMember, Medication, Observation
from tools.intake.codes import fact_of, family_fact, names_within, with_age
from tools.intake.parts import Parts, checked_fact
from tools.intake.schema import CaseFilePart, ObservationPart

HANDLE = "case"
_QUANTITY = re.compile(r"^\s*([+-]?\d+(?:\.\d+)?)\s*(\S.*)$")


def parts_of(data: CaseFilePart, name: str) -> Parts:
    """Every fact and record of `case.yaml`, each with the place that it came from.

    Raises:
        BadInput: an unknown fact, a wrong type or unit, or a value that is not plausible.
    """
    made = Parts(patient_id=data.patient.id, sex=data.patient.sex, latest=data.date)
    made.age_years = None if data.patient.age_years is None else float(data.patient.age_years)
    for i, given in enumerate(data.observations):
        made.observations.append(_observation(given, name, f"observations[{i}]"))
    made.observations += _group(data.tumour, "tumour", name)
    made.observations += _group(data.biomarkers, "biomarker", name, shown="biomarkers")
    _conditions(data, made)
    _medications(data, made)
    for i, allergy in enumerate(data.allergies):
        fact = fact_of((), (allergy.substance,), "allergy.") or _single(allergy.substance, "allergy.")
        place = f"allergies[{i}]"
        if fact is None:
            made.warnings.append(_unknown(name, place, "substance"))
        made.allergies.append(
            Allergy(
                text=allergy.substance,
                fact=fact,
                reaction=allergy.reaction,
                severity=allergy.severity,
                locator=_field(place),
            )
        )
    for i, member in enumerate(data.family_history):
        age = None if member.age_years is None else float(member.age_years)
        made.family_history.append(
            FamilyMember(
                relation=member.relation,
                text=member.condition,
                fact=with_age(family_fact(member.relation, (), member.condition), age),
                age_at_onset_years=age,
                locator=_field(f"family_history[{i}]"),
            )
        )
    return made


def _field(place: str) -> CaseField:
    return CaseField(handle=HANDLE, path=place)


def _unknown(file: str, place: str, what: str) -> str:
    return f"{file}, {place}: the vocabulary has no fact for this {what}; it is kept as text."


def _observation(given: ObservationPart, file: str, place: str) -> Observation:
    fact = checked_fact(given.fact, given.value, given.unit, _moment(given.at), (file, place))
    return Observation(fact=fact, text=describe(fact), locator=_field(place))


def _moment(at: dt.datetime | dt.date | None) -> dt.datetime | dt.date | None:
    if isinstance(at, dt.datetime) and at.time() == dt.time() and at.tzinfo is None:
        return at.date()
    return at


def describe(fact: Fact) -> str:
    """The fact in a few words, as written: `serum creatinine 0.9 mg/dL`."""
    label = fact.spec.label.get("en", fact.name)
    unit = "" if fact.unit in (None, "1") else f" {fact.unit}"
    value = {True: "present", False: "absent"}[fact.value] if isinstance(fact.value, bool) else fact.value
    return f"{label}: {value}{unit}"


def _group(
    given: dict[str, bool | int | float | str],
    prefix: Literal["tumour", "biomarker"],
    file: str,
    shown: str | None = None,
) -> list[Observation]:
    found = []
    for key, raw in given.items():
        place = f"{shown or prefix}.{key}"
        name = f"{prefix}.{key}"
        if name not in vocabulary():
            name = vocabulary().find(f"{prefix}.", key) or name
        value: FactValue = raw
        unit = None
        if name in vocabulary() and vocabulary()[name].kind == "quantity" and isinstance(raw, str):
            match = _QUANTITY.match(raw)
            if match is None:
                raise BadInput(file, place, "it is not a number with a unit", "such as 60 %")
            value, unit = float(match[1]), match[2].strip()
            value = int(value) if value.is_integer() and "." not in match[1] else value
        fact = checked_fact(name, value, unit, None, (file, place))
        found.append(Observation(fact=fact, text=describe(fact), locator=_field(place)))
    return found


def _conditions(data: CaseFilePart, made: Parts) -> None:
    for i, given in enumerate(data.conditions):
        place = f"conditions[{i}]"
        fact = fact_of((), (given.condition,), "condition.")
        if fact is None:
            made.warnings.append(_unknown("case.yaml", place, "condition"))
        made.conditions.append(
            Condition(text=given.condition, fact=fact, present=given.present, since=given.since, locator=_field(place))
        )


def _medications(data: CaseFilePart, made: Parts) -> None:
    for i, given in enumerate(data.medications):
        place = f"medications[{i}]"
        exact = fact_of((), (given.drug,), "medication.")
        facts: list[str | None] = [exact] if exact else list(names_within(given.drug, "medication."))
        if not facts:
            made.warnings.append(_unknown("case.yaml", place, "drug"))
            facts = [None]
        for fact in facts:
            made.medications.append(
                Medication(text=given.drug, fact=fact, status=given.status, dose=given.dose, locator=_field(place))
            )


def _single(text: str, prefix: str) -> str | None:
    found = names_within(text, prefix)
    return found[0] if len(found) == 1 else None
