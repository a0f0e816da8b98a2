"""From files to a signed report over HTTP: events, questions, queue, restart."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from langchain_core.messages import AIMessage

from agent.server import queueing
from agent.service import Consilium
from knowledge.errors import ToolFailed
from tests.agent.server.conftest import READY, SCRIPT, add_case, answered, at_rest, events, start

Opened = Callable[..., TestClient]


def test_files_are_shown_as_understood_before_anything_runs(opened: Opened) -> None:
    client = opened()
    case_id = add_case(client)
    note = {"path": "visit.md"}
    assert (
        client.put(f"/api/cases/{case_id}/file", params=note, content=b"Short note.").json()["path"] == "notes/visit.md"
    )
    shown = client.get(f"/api/cases/{case_id}").json()
    assert shown["patient"] == {"id": "T-1", "age_years": 66.0, "sex": "female"}
    assert any(fact["place"] == "conditions[0]" and "hypertension" in fact["claim"] for fact in shown["facts"])
    assert [note["characters"] for note in shown["notes"]] == [11]
    assert client.get("/api/runs").json() == []


def test_a_file_that_cannot_be_used_is_named_with_its_place(opened: Opened) -> None:
    client = opened()
    case_id = add_case(client, body=b"format: consilium-case/1\npatient: {id: T, age_years: old}\n")
    problem = client.get(f"/api/cases/{case_id}").json()["problem"]
    assert problem["kind"] == "bad_input"
    assert problem["file"] == "case.yaml"
    assert "age_years" in problem["place"]
    assert client.post("/api/runs", json={"case": case_id}).status_code == 409


def test_an_upload_goes_on_from_where_it_broke_off(opened: Opened) -> None:
    client = opened()
    case_id = client.post("/api/cases").json()["id"]
    url, name = f"/api/cases/{case_id}/file", {"path": "notes/a.md"}
    assert client.put(url, params=name, content=b"12345").json()["size_bytes"] == 5
    assert client.put(url, params=name, content=b"x", headers={"Upload-Offset": "3"}).status_code == 422
    assert client.put(url, params=name, content=b"678", headers={"Upload-Offset": "5"}).json()["size_bytes"] == 8
    with client.app.state.office.consilium.files.opened(case_id) as folder:  # type: ignore[attr-defined]
        assert (folder / "notes" / "a.md").read_bytes() == b"12345678"


def test_a_file_over_the_limit_is_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.server.folders.MAX_FILE_BYTES", 10)
    client = opened()
    case_id = client.post("/api/cases").json()["id"]
    answer = client.put(f"/api/cases/{case_id}/file", params={"path": "a.vcf"}, content=b"x" * 11)
    assert answer.status_code == 409
    assert "too large" in answer.json()["problem"]


def test_a_file_that_unpacks_to_far_too_much_is_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.server.packed.FREE_BYTES", 1 << 20)
    client = opened()
    case_id = add_case(client)
    url = f"/api/cases/{case_id}/file"
    client.put(url, params={"path": "ct.nii.gz"}, content=gzip.compress(bytes(4 << 20)) + gzip.compress(bytes(4 << 20)))
    problem = client.get(f"/api/cases/{case_id}").json()["problem"]
    assert (problem["file"], problem["problem"]) == ("ct.nii.gz", "it unpacks to far more than its size")
    assert client.post("/api/runs", json={"case": case_id}).status_code == 409


def test_a_run_ends_in_a_draft_whose_sources_can_be_read(opened: Opened) -> None:
    client = opened()
    run_id = start(client)
    assert at_rest(client, run_id)["state"] == "to_review"
    draft = client.get(f"/api/runs/{run_id}/draft").json()
    (statement,) = draft["statements"]
    assert statement["status"] == "supported"
    cited = [s for s in draft["sources"] if s["evidence"]["id"] == statement["evidence"][0]]
    assert [source["number"] for source in cited] == [1]
    assert {"name": "nodule.longest_diameter", "label": cited[0]["facts"][0]["label"], "value": "14 mm"} in cited[0][
        "facts"
    ]
    steps = client.get(f"/api/runs/{run_id}").json()["steps"]
    assert [(step["tool"], step["evidence"]) for step in steps] == [("measure", 1)]


def test_steps_keep_what_they_were_asked_what_they_found_and_why_they_failed(opened: Opened) -> None:
    asked = {"imaging": "imaging-1"}
    calling = AIMessage(
        "",
        tool_calls=[
            {"name": "measure", "args": {}, "id": "of this run"},
            {"name": "refuse", "args": {}, "id": "fails"},
            {"name": "measure", "args": asked, "id": "wrong"},
        ],
    )
    client = opened(calling, *SCRIPT[1:])
    run_id = start(client)
    at_rest(client, run_id)
    (found,) = client.get(f"/api/runs/{run_id}/draft").json()["statements"][0]["evidence"]
    steps = {step["call"]: step for step in client.get(f"/api/runs/{run_id}").json()["steps"]}
    assert set(steps) == {"of this run", "fails", "wrong"}
    assert steps["of this run"]["found"] == [found]
    assert "The scan has no spacing." in steps["fails"]["message"]
    assert (steps["fails"]["failed"], steps["fails"]["found"]) == ("ToolFailed", [])
    assert (steps["wrong"]["failed"], steps["wrong"]["arguments"]) == ("ToolRetry", asked)


def test_events_go_on_after_the_last_one_seen(opened: Opened) -> None:
    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    url = f"/api/runs/{run_id}/events"
    everything = events(client.get(url))
    names = [json.loads(data)["event"] for _, data in everything]
    assert names[0] == "budget"
    assert {"tool_started", "tool_progress", "tool_finished", "to_review"} <= set(names)
    assert names[-1] == "idle"
    middle = everything[3][0]
    assert events(client.get(url, headers={"Last-Event-ID": middle})) == everything[4:]
    assert events(client.get(url, headers={"Last-Event-ID": "other-3"})) == everything


def test_a_question_is_answered_in_the_conversation(opened: Opened) -> None:
    client = opened(*SCRIPT, READY, answered)
    run_id = start(client)
    at_rest(client, run_id)
    assert client.post(f"/api/runs/{run_id}/ask", json={"question": "How large?"}).status_code == 202
    at_rest(client, run_id)
    (turn,) = client.get(f"/api/runs/{run_id}").json()["turns"]
    assert (turn["question"], turn["state"]) == ("How large?", "done")
    assert [s["text"] for s in turn["statements"]] == ["The nodule measures 14 mm."]
    assert "measures 14 mm" in client.get(f"/api/runs/{run_id}/draft").json()["statements"][0]["text"]


def test_an_openai_client_gets_the_answer_with_footnotes(opened: Opened) -> None:
    client = opened(*SCRIPT, READY, answered)
    run_id = start(client)
    at_rest(client, run_id)
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == [run_id]
    body = {"model": run_id, "messages": [{"role": "user", "content": "How large?"}], "temperature": 0}
    said = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    assert said.startswith("The nodule measures 14 mm.[^1]")
    assert "[^1]: A solid nodule in the right lung measures 14 mm. (E" in said


def test_an_openai_client_gets_verified_sentences_as_a_stream(opened: Opened) -> None:
    client = opened(*SCRIPT, READY, answered)
    run_id = start(client)
    at_rest(client, run_id)
    body = {"model": run_id, "messages": [{"role": "user", "content": "How large?"}], "stream": True}
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line)["choices"][0] for line in lines[:-1]]
    assert chunks[0]["delta"]["role"] == "assistant"
    assert chunks[-1]["finish_reason"] == "stop"
    said = "".join(chunk["delta"].get("content", "") for chunk in chunks)
    assert said.startswith("The nodule measures 14 mm.[^1]\n\n[^1]: A solid nodule")
    wrong = client.post("/v1/chat/completions", json={**body, "model": "none"})
    assert wrong.status_code == 404


def test_a_draft_is_signed_once_with_a_decision_on_every_statement(opened: Opened) -> None:
    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    base = f"/api/runs/{run_id}"
    draft_hash = client.get(f"{base}/draft").json()["draft_hash"]
    verdict = client.post(f"{base}/check-edit", json={"index": 0, "text": "The nodule measures 41 mm."}).json()[
        "verdict"
    ]
    assert verdict["status"] == "unsupported"
    assert client.post(f"{base}/check-edit", json={"index": 7, "text": "x"}).status_code == 404
    body = {"draft_hash": draft_hash, "decisions": [{"index": 0, "action": "accept"}]}
    assert client.put(f"{base}/decisions", json=body).status_code == 200
    assert client.get(f"{base}/decisions").json()["decisions"][0]["action"] == "accept"
    assert client.post(f"{base}/sign", json={**body, "decisions": [], "reviewer": "Dr A"}).status_code == 422
    assert client.post(f"{base}/sign", json={**body, "draft_hash": "0" * 64, "reviewer": "Dr A"}).status_code == 409
    signed = client.post(f"{base}/sign", json={**body, "reviewer": "Dr A"}).json()
    assert (signed["state"], signed["reviewer"]) == ("signed", "Dr A")
    assert client.post(f"{base}/sign", json={**body, "reviewer": "Dr B"}).status_code == 409
    assert client.post(f"{base}/ask", json={"question": "More?"}).status_code == 409
    assert "Dr A" in client.get(f"{base}/report.html").text
    assert client.get(f"{base}/report.json").json()["reviewer"] == "Dr A"


class _Gate:
    """A tool step that waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.reached = threading.Event(), threading.Event()
        real = Consilium.work

        def slow(this: Consilium, run_id: str) -> object:
            self.reached.set()
            self.go.wait(30)
            yield from real(this, run_id)

        monkeypatch.setattr(Consilium, "work", slow)


