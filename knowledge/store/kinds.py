"""What kind of question a passage answers: treatment, symptoms, outlook and so on.

Passages on one disease compete for a question on it, and mostly the kind decides. The kind of a question is read from
its wording (`intents.yaml`), that of a passage in two ways: by a linear model over the words of its text that its title
lacks, fitted by `evals/benchmarks/retrieval_kinds.py`, kept in `answer_kinds.npz` and applied when the index is built;
and by the nearness of its embedding to a description of each kind (`kind_descriptions.yaml`), fitted to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.manifest import file_sha256, verified_path
from knowledge.store import embedding
from knowledge.store.expansion import asked_kinds
from knowledge.yamlfile import load_yaml

FILE = "knowledge/store/answer_kinds.npz"
FLOOR = 0.03
NEARNESS = 20.0

Numbers = npt.NDArray[np.float64]


class AnswerKinds(NamedTuple):
    """Scores of kinds are `intercepts + x @ weights`, where x holds the inverse document frequency of each term of the
    passage, at unit length; their softmax are the probabilities.

    Attributes:
        names: the kinds, K of them.
        terms: index terms and their rows, M of them.
        rarity: inverse document frequency, M.
        weights: M x K.
        intercepts: K.
    """

    names: tuple[str, ...]
    terms: Mapping[str, int]
    rarity: Numbers
    weights: Numbers
    intercepts: Numbers

    def probabilities(self, texts: Sequence[Sequence[str]], titles: Sequence[Sequence[str]]) -> npt.NDArray[np.float16]:
        """N x K probabilities of N passages, given the index terms of their texts and titles."""
        scores = np.zeros((len(texts), len(self.names)))
        for row, text, title in zip(scores, texts, titles, strict=True):
            held = [self.terms[term] for term in set(text) - set(title) if term in self.terms]
            values = self.rarity[held]
            row[:] = self.intercepts + values @ self.weights[held] / (np.linalg.norm(values) or 1.0)
        grown = np.exp(scores - scores.max(axis=1, keepdims=True, initial=0.0))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), dtype=np.float16)

    def save(self, path: Path) -> None:
        """Write the model; weights in half precision."""
        np.savez_compressed(
            path,
            names=np.asarray(self.names),
            terms=np.asarray(list(self.terms)),
            rarity=self.rarity.astype(np.float16),
            weights=self.weights.astype(np.float16),
            intercepts=self.intercepts.astype(np.float32),
        )


@lru_cache(maxsize=1)
def answer_kinds() -> AnswerKinds:
    """The model that ships with Consilium. Raises `ToolFailed` if its file was changed."""
    with np.load(verified_path(FILE), allow_pickle=False) as held:
        return AnswerKinds(
            tuple(str(name) for name in held["names"]),
            {str(term): row for row, term in enumerate(held["terms"])},
            held["rarity"].astype(np.float64),
            held["weights"].astype(np.float64),
            held["intercepts"].astype(np.float64),
        )


@lru_cache(maxsize=1)
def kinds_id() -> str:
    """SHA-256 of the model's file."""
    return file_sha256(verified_path(FILE))


def kind_match(
    query: str, names: Sequence[str], probabilities: npt.NDArray[np.float16], coverage: npt.NDArray[np.float64]
) -> Numbers:
    """How well the kind of each passage fits the question, 0 to 1; 0 where the question is of no known kind.

    Args:
        probabilities: N x K of the passages.
        coverage: share of the question's words that each passage holds. The kind counts by its square, so that a
            passage of the right kind on another subject gains nothing.
    """
    asked = [names.index(kind) for kind in asked_kinds(query) if kind in names]
    if not asked:
        return np.zeros(len(probabilities))
    share = probabilities[:, asked].astype(np.float64).mean(axis=1)
    return np.asarray(np.log1p(share / FLOOR) / np.log1p(1.0 / FLOOR) * coverage**2)


@lru_cache(maxsize=4)
def _described(model: str) -> tuple[tuple[str, ...], embedding.Vectors]:  # noqa: ARG001 - another model, other vectors
    rows: dict[str, str] = load_yaml(Path(__file__).with_name("kind_descriptions.yaml"))
    return tuple(rows), embedding.encode(list(rows.values()))


def kind_nearness(query: str, embedded: embedding.Vectors, coverage: npt.NDArray[np.float64]) -> Numbers:
    """How near each passage is to the kind that the question asks for, among all kinds, 0 to 1; 0 for no known kind.

    The softmax of `NEARNESS` times the cosine similarities to the descriptions, times `coverage`, so that a passage of
    the right kind on another subject gains nothing.

    Args:
        embedded: N unit vectors of the passages.
        coverage: share of the question's words that each passage holds.
    """
    names, vectors = _described(embedding.model_id())
    asked = [names.index(kind) for kind in asked_kinds(query) if kind in names]
    if not asked:
        return np.zeros(len(embedded))
    scores = NEARNESS * (embedded.astype(np.float64) @ vectors.T)
    grown = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray((grown / grown.sum(axis=1, keepdims=True))[:, asked].max(axis=1) * coverage)
