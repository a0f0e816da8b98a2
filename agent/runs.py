"""The record of runs: one SQLite file for runs, evidence and tool results, one folder a run for artifacts.

A run is recorded before anything else happens. Evidence is written once and never changed. A finished tool
call is stored under (run, call key), so a run that is resumed does not repeat it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from agent.trust.vault import CaseSeal, Shredded, Vault
from knowledge.errors import ToolFailed, ToolRetry
from tools.artifacts import Artifacts
from tools.case import Case, Language, Note
from tools.evidence import Evidence, Record

RunState = Literal["working", "to_review", "signed", "failed"]
_WORD = re.compile(r"^[A-Za-z ]{0,60}$")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, scope TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL,
    state TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', head BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS evidence (
    run_id TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (run_id, key)
);
CREATE TABLE IF NOT EXISTS calls (
    run_id TEXT NOT NULL, key TEXT NOT NULL, result BLOB NOT NULL, PRIMARY KEY (run_id, key)
);
CREATE TABLE IF NOT EXISTS spans (
    run_id TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS reports (
    run_id TEXT NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (run_id, number)
);
PRAGMA user_version = 2;
"""
UPLOADED = "case-"


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
    """All runs under one folder. Safe for several threads and several processes.

    Whatever says something of a patient is sealed with the data key of its case (`agent.trust.vault`); ids, times,
    states and the name of the model are not.
    """

    def __init__(self, directory: Path) -> None:
        """Opens or makes the store. Raises `ToolFailed` if the key is wrong or what is there is not encrypted."""
        self.directory = directory
        refuse_plain(directory)
        self.vault = Vault(directory)
        self._scopes: dict[str, str] = {}
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
            connection.execute("PRAGMA secure_delete=ON")
            with connection:
                yield connection
        finally:
            connection.close()

    def seal(self, run_id: str) -> CaseSeal:
        """The seal of the case that a run is of. Raises `ToolFailed` if there is no such run, or it was destroyed."""
        return self.vault.seal_of(self.scope(run_id))

    def scope(self, run_id: str) -> str:
        """The name under which the vault keeps the case of a run."""
        if run_id not in self._scopes:
            with self._connection() as connection:
                row = connection.execute("SELECT scope FROM runs WHERE id=?", (run_id,)).fetchone()
            if row is None:
                raise ToolFailed(f"There is no run {run_id}.")
            self._scopes[run_id] = str(row[0])
        return self._scopes[run_id]

    def uploaded(self, run_id: str) -> str | None:
        """The id of the uploaded case that a run is of; None for a folder of this machine."""
        scope = self.scope(run_id)
        return scope.removeprefix(UPLOADED) if scope.startswith(UPLOADED) else None

    def of_scope(self, scope: str) -> list[str]:
        """The ids of all runs of a case."""
        with self._connection() as connection:
            rows = connection.execute("SELECT id FROM runs WHERE scope=? ORDER BY rowid", (scope,)).fetchall()
        return [row[0] for row in rows]

    def create(
        self,
        case: Case,
        question: str,
        model: str,
        language: Language,
        scope: str | None = None,
        root: Path | None = None,
    ) -> Run:
        """Record a new run of `case`, with the paths of its attachments, before any work is done.

        Args:
            scope: the name of the case in the vault; by default one of its own.
            root: folder of an uploaded case that is open now; paths are kept relative to it.
        """
        created = dt.datetime.now(dt.UTC)
        run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        paths = {a.handle: str(a.path.relative_to(root) if root else a.path) for a in case.attachments}
        run = Run(
            id=run_id,
            created=created,
            case_id=case.id,
            question=question,
            model=model,
            language=language,
            state="working",
        )
        kept = scope or f"run-{run_id}"
        seal = self.vault.make(kept)
        head = seal.seal_text(json.dumps([case.id, question], ensure_ascii=False), f"head|{run_id}")
        body = seal.seal_text(json.dumps([case.model_dump_json(), paths], ensure_ascii=False), f"case|{run_id}")
        row = (run_id, created.isoformat(), kept, model, language, head, body)
        with self._connection() as connection:
            connection.execute("INSERT INTO runs VALUES (?,?,?,?,?,'working','',?,?)", row)
        return run

    def runs(self) -> list[Run]:
        """All runs that can be read, newest first: in the order of recording, whatever the clock said."""
        return self._select("ORDER BY rowid DESC")

    def find(self, run_id: str) -> Run | None:
        """The run with exactly that id."""
        return next(iter(self._select("WHERE id=?", run_id)), None)

    def _select(self, where: str, *given: str) -> list[Run]:
        query = f"SELECT id, created, scope, model, language, state, note, head FROM runs {where}"  # noqa: S608
        with self._connection() as connection:
            rows = connection.execute(query, given).fetchall()
        found = []
        for run_id, created, scope, model, language, state, note, head in rows:
            try:
                case_id, question = json.loads(self.vault.seal_of(scope).open_text(head, f"head|{run_id}"))
            except Shredded:
                continue
            found.append(
                Run(
                    id=run_id, created=created, case_id=case_id, question=question, model=model, language=language,
                    state=state, note=note,
                )
            )  # fmt: skip
        return found

    def run(self, run_id: str) -> Run:
        """The run with that id (or the only one that starts with it). Raises `ToolRetry` if there is none."""
        if run_id == "last":
            found = self._select("ORDER BY rowid DESC LIMIT 1")
        else:
            found = self._select("WHERE substr(id, 1, length(?1)) = ?1", run_id) if run_id else []
        if len(found) != 1:
            raise ToolRetry(
                f"{len(found) or 'No'} runs have an id that starts with {run_id!r}. `consilium runs` lists them."
            )
        return found[0]

    def case(self, run_id: str, root: Path | None = None) -> Case:
        """The case of a run, with the paths of its attachments.

        Args:
            root: where the files of an uploaded case are open; without it their paths lead nowhere.
        """
        seal = self.seal(run_id)
        with self._connection() as connection:
            row = connection.execute("SELECT body FROM runs WHERE id=?", (run_id,)).fetchone()
        body, paths = json.loads(seal.open_text(row[0], f"case|{run_id}"))
        case = Case.model_validate_json(body)
        base = root or (Path("not-open") if self.uploaded(run_id) else Path())
        attached = tuple(a.model_copy(update={"path": base / paths[a.handle]}) for a in case.attachments)
        return case.model_copy(update={"attachments": attached})

    def case_with_conversation(self, run_id: str, root: Path | None = None) -> Case:
        """The case with what the physician said in the conversation as further notes, so that quotes can be checked."""
        case, artifacts = self.case(run_id, root), self.artifacts(run_id)
        said = tuple(
            Note(handle=name.removesuffix(".txt"), title="conversation", text=artifacts.read(name).decode())
            for name in artifacts.names()
            if name.startswith("chat-")
        )
        return case.model_copy(update={"notes": case.notes + said})

    def set_state(self, run_id: str, state: RunState, note: str = "") -> None:
        """Set the state of a run. A signed run keeps its state. `note` is the name of an error, never a text of it."""
        kept = note if _WORD.match(note) else "error"
        with self._connection() as connection:
            connection.execute("UPDATE runs SET state=?, note=? WHERE id=? AND state<>'signed'", (state, kept, run_id))

    def artifacts(self, run_id: str) -> Artifacts:
        """The run's masks and pictures."""
        return Artifacts(self.directory / "runs" / run_id, self.seal(run_id))

    def add_evidence(self, run_id: str, items: Iterable[Evidence]) -> None:
        """Add evidence; what is already there stays as it is."""
        seal = self.seal(run_id)
        keyed = [(seal.blind(item.id), item) for item in items]
        rows = [(run_id, k, seal.seal_text(i.model_dump_json(), f"evidence|{run_id}|{k}")) for k, i in keyed]
        with self._connection() as connection:
            connection.executemany("INSERT OR IGNORE INTO evidence VALUES (?,?,?)", rows)

    def evidence(self, run_id: str) -> dict[str, Evidence]:
        """All evidence of a run by id, in the order in which it came. Raises `ToolFailed` if a row was altered."""
        seal = self.seal(run_id)
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT key, body FROM evidence WHERE run_id=? ORDER BY rowid", (run_id,)
            ).fetchall()
        found = (Evidence.model_validate_json(seal.open(body, f"evidence|{run_id}|{key}")) for key, body in rows)
        return {item.id: item for item in found}

    def finished_call(self, run_id: str, key: str) -> dict[str, Any] | None:
        """The stored result of a tool call, if it finished before."""
        seal = self.seal(run_id)
        blind = seal.blind(key)
        with self._connection() as connection:
            row = connection.execute("SELECT result FROM calls WHERE run_id=? AND key=?", (run_id, blind)).fetchone()
        if row is None:
            return None
        return dict(json.loads(seal.open(row[0], f"call|{run_id}|{blind}"))["result"])

    def finish_call(self, run_id: str, key: str, tool: str, result: Mapping[str, Any]) -> None:
        """Store the result of a tool call."""
        seal = self.seal(run_id)
        blind = seal.blind(key)
        body = seal.seal_text(
            json.dumps({"tool": tool, "result": dict(result)}, ensure_ascii=False), f"call|{run_id}|{blind}"
        )
        with self._connection() as connection:
            connection.execute("INSERT OR IGNORE INTO calls VALUES (?,?,?)", (run_id, blind, body))

    def add_span(self, run_id: str, span: Span) -> None:
        """Keep the record of one model or tool call."""
        body = self.seal(run_id).seal_text(span.model_dump_json(), f"span|{run_id}")
        with self._connection() as connection:
            connection.execute("INSERT INTO spans VALUES (?,?)", (run_id, body))

    def spans(self, run_id: str) -> list[Span]:
        """The model and tool calls of a run by the time at which they began."""
        seal = self.seal(run_id)
        with self._connection() as connection:
            rows = connection.execute("SELECT body FROM spans WHERE run_id=?", (run_id,)).fetchall()
        found = (Span.model_validate_json(seal.open(row[0], f"span|{run_id}")) for row in rows)
        return sorted(found, key=lambda span: span.started)

    def add_report(self, run_id: str, body: str) -> int:
        """Keep a signed report for good; returns its number within the run, from 1."""
        seal = self.seal(run_id)
        with self._connection() as connection:
            number = connection.execute("SELECT count(*) FROM reports WHERE run_id=?", (run_id,)).fetchone()[0] + 1
            row = (run_id, number, seal.seal_text(body, f"report|{run_id}|{number}"))
            connection.execute("INSERT INTO reports VALUES (?,?,?)", row)
        return int(number)

    def reports(self, run_id: str) -> list[str]:
        """The signed reports of a run as JSON, oldest first."""
        seal = self.seal(run_id)
        query = "SELECT number, body FROM reports WHERE run_id=? ORDER BY number"
        with self._connection() as connection:
            rows = connection.execute(query, (run_id,)).fetchall()
        return [seal.open_text(body, f"report|{run_id}|{number}") for number, body in rows]

    def shred(self, scope: str) -> list[str]:
        """Destroy the data key of a case for good, then remove what it protected; returns the ids of its runs."""
        found = self.of_scope(scope)
        self.vault.shred(scope)
        with self._connection() as connection:
            for run_id in found:
                for table in ("evidence", "calls", "spans", "reports"):
                    connection.execute(f"DELETE FROM {table} WHERE run_id=?", (run_id,))  # noqa: S608
                connection.execute("DELETE FROM runs WHERE id=?", (run_id,))
        for run_id in found:
            shutil.rmtree(self.directory / "runs" / run_id, ignore_errors=True)
            self._scopes.pop(run_id, None)
        return found


def refuse_plain(directory: Path) -> None:
    """Make the folder of a store. Raises `ToolFailed` if it holds runs that are not encrypted, or has lost its keys."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / "runs.sqlite"
    if not path.exists() or (directory / "vault" / "store.key").exists():
        return
    connection = sqlite3.connect(path, timeout=30)
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name='runs'").fetchone()[0]
        if tables and connection.execute("SELECT count(*) FROM runs").fetchone()[0]:
            raise ToolFailed(
                f"{directory} holds runs without the keys that belong to them (an older version did not encrypt). "
                "Nothing was changed. Move this folder away, or put its folder `vault` back."
            )
        if tables:
            connection.executescript("DROP TABLE runs; DROP TABLE evidence; DROP TABLE calls; DROP TABLE reports;")
    finally:
        connection.close()
