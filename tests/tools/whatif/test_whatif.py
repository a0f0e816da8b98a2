"""What-if on facts: which recommendations come and go, and that nothing of it is taken for a fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from knowledge.facts import Fact
from tools.artifacts import Artifacts
from tools.case import Case, Patient
from tools.evidence import CaseField, Evidence, Provenance
from tools.registry import ToolContext, call_tool

FACTS = (
    Fact(name="nodule.density", value="solid"),
    Fact(name="nodule.count", value=1),
    Fact(name="nodule.mean_diameter", value=7, unit="mm"),
    Fact(name="nodule.incidental", value=True),
    Fact(name="patient.age", value=64, unit="a"),
)


def _context(tmp_path: Path, language: str = "en") -> ToolContext:
    item = Evidence(
        kind="observation",
        claim="A nodule.",
        facts=FACTS,
        locator=CaseField(handle="case.yaml", path="observations"),
        provenance=Provenance(tool="intake", tool_version="1"),
    )
    case = Case(id="c", patient=Patient(id="P"))
    return ToolContext(case=case, artifacts=Artifacts(tmp_path), ledger={item.id: item}, language=language)  # type: ignore[arg-type]


@pytest.mark.parametrize(("language", "word"), [("en", "Supposing"), ("zh", "假设")])
def test_a_part_solid_nodule_gets_other_follow_up(tmp_path: Path, language: str, word: str) -> None:
    overrides = [{"name": "nodule.density", "value": "part_solid"}]
    result = call_tool("suppose_facts", {"overrides": overrides}, _context(tmp_path, language))
    payload = result.payload.model_dump()
    assert any(name.startswith("fleischner-2017.part-solid") for name in payload["gained"])
    assert all(item.claim.startswith(word) and not item.facts for item in result.evidence)


def test_a_supposition_that_changes_nothing_says_so(tmp_path: Path) -> None:
    overrides = [{"name": "nodule.density", "value": "solid"}]
    result = call_tool("suppose_facts", {"overrides": overrides}, _context(tmp_path))
    assert result.evidence[0].claim.endswith("the same recommendations would apply.")


@pytest.mark.parametrize("bad", [[], [{"name": "nodule.colour", "value": "red"}]])
def test_a_supposition_that_cannot_be_read_is_sent_back(tmp_path: Path, bad: list[dict[str, str]]) -> None:
    with pytest.raises(ToolRetry):
        call_tool("suppose_facts", {"overrides": bad}, _context(tmp_path))


def _patient(tmp_path: Path, *facts: Fact) -> ToolContext:
    item = Evidence(
        kind="observation",
        claim="A patient.",
        facts=(Fact(name="patient.age", value=66, unit="a"), Fact(name="patient.sex", value="female"), *facts),
        locator=CaseField(handle="case.yaml", path="observations"),
        provenance=Provenance(tool="intake", tool_version="1"),
    )
    case = Case(id="c", patient=Patient(id="P"))
    return ToolContext(case=case, artifacts=Artifacts(tmp_path), ledger={item.id: item})


def test_a_creatinine_that_would_forbid_a_drug_that_is_taken_says_so(tmp_path: Path) -> None:
    """A woman of 66 with 2.5 mg/dL has an eGFR of 21 (CKD-EPI 2021); the label of metformin forbids it under 30."""
    context = _patient(
        tmp_path,
        Fact(name="medication.metformin", value=True),
        Fact(name="lab.creatinine", value=0.9, unit="mg/dL"),
    )
    rises = [{"name": "lab.creatinine", "value": 2.5, "unit": "mg/dL"}]
    result = call_tool("suppose_facts", {"overrides": rises}, context)
    assert any(item.claim.startswith("Supposing") and "Metformin with" in item.claim for item in result.evidence)
    assert result.payload.model_dump()["warned"]
    stays = [{"name": "lab.creatinine", "value": 1.0, "unit": "mg/dL"}]
    assert call_tool("suppose_facts", {"overrides": stays}, context).payload.model_dump()["warned"] == ()


def test_a_drug_that_would_be_stopped_no_longer_interacts(tmp_path: Path) -> None:
    context = _patient(
        tmp_path, Fact(name="medication.clopidogrel", value=True), Fact(name="medication.omeprazole", value=True)
    )
    stops = [{"name": "medication.omeprazole", "value": False}]
    result = call_tool("suppose_facts", {"overrides": stops}, context)
    assert any("no longer" in item.claim and "omeprazole" in item.claim for item in result.evidence)


def test_drugs_that_the_question_names_are_checked_as_supposed(tmp_path: Path) -> None:
    long_qt = [{"name": "lab.qtc", "value": 520, "unit": "ms"}]
    drugs = ["medication.azithromycin", "medication.amoxicillin"]
    said = [
        e.claim for e in call_tool("suppose_facts", {"overrides": long_qt, "drugs": drugs}, _context(tmp_path)).evidence
    ]
    assert any("speak against a drug: Azithromycin" in text for text in said)
    assert any("nothing that speaks against amoxicillin" in text for text in said)
    again = call_tool("suppose_facts", {"overrides": long_qt}, _context(tmp_path))
    assert not any("zithromycin" in e.claim for e in again.evidence)
