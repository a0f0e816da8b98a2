"""A published model over a whole table, vectorised on float64 tensors.

A column is named as the input (`creatinine`) or as its fact (`lab.creatinine`). Every value is checked as for one
patient: type, finite, plausible, range, code. A row with a problem gets no result and is reported with its number
(the first data row is 1); the others are computed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput, ToolRetry
from knowledge.facts import vocabulary
from tools.evidence import Record
from tools.risk.model import Input, RiskModel
from tools.risk.ops import TensorOps

CHUNK_ROWS = 32_768
MOST_ROWS = 20_000_000
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
    seconds: float


@dataclass
class Columns:
    """Inputs as float64 arrays of one length, and which rows may be used."""

    values: dict[str, Any]
    usable: Any
    problems: list[RowProblem] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)


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


def read_table(path: Path) -> Any:
    """A .csv or .parquet table as a data frame. Raises `BadInput` where it cannot be read."""
    import pandas as pd
    from pyarrow import ArrowException

    name = path.name
    if not path.is_file():
        raise BadInput(name, "the file", "it is not there", "a .csv or .parquet table")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif path.suffix in (".csv", ".tsv"):
            frame = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", low_memory=False)
        else:
            raise BadInput(name, "the ending", f"{path.suffix or 'none'} is not a table", ".csv, .tsv or .parquet")
    except (ValueError, ArrowException, pd.errors.ParserError, UnicodeDecodeError) as error:
        text = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise BadInput(name, "the whole file", f"it cannot be read ({text})", "a table with one header row") from None
    if len(frame) > MOST_ROWS:
        raise BadInput(name, f"row {MOST_ROWS + 1}", f"it has {len(frame)} rows", f"at most {MOST_ROWS} rows")
    if frame.empty:
        raise BadInput(name, "row 1", "it has no rows", "at least one row")
    return frame


def check_columns(frame: Any, model: RiskModel, units: Mapping[str, str], file: str) -> Columns:
    """The inputs of `model` from a data frame, converted and checked.

    Raises:
        BadInput: a needed column is missing, or `units` names a column that is not there.
    """
    import numpy as np

    for named in units:
        if named not in frame.columns:
            raise BadInput(file, f"column {named}", "it is not in the table", ", ".join(map(str, frame.columns[:20])))
    found = Columns({}, np.ones(len(frame), dtype=bool))
    for item in model.inputs:
        column = _find_column(item, frame.columns)
        if column is None:
            if item.assume is None:
                accepted = f"a column named {item.name} or {item.fact}"
                raise BadInput(file, "the header", f"{model.title} needs {item.fact}, which has no column", accepted)
            found.values[item.name] = np.full(len(frame), _assumed(item))
            found.assumed.append(item.name)
            continue
        found.values[item.name] = _column(frame[column], column, item, units.get(column), found)
    return found


def _find_column(item: Input, columns: Any) -> str | None:
    return next((c for c in (item.name, item.fact, *item.also) if c in columns), None)


def _assumed(item: Input) -> float:
    return item.codes[str(item.assume)] if item.codes else float(item.assume or 0.0)


def _column(series: Any, column: str, item: Input, unit: str | None, found: Columns) -> Any:
    """One column as float64; bad cells become problems and unusable rows."""
    import numpy as np

    spec = vocabulary()[item.fact]
    empty = series.isna().to_numpy()
    if item.codes or spec.kind == "boolean" or item.date:
        values = _from_words(series, item)
        kind = "a date (YYYY-MM-DD)" if item.date else f"one of {', '.join(item.codes) or 'true, false'}"
    else:
        import pandas as pd

        values = pd.to_numeric(series, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        kind = f"a finite number in {unit or item.unit or spec.unit or 'whole numbers'}"
        values = _to_unit(values, item, unit)
    bad = ~np.isfinite(values) & ~empty
    _report(found, bad, series, column, f"is not {kind}")
    if item.assume is None:
        _report(found, empty, series, column, "is empty")
    else:
        values = np.where(empty, _assumed(item), values)
    if not item.codes and spec.plausible and not item.unit:
        low, high = spec.plausible
        _report(found, (values < low) | (values > high), series, column, f"is not plausible ({low:g} to {high:g})")
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
    for row in fresh[:SHOWN_PROBLEMS]:
        shown = "" if "empty" in problem else f"{str(series.iloc[row])[:30]!r} "
        found.problems.append(RowProblem(row=int(row) + 1, column=column, problem=f"{shown}{problem}"))


def run_cohort(
    path: Path,
    model: RiskModel,
    output: Path | None = None,
    units: Mapping[str, str] | None = None,
    device: str = "cpu",
) -> CohortSummary:
    """Compute `model` for every row of a table; with `output`, write the table with the results added.

    Raises:
        BadInput: the table or its header cannot be used.
        ToolRetry: a unit does not fit its column, or the device is not there.
    """
    import numpy as np
    import torch

    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        raise ToolRetry(f"There is no device {device!r} here; use cpu, or cuda where there is one.")
    frame = read_table(path)
    started = time.perf_counter()
    columns = check_columns(frame, model, units or {}, path.name)
    usable = columns.usable
    results = {o.key: np.full(len(frame), np.nan) for o in model.outputs}
    if usable.any():
        kept = {k: v[usable] for k, v in columns.values.items()}
        for key, values in evaluate_columns(model, kept, device).items():
            results[key][usable] = values.numpy()
    seconds = time.perf_counter() - started
    if output is not None:
        write_table(frame, {f"{model.name}.{key}": values for key, values in results.items()}, output)
    return CohortSummary(
        model=model.name,
        rows=len(frame),
        computed=int(usable.sum()),
        refused=int((~usable).sum()),
        problems=tuple(sorted(columns.problems, key=lambda p: p.row)[:SHOWN_PROBLEMS]),
        summary=tuple(_summaries(model, results)),
        assumed_columns=tuple(columns.assumed),
        seconds=seconds,
    )


def _summaries(model: RiskModel, results: Mapping[str, Any]) -> list[OutputSummary]:
    import numpy as np

    made = []
    for item in model.outputs:
        values = results[item.key][np.isfinite(results[item.key])]
        if item.kind in ("category", "date") or not len(values):
            continue
        p5, median, p95 = (float(q) for q in np.quantile(values, (0.05, 0.5, 0.95)))
        made.append(
            OutputSummary(
                key=item.key, title=item.title, unit=item.unit, mean=float(values.mean()), median=median, p5=p5, p95=p95
            )
        )
    return made


def write_table(frame: Any, columns: Mapping[str, Any], output: Path) -> None:
    """Write a data frame with further columns. Raises `ToolRetry` for an ending that is not .csv or .parquet."""
    if output.suffix not in (".csv", ".parquet"):
        raise ToolRetry(f"{output.name} must end in .csv or .parquet.")
    wide = frame.assign(**columns)
    if output.suffix == ".csv":
        wide.to_csv(output, index=False)
    else:
        wide.to_parquet(output, index=False)
