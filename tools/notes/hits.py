"""A raw hit: a fact and the characters that say it, before its context is read."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

from knowledge.facts import Fact, FactValue


class Hit(NamedTuple):
    """A fact at characters `start` to `end`. `anchor` is where its context is read (default: the whole hit)."""

    fact: Fact
    start: int
    end: int
    assumed: str | None = None
    deniable: bool = False


def hit(name: str, value: FactValue, unit: str | None, start: int, end: int, assumed: str | None = None) -> Hit | None:
    """A hit with a plausible fact, or None where the fact is not declared, or the value cannot be."""
    try:
        fact = Fact(name=name, value=value, unit=unit)
    except ValidationError:
        return None
    return Hit(fact, start, end, assumed) if fact.is_plausible() else None
