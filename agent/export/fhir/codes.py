"""Code systems and the small FHIR data types that every resource uses.

LOINC codes and answer codes of genomics: HL7 Genomics Reporting Implementation Guide (profiles `variant`,
`genotype`, `diagnostic-implication`), and the LOINC answer lists that it binds (LL378-1, LL381-5, LL1040-6,
LL1971-2). Marking of machine output: HL7 AI Transparency on FHIR, security label `AIAST`.
"""

from __future__ import annotations

import uuid
from typing import Any

Resource = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
SO = "http://www.sequenceontology.org"
HGVS = "http://varnomen.hgvs.org"
CLINVAR = "http://www.ncbi.nlm.nih.gov/clinvar"
TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
GENOMICS = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/"
SYSTEMS = {
    "loinc": LOINC,
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
}
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
SECTION_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"
AI_ASSERTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
_NAMESPACE = uuid.UUID("5f0c6d2e-8c53-5c0f-9d0e-0d8d5d1f7f10")


def url_of(run_id: str, name: str) -> str:
    """The fullUrl of a resource: the same run and name give the same one."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{run_id}/{name}')}"


def reference(url: str, display: str | None = None) -> Resource:
    """A reference to a resource of the same document."""
    return {"reference": url, "display": display} if display else {"reference": url}


def coding(system: str, code: str, display: str | None = None) -> Resource:
    """One code."""
    return {"system": system, "code": code, "display": display} if display else {"system": system, "code": code}


def concept(*codings: Resource, text: str | None = None) -> Resource:
    """A concept with codes, text, or both."""
    made: Resource = {"coding": list(codings)} if codings else {}
    return made | {"text": text} if text else made


def quantity(value: float, unit: str | None) -> Resource:
    """A number with its UCUM unit (`1` for a plain number)."""
    code = unit or "1"
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def component(code: Resource, **value: Any) -> Resource:
    """A component of an observation, such as `component(concept(...), valueString="T")`."""
    return {"code": code} | value
