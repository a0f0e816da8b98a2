"""Retrieval sets in BEIR's form: `corpus.jsonl`, `queries.jsonl` and relevance judgements (`qrels/test.tsv`).

The product's own index is built over the corpus and its search ranks documents by their best passage. nDCG is that of
trec_eval (linear gains; Jarvelin and Kekalainen 2002, doi 10.1145/582415.582418); recall and reciprocal rank count any
document judged above zero. BM25 and embeddings alone are set beside it.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, mean_figure
from evals.outside.rows import need_column, read_rows
from knowledge.errors import BadInput
from knowledge.store.passages import Passage

FORM = "a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv (or another split)"
TEXT = ("text", "contents", "abstract", "body")
SYSTEMS = ("hybrid", "bm25", "embeddings")
METRICS = ("nDCG@10", "recall@10", "recall@100", "MRR@10")
Judgements = dict[str, dict[str, float]]


def run(path: Path, settings: Settings) -> Result:
    """Rank every query that has judgements; `limit` is of queries."""
    from evals.benchmarks.retrieval import built
    from knowledge.paths import cache_dir

    started = time.perf_counter()
    queries, judged, passages = read_set(path)
    asked = [name for name in judged if name in queries]
    missing = [name for name in judged if name not in queries]
    asked = asked[: settings.limit]
    with _index_home(cache_dir() / "benchmark"):
        index = built(passages, cache_dir())
        rankings = _rankings(index, [queries[name] for name in asked])
        index.close()
    items = [_item(name, queries[name], ranks, judged[name]) for name, ranks in zip(asked, rankings, strict=True)]
    items += [Item(id=n, verdict="not_scored", reason="judged, and not among the queries") for n in missing]
    documents = len({p.document_id for p in passages})
    notes = [f"{documents} documents in {len(passages)} passages; an item is right where a judged document is in the "
             "first ten.", "The order was fitted on MedQuAD: a set that holds its text is not unseen."]  # fmt: skip
    return finished("beir", path.name, items, _figures(items), started, notes)


@contextmanager
def _index_home(folder: Path) -> Iterator[None]:
    """A home for the benchmark's index, so that the user's own store stays as it is."""
    before = os.environ.get("CONSILIUM_HOME")
    os.environ["CONSILIUM_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CONSILIUM_HOME"]
        else:
            os.environ["CONSILIUM_HOME"] = before


def read_set(folder: Path) -> tuple[dict[str, str], Judgements, list[Passage]]:
    """Queries by id, judgements by query and document, and the corpus as passages.

    Raises:
        BadInput: a part of the folder is missing or damaged.
    """
    if not folder.is_dir():
        raise BadInput(folder.name, "the path", "it is not a folder", FORM)
    queries = {}
    for row in read_rows(_part(folder, "queries"), FORM):
        queries[row.need("_id", "id", "query-id", "qid")] = " ".join(row.need("text", "query", "question").split())
    judged = _judgements(folder)
    return queries, judged, list(_passages(_part(folder, "corpus")))


def _part(folder: Path, name: str) -> Path:
    found = sorted(p for p in folder.iterdir() if p.name.split(".")[0].lower() == name and p.is_file())
    if not found:
        raise BadInput(folder.name, name, "it is not in the folder", FORM)
    return found[0]


def _judgements(folder: Path) -> Judgements:
    held = [p for place in (folder / "qrels", folder) if place.is_dir() for p in sorted(place.iterdir())]
    tables = [p for p in held if p.suffix in (".tsv", ".txt", ".qrels") and (p.parent != folder or "qrel" in p.name)]
    if not tables:
        raise BadInput(folder.name, "qrels", "there are no relevance judgements", FORM)
    chosen = next((p for p in tables if "test" in p.stem), tables[0])
    judged: Judgements = {}
    for number, line in enumerate(chosen.read_text(encoding="utf-8-sig").splitlines(), start=1):
        cells = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or (number == 1 and not _is_number(cells[-1])):
            continue
        cells = [cells[0], cells[2], cells[3]] if len(cells) == 4 else cells  # TREC: query, 0, document, score
        if len(cells) != 3 or not _is_number(cells[2]):
            raise BadInput(chosen.name, f"line {number}", "it is not a judgement", "query-id, corpus-id and score")
        judged.setdefault(cells[0].strip(), {})[cells[1].strip()] = float(cells[2])
    return {query: grades for query, grades in judged.items() if any(grade > 0 for grade in grades.values())}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", text) is not None


def _passages(path: Path) -> Iterator[Passage]:
    """Each document cut along its paragraphs as the product cuts documents."""
    from evals.benchmarks.retrieval_data import pieces

    rows = read_rows(path, FORM)
    need_column(rows, *TEXT)
    for row in rows:
        name, title = row.need("_id", "id", "doc_id"), row.text("title") or ""
        text = row.text(*TEXT) or title
        for number, piece in enumerate(pieces(text) if text.strip() else ()):
            yield Passage(id=f"{name}#{number}", kind="document", text=piece, document=title, document_id=name,
                          section="")  # fmt: skip


def _rankings(index, texts: Sequence[str]) -> list[dict[str, list[str]]]:  # type: ignore[no-untyped-def]
    """For each query the documents by each system, best first."""
    from knowledge.store.embedding import EmbeddingCache
    from knowledge.store.expansion import english, spelled_out
    from knowledge.store.relevance import relevance
    from knowledge.store.search import candidates

    judge = relevance().judges["document"]
    vectors = EmbeddingCache().encode([spelled_out(english(text)) for text in texts])
    made = []
    for text, vector in zip(texts, vectors, strict=True):
        found = candidates(index, text, vector=vector)
        scores = {"hybrid": judge.order.logits(found.features)} if len(found.numbers) else {}
        if len(found.numbers):
            scores |= {"bm25": found.features[:, 2], "embeddings": found.features[:, 0]}
        names = [passage.document_id for passage in found.passages]
        made.append({system: _by_best(names, scores.get(system, ())) for system in SYSTEMS})
    return made


def _by_best(names: Sequence[str], scores: Iterable[float]) -> list[str]:
    best: dict[str, float] = {}
    for name, score in zip(names, scores, strict=False):
        best[name] = max(best.get(name, -np.inf), float(score))
    return sorted(best, key=lambda name: -best[name])


def ndcg(ranked: Sequence[str], grades: Mapping[str, float], k: int = 10) -> float:
    """Normalised discounted cumulative gain over the first `k`, gains as graded (negative grades as zero)."""
    gains = [max(grades.get(name, 0.0), 0.0) for name in ranked[:k]]
    ideal = sorted((max(grade, 0.0) for grade in grades.values()), reverse=True)[:k]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def measures(ranked: Sequence[str], grades: Mapping[str, float]) -> dict[str, float]:
    """The metrics of one ranking."""
    right = {name for name, grade in grades.items() if grade > 0}
    first = next((place for place, name in enumerate(ranked[:10], start=1) if name in right), None)
    return {
        "nDCG@10": ndcg(ranked, grades),
        "recall@10": len(right & set(ranked[:10])) / len(right),
        "recall@100": len(right & set(ranked[:100])) / len(right),
        "MRR@10": 1 / first if first else 0.0,
    }


def _item(name: str, text: str, ranks: Mapping[str, Sequence[str]], grades: Mapping[str, float]) -> Item:
    values = {
        f"{system} {metric}": value for system in SYSTEMS for metric, value in measures(ranks[system], grades).items()
    }
    right = values["hybrid MRR@10"] > 0
    return Item(id=name, verdict="right" if right else "wrong", given=", ".join(ranks["hybrid"][:3]),
                expected=", ".join(sorted(grades)[:3]), reason=text[:200], values=values)  # fmt: skip


def _figures(items: Sequence[Item]) -> list[Figure]:
    kept = [item for item in items if item.values]
    return [
        mean_figure(f"{system} {metric}", [item.values[f"{system} {metric}"] for item in kept], "mean over queries")
        for system in SYSTEMS
        for metric in METRICS
    ]
