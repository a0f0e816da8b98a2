"""How well a passage answers a query, and whether it bears on it at all: two logistic models over the same scores.

`answers` orders passages. `bears` is the calibrated probability that is shown, and what falls below the threshold is
cut. Coefficients and threshold were fitted by `evals/benchmarks/retrieval.py --calibrate` and stand in
`relevance.json`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.manifest import verified_path

FEATURES = ("cosine", "coverage", "bm25", "bm25_share", "cosine_share")
_FILE = "knowledge/store/relevance.json"

Numbers = npt.NDArray[np.float64]


class Logistic(NamedTuple):
    """p = 1 / (1 + exp(-(intercept + coefficients . features)))."""

    intercept: float
    coefficients: tuple[float, ...]

    def logits(self, features: Numbers) -> Numbers:
        """Log odds for rows of features in the order of `FEATURES`."""
        return np.asarray(features @ np.asarray(self.coefficients) + self.intercept)

    def probability(self, features: Numbers) -> Numbers:
        """Probabilities for rows of features."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.logits(features), -40, 40))))


class Relevance(NamedTuple):
    """Both models, and the probability of bearing on the query below which a passage is cut."""

    answers: Logistic
    bears: Logistic
    threshold: float

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Relevance:
        """Read what `to_json` wrote."""
        models = [
            Logistic(body[name]["intercept"], tuple(body[name][feature] for feature in FEATURES))
            for name in ("answers", "bears")
        ]
        return cls(models[0], models[1], body["threshold"])

    def to_json(self) -> dict[str, Any]:
        """The models as plain data, rounded to four digits."""
        body: dict[str, Any] = {"threshold": round(self.threshold, 4)}
        for name, model in (("answers", self.answers), ("bears", self.bears)):
            named = dict(zip(FEATURES, model.coefficients, strict=True)) | {"intercept": model.intercept}
            body[name] = {key: round(float(value), 4) for key, value in named.items()}
        return body


@lru_cache(maxsize=1)
def relevance() -> Relevance:
    """The models that ship with Consilium. Raises `ToolFailed` if their file was changed."""
    return Relevance.from_json(json.loads(verified_path(_FILE).read_text(encoding="utf-8")))
