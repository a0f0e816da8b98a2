"""Markers that a penalised regression keeps choosing: stability selection.

Meinshausen and Bühlmann 2010 (doi 10.1111/j.1467-9868.2010.00740.x) with the complementary pairs of Shah and Samworth
2013 (doi 10.1111/j.1467-9868.2011.01034.x): in each half of the subjects an L1-penalised regression chooses the
`chosen_each` markers that enter first, and a marker is kept where it is chosen in at least `threshold` of the halves.
The expected number of falsely kept markers is at most q² / ((2π − 1) p), for q chosen of p markers at threshold π.

Of markers that move together the regression chooses now one and now another, so that none may reach the threshold:
such a group is reported by the share of halves in which any of them was chosen. The bound does not hold for groups.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.biomarkers.table import MarkerTable

TOGETHER = 0.8  # rank correlation
SELDOM = 0.05  # share of halves below which a marker joins no group
MOST_MARKERS = 2000  # with more, those with the smallest p-values alone go in, which the result says


@dataclass(frozen=True)
class Stability:
    """How often each marker was chosen.

    Attributes:
        names: markers that went in.
        share: share of the halves in which each was chosen, shape (markers,).
        threshold: share from which a marker is kept.
        chosen_each: q, markers chosen in a half at most.
        expected_false: the bound on falsely kept markers.
        prescreened: whether only some of the table's markers went in; the bound then does not hold for the whole.
        groups: (markers, share) of markers that move together, of which one at least was chosen in `threshold` of the
            halves or more.
    """

    names: tuple[str, ...]
    share: NDArray[np.float64]
    threshold: float
    chosen_each: int
    expected_false: float
    prescreened: bool
    groups: tuple[tuple[tuple[str, ...], float], ...] = ()

    def kept(self) -> tuple[tuple[str, float], ...]:
        """(marker, share) of those kept, the most often chosen first."""
        order = np.argsort(-self.share, kind="stable")
        return tuple((self.names[k], float(self.share[k])) for k in order if self.share[k] >= self.threshold)


def stability_selection(
    table: MarkerTable, order: tuple[str, ...], pairs: int = 50, threshold: float = 0.75, seed: int = 1
) -> Stability:
    """Stability selection over the table's markers; a missing value is the marker's median in that half.

    Args:
        order: markers by p-value, used where there are more than `MOST_MARKERS`.
        pairs: complementary pairs of halves.
        threshold: above 0.5, at most 1.
    """
    if not 0.5 < threshold <= 1:
        raise ValueError("threshold has to be above 0.5 and at most 1")
    keep = sorted(table.names.index(name) for name in order[:MOST_MARKERS])
    names = tuple(table.names[k] for k in keep)
    values = table.values[:, keep]
    q = max(1, min(int(np.sqrt(0.5 * (2 * threshold - 1) * len(names))), len(table.outcome) // 4, len(names)))
    random = np.random.default_rng(seed)
    halves = [half for _ in range(pairs) for half in _halves(table, random)]
    chosen = np.zeros((len(halves), len(names)), dtype=bool)
    for row, half in enumerate(halves):
        chosen[row, _first(values[half], table.outcome[half], table.kind == "binary", q)] = True
    groups = tuple(
        (tuple(names[k] for k in group), share)
        for group in _moving_together(values, np.flatnonzero(chosen.mean(axis=0) >= SELDOM))
        if (share := float(chosen[:, group].any(axis=1).mean())) >= threshold
    )
    return Stability(
        names, chosen.mean(axis=0), threshold, q, float(q**2 / ((2 * threshold - 1) * len(names))),
        len(names) < len(table.names), groups,
    )  # fmt: skip


def _moving_together(values: NDArray[np.float64], columns: NDArray[np.int64]) -> list[list[int]]:
    """Groups of two columns and more that are linked by a rank correlation of `TOGETHER` or more, either sign."""
    from scipy.sparse.csgraph import connected_components
    from scipy.stats import rankdata

    if len(columns) < 2:
        return []
    ranks = np.apply_along_axis(rankdata, 0, _filled(values[:, columns]))
    linked = np.abs(np.corrcoef(ranks, rowvar=False)) >= TOGETHER
    count, label = connected_components(linked, directed=False)
    groups = [columns[label == number].tolist() for number in range(count)]
    return [group for group in groups if len(group) > 1]


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values with each missing one replaced by its marker's median."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nan_to_num(np.nanmedian(values, axis=0))
    return np.where(np.isfinite(values), values, middle)


def _halves(table: MarkerTable, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the subjects; each group of a binary outcome is halved."""
    groups = [np.flatnonzero(table.outcome == value) for value in (0, 1)] if table.kind == "binary" else []
    groups = groups or [np.arange(len(table.outcome))]
    mixed = [random.permutation(rows) for rows in groups]
    return (
        np.concatenate([rows[: len(rows) // 2] for rows in mixed]),
        np.concatenate([rows[len(rows) // 2 :] for rows in mixed]),
    )


def _first(values: NDArray[np.float64], outcome: NDArray[np.float64], binary: bool, q: int) -> NDArray[np.int64]:
    """The q markers at most that enter an L1-penalised regression first, by bisection on the penalty."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso, LogisticRegression

    filled = _filled(values)
    spread = filled.std(axis=0)
    scaled = np.where(spread > 0, (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1), 0.0)
    centred = outcome - outcome.mean()
    strongest = float(np.abs(scaled.T @ centred).max()) / len(outcome)
    best = np.zeros(0, dtype=np.int64)
    low, high = 0.01, 1.0  # share of the smallest penalty that chooses nothing
    for _ in range(12):
        share = float(np.sqrt(low * high))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if binary:
                model = LogisticRegression(
                    l1_ratio=1.0, C=1 / (share * strongest * len(outcome)), solver="liblinear", max_iter=200
                )
                weight = model.fit(scaled, outcome).coef_[0]
            else:
                weight = Lasso(alpha=share * strongest, max_iter=500).fit(scaled, centred).coef_
        chosen = np.flatnonzero(np.abs(weight) > 1e-9)
        if len(chosen) <= q:
            best, high = (chosen, share) if len(chosen) >= len(best) else (best, share)
            if len(chosen) == q:
                break
        else:
            low = share
    return best
