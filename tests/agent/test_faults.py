"""A weak model cannot make a draft miss what the case holds: each fault, on every answer and on the first one only."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.draft import Report
from agent.faults import FAULTS, weak_model
from agent.service import Consilium
from knowledge.errors import ToolRetry

CASE = """
format: consilium-case/1
synthetic: {synthetic}
patient: {{id: T-2, age_years: 54, sex: male}}
date: 2026-10-12
question: Can he start amoxicillin?
allergies: [{{substance: penicillin}}]
medications: [{{drug: amoxicillin, status: proposed}}]
"""
# What the built-in model does in place of a model with this fault, as the report says it.
SAID = {
    "malformed-json": "not valid JSON",
    "unknown-tool": "did not call",
    "invented-evidence": "could not be verified",
    "empty-answer": "did not call",
    "wrong-language": "wrote no draft that can be read",
    "refusal": "did not call",
    "truncated-stream": "cut off",
    "rate-limit": "ServerError after 3 tries",
    "server-error": "ServerError after 3 tries",
    "timeout": "TimeoutError after 3 tries",
}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(CASE.format(synthetic="true"), encoding="utf-8")
    return folder


def worked_up(home: Path, case: Path, model: str) -> Report:
    """The report of a run, whose draft is the same when it is made again from its record."""
    consilium = Consilium(home)
    run = consilium.start(case, model=model)
    list(consilium.work(run.id))
    report = consilium.report(run.id)
    assert consilium.replay(run.id) == report.draft
    return report


@pytest.mark.hazard("HAZ-25")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("times", ["", ":1"], ids=["always", "once"])
def test_the_allergy_is_told_and_verified_whatever_the_model_does(
    tmp_path: Path, case: Path, fault: str, times: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.asking.FIRST_WAIT_SECONDS", 0)
    report = worked_up(tmp_path / "runs", case, f"scripted:{fault}{times}")
    assert [v.problems for v in report.verification.verdicts if v.status == "unsupported"] == []
    assert any("penicillin" in s.text and "amoxicillin" in s.text.lower() for s in report.draft.statements)
    if not times and fault in SAID:
        assert any(SAID[fault] in warning for warning in report.warnings), report.warnings
    if times and fault not in ("empty-answer", "refusal", "endless-loop"):
        assert not [warning for warning in report.warnings if "scripted" in warning]


def test_a_model_that_answers_wrongly_on_purpose_is_kept_from_patients(tmp_path: Path, case: Path) -> None:
    (case / "case.yaml").write_text(CASE.format(synthetic="false"), encoding="utf-8")
    with pytest.raises(ToolRetry, match="synthetic"):
        Consilium(tmp_path / "runs").start(case, model="scripted:refusal")


@pytest.mark.parametrize(
    ("setting", "said"), [("nonsense", "malformed-json"), ("refusal:0", "positive"), ("refusal:x", "positive")]
)
def test_a_fault_that_there_is_not_is_wrong_use(setting: str, said: str) -> None:
    with pytest.raises(ToolRetry, match=said):
        weak_model(setting)
