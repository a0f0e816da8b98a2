"""The audit record in the page: of a case for its team, of everything for an administrator, and nothing clinical."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.agent.trust.conftest import Hospital

REASON = "CANARYREASON found unconscious on the ward"
Made = Callable[..., Hospital]


@pytest.mark.hazard("HAZ-28")
def test_an_administrator_reads_who_saw_a_case_and_nothing_of_the_patient(hospital: Made) -> None:
    made = hospital()
    scope = made.access.store.scope(made.other_run)
    made.as_("otto", "GET", f"/api/runs/{made.other_run}/draft")
    made.as_("pia", "GET", f"/api/runs/{made.other_run}/draft")
    made.as_("pia", "POST", "/api/emergency", json={"run": made.other_run, "reason": REASON})
    answer = made.as_("adam", "GET", "/api/audit", params={"case": scope})
    rows = [(row["user"], row["action"], row["outcome"]) for row in answer.json()["rows"]]
    assert rows[:4] == [
        ("adam", "read_record", "allowed"),
        ("pia", "emergency_access", "allowed"),
        ("pia", "saw", "denied"),
        ("otto", "saw", "allowed"),
    ]
    assert {row["case"] for row in answer.json()["rows"]} == {scope}
    assert "CANARY" not in answer.text
    assert "T-1" not in answer.text, "the number of the patient"


def test_a_reviewer_reads_who_saw_a_case_of_their_team_and_no_other(hospital: Made) -> None:
    made = hospital()
    made.as_("pia", "GET", f"/api/runs/{made.own_run}/draft")
    own = made.as_("rita", "GET", f"/api/runs/{made.own_run}/audit").json()["rows"]
    assert [(row["user"], row["what"]) for row in own[:2]] == [("rita", "show_record"), ("pia", "show_draft")]
    assert made.as_("rita", "GET", f"/api/runs/{made.other_run}/audit").status_code == 404
    assert made.as_("rita", "GET", "/api/audit").status_code == 403


def test_rows_come_page_by_page_from_the_last_to_the_first(hospital: Made) -> None:
    made = hospital()
    for _ in range(5):
        made.as_("adam", "GET", "/api/accounts")
    numbers: list[int] = []
    before: int | None = None
    pages = 0
    while True:
        asked = {"count": 2} | ({} if before is None else {"before": before})
        page = made.as_("adam", "GET", "/api/audit", params=asked).json()
        numbers += [row["number"] for row in page["rows"]]
        pages, before = pages + 1, page["before"]
        if before is None:
            break
    assert numbers == list(range(numbers[0], 0, -1))
    assert pages == -(-numbers[0] // 2)


@pytest.mark.parametrize("case", ["T-1", "case-x", "case-0123456789abcdef' OR 1=1"])
def test_what_is_no_number_of_a_case_is_refused(hospital: Made, case: str) -> None:
    answer = hospital().as_("adam", "GET", "/api/audit", params={"case": case})
    assert answer.status_code == 422
    assert case not in answer.text


def test_a_lock_out_is_ended_by_an_administrator_and_recorded(hospital: Made) -> None:
    made = hospital()
    for _ in range(5):
        made.as_(None, "POST", "/api/session", json={"name": "pia", "password": "wrong wrong wrong"})
    listed = {one["name"]: one["locked_until"] for one in made.as_("adam", "GET", "/api/accounts").json()}
    assert listed["pia"] is not None
    secret = made.login("pia")
    answer = made.as_("adam", "PATCH", "/api/accounts/pia", json={"unlock": True})
    assert answer.json()["locked_until"] is None
    assert made.access.sessions.find(secret) is not None, "sessions go on"
    last = made.as_("adam", "GET", "/api/audit").json()["rows"][1]
    assert (last["user"], last["what"], last["account"]) == ("adam", "account.unlock", "pia")
