"""Nested cross-validation of the learners for time to event, and the final fit."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from knowledge.errors import ToolRetry
from tools.risk.train import survival
from tools.risk.train.data import Encoder, TrainingTable
from tools.risk.train.learners import Arrays, network_score
from tools.risk.train.run import OUTER, Progress, folds, inner_folds, subgroups
from tools.risk.train.store import TrainedModel
from tools.risk.train.survival_metrics import (
    concordance,
    cox_slope,
    decision_curve,
    enough,
    observed_by_group,
    survival_metrics,
)

_SHRINKAGE = (0.05, 2.0)


@dataclass(frozen=True)
class SurvivalLearner:
    """How a log relative hazard is fitted and computed, and the options that are tried."""

    fit: Callable[..., Arrays]
    score: Callable[[Arrays, Any], Any]
    grid: Sequence[Mapping[str, Any]]


SURVIVAL_LEARNERS: Mapping[str, SurvivalLearner] = {
    "cox": SurvivalLearner(survival.fit_cox, survival.cox_score, survival.COX_GRID),
    "cox_network": SurvivalLearner(survival.fit_network, network_score, survival.NETWORK_GRID),
}


def horizon_of(table: TrainingTable, asked: float | None) -> float:
    """The time at which risks are given: the one asked for, else the median time of the events.

    Raises:
        ToolRetry: it lies outside of the follow-up, or too few have an event before or are followed beyond it.
    """
    time, event = table.time, table.outcome
    assert time is not None
    until = float(np.median(time[event == 1])) if asked is None else asked
    if not time.min() < until < time.max():
        raise ToolRetry(f"The horizon {until:g} lies outside of the follow-up ({time.min():g} to {time.max():g}).")
    if not enough(time, event, until):
        early, late = int((event * (time <= until)).sum()), int((time > until).sum())
        raise ToolRetry(
            f"At the horizon {until:g} there are {early} events before and {late} rows followed beyond it; at least "
            "10 of each are needed. Give another --horizon."
        )
    return until


def train_survival(table: TrainingTable, target: str, horizon: float | None, seed: int, progress: Progress,
                   by: Sequence[str] = (), chosen: Sequence[str] = tuple(SURVIVAL_LEARNERS)
                   ) -> tuple[TrainedModel, dict[str, Any]]:  # fmt: skip
    """Nested cross-validation of the chosen learners; the best one is fitted on all rows.

    The best has the lowest Brier score at the horizon to three decimals, which counts discrimination and calibration
    alike; of several the first, which is the simplest.
    """
    until = horizon_of(table, horizon)
    time, event = table.time, table.outcome
    assert time is not None
    report: dict[str, Any] = {"learners": {}, "horizon": until}
    kept: dict[str, tuple[Any, Any]] = {}
    for name in chosen:
        started = clock.perf_counter()
        learner = SURVIVAL_LEARNERS[name]
        risk, expected = np.full(len(event), np.nan), np.full(len(event), np.nan)
        for train, test in folds(table, OUTER, seed):
            options, slope = tune(table, learner, train, seed)
            risk[test], expected[test] = _predict(table, learner, options, slope, train, test, until, seed)
        metrics = survival_metrics(time, event, risk, expected, until, seed)
        report["learners"][name] = {"metrics": metrics, "seconds": round(clock.perf_counter() - started, 1)}
        kept[name] = risk, expected
        progress(f"{name}: C-index {metrics['c_index']['value']:.3f}")
    best = min(chosen, key=lambda n: round(report["learners"][n]["metrics"]["brier_at_horizon"]["value"], 3))
    learner, (risk, expected) = SURVIVAL_LEARNERS[best], kept[best]
    options, slope = tune(table, learner, np.arange(len(event)), seed)

    def measure(mask: Any) -> dict[str, Any] | None:
        if not enough(time[mask], event[mask], until):
            return None
        return survival_metrics(time[mask], event[mask], risk[mask], expected[mask], until, seed)

    report |= {
        "chosen": best,
        "options": dict(options),
        "calibration_curve": observed_by_group(time, event, risk, until),
        "decision_curve": decision_curve(time, event, risk, until, seed),
        "subgroups": subgroups(table, by, measure),
    }
    encoder = Encoder.fit(table.frame, table.features)
    features = encoder.transform(table.frame)
    arrays = learner.fit(features, time, event, options, seed)
    times, hazard = survival.baseline_hazard(slope * learner.score(arrays, features), time, event)
    arrays = {**arrays, "times": times, "hazard": hazard}
    return TrainedModel(best, encoder, arrays, target, (slope, 0.0), until), report


def tune(table: TrainingTable, learner: SurvivalLearner, rows: Any, seed: int) -> tuple[Mapping[str, Any], float]:
    """Best options by the mean inner C-index, and the slope by which their score is shrunk.

    The slope is the mean Cox coefficient of the out-of-fold score (van Houwelingen JC, le Cessie S. Stat Med
    1990;9:1303-1325), kept between 0.05 and 2.
    """
    assert table.time is not None
    splits = inner_folds(table, rows, seed)
    best, best_value, slope = learner.grid[0], -1.0, 1.0
    for options in learner.grid:
        values, slopes = [], []
        for train, test in splits:
            score = _score(table, learner, options, train, test, seed)[1]
            values.append(concordance(table.time[test], table.outcome[test], score))
            slopes.append(cox_slope(table.time[test], table.outcome[test], score))
        if np.mean(values) > best_value:
            best, best_value = options, float(np.mean(values))
            slope = float(np.clip(np.nan_to_num(np.nanmean(slopes), nan=1.0), *_SHRINKAGE))
    return best, slope


def _score(table: TrainingTable, learner: SurvivalLearner, options: Mapping[str, Any], train: Any, test: Any, seed: int
           ) -> tuple[Any, Any]:  # fmt: skip
    """Scores of the training rows and of the test rows, from the training rows only."""
    assert table.time is not None
    encoder = Encoder.fit(table.frame.iloc[train], table.features)
    x = encoder.transform(table.frame.iloc[train])
    arrays = learner.fit(x, table.time[train], table.outcome[train], options, seed)
    return learner.score(arrays, x), learner.score(arrays, encoder.transform(table.frame.iloc[test]))


def _predict(table: TrainingTable, learner: SurvivalLearner, options: Mapping[str, Any], slope: float, train: Any,
             test: Any, until: float, seed: int) -> tuple[Any, Any]:  # fmt: skip
    """Risk at the horizon of the test rows, and their cumulative hazard at the end of follow-up or the horizon."""
    assert table.time is not None
    inside, outside = (slope * s for s in _score(table, learner, options, train, test, seed))
    times, hazard = survival.baseline_hazard(inside, table.time[train], table.outcome[train])
    ends = np.minimum(table.time[test], until)
    base = np.concatenate([[0.0], hazard])[np.searchsorted(times, ends, side="right")]
    return survival.risk_at(outside, times, hazard, until), base * np.exp(outside)
