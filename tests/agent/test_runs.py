"""What is recorded stays recorded, and what was altered is not believed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from agent.runs import RunStore
from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import Fact
from tools.case import Attachment, Case, Patient
from tools.evidence import CaseField, Evidence, Provenance

SCAN = Attachment(handle="imaging-1", kind="imaging", name="ct", sha256="0" * 64, path=Path("scan/ct.nii.gz"))
CASE = Case(
    id="case-1",
    patient=Patient(id="P1", age_years=66, sex="female"),
    attachments=(
        Attachment(handle="imaging-1", kind="imaging", name="ct", sha256="0" * 64, path=Path("scan/ct.nii.gz")),
    ),
)
AGE = Evidence(
    kind="observation",
    claim="The patient is 66 years old.",
    facts=(Fact(name="patient.age", value=66, unit="a"),),
    locator=CaseField(handle="case.yaml", path="patient.age_years"),
    provenance=Provenance(tool="intake", tool_version="1"),
)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def test_a_run_is_there_for_another_process_with_the_paths_of_its_files(store: RunStore) -> None:
    run = store.create(CASE, "What now?", "builtin", "en")
    again = RunStore(store.directory)
    assert again.run(run.id) == run
    assert again.run("last") == run
    case = again.case(run.id)
    assert case == CASE
    assert case.attachments[0].path == Path("scan/ct.nii.gz")


def test_the_paths_of_files_are_in_no_serialised_case() -> None:
    assert "scan/" not in CASE.model_dump_json()


def test_evidence_is_written_once_and_read_back_the_same(store: RunStore) -> None:
    run = store.create(CASE, "What now?", "builtin", "en")
    store.add_evidence(run.id, [AGE, AGE])
    assert store.evidence(run.id) == {AGE.id: AGE}


def test_altered_evidence_is_refused(store: RunStore) -> None:
    run = store.create(CASE, "What now?", "builtin", "en")
    store.add_evidence(run.id, [AGE])
    body = json.loads(AGE.model_dump_json()) | {"claim": "The patient is 36 years old."}
    with sqlite3.connect(store.directory / "runs.sqlite") as connection:
        connection.execute("UPDATE evidence SET body=?", (json.dumps(body),))
    with pytest.raises(ToolFailed, match="not encrypted"):
        store.evidence(run.id)


def test_a_signed_run_stays_signed(store: RunStore) -> None:
    run = store.create(CASE, "What now?", "builtin", "en")
    store.set_state(run.id, "signed")
    store.set_state(run.id, "failed", "late")
    assert store.run(run.id).state == "signed"


def test_the_result_of_a_finished_call_is_kept_and_not_replaced(store: RunStore) -> None:
    run = store.create(CASE, "What now?", "builtin", "en")
    store.finish_call(run.id, "key", "read_notes", {"content": "first"})
    store.finish_call(run.id, "key", "read_notes", {"content": "second"})
    assert store.finished_call(run.id, "key") == {"content": "first"}
    assert store.finished_call(run.id, "other") is None


@pytest.mark.parametrize("unknown", ["", "nothing", "last"])
def test_a_run_that_is_not_there_is_said_to_be_missing(store: RunStore, unknown: str) -> None:
    with pytest.raises(ToolRetry, match="consilium runs"):
        store.run(unknown)
