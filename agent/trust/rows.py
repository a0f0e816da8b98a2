"""Small encrypted records by kind and key, in one SQLite file: accounts, sessions, care teams."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.trust.vault import CaseSeal

_SCHEMA = "CREATE TABLE IF NOT EXISTS rows (kind TEXT, key TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, key))"


class SealedRows:
    """Safe for several threads and several processes. A body opens only with its seal, and only in its own place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as connection:
            connection.execute(_SCHEMA)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA secure_delete=ON")
            yield connection
        finally:
            connection.close()

    def get(self, seal: CaseSeal, kind: str, key: str) -> str | None:
        """The record, or None. Raises `NotSealed` if it was altered or moved."""
        with self._connection() as connection:
            return self._read(connection, seal, kind, key)

    def keys(self, kind: str) -> list[str]:
        """The keys of all records of a kind, in the order in which they were made."""
        with self._connection() as connection:
            rows = connection.execute("SELECT key FROM rows WHERE kind=? ORDER BY rowid", (kind,)).fetchall()
        return [row[0] for row in rows]

    def change(self, seal: CaseSeal, kind: str, key: str, change: Callable[[str | None], str | None]) -> None:
        """Put `change(record)` in place of the record, in one step; None (before or after) stands for no record.

        Nothing is changed if `change` raises.
        """
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                before = self._read(connection, seal, kind, key)
                after = change(before)
                if after is None:
                    connection.execute("DELETE FROM rows WHERE kind=? AND key=?", (kind, key))
                elif after != before:
                    body = seal.seal_text(after, _place(kind, key))
                    upsert = "INSERT INTO rows VALUES (?,?,?) ON CONFLICT (kind, key) DO UPDATE SET body=excluded.body"
                    connection.execute(upsert, (kind, key, body))
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def remove(self, kind: str, key: str) -> None:
        """Remove a record, which need not be there."""
        with self._connection() as connection:
            connection.execute("DELETE FROM rows WHERE kind=? AND key=?", (kind, key))

    def _read(self, connection: sqlite3.Connection, seal: CaseSeal, kind: str, key: str) -> str | None:
        row = connection.execute("SELECT body FROM rows WHERE kind=? AND key=?", (kind, key)).fetchone()
        return None if row is None else seal.open_text(row[0], _place(kind, key))


def _place(kind: str, key: str) -> str:
    return f"{kind}|{key}"
