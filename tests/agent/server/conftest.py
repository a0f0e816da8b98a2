"""The service with a scripted model and small tools, as one browser sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from langchain_core.messages import AIMessage, BaseMessage

from agent.server import create_app
from agent.service import Consilium
from tests.agent.conftest import CASE_YAML, calls, nodule_id, writes

ORIGIN = {"Origin": "http://127.0.0.1"}


def measured(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
    """A draft of one supported sentence."""
    return writes("A solid nodule in the right lung measures 14 mm.", nodule_id(messages))


def answered(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
    """An answer of one supported sentence."""
    return writes("The nodule measures 14 mm.", nodule_id(messages))


READY = AIMessage("READY")
SCRIPT = (calls("measure"), READY, measured)


@pytest.fixture
def opened(scripted: Callable[..., Consilium], counter: object) -> Iterator[Callable[..., TestClient]]:
    """Opens the service with a script; the client has logged in and sends the page's Origin."""
    with ExitStack() as stack:

        def make(*script: object, login: bool = True, consilium: Consilium | None = None) -> TestClient:
            app = create_app(consilium or scripted(*(script or SCRIPT)))
            client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
            stack.enter_context(client)
            if login:
                client.get("/login", params={"token": app.state.sessions.link_token}, follow_redirects=False)
                client.headers.update(ORIGIN | {"X-CSRF-Token": client.cookies["consilium_csrf"]})
            return client

        yield make


def add_case(client: TestClient, name: str = "case.yaml", body: bytes = CASE_YAML.encode()) -> str:
    """A case of one file; returns its id."""
    case_id = str(client.post("/api/cases").json()["id"])
    client.put(f"/api/cases/{case_id}/file", params={"path": name}, content=body).raise_for_status()
    return case_id


def start(client: TestClient) -> str:
    """A run of a new case; returns its id."""
    answer = client.post("/api/runs", json={"case": add_case(client)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def at_rest(client: TestClient, run_id: str, seconds: float = 60) -> dict[str, object]:
    """The run once nothing works on it any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run: dict[str, object] = client.get(f"/api/runs/{run_id}").json()["run"]
        if run["place"] is None:
            return run
        time.sleep(0.05)
    raise AssertionError("the run never came to rest")


def events(answer: httpx.Response) -> list[tuple[str, str]]:
    """Number and data of each event of a finished stream."""
    found = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append((fields["id"], fields["data"]))
    return found


def files_under(folder: Path) -> set[str]:
    """Paths of all files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
