"""What `predict_risk` claims stands up to the verifier of drafts, for every model and for what-ifs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from agent.draft import Draft, Statement
from agent.verify import verify
from knowledge.factbook import Authority
from tools.artifacts import Artifacts
from tools.case import Case, Patient
from tools.evidence import CaseField, Evidence, Provenance, ToolResult
from tools.registry import ToolContext, call_tool
from tools.risk.catalogue import get_model
from tools.risk.inputs import parse_fact

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "risk_checks.tsv"
with GOLDEN.open(encoding="utf-8", newline="") as _stream:
    ROWS = {row["model"]: row for row in csv.DictReader(_stream, delimiter="\t", quoting=csv.QUOTE_NONE)}
CASE = Case(id="c", patient=Patient(id="p"))


def run(tmp_path: Path, model: str, inputs: str, **arguments: object) -> tuple[ToolResult, dict[str, Evidence]]:
    ledger = {}
    for text in inputs.split(";"):
        fact = parse_fact(text, get_model(model))
        item = Evidence(
            kind="observation",
            claim=text,
            facts=(fact,),
            locator=CaseField(handle="case", path=text),
            provenance=Provenance(tool="test", tool_version="1"),
            authority=Authority.STRUCTURED,
        )
        ledger[item.id] = item
    context = ToolContext(case=CASE, artifacts=Artifacts(tmp_path), ledger=ledger)
    result = call_tool("predict_risk", {"models": [model], **arguments}, context)
    return result, ledger | {e.id: e for e in result.evidence}


def verdicts(result: ToolResult, ledger: dict[str, Evidence]) -> list[str]:
    statements = tuple(
        Statement(section="risk", kind="finding", text=e.claim, evidence=(e.id,)) for e in result.evidence
    )
    draft = Draft(case_id="c", question="What is the risk?", statements=statements)
    return [verdict.status for verdict in verify(draft, ledger, CASE).verdicts]


@pytest.mark.parametrize("model", ROWS)
def test_claims_are_supported_by_their_own_facts(tmp_path: Path, model: str) -> None:
    result, ledger = run(tmp_path, model, ROWS[model]["inputs"])
    assert result.evidence
    assert set(verdicts(result, ledger)) == {"supported"}


def test_a_what_if_is_supported_by_its_own_facts(tmp_path: Path) -> None:
    overrides = [{"name": "vital.systolic_bp", "value": 120, "unit": "mm[Hg]"}]
    inputs = next(row["inputs"] for row in ROWS.values() if row["model"] == "prevent")
    result, ledger = run(tmp_path, "prevent", inputs, overrides=overrides)
    assert len(result.evidence) == 12
    assert set(verdicts(result, ledger)) == {"supported"}
