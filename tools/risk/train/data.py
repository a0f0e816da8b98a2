"""The user's table: what may be used as a feature, what leaks, and how columns become numbers.

Everything that is learnt from data (medians, scales, levels) is learnt by `Encoder.fit` on training rows only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import BadInput
from tools.risk.table import read_table

MOST_LEVELS = 30
FEWEST_ROWS, FEWEST_EVENTS = 60, 20
_COPY_AUROC = 0.995
_IDENTIFIES = re.compile(
    r"(^|[_\s.-])(id|ids|mrn|uuid|guid|pid|ssn|nhs_?number|case_?no|(patient|subject|person|study|record)(_?(id|no|nr))?)$",
    re.IGNORECASE,
)


@dataclass
class TrainingTable:
    """Features and outcome of a table, after the leakage checks.

    Attributes:
        groups: rows with identical features share a number, so that they stay on one side of every split.
        dropped: column -> why it is not a feature.
    """

    frame: Any
    features: list[str]
    outcome: Any
    time: Any | None
    groups: Any
    dropped: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Encoder:
    """Columns to float64 features: median and scale for numbers with a missing flag, one column for each level.

    `ranges` are the smallest and largest number of each column in training.
    """

    numeric: dict[str, tuple[float, float, float, bool]] = field(default_factory=dict)
    levels: dict[str, list[str]] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def fit(cls, frame: Any, features: Sequence[str]) -> Encoder:
        """Learn medians, means, scales and levels from `frame`."""
        import pandas as pd

        made = cls()
        for name in features:
            column = frame[name]
            if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
                values = column.to_numpy(dtype=float, na_value=np.nan)
                known = values[np.isfinite(values)]
                median = float(np.median(known)) if len(known) else 0.0
                filled = np.where(np.isfinite(values), values, median)
                scale = float(filled.std()) or 1.0
                if len(known):
                    made.ranges[name] = (float(known.min()), float(known.max()))
                made.numeric[name] = (median, float(filled.mean()), scale, bool((~np.isfinite(values)).any()))
            else:
                counts = column.dropna().astype(str).value_counts()
                made.levels[name] = [str(level) for level in counts.index[:MOST_LEVELS]]
        return made

    def names(self) -> list[str]:
        """Names of the encoded features, in order."""
        made: list[str] = []
        for name, (_, _, _, missing) in self.numeric.items():
            made.append(name)
            if missing:
                made.append(f"{name} (missing)")
        for name, levels in self.levels.items():
            made.extend(f"{name} = {level}" for level in levels[1:] if levels)
            made.append(f"{name} (missing or new)")
        return made

    def transform(self, frame: Any) -> Any:
        """Encoded features, float64 of shape (rows, len(names()))."""
        columns = []
        for name, (median, mean, scale, missing) in self.numeric.items():
            values = frame[name].to_numpy(dtype=float, na_value=np.nan)
            known = np.isfinite(values)
            columns.append((np.where(known, values, median) - mean) / scale)
            if missing:
                columns.append((~known).astype(float))
        for name, levels in self.levels.items():
            text = frame[name].astype(str).where(frame[name].notna(), None).to_numpy()
            columns.extend((text == level).astype(float) for level in levels[1:])
            columns.append((~np.isin(np.asarray(text, dtype=object), np.asarray(levels, dtype=object))).astype(float))
        return np.column_stack(columns) if columns else np.zeros((len(frame), 0))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "numeric": {k: list(v) for k, v in self.numeric.items()},
            "levels": self.levels,
            "ranges": {k: list(v) for k, v in self.ranges.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Encoder:
        """Read back what `as_dict` gave."""
        numeric = {k: (float(v[0]), float(v[1]), float(v[2]), bool(v[3])) for k, v in data["numeric"].items()}
        ranges = {k: (float(v[0]), float(v[1])) for k, v in data.get("ranges", {}).items()}
        return cls(numeric, {k: [str(x) for x in v] for k, v in data["levels"].items()}, ranges)

    def outside(self, frame: Any) -> list[str]:
        """What lies outside of the training: numbers below or above all of it, levels that it did not have."""
        found = []
        for name, (low, high) in self.ranges.items():
            values = frame[name].to_numpy(dtype=float, na_value=np.nan)
            if len(rows := np.flatnonzero((values < low) | (values > high))):
                place = f"{len(rows)} rows outside of the training ({low:g} to {high:g}), first row {rows[0] + 1}"
                found.append(f"{name}: {place}")
        for name, levels in self.levels.items():
            new = frame[name].notna() & ~frame[name].astype(str).isin(levels)
            if len(rows := np.flatnonzero(new.to_numpy())):
                place = f"{len(rows)} rows with a value that the training did not have, first row {rows[0] + 1}"
                found.append(f"{name}: {place}")
        return found


def load_training_table(
    path: Path, target: str | None, time: str | None = None, event: str | None = None, exclude: Sequence[str] = ()
) -> TrainingTable:
    """Read a table and decide what is outcome and what may be a feature.

    Raises:
        BadInput: columns are missing, the outcome has not two values, or there are too few rows or events.
    """
    frame = read_table(path)
    outcome_name = event if target is None else target
    for name in (outcome_name, *([time] if time else []), *exclude):
        if name not in frame.columns:
            columns = ", ".join(map(str, frame.columns[:30]))
            raise BadInput(path.name, "the header", f"there is no column {name!r}", columns)
    known = frame[outcome_name].notna()
    if time:
        known &= frame[time].notna()
    lost = int((~known).sum())
    frame = frame[known].reset_index(drop=True)
    outcome = _binary(frame[outcome_name], str(outcome_name), path.name)
    times = _times(frame[time], time, path.name) if time else None
    events = int(outcome.sum())
    fewest = events if time else min(events, len(frame) - events)
    if len(frame) < FEWEST_ROWS or fewest < FEWEST_EVENTS:
        accepted = f"{FEWEST_ROWS} rows and {FEWEST_EVENTS} {'events' if time else 'of each outcome'}"
        raise BadInput(path.name, "the table", f"it has {len(frame)} rows and {events} events", accepted)
    features = [str(c) for c in frame.columns if c not in (target, time, event, *exclude)]
    table = TrainingTable(frame, features, outcome, times, np.arange(len(frame)))
    table.dropped.update(dict.fromkeys(exclude, "left out by the user"))
    if lost:
        table.warnings.append(f"{lost} rows without an outcome were left out")
    _check_leakage(table)
    if not table.features:
        raise BadInput(path.name, "the columns", "no feature is left after the leakage checks", "other columns")
    _group_rows(table)
    return table


def _group_rows(table: TrainingTable) -> None:
    """Number the rows so that copies of features and rows of one patient share a number."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    frame, n = table.frame, len(table.frame)
    keys = np.unique(frame[table.features].astype(str).agg("\x1f".join, axis=1), return_inverse=True)[1]
    if copies := n - int(keys.max()) - 1:
        table.warnings.append(f"{copies} rows repeat another row's features; copies stay in one fold")
    columns, start = [keys], int(keys.max()) + 1
    for name in table.dropped:
        if _IDENTIFIES.search(name) and frame[name].duplicated().any():
            column = frame[name].astype(str).where(frame[name].notna(), [f"\x1f{i}" for i in range(n)])
            columns.append(start + np.unique(column, return_inverse=True)[1])
            start = int(columns[-1].max()) + 1
            table.warnings.append(f"{name} repeats; rows that share it stay in one fold")
    rows, values = np.tile(np.arange(n), len(columns)), np.concatenate(columns)
    graph = coo_array((np.ones(len(rows)), (rows, n + values)), shape=(n + start, n + start))
    table.groups = np.unique(connected_components(graph, directed=False)[1][:n], return_inverse=True)[1]


