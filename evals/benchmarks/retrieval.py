"""Retrieval: BM25, embeddings and the hybrid on public question-answer pairs and on the recommendations.

python -m evals.benchmarks.retrieval [--topics N|0 for all] [--calibrate] [--speed PASSAGES] [--only-speed] [--out FILE]

MedQuAD answers are the corpus and its questions the queries; the clinical questions are asked of the recommendations,
and of the same statements as if a user had added them as documents, with their titles and nothing else. The hybrid is
fitted without the source that it is tested on (five folds), and on the clinical questions without the half that it is
tested on. Intervals are bootstrapped over topics. `--calibrate` fits on everything and writes
`knowledge/store/relevance.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evals.benchmarks.retrieval_data import Question, clinical_questions, medquad, off_topic_questions, sample
from evals.benchmarks.retrieval_kinds import fit_kinds, labelled
from evals.benchmarks.retrieval_metrics import CUT, Fit, Scored, at_scale, fit_bears, fit_order, summary
from knowledge.recommendations import recommendations
from knowledge.store.embedding import EmbeddingCache
from knowledge.store.expansion import english, spelled_out
from knowledge.store.index import Index, content_key, open_current, passages_digest, write_generation
from knowledge.store.index import Source as IndexSource
from knowledge.store.kinds import answer_kinds
from knowledge.store.lexical import tokens
from knowledge.store.passages import Passage, recommendation_passages
from knowledge.store.relevance import KINDS, Judge, Relevance
from knowledge.store.search import candidates

OUT = Path(__file__).parents[1] / "RESULTS-retrieval.md"
MODEL_FILE = Path(__file__).parents[2] / "knowledge" / "store" / "relevance.json"
PER_SOURCE = 200


class Judged(NamedTuple):
    """The candidates of one question: scores, the answer that each belongs to, which are right, which bear on it."""

    question: Question
    features: npt.NDArray[np.float64]
    answers: tuple[str, ...]
    right: npt.NDArray[np.bool_]
    bears: npt.NDArray[np.bool_]
    narrow: int = 0


def built(passages: list[Passage], home: Path) -> Index:
    """The product's own index over `passages`, in a folder of its own."""
    os.environ["CONSILIUM_HOME"] = str(home)
    key = content_key([IndexSource("benchmark", passages_digest(passages), lambda: passages)])
    write_generation(passages, key)
    return open_current()


def topics_of(passages: Iterable[Passage], questions: Iterable[Question]) -> dict[str, str]:
    """The topic of every answer. Answers under one title are on one topic, whichever source they are from."""
    named: dict[str, str] = {}
    titles = {p.id.partition("#")[0]: " ".join(sorted(set(tokens(p.title)))) for p in passages}
    about = {answer: q.topic for q in questions for answer in q.answers}
    return {answer: named.setdefault(titles[answer], topic) for answer, topic in about.items() if answer in titles}


def judged_by_source(
    index: Index, passages: Sequence[Passage], questions: Sequence[Question], about: dict[str, str]
) -> list[Judged]:
    """As `judged`, with the kinds of passages by a model that was fitted without the source of the question."""
    texts, titles = [tokens(p.text) for p in passages], [tokens(p.title) for p in passages]
    rows: list[Judged] = []
    for source in sorted({q.source for q in questions}):
        kinds = fit_kinds([row for row in labelled() if row.source != source])
        held = dict(zip(kinds.names, kinds.probabilities(texts, titles).T, strict=True))
        none = np.zeros(len(texts), dtype=np.float16)
        index.kinds = np.stack([held.get(name, none) for name in answer_kinds().names], axis=1)
        rows += judged(index, [q for q in questions if q.source == source], about)
    return rows


def as_documents(passages: Iterable[Passage]) -> list[Passage]:
    """Recommendations as documents of one passage: their text and the title of the guideline."""
    gone = {"kind": "document", "hints": "", "section": "", "recommendation": None, "diseases": (), "drugs": ()}
    return [passage.model_copy(update=gone | {"document_id": passage.id}) for passage in passages]


def judged(index: Index, questions: Iterable[Question], topics: dict[str, str]) -> list[Judged]:
    """Candidates and scores of every question, as the product gathers them."""
    made = []
    asked = list(questions)
    vectors = EmbeddingCache().encode([spelled_out(english(question.text)) for question in asked])
    for question, vector in zip(asked, vectors, strict=True):
        found = candidates(index, question.text, vector=vector)
        answers = tuple(p.id.partition("#")[0] for p in found.passages)
        right = np.asarray([a in question.answers for a in answers], dtype=bool)
        topic = next((topics[a] for a in sorted(question.answers) if a in topics), question.topic)
        bears = right | np.asarray([topics.get(a) == topic for a in answers], dtype=bool)
        made.append(Judged(question, found.features, answers, right, bears, found.narrow))
    return made


