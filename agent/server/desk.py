"""What the page keeps beside the runs: questions with their answers, and decisions that are not signed yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.server.records import Decisions, Turn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    run_id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, number)
);
CREATE TABLE IF NOT EXISTS decisions (run_id TEXT PRIMARY KEY, body TEXT NOT NULL);
"""


class DeskStore:
    """One SQLite file; safe for several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            with connection:
                yield connection
        finally:
            connection.close()

    def add_turn(self, run_id: str, question: str) -> Turn:
        """Record a question before it is worked on."""
        with self._connection() as connection:
            count = connection.execute("SELECT count(*) FROM turns WHERE run_id=?", (run_id,)).fetchone()[0]
            turn = Turn(number=count + 1, question=question)
            connection.execute("INSERT INTO turns VALUES (?,?,?)", (run_id, turn.number, turn.model_dump_json()))
        return turn

    def set_turn(self, run_id: str, turn: Turn) -> None:
        """Replace a turn by the same with its answer."""
        with self._connection() as connection:
            row = (turn.model_dump_json(), run_id, turn.number)
            connection.execute("UPDATE turns SET body=? WHERE run_id=? AND number=?", row)

    def turns(self, run_id: str) -> tuple[Turn, ...]:
        """The questions of a run in order."""
        with self._connection() as connection:
            rows = connection.execute("SELECT body FROM turns WHERE run_id=? ORDER BY number", (run_id,)).fetchall()
        return tuple(Turn.model_validate_json(row[0]) for row in rows)

    def keep_decisions(self, run_id: str, decisions: Decisions) -> None:
        """Keep what was decided so far."""
        with self._connection() as connection:
            connection.execute("INSERT OR REPLACE INTO decisions VALUES (?,?)", (run_id, decisions.model_dump_json()))

    def decisions(self, run_id: str) -> Decisions | None:
        """What was decided so far."""
        with self._connection() as connection:
            row = connection.execute("SELECT body FROM decisions WHERE run_id=?", (run_id,)).fetchone()
        return Decisions.model_validate_json(row[0]) if row else None
