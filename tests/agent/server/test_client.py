"""The typed client walks the whole way: files, run, events, question, review, signature, export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from agent import client as module
from agent.client import Client, ServiceError
from agent.draft import Decision
from tests.agent.server.conftest import READY, SCRIPT, answered

Opened = Callable[..., TestClient]


def connected(http: TestClient) -> Client:
    http.headers.pop("Origin", None)
    http.cookies.clear()
    return Client("", http.app.state.sessions.key, http=http)  # type: ignore[attr-defined]


def test_from_a_folder_to_a_signed_report(opened: Opened, case_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 64)
    client = connected(opened(*SCRIPT, READY, answered))
    (case_folder / ".DS_Store").write_bytes(b"x")
    case_id = client.upload_case(case_folder)
    assert client.understood(case_id).patient is not None
    run = client.start(case_id)
    names = [event["event"] for event in client.events(run.id)]
    assert "tool_finished" in names
    assert names[-1] == "idle"
    client.ask(run.id, "How large?")
    assert client.wait(run.id).state == "to_review"
    assert client.run(run.id).turns[0].statements[0].text == "The nodule measures 14 mm."
    draft = client.draft(run.id)
    assert client.check_edit(run.id, 0, "The nodule measures 41 mm.").status == "unsupported"
    decisions = [Decision(index=0, action="accept")]
    assert client.keep_decisions(run.id, draft.draft_hash, decisions).decisions == tuple(decisions)
    assert client.decisions(run.id).decisions == tuple(decisions)
    assert client.questions(run.id) == []
    with pytest.raises(ServiceError, match="no recommendation"):
        client.what_would_change(run.id, draft.statements[0].evidence[0])
    with pytest.raises(ServiceError, match="no outline"):
        client.views(run.id, draft.statements[0].evidence[0])
    assert client.sign(run.id, draft.draft_hash, decisions, "Dr A").state == "signed"
    assert json.loads(client.export(run.id, "fhir.json"))["resourceType"] == "Bundle"
    assert [head.state for head in client.runs()] == ["signed"]
    assert client.evidence(run.id)[-1].claim.startswith("A solid nodule")


def test_a_refusal_is_typed(opened: Opened) -> None:
    client = connected(opened())
    with pytest.raises(ServiceError) as refused:
        client.draft("none")
    assert (refused.value.status, refused.value.trouble.kind) == (404, "unknown")


def test_a_full_queue_is_waited_for(opened: Opened, case_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = connected(opened())
    case_id, waited = client.upload_case(case_folder), list[float]()
    worker = client._http.app.state.office.worker  # type: ignore[attr-defined]
    answers = iter((False, False, True))
    monkeypatch.setattr(worker, "has_room", lambda: next(answers))
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=waited.append))
    assert client.start(case_id).id
    assert waited == [20.0, 20.0]
