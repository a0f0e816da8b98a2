"""Criteria: when a recommendation applies, in three values (Kleene's strong logic).

`parse` reads a criterion from plain data into typed nodes, `evaluate` answers it for the facts of one patient:

- `{all: [c, …]}`, `{any: [c, …]}`, `{not: c}`, `{at_least: 2, of: [c, …]}`
- `{fact: NAME}`: the boolean fact is true. With `if_recorded: true` this and the two leaves below do not hold where
  nothing is recorded, so that a symptom or value which nobody told of is not asked for
- `{fact: NAME, ge|gt|le|lt|eq: NUMBER, unit: UCUM}`: the number lies there (several bounds may stand together)
- `{fact: NAME, in: [code, …]}`: the code is one of these or belongs to one of them; one that is known more coarsely
  leaves the answer open
- `{assume_absent: NAME}`: holds unless the boolean fact is known to be present; an assumption is named in the answer
- `within: 90 d` on a `fact` leaf: the value must date from that time before the case. A true boolean from earlier does
  not hold, an older measurement or an undated value leaves the answer open, a known absence stays an absence.

Kleene, S. C. Introduction to Metamathematics (1952), section 64: "all" is the minimum and "any" the maximum of
false < unknown < true.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from knowledge.errors import ToolRetry
from knowledge.factbook import FactBook, SourcedFact
from knowledge.facts import FactSpec, vocabulary
from knowledge.units import convert


class Truth(Enum):
    """The three values. `bool()` of one is refused: ask for the value that is meant."""

    APPLIES = "applies"
    DOES_NOT_APPLY = "does_not_apply"
    CANNOT_TELL = "cannot_tell"

    def __bool__(self) -> bool:
        raise TypeError("a three-valued answer is not a bool")


_TRUTH = {True: Truth.APPLIES, False: Truth.DOES_NOT_APPLY, None: Truth.CANNOT_TELL}


class Outcome(NamedTuple):
    """The answer for one patient.

    Attributes:
        truth: applies, does not apply, or cannot tell.
        missing: names of facts that could still change the answer; empty unless it is "cannot tell".
        because: the facts that decided it; for "cannot tell" those that already speak for it.
        assumed: facts that were taken to be absent because nothing is known of them.
    """

    truth: Truth
    missing: tuple[str, ...] = ()
    because: tuple[SourcedFact, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class AtLeast:
    """At least `count` of `parts` hold. All and any are this with every part and with one."""

    count: int
    parts: tuple[Criterion, ...]


@dataclass(frozen=True)
class Not:
    """The part is known not to hold."""

    part: Criterion


@dataclass(frozen=True)
class Present:
    """The boolean fact is true; `if_recorded`: where nothing is known it is not."""

    fact: str
    within_days: float | None = None
    if_recorded: bool = False


class AssumeAbsent(NamedTuple):
    """The boolean fact is not known to be true."""

    fact: str


@dataclass(frozen=True)
class Compare:
    """The number lies within `bounds`: pairs of operator and limit in the unit of the vocabulary; `if_recorded`: where
    nothing is known it does not."""

    fact: str
    bounds: tuple[tuple[str, float], ...]
    within_days: float | None = None
    if_recorded: bool = False


@dataclass(frozen=True)
class InCodes:
    """The code is one of `codes` or belongs to one of them; `if_recorded`: where nothing is known it is not."""

    fact: str
    codes: frozenset[str]
    within_days: float | None = None
    if_recorded: bool = False


Leaf = Present | AssumeAbsent | Compare | InCodes
Criterion = AtLeast | Not | Leaf

_OPERATORS = {name: getattr(operator, name) for name in ("ge", "gt", "le", "lt", "eq")}


def parse(data: Any, place: str = "applies_when") -> Criterion:
    """Read a criterion from plain data.

    Raises:
        ValueError: it is not of the form above, or names a fact, code or unit that is not declared; says where.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"{place}: a criterion is a mapping such as {{fact: patient.age, ge: 50, unit: a}}")
    keys = set(data)
    if keys in ({"all"}, {"any"}, {"at_least", "of"}):
        parts = data[name := next(iter(keys - {"at_least"}))]
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"{place}.{name}: takes a list of one or more criteria")
        nodes = tuple(parse(part, f"{place}.{name}[{i}]") for i, part in enumerate(parts))
        count = {"all": len(nodes), "any": 1, "of": data.get("at_least")}[name]
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= len(nodes):
            raise ValueError(f"{place}.at_least: takes a whole number from 1 to the length of `of`")
        return AtLeast(count, nodes)
    if keys == {"not"}:
        part = parse(data["not"], f"{place}.not")
        if any(isinstance(leaf, AssumeAbsent) or getattr(leaf, "if_recorded", False) for leaf in leaves(part)):
            raise ValueError(f"{place}.not: assume_absent and if_recorded cannot be negated")
        return Not(part)
    if keys == {"assume_absent"}:
        if (spec := _spec(data["assume_absent"], place)).kind == "boolean":
            return AssumeAbsent(spec.name)
        raise ValueError(f"{place}: assume_absent takes a boolean fact, and {spec.name} is none")
    if "fact" in keys:
        return _parse_fact(data, place)
    raise ValueError(f"{place}: expected one of all, any, not, at_least + of, fact, assume_absent; got {sorted(keys)}")


