"""Checkpoints of the graph, encrypted. A row that is not is refused, which LangGraph's own serializer does not do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.trust.vault import CaseSeal, NotSealed

KIND = "sealed"


class SealedSerializer(JsonPlusSerializer):
    """Serialises for one run: rows are bound to the run, so that they do not open in another one."""

    def __init__(self, seal: CaseSeal, run_id: str) -> None:
        super().__init__()
        self._seal, self._context = seal, f"checkpoint|{run_id}"

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The object, serialised and encrypted with its type."""
        kind, data = super().dumps_typed(obj)
        return KIND, self._seal.seal(json.dumps(kind).encode() + b"\n" + data, self._context)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The object again. Raises `NotSealed` for a row that is not encrypted, was altered or is of another run."""
        if data[0] != KIND:
            raise NotSealed("A checkpoint is not encrypted; it is refused.")
        kind, _, body = self._seal.open(data[1], self._context).partition(b"\n")
        return super().loads_typed((json.loads(kind), body))


@contextmanager
def sealed_saver(path: Path, seal: CaseSeal, run_id: str) -> Iterator[SqliteSaver]:
    """The saver for one run."""
    with closing(sqlite3.connect(path, check_same_thread=False, timeout=30)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        yield SqliteSaver(connection, serde=SealedSerializer(seal, run_id))


def remove_checkpoints(path: Path, run_ids: list[str]) -> None:
    """Remove all checkpoints of runs."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, check_same_thread=False, timeout=30)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        saver = SqliteSaver(connection)
        for run_id in run_ids:
            saver.delete_thread(run_id)
