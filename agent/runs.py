"""The record of runs: one SQLite file for runs, evidence and tool results, one folder a run for artifacts.

A run is recorded before anything else happens. Evidence is written once and never changed. A finished tool
call is stored under (run, call key), so a run that is resumed does not repeat it.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from knowledge.errors import ToolFailed, ToolRetry
from tools.artifacts import Artifacts
from tools.case import Case, Language, Note
from tools.evidence import Evidence, Record

RunState = Literal["working", "to_review", "signed", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, created TEXT NOT NULL,
    case_id TEXT NOT NULL, case_json TEXT NOT NULL, paths_json TEXT NOT NULL,
    question TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL,
    state TEXT NOT NULL, note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS evidence (
    run_id TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, id)
);
CREATE TABLE IF NOT EXISTS calls (
    run_id TEXT NOT NULL, key TEXT NOT NULL, tool TEXT NOT NULL, result TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
);
CREATE TABLE IF NOT EXISTS spans (
    run_id TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS reports (
    run_id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, number)
);
"""


class Run(Record):
    """One recorded run, as listed."""

    id: str
    created: dt.datetime
    case_id: str
    question: str
    model: str
    language: Language
    state: RunState
    note: str = ""


class Span(Record):
    """One model or tool call of a run: when it began (seconds since 1970), how long it took, and what it was."""

    name: str
    started: float
    seconds: float
    attributes: dict[str, str | int | float | bool]


class RunStore:
    """All runs under one folder. Safe for several threads and several processes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    @property
    def checkpoints(self) -> Path:
        """The SQLite file of the graph's checkpoints."""
        return self.directory / "checkpoints.sqlite"

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.directory / "runs.sqlite", timeout=30)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                yield connection
        finally:
            connection.close()

    def create(self, case: Case, question: str, model: str, language: Language) -> Run:
        """Record a new run of `case`, with the paths of its attachments, before any work is done."""
        created = dt.datetime.now(dt.UTC)
        run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        paths = {item.handle: str(item.path) for item in case.attachments}
        run = Run(
            id=run_id,
            created=created,
            case_id=case.id,
            question=question,
            model=model,
            language=language,
            state="working",
        )
        row = (
            run_id,
            created.isoformat(),
            case.id,
            case.model_dump_json(),
            json.dumps(paths),
            question,
            model,
            language,
        )
        with self._connection() as connection:
            connection.execute("INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,'working','')", row)
        return run

    def runs(self) -> list[Run]:
        """All runs, newest first."""
        query = "SELECT id, created, case_id, question, model, language, state, note FROM runs ORDER BY created DESC"
        with self._connection() as connection:
            rows = connection.execute(query).fetchall()
        return [Run.model_validate(dict(zip(Run.model_fields, row, strict=True))) for row in rows]

    def run(self, run_id: str) -> Run:
        """The run with that id (or the only one that starts with it). Raises `ToolRetry` if there is none."""
        found = [run for run in self.runs() if run.id.startswith(run_id)] if run_id else []
        if run_id == "last" and self.runs():
            return self.runs()[0]
        if len(found) != 1:
            raise ToolRetry(
                f"{len(found) or 'No'} runs have an id that starts with {run_id!r}. `consilium runs` lists them."
            )
        return found[0]

    def case(self, run_id: str) -> Case:
        """The case of a run, with the paths of its attachments."""
        with self._connection() as connection:
            row = connection.execute("SELECT case_json, paths_json FROM runs WHERE id=?", (run_id,)).fetchone()
        if row is None:
            raise ToolFailed(f"There is no run {run_id}.")
        case, paths = Case.model_validate_json(row[0]), json.loads(row[1])
        attached = tuple(a.model_copy(update={"path": Path(paths[a.handle])}) for a in case.attachments)
        return case.model_copy(update={"attachments": attached})

    def case_with_conversation(self, run_id: str) -> Case:
        """The case with what the physician said in the conversation as further notes, so that quotes can be checked."""
        case, artifacts = self.case(run_id), self.artifacts(run_id)
        said = tuple(
            Note(handle=name.removesuffix(".txt"), title="conversation", text=artifacts.read(name).decode())
            for name in artifacts.names()
            if name.startswith("chat-")
        )
        return case.model_copy(update={"notes": case.notes + said})

    def set_state(self, run_id: str, state: RunState, note: str = "") -> None:
        """Set the state of a run. A signed run keeps its state."""
        with self._connection() as connection:
            connection.execute("UPDATE runs SET state=?, note=? WHERE id=? AND state<>'signed'", (state, note, run_id))

    def artifacts(self, run_id: str) -> Artifacts:
        """Where the run's masks and pictures are."""
        return Artifacts(self.directory / "runs" / run_id)

    def add_evidence(self, run_id: str, items: Iterable[Evidence]) -> None:
        """Add evidence; what is already there stays as it is."""
        rows = [(run_id, item.id, item.model_dump_json()) for item in items]
        with self._connection() as connection:
            connection.executemany("INSERT OR IGNORE INTO evidence VALUES (?,?,?)", rows)

    def evidence(self, run_id: str) -> dict[str, Evidence]:
        """All evidence of a run by id, in the order in which it came. Raises `ToolFailed` if a row was altered."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT id, body FROM evidence WHERE run_id=? ORDER BY rowid", (run_id,)
            ).fetchall()
        try:
            return {key: Evidence.model_validate_json(body) for key, body in rows}
        except ValueError as error:
            raise ToolFailed(f"The evidence of run {run_id} was altered: {error}") from None

    def finished_call(self, run_id: str, key: str) -> dict[str, Any] | None:
        """The stored result of a tool call, if it finished before."""
        with self._connection() as connection:
            row = connection.execute("SELECT result FROM calls WHERE run_id=? AND key=?", (run_id, key)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def finish_call(self, run_id: str, key: str, tool: str, result: Mapping[str, Any]) -> None:
        """Store the result of a tool call."""
        body = json.dumps(result, ensure_ascii=False)
        with self._connection() as connection:
            connection.execute("INSERT OR IGNORE INTO calls VALUES (?,?,?,?)", (run_id, key, tool, body))

    def add_span(self, run_id: str, span: Span) -> None:
        """Keep the record of one model or tool call."""
        with self._connection() as connection:
            connection.execute("INSERT INTO spans VALUES (?,?)", (run_id, span.model_dump_json()))

    def spans(self, run_id: str) -> list[Span]:
        """The model and tool calls of a run by the time at which they began."""
        with self._connection() as connection:
            rows = connection.execute("SELECT body FROM spans WHERE run_id=?", (run_id,)).fetchall()
        return sorted((Span.model_validate_json(row[0]) for row in rows), key=lambda span: span.started)

    def add_report(self, run_id: str, body: str) -> int:
        """Keep a signed report for good; returns its number within the run, from 1."""
        with self._connection() as connection:
            number = connection.execute("SELECT count(*) FROM reports WHERE run_id=?", (run_id,)).fetchone()[0] + 1
            connection.execute("INSERT INTO reports VALUES (?,?,?)", (run_id, number, body))
        return int(number)

    def reports(self, run_id: str) -> list[str]:
        """The signed reports of a run as JSON, oldest first."""
        with self._connection() as connection:
            rows = connection.execute("SELECT body FROM reports WHERE run_id=? ORDER BY number", (run_id,)).fetchall()
        return [row[0] for row in rows]
