"""Every route for every role, for the own case and another's, without a login and after it expired."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Mount, Route

from agent.trust.identity import Actor, Role
from agent.trust.policy import ROUTES, SCOPES, Permission, listed, permits
from agent.trust.sessions import IDLE_S, csrf_token
from tests.agent.trust.conftest import Hospital, refused

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "access.tsv"
ROWS = list(csv.DictReader(GOLDEN.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
WHO = {"physician": "pia", "reviewer": "rita", "researcher": "sam", "admin": "adam", "service": "lab"}
WHO["service_without_scopes"] = "idle"
Made = Callable[..., Hospital]


def _names(hospital: Hospital, *, own: bool) -> dict[str, str]:
    return {
        "run_id": hospital.own_run if own else hospital.other_run,
        "case_id": hospital.own_case if own else hospital.other_case,
        "evidence_id": "ev-0",
        "handle": "note-1",
        "name": "none.png",
        "scope": "case-0",
        "path:path": "none.js",
    }


def _body(hospital: Hospital, template: str, *, own: bool) -> dict[str, Any]:
    """What gets a request past the checks of its form, where the case stands in the body."""
    run, case = (_names(hospital, own=own)[name] for name in ("run_id", "case_id"))
    return {
        "/api/runs": {"case": case},
        "/v1/chat/completions": {"model": run, "messages": [{"role": "user", "content": " "}]},
        "/api/emergency": {"run": run, "reason": "short"},
    }.get(template, {})


def _ask(hospital: Hospital, row: dict[str, str], who: str | None, *, own: bool) -> bool:
    """Whether a request of that kind gets through."""
    path = _path(hospital, row["route"], own=own)
    return not refused(hospital.as_(who, row["method"], path, json=_body(hospital, row["route"], own=own)))


def _path(hospital: Hospital, template: str, *, own: bool) -> str:
    for name, value in _names(hospital, own=own).items():
        template = template.replace(f"{{{name}}}", value)
    return template


def routes(of: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Method and template of every route of an application, those of included routers as well."""
    for route in of:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/{{path:path}}"
        elif isinstance(route, Route) or hasattr(route, "methods"):
            yield from ((method, route.path) for method in (route.methods or ()) if method != "HEAD")
        else:
            yield from routes(route.effective_candidates())  # type: ignore[attr-defined]


CLINICAL = ("/api/runs", "/api/cases", "/api/emergency", "/v1/")
OFFICE = ("/api/accounts", "/api/teams", "/api/audit")
HERE = {("DELETE", "/api/session"), ("POST", "/api/session"), ("PUT", "/api/password")}
TAKES_PART = {("PUT", "/api/runs/{run_id}/decisions"), ("POST", "/api/runs/{run_id}/sign"),
              ("POST", "/api/runs/{run_id}/check-edit")}  # fmt: skip
COMPUTES = {f"/api/runs/{{run_id}}/{name}" for name in ("what-if", "outline", "evidence/{evidence_id}/views")}
ORIGINALS = ("/api/cases", "events", "picture", "pictures", "volumes", "segmentations", "report.", "decisions", "team",
             "audit")  # fmt: skip


def _allowed(role: Role, scopes: frozenset[Permission] = frozenset()) -> set[tuple[str, str]]:
    actor = Actor(user="x", role=role, means="password", scopes=scopes)
    return {route for route, rule in ROUTES.items() if permits(actor, rule)}


@pytest.mark.hazard("HAZ-19")
def test_what_each_role_must_never_be_allowed() -> None:
    """By paths and methods alone, so that a table that was regenerated from a wrong policy is noticed."""
    admin, researcher, reviewer = (_allowed(role) for role in ("admin", "researcher", "reviewer"))
    physician, program = _allowed("physician"), _allowed("service", SCOPES)
    assert [route for route in admin if route[1].startswith(CLINICAL)] == []
    for role in (physician, reviewer, researcher, program):
        assert [route for route in role if route[1].startswith(OFFICE)] == []
    assert [route for route in researcher - HERE if route[0] != "GET"] == []
    assert [path for _, path in researcher if any(part in path for part in ORIGINALS)] == []
    assert {path for method, path in reviewer - HERE - TAKES_PART if method != "GET"} == COMPUTES
    assert program & TAKES_PART == set()
    assert {who for who, may in (("physician", physician), ("program", program)) if ("POST", "/api/emergency") in may
            } == {"physician"}  # fmt: skip
    assert [route for route in _allowed("service") if route[1].startswith(CLINICAL + OFFICE)] == []
    assert {route for route, rule in ROUTES.items() if rule.permission == "public"} <= HERE | {
        ("GET", path) for path in ("/", "/assets/{path:path}", "/login", "/oidc/start", "/oidc/callback",
                                   "/api/session")
    }  # fmt: skip
    about_one = {route for route in ROUTES if "{run_id}" in route[1] or "{case_id}" in route[1]}
    assert {route for route in about_one if ROUTES[route].subject not in ("run", "case")} == set()
    # Of no case are those routes alone that make one; a further route says by which case it is decided.
    assert {route for route, rule in ROUTES.items() if rule.permission.startswith("case.") and rule.subject == "none"
            } == {("POST", "/api/cases"), ("POST", "/api/cases/example")}  # fmt: skip