def scored(rows: Iterable[Judged], model: Relevance | str, kind: str = "") -> list[Scored]:
    """Order the answers of each question by the models of `kind`, or by one score (`bm25`, `cosine`)."""
    made = []
    for row in rows:
        if isinstance(model, Relevance):
            order = model.judges[kind].order.logits(row.features)
            kept = model.bearing(kind, row.features, row.narrow)
        else:
            order = kept = row.features[:, 2 if model == "bm25" else 0]
        best: dict[str, float] = {}
        for answer, value in zip(row.answers, order, strict=True):
            best[answer] = max(best.get(answer, -np.inf), float(value))
        ranked = sorted(best, key=lambda answer: -best[answer])
        made.append(Scored(row.question, ranked, float(kept.max(initial=0.0))))
    return made


def without_topic(rows: Iterable[Judged]) -> list[Judged]:
    """The same questions over a store that holds nothing on their topic."""
    return [
        row._replace(
            features=row.features[~row.bears],
            answers=tuple(a for a, bears in zip(row.answers, row.bears, strict=True) if not bears),
            right=row.right[~row.bears],
            bears=row.bears[~row.bears],
        )
        for row in rows
    ]


def model_from(fits: Sequence[Fit]) -> Relevance:
    """For each kind an order, and a cut that keeps `KEEP_ANSWERED` of each collection's answerable questions."""
    judges = {}
    for kind in KINDS:
        mine = [f for f in fits if f.domain == kind]
        bearing = [f for f in mine if f.use == "bears"]
        bears = at_scale(fit_bears(bearing), bearing)
        order = fit_order([f for f in mine if f.use == "answers"])
        judges[kind] = Judge(order, bears, CUT)
    return Relevance(judges)


def examples(rows: Iterable[Judged], domain: str) -> list[Fit]:
    """Examples for both models from MedQuAD-like rows, in which every passage on the topic bears on the question."""
    rows = list(rows)
    return [Fit(domain, "answers", r.features, r.right) for r in rows] + [
        Fit(domain, "bears", r.features, r.bears) for r in rows
    ]


def clinical_examples(rows: Iterable[Judged], off_topic: Iterable[Judged], domain: str) -> list[Fit]:
    """Examples from the recommendations. What is not listed may still bear, so only off-topic is negative."""
    found = []
    for row in rows:
        found.append(Fit(domain, "answers", row.features, row.right))
        found.append(Fit(domain, "bears", row.features[row.right], row.right[row.right], "guidelines", row.features))
    found.extend(Fit(domain, "bears", row.features, row.right, "guidelines") for row in off_topic)
    return found


