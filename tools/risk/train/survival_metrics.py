"""Discrimination, calibration and usefulness of risks at a horizon, where some are censored before it.

- C-index: Harrell FE et al. JAMA 1982;247:2543-2546, doi 10.1001/jama.1982.03320430047030.
- Brier score with weights for censoring: Graf E et al. Stat Med 1999;18:2529-2545.
- Calibration slope: the coefficient of a Cox model whose one covariate is the prognostic index. van Houwelingen HC.
  Stat Med 2000;19:3401-3415; Royston P, Altman DG. BMC Med Res Methodol 2013;13:33, doi 10.1186/1471-2288-13-33.
  The index is log(-log(1 - risk)), which is on one scale whatever fold a risk comes from.
- Calibration intercept: log of observed over expected events, which is the intercept of a Poisson model with the
  log cumulative hazard as offset. Crowson CS et al. Stat Methods Med Res 2016;25:1692-1706,
  doi 10.1177/0962280213497434.
- Observed to expected at the horizon: Kaplan-Meier risk over mean predicted risk. McLernon DJ et al. Ann Intern Med
  2023;176:105-114, doi 10.7326/M22-0844.
- Net benefit: Vickers AJ et al. BMC Med Inform Decis Mak 2008;8:53, doi 10.1186/1472-6947-8-53.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tools.risk.train.metrics import THRESHOLDS

BOOTSTRAPS = 200
FEWEST_EVENTS = 10
_SMALLEST = 1e-12


def surviving(time: Any, event: Any, at: Any, *, before: bool = False) -> Any:
    """Kaplan-Meier survival at the times `at`; with `before`, just before them."""
    order = np.argsort(time, kind="stable")
    times, first = np.unique(time[order], return_index=True)
    deaths = np.add.reduceat(event[order].astype(float), first)
    curve = np.concatenate([[1.0], np.cumprod(1 - deaths / (len(time) - first))])
    return curve[np.searchsorted(times, at, side="left" if before else "right")]


def concordance(time: Any, event: Any, score: Any) -> float:
    """Harrell's C of a score that is higher where the event comes earlier."""
    from lifelines.utils import concordance_index

    return float(concordance_index(time, -score, event))


def censored_brier(time: Any, event: Any, risk: Any, horizon: float) -> float:
    """Brier score at a horizon, weighted for censoring (Graf 1999)."""
    early = (time <= horizon) & (event == 1)
    late = time > horizon
    at_time = np.maximum(surviving(time, 1 - event, time, before=True), 1e-3)
    at_horizon = max(float(surviving(time, 1 - event, horizon)), 1e-3)
    weight = early / at_time + late / at_horizon
    return float(np.mean(weight * (early - risk) ** 2))


def prognostic_index(risk: Any) -> Any:
    """log(-log(1 - risk)): the log cumulative hazard at the horizon."""
    return np.log(-np.log1p(-np.clip(risk, _SMALLEST, 1 - 1e-9)))


def calibration_slope(time: Any, event: Any, risk: Any, horizon: float) -> float:
    """Cox coefficient of the prognostic index, of follow-up to the horizon. Ideal: 1; below 1 is overfitted."""
    return cox_slope(np.minimum(time, horizon), event * (time <= horizon), prognostic_index(risk))


def cox_slope(time: Any, event: Any, score: Any) -> float:
    """Coefficient of a Cox model with one covariate (Breslow's partial likelihood); NaN where nothing varies."""
    order = np.argsort(time, kind="stable")
    time, event, x = time[order], event[order], score[order] - score.mean()
    times, first = np.unique(time, return_index=True)
    same = first[np.searchsorted(times, time)]
    beta = 0.0
    for _ in range(50):
        weight = np.exp(np.clip(beta * x, -50, 50))
        sums = [np.cumsum((weight * x**k)[::-1])[::-1][same] for k in (0, 1, 2)]
        mean = sums[1] / sums[0]
        information = float((event * (sums[2] / sums[0] - mean**2)).sum())
        if information < _SMALLEST:
            return float("nan")
        step = float((event * (x - mean)).sum()) / information
        beta += float(np.clip(step, -2, 2))
        if abs(step) < 1e-9:
            break
    return beta


