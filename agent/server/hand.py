"""The process that works for the service: one order a line comes in, events go out, as JSON lines.

It ends when the service does: the other end of its standard input is then closed.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO


def _listen(source: TextIO, orders: queue.Queue[dict[str, Any]]) -> None:
    for line in source:
        orders.put(json.loads(line))
    os._exit(0)


def main(directory: Path) -> None:
    """Do orders until the service is gone. Whatever libraries print goes to standard error."""
    # Messages have their own descriptor: a library that prints must not be taken for one.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    orders: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, orders), daemon=True).start()

    from agent.server.hands import perform
    from agent.service import Consilium
    from agent.trust.egress import enforce

    enforce()
    consilium = Consilium(directory)

    def send(**message: Any) -> None:
        out.write(json.dumps(message, ensure_ascii=False, default=str) + "\n")

    while True:
        order = orders.get()
        try:
            for event in perform(consilium, order):
                send(**{"is": "event", "event": event})
            send(**{"is": "done"})
        except Exception as error:
            send(**ended(error))


def ended(error: Exception) -> dict[str, str]:
    """How an order that failed is told to the service: of a bug its place only, since its text may quote the case."""
    from agent.storage import storage_problem
    from knowledge.errors import ConsiliumError, ToolRetry

    if isinstance(error, ConsiliumError):
        return {"is": "retry" if isinstance(error, ToolRetry) else "failed", "text": str(error)}
    if (problem := storage_problem(error)) is not None:
        return {"is": "failed", "text": problem}
    where = traceback.extract_tb(error.__traceback__)[-1]
    return {"is": "bug", "text": f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
