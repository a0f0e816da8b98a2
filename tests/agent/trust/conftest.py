"""A hospital: a service with an account of each role, a case of their care team, and one of somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from agent.casefiles import scope_of
from agent.server import create_app, images
from agent.server.access import NOT_OPEN, Access
from agent.service import Consilium
from agent.trust import accounts
from agent.trust.identity import Role
from agent.trust.policy import SCOPES
from agent.trust.sessions import csrf_token
from tests.agent.conftest import CASE_YAML
from tests.agent.server.conftest import SCRIPT, opened

__all__ = ["opened"]
PASSWORD = "correct horse battery"
PEOPLE: dict[str, Role] = {
    "pia": "physician",
    "otto": "physician",
    "rita": "reviewer",
    "sam": "researcher",
    "adam": "admin",
}


@dataclass
class Hospital:
    """The service, and how each person speaks to it. `now` is what its clock says."""

    client: TestClient
    access: Access
    keys: dict[str, str] = field(default_factory=dict)
    own_case: str = ""
    own_run: str = ""
    other_case: str = ""
    other_run: str = ""
    opened: dict[str, str] = field(default_factory=dict)
    now: float = 1_800_000_000.0

    def login(self, name: str) -> str:
        """A session without the password, as it is after one was given."""
        account = self.access.accounts.find(name)
        assert account is not None
        return self.access.sessions.start(name, account.shown_name, account.role, "password")

    def headers(self, secret: str) -> dict[str, str]:
        """What the page sends in a session."""
        cookie = f"{self.access.cookie}={secret}"
        return {"Origin": "http://127.0.0.1", "Cookie": cookie, "X-CSRF-Token": csrf_token(secret)}

    def as_(self, name: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        """One request of a person in their session, of a program with its key, or of nobody."""
        headers = {"Origin": "http://127.0.0.1"}
        if name in self.keys:
            headers["Authorization"] = f"Bearer {self.keys[name]}"
        elif name is not None:
            if self.access.sessions.find(self.opened.get(name, "")) is None:
                self.opened[name] = self.login(name)
            headers = self.headers(self.opened[name])
        self.client.cookies.clear()
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)


def refused(answer: httpx.Response) -> bool:
    """Whether the request never got to the application, or the application found the case not open."""
    if answer.headers.get("content-type") != "application/json" or answer.status_code not in (401, 403, 404):
        return False
    body = answer.json()
    return (answer.status_code != 404 and body["kind"] == "refused") or NOT_OPEN in body["message"]


def new_run(consilium: Consilium, case_id: str) -> str:
    """A finished run of an uploaded case."""
    with consilium.files.opened(case_id) as folder:
        run = consilium.start(folder, uploaded=case_id)
    for _ in consilium.work(run.id):
        pass
    return run.id


@pytest.fixture
def hospital(
    scripted: Callable[..., Consilium], counter: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Hospital]]:
    """Makes a hospital; `files` is what the case of the care team holds."""
    monkeypatch.setattr(images, "SHORT_SECONDS", 2.0)
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", lambda: cheap)
    with ExitStack() as stack:

        def make(files: dict[str, bytes] | None = None, script: tuple[object, ...] = SCRIPT * 2) -> Hospital:
            consilium = scripted(*script)
            access = Access.of(consilium.store, None)
            app = create_app(consilium, access=access)
            made = Hospital(TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False), access)
            for part in (access.accounts, access.sessions, access.teams):
                monkeypatch.setattr(part, "_clock", lambda: made.now)
            stack.enter_context(made.client)
            for name, role in PEOPLE.items():
                access.accounts.add(name, role, PASSWORD, f"Dr {name.title()}")
            for name, scopes in (("lab", SCOPES), ("idle", frozenset[Any]())):
                made.keys[name] = access.accounts.add_program(name, scopes)[1]
            made.own_case, made.other_case = _cases(consilium, files)
            made.own_run = new_run(consilium, made.own_case)
            made.other_run = new_run(consilium, made.other_case)
            for user in ("pia", "rita", "sam", "lab", "idle"):
                access.teams.add(scope_of(made.own_case), user)
            access.teams.add(scope_of(made.other_case), "otto")
            return made

        yield make


def _cases(consilium: Consilium, files: dict[str, bytes] | None) -> tuple[str, str]:
    found = []
    for content in (files or {"case.yaml": CASE_YAML.encode()}, {"case.yaml": CASE_YAML.encode()}):
        case_id = consilium.files.create()
        for name, body in content.items():
            consilium.files.file(case_id, PurePosixPath(name)).write(body)
        found.append(case_id)
    return found[0], found[1]
