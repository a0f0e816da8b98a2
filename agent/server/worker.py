"""One thread that works on runs, one after another, in the order in which they were asked for."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, cast

from agent.server.bus import Bus
from agent.server.desk import DeskStore
from agent.server.records import AnsweredStatement, Turn
from agent.service import Consilium
from knowledge.errors import ConsiliumError

LOG = logging.getLogger("consilium.server")
MAX_WAITING = 8
STOPPED = "stopped"


class Full(Exception):
    """No more runs can wait."""


@dataclass(frozen=True)
class Job:
    """A run to work on, or a question to answer in it."""

    run_id: str
    turn: Turn | None = None
    resumed: bool = False


class Worker:
    """The queue and the thread. One run has at most one job at a time."""

    def __init__(self, consilium: Consilium, desk: DeskStore, bus: Bus) -> None:
        self._consilium, self._desk, self._bus = consilium, desk, bus
        self._waiting: deque[Job] = deque()
        self._current: Job | None = None
        self._cancelled: set[str] = set()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._loop, name="consilium-worker", daemon=True)

    def start(self) -> None:
        """Take up what an earlier process left unfinished, then wait for jobs."""
        for run in reversed(self._consilium.store.runs()):
            if run.state == "working":
                open_turns = [turn for turn in self._desk.turns(run.id) if turn.state == "working"]
                self._put(Job(run.id, open_turns[-1] if open_turns else None, resumed=True))
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Stop after the current step; what is unfinished is taken up at the next start."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._bus.shut_down()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def has_room(self) -> bool:
        """Whether one more job may wait."""
        with self._changed:
            return len(self._waiting) < MAX_WAITING

    def submit(self, job: Job) -> int:
        """Queue a job; returns its place. Raises `Full`, or `ConsiliumError` if the run has a job already."""
        with self._changed:
            if self._place(job.run_id) is not None:
                raise ConsiliumError(f"Run {job.run_id} is already being worked on.")
            if len(self._waiting) >= MAX_WAITING:
                raise Full
            self._put(job)
            return self._place(job.run_id) or 0

    def _put(self, job: Job) -> None:
        self._bus.open(job.run_id)
        with self._changed:
            self._cancelled.discard(job.run_id)
            self._waiting.append(job)
            self._changed.notify_all()

    def place(self, run_id: str) -> int | None:
        """0 while the run is worked on, its place from 1 while it waits, None when it is at rest."""
        with self._changed:
            return self._place(run_id)

    def _place(self, run_id: str) -> int | None:
        if self._current is not None and self._current.run_id == run_id:
            return 0
        return next((i for i, job in enumerate(self._waiting, start=1) if job.run_id == run_id), None)

    def cancel(self, run_id: str) -> bool:
        """Stop a run: at once while it waits, after the current step while it is worked on."""
        with self._changed:
            waiting = next((job for job in self._waiting if job.run_id == run_id), None)
            if waiting is not None:
                self._waiting.remove(waiting)
            elif self._current is None or self._current.run_id != run_id:
                return False
            else:
                self._cancelled.add(run_id)
                return True
        self._stopped(waiting)
        self._bus.close(run_id)
        return True

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                if self._ending:
                    return
                self._current = job = self._waiting.popleft()
            try:
                self._work(job)
            finally:
                with self._changed:
                    self._current = None
                if not self._ending:
                    self._bus.publish(job.run_id, {"event": "idle"})
                    self._bus.close(job.run_id)

    def _work(self, job: Job) -> None:
        try:
            finished = self._follow(job)
            if finished and job.turn is not None:
                self._answered(job.run_id, job.turn)
        except ConsiliumError as error:
            self._failed(job, str(error))
        except Exception as error:
            LOG.error("run %s: %s", job.run_id, type(error).__name__)
            self._failed(job, f"This is a bug in Consilium ({type(error).__name__}). Nothing that was stored is lost.")

    def _follow(self, job: Job) -> bool:
        """Send the events of a job on; False if it was stopped."""
        events = cast("Generator[dict[str, Any], None, None]", self._events(job))
        try:
            for event in events:
                self._bus.publish(job.run_id, event)
                if job.run_id in self._cancelled:
                    events.close()
                    self._stopped(job)
                    return False
                if self._ending:
                    return False
        finally:
            events.close()
        return True

    def _events(self, job: Job) -> Iterator[dict[str, Any]]:
        """Work on the run, or ask. A question that an earlier process took in is finished, not asked again."""
        if job.turn is None:
            yield from self._consilium.work(job.run_id)
            return
        steps = 0
        if job.resumed:
            for event in self._consilium.work(job.run_id):
                steps += event["event"] != "to_review"
                yield event
        if not steps:
            yield from self._consilium.ask(job.run_id, job.turn.question)

    def _answered(self, run_id: str, turn: Turn) -> None:
        draft, verification = self._consilium.answer(run_id)
        new_draft = draft.hash == self._consilium.report(run_id).draft.hash
        statements = () if new_draft else tuple(
            AnsweredStatement(
                text=statement.text,
                kind=statement.kind,
                evidence=statement.evidence,
                status=verdict.status,
                problems=verdict.problems,
            )
            for statement, verdict in zip(draft.statements, verification.verdicts, strict=True)
        )  # fmt: skip
        done = turn.model_copy(update={"state": "done", "statements": statements, "new_draft": new_draft})
        self._desk.set_turn(run_id, done)
        self._bus.publish(run_id, {"event": "answered", "number": turn.number})

    def _stopped(self, job: Job) -> None:
        self._cancelled.discard(job.run_id)
        self._consilium.store.set_state(job.run_id, "failed", STOPPED)
        self._end_turn(job, "")
        self._bus.publish(job.run_id, {"event": "stopped"})

    def _failed(self, job: Job, message: str) -> None:
        self._end_turn(job, message)
        self._bus.publish(job.run_id, {"event": "failed", "message": message})

    def _end_turn(self, job: Job, message: str) -> None:
        if job.turn is not None:
            self._desk.set_turn(job.run_id, job.turn.model_copy(update={"state": "failed", "message": message}))
