"""Who does the work of a job: this process, or a process of its own that can be killed at any moment.

A killed process gives memory and graphics card back at once. Nothing is lost by it: every finished step is in the
run's checkpoint before the next begins, and an unfinished one is done again when the run goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from agent.service import Consilium
from knowledge.errors import ToolFailed, ToolRetry
from tools.scratch import remove_left_over

_END_SECONDS = 5.0

Order = dict[str, Any]
Event = dict[str, Any]


class HandBug(RuntimeError):
    """A bug that the working process met. Its text is a kind and a place, and quotes nothing."""


class Died(Exception):
    """The process that worked ended before its job did."""


class Hand(Protocol):
    """Does one order at a time."""

    def do(self, order: Order) -> Iterator[Event]:
        """Work on an order; yields its events. Raises `ConsiliumError`, or `Died` after `kill`."""

    def kill(self) -> bool:
        """Break off what is being done. False if it can only be left after its current step."""

    def close(self) -> None:
        """End for good."""


def perform(consilium: Consilium, order: Order) -> Iterator[Event]:
    """What an order means. `task` is `work`, `ask` (with `question`; `resumed` if it was begun before),
    `outline` or `views` (with `arguments`).
    """
    run_id, task = order["run"], order["task"]
    if task == "work":
        yield from consilium.work(run_id)
    elif task == "ask":
        yield from _ask(consilium, order)
    elif task == "outline":
        from agent.server.outline import outline

        yield from outline(consilium, run_id, order["arguments"])
    elif task == "views":
        from agent.server.outline import views

        yield from views(consilium, run_id, order["arguments"]["evidence"])


def _ask(consilium: Consilium, order: Order) -> Iterator[Event]:
    """Ask. A question that an earlier process took in is finished, not asked again."""
    steps = 0
    if order.get("resumed"):
        for event in consilium.work(order["run"]):
            steps += event["event"] != "to_review"
            yield event
    if not steps:
        yield from consilium.ask(order["run"], order["question"])


class OwnHand:
    """Works in this process: for tests, and for a model that only this process has."""

    def __init__(self, consilium: Consilium) -> None:
        self._consilium = consilium

    def do(self, order: Order) -> Iterator[Event]:
        """Work on an order."""
        return perform(self._consilium, order)

    def kill(self) -> bool:
        """A thread cannot be killed."""
        return False

    def close(self) -> None:
        """Nothing to end."""


class ProcessHand:
    """Works in a process of its own, which stays for the next order and is made anew after it was killed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._reading = False

    def do(self, order: Order) -> Iterator[Event]:
        """Send the order and pass on what comes back."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        self._reading = True
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                message = json.loads(line)
                if message["is"] == "event":
                    yield message["event"]
                elif message["is"] == "done":
                    return
                else:
                    _raise(message)
        except (OSError, ValueError):
            pass
        finally:
            self._reading = False
            if process.poll() is not None:
                _shut(process)
        self._left(process)
        raise Died

    def _left(self, process: subprocess.Popen[str]) -> None:
        """Remove the open files of a case that a process had, once it is gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_END_SECONDS)
            _shut(process)
            remove_left_over()

    def kill(self) -> bool:
        """Kill the process with everything that it started."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return True
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
        process.wait()
        remove_left_over()
        if not self._reading:
            _shut(process)
        return True

    def close(self) -> None:
        """Kill the process and start no other."""
        with self._lock:
            self._closed = True
        self.kill()

    def _running(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise Died
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "agent.server.hand", str(self._directory)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                    start_new_session=True,
                )
            return self._process


def _shut(process: subprocess.Popen[str]) -> None:
    """Close the ends of a process that is gone; what could not be written to it is of no use any more."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _raise(message: dict[str, Any]) -> None:
    kinds = {"retry": ToolRetry, "failed": ToolFailed}
    if message["is"] in kinds:
        raise kinds[message["is"]](message["text"])
    raise HandBug(message["text"])
