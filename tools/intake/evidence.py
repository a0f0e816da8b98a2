"""The structured facts of a case as evidence, so that a sentence can cite them."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.factbook import Authority
from knowledge.facts import Fact, vocabulary
from knowledge.units import written_unit
from tools.case import Allergy, Case, Condition, FamilyMember, Medication, Observation
from tools.evidence import Evidence, Locator, Provenance

_TOOL, _VERSION = "intake", "1"
_SMOKING = {
    "smoking.pack_years": "The smoking history is {} pack-years.",
    "smoking.quit_years": "The patient quit smoking {} years ago.",
    "smoking.duration": "The patient smoked for {} years.",
}


def case_evidence(case: Case) -> tuple[Evidence, ...]:
    """One evidence for each observation, condition, medication, allergy and relative's condition of the case.

    Proposed drugs carry no `medication.*` fact, because the patient does not take them; a stopped drug is a
    false one. All have the authority of structured data.
    """
    made: dict[str, Evidence] = {}
    for item in _all(case):
        made.setdefault(item.id, item)
    return tuple(made.values())


def _all(case: Case) -> Iterator[Evidence]:
    for observation in case.observations:
        facts = (observation.fact, *_excludes_pregnancy(observation.fact))
        yield _evidence(observation_sentence(observation), facts, observation.locator)
    for condition in case.conditions:
        yield _evidence(condition_sentence(condition), _condition_facts(condition), condition.locator)
    for medication in case.medications:
        yield _evidence(medication_sentence(medication), _medication_facts(medication), medication.locator)
    for allergy in case.allergies:
        facts = (Fact(name=allergy.fact, value=True),) if allergy.fact else ()
        yield _evidence(allergy_sentence(allergy), facts, allergy.locator)
    for member in case.family_history:
        yield _evidence(family_sentence(member), _family_facts(member), member.locator)


def _excludes_pregnancy(fact: Fact) -> tuple[Fact, ...]:
    """Pregnancy is known to be absent in men. No age is taken to exclude it."""
    return (Fact(name="patient.pregnant", value=False),) if (fact.name, fact.value) == ("patient.sex", "male") else ()


def _evidence(claim: str, facts: tuple[Fact, ...], locator: Locator) -> Evidence:
    return Evidence(
        kind="observation",
        claim=claim,
        facts=facts,
        locator=locator,
        provenance=Provenance(tool=_TOOL, tool_version=_VERSION),
        authority=Authority.STRUCTURED,
    )


def observation_sentence(item: Observation) -> str:
    """`The serum creatinine was 0.9 mg/dL on 2026-10-02.`"""
    fact, spec = item.fact, item.fact.spec
    label = spec.label.get("en", fact.name)
    day = f" on {fact.at.isoformat()[:10]}" if fact.at is not None else ""
    if fact.name == "patient.age":
        return f"The patient is {fact.value} years old{day}."
    if fact.name == "patient.sex":
        return f"The patient is {fact.value}."
    if fact.name in _SMOKING:
        return _SMOKING[fact.name].format(fact.value)
    if fact.name == "smoking.status":
        return (
            f"The patient {'has' if fact.value == 'never' else 'is a'} {spec.values[str(fact.value)].label['en']}{day}."
        )
    if isinstance(fact.value, bool):
        return f"Recorded as {'present' if fact.value else 'absent'}{day}: {label}."
    shown = readable_number(fact.value) if isinstance(fact.value, float) else str(fact.value)
    if spec.kind == "code":
        shown = spec.values[shown].label.get("en", shown)
    unit = "" if fact.unit in (None, "1") else f" {written_unit(fact.unit or '')}"
    return f"The {label} was {shown}{unit}{day}." if day else f"The {label} is {shown}{unit}."


def readable_number(value: float) -> str:
    """A number as a person writes it: more than five digits are rounded to four, whole numbers kept."""
    text = f"{value:.15g}"
    if len(text.replace("-", "").replace(".", "")) <= 5:
        return text
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def condition_sentence(item: Condition) -> str:
    """`Recorded condition: chronic obstructive pulmonary disease, since 2015-01-01.`"""
    label = vocabulary()[item.fact].label.get("en", item.text) if item.fact else item.text
    if not item.present:
        return f"Recorded as absent: {label}."
    return f"Recorded condition: {label}{f', since {item.since}' if item.since else ''}."


def _condition_facts(item: Condition) -> tuple[Fact, ...]:
    return (Fact(name=item.fact, value=item.present),) if item.fact else ()


def medication_sentence(item: Medication) -> str:
    """`The patient takes clopidogrel, 75 mg daily.`"""
    dose = f", {item.dose}" if item.dose else ""
    if item.status == "proposed":
        return f"A proposed drug is {item.text}{dose}."
    return f"The patient {'takes' if item.status == 'current' else 'no longer takes'} {item.text}{dose}."


def _medication_facts(item: Medication) -> tuple[Fact, ...]:
    if item.fact is None or item.status == "proposed":
        return ()
    return (Fact(name=item.fact, value=item.status == "current"),)


def allergy_sentence(item: Allergy) -> str:
    """`The patient is allergic to penicillin (rash, moderate).`"""
    details = ", ".join(text for text in (item.reaction, item.severity) if text)
    return f"Recorded allergy: {item.text}{f' ({details})' if details else ''}."


def family_sentence(item: FamilyMember) -> str:
    """`Family history: mother with breast cancer at age 48 years.`"""
    age = f" at age {item.age_at_onset_years:g} years" if item.age_at_onset_years is not None else ""
    return f"Family history: {item.relation} with {item.text}{age}."


def _family_facts(item: FamilyMember) -> tuple[Fact, ...]:
    facts = [Fact(name=item.fact, value=True)] if item.fact else []
    if item.age_at_onset_years is not None and "record.age_at_onset" in vocabulary():
        facts.append(Fact(name="record.age_at_onset", value=item.age_at_onset_years, unit="a"))
    return tuple(facts)
