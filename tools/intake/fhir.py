"""From FHIR R4 resources to facts and records of the case (https://hl7.org/fhir/R4/).

Read: Patient, Condition, Observation (with components), MedicationStatement, MedicationRequest,
AllergyIntolerance, FamilyMemberHistory. A resource that says it was entered in error is left out. What the
vocabulary has no fact for is counted in a warning.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from knowledge.errors import BadInput
from knowledge.facts import Fact, FactValue, vocabulary
from tools.case import Allergy, CaseField, Condition, FamilyMember, Medication, Observation
from tools.intake.casefile import describe
from tools.intake.codes import SYSTEMS, fact_of, facts_of_code, family_fact, names_within, tables, with_age
from tools.intake.parts import Parts, checked_fact

_OBSERVED = {"final", "amended", "corrected", "preliminary"}
_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
_NO_ALLERGY = {"716186003", "409137002", "428607008"}  # SNOMED CT: no known allergy, … drug allergy, … environmental


class FhirReader:
    """Reads the resources of one file into `Parts`."""

    def __init__(self, handle: str, file: str) -> None:
        self.handle = handle
        self.file = file
        self.parts = Parts()
        self._unmapped: Counter[str] = Counter()
        self._unmapped_kinds: Counter[str] = Counter()
        self._patient_references: set[str] = set()
        self._drugs: dict[str, dict[str, Any]] = {}

    def read(self, items: list[dict[str, Any]]) -> Parts:
        """Read the items that `parsers.read_fhir_file` returned.

        Raises:
            BadInput: two different patients, or a resource whose form is not FHIR's.
        """
        for item in items:
            if item["type"] in ("Patient", "Medication"):
                self._guarded(item)
        for item in items:
            if item["type"] not in ("Patient", "Medication") and "resource" in item:
                self._guarded(item)
        if self._unmapped:
            total, common = sum(self._unmapped.values()), ", ".join(name for name, _ in self._unmapped.most_common(8))
            self.parts.warnings.append(
                f"{self.file}: {total} entries of {len(self._unmapped)} kinds have no fact in the vocabulary and are "
                f"not used as values, such as {common}."
            )
        for text, count in self._unmapped_kinds.items():
            self.parts.warnings.append(f"{self.file}: {text}" + (f" ({count} times)" if count > 1 else "") + ".")
        return self.parts

    def _guarded(self, item: dict[str, Any]) -> None:
        resource, kind = item["resource"], item["type"]
        place = f"{kind}/{resource.get('id') or item['index']}"
        readers: dict[str, Callable[[dict[str, Any], str], None]] = {
            "Observation": self._observation,
            "Condition": self._condition,
            "MedicationStatement": self._medication,
            "MedicationRequest": self._medication,
            "AllergyIntolerance": self._allergy,
            "FamilyMemberHistory": self._family,
        }
        try:
            if kind in ("Patient", "Medication"):
                self._remember(item, resource, kind)
            if kind == "Patient":
                self._patient(resource, place)
            elif kind in readers and self._about_our_patient(resource, place):
                readers[kind](resource, place)
        except (AttributeError, TypeError, KeyError, ValueError):
            raise BadInput(self.file, place, "its form is not FHIR's", f"a FHIR R4 {kind}") from None

    def _remember(self, item: dict[str, Any], resource: dict[str, Any], kind: str) -> None:
        references = {r for r in (item.get("full_url"), f"{kind}/{resource.get('id')}") if r}
        if kind == "Patient":
            self._patient_references |= references
        else:
            self._drugs |= dict.fromkeys(references, resource)

    def _about_our_patient(self, resource: dict[str, Any], place: str) -> bool:
        reference = (resource.get("subject") or resource.get("patient") or {}).get("reference")
        known = self._patient_references
        if not known or not reference or reference in known or any(reference.endswith("/" + k) for k in known):
            return True
        self._unmapped_kinds[f"{place.split('/', maxsplit=1)[0]} of another patient left out"] += 1
        return False

    def _field(self, place: str) -> CaseField:
        return CaseField(handle=self.handle, path=place)

    def _seen(self, at: dt.date | dt.datetime | None) -> None:
        day = at.date() if isinstance(at, dt.datetime) else at
        if day is not None and (self.parts.latest is None or day > self.parts.latest):
            self.parts.latest = day

    def _patient(self, resource: dict[str, Any], place: str) -> None:
        identity = "P" + hashlib.sha256(str(resource.get("id", "")).encode()).hexdigest()[:8]
        if self.parts.patient_id not in (None, identity):
            raise BadInput(self.file, place, "it is a second patient", "one patient in a case")
        self.parts.patient_id = identity
        gender = resource.get("gender")
        if gender in ("female", "male"):
            self.parts.sex = gender
        elif gender is not None:
            self._unmapped_kinds["the patient's gender is not female or male, so the sex stays unknown"] += 1
        birth = resource.get("birthDate")
        if birth is not None:
            self.parts.birth_date = _date(birth)
        for extension in resource.get("extension", ()):
            if extension.get("url") == _RACE:
                self._ancestry(extension, place)

    def _ancestry(self, extension: dict[str, Any], place: str) -> None:
        codes = [e.get("valueCoding", {}).get("code") for e in extension.get("extension", ()) if "valueCoding" in e]
        values = [tables()["ancestry"][code] for code in codes if code in tables()["ancestry"]]
        if len(values) == 1:
            fact = Fact(name="patient.ancestry", value=values[0])
            self._keep(fact, f"{place}.extension[us-core-race]")

    def _keep(self, fact: Fact, place: str) -> None:
        self.parts.observations.append(Observation(fact=fact, text=describe(fact), locator=self._field(place)))
        self._seen(fact.at)

    def _observation(self, resource: dict[str, Any], place: str) -> None:
        status = resource.get("status")
        if status not in _OBSERVED:
            self._unmapped_kinds[f"Observation with the status {_word(status)} left out"] += 1
            return
        at = _effective(resource)
        self._seen(at)
        components = resource.get("component", [])
        if components:
            for i, component in enumerate(components):
                self._measured(component, at, f"{place}.component[{i}]")
        if not components or any(key.startswith("value") for key in resource):
            self._measured(resource, at, place)

    def _measured(self, resource: dict[str, Any], at: dt.date | dt.datetime | None, place: str) -> None:
        codings = list(_codings(resource.get("code")))
        name = next((f[0] for f in (facts_of_code(s, c) for s, c in codings) if f), None)
        answer = self._answer(resource, codings)
        if answer is not None:
            self._keep(Fact(name=answer[0], value=answer[1], at=at), place)
            return
        if name is None:
            if any(key.startswith("value") for key in resource):
                self._unmapped[_shown(resource.get("code"))] += 1
            return
        value, unit = self._value(resource, name)
        if value is None:
            self._unmapped_kinds[f"{_shown(resource.get('code'))} without an exact value left out"] += 1
            return
        try:
            self._keep(checked_fact(name, value, unit, at, (self.file, place)), place)
        except BadInput as error:
            self.parts.warnings.append(f"{error} The value is not used.")

    def _answer(self, resource: dict[str, Any], codings: list[tuple[str, str]]) -> tuple[str, str] | None:
        for system, code in codings:
            question = tables()["answers"].get(code) if system == "loinc" else None
            if question is None:
                continue
            for _, given in _codings(resource.get("valueCodeableConcept")):
                if given in question["values"]:
                    return question["fact"], question["values"][given]
        return None

    def _value(self, resource: dict[str, Any], name: str) -> tuple[FactValue | None, str | None]:
        spec = vocabulary()[name]
        quantity = resource.get("valueQuantity")
        if quantity is not None and quantity.get("value") is not None and not quantity.get("comparator"):
            number = quantity["value"]
            if spec.kind == "integer":
                return (int(number), None) if float(number).is_integer() else (None, None)
            return number, _unit(quantity)
        if spec.kind == "integer" and "valueInteger" in resource:
            return resource["valueInteger"], None
        if spec.kind == "boolean" and "valueBoolean" in resource:
            return resource["valueBoolean"], None
        return None, None

    def _condition(self, resource: dict[str, Any], place: str) -> None:
        verification, clinical = _code(resource.get("verificationStatus")), _code(resource.get("clinicalStatus"))
        if verification == "entered-in-error":
            self._unmapped_kinds["Condition entered in error left out"] += 1
            return
        text = _shown(resource.get("code"))
        fact = fact_of(_codings(resource.get("code")), _texts(resource.get("code")), "condition.")
        if fact is None:
            self._unmapped[text] += 1
        present = verification != "refuted"
        if present and clinical in ("inactive", "remission", "resolved"):
            text, fact = f"{text} ({clinical})", None
        if verification in ("unconfirmed", "provisional", "differential"):
            text, fact = f"{text} ({verification})", None
        since = _date(resource["onsetDateTime"]) if "onsetDateTime" in resource else None
        self._seen(since)
        self._seen(_date(resource["recordedDate"]) if "recordedDate" in resource else None)
        self.parts.conditions.append(
            Condition(text=text, fact=fact, present=present, since=since, locator=self._field(place))
        )

    def _medication(self, resource: dict[str, Any], place: str) -> None:
        status = _medication_status(resource)
        if status is None:
            self._unmapped_kinds["medication entered in error or not to be given left out"] += 1
            return
        concept = resource.get("medicationCodeableConcept") or self._referenced(resource)
        codings, text = list(_codings(concept)), _shown(concept)
        exact = fact_of(codings, _texts(concept), "medication.")
        facts: list[str | None] = [exact] if exact else list(names_within(text, "medication."))
        if not facts:
            self._unmapped[text] += 1
            facts = [None]
        doses = resource.get("dosage") or resource.get("dosageInstruction") or [{}]
        at = resource.get("authoredOn") or resource.get("effectiveDateTime")
        self._seen(_date(at) if at else None)
        for fact in facts:
            self.parts.medications.append(
                Medication(text=text, fact=fact, status=status, dose=doses[0].get("text"), locator=self._field(place))
            )

    def _referenced(self, resource: dict[str, Any]) -> dict[str, Any]:
        reference = resource.get("medicationReference", {}).get("reference", "")
        for inner in resource.get("contained", ()):
            if reference == f"#{inner.get('id')}":
                return dict(inner.get("code", {}))
        return dict(self._drugs.get(reference, {}).get("code", {}))

    def _allergy(self, resource: dict[str, Any], place: str) -> None:
        verification, clinical = _code(resource.get("verificationStatus")), _code(resource.get("clinicalStatus"))
        codings = list(_codings(resource.get("code")))
        if verification in ("entered-in-error", "refuted") or clinical in ("resolved", "inactive"):
            self._unmapped_kinds[f"AllergyIntolerance {verification or clinical} left out"] += 1
            return
        if any(code in _NO_ALLERGY for _, code in codings):
            return
        text = _shown(resource.get("code"))
        fact = fact_of(codings, _texts(resource.get("code")), "allergy.")
        if fact is None:
            within = names_within(text, "allergy.")
            fact = within[0] if len(within) == 1 else None
        if fact is None:
            self._unmapped[text] += 1
        reactions = resource.get("reaction") or [{}]
        manifestations = [_shown(m) for m in reactions[0].get("manifestation", ())]
        severity = reactions[0].get("severity")
        self.parts.allergies.append(
            Allergy(
                text=text,
                fact=fact,
                reaction=", ".join(manifestations) or None,
                severity=severity if severity in ("mild", "moderate", "severe") else None,
                locator=self._field(place),
            )
        )

    def _family(self, resource: dict[str, Any], place: str) -> None:
        if resource.get("status") == "entered-in-error":
            return
        codes = [code for _, code in _codings(resource.get("relationship"))]
        names = tables()["relations"]
        relation = next((names[c] for c in codes if c in names), _shown(resource.get("relationship")))
        for i, condition in enumerate(resource.get("condition", ())):
            concept = condition.get("code")
            text, age = _shown(concept), condition.get("onsetAge", {})
            years = float(age["value"]) if age.get("value") is not None and age.get("code", "a") == "a" else None
            self.parts.family_history.append(
                FamilyMember(
                    relation=relation,
                    text=text,
                    fact=with_age(family_fact(relation, _codings(concept), text), years),
                    age_at_onset_years=years,
                    locator=self._field(f"{place}.condition[{i}]"),
                )
            )


def _word(text: object) -> str:
    return text[:40] if isinstance(text, str) else "unknown"


def _codings(concept: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    for coding in (concept or {}).get("coding", ()):
        system = SYSTEMS.get(coding.get("system", ""))
        if coding.get("code"):
            yield system or "", str(coding["code"])


def _code(concept: dict[str, Any] | None) -> str | None:
    return next((code for _, code in _codings(concept)), None)


def _texts(concept: dict[str, Any] | None) -> Iterable[str]:
    concept = concept or {}
    found = [concept.get("text"), *(c.get("display") for c in concept.get("coding", ()))]
    return [text for text in found if isinstance(text, str)]


def _shown(concept: dict[str, Any] | None) -> str:
    return next(iter(_texts(concept)), None) or _code(concept) or "an entry without a name"


def _unit(quantity: dict[str, Any]) -> str | None:
    code, unit = quantity.get("code"), quantity.get("unit")
    return code or unit


def _date(text: str) -> dt.date:
    """The day of a FHIR date or dateTime; a year or a month alone counts from its first day."""
    padded = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
    return dt.date.fromisoformat(padded[:10])


def _effective(resource: dict[str, Any]) -> dt.date | dt.datetime | None:
    text = resource.get("effectiveDateTime") or resource.get("effectiveInstant")
    if text is None:
        text = (resource.get("effectivePeriod") or {}).get("start")
    if text is None:
        return None
    return dt.datetime.fromisoformat(text) if len(text) > 10 else _date(text)


_Status = Literal["current", "proposed", "stopped"]


def _medication_status(resource: dict[str, Any]) -> _Status | None:
    status = resource.get("status")
    if status == "entered-in-error" or resource.get("doNotPerform") is True:
        return None
    if resource.get("intent") in ("proposal", "plan") or status in ("draft", "intended"):
        return "proposed"
    return "current" if status == "active" else "stopped"
