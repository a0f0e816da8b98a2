"""Each marker by itself against the outcome, with the false discovery rate over all of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.biomarkers.table import LEAST_IN_GROUP, MarkerTable


class MarkerTest(NamedTuple):
    """One marker.

    Attributes:
        effect: Hedges' g (group 1 minus group 0, in pooled standard deviations) for a binary outcome, else Spearman's
            rank correlation. Infinite where each group has one value of its own.
        low, high: 95 % interval of the effect.
        log2_fold: log2 of the ratio of means, for a marker that is positive throughout; nan otherwise.
        auroc: how well the marker alone parts the groups (above 0.5: higher in group 1); nan for a continuous outcome.
        p, q: p-value (Welch's t test; Fisher's exact test for a marker of two values; that of the rank correlation) and
            Benjamini and Hochberg's q-value.
        p_rank: Mann-Whitney's p-value for a binary outcome, as a check on outliers; nan otherwise.
        subjects: how many were measured.
    """

    name: str
    effect: float
    low: float
    high: float
    log2_fold: float
    auroc: float
    p: float
    q: float
    p_rank: float
    subjects: int


def univariate(table: MarkerTable) -> tuple[MarkerTest, ...]:
    """Every marker, the smallest p-value first. A marker with too few measured subjects in a group has p = 1."""
    one = _binary if table.kind == "binary" else _continuous
    rows = [one(name, table.values[:, k], table.outcome) for k, name in enumerate(table.names)]
    q = benjamini_hochberg(np.array([row.p for row in rows]))
    return tuple(sorted((row._replace(q=float(value)) for row, value in zip(rows, q, strict=True)), key=lambda r: r.p))


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """q-values of p-values (Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x), by SciPy."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, method="bh"))


def _binary(name: str, values: NDArray[np.float64], outcome: NDArray[np.float64]) -> MarkerTest:
    from scipy.stats import fisher_exact, mannwhitneyu, ttest_ind

    measured = np.isfinite(values)
    one, zero = values[measured & (outcome == 1)], values[measured & (outcome == 0)]
    count = len(one) + len(zero)
    different = np.unique(values[measured])
    if min(len(one), len(zero)) < LEAST_IN_GROUP or len(different) < 2:
        return MarkerTest(name, 0.0, math.nan, math.nan, math.nan, math.nan, 1.0, 1.0, 1.0, count)
    ranks = mannwhitneyu(one, zero, alternative="two-sided")
    pooled = math.sqrt(((len(one) - 1) * one.var(ddof=1) + (len(zero) - 1) * zero.var(ddof=1)) / (count - 2))
    effect = math.copysign(math.inf, one.mean() - zero.mean())
    error = math.nan
    if pooled > 0:
        effect = float(one.mean() - zero.mean()) / pooled * (1 - 3 / (4 * count - 9))
        error = math.sqrt(count / (len(one) * len(zero)) + effect**2 / (2 * count))
    positive = values[measured].min() > 0
    fold = math.log2(one.mean() / zero.mean()) if positive else math.nan
    if len(different) == 2:
        high = [int((group == different[1]).sum()) for group in (one, zero)]
        p = float(fisher_exact([high, [len(one) - high[0], len(zero) - high[1]]]).pvalue)
    else:
        p = float(ttest_ind(one, zero, equal_var=False).pvalue)
    return MarkerTest(
        name, effect, effect - 1.96 * error, effect + 1.96 * error, fold,
        float(ranks.statistic / (len(one) * len(zero))), p, 1.0, float(ranks.pvalue), count,
    )  # fmt: skip


def _continuous(name: str, values: NDArray[np.float64], outcome: NDArray[np.float64]) -> MarkerTest:
    from scipy.stats import spearmanr

    measured = np.isfinite(values)
    found = spearmanr(values[measured], outcome[measured])
    rho, count = float(found.statistic), int(measured.sum())
    if not math.isfinite(rho):
        return MarkerTest(name, 0.0, math.nan, math.nan, math.nan, math.nan, 1.0, 1.0, math.nan, count)
    middle = math.atanh(max(-0.999999, min(0.999999, rho)))
    half = 1.96 * math.sqrt((1 + rho**2 / 2) / (count - 3))  # Bonett and Wright 2000, doi 10.1007/BF02294183
    return MarkerTest(
        name, rho, math.tanh(middle - half), math.tanh(middle + half), math.nan, math.nan, float(found.pvalue), 1.0,
        math.nan, count,
    )  # fmt: skip
