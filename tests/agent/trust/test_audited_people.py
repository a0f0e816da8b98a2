"""Logins of accounts, denials by role and emergency access stand in the audit record with who it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
