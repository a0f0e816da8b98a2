"""One model for one patient: the estimate, or the typed reasons why there is none."""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

from knowledge.factbook import FactBook
from knowledge.facts import vocabulary
from tools.evidence import Record
from tools.risk.catalogue import get_model
from tools.risk.model import Output, RiskModel, Values
from tools.risk.ops import FLOATS
from tools.risk.resolve import Problem, Resolution, ResolvedInput, resolve

Status = Literal["computed", "missing", "out_of_range", "implausible", "not_applicable"]


class OutputValue(Record):
    """One result. `value` is exact; `shown` is rounded as it is written; `text` holds a category or a date."""

    key: str
    title: str
    kind: str
    value: float | None
    shown: float | None
    text: str | None = None
    unit: str
    band: str | None = None
    meaning: str | None = None
    horizon_years: float | None = None
    fact: str | None = None
    told: bool = False


class Scored(Record):
    """A line of a points table that scored for this patient, with the facts that it scored for."""

    label: str
    points: float
    facts: tuple[str, ...]


class Estimate(Record):
    """What one model says of one patient. `scored`: the lines of its points table that make up the first result."""

    model: str
    title: str
    status: Status
    outputs: tuple[OutputValue, ...] = ()
    inputs: tuple[ResolvedInput, ...] = ()
    problems: tuple[Problem, ...] = ()
    assumptions: tuple[str, ...] = ()
    scored: tuple[Scored, ...] = ()
    source: str
    doi: str
    limits: str

    def main(self) -> OutputValue:
        """The first result."""
        return self.outputs[0]


_WORST: tuple[Status, ...] = ("not_applicable", "implausible", "out_of_range", "missing")


def estimate(model: RiskModel | str, facts: FactBook) -> Estimate:
    """Compute `model` from `facts`; never raises for a patient that does not fit."""
    chosen = get_model(model) if isinstance(model, str) else model
    found = resolve(chosen, facts)
    if found.inputs and not found.problems and all(item.how == "assumed" for item in found.inputs):
        found.problems.append(Problem(kind="missing", text=f"Nothing that {chosen.title} asks for is recorded."))
    outputs: tuple[OutputValue, ...] = ()
    status: Status = "computed"
    if found.problems:
        kinds = {problem.kind for problem in found.problems}
        status = next(kind for kind in _WORST if kind in kinds)
    else:
        outputs = _outputs(chosen, found)
    if status == "computed" and not outputs:
        found.problems.append(_no_value(chosen, found))
        status = found.problems[-1].kind
    return Estimate(
        model=chosen.name,
        title=chosen.title,
        status=status,
        outputs=outputs,
        inputs=tuple(found.inputs),
        problems=tuple(found.problems),
        assumptions=tuple(dict.fromkeys(found.assumptions)),
        scored=_scored(chosen, found) if outputs and outputs[0].kind == "score" else (),
        source=chosen.source,
        doi=chosen.doi,
        limits=chosen.limits,
    )


def _scored(model: RiskModel, found: Resolution) -> tuple[Scored, ...]:
    values = Values(found.numbers)
    made = []
    for term in model.terms:
        points = float(term.value(values, FLOATS)) if term.value is not None else 0.0
        if points:
            inputs = [model.input(key) for key in term.keys]
            held = [item.fact for item in inputs if found.numbers[item.name] or not _is_boolean(item.fact)]
            made.append(Scored(label=term.label, points=points, facts=tuple(held)))
    return tuple(made)


def _is_boolean(fact: str) -> bool:
    return vocabulary()[fact].kind == "boolean"


def _no_value(model: RiskModel, found: Resolution) -> Problem:
    """Why a model gave no number: an input that it can do without only in some patients, or values at odds."""
    unknown = [item for item in found.inputs if item.how == "assumed" and math.isnan(found.numbers[item.key])]
    if not unknown:
        return Problem(kind="out_of_range", text=f"{model.title} has no finite value for these inputs.")
    names = ", ".join(f"{item.label} ({item.fact})" for item in unknown)
    return Problem(kind="missing", fact=unknown[0].fact, text=f"{model.title} needs for this patient one of: {names}.")


def _outputs(model: RiskModel, found: Resolution) -> tuple[OutputValue, ...]:
    values = model.evaluate(found.numbers, FLOATS)
    made = (output_value(output, float(values[output.key])) for output in model.outputs)
    return tuple(item for item in made if item is not None)


def output_value(output: Output, value: float) -> OutputValue | None:
    """A number as a result with its category; None where the model has no value (NaN)."""
    if not math.isfinite(value):
        return None
    text: str | None = None
    shown: float | None = round(value, output.digits) + 0.0
    if output.kind == "category":
        text, shown = output.labels[int(value)], None
    elif output.kind == "date":
        text, shown = dt.date.fromordinal(int(value)).isoformat(), None
    band = next((b for b in reversed(output.bands) if value >= b.low), None)
    return OutputValue(
        key=output.key,
        title=output.title,
        kind=output.kind,
        value=value,
        shown=shown,
        text=text,
        unit=output.unit,
        band=band.label if band else None,
        meaning=(band.meaning or None) if band else None,
        horizon_years=output.horizon_years,
        fact=output.fact,
        told=output.told,
    )
