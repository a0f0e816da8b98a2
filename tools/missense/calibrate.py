"""Scores to strengths of PP3 and BP4 by the local likelihood ratio (Pejaver 2022, doi 10.1016/j.ajhg.2022.10.013).

Around each score the smallest window that holds enough labelled changes gives a local likelihood ratio: the share of
all pathogenic changes that lies in it over the share of all benign changes. A threshold of a strength is the score from
which on the lower end of the one-sided 95 % bootstrap interval of the ratio stays above that strength's odds. The odds
are those of Tavtigian 2018 (doi 10.1038/gim.2017.210) at the prior of 0.0441 that Pejaver estimates: very strong
1124, and its powers 1/2, 1/4 and 1/8.

Here differently from the paper: changes count within their gene (both classes of a gene weigh alike, genes with one
class only count nothing), so that what the score says of the gene as a whole is not read as evidence on the change; and
the window is not also required to hold 3 % of a population sample, which is not at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Strength = Literal["supporting", "moderate", "strong"]
PRIOR = 0.0441
VERY_STRONG = 1124.0
ODDS: Mapping[Strength, float] = {
    "supporting": VERY_STRONG**0.125,
    "moderate": VERY_STRONG**0.25,
    "strong": VERY_STRONG**0.5,
}
LEAST_IN_WINDOW = 100


class Threshold(NamedTuple):
    """From this score on (downwards for BP4), a change has this strength."""

    code: Literal["PP3", "BP4"]
    strength: Strength
    score: float


def within_gene_weights(gene: NDArray[np.str_], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight of each change: in each gene both classes sum to the smaller of their numbers; 0 where one is missing."""
    weight = np.zeros(len(label))
    for name in np.unique(gene):
        rows = gene == name
        one, zero = rows & (label == 1), rows & (label == 0)
        smaller = min(one.sum(), zero.sum())
        if smaller:
            weight[one], weight[zero] = smaller / one.sum(), smaller / zero.sum()
    return weight


def local_ratios(
    score: NDArray[np.float64], label: NDArray[np.int64], weight: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Local likelihood ratio at each score of `at`; half a change is added to either class in each window."""
    order = np.argsort(score, kind="stable")
    sorted_score = score[order]
    positive = np.concatenate([[0.0], np.cumsum((weight * (label == 1))[order])])
    negative = np.concatenate([[0.0], np.cumsum((weight * (label == 0))[order])])
    mass = positive + negative
    need = float(LEAST_IN_WINDOW)
    first, last = _windows(sorted_score, mass, at, need)
    harmful = (positive[last] - positive[first] + 0.5) / (positive[-1] + 0.5)
    harmless = (negative[last] - negative[first] + 0.5) / (negative[-1] + 0.5)
    return np.asarray(harmful / harmless)


def _windows(
    score: NDArray[np.float64], mass: NDArray[np.float64], at: NDArray[np.float64], need: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Ends (first, behind the last) of the smallest window centred at each of `at` whose weight is `need` or more."""
    low, high = np.zeros(len(at)), np.full(len(at), float(score[-1] - score[0]) + 1.0)
    for _ in range(30):
        half = (low + high) / 2
        first, last = np.searchsorted(score, at - half), np.searchsorted(score, at + half, side="right")
        enough = mass[last] - mass[first] >= need
        high, low = np.where(enough, half, high), np.where(enough, low, half)
    return np.searchsorted(score, at - high), np.searchsorted(score, at + high, side="right")


def thresholds(
    score: NDArray[np.float64], label: NDArray[np.int64], gene: NDArray[np.str_], rounds: int = 500, seed: int = 1
) -> tuple[Threshold, ...]:
    """The thresholds that the data reach, PP3 first. A strength that no score reaches has none.

    Args:
        score: higher is more harmful; from a model that saw neither the change nor its family.
        label: 1 pathogenic, 0 benign.
        gene: the gene of each change.
    """
    keep = within_gene_weights(gene, label) > 0
    score, label, gene = score[keep], label[keep], gene[keep]
    grid = np.quantile(score, np.linspace(0.002, 0.998, 200))
    random = np.random.default_rng(seed)
    names, number = np.unique(gene, return_inverse=True)
    members = [np.flatnonzero(number == k) for k in range(len(names))]
    weight = within_gene_weights(gene, label)
    drawn = np.empty((rounds, len(grid)))
    for k in range(rounds):
        rows = np.concatenate([members[j] for j in random.integers(0, len(members), len(members))])
        drawn[k] = local_ratios(score[rows], label[rows], weight[rows], grid)
    low, high = np.quantile(drawn, (0.05, 0.95), axis=0)
    found: list[Threshold] = []
    for strength, odds in ODDS.items():
        above = _stays(low >= odds)
        if above is not None:
            found.append(Threshold("PP3", strength, float(grid[above])))
    for strength, odds in ODDS.items():
        below = _stays((high <= 1 / odds)[::-1])
        if below is not None:
            found.append(Threshold("BP4", strength, float(grid[::-1][below])))
    return tuple(found)


def _stays(met: NDArray[np.bool_]) -> int | None:
    """The first place from which on `met` is true to the end, or None."""
    if not met[-1]:
        return None
    failed = np.flatnonzero(~met)
    return int(failed[-1]) + 1 if len(failed) else 0


def strength_of(score: float, held: tuple[Threshold, ...]) -> Threshold | None:
    """The strongest threshold that a score reaches, or None: neither PP3 nor BP4."""
    order = {"supporting": 0, "moderate": 1, "strong": 2}
    met = [
        item for item in held
        if (item.code == "PP3" and score >= item.score) or (item.code == "BP4" and score <= item.score)
    ]  # fmt: skip
    return max(met, key=lambda item: order[item.strength], default=None)
