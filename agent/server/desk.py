"""What the page keeps beside the runs: questions with their answers, and decisions that are not signed yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.runs import RunStore
from agent.server.records import Decisions, Turn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    run_id TEXT NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (run_id, number)
);
CREATE TABLE IF NOT EXISTS decisions (run_id TEXT PRIMARY KEY, body BLOB NOT NULL);
"""


class DeskStore:
    """One SQLite file; safe for several threads."""

    def __init__(self, path: Path, store: RunStore) -> None:
        """`store` has the keys: everything here is encrypted as the run that it belongs to."""
        self._path, self._store = path, store
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA secure_delete=ON")
            with connection:
                yield connection
        finally:
            connection.close()

    def add_turn(self, run_id: str, question: str) -> Turn:
        """Record a question before it is worked on."""
        with self._connection() as connection:
            count = connection.execute("SELECT count(*) FROM turns WHERE run_id=?", (run_id,)).fetchone()[0]
            turn = Turn(number=count + 1, question=question)
            connection.execute("INSERT INTO turns VALUES (?,?,?)", (run_id, turn.number, self._sealed(run_id, turn)))
        return turn

    def set_turn(self, run_id: str, turn: Turn) -> None:
        """Replace a turn by the same with its answer."""
        with self._connection() as connection:
            row = (self._sealed(run_id, turn), run_id, turn.number)
            connection.execute("UPDATE turns SET body=? WHERE run_id=? AND number=?", row)

    def turns(self, run_id: str) -> tuple[Turn, ...]:
        """The questions of a run in order."""
        with self._connection() as connection:
            query = "SELECT number, body FROM turns WHERE run_id=? ORDER BY number"
            rows = connection.execute(query, (run_id,)).fetchall()
        seal = self._store.seal(run_id)
        return tuple(Turn.model_validate_json(seal.open(body, f"turn|{run_id}|{number}")) for number, body in rows)

    def _sealed(self, run_id: str, turn: Turn) -> bytes:
        return self._store.seal(run_id).seal_text(turn.model_dump_json(), f"turn|{run_id}|{turn.number}")

    def remove(self, run_id: str) -> None:
        """Remove everything of a run."""
        with self._connection() as connection:
            connection.execute("DELETE FROM turns WHERE run_id=?", (run_id,))
            connection.execute("DELETE FROM decisions WHERE run_id=?", (run_id,))

    def keep_decisions(self, run_id: str, decisions: Decisions) -> None:
        """Keep what was decided so far."""
        body = self._store.seal(run_id).seal_text(decisions.model_dump_json(), f"decisions|{run_id}")
        with self._connection() as connection:
            connection.execute("INSERT OR REPLACE INTO decisions VALUES (?,?)", (run_id, body))

    def decisions(self, run_id: str) -> Decisions | None:
        """What was decided so far."""
        with self._connection() as connection:
            row = connection.execute("SELECT body FROM decisions WHERE run_id=?", (run_id,)).fetchone()
        if row is None:
            return None
        return Decisions.model_validate_json(self._store.seal(run_id).open(row[0], f"decisions|{run_id}"))
