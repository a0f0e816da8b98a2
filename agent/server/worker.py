"""One thread that has runs worked on, one after another, and can break any of them off within a second."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from typing import Any, cast

from agent.server import queueing
from agent.server.bus import AT_REST, Bus
from agent.server.desk import DeskStore
from agent.server.hands import Died, Hand, HandBug, OwnHand
from agent.server.queueing import Full, Job, Line
from agent.server.records import AnsweredStatement, Turn
from agent.service import Consilium
from agent.storage import storage_problem
from knowledge.errors import ConsiliumError

LOG = logging.getLogger("consilium.server")
STOPPED = "stopped"


class Worker:
    """The queue and the thread. One run has at most one job at a time."""

    def __init__(self, consilium: Consilium, desk: DeskStore, bus: Bus, hand: Hand | None = None) -> None:
        self._consilium, self._desk, self._bus = consilium, desk, bus
        self._hand = hand or OwnHand(consilium)
        self._line = Line()
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
        """End at once; what is unfinished is taken up at the next start."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._bus.shut_down()
        self._hand.close()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def has_room(self) -> bool:
        """Whether one more job may wait."""
        with self._changed:
            return len(self._line) < queueing.MAX_WAITING

    def submit(self, job: Job) -> int:
        """Queue a job; returns its place. Raises `Full`, or `ConsiliumError` if the run has a job already."""
        with self._changed:
            if self._place(job.key) is not None:
                raise ConsiliumError(f"Run {job.run_id} is already being worked on.")
            if len(self._line) >= queueing.MAX_WAITING:
                raise Full
            self._put(job)
            return self._place(job.key) or 0

    def _put(self, job: Job) -> None:
        self._bus.open(job.key)
        with self._changed:
            self._cancelled.discard(job.key)
            self._line.add(job)
            self._changed.notify_all()

    def place(self, key: str) -> int | None:
        """0 while the job with that key is worked on, its place from 1 while it waits, None when there is none."""
        with self._changed:
            return self._place(key)

    def _place(self, key: str) -> int | None:
        if self._current is not None and self._current.key == key:
            return 0
        return next((i for i, job in enumerate(self._line.order(), start=1) if job.key == key), None)

    def cancel(self, key: str) -> bool:
        """Break off a run, whether it waits or is worked on. False if it does neither."""
        with self._changed:
            waiting = next((job for job in self._line.waiting if job.key == key), None)
            if waiting is None:
                if self._current is None or self._current.key != key:
                    return False
                self._cancelled.add(key)
                self._hand.kill()
                return True
            self._line.remove(waiting)
        self._stopped(waiting)
        self._bus.close(key)
        return True

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self._line) or self._ending)
                if self._ending:
                    return
                self._current = job = self._line.take()
            try:
                self._work(job)
            except Exception as error:  # what became of it could not be stored either; the next job must be worked on
                LOG.error(
                    "run %s: its end is not stored: %s", job.run_id, storage_problem(error) or type(error).__name__
                )
            finally:
                with self._changed:
                    self._current = None
                if not self._ending:
                    self._bus.publish(job.key, {"event": AT_REST})
                    self._bus.close(job.key)

    def _work(self, job: Job) -> None:
        try:
            finished = self._follow(job)
            if finished and job.turn is not None:
                self._answered(job.run_id, job.turn)
        except Died:
            self._died(job)
        except ConsiliumError as error:
            self._failed(job, str(error))
        except Exception as error:
            what = str(error) if isinstance(error, HandBug) else type(error).__name__
            LOG.error("run %s: %s", job.run_id, what)
            bug = f"This is a bug in Consilium ({what}). Nothing that was stored is lost."
            self._failed(job, storage_problem(error) or bug)

    def _follow(self, job: Job) -> bool:
        """Send the events of a job on; False if it was stopped."""
        events = cast("Generator[dict[str, Any], None, None]", self._hand.do(job.order()))
        try:
            for event in events:
                self._bus.publish(job.key, event)
                if job.key in self._cancelled:
                    events.close()
                    self._stopped(job)
                    return False
                if self._ending:
                    return False
        finally:
            events.close()
        return True

    def _died(self, job: Job) -> None:
        """The working process is gone: because it was stopped, because the service ends, or by itself."""
        if job.key in self._cancelled:
            self._stopped(job)
        elif not self._ending:
            message = "The process that worked on this ended (out of memory?). Nothing that was finished is lost."
            try:
                if not job.short:
                    self._consilium.store.set_state(job.run_id, "failed", "process ended")
            finally:
                self._failed(job, message)

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
        self._cancelled.discard(job.key)
        if not job.short:
            self._consilium.store.set_state(job.run_id, "failed", STOPPED)
        self._end_turn(job, "")
        self._bus.publish(job.key, {"event": "stopped"})

    def _failed(self, job: Job, message: str) -> None:
        try:
            self._end_turn(job, message)
        finally:
            self._bus.publish(job.key, {"event": "failed", "message": message})

    def _end_turn(self, job: Job, message: str) -> None:
        if job.turn is not None:
            self._desk.set_turn(job.run_id, job.turn.model_copy(update={"state": "failed", "message": message}))
