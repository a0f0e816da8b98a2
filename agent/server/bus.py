"""Numbered events of each run, kept in memory so that a page that was cut off goes on where it was.

After a restart the numbers start again; an id carries the start of the process, so that an old one is known as old.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

KEPT_EVENTS = 2000
KEPT_RUNS = 200
# The event that a run is at rest; the last one of a stream.
AT_REST = "idle"

Numbered = tuple[str, dict[str, Any]]


class Bus:
    """Events by run. `publish` is called by worker threads, `follow` by requests."""

    def __init__(self) -> None:
        self._boot = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._events: dict[str, deque[tuple[int, dict[str, Any]]]] = {}
        self._counts: dict[str, int] = {}
        self._followers: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._open: set[str] = set()
        self._closing = False

    def publish(self, run_id: str, event: dict[str, Any]) -> None:
        """Add an event and wake whoever follows the run."""
        with self._lock:
            kept = self._events.pop(run_id, None) or deque(maxlen=KEPT_EVENTS)
            self._events[run_id] = kept
            while len(self._events) > KEPT_RUNS:
                oldest = next(iter(self._events))
                del self._events[oldest]
            self._counts[run_id] = self._counts.get(run_id, 0) + 1
            kept.append((self._counts[run_id], event))
            self._wake(run_id)

    def open(self, run_id: str) -> None:
        """Say that events of the run will come: who follows it waits for them.

        That it came to rest before is no longer true, and is not told again to who opens the stream from its beginning.
        """
        with self._lock:
            self._open.add(run_id)
            if (kept := self._events.get(run_id)) is not None:
                moving = [(number, event) for number, event in kept if event.get("event") != AT_REST]
                self._events[run_id] = deque(moving, maxlen=KEPT_EVENTS)

    def close(self, run_id: str) -> None:
        """Say that the run is at rest: who follows it is let go after the events that are there."""
        with self._lock:
            self._open.discard(run_id)
            self._wake(run_id)

    def forget(self, run_id: str) -> None:
        """Drop the events of something that is over."""
        with self._lock:
            self._events.pop(run_id, None)

    def shut_down(self) -> None:
        """Let everybody go."""
        with self._lock:
            self._closing = True
            for run_id in list(self._followers):
                self._wake(run_id)

    def last_id(self, run_id: str) -> str | None:
        """The id of the newest event of a run; None if there is none yet."""
        with self._lock:
            count = self._counts.get(run_id)
            return f"{self._boot}-{count}" if count else None

    def after(self, run_id: str, last_id: str | None) -> tuple[list[Numbered], bool]:
        """Events after `last_id` (all of them for None or an id of another process), and whether more may come."""
        boot, _, number = (last_id or "").partition("-")
        seen = int(number) if boot == self._boot and number.isdigit() else 0
        with self._lock:
            found = [(f"{self._boot}-{n}", e) for n, e in self._events.get(run_id, ()) if n > seen]
            return found, run_id in self._open and not self._closing

    async def follow(self, run_id: str, last_id: str | None) -> AsyncIterator[Numbered]:
        """Events after `last_id` as they come, until the run is at rest."""
        mine = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._followers.setdefault(run_id, set()).add(mine)
        try:
            while True:
                mine[1].clear()
                found, more = self.after(run_id, last_id)
                for last_id, event in found:  # noqa: PLR1704
                    yield last_id, event
                if not found and not more:
                    return
                if not found:
                    await mine[1].wait()
        finally:
            with self._lock:
                self._followers[run_id].discard(mine)
                if not self._followers[run_id]:
                    del self._followers[run_id]

    def _wake(self, run_id: str) -> None:
        for loop, event in self._followers.get(run_id, ()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
