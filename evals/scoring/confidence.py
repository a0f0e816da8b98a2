"""Calibration: how often statements of each stated confidence were right, where an expectation decided them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from agent.draft import Confidence
from evals.scoring.outcome import TurnOutcome
from tools.evidence import Record

LEVELS: tuple[Confidence, ...] = get_args(Confidence)


class Stated(Record):
    """One statement with a stated confidence, and whether what was expected of the case made it right."""

    level: Confidence
    right: bool


def stated(turn: TurnOutcome, right: Iterable[str], wrong: Iterable[str]) -> list[Stated]:
    """Statements of a draft or answer whose text met an expectation (`right`), or one that must not be (`wrong`).

    A statement that did both is wrong.
    """
    met, refused = set(right), set(wrong)
    return [
        Stated(level=item.confidence, right=item.text not in refused)
        for item in turn.written.statements
        if item.confidence is not None and item.text in met | refused
    ]


def by_level(items: Sequence[Stated]) -> dict[Confidence, tuple[int, int]]:
    """(right, all) of each level that occurs, the highest first."""
    counted = {level: [item.right for item in items if item.level == level] for level in LEVELS}
    return {level: (sum(held), len(held)) for level, held in counted.items() if held}