def _parse_fact(data: Mapping[str, Any], place: str) -> Criterion:
    spec = _spec(data["fact"], place)
    within = _days(data["within"], place) if "within" in data else None
    bounds = {key: data[key] for key in _OPERATORS if key in data}
    takes = {"code": {"in"}, "boolean": set()}.get(spec.kind, {"unit", *_OPERATORS})
    if wrong := set(data) - {"fact", "within", "if_recorded", *takes}:
        raise ValueError(f"{place}: {spec.name} ({spec.kind}) does not take {sorted(wrong)}")
    if spec.kind == "code":
        codes = data.get("in")
        if not (isinstance(codes, list) and codes and set(codes) <= set(spec.values)):
            raise ValueError(f"{place}: {spec.name} takes `in: [code, …]` with codes of {', '.join(spec.values)}")
        return InCodes(spec.name, frozenset(codes), within, data.get("if_recorded") is True)
    if spec.kind == "boolean":
        return Present(spec.name, within, data.get("if_recorded") is True)
    if spec.kind == "text" or not bounds:
        raise ValueError(f"{place}: {spec.name} ({spec.kind}) takes ge, gt, le, lt or eq")
    return Compare(spec.name, _limits(spec, bounds, data.get("unit"), place), within, data.get("if_recorded") is True)


def _limits(spec: FactSpec, bounds: Mapping[str, Any], unit: Any, place: str) -> tuple[tuple[str, float], ...]:
    if any(isinstance(b, bool) or not isinstance(b, int | float) for b in bounds.values()):
        raise ValueError(f"{place}: a limit is a number")
    if (spec.unit is None) != (unit is None) and spec.unit != "1":
        raise ValueError(f"{place}: {spec.name} takes {'no unit' if spec.unit is None else f'a unit: {spec.unit}'}")
    try:
        scaled = {
            key: float(b) if unit is None else convert(b, unit, spec.unit or "1", spec.molar_mass_g_per_mol)
            for key, b in bounds.items()
        }
    except ToolRetry as error:
        raise ValueError(f"{place}: {error}") from None
    low = max((v for k, v in scaled.items() if k in ("ge", "gt", "eq")), default=-math.inf)
    if low > min((v for k, v in scaled.items() if k in ("le", "lt", "eq")), default=math.inf):
        raise ValueError(f"{place}: no number lies within these limits")
    return tuple((key, _rounded(value)) for key, value in scaled.items())


def _spec(name: Any, place: str) -> FactSpec:
    try:
        if (spec := vocabulary().spec(str(name))).scope == "patient":
            return spec
    except ToolRetry as error:
        raise ValueError(f"{place}: {error}") from None
    raise ValueError(f"{place}: {name} describes one piece of evidence, not the patient")


def _days(text: Any, place: str) -> float:
    number, _, unit = str(text).partition(" ")
    try:
        if (days := convert(float(number), unit or "d", "d")) > 0:
            return days
    except (ValueError, ToolRetry):
        pass
    raise ValueError(f"{place}.within: takes a time above zero such as 90 d, 6 mo or 2 a")


def _rounded(value: float) -> float:  # nine digits, so that a conversion of units pushes no value over a limit
    return float(f"{value:.9g}")


