"""Hybrid search: BM25 and embeddings gather candidates, fitted models rank them and cut what does not bear."""

from __future__ import annotations

import datetime as dt
import heapq
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.criteria import Truth, evaluate
from knowledge.errors import ToolFailed, ToolRetry
from knowledge.factbook import FactBook
from knowledge.ingest.layout import spelt_out
from knowledge.recommendations import recommendations
from knowledge.store.concepts import agreement, asked_actions, mentions, profiles
from knowledge.store.embedding import encode_query
from knowledge.store.expansion import answer_words, english, expansions, spelled_out, subject_terms
from knowledge.store.index import Filters, Index
from knowledge.store.kinds import answer_kinds, kind_match, kind_nearness
from knowledge.store.lexical import tokens
from knowledge.store.passages import Passage
from knowledge.store.relevance import ASKED, MEANING, NARROW_TERMS, relevance

CROSS_ENCODER = "CONSILIUM_CROSS_ENCODER"
_CANDIDATES = 60
_EXPANSION_WEIGHT = 0.35
_APPLIES_PLACES = 3
_EMBEDDED_CHROMA = 5_000
# The share of passages below which it is quicker to gather their vectors than to compare all.
_GATHERED = 0.3
_LONGEST_QUERY = 2000


class Hit(NamedTuple):
    """One passage found, with the fitted score of bearing on the query; `truth` is set where a case was given."""

    passage: Passage
    relevance: float
    cosine: float
    bm25: float
    truth: Truth | None = None


class Candidates(NamedTuple):
    """Passages worth ranking, with their scores (rows of `features` as in `relevance.FEATURES`).

    `narrow`: how many words the subject has, where these are few and the clinical tables do not know them
    (`relevance.is_about`); else 0.
    """

    numbers: npt.NDArray[np.int64]
    passages: list[Passage]
    features: npt.NDArray[np.float64]
    narrow: int = 0


def search(
    index: Index,
    query: str,
    k: int = 5,
    filters: Filters = Filters(),  # noqa: B008 - immutable
    facts: FactBook | None = None,
    as_of: dt.date | None = None,
) -> list[Hit]:
    """The passages that bear on `query`, best first; none if nothing does.

    Args:
        facts: what is known of a patient; recommendations that do not apply are left out, those that apply rise.

    Raises:
        ToolRetry: the query is empty or longer than a question should be.
    """
    if not query.strip() or len(query) > _LONGEST_QUERY:
        raise ToolRetry(f"The query is one question of 1 to {_LONGEST_QUERY} characters.")
    query = spelt_out(query)
    found = candidates(index, query, filters)
    if not len(found.numbers):
        return []
    hits = _judged(found)
    hits = _rerank(query, _distinct(hits))
    if facts is not None:
        hits = _for_patient(hits, facts, as_of)
    return hits[:k]


def _judged(found: Candidates) -> list[Hit]:
    """The passages that bear on the question, best first. Each kind is ordered by its own model; the better head
    of the two lists comes first, by what is shown as relevance."""
    lists: list[list[Hit]] = []
    model = relevance()
    for kind, judge in model.judges.items():
        mine = np.asarray([passage.kind == kind for passage in found.passages], dtype=bool)
        rows = found.features[mine]
        passages = [passage for passage in found.passages if passage.kind == kind]
        shown = model.bearing(kind, rows, found.narrow)
        order = np.argsort(-judge.order.logits(rows), kind="stable")
        hits = (Hit(passages[i], float(shown[i]), float(rows[i, 0]), float(rows[i, 2])) for i in order)
        lists.append([hit for hit in hits if hit.relevance >= judge.threshold])
    return list(heapq.merge(*lists, key=lambda hit: -hit.relevance))


def _distinct(hits: list[Hit]) -> list[Hit]:
    """Each text once, from its best place."""
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(" ".join(hit.passage.text.casefold().split()), hit)
    return list(first.values())


def candidates(
    index: Index,
    query: str,
    filters: Filters = Filters(),  # noqa: B008 - immutable
    vector: npt.NDArray[np.float32] | None = None,
) -> Candidates:
    """The best passages by BM25 and by embedding, with all scores of each. `vector` is the query's, if it is known."""
    plain = spelled_out(english(query))
    if vector is None:
        vector = encode_query(plain)
    terms = tokens(plain)
    more = [term for name in expansions(plain) for term in tokens(name) if term not in terms]
    lexical = index.lexical.scores(terms)
    if more:
        lexical = lexical + _EXPANSION_WEIGHT * index.lexical.scores(list(dict.fromkeys(more)))
    mask = index.allowed(filters)
    if mask is not None:
        lexical = np.where(mask, lexical, 0.0).astype(np.float32)
    count = min(_CANDIDATES, len(index))
    best = np.argpartition(-lexical, count - 1)[:count] if count else np.zeros(0, dtype=np.int64)
    near = _nearest(index, vector, count, filters, mask)
    numbers = np.unique(np.concatenate([best[lexical[best] > 0], [n for n, _ in near]])).astype(np.int64)
    passages = index.passages([int(number) for number in numbers])
    intent = index.lexical.scores(tokens(" ".join(answer_words(plain))))
    scores = _features(index, vector, terms, (lexical, intent), numbers)
    parts = [scores, _fields(index, terms, numbers), _meaning((query, plain), passages)]
    parts.append(_subject(index, plain, terms, numbers, scores[:, 1]))
    words = len(subject_terms(terms))
    narrow = words <= NARROW_TERMS and not mentions(query, plain).facts
    return Candidates(numbers, passages, np.hstack(parts), words if narrow else 0)


