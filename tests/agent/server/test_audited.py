"""Who did what through the HTTP service stands in the audit record, and what cannot be recorded is not done."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from agent.server.audited import ACTIONS, BY_ROUTE, NOT_RECORDED
from agent.trust.audit import AuditLog
from agent.trust.audit_check import check
from agent.trust.policy import ROUTES
from tests.agent.server.conftest import ORIGIN, READY, SCRIPT, add_case, answered, at_rest, start

Opened = Callable[..., TestClient]


def log_of(client: TestClient) -> AuditLog:
    log: AuditLog = client.app.state.office.consilium.audit  # type: ignore[attr-defined]
    return log


def said(client: TestClient) -> list[tuple[str, str, str, str]]:
    """Action, route, outcome and run of every row."""
    entries = [row.entry() for row in log_of(client).entries()]
    return [(e.action, e.what, e.outcome, e.run) for e in entries]


def broken(monkeypatch: pytest.MonkeyPatch, client: TestClient) -> closing[sqlite3.Connection]:
    """Nothing can be recorded until what this gives is closed."""
    monkeypatch.setattr("agent.trust.audit.WAIT_SECONDS", 0.02)
    other = sqlite3.connect(log_of(client).path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return closing(other)


def test_every_route_of_the_policy_says_what_it_does() -> None:
    assert set(ACTIONS) | NOT_RECORDED == set(ROUTES), "name what the route does in agent.server.audited"
    assert set(ACTIONS) & NOT_RECORDED == set()
    assert set(ACTIONS) >= BY_ROUTE


def test_every_route_is_refused_where_it_cannot_be_recorded(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    known = {"run_id": run_id, "case_id": add_case(client), "handle": "note-1", "name": "a.png", "evidence_id": "0"}
    bodies = {
        "/api/runs": {"case": add_case(client)},
        "/v1/chat/completions": {"model": run_id, "messages": [{"role": "user", "content": "How large?"}]},
    }
    others = {("GET", "/login"), ("GET", "/oidc/callback"), ("POST", "/api/session"), ("POST", "/api/emergency")}
    answers = {}
    with broken(monkeypatch, client):
        for method, path in sorted(set(ACTIONS) - others):
            answer = client.request(method, path.format(**known, scope="case-x"), json=bodies.get(path, {}))
            answers[method, path] = answer.status_code
    # Those of accounts and teams are refused to the user of this machine before they come so far.
    elsewhere = {route for route, status in answers.items() if status == 403}
    assert {path for _, path in elsewhere} <= {
        "/api/accounts",
        "/api/accounts/{name}",
        "/api/teams",
        "/api/teams/{scope}",
        "/api/audit",
    }
    assert {status for route, status in answers.items() if route not in elsewhere} == {503}


@pytest.mark.hazard("HAZ-28")
def test_a_whole_review_is_recorded_with_its_case_and_run(opened: Opened) -> None:
    client = opened(*SCRIPT, READY, answered)
    run_id = start(client)
    at_rest(client, run_id)
    draft = client.get(f"/api/runs/{run_id}/draft").json()
    body = {"draft_hash": draft["draft_hash"], "decisions": [{"index": 0, "action": "accept"}], "reviewer": "Dr A"}
    assert client.post(f"/api/runs/{run_id}/sign", json=body).status_code == 200
    assert client.get(f"/api/runs/{run_id}/report.json").status_code == 200
    rows = said(client)
    assert rows[:2] == [("record_begun", "", "allowed", ""), ("logged_in", "link", "allowed", "")]
    for row in (
        ("changed", "put_file", "allowed", ""), ("ran", "start_run", "allowed", ""),
        ("saw", "show_draft", "allowed", run_id), ("signed", "sign", "allowed", run_id),
        ("exported", "report_json", "allowed", run_id),
    ):  # fmt: skip
        assert row in rows
    cases_named = {row.entry().case for row in log_of(client).entries()} - {""}
    assert len(cases_named) == 1
    assert check(log_of(client)).faults == ()


def test_refusals_and_failures_are_recorded_too(opened: Opened) -> None:
    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    body = {"draft_hash": "0" * 64, "decisions": [], "reviewer": "Dr A"}
    assert client.post(f"/api/runs/{run_id}/sign", json=body).status_code == 409
    assert client.get("/api/runs/CANARY-RUN/draft").status_code == 404
    del client.headers["Origin"]
    assert client.post("/api/cases").status_code == 403
    client.cookies.clear()
    assert client.get("/api/runs").status_code == 401
    assert client.get("/login", params={"token": "CANARY"}).status_code == 403
    rows = said(client)
    assert ("signed", "sign", "failed", run_id) in rows
    assert ("saw", "show_draft", "failed", "") in rows
    assert rows[-3:] == [
        ("changed", "create_case", "denied", ""),
        ("saw", "list_runs", "denied", ""),
        ("login_failed", "link", "denied", ""),
    ]
    assert not any(b"CANARY" in path.read_bytes() for path in log_of(client).path.parent.glob("audit.sqlite*"))


@pytest.mark.hazard("HAZ-28")
def test_without_the_record_nothing_is_answered_or_done(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    draft = client.get(f"/api/runs/{run_id}/draft").json()
    body = {"draft_hash": draft["draft_hash"], "decisions": [{"index": 0, "action": "accept"}], "reviewer": "Dr A"}
    with broken(monkeypatch, client):
        for answer in (
            client.get(f"/api/runs/{run_id}/draft"),
            client.post(f"/api/runs/{run_id}/sign", json=body),
            client.post("/api/cases", headers=ORIGIN),
        ):
            assert answer.status_code == 503
            assert "record of access cannot be written" in answer.json()["message"]
    assert client.get(f"/api/runs/{run_id}/draft").json()["state"] == "preliminary"
    assert add_case(client)