def calibration_intercept(time: Any, event: Any, expected: Any, horizon: float) -> float:
    """Log of observed over expected events up to the horizon. Ideal: 0; above 0 is too low a prediction.

    Args:
        expected: predicted cumulative hazard of each row at the end of its follow-up or the horizon.
    """
    observed = float((event * (time <= horizon)).sum())
    return float(np.log(observed / expected.sum())) if observed else float("nan")


def observed_to_expected(time: Any, event: Any, risk: Any, horizon: float) -> float:
    """Kaplan-Meier risk at the horizon over the mean predicted risk. Ideal: 1."""
    return float((1 - surviving(time, event, horizon)) / risk.mean())


def observed_by_group(time: Any, event: Any, risk: Any, horizon: float, groups: int = 5) -> list[dict[str, float]]:
    """Mean predicted and Kaplan-Meier risk at the horizon with its 95 % interval, in groups of equal size."""
    from lifelines import KaplanMeierFitter

    rows = []
    for part in np.array_split(np.argsort(risk, kind="stable"), groups):
        curve = KaplanMeierFitter().fit(time[part], event[part])
        limits = curve.confidence_interval_survival_function_.loc[:horizon].iloc[-1]
        rows.append(
            {
                "predicted": float(risk[part].mean()),
                "observed": 1 - float(curve.survival_function_at_times(horizon).iloc[0]),
                "low": 1 - float(limits.iloc[1]),
                "high": 1 - float(limits.iloc[0]),
                "rows": float(len(part)),
            }
        )
    return rows


def net_benefits(time: Any, event: Any, risk: Any, horizon: float) -> Any:
    """Net benefit at the horizon of treating above each of `THRESHOLDS`, shape (thresholds,)."""
    made = []
    for threshold in THRESHOLDS:
        treated = risk >= threshold
        share = treated.mean()
        rate = 1 - float(surviving(time[treated], event[treated], horizon)) if share else 0.0
        made.append(share * (rate - (1 - rate) * threshold / (1 - threshold)))
    return np.array(made)


def decision_curve(time: Any, event: Any, risk: Any, horizon: float, seed: int = 0) -> list[dict[str, float]]:
    """Net benefit of the model with its 95 % interval, and of treating all, at each of `THRESHOLDS`."""
    everyone = np.ones(len(risk))
    draws = [net_benefits(time[b], event[b], risk[b], horizon) for b in _samples(len(risk), seed)]
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    found = (net_benefits(time, event, r, horizon) for r in (risk, everyone))
    names = ("threshold", "model", "all", "low", "high")
    return [
        {k: float(v) for k, v in zip(names, row, strict=True)}
        for row in zip(THRESHOLDS, *found, low, high, strict=True)
    ]


def survival_metrics(time: Any, event: Any, risk: Any, expected: Any, horizon: float, seed: int = 0
                     ) -> dict[str, dict[str, float]]:  # fmt: skip
    """Every metric with its 95 % bootstrap interval.

    Args:
        risk: predicted probability of the event by the horizon, from models that have not seen the row.
        expected: see `calibration_intercept`.
    """
    named: Mapping[str, Callable[[Any], float]] = {
        "c_index": lambda b: concordance(time[b], event[b], risk[b]),
        "brier_at_horizon": lambda b: censored_brier(time[b], event[b], risk[b], horizon),
        "calibration_intercept": lambda b: calibration_intercept(time[b], event[b], expected[b], horizon),
        "calibration_slope": lambda b: calibration_slope(time[b], event[b], risk[b], horizon),
        "observed_to_expected": lambda b: observed_to_expected(time[b], event[b], risk[b], horizon),
    }
    rows = np.arange(len(event))
    made = {}
    for name, metric in named.items():
        draws = [metric(b) for b in _samples(len(rows), seed) if (event[b] * (time[b] <= horizon)).any()]
        low, high = np.nanquantile(draws, (0.025, 0.975))
        made[name] = {"value": metric(rows), "low": float(low), "high": float(high)}
    return made


def enough(time: Any, event: Any, horizon: float) -> bool:
    """Whether there are events before the horizon, and rows followed beyond it, to measure anything."""
    return bool(min((event * (time <= horizon)).sum(), (time > horizon).sum()) >= FEWEST_EVENTS)


def _samples(rows: int, seed: int) -> Any:
    random = np.random.default_rng(seed)
    return (random.integers(0, rows, rows) for _ in range(BOOTSTRAPS))
