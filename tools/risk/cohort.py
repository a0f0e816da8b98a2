"""A published model over a whole table, vectorised on float64 tensors.

A column is named as the input (`creatinine`), as its fact (`lab.creatinine`) or as the last part of that. Every
value is checked as for one patient: type, finite, plausible, range, code. A row with a problem gets no result and is
reported with its number (the first data row is 1); the others are computed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput, ToolRetry
from knowledge.facts import vocabulary
from knowledge.units import written_unit
from tools.evidence import Record
from tools.risk.model import Input, RiskModel
from tools.risk.ops import TensorOps
from tools.risk.table import TableWriter, columns_of, parts

CHUNK_ROWS = 32_768
SAMPLE_ROWS = 500_000
SHOWN_PROBLEMS = 20
_TRUE, _FALSE = {"true", "yes", "1", "y", "present"}, {"false", "no", "0", "n", "absent"}


class RowProblem(Record):
    """Why one row was not computed."""

    row: int
    column: str
    problem: str


class OutputSummary(Record):
    """Distribution of one result over the computed rows."""

    key: str
    title: str
    unit: str
    mean: float
    median: float
    p5: float
    p95: float


class CohortSummary(Record):
    """What a run over a table gave."""

    model: str
    rows: int
    computed: int
    refused: int
    problems: tuple[RowProblem, ...]
    summary: tuple[OutputSummary, ...]
    assumed_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float


@dataclass
class Columns:
    """Inputs as float64 arrays of one length, which rows may be used, and why the others may not (text or None)."""

    values: dict[str, Any]
    usable: Any
    reasons: Any
    before: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    implausible: Counter[str] = field(default_factory=Counter)


def evaluate_columns(model: RiskModel, columns: Mapping[str, Any], device: str = "cpu") -> dict[str, Any]:
    """All outputs for float64 columns of shape (n,), without checks, in chunks that fit the cache.

    Returns:
        output key -> float64 tensor of shape (n,) on the CPU.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # chunks fit one core's cache; more threads cost more than they give here
    try:
        return _evaluate_chunks(model, columns, device)
    finally:
        torch.set_num_threads(threads)


def _evaluate_chunks(model: RiskModel, columns: Mapping[str, Any], device: str) -> dict[str, Any]:
    import torch

    ops = TensorOps(device)
    tensors = {k: torch.as_tensor(v, dtype=torch.float64) for k, v in columns.items()}
    rows = max((t.shape[0] for t in tensors.values() if t.ndim), default=1)
    found = {output.key: torch.empty(rows, dtype=torch.float64) for output in model.outputs}
    step = CHUNK_ROWS if device == "cpu" else rows
    for start in range(0, rows, step):
        part = {k: (t[start : start + step] if t.ndim else t).to(device) for k, t in tensors.items()}
        size = min(step, rows - start)
        for key, value in model.evaluate(part, ops).items():
            found[key][start : start + step] = torch.as_tensor(value, dtype=torch.float64).expand(size).cpu()
    return found


@dataclass(frozen=True)
class Layout:
    """The columns of each input, several where any of them being true makes it true, and the units of columns."""

    columns: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    assumed: tuple[str, ...]

    def used(self) -> list[str]:
        """Every column that is read, once."""
        return list(dict.fromkeys(name for names in self.columns.values() for name in names))


def find_columns(model: RiskModel, names: Sequence[str], units: Mapping[str, str], file: str) -> Layout:
    """Find the columns of each input of `model`.

    Raises:
        BadInput: a needed column is missing, or `units` names a column that is not there or not used.
    """
    for named in units:
        if named not in names:
            raise BadInput(file, f"column {named}", "it is not in the table", ", ".join(names[:20]))
    columns: dict[str, tuple[str, ...]] = {}
    assumed = []
    for item in model.inputs:
        own = [c for c in (item.name, item.fact, item.fact.rsplit(".", 1)[-1]) if c in names]
        found = tuple(dict.fromkeys([*own[:1], *(c for c in item.also if c in names)]))
        if found:
            columns[item.name] = found
        elif item.assume is not None:
            assumed.append(item.name)
        else:
            accepted = f"a column named {item.name} or {item.fact}"
            raise BadInput(file, "the header", f"{model.title} needs {item.fact}, which has no column", accepted)
    layout = Layout(columns, units, tuple(assumed))
    if idle := [named for named in units if named not in layout.used()]:
        raise BadInput(file, f"column {idle[0]}", f"{model.title} does not use it", ", ".join(layout.used()))
    return layout


