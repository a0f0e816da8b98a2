"""The service when it is stopped with work waiting, when its database is locked, its disk full, or the clock jumps."""

from __future__ import annotations

import datetime as dt
import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from langchain_core.messages import AIMessage, BaseMessage

from agent.runs import RunStore
from agent.scripted import ScriptedModel
from agent.server import create_app
from agent.server.hand import ended
from agent.server.worker import Worker
from agent.service import Consilium
from tests.agent.conftest import Counter, calls, counter, scripted  # noqa: F401
from tests.agent.server.conftest import READY, add_case, at_rest, measured, opened, start  # noqa: F401

Opened = Callable[..., TestClient]
FULL = sqlite3.OperationalError("database or disk is full")


def speaks(messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
    """Depends on what was said only, so that a run that goes on in another process ends in the same draft."""
    if "write_draft" in offered:
        return measured(messages, offered)
    return READY if any(m.type == "tool" for m in messages) else calls("measure")


def consilium_at(folder: Path) -> Consilium:
    return Consilium(folder, ScriptedModel(script=[speaks]))


@pytest.mark.hazard("HAZ-20")
def test_every_accepted_run_is_finished_after_a_restart_under_load(
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    tmp_path: Path,
) -> None:
    app = create_app(consilium_at(tmp_path / "runs"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.headers["Authorization"] = f"Bearer {app.state.sessions.key}"
        accepted = [start(client) for _ in range(6)]
    again = opened(consilium=consilium_at(tmp_path / "runs"))
    assert [run["id"] for run in again.get("/api/runs").json()] == accepted[::-1]
    assert {str(at_rest(again, run_id)["state"]) for run_id in accepted} == {"to_review"}
    hashes = {again.get(f"/api/runs/{run_id}/draft").json()["draft_hash"] for run_id in accepted}
    assert len(hashes) == 1
    assert counter.calls <= 2 * len(accepted)


@pytest.mark.hazard("HAZ-20")
def test_a_locked_database_is_said_and_the_request_can_be_made_again(
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = opened()
    case_id = add_case(client)
    store: RunStore = client.app.state.office.consilium.store  # type: ignore[attr-defined]
    connect = sqlite3.connect
    with (
        monkeypatch.context() as patch,
        closing(connect(store.directory / "runs.sqlite", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")

        def impatient(*arguments: Any, **options: Any) -> sqlite3.Connection:
            return connect(*arguments, **{**options, "timeout": 0.05})

        patch.setattr(sqlite3, "connect", impatient)
        answer = client.post("/api/runs", json={"case": case_id})
        assert answer.status_code == 503
        assert "database is locked" in answer.json()["message"]
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/api/runs").json() == []
    run_id = str(client.post("/api/runs", json={"case": case_id}).json()["id"])
    assert at_rest(client, run_id)["state"] == "to_review"


@pytest.mark.parametrize("error", [FULL, OSError(errno.ENOSPC, "No space left on device")], ids=["database", "file"])
def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    client = opened(consilium=consilium_at(tmp_path / "runs"))
    store: RunStore = client.app.state.office.consilium.store  # type: ignore[attr-defined]

    def full(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "finish_call", full)
        run_id = start(client)
        assert at_rest(client, run_id)["state"] == "failed"
        stream = client.get(f"/api/runs/{run_id}/events").text
        assert "The disk does not take what was done" in stream
        assert "bug" not in stream
    assert client.post(f"/api/runs/{run_id}/resume").status_code == 202
    assert at_rest(client, run_id)["state"] == "to_review"
    assert len(store.runs()) == 1


@pytest.mark.hazard("HAZ-20")
def test_work_goes_on_after_a_failure_that_could_not_be_stored(
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = opened(consilium=consilium_at(tmp_path / "runs"))
    run_id = start(client)
    at_rest(client, run_id)

    def full(*_: object, **__: object) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr(Consilium, "answer", full)
        patch.setattr(Worker, "_end_turn", full)
        assert client.post(f"/api/runs/{run_id}/ask", json={"question": "Why?"}).status_code == 202
        at_rest(client, run_id)
        assert "The disk does not take what was done" in client.get(f"/api/runs/{run_id}/events").text
    assert at_rest(client, start(client))["state"] == "to_review"


def test_a_full_disk_that_the_working_process_meets_is_no_bug() -> None:
    assert "The disk does not take" in ended(FULL)["text"]
    assert ended(FULL)["is"] == "failed"
    try:
        {}["Jane Doe"]
    except KeyError as error:
        told = ended(error)
    assert told["is"] == "bug"
    assert "KeyError in test_service_faults.py" in told["text"]
    assert "Jane" not in told["text"]


def test_the_newest_run_is_the_last_one_recorded_whatever_the_clock_said(
    tmp_path: Path,
    case_folder: Path,
    counter: Counter,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consilium = consilium_at(tmp_path / "runs")
    ids = []
    for year in (2026, 2031, 2001):
        moment = dt.datetime(year, 11, 26, 12, tzinfo=dt.UTC)

        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None, at: dt.datetime = moment) -> Any:
                return at

        with monkeypatch.context() as patch:
            patch.setattr("agent.runs.dt.datetime", Clock)
            ids.append(consilium.start(case_folder).id)
    assert [run.id for run in consilium.store.runs()] == ids[::-1]
    assert consilium.store.run("last").id == ids[-1]
    for run_id in ids:
        assert [event["event"] for event in consilium.work(run_id)][-1] == "to_review"


@pytest.fixture
def case_folder(tmp_path: Path) -> Path:
    from tests.agent.conftest import CASE_YAML

    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.yaml").write_text(CASE_YAML, encoding="utf-8")
    return tmp_path / "case"