def halves(rows: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """Every second question, so that each area is in both."""
    return list(rows[::2]), list(rows[1::2])


class Clinical(NamedTuple):
    """Clinical and off-topic questions on the recommendations, in halves to fit on and to test on."""

    size: int
    train: list[Judged]
    test: list[Judged]
    off_train: list[Judged]
    off_test: list[Judged]


def clinical(passages: list[Passage], home: Path) -> Clinical:
    """The questions judged over `passages`."""
    store = built(passages, home)
    off = judged(store, (Question(text, "off", "off", frozenset()) for text in off_topic_questions()), {})
    return Clinical(len(store), *halves(judged(store, clinical_questions(), {})), *halves(off))


def run(topics: int | None, home: Path, calibrate: bool) -> list[str]:
    """Measure; the lines of the report."""
    collection = medquad(topics=topics)
    index = built(collection.passages, home)
    questions = sample(collection.questions, PER_SOURCE)
    topic_of = topics_of(collection.passages, collection.questions)
    public = judged_by_source(index, collection.passages, questions, topic_of)
    index.close()
    advice = clinical(recommendation_passages(recommendations()), home)
    plain = clinical(as_documents(recommendation_passages(recommendations())), home)
    shared = [*clinical_examples(advice.train, advice.off_train, "recommendation")]
    shared += clinical_examples(plain.train, plain.off_train, "document")
    held_out: list[Scored] = []
    empty: list[tuple[bool, bool]] = []
    for source in sorted({row.question.source for row in public}):
        inside = [row for row in public if row.question.source != source]
        model = model_from([*examples(inside, "document"), *shared])
        outside = [row for row in public if row.question.source == source]
        fold = scored(outside, model, "document")
        held_out.extend(fold)
        gone = scored(without_topic(outside), model, "document")
        cut = model.judges["document"].threshold
        empty.extend((a.top >= cut, b.top < cut) for a, b in zip(fold, gone, strict=True))
    lines = _public_lines(collection, questions, public, held_out, empty, topics)
    model = model_from([*examples(public, "document"), *shared])
    for title, kind, about in (
        ("Recommendations", "recommendation", "current recommendations"),
        ("Guideline statements as a user's documents", "document", "statements, each with the title of its guideline"),
    ):
        lines += _clinical_lines((title, kind, about), advice if kind == "recommendation" else plain, model)
    if calibrate:
        final = model_from(
            [*examples(public, "document"), *_all_of(advice, "recommendation"), *_all_of(plain, "document")]
        )
        MODEL_FILE.write_text(json.dumps(final.to_json(), indent=1) + "\n", encoding="utf-8")
        lines += ["", f"Fitted on all of it: `{json.dumps(final.to_json())}`"]
    return lines


def _all_of(held: Clinical, domain: str) -> list[Fit]:
    return clinical_examples([*held.train, *held.test], [*held.off_train, *held.off_test], domain)


def _public_lines(collection, questions, public, held_out, empty, topics) -> list[str]:  # type: ignore[no-untyped-def]
    size = "all topics" if topics is None else f"{topics} topics drawn at random"
    kept, cut = (100 * float(np.mean([pair[i] for pair in empty])) for i in (0, 1))
    return [
        "# Retrieval",
        "",
        "Made by `python -m evals.benchmarks.retrieval`; do not edit. 95 % intervals by bootstrap over topics.",
        "",
        f"## MedQuAD ({size})",
        "",
        f"{len(questions)} questions of {len({q.topic for q in questions})} topics; {len(collection.passages)} "
        f"passages of {len({p.document_id for p in collection.passages})} answers. A passage carries the title of its "
        "page and nothing else of the question. What two sources ask in the same words is one question with the "
        "answers of both. The hybrid was fitted without the source that it is tested on.",
        "",
        *summary({"BM25": scored(public, "bm25"), "embeddings": scored(public, "cosine"), "hybrid": held_out}),
        "",
        "Hybrid by source held out:",
        "",
        *summary({s: [x for x in held_out if x.question.source == s] for s in sorted({q.source for q in questions})}),
        "",
        f"Something is found for {kept:.1f} % of these questions; once every passage on the topic is taken out of the "
        f"store, {cut:.1f} % of them are answered with nothing.",
    ]


def _clinical_lines(names: tuple[str, str, str], held: Clinical, model: Relevance) -> list[str]:
    title, kind, about = names
    hybrid, off = scored(held.test, model, kind), scored(held.off_test, model, kind)
    threshold = model.judges[kind].threshold
    kept = 100 * float(np.mean([row.top >= threshold for row in hybrid]))
    cut = 100 * float(np.mean([row.top < threshold for row in off]))
    return [
        "",
        f"## {title}",
        "",
        f"{len(held.test)} clinical questions (the half that nothing was fitted on) over {held.size} {about}; a "
        "question may have several right ones, and finding any of them counts for recall and rank.",
        "",
        *summary({"BM25": scored(held.test, "bm25"), "embeddings": scored(held.test, "cosine"), "hybrid": hybrid}),
        "",
        f"Something is found for {kept:.1f} % of these questions; {cut:.1f} % of {len(off)} off-topic questions (other "
        "fields of medicine, and no medicine) are answered with nothing.",
    ]


def _without_speed(file: Path) -> list[str]:
    """The lines of an earlier report up to its section on speed."""
    text = file.read_text(encoding="utf-8") if file.is_file() else "# Retrieval\n"
    return text.partition("\n## Speed at")[0].rstrip().splitlines()


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and write its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", type=int, default=400, help="topics of MedQuAD; 0 takes all")
    parser.add_argument("--home", type=Path, default=None, help="where indexes are kept between runs")
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--speed", type=int, default=0, metavar="PASSAGES", help="time a store of so many passages")
    parser.add_argument("--only-speed", action="store_true", help="measure speed; the rest of the file stays as it is")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    if given.home is None:
        from knowledge.paths import cache_dir

        given.home = cache_dir() / "benchmark"
    if given.only_speed and not given.speed:
        parser.error("--only-speed needs --speed PASSAGES")
    lines = _without_speed(given.out) if given.only_speed else run(given.topics or None, given.home, given.calibrate)
    if given.speed:
        from evals.benchmarks.retrieval_speed import speed_lines

        lines += speed_lines(given.speed, given.home)
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
