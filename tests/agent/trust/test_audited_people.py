"""Logins of accounts, denials by role and emergency access stand in the audit record with who it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.trust.audit import AuditUnavailable
from agent.trust.audit_check import check, copy_of_case
from tests.agent.trust.conftest import PASSWORD, Hospital

REASON = "CANARYREASON found unconscious on the ward"


def rows(hospital: Hospital) -> list[tuple[str, str, str, str, str]]:
    """Account, role, action, route and outcome of every row."""
    entries = [row.entry() for row in hospital.access.audit.entries()]
    return [(e.user, e.role, e.action, e.what, e.outcome) for e in entries]


@pytest.mark.hazard("HAZ-28")
def test_logins_denials_and_emergencies_are_recorded(hospital: Callable[..., Hospital]) -> None:
    made = hospital()
    for name, password in (("pia", PASSWORD), ("pia", "wrong"), ("CANARYNAME", "wrong")):
        made.as_(None, "POST", "/api/session", json={"name": name, "password": password})
    assert [row for row in rows(made) if "log_in" in row] == [
        ("pia", "physician", "logged_in", "log_in", "allowed"),
        ("pia", "none", "login_failed", "log_in", "denied"),
        ("", "none", "login_failed", "log_in", "denied"),
    ]
    made.as_("adam", "GET", f"/api/runs/{made.own_run}/draft")
    assert rows(made)[-1] == ("adam", "admin", "saw", "show_draft", "denied")
    made.as_("pia", "GET", f"/api/runs/{made.other_run}/draft")
    assert rows(made)[-1] == ("pia", "physician", "saw", "show_draft", "denied")
    answer = made.as_("pia", "POST", "/api/emergency", json={"run": made.other_run, "reason": REASON})
    assert answer.status_code == 200, answer.text
    assert rows(made)[-1] == ("pia", "physician", "emergency_access", "emergency", "allowed")
    log = made.access.audit
    copy = copy_of_case(log, made.access.store.scope(made.other_run))
    assert list(copy.reasons.values()) == [REASON]
    body = b"".join(path.read_bytes() for path in log.path.parent.glob("audit.sqlite*"))
    assert b"CANARY" not in body
    assert check(log).faults == ()


@pytest.mark.hazard("HAZ-28")
def test_an_administrator_who_takes_an_account_over_or_changes_a_team_is_named_with_whom(
    hospital: Callable[..., Hospital],
) -> None:
    made = hospital()
    before = len(made.access.audit.entries())
    other = "another long sentence"
    for path, body in (("pia", {"password": other}), ("sam", {"role": "admin", "disabled": True})):
        assert made.as_("adam", "PATCH", f"/api/accounts/{path}", json=body).status_code == 200
    made.as_("adam", "POST", "/api/accounts", json={"name": "eve", "role": "admin", "password": other})
    made.as_("adam", "POST", "/api/accounts", json={"name": "CANARY NAME", "role": "admin", "password": other})
    scope = made.access.store.scope(made.other_run)
    for user, expected in (("pia", 200), ("oidc:CANARY NAME", 422)):
        answer = made.as_("adam", "PUT", f"/api/teams/{scope}", json={"add": [user]})
        assert answer.status_code == expected
    made.as_(None, "POST", "/api/session", json={"name": "pia", "password": other})
    told = [row.entry() for row in made.access.audit.entries()[before:]]
    assert [(e.user, e.what, e.account, e.case) for e in told if e.account or e.what == "log_in"] == [
        ("adam", "account.password", "pia", ""),
        ("adam", "account.role.admin", "sam", ""),
        ("adam", "account.close", "sam", ""),
        ("adam", "account.add.admin", "eve", ""),
        ("adam", "team.add", "pia", scope),
        ("pia", "log_in", "", ""),
    ]
    assert not any(b"CANARY" in path.read_bytes() for path in made.access.audit.path.parent.glob("audit.sqlite*"))
    assert check(made.access.audit).faults == ()


def test_a_team_that_cannot_be_recorded_is_not_changed(
    hospital: Callable[..., Hospital], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hospital()

    def full(*_: object, **__: object) -> int:
        raise AuditUnavailable("The record of access cannot be written.")

    monkeypatch.setattr("agent.server.access.Access.record", full)
    scope = made.access.store.scope(made.own_run)
    assert made.as_("adam", "PUT", f"/api/teams/{scope}", json={"add": ["otto"]}).status_code == 503
    assert "otto" not in made.access.teams.team(scope).members
    assert made.as_("adam", "PATCH", "/api/accounts/otto", json={"role": "admin"}).status_code == 503
    account = made.access.accounts.find("otto")
    assert account is not None
    assert account.role == "physician"


@pytest.mark.hazard("HAZ-28")
def test_a_denial_names_the_case_wherever_the_request_does(hospital: Callable[..., Hospital]) -> None:
    """In the path or in the body; by the care team or by the role."""
    made = hospital()
    log, run, scope = made.access.audit, made.other_run, made.access.store.scope(made.other_run)
    chat = {"model": run, "messages": [{"role": "user", "content": "How large?"}]}
    for who, method, path, body, expected in (
        ("pia", "GET", f"/api/runs/{run}/draft", {}, ("show_draft", run)),
        ("pia", "POST", "/api/runs", {"case": made.other_case}, ("start_run", "")),
        ("pia", "POST", "/v1/chat/completions", chat, ("complete", run)),
        ("adam", "POST", f"/api/runs/{run}/sign", {}, ("sign", run)),
        ("sam", "GET", f"/api/runs/{run}/report.json", {}, ("report_json", run)),
        ("idle", "PUT", f"/api/cases/{made.other_case}/file", {}, ("put_file", "")),
    ):
        assert made.as_(who, method, path, json=body).status_code in (403, 404)
        last = log.entries()[-1].entry()
        assert (last.user, last.outcome, last.case, last.what, last.run) == (who, "denied", scope, *expected)
    for path, body in (("/api/runs", {"case": "0" * 16}), ("/v1/chat/completions", chat | {"model": "x"})):
        assert made.as_("pia", "POST", path, json=body).status_code == 404
        last = log.entries()[-1].entry()
        assert (last.outcome, last.case, last.run) == ("failed", "", "")
