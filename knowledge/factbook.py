"""What is known of one patient, as facts with their sources: look-up, hierarchy, conflicts.

A `FactBook` is filled from evidence and read by criteria and risk models. It never guesses: a fact that no
source gives is missing, and two sources that disagree are reported as a conflict beside the value in use.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from knowledge.facts import Fact, FactValue, vocabulary


class Authority(IntEnum):
    """How much a source is believed when sources disagree; higher wins, then the later date."""

    NOTE = 1
    TOOL = 2
    STRUCTURED = 3
    PHYSICIAN = 4


class SourcedFact(NamedTuple):
    """A fact, the evidence that carries it, and how far that source is believed.

    `derived_from` names the fact of which this one is a consequence in the hierarchy, if it is one.
    """

    fact: Fact
    evidence_id: str
    authority: Authority
    derived_from: str | None = None


class Conflict(NamedTuple):
    """Two sources that disagree about one fact: the one in use and the other."""

    name: str
    used: SourcedFact
    other: SourcedFact


class FactBook:
    """Patient-scope facts by name, best source first."""

    def __init__(self, entries: Iterable[SourcedFact] = ()) -> None:
        self._entries: dict[str, list[SourcedFact]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: SourcedFact) -> None:
        """Record a fact, for a boolean what follows from it in the hierarchy, and the tests that its value shows."""
        if entry.fact.spec.scope != "patient":
            return
        self._insert(entry)
        if isinstance(entry.fact.value, bool):
            for name in vocabulary().consequences(entry.fact.name, entry.fact.value):
                implied = Fact(name=name, value=entry.fact.value, at=entry.fact.at)
                self._insert(entry._replace(fact=implied, derived_from=entry.fact.name))
        for name in vocabulary().shown(entry.fact.name, entry.fact.value):
            shown = Fact(name=name, value=True, at=entry.fact.at)
            self._insert(entry._replace(fact=shown, derived_from=entry.fact.name))

    def _insert(self, entry: SourcedFact) -> None:
        held = self._entries.setdefault(entry.fact.name, [])
        held.append(entry)
        held.sort(key=_rank, reverse=True)
        if entry.fact.spec.kind == "code" and len(held) > 1:
            held.insert(0, held.pop(_narrowest(held)))

    def get(self, name: str) -> SourcedFact | None:
        """The best-sourced value of `name`, or None where nothing is known.

        For a boolean in the hierarchy "present" wins over "absent" of the same authority and date, because
        the absence of one kind does not speak against another. What follows from a value that a better source has
        overruled does not count.
        """
        return next(iter(self.all(name)), None)

    def _is_overruled(self, entry: SourcedFact) -> bool:
        """Whether the fact from which this one follows has another value from a better source."""
        if entry.derived_from is None or not isinstance(entry.fact.value, bool):
            return False
        held = self._entries.get(entry.derived_from, ())
        source = next((one for one in held if one.derived_from is None), None)
        if source is None or not isinstance(source.fact.value, bool) or source.authority <= entry.authority:
            return False
        return source.fact.value is not entry.fact.value

    def value(self, name: str) -> FactValue | None:
        """The value of `name` in the unit of the vocabulary, or None."""
        found = self.get(name)
        return None if found is None else found.fact.canonical()

    def all(self, name: str) -> list[SourcedFact]:
        """Every sourced value of `name`, best first, without what follows from an overruled one."""
        return [entry for entry in self._entries.get(name, ()) if not self._is_overruled(entry)]

    def names(self) -> Iterator[str]:
        """Names with at least one value."""
        return iter(self._entries)

    def conflicts(self) -> list[Conflict]:
        """Disagreements that matter: other values of a fact at the same time, or with no time to tell them apart.

        A later measurement of something that changes is not a conflict, nor is a code beside a narrower one. Numbers
        are compared with a tolerance of 5 %, because a note rounds.
        """
        found: list[Conflict] = []
        for name in self._entries:
            held = self.all(name)
            for other in held[1:]:
                if _same_time(held[0].fact, other.fact) and not _agree(held[0].fact, other.fact):
                    found.append(Conflict(name, held[0], other))
                    break
        return found

    def with_overrides(self, overrides: Iterable[SourcedFact]) -> FactBook:
        """A copy in which `overrides` replace every earlier value of the same names (for what-if); what followed from
        the earlier values is worked out again."""
        from knowledge.staging import with_consequences  # it builds on fact books

        replaced = list(overrides)
        names = {entry.fact.name for entry in replaced}
        kept = [e for held in self._entries.values() for e in held if e.fact.name not in names and not e.derived_from]
        return with_consequences(FactBook([*kept, *replaced]))


def _narrowest(held: list[SourcedFact]) -> int:
    """The place of the narrowest code that the first one of the same authority and time holds."""
    best = 0
    for place, entry in enumerate(held):
        same = _rank(entry)[:2] == _rank(held[best])[:2] and entry.fact.value != held[best].fact.value
        if same and str(held[best].fact.value) in entry.fact.spec.code_ancestors(str(entry.fact.value)):
            best = place
    return best


def _day(fact: Fact) -> dt.date | None:
    return fact.at.date() if isinstance(fact.at, dt.datetime) else fact.at


def _moment(fact: Fact) -> str:
    return fact.at.isoformat() if fact.at is not None else ""


def _rank(entry: SourcedFact) -> tuple[int, str, bool, bool]:
    return (entry.authority, _moment(entry.fact), entry.derived_from is None, entry.fact.value is True)


def _same_time(one: Fact, other: Fact) -> bool:
    return _day(one) is None or _day(other) is None or _day(one) == _day(other)


def _agree(one: Fact, other: Fact) -> bool:
    a, b = one.canonical(), other.canonical()
    if one.spec.kind == "code":
        return str(a) in one.spec.code_ancestors(str(b)) or str(b) in one.spec.code_ancestors(str(a))
    if isinstance(a, bool | str) or isinstance(b, bool | str):
        return a == b
    return abs(a - b) <= 0.05 * max(abs(a), abs(b))
