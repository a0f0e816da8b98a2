"""AUROC and AUPRC of a score, pooled and averaged over genes, with intervals by drawing families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_OF_EACH = 5  # a gene needs this many pathogenic and benign changes to count in the average over genes


@dataclass(frozen=True)
class Figure:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def text(self) -> str:
        """Such as `0.812 (0.790–0.832)`."""
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def auroc(score: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Area under the ROC curve by mid-ranks (Mann-Whitney); nan where a class is missing."""
    from scipy.stats import rankdata

    positive = int(label.sum())
    negative = len(label) - positive
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[label == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auprc(score: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Average precision of the pathogenic class; nan where a class is missing."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(label, score)) if 0 < label.sum() < len(label) else float("nan")


def per_gene(score: NDArray[np.float64], label: NDArray[np.int64], gene: NDArray[np.str_]) -> dict[str, float]:
    """AUROC of each gene with at least `LEAST_OF_EACH` changes of either class."""
    found = {}
    for name in np.unique(gene):
        rows = gene == name
        if min(label[rows].sum(), (1 - label[rows]).sum()) >= LEAST_OF_EACH:
            found[str(name)] = auroc(score[rows], label[rows])
    return found


def figures(
    score: NDArray[np.float64], label: NDArray[np.int64], gene: NDArray[np.str_], family: NDArray[np.int64],
    rounds: int = 200, seed: int = 1,
) -> dict[str, Figure]:  # fmt: skip
    """`auroc`, `auprc` and `auroc_per_gene`, with 95 % intervals by drawing whole families with replacement."""
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(family == name) for name in np.unique(family)]
    by_gene = per_gene(score, label, gene)
    values = np.array(list(by_gene.values()))
    drawn: dict[str, list[float]] = {"auroc": [], "auprc": [], "auroc_per_gene": []}
    for _ in range(rounds):
        rows = np.concatenate([members[k] for k in random.integers(0, len(members), len(members))])
        drawn["auroc"].append(auroc(score[rows], label[rows]))
        drawn["auprc"].append(auprc(score[rows], label[rows]))
        if len(values):
            drawn["auroc_per_gene"].append(float(values[random.integers(0, len(values), len(values))].mean()))
    whole = {
        "auroc": auroc(score, label), "auprc": auprc(score, label),
        "auroc_per_gene": float(values.mean()) if len(values) else float("nan"),
    }  # fmt: skip
    found = {}
    for name, value in whole.items():
        low, high = np.nanpercentile(drawn[name], (2.5, 97.5)) if drawn[name] else (np.nan, np.nan)
        found[name] = Figure(value, float(low), float(high))
    return found
