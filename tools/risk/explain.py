"""Why a result is what it is, and what would change it: exact contributions, what-if, sweeps.

Contributions are Shapley values over the inputs that differ from a reference patient. On the model's own scale
(log-odds, log cumulative hazard, points) and on the scale of the result they add up exactly to the difference
between this patient and the reference patient. Shapley LS. A value for n-person games. 1953,
doi 10.1515/9781400881970-018.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import vocabulary
from knowledge.units import written_unit
from tools.evidence import Record
from tools.risk.model import Input, Link, Output, RiskModel
from tools.risk.ops import FLOATS
from tools.risk.resolve import Resolution

_MOST_INPUTS = 20
_FLOATS_UP_TO = 9


class Contribution(Record):
    """How much one input moves the result away from the reference patient."""

    key: str
    label: str
    value: float
    reference: float
    on_model_scale: float
    on_result_scale: float


class Explanation(Record):
    """Contributions that add up: reference + sum = result, on both scales."""

    output: str
    scale: str
    reference_result: float
    result: float
    reference_patient: str
    contributions: tuple[Contribution, ...]


class SweepPoint(Record):
    """Result of the model at one value of the swept input."""

    value: float
    result: float


class Sweep(Record):
    """One input run over its range: names with units, the value that the patient has, and how each value is written."""

    label: str
    result: str
    now: float
    points: tuple[SweepPoint, ...]
    names: tuple[str, ...]


class Influence(Record):
    """What setting one changeable input to its reference value would do to the result."""

    key: str
    label: str
    value: float
    reference: float
    result: float
    difference: float


def on_scale(value: float, link: Link) -> float:
    """A result on the scale on which the model adds. Probabilities are in percent."""
    if link == "identity":
        return value
    share = min(max(value / 100, 1e-300), 1 - 1e-16)
    if link == "logit":
        return math.log(share / (1 - share))
    return math.log(-math.log1p(-share))


_SCALES = {"identity": "result", "logit": "log-odds", "cloglog": "log cumulative hazard"}


def reference_numbers(model: RiskModel, numbers: dict[str, float]) -> dict[str, float]:
    """The reference patient: every input with a declared reference takes it, the others stay as they are."""
    found = dict(numbers)
    for item in model.inputs:
        if item.reference is not None:
            found[item.name] = _as_number(item, item.reference)
    return found


def _as_number(item: Input, value: bool | float | str) -> float:
    return item.codes[str(value)] if item.codes else float(value)


def _label(model: RiskModel, key: str) -> str:
    return vocabulary()[model.input(key).fact].label["en"]


def explain(model: RiskModel, found: Resolution, output: Output | None = None) -> Explanation:
    """Exact contributions of every input that differs from the reference patient.

    Raises:
        ToolFailed: more than 20 inputs differ, or the model has no value for a mixed patient.
    """
    chosen = output or model.outputs[0]
    if chosen.kind in ("category", "date"):
        raise ToolFailed(f"{chosen.title} is not a number, so it has no contributions.")
    reference = reference_numbers(model, found.numbers)
    differing = [k for k, v in found.numbers.items() if not _same(v, reference[k])]
    if len(differing) > _MOST_INPUTS:
        raise ToolFailed(f"{len(differing)} inputs differ from the reference patient; at most {_MOST_INPUTS} can.")
    results = _all_mixtures(model, chosen, found.numbers, reference, differing)
    if any(not math.isfinite(v) for v in results):
        raise ToolFailed(f"{model.title} has no value for some mixture of this patient and the reference patient.")
    scaled = [on_scale(v, chosen.link) for v in results]
    by_result, by_scale = _shapley(results, len(differing)), _shapley(scaled, len(differing))
    rows = [
        Contribution(
            key=key,
            label=_label(model, key),
            value=found.numbers[key],
            reference=reference[key],
            on_model_scale=by_scale[i],
            on_result_scale=by_result[i],
        )
        for i, key in enumerate(differing)
    ]
    rows.sort(key=lambda row: -abs(row.on_result_scale))
    return Explanation(
        output=chosen.title,
        scale=_SCALES[chosen.link],
        reference_result=results[0],
        result=results[-1],
        reference_patient=describe_reference(model),
        contributions=tuple(rows),
    )


def describe_reference(model: RiskModel) -> str:
    """The reference patient in words."""
    same = [_label(model, i.name) for i in model.inputs if i.reference is None]
    fixed = []
    for item in model.inputs:
        if item.reference is not None and item.reference is not False:
            unit = written_unit(item.unit or vocabulary()[item.fact].unit or "1")
            fixed.append(f"{_label(model, item.name)} {item.reference} {unit}".strip())
    parts = [f"same {', '.join(same)}" if same else "", ", ".join(fixed)]
    return "; ".join(p for p in parts if p) + "; no recorded risk conditions"


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _all_mixtures(model: RiskModel, output: Output, own: dict[str, float], reference: dict[str, float],
                  keys: Sequence[str]) -> list[float]:  # fmt: skip
    """Results for every subset of `keys` taken from the patient, indexed by bit mask."""
    count = 1 << len(keys)
    if len(keys) <= _FLOATS_UP_TO:
        made = []
        for mask in range(count):
            values = dict(reference)
            values.update({k: own[k] for i, k in enumerate(keys) if mask >> i & 1})
            made.append(float(model.evaluate(values, FLOATS)[output.key]))
        return made
    import torch

    masks = torch.arange(count)
    columns: dict[str, Any] = {k: torch.full((count,), v, dtype=torch.float64) for k, v in reference.items()}
    for i, key in enumerate(keys):
        columns[key] = torch.where((masks >> i & 1).bool(), own[key], columns[key])
    from tools.risk.cohort import evaluate_columns

    found: list[float] = evaluate_columns(model, columns)[output.key].tolist()
    return found


def _shapley(results: Sequence[float], players: int) -> list[float]:
    import numpy as np

    values = np.asarray(results, dtype=np.float64)
    masks = np.arange(1 << players)
    sizes = np.zeros(len(masks), dtype=np.int64)
    for i in range(players):
        sizes += masks >> i & 1
    weight = np.array(
        [math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players) for size in range(players)]
    )
    found = []
    for i in range(players):
        without = masks[(masks >> i & 1) == 0]
        found.append(float((weight[sizes[without]] * (values[without | 1 << i] - values[without])).sum()))
    return found


def sweep(model: RiskModel, found: Resolution, key: str, values: Sequence[float], output: Output | None = None
          ) -> tuple[SweepPoint, ...]:  # fmt: skip
    """The result as one input runs over `values` (model's unit). Raises `ToolRetry` for an unknown input."""
    chosen = output or model.outputs[0]
    if key not in found.numbers:
        raise ToolRetry(f"{model.title} has no input {key!r}; it has {', '.join(found.numbers)}.")
    made = []
    for value in values:
        result = float(model.evaluate({**found.numbers, key: value}, FLOATS)[chosen.key])
        if math.isfinite(result):
            made.append(SweepPoint(value=value, result=result))
    return tuple(made)


def run_over(model: RiskModel, found: Resolution, name: str) -> Sweep:
    """The main result over the range of the input that is called `name` (its key, its fact, or the fact's last part).

    Raises:
        ToolRetry: the model has no such input, or nothing is known of it.
        ToolFailed: the result is a category or a date.
    """
    output = model.outputs[0]
    if output.kind in ("category", "date"):
        raise ToolFailed(f"{output.title} is not a number, so it cannot be run over a range.")
    key = next((i.name for i in model.inputs if name in (i.name, i.fact, i.fact.rsplit(".", 1)[-1])), name)
    now = found.numbers.get(key, math.nan)
    points = sweep(model, found, key, sweep_values(model.input(key), now) if key in found.numbers else ())
    item = model.input(key)
    unit = written_unit(item.unit or vocabulary()[item.fact].unit or "1")
    kind = written_unit(output.unit)
    return Sweep(
        label=f"{_label(model, key)} [{unit}]" if unit else _label(model, key),
        result=f"{output.title} [{kind}]" if kind else output.title,
        now=now,
        points=points,
        names=tuple(value_text(model, key, point.value, unit=False) for point in points),
    )


def value_text(model: RiskModel, key: str, number: float, *, unit: bool = True) -> str:
    """A value of one input as people write it: a code or yes and no by name, else the number with its unit."""
    item = model.input(key)
    spec = vocabulary()[item.fact]
    if math.isnan(number):
        return "not known"
    if item.codes:
        return next((code for code, value in item.codes.items() if value == number), f"{number:g}")
    if spec.kind == "boolean":
        return "yes" if number else "no"
    if item.date:
        return dt.date.fromordinal(int(number)).isoformat()
    return f"{number:.4g} {written_unit(item.unit or spec.unit or '1') if unit else ''}".strip()


def sweep_values(item: Input, around: float, points: int = 25) -> list[float]:
    """Evenly spaced values over the range of an input; 0 and 1 for yes and no, and each code."""
    if item.codes:
        return sorted(set(item.codes.values()))
    if vocabulary()[item.fact].kind == "boolean":
        return [0.0, 1.0]
    low = item.low if item.low is not None else around * 0.5
    high = item.high if item.high is not None else around * 1.5
    return [low + (high - low) * i / (points - 1) for i in range(points)]


def influences(model: RiskModel, found: Resolution, output: Output | None = None) -> tuple[Influence, ...]:
    """Changeable inputs by how much the result would fall (or rise) at their reference value, largest first."""
    chosen = output or model.outputs[0]
    now = float(model.evaluate(found.numbers, FLOATS)[chosen.key])
    rows = []
    for item in model.inputs:
        if not item.changeable or item.reference is None or item.name not in found.numbers:
            continue
        target = _as_number(item, item.reference)
        if _same(target, found.numbers[item.name]):
            continue
        then = float(model.evaluate({**found.numbers, item.name: target}, FLOATS)[chosen.key])
        if math.isfinite(then):
            rows.append(
                Influence(
                    key=item.name,
                    label=_label(model, item.name),
                    value=found.numbers[item.name],
                    reference=target,
                    result=then,
                    difference=then - now,
                )
            )
    return tuple(sorted(rows, key=lambda row: row.difference))
