"""How likely a passage bears on a query: a logistic model over four scores, with a threshold below which it is cut.

Coefficients and threshold were fitted by `evals/benchmarks/retrieval.py --calibrate` and stand in `relevance.json`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.manifest import verified_path

FEATURES = ("cosine", "coverage", "bm25", "bm25_share")
_FILE = "knowledge/store/relevance.json"


class Relevance(NamedTuple):
    """A fitted model: p = 1 / (1 + exp(-(intercept + coefficients . features)))."""

    intercept: float
    coefficients: tuple[float, ...]
    threshold: float

    def probability(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probabilities for rows of features in the order of `FEATURES`."""
        logits = features @ np.asarray(self.coefficients) + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -40, 40))))


@lru_cache(maxsize=1)
def relevance() -> Relevance:
    """The model that ships with Consilium. Raises `ToolFailed` if its file was changed."""
    body = json.loads(verified_path(_FILE).read_text(encoding="utf-8"))
    return Relevance(body["intercept"], tuple(body["coefficients"][name] for name in FEATURES), body["threshold"])
