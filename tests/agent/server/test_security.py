"""Who may speak to the service, and what a request cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.agent.server.conftest import ORIGIN, READY, SCRIPT, add_case, answered, at_rest, files_under, start
from tools.evidence import Calculation, Evidence, Provenance

Opened = Callable[..., TestClient]


@pytest.mark.hazard("HAZ-19")
def test_nothing_is_answered_without_the_link(opened: Opened) -> None:
    client = opened(login=False)
    for path in ("/api/runs", "/api/hello", "/api/openapi.json", "/v1/models", "/api/nothing"):
        assert client.get(path).status_code == 401, path


def test_the_link_works_once(opened: Opened) -> None:
    client = opened(login=False)
    token = client.app.state.sessions.link_token  # type: ignore[attr-defined]
    assert client.get("/login", params={"token": "x" + token}, follow_redirects=False).status_code == 403
    first = client.get("/login", params={"token": token}, follow_redirects=False)
    assert first.status_code == 303
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    client.cookies.clear()
    assert client.get("/login", params={"token": token}, follow_redirects=False).status_code == 403
    assert client.get("/api/runs").status_code == 401


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://127.0.0.1:9"])
@pytest.mark.hazard("HAZ-19")
def test_a_change_from_another_site_is_refused(opened: Opened, origin: str | None) -> None:
    client = opened()
    del client.headers["Origin"]
    headers = {} if origin is None else {"Origin": origin}
    assert client.post("/api/cases", headers=headers).status_code == 403
    assert client.post("/api/cases", headers=ORIGIN).status_code == 201


def test_another_host_name_is_refused(opened: Opened) -> None:
    assert opened().get("/api/runs", headers={"Host": "evil.example"}).status_code == 421


def test_the_key_opens_the_interface_without_a_cookie(opened: Opened) -> None:
    client = opened(login=False)
    key = client.app.state.sessions.key  # type: ignore[attr-defined]
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {key}x"}).status_code == 401


def test_every_answer_forbids_outside_content(opened: Opened) -> None:
    client = opened()
    for path in ("/", "/api/runs", "/login?token=wrong", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name",
    ["../x.md", "notes/../../x.md", "/etc/x.md", "a\\..\\x.md", ".hidden", "notes/.x", "", "a//b", "x\x00.md",
     "a/b/c/d/e/f/g/h/i.md", "n" * 121, "C:x.md", "..", "a/./b"],
)  # fmt: skip
def test_a_file_name_that_is_not_plain_is_refused_and_nothing_is_written(opened: Opened, name: str) -> None:
    client = opened()
    case_id = client.post("/api/cases").json()["id"]
    store = client.app.state.office.consilium.store.directory  # type: ignore[attr-defined]
    before = files_under(store.parent)
    answer = client.put(f"/api/cases/{case_id}/file", params={"path": name}, content=b"x")
    assert answer.status_code == 409, answer.text
    assert answer.json()["kind"] == "bad_input"
    assert files_under(store.parent) == before


@pytest.mark.parametrize("case_id", ["..", "%2e%2e", "0123", "..%2fruns", "g" * 16])
def test_a_case_id_cannot_lead_elsewhere(opened: Opened, case_id: str) -> None:
    assert opened().get(f"/api/cases/{case_id}").status_code == 404


def test_a_picture_is_given_by_a_stored_name_only(opened: Opened) -> None:
    from tests.agent.server.conftest import at_rest, start

    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    artifacts = client.app.state.office.consilium.artifacts(run_id)  # type: ignore[attr-defined]
    artifacts.write("good.png", b"\x89PNG\r\n\x1a\nrest")
    artifacts.write("false.png", b"<script>")
    artifacts.write("mask.nii.gz", b"x")
    base = f"/api/runs/{run_id}/pictures"
    assert client.get(f"{base}/good.png").status_code == 200
    for name in ("false.png", "mask.nii.gz", "..%2f..%2fruns.sqlite", "%2e%2e", "none.png"):
        assert client.get(f"{base}/{name}").status_code == 404, name
    assert client.get(f"/api/runs/{run_id}/volumes/..%2fruns.sqlite").status_code == 404


def test_the_drawing_of_a_what_if_is_given_so_that_it_runs_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.agent.server.conftest import at_rest, start

    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    consilium = client.app.state.office.consilium  # type: ignore[attr-defined]
    consilium.artifacts(run_id).write("what.svg", b"<?xml version='1.0'?><svg/>")
    made = [
        Evidence(
            kind="risk_estimate",
            claim="With less the risk would be 1 % instead of 2 %.",
            locator=Calculation(model=name),
            provenance=Provenance(tool="predict_risk", tool_version="4", parameters={"picture": name}),
        )
        for name in ("what.svg", "../runs.sqlite")
    ]
    monkeypatch.setattr(consilium.store, "evidence", lambda _: {item.id: item for item in made})
    answers = [client.get(f"/api/runs/{run_id}/evidence/{item.id}/picture") for item in made]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answers[0].headers["content-security-policy"]


@pytest.mark.hazard("HAZ-26")
def test_an_unexpected_error_says_nothing_of_its_content(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = opened()
    store = client.app.state.office.consilium.store  # type: ignore[attr-defined]

    def broken() -> None:
        raise RuntimeError("SECRET-PATIENT")

    monkeypatch.setattr(store, "runs", broken)
    answer = client.get("/api/runs")
    monkeypatch.undo()
    assert answer.status_code == 500
    assert answer.json()["kind"] == "bug"
    assert "SECRET-PATIENT" not in answer.text + caplog.text


def test_a_wrong_body_is_not_echoed(opened: Opened) -> None:
    client = opened()
    answer = client.post("/api/runs", json={"case": 5, "secret": "SECRET-PATIENT"})
    assert answer.status_code == 422
    assert "SECRET-PATIENT" not in answer.text


def test_a_case_that_was_removed_is_gone(opened: Opened) -> None:
    client = opened()
    case_id = add_case(client)
    assert client.delete(f"/api/cases/{case_id}").status_code == 204
    assert client.get(f"/api/cases/{case_id}").status_code == 404


HALF = "\\ud800"
EDIT = '{"index": 0, "action": "edit", "text": "HALF"}'


@pytest.mark.hazard("HAZ-19")
def test_the_link_its_sessions_and_the_key_are_void_as_soon_as_there_is_an_account(opened: Opened) -> None:
    client = opened()
    access = client.app.state.access  # type: ignore[attr-defined]
    key = {"Authorization": f"Bearer {access.link.key}"}
    assert [client.get("/api/runs", headers=more).status_code for more in ({}, key)] == [200, 200]
    access.accounts.add("pia", "physician", "correct horse battery")
    assert [client.get("/api/runs", headers=more).status_code for more in ({}, key)] == [401, 401]
    assert client.get("/api/session").json() == {"ways": ["password"], "actor": None}
    access.accounts.disable("pia")
    assert client.get("/api/runs").status_code == 200, "nobody can log in: the user of this machine has it again"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/chat/completions", '{"model": "RUN", "messages": [{"role": "user", "content": "HALF?"}]}'),
        ("POST", "/v1/chat/completions", '{"model": "HALF", "messages": [{"role": "user", "content": "a"}]}'),
        ("POST", "/api/runs", '{"case": "HALF"}'),
        ("POST", "/api/runs/RUN/ask", '{"question": "HALF"}'),
        ("PUT", "/api/runs/RUN/decisions", f'{{"draft_hash": "HASH", "decisions": [{EDIT}]}}'),
        ("PUT", "/api/runs/RUN/decisions", '{"draft_hash": "HALF", "decisions": []}'),
        ("POST", "/api/runs/RUN/check-edit", '{"index": 0, "text": "HALF"}'),
        ("POST", "/api/runs/RUN/what-if", '{"models": ["HALF"], "overrides": [{"name": "HALF", "value": "HALF"}]}'),
        ("POST", "/api/runs/RUN/outline", '{"imaging": "HALF"}'),
        ("POST", "/api/runs/RUN/sign", '{"draft_hash": "HASH", "decisions": [], "reviewer": "HALF"}'),
        ("PUT", "/api/runs/RUN/team", '{"add": ["HALF"], "HALF": "HALF"}'),
        ("POST", "/api/emergency", '{"patient": "HALF", "reason": "HALF and nine further"}'),
        ("POST", "/api/session", '{"name": "HALF", "password": "HALF"}'),
    ],
)  # fmt: skip
def test_half_a_character_is_refused_and_not_a_bug(opened: Opened, method: str, path: str, body: str) -> None:
    client = opened()
    run_id = start(client)
    at_rest(client, run_id)
    draft = client.get(f"/api/runs/{run_id}/draft").json()["draft_hash"]
    sent = body.replace("RUN", run_id).replace("HASH", draft).replace("HALF", HALF)
    headers = {"Content-Type": "application/json"}
    answer = client.request(method, path.replace("RUN", run_id), content=sent.encode(), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["kind"] == "retry"


@pytest.mark.hazard("HAZ-30")
def test_a_body_that_is_too_long_is_not_taken_in(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.server.gate.MOST_BODY_BYTES", 200_000)
    client = opened()
    case_id = client.post("/api/cases").json()["id"]
    json = {"Content-Type": "application/json"}

    def pieces(count: int) -> Iterator[bytes]:
        yield b'{"case": "'
        for _ in range(count):
            yield b"x" * 10_000
        yield b'"}'

    long = client.post("/api/runs", content=b'{"case": "' + b"x" * 200_000 + b'"}', headers=json)
    assert (long.status_code, long.json()["kind"]) == (413, "retry")
    assert client.post("/api/runs", content=pieces(30), headers=json).status_code == 413, "its length was not said"
    assert client.post("/api/runs", content=pieces(10), headers=json).status_code == 404
    put = client.put(f"/api/cases/{case_id}/file", params={"path": "notes/a.md"}, content=b"x" * 300_000)
    assert put.status_code == 200, "files are another matter"
    client.cookies.clear()
    login = b'{"name": "' + b"x" * 70_000 + b'", "password": "x"}'
    assert client.post("/api/session", content=login, headers=json).status_code == 413, "less for who is not logged in"


@pytest.mark.hazard("HAZ-30")
def test_a_question_of_a_chat_client_is_no_longer_than_that_of_the_page(opened: Opened) -> None:
    client = opened(*SCRIPT, READY, answered)
    run_id = start(client)
    at_rest(client, run_id)
    body = {"model": run_id, "messages": [{"role": "user", "content": "How large? " * 500}]}
    answer = client.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["kind"]) == (422, "retry")
    assert "4000" in answer.json()["message"]
    body["messages"] = [{"role": "user", "content": "x" * 10_000}, {"role": "user", "content": "How large?"}]
    assert client.post("/v1/chat/completions", json=body).status_code == 200, "earlier messages are not read"


def test_a_websocket_is_closed_at_once(opened: Opened) -> None:
    client = opened()
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/api/runs/x/events"):
        pass
    assert closed.value.code == 1008


def test_a_request_that_names_two_hosts_is_refused(opened: Opened) -> None:
    client = opened()
    for hosts in (("127.0.0.1", "evil.example"), ("evil.example", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")):
        assert client.get("/api/hello", headers=[("Host", host) for host in hosts]).status_code == 421  # type: ignore[arg-type]
