"""A disk that is full or fails at the Nth write loses nothing that was accepted, and signs nothing by accident."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agent.cli import main
from agent.runs import RunStore
from agent.scripted import ScriptedModel
from agent.service import Consilium
from agent.trust.checkpoints import sealed_saver
from knowledge.errors import ConsiliumError, ToolFailed
from tests.agent.conftest import CASE_YAML, Counter, calls, counter  # noqa: F401
from tests.agent.test_graph import GOOD, READY, good_draft

ACCEPT = [{"index": 0, "action": "accept"}]
FULL = sqlite3.OperationalError("database or disk is full")
BROKEN = sqlite3.OperationalError("disk I/O error")
DEVICE = OSError(errno.ENOSPC, "No space left on device")


class Disk:
    """Lets writes through until the `left`-th, which fails, and all after it until it is mended."""

    def __init__(self, error: Exception) -> None:
        self.error, self.left, self.count = error, -1, 0
        self._lock = threading.Lock()

    def write(self) -> None:
        with self._lock:
            self.count += 1
            if 0 <= self.left < self.count:
                raise self.error


class _Cursor(sqlite3.Cursor):
    disk: Disk

    def _checked(self, run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE", "REPLAC"):
            self.disk.write()
        return run(sql, *rest)

    def execute(self, sql: str, *rest: Any) -> Any:
        return self._checked(super().execute, sql, *rest)

    def executemany(self, sql: str, *rest: Any) -> Any:
        return self._checked(super().executemany, sql, *rest)


class _Connection(sqlite3.Connection):
    disk: Disk

    def cursor(self, factory: Any = None) -> Any:
        made = super().cursor(_Cursor)
        made.disk = self.disk
        return made

    def execute(self, sql: str, *rest: Any) -> Any:
        return self.cursor().execute(sql, *rest)

    def executemany(self, sql: str, *rest: Any) -> Any:
        return self.cursor().executemany(sql, *rest)


ERRORS: list[Exception] = [FULL, BROKEN, DEVICE]


@pytest.fixture(params=ERRORS, ids=["full", "I/O error", "no space"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk(request.param)
    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> Any:
        connection = connect(*arguments, factory=_Connection, **options)
        connection.disk = made
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)
    yield made
    made.left = -1


@pytest.fixture
def case_folder(tmp_path: Path) -> Path:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.yaml").write_text(CASE_YAML, encoding="utf-8")
    return tmp_path / "case"


def _consilium(folder: Path) -> Consilium:
    """Its answers depend on what was said, not on how often it was asked, as a real model's would."""

    def speaks(messages: list[Any], offered: frozenset[str]) -> AIMessage:
        if "write_draft" in offered:
            return good_draft(messages, offered)
        return READY if any(m.type == "tool" for m in messages) else calls("measure")

    return Consilium(folder, ScriptedModel(script=[speaks]))


def _whole(consilium: Consilium, folder: Path) -> str:
    run = consilium.start(folder)
    list(consilium.work(run.id))
    return consilium.sign(run.id, ACCEPT, "Dr Example").draft.hash


@pytest.mark.slow
def test_a_disk_that_fails_at_any_write_loses_and_signs_nothing(
    tmp_path: Path,
    case_folder: Path,
    disk: Disk,
    counter: Counter,  # noqa: F811
) -> None:
    expected = _whole(_consilium(tmp_path / "undisturbed"), case_folder)
    writes = disk.count
    assert writes > 15
    # Every seventh write, another seventh for each kind of error.
    for number in range(1 + 2 * ERRORS.index(disk.error), writes + 1, 7):
        folder = tmp_path / f"at-{number}"
        disk.left = -1
        consilium = _consilium(folder)
        disk.count, disk.left = 0, number
        accepted = None
        try:
            accepted = consilium.start(case_folder).id
            list(consilium.work(accepted))
            consilium.sign(accepted, ACCEPT, "Dr Example")
        except (sqlite3.Error, OSError, ConsiliumError):
            pass
        disk.left = -1
        again = _consilium(folder)
        assert [run.id for run in again.store.runs()] == ([accepted] if accepted else [])
        if accepted is None:
            continue
        assert again.store.run(accepted).state != "signed" or again.store.reports(accepted)
        list(again.work(accepted))
        if again.report(accepted).state == "preliminary":
            again.sign(accepted, ACCEPT, "Dr Example")
        assert again.report(accepted).draft.hash == expected, number
        assert len(again.store.reports(accepted)) == 1


def test_of_many_that_resume_one_run_at_once_one_wins(
    tmp_path: Path,
    case_folder: Path,
    counter: Counter,  # noqa: F811
) -> None:
    first = _consilium(tmp_path / "runs")
    run = first.start(case_folder)
    outcomes: list[str] = []
    gate = threading.Barrier(8)

    def resume() -> None:
        mine = _consilium(tmp_path / "runs")
        gate.wait()
        try:
            list(mine.work(run.id))
            outcomes.append("worked")
        except ToolFailed as error:
            outcomes.append("refused" if "another process" in str(error) else str(error))

    threads = [threading.Thread(target=resume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"worked", "refused"}
    assert "worked" in outcomes
    assert counter.calls == 1, "the tool ran once, whoever won"
    assert [s.text for s in first.report(run.id).draft.statements] == [GOOD]


def test_the_state_of_a_run_of_thirty_steps_stays_small(
    tmp_path: Path,
    case_folder: Path,
    counter: Counter,  # noqa: F811
) -> None:
    """Eight questions after the draft make more than thirty steps; no checkpoint of them holds 100 kB or a picture."""
    consilium = _consilium(tmp_path / "runs")
    run = consilium.start(case_folder)
    list(consilium.work(run.id))
    for number in range(8):
        list(consilium.ask(run.id, f"How large is it, asked for the time {number}?"))
    plain = JsonPlusSerializer()
    with sealed_saver(consilium.store.checkpoints, consilium.store.seal(run.id), run.id) as saver:
        kept = saver.list({"configurable": {"thread_id": run.id}})
        bodies = [plain.dumps_typed(item.checkpoint)[1] + plain.dumps_typed(item.metadata)[1] for item in kept]
    with sqlite3.connect(consilium.store.checkpoints) as connection:
        (largest,) = connection.execute("SELECT max(length(checkpoint)) FROM checkpoints").fetchone()
    connection.close()
    assert len(bodies) >= 30
    assert any(GOOD.encode() in body for body in bodies), "they are read as they were written"
    assert largest < 100_000
    assert not any(b"\x89PNG" in body or b"NUMPY" in body for body in bodies)


@pytest.mark.parametrize("error", [FULL, BROKEN, DEVICE], ids=["full", "I/O error", "no space"])
def test_the_command_line_says_a_full_disk_in_one_line(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path))
    RunStore(tmp_path / "runs")

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(sqlite3, "connect", refuse)
    capsys.readouterr()
    with pytest.raises(SystemExit) as after:
        main(["audit", "verify"])
    said = capsys.readouterr().err
    assert after.value.code == 1
    assert said.startswith("Failed: The disk")
    assert said.count("\n") == 1
