"""After whole runs nothing of a patient can be read anywhere in the home, and a destroyed case is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agent.service import Consilium
from agent.trust.vault import NotSealed, Shredded
from knowledge.errors import ToolFailed
from tests.agent.server.conftest import READY, SCRIPT, answered, at_rest

CANARIES = ("CANARY-PATIENT-7", "CANARYNOTE", "CANARYFILE", "CANARYQUESTION", "CANARYASKED", "14 mm", "hypertension")
CASE = """
format: consilium-case/1
synthetic: true
patient: {id: CANARY-PATIENT-7, age_years: 66, sex: female}
conditions: [{condition: hypertension}]
"""
Opened = Callable[..., TestClient]


def readable(folder: Path) -> list[tuple[str, str]]:
    """Which canaries stand in which files, in content or in the path. The cached knowledge names diseases too."""
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        name = str(path.relative_to(folder))
        looked_for = [canary for canary in CANARIES if "CANARY" in canary or not name.startswith("cache/yaml/")]
        found += [(name, canary) for canary in looked_for if canary.encode() in content or canary in name]
    return found


def worked_up(client: TestClient) -> str:
    """An uploaded case with a draft, a question, kept decisions and a signature."""
    case_id = client.post("/api/cases").json()["id"]
    url = f"/api/cases/{case_id}/file"
    client.put(url, params={"path": "case.yaml"}, content=CASE.encode()).raise_for_status()
    client.put(url, params={"path": "notes/CANARYFILE.md"}, content=b"CANARYNOTE: a cough.").raise_for_status()
    assert client.get(f"/api/cases/{case_id}").json()["notes"][0]["title"] == "CANARYFILE"
    asked = {"case": case_id, "question": "CANARYQUESTION: how large is the nodule?"}
    run_id = str(client.post("/api/runs", json=asked).json()["id"])
    at_rest(client, run_id)
    client.app.state.office.consilium.artifacts(run_id).write("CANARYFILE.png", b"CANARYNOTE")  # type: ignore[attr-defined]
    assert client.post(f"/api/runs/{run_id}/ask", json={"question": "CANARYASKED?"}).status_code == 202
    at_rest(client, run_id)
    draft = client.get(f"/api/runs/{run_id}/draft").json()
    body = {"draft_hash": draft["draft_hash"], "decisions": [{"index": 0, "action": "accept"}]}
    assert client.put(f"/api/runs/{run_id}/decisions", json=body).status_code == 200
    assert client.post(f"/api/runs/{run_id}/sign", json={**body, "reviewer": "Dr A"}).status_code == 200
    return run_id


@pytest.mark.hazard("HAZ-18")
def test_no_plain_text_is_left_in_the_home(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path))
    client = opened(*SCRIPT, READY, answered)
    run_id = worked_up(client)
    assert client.get(f"/api/runs/{run_id}/draft").json()["state"] == "signed"
    assert (tmp_path / "runs" / "runs.sqlite").stat().st_size > 0
    assert readable(tmp_path) == []
    assert list((tmp_path / "scratch").glob("*")) == []


def test_a_destroyed_case_is_gone_with_everything_that_was_made_of_it(opened: Opened) -> None:
    client = opened(*SCRIPT, READY, answered, *SCRIPT)
    run_id = worked_up(client)
    consilium: Consilium = client.app.state.office.consilium  # type: ignore[attr-defined]
    scope = consilium.store.scope(run_id)
    assert consilium.shred(scope) == [run_id]
    assert client.get("/api/runs").json() == []
    with pytest.raises(Shredded):
        consilium.store.vault.seal_of(scope)
    with sqlite3.connect(consilium.store.checkpoints) as connection:
        assert connection.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,)
    assert list((consilium.store.directory / "cases").iterdir()) == []


def test_a_checkpoint_that_is_plain_or_from_another_run_is_refused(
    scripted: Callable[..., Consilium], counter: object, case_folder: Path
) -> None:
    consilium = scripted(*SCRIPT, *SCRIPT)
    first, second = consilium.start(case_folder).id, consilium.start(case_folder).id
    list(consilium.work(first))
    list(consilium.work(second))
    assert consilium.store.scope(first) == consilium.store.scope(second)
    with sqlite3.connect(consilium.store.checkpoints) as connection:
        assert connection.execute("SELECT DISTINCT type FROM checkpoints").fetchall() == [("sealed",)]
        connection.execute(
            "UPDATE checkpoints SET checkpoint=(SELECT checkpoint FROM checkpoints WHERE thread_id=? ORDER BY "
            "checkpoint_id DESC LIMIT 1) WHERE thread_id=?", (second, first),
        )  # fmt: skip
    with pytest.raises(NotSealed, match="moved"):
        consilium.report(first)
    with sqlite3.connect(consilium.store.checkpoints) as connection:
        connection.execute("UPDATE checkpoints SET type='msgpack', checkpoint=x'80' WHERE thread_id=?", (second,))
    with pytest.raises(ToolFailed, match="not encrypted"):
        consilium.report(second)
