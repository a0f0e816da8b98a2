"""Metrics of a ranking with bootstrap intervals, and the fit of the models of relevance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from evals.benchmarks.retrieval_data import Question
from knowledge.store.relevance import ABSOLUTE, FEATURES, Logistic

KEEP_ANSWERED = 0.95
CUT = 0.5
PENALTY = 0.003
_RESAMPLES = 1000


class Scored(NamedTuple):
    """The answers to one question, best first, and the highest score of any."""

    question: Question
    ranked: list[str]
    top: float


class Fit(NamedTuple):
    """The candidates of one question as examples for one of the two models.

    Attributes:
        collection: where the question is from; collections weigh the same.
        every: all candidates, where `features` holds only some.
    """

    domain: str
    use: Literal["answers", "bears"]
    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.bool_]
    collection: str = "medquad"
    every: npt.NDArray[np.float64] | None = None


def recall_at(k: int) -> Callable[[Scored], float]:
    """1 if a right answer is among the first `k`."""
    return lambda row: float(any(answer in row.question.answers for answer in row.ranked[:k]))


def reciprocal_rank(row: Scored) -> float:
    """1 / rank of the first right answer, 0 if there is none."""
    return next((1.0 / (i + 1) for i, answer in enumerate(row.ranked) if answer in row.question.answers), 0.0)


def ndcg_10(row: Scored) -> float:
    """Normalised discounted cumulative gain over the first ten (Jarvelin and Kekalainen 2002, binary gains)."""
    gains = [float(answer in row.question.answers) / math.log2(i + 2) for i, answer in enumerate(row.ranked[:10])]
    ideal = sum(1.0 / math.log2(i + 2) for i in range(min(10, len(row.question.answers))))
    return sum(gains) / ideal if ideal else 0.0


METRICS: Mapping[str, Callable[[Scored], float]] = {
    "recall@1": recall_at(1),
    "recall@5": recall_at(5),
    "recall@10": recall_at(10),
    "MRR": reciprocal_rank,
    "nDCG@10": ndcg_10,
}


def with_interval(rows: Sequence[Scored], metric: Callable[[Scored], float]) -> tuple[float, float, float]:
    """Mean and 95 % interval; whole topics are drawn, because questions on one topic go together."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        question = row.question
        name = question.text if question.topic == question.source else question.topic
        groups.setdefault(name, []).append(metric(row))
    sums = np.asarray([(sum(values), len(values)) for values in groups.values()])
    draws = np.random.default_rng(1).integers(0, len(sums), (_RESAMPLES, len(sums)))
    means = sums[draws, 0].sum(axis=1) / sums[draws, 1].sum(axis=1)
    low, high = (float(q) for q in np.quantile(means, (0.025, 0.975)))
    return float(sums[:, 0].sum() / sums[:, 1].sum()), low, high


def summary(systems: Mapping[str, Sequence[Scored]]) -> list[str]:
    """A Markdown table: one row a system, one column a metric."""
    lines = ["| system | questions | " + " | ".join(METRICS) + " |", "|---|---:|" + "---:|" * len(METRICS)]
    for name, rows in systems.items():
        cells = []
        for metric in METRICS.values():
            mean, low, high = with_interval(rows, metric)
            cells.append(f"{mean:.3f} ({low:.3f}–{high:.3f})")
        lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    return lines


def fit_order(examples: Sequence[Fit]) -> Logistic:
    """Weights that raise the probability of drawing a right passage, softmax over each question's candidates.

    The list-wise loss of Cao et al. 2007 (ListNet, doi 10.1145/1273496.1273513) for top-one probabilities, every
    question weighing the same, with a small quadratic penalty.
    """
    from scipy.optimize import minimize

    lists = [(e.features, e.labels) for e in examples if e.labels.any() and not e.labels.all()]

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        value, slope = PENALTY * float(weights @ weights), 2 * PENALTY * weights
        for features, right in lists:
            scores = features @ weights
            every = np.exp(scores - scores.max())
            good = np.where(right, every, 0.0)
            value -= math.log(good.sum() / every.sum()) / len(lists)
            slope = slope + (every / every.sum() - good / good.sum()) @ features / len(lists)
        return value, slope

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return Logistic(0.0, tuple(float(w) for w in found.x))


def fit_bears(examples: Sequence[Fit]) -> Logistic:
    """Logistic regression in which right and wrong, and each collection, weigh the same.

    Whether a passage bears on a query is judged by absolute scores alone: the best of a bad lot is still bad.
    """
    from sklearn.linear_model import LogisticRegression

    absolute = np.asarray([name in ABSOLUTE for name in FEATURES])
    features = np.concatenate([e.features for e in examples]) * absolute
    labels = np.concatenate([e.labels for e in examples])
    origins = np.repeat([e.collection for e in examples], [len(e.labels) for e in examples])
    weights = np.ones(len(labels))
    for origin in set(origins):
        for value in (True, False):
            chosen = (labels == value) & (origins == origin)
            weights[chosen] = 1000.0 / max(int(chosen.sum()), 1)
    model = LogisticRegression(C=10.0, max_iter=2000).fit(features, labels, sample_weight=weights)
    return Logistic(float(model.intercept_[0]), tuple(float(c) for c in model.coef_[0] * absolute))


def at_scale(model: Logistic, examples: Sequence[Fit]) -> Logistic:
    """The same order of passages with 0.5 at the cut and 0.9 at the best passage of a middling answerable question.

    The cut keeps `KEEP_ANSWERED` of the answerable questions of each collection; the one that needs the lowest gives
    both marks. So the scores of different models can be compared.
    """
    tops: dict[str, list[float]] = {}
    for example in examples:
        if example.labels.any():
            every = example.features if example.every is None else example.every
            tops.setdefault(example.collection, []).append(float(model.logits(every).max()))
    cut, middle = min(tuple(np.quantile(values, (1.0 - KEEP_ANSWERED, 0.5))) for values in tops.values())
    factor = math.log(9.0) / max(middle - cut, 1e-9)
    return Logistic(factor * (model.intercept - cut), tuple(factor * c for c in model.coefficients))