def _nearest(
    index: Index,
    vector: npt.NDArray[np.float32],
    count: int,
    filters: Filters,
    mask: npt.NDArray[np.bool_] | None,
) -> list[tuple[int, float]]:
    """The nearest passages that pass the filters.

    Chroma answers without filters, and always where it is a server. A filtered query, or a large embedded store, is
    compared passage by passage, which is exact.
    """
    if not count or (mask is not None and not mask.any()):
        return []
    if index.vectors.is_remote or (mask is None and len(index) <= _EMBEDDED_CHROMA):
        return index.vectors.nearest(vector, count, _where(filters))
    vectors = index.dense()
    numbers = np.arange(len(vectors)) if mask is None else np.flatnonzero(mask)
    few = len(numbers) < _GATHERED * len(vectors)
    cosine = np.take(vectors, numbers, axis=0) @ vector if few else (vectors @ vector)[numbers]
    best = np.argsort(-cosine)[:count] if len(numbers) <= count else np.argpartition(-cosine, count - 1)[:count]
    return [(int(numbers[place]), float(cosine[place])) for place in best]


def _features(
    index: Index,
    vector: npt.NDArray[np.float32],
    terms: Sequence[str],
    scores: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    numbers: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    lexical, intent = scores
    cosine = index.embeddings[numbers].astype(np.float32) @ vector
    ideal = sum(index.lexical.rarity(term) for term in dict.fromkeys(terms)) or 1.0
    top = float(lexical.max(initial=0.0)) or 1.0
    nearest = float(cosine.max(initial=0.0)) or 1.0
    covered = index.lexical.coverage(terms)[numbers]
    intended = intent[numbers] / (float(intent[numbers].max(initial=0.0)) or 1.0)
    columns = (cosine, covered, lexical[numbers] / ideal, lexical[numbers] / top, cosine / nearest, intended)
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _fields(index: Index, terms: Sequence[str], numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """BM25 and coverage of the text and of the title alone."""
    columns = []
    for part in (index.text, index.title):
        ideal = sum(part.rarity(term) for term in dict.fromkeys(terms)) or 1.0
        columns += [part.scores(terms)[numbers] / ideal, part.coverage(terms)[numbers]]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _subject(
    index: Index, query: str, terms: Sequence[str], numbers: npt.NDArray[np.int64], covered: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """What of the question's subject each passage holds, whether it is of the kind asked for, and opens its section."""
    subject = subject_terms(terms)
    total = sum(index.lexical.rarity(term) for term in subject) / 100
    whole = index.lexical.coverage(subject)[numbers]
    columns = (
        whole,
        index.lexical.coverage(subject, 2.0)[numbers],
        index.title.coverage(subject)[numbers],
        total * whole,
        total * (1.0 - whole),
        kind_match(query, answer_kinds().names, index.kinds[numbers], covered),
        kind_nearness(query, index.embeddings[numbers].astype(np.float32), covered),
        index.opens[numbers],
    )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _meaning(query: tuple[str, str], passages: Sequence[Passage]) -> npt.NDArray[np.float64]:
    """What the question (as asked, and in English) and each recommendation are about, compared; zero for documents."""
    rows = np.zeros((len(passages), len(MEANING) + len(ASKED)))
    asked, actions, known = mentions(*dict.fromkeys(query)), asked_actions(query[1]), profiles()
    for row, passage in zip(rows, passages, strict=True):
        profile = known.get(passage.recommendation or "")
        if profile is not None:
            row[:] = (*agreement(asked, profile), *(float(a in actions and a == profile.action) for a in ASKED))
    return rows


def _where(filters: Filters) -> Mapping[str, Any] | None:
    """The filters in Chroma's language."""
    parts: list[dict[str, Any]] = []
    for kind, wanted in (
        ("disease", filters.diseases),
        ("drug", filters.drugs),
        ("organisation", filters.organisations),
        ("document", filters.documents),
    ):
        options: list[dict[str, Any]] = [{f"{kind}:{value}": True} for value in wanted]
        if options:
            parts.append(options[0] if len(options) == 1 else {"$or": options})
    if filters.years is not None:
        low, high = filters.years
        parts.append({"$and": [{"year": {"$gte": low}}, {"year": {"$lte": high}}]})
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"$and": parts}


def _for_patient(hits: list[Hit], facts: FactBook, as_of: dt.date | None) -> list[Hit]:
    store = recommendations()
    judged = []
    for hit in hits:
        recommendation = store.by_id.get(hit.passage.recommendation or "")
        truth = None if recommendation is None else evaluate(recommendation.criterion, facts, as_of).truth
        if truth is not Truth.DOES_NOT_APPLY:
            judged.append(hit._replace(truth=truth))

    # A recommendation that applies moves up three places; the order is otherwise that of the search.
    places = [place - (_APPLIES_PLACES if hit.truth is Truth.APPLIES else 0) for place, hit in enumerate(judged)]
    return [judged[i] for i in sorted(range(len(judged)), key=lambda i: (places[i], i))]


@lru_cache(maxsize=1)
def _cross_encoder(folder: str) -> Any:
    if not Path(folder).is_dir():
        raise ToolFailed(f"{CROSS_ENCODER} does not name a folder.")
    from sentence_transformers import CrossEncoder

    return CrossEncoder(folder, local_files_only=True)


def _rerank(query: str, hits: list[Hit]) -> list[Hit]:
    """Order by the user's cross-encoder, if one is set."""
    folder = os.environ.get(CROSS_ENCODER)
    if not folder or len(hits) < 2:
        return hits
    scores = _cross_encoder(folder).predict([(query, f"{h.passage.title}. {h.passage.text}") for h in hits])
    return [hits[i] for i in np.argsort(-np.asarray(scores), kind="stable")]
