"""How well a passage answers a query, and whether it bears on it at all: logistic models over the same scores.

`answers` orders passages. The score of the other models, one for each kind of passage, is what is shown; below its
threshold a passage is cut. Right and wrong examples weighed the same in the fit, so the score is no frequency. All was
fitted by `evals/benchmarks/retrieval.py --calibrate` and stands in `relevance.json`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.manifest import verified_path

FEATURES = ("cosine", "coverage", "bm25", "bm25_share", "cosine_share", "intent_share")
KINDS = ("recommendation", "document")
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


class Cut(NamedTuple):
    """The score of bearing on a query for one kind of passage, and where it is cut."""

    model: Logistic
    threshold: float


class Relevance(NamedTuple):
    """The order (`answers`), and the cut for each of `KINDS`, because short recommendations and long texts differ."""

    answers: Logistic
    cuts: dict[str, Cut]

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Relevance:
        """Read what `to_json` wrote."""
        cuts = {kind: Cut(_read(body["bears"][kind]), body["bears"][kind]["threshold"]) for kind in KINDS}
        return cls(_read(body["answers"]), cuts)

    def to_json(self) -> dict[str, Any]:
        """The models as plain data, rounded to four digits."""
        bears = {k: _plain(cut.model) | {"threshold": round(cut.threshold, 4)} for k, cut in self.cuts.items()}
        return {"answers": _plain(self.answers), "bears": bears}


def _read(body: dict[str, float]) -> Logistic:
    return Logistic(body["intercept"], tuple(body[feature] for feature in FEATURES))


def _plain(model: Logistic) -> dict[str, float]:
    named = dict(zip(FEATURES, model.coefficients, strict=True)) | {"intercept": model.intercept}
    return {key: round(float(value), 4) for key, value in named.items()}


@lru_cache(maxsize=1)
def relevance() -> Relevance:
    """The models that ship with Consilium. Raises `ToolFailed` if their file was changed."""
    return Relevance.from_json(json.loads(verified_path(_FILE).read_text(encoding="utf-8")))
