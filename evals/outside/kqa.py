"""K-QA: do the statements that physicians hold an answer to hold? Our verifier judges entailment.

Rows have `Question`, `Free_form_answer`, `Must_have` and `Nice_to_have`. Where a row carries a model's answer
(`result`, `prediction`, `model_answer`), that is judged: comprehensiveness is the share of must-have statements that it
entails, hallucination the share of rows with a statement that it speaks against (Manes 2024, arXiv 2401.14493). Else
the judge itself is measured on the physicians' answers: they hold their own statements, not those of the next question.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from evals.outside.entailment import judge
from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, mean_figure, scorable, scored_one
from evals.outside.rows import Row, need_column, read_rows
from evals.scoring.intervals import clustered, wilson

ANSWER = ("Free_form_answer", "answer", "free_form", "gold_answer", "ideal_answer")
MUST = ("Must_have", "must_haves", "must")
MODEL_COLUMNS = ("result", "prediction", "model_answer", "generated_answer", "response", "output")


class _Entry(NamedTuple):
    name: str
    answer: str | None
    of_model: bool
    must: list[str]
    nice: list[str]


def run(path: Path, settings: Settings) -> Result:
    """Judge the answer of every row."""
    started = time.perf_counter()
    rows = read_rows(path)
    need_column(rows, *MUST)
    need_column(rows, *ANSWER, *MODEL_COLUMNS)
    entries = [_entry(row, number) for number, row in enumerate(rows, start=1)][: settings.limit]
    of_model = any(entry.of_model for entry in entries)
    items = []
    for place, entry in enumerate(entries):
        other = entries[(place + 1) % len(entries)]
        items.append(scored_one(entry.name, None, lambda e=entry, o=other: _item(e, o, of_model)))  # type: ignore[misc]
    judged = "answers of a model" if of_model else "the physicians' own answers, to measure the judge"
    return finished("kqa", path.name, items, _figures(items, of_model), started, [f"Judged: {judged}."])


def _entry(row: Row, number: int) -> _Entry:
    row.need("Question", "query")
    model = row.text(*MODEL_COLUMNS)
    answer = model or row.text(*ANSWER)
    must, nice = row.listed(*MUST), row.listed("Nice_to_have", "nice_to_haves", "nice")
    return _Entry(row.text("id", "_id") or str(number), answer, model is not None, must, nice)


def _item(entry: _Entry, other: _Entry, of_model: bool) -> Item:
    if entry.answer is None or not entry.must or entry.of_model != of_model:
        return Item(id=entry.name, verdict="not_scored", reason="no answer or no must-have statement")
    own = [judge(text, (entry.answer,)) for text in (*entry.must, *entry.nice)]
    must = [found.status == "supported" for found in own[: len(entry.must)]]
    against = [t for t, f in zip((*entry.must, *entry.nice), own, strict=True) if f.status == "contradicted"]
    values = {"must held": float(sum(must)), "must": float(len(must)), "against": float(len(against))}
    values["all held"] = float(sum(found.status == "supported" for found in own))
    values["all"] = float(len(own))
    if not of_model and other is not entry:
        foreign = [judge(text, (entry.answer,)).status == "supported" for text in other.must]
        values |= {"foreign held": float(sum(foreign)), "foreign": float(len(foreign))}
    lost = [text for text, held in zip(entry.must, must, strict=True) if not held]
    reason = "; ".join([*(f"against: {t}" for t in against), *(f"not held: {t}" for t in lost)])[:500]
    return Item(id=entry.name, verdict="right" if all(must) and not against else "wrong",
                given=f"{sum(must)} of {len(must)} must-have statements", reason=reason, values=values)  # fmt: skip


def _figures(items: Sequence[Item], of_model: bool) -> list[Figure]:
    kept = [item for item in scorable(items) if item.values]

    def pooled(hits: str, of: str) -> list[tuple[int, int]]:
        return [(round(i.values[hits]), round(i.values[of])) for i in kept if of in i.values]

    shares = [item.values["must held"] / item.values["must"] for item in kept]
    touched = sum(item.values["against"] > 0 for item in kept)
    made = [
        mean_figure("comprehensiveness", shares, "must-have statements held, mean over rows", percent=True),
        Figure(name="must-have held", estimate=clustered(pooled("must held", "must")), about="of all statements"),
        Figure(name="hallucination", estimate=wilson(touched, len(kept)), about="rows with a statement spoken against"),
        mean_figure("spoken against", [item.values["against"] for item in kept], "statements a row"),
    ]
    if not of_model:
        foreign = clustered(pooled("foreign held", "foreign"))
        made.append(Figure(name="foreign held", estimate=foreign, about="statements of the next question; should be 0"))
    return made
