"""Nested cross-validation of every learner, the final fit, the model card and the figures."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import ToolRetry
from tools.risk.train import survival
from tools.risk.train.data import Encoder, TrainingTable
from tools.risk.train.learners import LEARNERS, Learner, network_score
from tools.risk.train.metrics import all_metrics, auroc, calibration_curve, decision_curve
from tools.risk.train.store import TrainedModel

OUTER, INNER = 5, 3
Progress = Callable[[str], None]


def folds(table: TrainingTable, count: int, seed: int) -> list[tuple[Any, Any]]:
    """Stratified folds in which rows with the same features stay together: (training rows, test rows)."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(table.outcome)), table.outcome, table.groups))


def _inner(table: TrainingTable, rows: Any, seed: int) -> list[tuple[Any, Any]]:
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

    splits = _inner(table, rows, seed)
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
    report |= {
        "chosen": best,
        "options": dict(options),
        "calibration_curve": calibration_curve(table.outcome, predicted[best]),
        "decision_curve": decision_curve(table.outcome, predicted[best]),
        "subgroups": _subgroups(table, predicted[best], by, seed),
    }
    return TrainedModel(best, encoder, arrays, target, calibrated), report


def _subgroups(table: TrainingTable, risk: Any, by: Sequence[str], seed: int) -> list[dict[str, Any]]:
    import pandas as pd

    rows = []
    for name in by:
        if name not in table.frame.columns:
            raise ToolRetry(f"There is no column {name!r} to compare by.")
        column = table.frame[name]
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > 6:
            column = pd.qcut(column, 3, duplicates="drop")
        for level in sorted(column.dropna().astype(str).unique()):
            mask = (column.astype(str) == level).to_numpy()
            events = int(table.outcome[mask].sum())
            entry: dict[str, Any] = {"column": name, "level": level, "rows": int(mask.sum()), "events": events}
            if min(events, mask.sum() - events) >= 10:
                entry["metrics"] = all_metrics(table.outcome[mask], risk[mask], seed)
            rows.append(entry)
    return rows


def train_survival(table: TrainingTable, target: str, horizon: float | None, seed: int, progress: Progress
                   ) -> tuple[TrainedModel, dict[str, Any]]:  # fmt: skip
    """Nested cross-validation of Cox regression and the network; the better one by C-index is fitted on all rows."""
    time, event = table.time, table.outcome
    assert time is not None
    until = float(np.median(time[event == 1])) if horizon is None else horizon
    if not time.min() < until < time.max():
        raise ToolRetry(f"The horizon {until:g} lies outside of the follow-up ({time.min():g} to {time.max():g}).")
    kinds: Mapping[str, tuple[Any, Any, Any]] = {
        "cox": (survival.fit_cox, survival.cox_score, survival.COX_GRID),
        "cox_network": (survival.fit_network, network_score, survival.NETWORK_GRID),
    }
    report: dict[str, Any] = {"learners": {}, "horizon": until}
    kept: dict[str, Any] = {}
    for name, kind in kinds.items():
        score, risk = np.full(len(event), np.nan), np.full(len(event), np.nan)
        for train, test in folds(table, OUTER, seed):
            options = _tune_survival(table, kind, train, seed)
            score[test], risk[test] = _fit_and_score(table, kind, options, train, test, until, seed)
        report["learners"][name] = {"metrics": _survival_metrics(time, event, score, risk, until, seed)}
        kept[name] = risk
        progress(f"{name}: C-index {report['learners'][name]['metrics']['c_index']['value']:.3f}")
    best = max(kinds, key=lambda n: report["learners"][n]["metrics"]["c_index"]["value"])
    options = _tune_survival(table, kinds[best], np.arange(len(event)), seed)
    encoder = Encoder.fit(table.frame, table.features)
    features = encoder.transform(table.frame)
    arrays = kinds[best][0](features, time, event, options, seed)
    times, hazard = survival.baseline_hazard(kinds[best][1](arrays, features), time, event)
    report |= {
        "chosen": best,
        "options": dict(options),
        "calibration_curve": survival.observed_by_group(time, event, kept[best], until),
    }
    return TrainedModel(best, encoder, {**arrays, "times": times, "hazard": hazard}, target, horizon=until), report


def _tune_survival(table: TrainingTable, kind: tuple[Any, Any, Any], rows: Any, seed: int) -> Mapping[str, Any]:
    best, best_value = kind[2][0], -1.0
    for options in kind[2]:
        values = []
        for train, test in _inner(table, rows, seed):
            score, _ = _fit_and_score(table, kind, options, train, test, None, seed)
            values.append(survival.concordance(table.time[test], table.outcome[test], score))  # type: ignore[index]
        if np.mean(values) > best_value:
            best, best_value = options, float(np.mean(values))
    chosen: Mapping[str, Any] = best
    return chosen


def _fit_and_score(table: TrainingTable, kind: tuple[Any, Any, Any], options: Mapping[str, Any], train: Any, test: Any,
                   horizon: float | None, seed: int) -> tuple[Any, Any]:  # fmt: skip
    encoder = Encoder.fit(table.frame.iloc[train], table.features)
    x = encoder.transform(table.frame.iloc[train])
    assert table.time is not None
    arrays = kind[0](x, table.time[train], table.outcome[train], options, seed)
    score = kind[1](arrays, encoder.transform(table.frame.iloc[test]))
    if horizon is None:
        return score, None
    times, hazard = survival.baseline_hazard(kind[1](arrays, x), table.time[train], table.outcome[train])
    return score, survival.risk_at(score, times, hazard, horizon)


def _survival_metrics(time: Any, event: Any, score: Any, risk: Any, until: float, seed: int) -> dict[str, Any]:
    rows = np.arange(len(event))

    def c_index(chosen: Any, _: Any) -> float:
        return survival.concordance(time[chosen], event[chosen], score[chosen])

    random = np.random.default_rng(seed)
    draws = [c_index(random.integers(0, len(rows), len(rows)), None) for _ in range(200)]
    low, high = np.quantile(draws, (0.025, 0.975))
    briers = [
        survival.censored_brier(time[b], event[b], risk[b], until)
        for b in (random.integers(0, len(rows), len(rows)) for _ in range(60))
    ]
    brier_low, brier_high = np.quantile(briers, (0.025, 0.975))
    return {
        "c_index": {"value": c_index(rows, None), "low": float(low), "high": float(high)},
        "brier_at_horizon": {
            "value": survival.censored_brier(time, event, risk, until),
            "low": float(brier_low),
            "high": float(brier_high),
        },
    }


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
