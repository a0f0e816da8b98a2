"""What an adapter gives: items with verdicts, figures with 95 % intervals, and what could not be scored, apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from pydantic import Field

from evals.scoring.intervals import Estimate, averaged, wilson
from knowledge.errors import ConsiliumError
from tools.evidence import Record

Verdict = Literal["right", "wrong", "abstained", "failed", "not_scored"]


class Item(Record):
    """One item of a benchmark.

    Attributes:
        verdict: `abstained` where Consilium gave no answer, `failed` where it broke down (both count as not right);
            `not_scored` where the benchmark's own row gives nothing to compare with.
        group: what the item is broken down by, such as the calculator.
        values: numbers of a graded item, such as a Dice score.
    """

    id: str
    verdict: Verdict
    given: str | None = None
    expected: str | None = None
    reason: str = ""
    group: str | None = None
    values: dict[str, float] = Field(default_factory=dict)


class Figure(Record):
    """One figure: its estimate, and what it counts. `percent` is false for one that is no share, such as mm."""

    name: str
    estimate: Estimate
    about: str
    percent: bool = True
    digits: int = 3


class Result(Record):
    """A benchmark run. `not_scored` items are in no figure; `notes` say how the run was set up and what to mind."""

    benchmark: str
    data: str
    items: tuple[Item, ...]
    figures: tuple[Figure, ...]
    not_scored: int
    seconds: float
    notes: tuple[str, ...] = ()


def scored_one(identifier: str, group: str | None, work: Callable[[], Item]) -> Item:
    """The item that `work` gives. What breaks down is an item too, so that one bad row does not lose the others."""
    try:
        return work()
    except ConsiliumError as error:
        return Item(id=identifier, verdict="failed", reason=str(error), group=group)
    except Exception as error:
        return Item(id=identifier, verdict="failed", reason=f"a bug: {type(error).__name__}: {error}", group=group)


def scorable(items: Iterable[Item]) -> list[Item]:
    """The items that are counted."""
    return [item for item in items if item.verdict != "not_scored"]


def tallied(items: Sequence[Item], right: str = "right, of all") -> tuple[Figure, ...]:
    """The usual figures of right, wrong and abstained items, with Wilson's intervals."""
    kept = scorable(items)
    count = {v: sum(item.verdict == v for item in kept) for v in ("right", "wrong", "abstained", "failed")}
    answered = count["right"] + count["wrong"]
    return (
        Figure(name=right, estimate=wilson(count["right"], len(kept)), about="an abstention is not right"),
        Figure(name="right, of answered", estimate=wilson(count["right"], answered), about="abstentions left out"),
        Figure(name="wrong", estimate=wilson(count["wrong"], len(kept)), about="answered, and not so"),
        Figure(name="abstained", estimate=wilson(count["abstained"], len(kept)), about="no answer was given"),
        Figure(name="failed", estimate=wilson(count["failed"], len(kept)), about="an error instead of an answer"),
    )


def mean_figure(name: str, values: Sequence[float], about: str, percent: bool = False, digits: int = 3) -> Figure:
    """The mean of a number over items, with a bootstrap interval."""
    return Figure(name=name, estimate=averaged(values), about=about, percent=percent, digits=digits)


def finished(
    benchmark: str,
    data: str,
    items: Sequence[Item],
    figures: Iterable[Figure],
    started: float,
    notes: Iterable[str] = (),
) -> Result:
    """The result of a run that began at `started` (`time.perf_counter`)."""
    return Result(
        benchmark=benchmark,
        data=data,
        items=tuple(items),
        figures=tuple(figures),
        not_scored=len(items) - len(scorable(items)),
        seconds=round(time.perf_counter() - started, 2),
        notes=tuple(notes),
    )
