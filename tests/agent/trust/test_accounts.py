"""Passwords, lock-out, sessions, care teams, emergency access, and who may sign."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from agent.casefiles import scope_of
from agent.trust.accounts import FIRST_LOCK_S, FREE_FAILURES, LONGEST_LOCK_S, Refused, check_password
from agent.trust.careteam import EMERGENCY_S
from agent.trust.quota import origin
from agent.trust.sessions import IDLE_S, LONGEST_S
from knowledge.errors import ToolFailed, ToolRetry
from tests.agent.trust.conftest import PASSWORD, Hospital

Made = Callable[..., Hospital]
OTHER = "another long sentence"


def log_in(made: Hospital, name: str = "pia", password: str = PASSWORD) -> int:
    return made.as_(None, "POST", "/api/session", json={"name": name, "password": password}).status_code


def test_a_login_opens_a_session_whose_cookie_no_script_reads(hospital: Made) -> None:
    made = hospital()
    answer = made.as_(None, "POST", "/api/session", json={"name": "pia", "password": PASSWORD})
    assert answer.status_code == 204
    session, csrf = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in session
    assert "HttpOnly" not in csrf
    assert all("SameSite=strict" in cookie for cookie in (session, csrf))
    made.client.cookies.clear()
    cookie = {"Cookie": session.split(";")[0]}
    actor = made.client.get("/api/session", headers=cookie).json()["actor"]
    assert (actor["name"], actor["role"], actor["signs_by"]) == ("Dr Pia", "physician", "password")
    changing = cookie | {"Origin": "http://127.0.0.1", "X-CSRF-Token": csrf.split(";")[0].split("=")[1]}
    ended = made.client.delete("/api/session", headers=changing)
    assert (ended.status_code, ended.json()) == (200, {"go_to": None})
    assert made.client.get("/api/runs", headers=cookie).status_code == 401


def test_neither_passwords_nor_sessions_nor_names_are_stored_plainly(hospital: Made) -> None:
    made = hospital()
    secret = made.login("pia")
    stored = b"".join(path.read_bytes() for path in made.access.store.directory.glob("access.sqlite*"))
    for text in (PASSWORD, secret, "pia", "Dr Pia", made.keys["lab"][-20:], "argon2"):
        assert text.encode() not in stored, text


def test_after_five_failures_the_account_is_closed_for_longer_each_time(hospital: Made) -> None:
    made = hospital()
    for _ in range(FREE_FAILURES):
        assert log_in(made, password="wrong wrong wrong") == 403
    assert log_in(made) == 403, "the right password does not open an account that is closed"
    locks = []
    for _ in range(6):
        account = made.access.accounts.find("pia")
        assert account is not None
        locks.append(account.locked_until - made.now)
        made.now = account.locked_until + 1
        with pytest.raises(Refused):
            made.access.accounts.log_in("pia", "wrong wrong wrong")
    assert locks == [FIRST_LOCK_S, 120, 240, 480, LONGEST_LOCK_S, LONGEST_LOCK_S]
    made.now += LONGEST_LOCK_S + 1
    assert log_in(made) == 204
    assert log_in(made, "otto") == 204, "others are not closed out"


def test_a_refusal_does_not_say_whether_there_is_such_an_account(hospital: Made) -> None:
    made = hospital()
    said = {made.as_(None, "POST", "/api/session", json={"name": n, "password": "x" * 12}).text for n in ("pia", "no")}
    assert len(said) == 1


@pytest.mark.parametrize(
    ("password", "good"),
    [("short", False), ("aaaaaaaaaaaaa", False), ("pia and her dog", False), ("my Password 2026", False),
     ("x" * 257, False), ("correct horse battery", True), ("正确的马电池订书钉很长的", True)],
)  # fmt: skip
def test_a_password_is_long_and_not_obvious(password: str, good: bool) -> None:
    if good:
        check_password(password, "pia")
    else:
        with pytest.raises(ToolRetry):
            check_password(password, "pia")


@pytest.mark.hazard("HAZ-19")
def test_a_session_ends_when_idle_and_after_half_a_day_in_any_case(hospital: Made) -> None:
    made = hospital()
    secret, sessions = made.login("pia"), made.access.sessions
    for _ in range(int(LONGEST_S / (IDLE_S - 1)) + 1):
        assert sessions.find(secret) is not None
        made.now += IDLE_S - 1
    assert sessions.find(secret) is None, "used all the time, it still ends"
    secret = made.login("pia")
    made.now += IDLE_S + 1
    assert sessions.find(secret) is None
    secret = made.login("pia")
    made.now -= 3600
    assert sessions.find(secret) is None, "a clock that was set back does not make a session longer"


def test_a_new_password_ends_the_other_sessions_and_a_closed_account_all(hospital: Made) -> None:
    made = hospital()
    mine, elsewhere = made.login("pia"), made.login("pia")
    made.opened["pia"] = mine
    assert made.as_("pia", "PUT", "/api/password", json={"old": "wrong", "new": OTHER}).status_code == 403
    assert made.as_("pia", "PUT", "/api/password", json={"old": PASSWORD, "new": OTHER}).status_code == 204
    assert made.access.sessions.find(mine) is not None
    assert made.access.sessions.find(elsewhere) is None
    assert (log_in(made), log_in(made, password=OTHER)) == (403, 204)
    assert made.as_("adam", "PATCH", "/api/accounts/pia", json={"disabled": True}).status_code == 200
    assert made.access.sessions.find(mine) is None
    assert log_in(made, password=OTHER) == 403


def test_a_role_that_was_taken_away_is_gone_at_the_next_request(hospital: Made) -> None:
    made = hospital()
    secret = made.login("pia")
    made.access.accounts.set_role("pia", "researcher")
    made.client.cookies.clear()
    answer = made.client.post("/api/cases", headers=made.headers(secret))
    assert answer.status_code == 403


def test_records_that_were_moved_or_altered_do_not_open(hospital: Made) -> None:
    made = hospital()
    accounts = made.access.accounts
    path = made.access.store.directory / "access.sqlite"
    pia, adam = (accounts._key(name) for name in ("pia", "adam"))
    with sqlite3.connect(path) as connection:
        body = connection.execute("SELECT body FROM rows WHERE key=?", (adam,)).fetchone()[0]
        connection.execute("UPDATE rows SET body=? WHERE key=?", (body, pia))
    with pytest.raises(ToolFailed, match="altered or moved"):
        accounts.find("pia")


@pytest.mark.hazard("HAZ-19")
def test_emergency_access_needs_a_reason_ends_and_stays_visible(hospital: Made) -> None:
    made = hospital()
    draft = f"/api/runs/{made.other_run}/draft"
    taking: dict[str, Any] = {"run": made.other_run, "reason": "short"}
    assert made.as_("pia", "GET", draft).status_code == 404
    before = len(made.access.audit.entries())
    without = [made.as_("pia", "POST", "/api/emergency", json=taking | {"run": run}) for run in (made.other_run, "x")]
    assert {answer.status_code for answer in without} == {422}
    assert without[0].content == without[1].content, "without a reason nobody learns whether there is such a run"
    assert {row.entry().outcome for row in made.access.audit.entries()[before:]} == {"failed"}
    taking["reason"] = "Found unconscious in the ward"
    for who in ("rita", "sam", "adam", "lab"):
        assert made.as_(who, "POST", "/api/emergency", json=taking).status_code == 403
    assert made.as_("pia", "POST", "/api/emergency", json=taking | {"run": "no-such"}).status_code == 404
    assert made.as_("pia", "POST", "/api/emergency", json=taking).status_code == 200
    assert made.as_("pia", "GET", draft).status_code == 200
    assert made.as_("rita", "GET", draft).status_code == 404, "it is for one person"
    made.now += EMERGENCY_S + 1
    assert made.as_("pia", "GET", draft).status_code == 404
    shown = made.as_("otto", "GET", "/api/runs").json()[0]["emergency"]
    assert [(one["name"], one["reason"]) for one in shown] == [("Dr Pia", "Found unconscious in the ward")]


def test_emergency_access_finds_a_patient_by_the_number(hospital: Made) -> None:
    made = hospital()
    asked = {"patient": "T-1", "reason": "Found unconscious in the ward"}
    assert {run["id"] for run in made.as_("otto", "POST", "/api/emergency", json=asked).json()} == {
        made.own_run, made.other_run,
    }  # fmt: skip
    assert made.as_("otto", "GET", f"/api/runs/{made.own_run}/draft").status_code == 200
    rows = {row.entry().case: row.entry().action for row in made.access.audit.entries() if row.entry().user == "otto"}
    assert rows[scope_of(made.other_case)] == "saw", "what was open to them anyway stands in the record as well"


def test_a_care_team_takes_people_in_and_never_loses_its_last(hospital: Made) -> None:
    made = hospital()
    team = f"/api/runs/{made.other_run}/team"
    assert made.as_("pia", "GET", f"/api/runs/{made.other_run}").status_code == 404
    assert made.as_("otto", "PUT", team, json={"add": ["pia"]}).json()["members"] == ["otto", "pia"]
    assert made.as_("pia", "GET", f"/api/runs/{made.other_run}").status_code == 200
    assert made.as_("pia", "PUT", team, json={"remove": ["otto"]}).json()["members"] == ["pia"]
    assert made.as_("pia", "PUT", team, json={"remove": ["pia"]}).status_code == 409
    for nobody in ("adam", "none"):
        assert made.as_("pia", "PUT", team, json={"add": [nobody]}).status_code == 422
    by_number = f"/api/teams/{scope_of(made.other_case)}"
    assert made.as_("adam", "PUT", by_number, json={"add": ["otto"]}).json()["members"] == ["pia", "otto"]


@pytest.mark.hazard("HAZ-19")
def test_who_signs_gives_the_password_again_and_signs_with_their_own_name(hospital: Made) -> None:
    made = hospital()
    url = f"/api/runs/{made.own_run}/sign"
    draft = made.as_("pia", "GET", f"/api/runs/{made.own_run}/draft").json()
    body = {"draft_hash": draft["draft_hash"], "decisions": [{"index": 0, "action": "accept"}], "reviewer": "Dr House"}
    assert made.as_("pia", "POST", url, json=body).status_code == 403
    assert made.as_("pia", "POST", url, json=body | {"password": "wrong wrong wrong"}).status_code == 403
    last = made.access.audit.entries()[-1].entry()
    assert (last.user, last.what, last.outcome, last.run) == ("pia", "sign", "denied", made.own_run)
    assert made.as_("pia", "GET", f"/api/runs/{made.own_run}/draft").json()["state"] == "preliminary"
    signed = made.as_("rita", "POST", url, json=body | {"password": PASSWORD}).json()
    assert (signed["state"], signed["reviewer"]) == ("signed", "Dr Rita")


@pytest.mark.hazard("HAZ-30")
def test_too_many_logins_from_one_address_are_told_when_to_come_again(hospital: Made) -> None:
    made = hospital()
    answers = [made.as_(None, "POST", "/api/session", json={"name": f"n{i}", "password": "x"}) for i in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {403}
    assert answers[20].status_code == 429
    assert 1 <= int(answers[20].headers["Retry-After"]) <= 300


@pytest.mark.parametrize(
    ("address", "counted"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
     ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
     ("2001:db8:1:3::9", "2001:db8:1:3::/64"), ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::/64"),
     ("", ""), ("testclient", "testclient")],
)  # fmt: skip
def test_a_machine_that_changes_its_address_within_its_network_is_counted_as_one(address: str, counted: str) -> None:
    assert origin(address) == counted


@pytest.mark.hazard("HAZ-30")
def test_the_amounts_of_one_person_are_not_those_of_another(hospital: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.trust.quota import Quota

    made = hospital()
    object.__setattr__(made.access, "quota", Quota({"requests": "3/minute", "work": "1/hour", "upload": "2/day"}))
    put = f"/api/cases/{made.own_case}/file?path=notes/a.md"
    sizes = [made.as_("lab", "PUT", put, content=b"x" * n * 1024 * 1024).status_code for n in (1, 2)]
    assert sizes == [200, 429]
    assert [made.as_("pia", "GET", "/api/runs").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert made.as_("otto", "GET", "/api/runs").status_code == 200
    stop = f"/api/runs/{made.other_run}/stop"
    assert [made.as_("otto", "POST", stop).status_code for _ in range(2)] == [409, 429]
