"""The queue: in order for each person, in turn between persons, and short work before long.

One order at a time is worked on, since there is one graphics card and models are large.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from agent.server.records import Turn

MAX_WAITING = 8


class Full(Exception):
    """No more jobs can wait."""


@dataclass(frozen=True)
class Job:
    """A run to work on, a question to answer in it, or short imaging work (`task` with its `arguments`).

    `owner` is who asked: with several, they take turns.
    """

    run_id: str
    turn: Turn | None = None
    resumed: bool = False
    owner: str = ""
    arguments: dict[str, Any] | None = None
    task: str = "outline"

    @property
    def key(self) -> str:
        """What there is one job of at a time: a run with its questions, or the outlines in its scans."""
        return f"{self.run_id}/{self.task}" if self.short else self.run_id

    @property
    def short(self) -> bool:
        """Whether somebody waits at the screen for seconds of work."""
        return self.arguments is not None

    def order(self) -> dict[str, Any]:
        """What the hand is told."""
        if self.arguments is not None:
            return {"task": self.task, "run": self.run_id, "arguments": self.arguments}
        if self.turn is not None:
            return {"task": "ask", "run": self.run_id, "question": self.turn.question, "resumed": self.resumed}
        return {"task": "work", "run": self.run_id}


@dataclass
class Line:
    """Jobs that wait. Not safe for threads by itself; the worker holds a lock."""

    waiting: deque[Job] = field(default_factory=deque)
    served: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, job: Job) -> None:
        """Put a job into the line."""
        self.waiting.append(job)

    def remove(self, job: Job) -> None:
        """Take a job out."""
        self.waiting.remove(job)

    def take(self) -> Job:
        """The next job, out of the line."""
        job = self.order()[0]
        self.waiting.remove(job)
        self._count += 1
        self.served[job.owner] = self._count
        return job

    def order(self) -> list[Job]:
        """The jobs in the order in which they will be taken."""
        left, served, count, found = list(self.waiting), dict(self.served), self._count, list[Job]()
        while left:
            first = {job.owner: job for job in reversed(left)}
            short = [job for job in left if job.short]
            job = short[0] if short else min(first.values(), key=lambda j: (served.get(j.owner, 0), left.index(j)))
            left.remove(job)
            found.append(job)
            count += 1
            served[job.owner] = count
        return found
