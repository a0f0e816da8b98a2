"""Small cell carcinoma in somebody whose lung cancer has a driver: the adenocarcinoma has changed its histology.

Sequist 2011 (doi 10.1126/scitranslmed.3002003): EGFR-mutant tumours come back as small cell carcinoma with the same
mutation. The type stays the one on record; that it is transformed is a fact of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.facts import Fact, vocabulary
from tools.notes.finding import Finding

_DRIVERS = ("biomarker.EGFR.", "biomarker.ALK.", "biomarker.ROS1.", "biomarker.RET.",
            "therapy.egfr_tki", "therapy.osimertinib", "therapy.alk_tki")  # fmt: skip
_NAME = "tumour.small_cell_transformation"
_WHY = "small cell carcinoma in a lung cancer with a driver alteration"


def with_transformation(found: Iterable[Finding]) -> list[Finding]:
    """The findings, with small cell carcinoma beside a driver told as a transformation and not as a second type."""
    findings = list(found)
    said = [f for f in findings if f.usable and f.experiencer == "patient"]
    types = {str(f.fact.value) for f in said if f.fact.name == "tumour.type"}
    spec = vocabulary()["tumour.type"]
    driven = any(f.fact.name.startswith(_DRIVERS) and f.fact.value is True for f in said)
    transformed = any(f.fact.name == _NAME and f.fact.value is True for f in said)
    non_small = any("nsclc" in {code, *spec.code_ancestors(code)} for code in types)
    if "sclc" not in types or not (driven or transformed) or not (non_small or driven):
        return findings
    kept = [f for f in findings if not (f.fact.name == "tumour.type" and f.fact.value == "sclc")]
    if transformed:
        return kept
    told = {"fact": Fact(name=_NAME, value=True), "assumed": _WHY}
    return [*kept, *(f.model_copy(update=told) for f in findings if f not in kept)]