def leaves(criterion: Criterion) -> Iterator[Leaf]:
    """The leaves from left to right."""
    if isinstance(criterion, AtLeast | Not):
        for part in criterion.parts if isinstance(criterion, AtLeast) else (criterion.part,):
            yield from leaves(part)
    else:
        yield criterion


def facts_of(criterion: Criterion) -> tuple[str, ...]:
    """Names of the facts that the criterion asks for, each once, in order."""
    return tuple(dict.fromkeys(leaf.fact for leaf in leaves(criterion)))


class _Found(NamedTuple):
    """A node's value, and the leaves that speak for it, against it, or are unknown."""

    known: bool | None
    speaks_for: tuple[SourcedFact, ...] = ()
    against: tuple[SourcedFact, ...] = ()
    missing: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def evaluate(criterion: Criterion, facts: FactBook, as_of: dt.date | None = None) -> Outcome:
    """Answer the criterion from what is known of one patient. `within` counts back from `as_of`, the case's date."""
    found = _evaluate(criterion, facts, as_of)
    because = found.against if found.known is False else found.speaks_for
    missing, assumed = tuple(dict.fromkeys(found.missing)), tuple(dict.fromkeys(found.assumed))
    return Outcome(_TRUTH[found.known], missing, tuple(dict.fromkeys(because)), assumed)


def _evaluate(criterion: Criterion, facts: FactBook, as_of: dt.date | None) -> _Found:
    if isinstance(criterion, Not):
        part = _evaluate(criterion.part, facts, as_of)
        known = None if part.known is None else not part.known
        return part._replace(known=known, speaks_for=part.against, against=part.speaks_for)
    if isinstance(criterion, AtLeast):
        return _at_least(criterion.count, [_evaluate(part, facts, as_of) for part in criterion.parts])
    return _leaf(criterion, facts, as_of)


def _at_least(count: int, parts: list[_Found]) -> _Found:
    true, unknown = (sum(part.known is value for part in parts) for value in (True, None))
    known = True if true >= count else None if true + unknown >= count else False
    deciding = parts if known is None else [part for part in parts if part.known is known]
    speaks_for, against, missing, assumed = (sum(lists, ()) for lists in list(zip(*deciding, strict=True))[1:])
    return _Found(known, speaks_for, against, missing, assumed)


def _leaf(leaf: Leaf, facts: FactBook, as_of: dt.date | None) -> _Found:
    if isinstance(leaf, AssumeAbsent):
        entry = facts.get(leaf.fact)
        if entry is None:
            return _Found(True, assumed=(leaf.fact,))
        return _decided(entry, entry.fact.value is False)
    entries = facts.all(leaf.fact)
    if leaf.within_days is not None:
        ages = [_age_days(entry, as_of) for entry in entries]
        recent = [e for e, age in zip(entries, ages, strict=True) if age is not None and 0 <= age <= leaf.within_days]
        may_be_recent = any(e.fact.value and age is None for e, age in zip(entries, ages, strict=True))
        if isinstance(leaf, Present) and entries and not recent and not may_be_recent:
            return _decided(entries[0], False)
        entries = recent
    if leaf.if_recorded and not entries:
        return _Found(False, assumed=(leaf.fact,))
    known = _holds(leaf, entries[0]) if entries else None
    return _Found(None, missing=(leaf.fact,)) if known is None else _decided(entries[0], known)


def _decided(entry: SourcedFact, known: bool) -> _Found:
    return _Found(known, (entry,), ()) if known else _Found(known, (), (entry,))


def _age_days(entry: SourcedFact, as_of: dt.date | None) -> int | None:
    at = entry.fact.at.date() if isinstance(entry.fact.at, dt.datetime) else entry.fact.at
    return (as_of - at).days if at and as_of else None


def _holds(leaf: Present | Compare | InCodes, entry: SourcedFact) -> bool | None:
    value = entry.fact.canonical()
    if isinstance(leaf, Present):
        return bool(value)
    if isinstance(leaf, Compare):
        return all(_OPERATORS[key](_rounded(float(value)), limit) for key, limit in leaf.bounds)
    spec = entry.fact.spec
    if spec.code_ancestors(str(value)) & leaf.codes:
        return True
    return None if any(value in spec.code_ancestors(code) for code in leaf.codes) else False
