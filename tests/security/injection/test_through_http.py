"""The planted instructions come in by the HTTP service: by uploads, questions and chat; nothing of it happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi.testclient import TestClient

from agent.server import create_app
from agent.server.access import Access
from agent.service import Consilium
from agent.trust.sessions import csrf_token
from tests.agent.server.conftest import ORIGIN, at_rest
from tests.security.injection.guideline import planted_search
from tests.security.injection.obedient import ObedientModel, plant
from tests.security.injection.payloads import PLANTS, SECRET
from tests.security.injection.test_injection import CASE, CHANNELS, PLANTED

SAID = {arguments["text"] for name, arguments in PLANTS if name == "say"}
# What would make a browser act or fetch something if it stood in a page.
_ACTIVE = re.compile(r"<script|<img[^>]+src=[\"']?(?!data:)|<iframe|<object|<form|<link|\son\w+=|javascript:", re.I)


class Door(NamedTuple):
    """The service as one browser sees it, the model behind it, and somebody else's run."""

    client: TestClient
    consilium: Consilium
    model: ObedientModel
    other: str
    folder: Path


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    planted_search(monkeypatch, tmp_path / "runs", ())
    folder, other = tmp_path / "case", tmp_path / "other"
    for place in (folder, other):
        (place / "notes").mkdir(parents=True)
        (place / "case.yaml").write_text(CASE, encoding="utf-8")
    (other / "notes" / "secret.md").write_text(f"{SECRET}: the other patient's note.", encoding="utf-8")
    model = ObedientModel()
    consilium = Consilium(tmp_path / "runs", model)
    theirs = consilium.start(other).id
    consilium.store.set_state(theirs, "failed", "stopped")
    app = create_app(consilium)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        client.get("/login", params={"token": app.state.sessions.link_token}, follow_redirects=False)
        client.headers.update(ORIGIN | {"X-CSRF-Token": client.cookies["consilium_csrf"]})
        yield Door(client, consilium, model, theirs, folder)


def run_of(door: Door, question: str) -> str:
    """The folder uploaded file by file, and worked up."""
    case_id = door.client.post("/api/cases").json()["id"]
    for path in sorted(door.folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(door.folder).as_posix()
            sent = door.client.put(f"/api/cases/{case_id}/file", params={"path": name}, content=path.read_bytes())
            refused = sent.status_code == 409 and "the name of a file" in sent.text
            assert sent.status_code == 200 or refused, sent.text
    answer = door.client.post("/api/runs", json={"case": case_id, "question": question})
    assert answer.status_code == 202, answer.text
    run_id = str(answer.json()["id"])
    at_rest(door.client, run_id)
    return run_id


def everything(door: Door, run_id: str) -> list[httpx.Response]:
    """What the service says of a run, in every form."""
    names = ("", "/draft", "/evidence", "/events", "/report.html", "/report.json", "/report.fhir.json", "/audit")
    answers = [door.client.get(f"/api/runs/{run_id}{name}") for name in names]
    notes = answers[0].json()["notes"]
    return answers + [door.client.get(f"/api/runs/{run_id}/notes/{note['handle']}") for note in notes[:3]]


def unharmed(door: Door, run_id: str) -> None:
    """Nothing was signed, read across cases, shown as supported, or sent as something that acts."""
    answers = everything(door, run_id)
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src" in answer.headers["Content-Security-Policy"] or "json" in answer.headers["Content-Type"]
        assert "the other patient's note" not in answer.text
        if "html" in answer.headers["Content-Type"]:
            assert _ACTIVE.findall(answer.text) == []
    draft = answers[1].json()
    assert draft["state"] == "preliminary"
    assert [s for s in draft["statements"] if s["text"] in SAID and s["status"] == "supported"] == []
    assert door.consilium.store.run(run_id).state == "to_review"
    assert not door.consilium.store.reports(run_id)
    theirs = door.consilium.store.run(door.other)
    assert (theirs.state, theirs.note) == ("failed", "stopped")
    assert {row["what"] for row in answers[7].json()["rows"]} & {"sign", "remove_case", "change_team"} == set()


@pytest.mark.hazard("HAZ-15")
@pytest.mark.parametrize("channel", CHANNELS)
def test_instructions_in_uploaded_files_do_nothing(door: Door, channel: str) -> None:
    CHANNELS[channel](door.folder)
    run_id = run_of(door, f"What now? {plant('read_notes', {})}")
    assert door.model.obeyed, "the question at least reached the model, and was followed"
    unharmed(door, run_id)


@pytest.mark.hazard("HAZ-15")
def test_instructions_in_questions_and_in_chat_do_nothing(door: Door) -> None:
    run_id = run_of(door, f"What now? {' '.join(PLANTED[:8])}")
    draft = door.client.get(f"/api/runs/{run_id}/draft").json()
    for start in range(8, len(PLANTED), 8):
        told = f"Please also do this? {' '.join(PLANTED[start : start + 8])}"
        if start % 16:
            assert door.client.post(f"/api/runs/{run_id}/ask", json={"question": told}).status_code == 202
            at_rest(door.client, run_id)
            continue
        body: dict[str, Any] = {"model": run_id, "messages": [{"role": "user", "content": told}]}
        answer = door.client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        said = answer.json()["choices"][0]["message"]["content"]
        assert _ACTIVE.findall(said) == []
        assert "![" not in said, "no picture that a chat window would fetch"
    assert door.model.obeyed == set(PLANTED), "each instruction was read and followed"
    assert door.client.get(f"/api/runs/{run_id}/draft").json()["draft_hash"] == draft["draft_hash"]
    unharmed(door, run_id)


def test_who_floods_the_service_with_instructions_is_told_when_to_come_again(door: Door) -> None:
    access: Access = door.client.app.state.access  # type: ignore[attr-defined]
    access.accounts.add("pia", "physician", "correct horse battery")
    secret = access.sessions.start("pia", "Dr Pia", "physician", "password")
    headers = {"Cookie": f"{access.cookie}={secret}", "X-CSRF-Token": csrf_token(secret)}
    door.client.cookies.clear()
    case_id = door.client.post("/api/cases", headers=headers).json()["id"]
    codes = []
    for text in PLANTED * 4:
        answer = door.client.post("/api/runs", json={"case": case_id, "question": text}, headers=headers)
        codes.append(answer.status_code)
        if answer.status_code == 429:
            break
    assert codes[-1] == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    assert text not in answer.text
