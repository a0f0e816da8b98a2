"""Fits the model of what kind of question a passage answers (`knowledge/store/kinds.py`).

python -m evals.benchmarks.retrieval_kinds

MedQuAD says of each answer what kind of question it answers; every passage of the answer counts as of that kind. A
ridge classifier (one against the rest, classes weighing the same) over the terms of the text that the title lacks.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evals.benchmarks.retrieval_data import MEDQUAD, pieces
from knowledge.manifest import file_sha256
from knowledge.store.kinds import FILE, AnswerKinds
from knowledge.store.lexical import tokens

_NAMES = {
    "information": "definition",
    "exams and tests": "diagnosis",
    "genetic changes": "genetics",
    "susceptibility": "risk",
    "considerations": "nutrition",
}
_PENALTY = 3.0
_SHARPNESS = 4.0
_SEEN_IN = 8


class Labelled(NamedTuple):
    """One passage: where it comes from, its kind, and the terms of its text that its title lacks."""

    source: str
    kind: str
    terms: tuple[str, ...]


@lru_cache(maxsize=1)
def labelled(path: Path = MEDQUAD) -> tuple[Labelled, ...]:
    """The passages of MedQuAD with their kinds."""
    found = []
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            kind, title = _NAMES.get(row["qtype"], row["qtype"]), set(tokens(row["focus"]))
            for piece in pieces(row["answer"]):
                found.append(Labelled(row["source"], kind, tuple(sorted(set(tokens(piece)) - title))))
    return tuple(found)


def fit_kinds(examples: Sequence[Labelled]) -> AnswerKinds:
    """The model fitted on `examples`."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import RidgeClassifier

    vectorizer = TfidfVectorizer(analyzer=lambda row: row.terms, binary=True, min_df=_SEEN_IN)
    made = vectorizer.fit_transform(examples)
    model = RidgeClassifier(alpha=_PENALTY, class_weight="balanced", solver="sparse_cg", tol=1e-2, max_iter=40)
    model.fit(made, [row.kind for row in examples])
    terms = sorted(vectorizer.vocabulary_, key=lambda term: vectorizer.vocabulary_[term])
    return AnswerKinds(
        tuple(str(name) for name in model.classes_),
        {term: row for row, term in enumerate(terms)},
        np.asarray(vectorizer.idf_, dtype=np.float64),
        _SHARPNESS * np.asarray(model.coef_, dtype=np.float64).T,
        _SHARPNESS * np.asarray(model.intercept_, dtype=np.float64),
    )


def main() -> int:
    """Fit on all of MedQuAD and write the file that ships."""
    target = Path(__file__).parents[2] / FILE
    fit_kinds(labelled()).save(target)
    sys.stdout.write(f"{FILE}, sha256 {file_sha256(target)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
