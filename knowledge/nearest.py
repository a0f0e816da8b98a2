"""What would change a recommendation: the fewest facts that, changed, turn its criteria.

For a recommendation that applies, changes after which it does not; otherwise, changes after which it does. Each is
found by evaluating the recommendation's own criteria again with the facts replaced (`FactBook.with_overrides`), so
that it is a counterfactual of the rule itself and not an approximation of it: the smallest sets of changes first
(Wachter S, Mittelstadt B, Russell C. Harv J Law Technol 2018;31:841-887, on nearest counterfactuals).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from itertools import combinations, product
from typing import NamedTuple

from knowledge.criteria import (
    AssumeAbsent,
    Compare,
    Criterion,
    InCodes,
    Leaf,
    Outcome,
    Present,
    Truth,
    evaluate,
    leaves,
)
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactSpec, FactValue, vocabulary

MAX_CHANGES_TOGETHER = 2
MAX_FOUND = 8
MAX_CODES = 6
MAX_SAME_FACTS = 2
# Nobody's sex or ancestry is a course of action; age only grows, and is shown as it is asked.
_FIXED = frozenset({"patient.sex", "patient.ancestry"})


class Change(NamedTuple):
    """One fact: its value now (None: unknown) and the value that it would have to have, in the vocabulary's unit."""

    fact: str
    now: FactValue | None
    then: FactValue
    unit: str | None


class Turn(NamedTuple):
    """Changes that together turn the answer, and the answer after them."""

    changes: tuple[Change, ...]
    then: Truth


def nearest(criterion: Criterion, facts: FactBook, as_of: dt.date | None = None) -> tuple[Outcome, tuple[Turn, ...]]:
    """The answer now, and the smallest sets of changes that turn it; none if more than two facts must change."""
    now = evaluate(criterion, facts, as_of)
    wanted = now.truth is not Truth.APPLIES
    options = {
        name: found for name, found in _options(criterion, facts, wanted=wanted).items() if found and name not in _FIXED
    }
    turns: list[Turn] = []
    for size in range(1, MAX_CHANGES_TOGETHER + 1):
        for names in combinations(options, size):
            for changes in product(*(options[name] for name in names)):
                then = evaluate(criterion, facts.with_overrides(_stated(changes, as_of)), as_of).truth
                if (then is Truth.APPLIES) == wanted:
                    turns.append(Turn(changes, then))
        if turns:
            break
    return now, tuple(_chosen(turns))


def _chosen(turns: list[Turn]) -> list[Turn]:
    """The nearest first, at most `MAX_SAME_FACTS` of the same facts; a clear no rather than a "cannot tell"."""
    clear = [turn for turn in turns if turn.then is not Truth.CANNOT_TELL] or turns
    clear.sort(key=lambda turn: sum(map(_distance, turn.changes)))
    kept: list[Turn] = []
    for turn in clear:
        names = [change.fact for change in turn.changes]
        if sum([change.fact for change in other.changes] == names for other in kept) < MAX_SAME_FACTS:
            kept.append(turn)
    return kept[:MAX_FOUND]


def latest_day(facts: FactBook) -> dt.date | None:
    """The latest date of any fact, for a case that has no date of its own."""
    days = (entry.fact.at for name in facts.names() for entry in facts.all(name) if entry.fact.at is not None)
    return max((day.date() if isinstance(day, dt.datetime) else day for day in days), default=None)


def _stated(changes: Iterable[Change], as_of: dt.date | None) -> Iterator[SourcedFact]:
    for change in changes:
        fact = Fact(name=change.fact, value=change.then, unit=change.unit, at=as_of)
        yield SourcedFact(fact, "what-if", Authority.PHYSICIAN)


def _options(criterion: Criterion, facts: FactBook, *, wanted: bool) -> dict[str, list[Change]]:
    """For each fact that the criterion asks for, the values that could turn it, nearest first."""
    found: dict[str, list[Change]] = {}
    for leaf in leaves(criterion):
        spec, now = vocabulary().spec(leaf.fact), facts.value(leaf.fact)
        held = found.setdefault(leaf.fact, [])
        for value in _values(leaf, spec, now, wanted=wanted):
            change = Change(leaf.fact, now, value, spec.unit)
            if value != now and change not in held:
                held.append(change)
    return found


def _values(leaf: Leaf, spec: FactSpec, now: FactValue | None, *, wanted: bool) -> Iterator[FactValue]:
    if isinstance(leaf, Present | AssumeAbsent):
        yield from (True, False) if wanted == isinstance(leaf, Present) else (False, True)
    elif isinstance(leaf, Compare):
        yield from _numbers(leaf, spec)
    elif isinstance(leaf, InCodes):
        inside = [code for code in spec.values if spec.code_ancestors(code) & leaf.codes]
        outside = [code for code in spec.values if not spec.code_ancestors(code) & leaf.codes]
        order = list(spec.values)
        at = order.index(str(now)) if now in spec.values else 0
        for group in (inside, outside):
            yield from sorted(group, key=lambda code: abs(order.index(code) - at))[:MAX_CODES]


def _numbers(leaf: Compare, spec: FactSpec) -> Iterator[FactValue]:
    """Each limit, and the next value on either side of it."""
    for _, limit in leaf.bounds:
        step = 1.0 if spec.kind == "integer" else _step(limit)
        low, high = spec.plausible or (-math.inf, math.inf)
        for value in (limit, limit - step, limit + step):
            if low <= value <= high and (spec.kind != "integer" or value == int(value)):
                yield int(value) if spec.kind == "integer" else round(value, 6)


def _step(limit: float) -> float:
    """A hundredth of the power of ten below the limit: 0.1 at 14, 0.01 at 1.5, 1 at 130."""
    return float(10.0 ** (math.floor(math.log10(abs(limit))) - 2)) if limit else 0.01


def _distance(change: Change) -> float:
    if isinstance(change.now, bool | str | None) or isinstance(change.then, bool | str):
        return 1.0 if change.now is not None else 0.5
    return min(abs(change.then - change.now) / max(abs(change.now), abs(change.then), 1e-9), 1.0)