def check_columns(frame: Any, model: RiskModel, layout: Layout, before: int = 0) -> Columns:
    """The inputs of `model` from a data frame, converted and checked; `before` rows of the table came before it."""
    import numpy as np

    found = Columns({}, np.ones(len(frame), dtype=bool), np.full(len(frame), None, dtype=object), before)
    for item in model.inputs:
        names = layout.columns.get(item.name, ())
        if not names:
            found.values[item.name] = np.full(len(frame), _assumed(item))
            continue
        values = np.fmax.reduce([_column(frame[name], name, item, layout.units.get(name), found) for name in names])
        empty = np.isnan(values)
        if item.assume is None:
            _report(found, empty, frame[names[0]], names[0], "is empty")
        found.values[item.name] = values if item.assume is None else np.where(empty, _assumed(item), values)
    return found


def _assumed(item: Input) -> float:
    return item.codes[str(item.assume)] if item.codes else float(item.assume or 0.0)


def _column(series: Any, column: str, item: Input, unit: str | None, found: Columns) -> Any:
    """One column as float64, NaN where it is empty; bad cells become problems and unusable rows."""
    import numpy as np

    spec = vocabulary()[item.fact]
    empty = series.isna().to_numpy()
    if item.codes or spec.kind == "boolean" or item.date:
        values = _from_words(series, item)
        kind = "a date (YYYY-MM-DD)" if item.date else f"one of {', '.join(item.codes) or 'true, false'}"
    else:
        import pandas as pd

        cells = series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series
        values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        kind = f"a finite number in {unit or item.unit or spec.unit or 'whole numbers'}"
        try:
            values = _to_unit(values, item, unit)
        except ToolRetry:
            raise ToolRetry(f"Column {column}: {unit!r} is no unit of {spec.label['en']}; use {spec.unit}.") from None
    bad = ~np.isfinite(values) & ~empty
    _report(found, bad, series, column, f"is not {kind}")
    if not item.codes and spec.plausible and not item.unit:
        low, high = spec.plausible
        outside = (values < low) | (values > high)
        found.implausible[column] += int(outside.sum())
        named = f"{low:g} to {high:g} {written_unit(spec.unit or '1')}".strip()
        _report(found, outside, series, column, f"is not plausible ({named})")
    low_end = -np.inf if item.low is None else item.low * (1 - 1e-12)
    high_end = np.inf if item.high is None else item.high * (1 + 1e-12)
    outside = (values < low_end) | (values > high_end)
    _report(found, outside, series, column, f"is outside of the model's range ({item.low} to {item.high})")
    return values


def _to_unit(values: Any, item: Input, unit: str | None) -> Any:
    """Affine conversion of a whole column, from two probe points."""
    from knowledge.units import convert

    spec = vocabulary()[item.fact]
    if unit is None and item.unit is None:
        return values

    def one(value: float) -> float:
        there = spec.to_canonical(value, unit) if unit else value
        return convert(there, spec.unit or "1", item.unit, spec.molar_mass_g_per_mol) if item.unit and unit else there

    at_zero = one(0.0)
    return values * (one(1.0) - at_zero) + at_zero


def _from_words(series: Any, item: Input) -> Any:
    import datetime as dt

    import numpy as np
    import pandas as pd

    def one(value: Any) -> float:
        text = str(value).strip().casefold()
        if item.date:
            try:
                return float(dt.date.fromisoformat(text[:10]).toordinal())
            except ValueError:
                return float("nan")
        if item.codes:
            return item.codes.get(text, item.codes.get(str(value).strip(), float("nan")))
        text = text.removesuffix(".0")
        return 1.0 if text in _TRUE else 0.0 if text in _FALSE else float("nan")

    codes, levels = pd.factorize(series, use_na_sentinel=True)
    numbers = np.array([*(one(level) for level in levels), np.nan])
    return numbers[codes]


def _report(found: Columns, bad: Any, series: Any, column: str, problem: str) -> None:
    import numpy as np

    fresh = np.flatnonzero(bad & found.usable)
    found.usable[fresh] = False
    found.reasons[fresh] = f"{column} {problem}"
    for row in fresh[:SHOWN_PROBLEMS]:
        shown = "" if "empty" in problem else f"{str(series.iloc[row])[:30]!r} "
        found.problems.append(RowProblem(row=found.before + int(row) + 1, column=column, problem=f"{shown}{problem}"))