def test_a_full_queue_says_when_to_come_again(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = _Gate(monkeypatch)
    monkeypatch.setattr(queueing, "MAX_WAITING", 1)
    client = opened(*SCRIPT, *SCRIPT)
    first = start(client)
    assert gate.reached.wait(30)
    second = start(client)
    refused = client.post("/api/runs", json={"case": add_case(client)})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert len(client.get("/api/runs").json()) == 2
    assert {r["id"]: r["place"] for r in client.get("/api/runs").json()} == {first: 0, second: 1}
    gate.go.set()
    assert at_rest(client, first)["state"] == "to_review"
    assert at_rest(client, second)["state"] == "to_review"


def test_a_waiting_run_is_stopped_at_once_and_goes_on_when_asked(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = _Gate(monkeypatch)
    client = opened(*SCRIPT, *SCRIPT)
    first = start(client)
    assert gate.reached.wait(30)
    second = start(client)
    assert client.post(f"/api/runs/{second}/stop").status_code == 202
    run = at_rest(client, second)
    assert (run["state"], run["note"]) == ("failed", "stopped")
    gate.go.set()
    at_rest(client, first)
    assert client.post(f"/api/runs/{second}/resume").status_code == 202
    assert at_rest(client, second)["state"] == "to_review"


def test_a_run_that_was_cut_off_goes_on_after_a_restart(
    opened: Opened, scripted: Callable[..., Consilium], case_folder: object
) -> None:
    consilium = scripted(*SCRIPT)
    run = consilium.start(case_folder)  # type: ignore[arg-type]
    working = consilium.work(run.id)
    assert next(working)["event"]
    working.close()
    assert consilium.store.run(run.id).state == "working"
    rest = scripted(*SCRIPT[-2:])
    client = opened(consilium=rest)
    assert at_rest(client, run.id)["state"] == "to_review"
    assert len(client.get(f"/api/runs/{run.id}/draft").json()["statements"]) == 1


def test_unknown_runs_and_unready_drafts_are_told_apart(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Consilium, run_id: str) -> object:
        raise ToolFailed(f"{run_id} has no draft yet.")

    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    assert client.get("/api/runs/last").status_code == 404
    assert client.get(f"/api/runs/{run_id[:8]}/draft").status_code == 404
    monkeypatch.setattr(Consilium, "report", refuse)
    answer = client.get(f"/api/runs/{run_id}/draft")
    assert (answer.status_code, answer.json()["kind"]) == (409, "failed")


def test_the_interface_is_described_whole(opened: Opened) -> None:
    described = opened().get("/api/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"
            good = [code for code in operation["responses"] if code.startswith("2")]
            assert good, f"{method} {path}"
