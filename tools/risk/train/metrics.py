"""Discrimination, calibration and usefulness of predicted risks, with bootstrap intervals.

AUROC: Hanley JA, McNeil BJ 1982. Calibration intercept and slope: Cox 1958, as in Van Calster B et al. BMC Med
2019;17:230, doi 10.1186/s12916-019-1466-7. Net benefit: Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574,
doi 10.1177/0272989X06295361.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

BOOTSTRAPS = 400
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
Metric = Callable[[Any, Any], float]


def auroc(outcome: Any, score: Any) -> float:
    """Probability that a case has a higher score than a non-case; ties count half. NaN without both."""
    from scipy.stats import rankdata

    positive = outcome == 1
    cases, others = int(positive.sum()), int((~positive).sum())
    if not cases or not others:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - cases * (cases + 1) / 2) / (cases * others))


def auprc(outcome: Any, score: Any) -> float:
    """Average precision."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(outcome, score)) if outcome.any() else float("nan")


def brier(outcome: Any, risk: Any) -> float:
    """Mean squared difference of outcome and predicted risk (0 to 1)."""
    return float(np.mean((outcome - risk) ** 2))


def calibration(outcome: Any, risk: Any) -> tuple[float, float]:
    """Calibration-in-the-large (intercept with the log-odds as offset) and slope. Ideal: 0 and 1."""
    log_odds = np.log(np.clip(risk, 1e-7, 1 - 1e-7) / (1 - np.clip(risk, 1e-7, 1 - 1e-7)))
    intercept = newton(np.ones((len(risk), 1)), outcome, log_odds)[0]
    slope = newton(np.column_stack([np.ones(len(risk)), log_odds]), outcome, np.zeros(len(risk)))[1]
    return float(intercept), float(slope)


def newton(design: Any, outcome: Any, offset: Any) -> Any:
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(offset + design @ beta, -35, 35)))
        weight = np.maximum(p * (1 - p), 1e-9)
        hessian = design.T @ (design * weight[:, None]) + 1e-9 * np.eye(design.shape[1])
        step = np.linalg.solve(hessian, design.T @ (outcome - p))
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-8:
            break
    return beta


def calibration_curve(outcome: Any, risk: Any, bins: int = 10) -> list[dict[str, float]]:
    """Mean predicted and observed risk with its 95 % interval (Wilson 1927), in groups of equal size."""
    from scipy.stats import binomtest

    order = np.argsort(risk, kind="stable")
    rows = []
    for part in (p for p in np.array_split(order, bins) if len(p)):
        limits = binomtest(int(outcome[part].sum()), len(part)).proportion_ci(method="wilson")
        rows.append(
            {
                "predicted": float(risk[part].mean()),
                "observed": float(outcome[part].mean()),
                "low": float(limits.low),
                "high": float(limits.high),
                "rows": float(len(part)),
            }
        )
    return rows


def net_benefits(outcome: Any, risk: Any) -> Any:
    """Net benefit of treating above each of `THRESHOLDS`, shape (thresholds,)."""
    cut = np.array(THRESHOLDS)
    treated = risk[:, None] >= cut
    hits = (treated & (outcome[:, None] == 1)).mean(0)
    return hits - (treated.mean(0) - hits) * cut / (1 - cut)


def decision_curve(outcome: Any, risk: Any, seed: int = 0) -> list[dict[str, float]]:
    """Net benefit of treating above a threshold with its 95 % interval, and of treating all, at `THRESHOLDS`."""
    random = np.random.default_rng(seed)
    n = len(outcome)
    samples = (random.integers(0, n, n) for _ in range(BOOTSTRAPS))
    low, high = np.quantile([net_benefits(outcome[b], risk[b]) for b in samples], (0.025, 0.975), axis=0)
    model, everyone = net_benefits(outcome, risk), net_benefits(outcome, np.ones(n))
    return [
        {"threshold": t, "model": float(model[i]), "all": float(everyone[i]), "low": float(low[i]),
         "high": float(high[i])}
        for i, t in enumerate(THRESHOLDS)
    ]  # fmt: skip


def interval(metric: Metric, outcome: Any, risk: Any, seed: int = 0) -> dict[str, float]:
    """Value and 95 % percentile interval of a metric over bootstrap samples of rows."""
    random = np.random.default_rng(seed)
    n = len(outcome)
    draws = []
    for _ in range(BOOTSTRAPS):
        rows = random.integers(0, n, n)
        if 0 < outcome[rows].sum() < n:
            draws.append(metric(outcome[rows], risk[rows]))
    low, high = np.nanquantile(draws, (0.025, 0.975))
    return {"value": float(metric(outcome, risk)), "low": float(low), "high": float(high)}


def all_metrics(outcome: Any, risk: Any, seed: int = 0) -> dict[str, dict[str, float]]:
    """Every metric with its interval."""
    named: Mapping[str, Metric] = {
        "auroc": auroc,
        "auprc": auprc,
        "brier": brier,
        "calibration_intercept": lambda y, p: calibration(y, p)[0],
        "calibration_slope": lambda y, p: calibration(y, p)[1],
    }
    return {name: interval(metric, outcome, risk, seed) for name, metric in named.items()}
