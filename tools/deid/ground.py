"""Which stretches of a text are taken: looked up by bisection, so that many finds stay quick."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable


class Ground:
    """Stretches of characters that do not overlap."""

    def __init__(self, taken: Iterable[tuple[int, int]] = ()) -> None:
        self._taken: list[tuple[int, int]] = []
        for start, end in taken:
            self.take(start, end)

    def take(self, start: int, end: int) -> bool:
        """Take `start` to `end` (end excluded) if all of it is free and it is not empty; whether it was taken."""
        if start >= end or not self.is_free(start, end):
            return False
        insort(self._taken, (start, end))
        return True

    def is_free(self, start: int, end: int) -> bool:
        """Whether nothing of `start` to `end` is taken."""
        place = bisect_left(self._taken, (start, end))
        before = place == 0 or self._taken[place - 1][1] <= start
        return before and (place == len(self._taken) or end <= self._taken[place][0])