def _binary(column: Any, name: str, file: str) -> Any:
    levels = sorted(column.unique(), key=str)
    if len(levels) != 2:
        raise BadInput(file, f"column {name}", f"it has {len(levels)} values", "an outcome of two values")
    words = {"1", "1.0", "true", "yes", "event", "dead", "positive", "case"}
    positive = next((level for level in levels if str(level).strip().casefold() in words), levels[1])
    return (column == positive).to_numpy().astype(int)


def _times(column: Any, name: str, file: str) -> Any:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(bad):
        raise BadInput(file, f"column {name}, row {int(bad[0]) + 1}", "it is not a time", "a number of 0 or more")
    return values


def _check_leakage(table: TrainingTable) -> None:
    """Drop constants, identifiers, and columns that give the outcome away; each with its reason."""
    import pandas as pd

    kept = []
    for name in table.features:
        column = table.frame[name]
        distinct = column.nunique(dropna=True)
        number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if distinct <= 1:
            table.dropped[name] = "it has one value"
        elif _IDENTIFIES.search(name):
            table.dropped[name] = "its name says that it identifies the patient; rows that share it stay in one fold"
        elif distinct > 0.98 * len(column) and (not number or _is_sequence(column)):
            table.dropped[name] = "it looks like an identifier: every row has its own value"
        elif not number and distinct > MOST_LEVELS:
            table.dropped[name] = f"it has {distinct} levels; at most {MOST_LEVELS} are used"
        elif _gives_away(column, number, table.outcome):
            table.dropped[name] = "it gives the outcome away: it alone separates it almost perfectly"
        elif table.time is not None and number and _correlation(column, table.time) > 0.999:
            table.dropped[name] = "it is a copy of the time"
        else:
            kept.append(name)
    table.features = kept


def _is_sequence(column: Any) -> bool:
    values = column.dropna().to_numpy(dtype=float)
    return bool(np.all(values == np.round(values)) and len(np.unique(values)) == len(values))


def _correlation(column: Any, other: Any) -> float:
    """Size of the rank correlation, so that a copy in another unit or on a log scale is one too."""
    from scipy.stats import spearmanr

    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(values)
    if known.sum() < 3 or values[known].std() == 0:
        return 0.0
    return float(abs(spearmanr(values[known], other[known]).statistic))


def _gives_away(column: Any, number: bool, outcome: Any) -> bool:
    from tools.risk.train.metrics import auroc

    known = column.notna().to_numpy()
    if known.sum() < FEWEST_ROWS // 2 or len(np.unique(outcome[known])) < 2:
        return False
    if number:
        score = auroc(outcome[known], column[known].to_numpy(dtype=float))
        return bool(max(score, 1 - score) > _COPY_AUROC)
    words = column[known].astype(str).to_numpy()
    groups = [outcome[known][words == level] for level in np.unique(words)]
    pure = sum(len(v) for v in groups if v.mean() in (0.0, 1.0) and len(v) > 5)
    return bool(pure > 0.99 * known.sum())
