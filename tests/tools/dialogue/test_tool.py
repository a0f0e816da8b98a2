"""Only what the physician really said becomes a fact of the highest authority."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority
from knowledge.facts import Fact
from tools.artifacts import Artifacts
from tools.case import Case, Patient
from tools.dialogue.statements import is_statement
from tools.evidence import CaseField, Evidence, NoteSpan, Provenance
from tools.registry import ToolContext, call_tool

SAID = "Her ECOG performance status is 1 and the creatinine is 0.9 mg/dL."


def record(tmp_path: Path, text: str, *spoken: str) -> list[Evidence]:
    context = ToolContext(Case(id="c", patient=Patient(id="P")), Artifacts(tmp_path), spoken=spoken)
    return list(call_tool("record_statement", {"text": text}, context).evidence)


def test_each_fact_quotes_the_physician_and_counts_above_other_sources(tmp_path: Path) -> None:
    found = record(tmp_path, SAID, SAID)
    values = {fact.name: fact.value for item in found for fact in item.facts}
    assert values["patient.ecog"] == 1
    assert values["lab.creatinine"] == 0.9
    for item in found:
        assert item.authority is Authority.PHYSICIAN
        assert isinstance(item.locator, NoteSpan)
        kept = Artifacts(tmp_path).read(f"{item.locator.handle}.txt").decode()
        assert kept[item.locator.start : item.locator.end] == item.locator.quote


@pytest.mark.parametrize("spoken", [(), ("What now?",), ("Her ECOG performance status is 0.",)])
def test_words_that_a_model_or_a_note_puts_into_the_physicians_mouth_are_refused(
    tmp_path: Path, spoken: tuple[str, ...]
) -> None:
    with pytest.raises(ToolRetry, match="did not say"):
        record(tmp_path, SAID, *spoken)
    assert Artifacts(tmp_path).names() == []


def test_what_is_only_suspected_is_not_recorded_as_found(tmp_path: Path) -> None:
    said = "CT is suspicious for liver metastases."
    with pytest.raises(ToolRetry, match="No fact was understood"):
        record(tmp_path, said, said)


def test_a_marker_is_of_the_tumour_that_the_case_records(tmp_path: Path) -> None:
    said = "ER is negative on the repeat biopsy."
    tumour = Evidence(
        kind="observation",
        claim="The tumour type is breast cancer.",
        facts=(Fact(name="tumour.type", value="breast_cancer"),),
        locator=CaseField(handle="case", path="tumour.type"),
        provenance=Provenance(tool="case", tool_version="1"),
    )
    context = ToolContext(
        Case(id="c", patient=Patient(id="P")), Artifacts(tmp_path), ledger={tumour.id: tumour}, spoken=(said,)
    )
    found = call_tool("record_statement", {"text": said}, context).evidence
    assert {fact.name: fact.value for item in found for fact in item.facts}["biomarker.ER.positive"] is False
    for item in found:
        assert isinstance(item.locator, NoteSpan)
        assert said[item.locator.start : item.locator.end] == item.locator.quote


def test_a_message_without_a_fact_is_sent_back(tmp_path: Path) -> None:
    with pytest.raises(ToolRetry, match="No fact was understood"):
        record(tmp_path, "Thank you.", "Thank you.")


@pytest.mark.parametrize(
    ("said", "states"),
    [
        ("She takes warfarin.", True),
        ("PD-L1 is 60 %.", True),
        ("Report: EGFR L858R.", True),
        ("Review of systems shows dyspnoea.", True),
        ("May 2019: drug-eluting stent.", True),
        ("When she was 50 she had a stroke.", True),
        ("她对青霉素过敏。", True),
        ("Compare osimertinib with gefitinib.", False),
        ("Please list the interactions of warfarin.", False),
        ("Start apixaban 5 mg twice daily.", False),
        ("And is she pregnant?", False),
        ("Does she take warfarin", False),
        ("If she were pregnant, avoid it.", False),
        ("比较奥希替尼和吉非替尼。", False),
        ("她怀孕了吗", False),
    ],
)
def test_a_question_a_supposition_or_a_request_states_nothing_of_the_patient(said: str, states: bool) -> None:
    assert is_statement(said) is states


def test_a_request_is_refused_whoever_passes_it_on(tmp_path: Path) -> None:
    with pytest.raises(ToolRetry, match="a request"):
        record(tmp_path, "Compare osimertinib with gefitinib.", "Compare osimertinib with gefitinib.")
