"""Points scores as tables: each row gives points for a finding, a range of a value, or a code.

`points_formula` turns rows into the inputs, the formula and the displayed terms of a `RiskModel`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tools.risk.model import NOT_RECORDED, Formula, Input, Term, Values
from tools.risk.ops import Number, Ops, known


def key_of(fact: str) -> str:
    """The formula key that a points table uses for a fact."""
    return fact.replace(".", "_")


@dataclass(frozen=True)
class Flag:
    """`points` if any of `facts` is true. `needed` facts are not taken as absent when they are unknown.

    With `absent` the points are for none of them being true; then the first fact is needed, unless `told` says that a
    symptom which nobody tells of counts as absent.
    """

    label: str
    points: float
    facts: tuple[str, ...]
    needed: bool = False
    changeable: bool = False
    absent: bool = False
    told: bool = False

    def inputs(self) -> list[Input]:
        made = []
        for i, fact in enumerate(self.facts):
            needed = self.needed or (self.absent and i == 0 and not self.told)
            made.append(
                Input(
                    fact,
                    key_of(fact),
                    assume=None if needed else False,
                    assume_why="" if needed else NOT_RECORDED,
                    reference=False,
                    changeable=self.changeable,
                )
            )
        return made

    def value(self, x: Values, m: Ops) -> Number:
        total: Number = 0.0
        for fact in self.facts:
            total = total + getattr(x, key_of(fact))
        return self.points * (m.flag(total == 0) if self.absent else m.flag(total > 0))

    def term(self) -> Term:
        return Term(self.label, f"{self.points:+g}", tuple(key_of(f) for f in self.facts))


@dataclass(frozen=True)
class Steps:
    """Points of the highest step that the value reaches: `(from, points)`, ascending, the first from minus infinity.

    With `above`, a step begins strictly above its bound.
    """

    label: str
    fact: str
    steps: tuple[tuple[float, float], ...]
    unit: str | None = None
    above: bool = False
    low: float | None = None
    high: float | None = None
    reference: float | None = None
    assume: float | None = None
    assume_why: str = ""
    changeable: bool = False

    def inputs(self) -> list[Input]:
        return [
            Input(
                self.fact,
                key_of(self.fact),
                unit=self.unit,
                low=self.low,
                high=self.high,
                assume=self.assume,
                assume_why=self.assume_why,
                reference=self.reference,
                changeable=self.changeable,
            )
        ]

    def value(self, x: Values, m: Ops) -> Number:
        return step_points(getattr(x, key_of(self.fact)), self.steps, m, self.above)

    def term(self) -> Term:
        sign = ">" if self.above else "≥"
        shown = ", ".join(f"{'else' if math.isinf(a) else f'{sign} {a:g}'}: {p:+g}" for a, p in self.steps)
        return Term(self.label, shown, (key_of(self.fact),))


@dataclass(frozen=True)
class Levels:
    """Points by code."""

    label: str
    fact: str
    points: Mapping[str, float]
    reference: str | None = None
    assume: str | None = None
    assume_why: str = ""

    def inputs(self) -> list[Input]:
        return [
            Input(
                self.fact,
                key_of(self.fact),
                codes={c: float(i) for i, c in enumerate(self.points)},
                reference=self.reference,
                assume=self.assume,
                assume_why=self.assume_why,
            )
        ]

    def value(self, x: Values, m: Ops) -> Number:
        return m.pick(getattr(x, key_of(self.fact)), list(self.points.values()))

    def term(self) -> Term:
        return Term(self.label, ", ".join(f"{c}: {p:+g}" for c, p in self.points.items()), (key_of(self.fact),))


Test = tuple[str, Literal["lt", "le", "gt", "ge"], float]
_SIGNS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥"}


@dataclass(frozen=True)
class Either:
    """`points` if any test holds: `(fact, comparison, bound)`, or any of `flags` is true.

    `assume` gives the value that a fact takes when it is unknown, by name, with `assume_why`.
    """

    label: str
    points: float
    tests: tuple[Test, ...]
    flags: tuple[str, ...] = ()
    assume: Mapping[str, float] = field(default_factory=dict)
    assume_why: str = "not measured, so taken as normal"
    units: Mapping[str, str] = field(default_factory=dict)

    def inputs(self) -> list[Input]:
        made = {}
        for fact, _, _ in self.tests:
            assumed = self.assume.get(fact)
            why = self.assume_why if assumed is not None else ""
            made[fact] = Input(fact, key_of(fact), unit=self.units.get(fact), assume=assumed, assume_why=why)
        flags = [Input(f, key_of(f), assume=False, assume_why=NOT_RECORDED, reference=False) for f in self.flags]
        return [*made.values(), *flags]

    def value(self, x: Values, m: Ops) -> Number:
        total: Number = 0.0
        for fact in self.flags:
            total = total + getattr(x, key_of(fact))
        for fact, comparison, bound in self.tests:
            value = getattr(x, key_of(fact))
            holds = {
                "lt": lambda v, b: v < b,
                "le": lambda v, b: v <= b,
                "gt": lambda v, b: v > b,
                "ge": lambda v, b: v >= b,
            }[comparison](value, bound)
            total = total + m.flag(holds)
        return self.points * m.flag(total > 0)

    def term(self) -> Term:
        keys = tuple(dict.fromkeys(key_of(f) for f, _, _ in self.tests)) + tuple(key_of(f) for f in self.flags)
        return Term(self.label, f"{self.points:+g}", keys)


@dataclass(frozen=True)
class Fallback:
    """`points` by the test where its value is known, else by the flag; one of the two has to be known."""

    label: str
    points: float
    test: Test
    flag: str

    def inputs(self) -> list[Input]:
        value, flag = self.test[0], self.flag
        return [
            Input(value, key_of(value), assume=math.nan, assume_why="not recorded"),
            Input(flag, key_of(flag), assume=math.nan, assume_why="not recorded", reference=False),
        ]

    def value(self, x: Values, m: Ops) -> Number:
        fact, comparison, bound = self.test
        value = getattr(x, key_of(fact))
        holds = Either(self.label, 1, ((fact, comparison, bound),)).value(x, m)
        return self.points * m.where(known(value), holds, getattr(x, key_of(self.flag)))

    def term(self) -> Term:
        return Term(self.label, f"{self.points:+g}", (key_of(self.test[0]), key_of(self.flag)))


Row = Flag | Steps | Levels | Either | Fallback


def step_points(value: Number, steps: Sequence[tuple[float, float]], m: Ops, above: bool = False) -> Number:
    """Points of the highest step reached; `steps` as in `Steps`."""
    total: Number = 0.0 * value + steps[0][1]
    for (bound, points), (_, before) in zip(steps[1:], steps[:-1], strict=True):
        reached = m.flag(value > bound) if above else m.flag(value >= bound)
        total = total + (points - before) * reached
    return total


def points_formula(rows: Sequence[Row], key: str = "score") -> tuple[tuple[Input, ...], Formula, tuple[Term, ...]]:
    """Inputs (each fact once), a formula that returns the sum under `key`, and the terms for display."""
    inputs: dict[str, Input] = {}
    for row in rows:
        for item in row.inputs():
            inputs.setdefault(item.name, item)

    def formula(x: Values, m: Ops) -> Mapping[str, Number]:
        total: Number = 0.0
        for row in rows:
            total = total + row.value(x, m)
        return {key: total}

    return tuple(inputs.values()), formula, tuple(replace(row.term(), value=row.value) for row in rows)


MINUS_INFINITY = -math.inf
