"""Questions and passages for the retrieval benchmark."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from knowledge.ingest.chunk import chunk
from knowledge.ingest.layout import PageWriter
from knowledge.store.passages import Passage

MEDQUAD = Path(__file__).parents[3] / "shared" / "data" / "retrieval" / "medquad.jsonl.gz"
GOLDEN = Path(__file__).parents[2] / "tests" / "golden"


class Question(NamedTuple):
    """A question, where it comes from, what it is about, and the ids of the answers (or recommendations) to it."""

    text: str
    source: str
    topic: str
    answers: frozenset[str]


class Collection(NamedTuple):
    """Passages, and questions on them. An answer's passages are those whose id starts with `<answer>#`."""

    passages: list[Passage]
    questions: list[Question]


def medquad(path: Path = MEDQUAD, topics: int | None = None) -> Collection:
    """MedQuAD: answers cut into passages under the title that their page has; the questions as asked.

    Two records with the same title and answer are one answer. A question that several sources ask, upper and lower case
    aside, is one question, and has the answers of all.

    Args:
        topics: keep so many topics (diseases), in proportion to the sources, the same on every machine; None keeps all.
    """
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    if topics is not None:
        names = sorted({row["focus"].casefold() for row in rows})
        chosen = set(random.Random(20261123).sample(names, min(topics, len(names))))
        rows = [row for row in rows if row["focus"].casefold() in chosen]
    passages: dict[str, Passage] = {}
    answers: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    about: dict[str, tuple[str, str]] = {}
    for row in rows:
        answer = hashlib.sha256(f"{row['focus']}\n{row['answer']}".encode()).hexdigest()[:12]
        question = first.setdefault(" ".join(row["question"].split()).casefold(), " ".join(row["question"].split()))
        answers.setdefault(question, set()).add(answer)
        about.setdefault(question, (row["source"], row["focus"].casefold()))
        for number, piece in enumerate(pieces(row["answer"])):
            passages.setdefault(
                f"{answer}#{number}",
                Passage(
                    id=f"{answer}#{number}",
                    kind="document",
                    text=piece,
                    document=row["focus"],
                    document_id=answer,
                    section="",
                    organisation=row["source"],
                ),
            )
    questions = [Question(text, *about[text], frozenset(found)) for text, found in answers.items()]
    return Collection(list(passages.values()), questions)


def pieces(answer: str) -> list[str]:
    """A text cut into passages along its paragraphs, as the product cuts documents."""
    writer = PageWriter()
    for paragraph in re.split(r"\n\s*\n", answer):
        writer.add("paragraph", " ".join(paragraph.split()))
    return [c.text for c in chunk([writer.page()])]


def sample(questions: Iterable[Question], per_source: int, seed: int = 20261123) -> list[Question]:
    """At most `per_source` questions of each source, the same on every machine."""
    by_source: dict[str, list[Question]] = {}
    for question in sorted(questions):
        by_source.setdefault(question.source, []).append(question)
    rng = random.Random(seed)
    return [q for _, group in sorted(by_source.items()) for q in rng.sample(group, min(per_source, len(group)))]


def clinical_questions() -> list[Question]:
    """Clinical questions with the recommendations that answer them (tests/golden/retrieval_questions.tsv)."""
    lines = (GOLDEN / "retrieval_questions.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return [Question(r["question"], r["area"], r["area"], frozenset(r["recommendations"].split())) for r in rows]


def off_topic_questions() -> list[str]:
    """Questions that nothing in the store answers (tests/golden/retrieval_off_topic.txt)."""
    lines = (GOLDEN / "retrieval_off_topic.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
