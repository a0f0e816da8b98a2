"""How well a passage answers a query, and whether it bears on it at all: logistic models over the same scores.

One pair of models for each kind of passage, because short recommendations and long texts differ. `order` ranks. The
score of `bears` is what is shown; below its threshold a passage is cut. It is no frequency: 0.5 stands where 95 % of
the answerable questions are still answered, 0.9 for the best passage of a middling one. All was fitted by
`evals/benchmarks/retrieval.py --calibrate` and stands in `relevance.json`.

Features: `SCORES` compare the words and the embedding of the whole passage with the question (a share is that of the
best candidate's); `FIELDS` do so for its text and its title alone; `MEANING` is `concepts.agreement`, and `asks_*` says
that the question asks for the recommendation's kind of action; both are 0 for a document's passages. `SUBJECT` looks
only at the words that say what the question is about: the share of them that the passage or its title holds (`rare`: by
the square of the rarity), the sum of rarities held and lacking, in hundreds, the fit of the kind in both ways
(`kinds.py`), and whether the passage opens its section.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.manifest import verified_path

SCORES = ("cosine", "coverage", "bm25", "bm25_share", "cosine_share", "intent_share")
FIELDS = ("text_bm25", "text_coverage", "title_bm25", "title_coverage")
MEANING = ("facts", "own_facts", "drugs", "limits")
ASKED = ("treat", "test", "avoid", "follow_up", "refer")
SUBJECT = (
    "subject_coverage",
    "subject_rare_coverage",
    "subject_title_coverage",
    "subject_held",
    "subject_lacking",
    "kind",
    "kind_near",
    "opens",
)
FEATURES = (*SCORES, *FIELDS, *MEANING, *(f"asks_{action}" for action in ASKED), *SUBJECT)
ABSOLUTE = (
    *("cosine", "coverage", "bm25", "text_bm25", "text_coverage", "facts"),
    *("subject_coverage", "subject_rare_coverage", "subject_held", "subject_lacking"),
)
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


# Chosen by hand, not fitted: the share of the rare words of the subject that has to be held, the share of them in the
# title, or else the cosine of the passage as a whole. What they do is in evals/RESULTS-retrieval.md: how many questions
# are still answered, and how many are answered with nothing once their topic is taken out.
NARROW_TERMS = 3
_TELLING = 3
_HELD, _TITLE, _NEAR = 0.7, 0.3, 0.6
_ABOUT = ("cosine", "subject_rare_coverage", "subject_title_coverage")


def is_about(features: Numbers, words: int) -> npt.NDArray[np.bool_]:
    """Which passages hold the rare words of a question's subject and are about it, by their title or as a whole.

    A passage that holds every one of `_TELLING` words or more tells of the subject under whatever title.

    Asked of documents where the question is narrow: at most `NARROW_TERMS` words of subject, and none that the clinical
    tables know under another name. A passage that only looks like the subject (another rare syndrome) is no answer.
    """
    column = {name: features[:, FEATURES.index(name)] for name in _ABOUT}
    near = (column["subject_title_coverage"] >= _TITLE) | (column["cosine"] >= _NEAR)
    held = column["subject_rare_coverage"]
    return np.asarray(((held >= _HELD) & near) | ((held > 0.999) & (words >= _TELLING)))


class Judge(NamedTuple):
    """The models of one kind of passage: its order, whether it bears on the question, and where that is cut."""

    order: Logistic
    bears: Logistic
    threshold: float


class Relevance(NamedTuple):
    """The models by kind of passage."""

    judges: dict[str, Judge]

    def bearing(self, kind: str, features: Numbers, narrow: int) -> Numbers:
        """How well passages of one kind bear on a question; 0 for a document that `is_about` leaves out.

        Args:
            narrow: the number of words of subject of a narrow question, 0 for another.
        """
        shown = self.judges[kind].bears.probability(features)
        return np.where(is_about(features, narrow), shown, 0.0) if narrow and kind == "document" else shown

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Relevance:
        """Read what `to_json` wrote."""
        return cls({k: Judge(_read(b["order"]), _read(b["bears"]), b["threshold"]) for k, b in body.items()})

    def to_json(self) -> dict[str, Any]:
        """The models as plain data, rounded to four digits."""
        return {
            kind: {
                "order": _plain(judge.order),
                "bears": _plain(judge.bears),
                "threshold": round(judge.threshold, 4),
            }
            for kind, judge in self.judges.items()
        }


def _read(body: dict[str, float]) -> Logistic:
    return Logistic(body["intercept"], tuple(body.get(feature, 0.0) for feature in FEATURES))


def _plain(model: Logistic) -> dict[str, float]:
    named = {f: c for f, c in zip(FEATURES, model.coefficients, strict=True) if c} | {"intercept": model.intercept}
    return {key: round(float(value), 4) for key, value in named.items()}


@lru_cache(maxsize=1)
def relevance() -> Relevance:
    """The models that ship with Consilium. Raises `ToolFailed` if their file was changed."""
    return Relevance.from_json(json.loads(verified_path(_FILE).read_text(encoding="utf-8")))
