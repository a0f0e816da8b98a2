"""Nested cross-validation of every learner, the final fit, the model card and the figures."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tools.risk.train.data import Encoder, TrainingTable
from tools.risk.train.learners import LEARNERS, Learner
from tools.risk.train.metrics import all_metrics, auroc, calibration_curve, decision_curve
from tools.risk.train.store import TrainedModel

OUTER, INNER = 5, 3
FEWEST_IN_GROUP, MOST_LEVELS_OF_NUMBERS = 10, 6
Progress = Callable[[str], None]
Measure = Callable[[Any], dict[str, Any] | None]


def folds(table: TrainingTable, count: int, seed: int) -> list[tuple[Any, Any]]:
    """Stratified folds in which rows with the same features stay together: (training rows, test rows)."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(table.outcome)), table.outcome, table.groups))


def inner_folds(table: TrainingTable, rows: Any, seed: int) -> list[tuple[Any, Any]]:
    part = TrainingTable(table.frame, table.features, table.outcome[rows], None, table.groups[rows])
    return [(rows[a], rows[b]) for a, b in folds(part, INNER, seed)]


def _scores(
    table: TrainingTable, learner: Learner, options: Mapping[str, Any], train: Any, test: Any, seed: int
) -> Any:
    encoder = Encoder.fit(table.frame.iloc[train], table.features)
    arrays = learner.fit(encoder.transform(table.frame.iloc[train]), table.outcome[train], options, seed)
    return learner.score(arrays, encoder.transform(table.frame.iloc[test]))


def tune(table: TrainingTable, learner: Learner, rows: Any, seed: int) -> tuple[Mapping[str, Any], tuple[float, float]]:
    """Best options by inner AUROC, and the calibration (slope, offset) of their out-of-fold scores."""
    from tools.risk.train.metrics import newton

    splits = inner_folds(table, rows, seed)
    best, best_value, best_scores = learner.grid[0], -1.0, None
    for options in learner.grid:
        found = np.concatenate([_scores(table, learner, options, a, b, seed) for a, b in splits])
        outcome = np.concatenate([table.outcome[b] for _, b in splits])
        value = auroc(outcome, found)
        if value > best_value + 1e-6:
            best, best_value, best_scores = options, value, (found, outcome)
    assert best_scores is not None
    scores, outcome = best_scores
    spread = float(scores.std()) or 1.0
    offset, slope = newton(np.column_stack([np.ones(len(scores)), scores / spread]), outcome, np.zeros(len(scores)))
    return best, (float(slope) / spread, float(offset))


def train_binary(table: TrainingTable, target: str, chosen: Sequence[str], seed: int, progress: Progress,
                 by: Sequence[str] = ()) -> tuple[TrainedModel, dict[str, Any]]:  # fmt: skip
    """Nested cross-validation of the chosen learners; the one with the best outer AUROC is fitted on all rows."""
    report: dict[str, Any] = {"learners": {}}
    predicted: dict[str, Any] = {}
    for name in chosen:
        started = clock.perf_counter()
        learner = LEARNERS[name]
        risk = np.full(len(table.outcome), np.nan)
        for train, test in folds(table, OUTER, seed):
            options, (slope, offset) = tune(table, learner, train, seed)
            score = _scores(table, learner, options, train, test, seed)
            risk[test] = 1 / (1 + np.exp(-np.clip(slope * score + offset, -35, 35)))
        metrics = all_metrics(table.outcome, risk, seed)
        report["learners"][name] = {"metrics": metrics, "seconds": round(clock.perf_counter() - started, 1)}
        predicted[name] = risk
        progress(f"{name}: AUROC {metrics['auroc']['value']:.3f}")
    best = max(chosen, key=lambda n: report["learners"][n]["metrics"]["auroc"]["value"])
    learner, rows = LEARNERS[best], np.arange(len(table.outcome))
    options, calibrated = tune(table, learner, rows, seed)
    encoder = Encoder.fit(table.frame, table.features)
    arrays = learner.fit(encoder.transform(table.frame), table.outcome, options, seed)

    def measure(mask: Any) -> dict[str, Any] | None:
        events = int(table.outcome[mask].sum())
        if min(events, mask.sum() - events) < FEWEST_IN_GROUP:
            return None
        return all_metrics(table.outcome[mask], predicted[best][mask], seed)

    report |= {
        "chosen": best,
        "options": dict(options),
        "calibration_curve": calibration_curve(table.outcome, predicted[best]),
        "decision_curve": decision_curve(table.outcome, predicted[best], seed),
        "subgroups": subgroups(table, by, measure),
    }
    return TrainedModel(best, encoder, arrays, target, calibrated), report


def subgroups(table: TrainingTable, by: Sequence[str], measure: Measure) -> list[dict[str, Any]]:
    """Metrics for each level of each column of `by`; a group in which nothing can be measured has none."""
    rows = []
    for name in by:
        column = _in_levels(table.frame[name])
        for level in column.cat.categories:
            mask = (column == level).to_numpy()
            events = int(table.outcome[mask].sum())
            entry: dict[str, Any] = {
                "column": name,
                "level": _written(level),
                "rows": int(mask.sum()),
                "events": events,
            }
            if (metrics := measure(mask)) is not None:
                entry["metrics"] = metrics
            rows.append(entry)
    return rows


def _written(level: Any) -> str:
    return f"{level:.4g}" if isinstance(level, float) else str(level)


def _in_levels(column: Any) -> Any:
    """A column as a category of ordered levels; numbers of more than 6 values are cut into thirds."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        return column.astype(str).where(column.notna()).astype("category")
    if pd.api.types.is_bool_dtype(column) or column.nunique() <= MOST_LEVELS_OF_NUMBERS:
        return column.astype("category")
    thirds = pd.qcut(column, 3, duplicates="drop")
    edges = [column.min(), *(cut.right for cut in thirds.cat.categories)]
    names = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return thirds.cat.rename_categories(names)


def write_run(folder: Path, model: TrainedModel, report: dict[str, Any], table: TrainingTable, source: str) -> None:
    """Save the model, `report.json`, the card and the figures in `folder`."""
    from tools.risk.train.card import card_text, figures

    digest = model.save(folder)
    report["arrays_sha256"] = digest
    report["data"] = {
        "file": source,
        "rows": len(table.outcome),
        "events": int(table.outcome.sum()),
        "features": table.features,
        "dropped": table.dropped,
        "warnings": table.warnings,
    }
    (folder / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (folder / "model.card.md").write_text(card_text(model, report), encoding="utf-8")
    for name, svg in figures(report).items():
        (folder / name).write_text(svg, encoding="utf-8")
