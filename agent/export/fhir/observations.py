"""Evidence as Observations: records, findings in a scan, calculations; and risk as RiskAssessment."""

from __future__ import annotations

from collections.abc import Mapping

from agent.export.fhir.codes import CATEGORY, LOINC, SYSTEMS, Resource, coding, component, concept, quantity, reference
from agent.report.view import Source
from knowledge.facts import Fact
from knowledge.units import written_unit
from tools.evidence import Calculation, Evidence, ImageRegion, NoteSpan

_CATEGORIES = {"lab": "laboratory", "vital": "vital-signs", "image_finding": "imaging", "smoking": "social-history"}


def coded_value(fact: Fact, language: str) -> Resource:
    """The value[x] of a fact."""
    if isinstance(fact.value, bool):
        return {"valueBoolean": fact.value}
    if fact.spec.kind == "code":
        value = fact.spec.values[str(fact.value)]
        codes = [coding(SYSTEMS[name], code) for name, code in value.codes.items() if name in SYSTEMS]
        return {"valueCodeableConcept": concept(*codes, text=value.label.get(language) or str(fact.value))}
    if fact.spec.kind == "integer":
        return {"valueInteger": int(fact.value)}
    if isinstance(fact.value, int | float):
        return {"valueQuantity": quantity(float(fact.value), fact.unit)}
    return {"valueString": str(fact.value)}


def fact_code(fact: Fact, language: str) -> Resource:
    """The code of a fact: LOINC or another public code where the vocabulary has one, and its label."""
    codes = [coding(SYSTEMS[name], code) for name, code in fact.spec.codes.items() if name in SYSTEMS]
    return concept(*codes, text=fact.spec.label.get(language) or fact.spec.label.get("en") or fact.name)


def observation(source: Source, base: Resource, language: str) -> Resource:
    """An Observation of one piece of evidence: its claim as text, one fact as value or several as components."""
    item = source.evidence
    made: Resource = {"resourceType": "Observation"} | base
    group = _CATEGORIES.get(item.kind) or next(
        (found for fact in item.facts if (found := _CATEGORIES.get(fact.name.split(".")[0]))), None
    )
    if group:
        made["category"] = [concept(coding(CATEGORY, group))]
    if len(item.facts) == 1:
        (fact,) = item.facts
        made |= {"code": fact_code(fact, language)} | coded_value(fact, language)
        if fact.at is not None:
            made["effectiveDateTime"] = fact.at.isoformat()
    else:
        made["code"] = concept(text=source.kind)
        made["valueString"] = item.claim
        made["component"] = [component(fact_code(f, language), **coded_value(f, language)) for f in item.facts]
        if not made["component"]:
            del made["component"]
    made["note"] = [{"text": text} for text in (item.claim, _place(source)) if text]
    if isinstance(item.locator, ImageRegion):
        made["bodySite"] = _site(item, language)
        made["method"] = concept(text=f"{item.provenance.tool} {item.provenance.tool_version}")
    return {key: value for key, value in made.items() if value}


def _place(source: Source) -> str:
    at = source.evidence.locator
    return f"{source.place}: “{at.quote}”" if isinstance(at, NoteSpan) else source.place


def _site(item: Evidence, language: str) -> Resource | None:
    fact = item.fact("lesion.organ")
    if fact is None:
        return None
    value: Resource = coded_value(fact, language)["valueCodeableConcept"]
    return value


def risk_assessment(source: Source, base: Resource, known: Mapping[str, str], language: str) -> Resource:
    """A RiskAssessment: probability in per cent where the model gives one, any other result in words.

    `known` maps ids of evidence to the URL of their resource; the inputs among them are the basis.
    """
    item = source.evidence
    names = [str(f.value) for f in item.facts if f.name == "risk.model"]
    scored = any(not fact.name.startswith("risk.") for fact in item.facts)
    predictions = []
    for fact in item.facts:
        probability = fact.unit == "%" and isinstance(fact.value, int | float)
        if isinstance(fact.value, bool) or (fact.name.startswith("risk.") and (not probability or scored)):
            continue
        outcome = fact.spec.label.get(language) or fact.spec.label.get("en") or fact.name
        prediction: Resource = {"outcome": {"text": outcome}}
        if probability:
            prediction["probabilityDecimal"] = float(fact.value)
        else:
            value = fact.spec.values[str(fact.value)].label.get(language) if fact.spec.kind == "code" else fact.value
            prediction["rationale"] = f"{value} {written_unit(fact.unit or '1', language)}".strip()
        predictions.append(prediction)
    made: Resource = {
        "resourceType": "RiskAssessment",
        **base,
        "method": concept(text=names[0] if names else item.claim),
        "note": [{"text": item.claim}],
    }
    if predictions:
        made["prediction"] = predictions
    at = item.locator
    if isinstance(at, Calculation):
        made["basis"] = [reference(known[name]) for name in at.inputs if name in known]
        if at.identifier:
            made["note"].append({"text": f"doi:{at.identifier}" if at.identifier.startswith("10.") else at.identifier})
    return {key: value for key, value in made.items() if value}


def age_observation(years: float, base: Resource) -> Resource:
    """The age in years (LOINC 30525-0), since a birth date is not known."""
    return {
        "resourceType": "Observation",
        **base,
        "code": concept(coding(LOINC, "30525-0", "Age")),
        "valueQuantity": quantity(years, "a"),
    }