def _unlisted(app: FastAPI) -> set[tuple[str, str]]:
    return set(routes(app.router.routes)) - set(ROUTES)


@pytest.mark.hazard("HAZ-19")
def test_every_route_is_in_the_table_and_the_table_has_no_other(hospital: Made, tmp_path: Path) -> None:
    from agent.server import create_app

    (tmp_path / "page" / "assets").mkdir(parents=True)
    made = hospital()
    consilium = made.client.app.state.office.consilium  # type: ignore[attr-defined]
    app = create_app(consilium, page=tmp_path / "page")
    assert set(routes(app.router.routes)) == set(ROUTES)
    assert {(row["method"], row["route"]) for row in ROWS} == set(ROUTES)


def test_a_route_that_is_not_listed_is_noticed_and_is_not_reached(hospital: Made) -> None:
    made = hospital()
    router = APIRouter(prefix="/api")
    router.get("/forgotten")(lambda: {"secret": "SECRET"})
    made.client.app.include_router(router)  # type: ignore[attr-defined]
    assert _unlisted(made.client.app) == {("GET", "/api/forgotten")}  # type: ignore[arg-type]
    answer = made.as_("pia", "GET", "/api/forgotten")
    assert answer.status_code == 404
    assert "SECRET" not in answer.text
    assert listed("GET", "/api/forgotten") is None


@pytest.mark.hazard("HAZ-19")
def test_every_route_for_every_role_and_case(hospital: Made) -> None:
    made = hospital()
    wrong = []
    for row in ROWS:
        about_a_case = row["other_case"] in ("no", "yes")
        for role, who in WHO.items():
            may = row[role] == "yes"
            if _ask(made, row, who, own=True) != may:
                wrong.append((row["method"], row["route"], role, "own"))
            if about_a_case and _ask(made, row, who, own=False) != (may and row["other_case"] == "yes"):
                wrong.append((row["method"], row["route"], role, "other"))
        if _ask(made, row, None, own=True) != (row["login"] == "no"):
            wrong.append((row["method"], row["route"], "nobody", "own"))
    assert wrong == []


def test_lists_leave_out_what_is_not_open(hospital: Made) -> None:
    made = hospital()
    for who, expected in (("pia", [made.own_run]), ("otto", [made.other_run]), ("lab", [made.own_run])):
        assert [run["id"] for run in made.as_(who, "GET", "/api/runs").json()] == expected
        assert [run["id"] for run in made.as_(who, "GET", "/v1/models").json()["data"]] == expected


@pytest.mark.hazard("HAZ-19")
def test_a_session_that_expired_opens_nothing(hospital: Made) -> None:
    made = hospital()
    needing = [row for row in ROWS if row["login"] == "needed"]
    for row in needing:
        secret = made.login("pia")
        made.now += IDLE_S
        path = _path(made, row["route"], own=True)
        headers = {"Cookie": f"{made.access.cookie}={secret}", "X-CSRF-Token": csrf_token(secret)}
        made.client.cookies.clear()
        answer = made.client.request(
            row["method"],
            path,
            headers=headers | {"Origin": "http://127.0.0.1"},
            json=_body(made, row["route"], own=True),
        )
        assert answer.status_code == 401, row


@pytest.mark.hazard("HAZ-19")
def test_a_case_of_somebody_else_cannot_be_told_from_none(hospital: Made) -> None:
    made = hospital()
    for there, not_there in ((made.other_run, "20260101-000000-abcdef"),):
        answers = [made.as_("pia", "GET", f"/api/runs/{run}/draft") for run in (there, not_there)]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].content == answers[1].content


def test_a_change_without_the_token_of_the_page_is_refused(hospital: Made) -> None:
    made = hospital()
    secret = made.login("pia")
    cookie = {"Cookie": f"{made.access.cookie}={secret}", "Origin": "http://127.0.0.1"}
    made.client.cookies.clear()
    assert made.client.post("/api/cases", headers=cookie).status_code == 403
    wrong = cookie | {"X-CSRF-Token": csrf_token("another session")}
    assert made.client.post("/api/cases", headers=wrong).status_code == 403
    right = cookie | {"X-CSRF-Token": csrf_token(secret)}
    assert made.client.post("/api/cases", headers=right | {"Origin": "http://evil"}).status_code == 403
    assert made.client.post("/api/cases", headers=right).status_code == 201