def run_cohort(
    path: Path,
    model: RiskModel,
    output: Path | None = None,
    units: Mapping[str, str] | None = None,
    device: str = "cpu",
    progress: Callable[[int], None] | None = None,
) -> CohortSummary:
    """Compute `model` for every row of a table, part by part.

    Args:
        output: where to write the table with the results and, in `MODEL.problem`, why a row has none.
        progress: told the number of rows done after each part.

    Raises:
        BadInput: the table or its header cannot be used.
        ToolRetry: a unit does not fit its column, or the device is not there.
    """
    import torch

    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        raise ToolRetry(f"There is no device {device!r} here; use cpu, or cuda where there is one.")
    started = time.perf_counter()
    layout = find_columns(model, columns_of(path), units or {}, path.name)
    total = _Total(model)
    needed = None if output is not None else layout.used()
    with TableWriter(output, path) if output is not None else nullcontext() as writer:
        for part in parts(path, needed, as_written=output is not None):
            found = check_columns(part.frame, model, layout, total.rows)
            results = _results(model, found, device)
            total.add(found, results)
            if writer is not None:
                columns = {f"{model.name}.{key}": values for key, values in results.items()}
                writer.write(part, {**columns, f"{model.name}.problem": found.reasons})
            if progress is not None:
                progress(total.rows)
    return CohortSummary(
        model=model.name,
        rows=total.rows,
        computed=total.computed,
        refused=total.rows - total.computed,
        problems=tuple(total.problems),
        summary=tuple(total.summaries()),
        assumed_columns=layout.assumed,
        warnings=tuple(total.warnings()),
        seconds=time.perf_counter() - started,
    )


def _results(model: RiskModel, found: Columns, device: str) -> dict[str, Any]:
    """Results of a part, NaN where a row is not usable."""
    import numpy as np

    results = {o.key: np.full(len(found.usable), np.nan) for o in model.outputs}
    if found.usable.any():
        kept = {k: v[found.usable] for k, v in found.values.items()}
        for key, values in evaluate_columns(model, kept, device).items():
            results[key][found.usable] = values.numpy()
    return results


class _Total:
    """What is kept of all parts: counts, sums, the first problems, and a random sample of rows for the quantiles."""

    def __init__(self, model: RiskModel) -> None:
        import numpy as np

        self.model = model
        self.rows = self.computed = 0
        self.implausible: Counter[str] = Counter()
        self.problems: list[RowProblem] = []
        self._shown = [o for o in model.outputs if o.kind not in ("category", "date")]
        self._sums, self._counts = np.zeros(len(self._shown)), np.zeros(len(self._shown))
        self._random = np.random.default_rng(0)
        self._keys, self._sample = np.zeros(0), np.zeros((0, len(self._shown)))

    def add(self, found: Columns, results: Mapping[str, Any]) -> None:
        """Count a part in."""
        import numpy as np

        self.rows += len(found.usable)
        self.computed += int(found.usable.sum())
        self.implausible.update(found.implausible)
        self.problems = sorted((*self.problems, *found.problems), key=lambda p: p.row)[:SHOWN_PROBLEMS]
        values = np.array([results[o.key][found.usable] for o in self._shown]).reshape(len(self._shown), -1).T
        finite = np.isfinite(values)
        self._sums += np.where(finite, values, 0.0).sum(0)
        self._counts += finite.sum(0)
        self._keep(values)

    def _keep(self, values: Any) -> None:
        """Keep the `SAMPLE_ROWS` rows with the smallest random keys."""
        import numpy as np

        keys = self._random.random(len(values))
        if len(self._keys) >= SAMPLE_ROWS:
            low = keys < self._keys.max()
            keys, values = keys[low], values[low]
        self._keys, self._sample = np.concatenate([self._keys, keys]), np.concatenate([self._sample, values])
        if len(self._keys) > SAMPLE_ROWS:
            kept = np.argpartition(self._keys, SAMPLE_ROWS)[:SAMPLE_ROWS]
            self._keys, self._sample = self._keys[kept], self._sample[kept]

    def warnings(self) -> list[str]:
        """Columns most of which cannot be right, so that another unit is likely."""
        return [
            f"{count} of {self.rows} values of {name} are not plausible. If they are in another unit, name it: "
            f"--unit {name}=UNIT."
            for name, count in self.implausible.items()
            if count > self.rows / 2
        ]

    def summaries(self) -> list[OutputSummary]:
        """Distribution of each numeric result; quantiles are exact up to `SAMPLE_ROWS` computed rows."""
        import numpy as np

        made = []
        for i, item in enumerate(self._shown):
            values = self._sample[:, i][np.isfinite(self._sample[:, i])]
            if len(values):
                p5, median, p95 = (float(q) for q in np.quantile(values, (0.05, 0.5, 0.95)))
                made.append(
                    OutputSummary(
                        key=item.key,
                        title=item.title,
                        unit=item.unit,
                        mean=float(self._sums[i] / self._counts[i]),
                        median=median,
                        p5=p5,
                        p95=p95,
                    )
                )
        return made
