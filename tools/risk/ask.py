"""A risk model answered from a note: every input with the words that it was read from, conflicts, and what is missing.

Typed (structured) facts win over the note. Of several values in the note the one at admission or the latest is
used, as asked; the others are shown as conflicts. Where an input is missing there is no answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from tools.evidence import Record
from tools.risk.compute import Estimate, estimate
from tools.risk.model import RiskModel
from tools.risk.questions import answer_text
from tools.risk.resolve import Problem

if TYPE_CHECKING:
    from tools.notes.finding import Finding

Which = Literal["admission", "latest"]


class Quote(Record):
    """The characters of the note that one input was read from. `assumed` is what was taken for granted there."""

    input: str
    fact: str
    quote: str
    start: int
    end: int
    section: str
    assumed: str | None = None


class Disagreement(Record):
    """Another value of the same fact in the note."""

    fact: str
    used: str
    other: str
    quote: str


class Answer(Record):
    """What a model says from a note. `asked` is the key of the result that a question wants, `answer` that result."""

    estimate: Estimate
    quotes: tuple[Quote, ...] = ()
    conflicts: tuple[Disagreement, ...] = ()
    missing: tuple[str, ...] = ()
    asked: str | None = None
    answer: str | None = None


def ask(
    text: str,
    model: RiskModel,
    typed: Sequence[Fact] = (),
    which: Which = "admission",
    language: Literal["en", "zh"] = "en",
    question: str = "",
    output: str | None = None,
    found: Sequence[Finding] | None = None,
) -> Answer:
    """Answer `model` from the text of a note, from typed facts, which come first, and from what a question gives.

    `found` are all findings of the note, where it was read before.
    """
    from tools.notes.extract import extract
    from tools.notes.tool import choose

    findings = [f for f in (extract(text, language) if found is None else found) if f.usable]
    chosen = choose(findings, which)
    book = FactBook(
        [
            *(SourcedFact(f, "typed", Authority.PHYSICIAN) for f in typed),
            *(SourcedFact(f.fact, f"note:{i}", Authority.NOTE) for i, f in enumerate(chosen)),
            *(SourcedFact(f.fact, "question", Authority.NOTE) for f in choose(extract(question, language), which)),
        ]
    )
    asked = dataclasses.replace(model, rules=tuple(rule for rule in model.rules if not rule.calculable))
    one = _only_for_complaint(model, book, estimate(asked, book))
    quotes = _quotes(one, chosen)
    return Answer(
        estimate=one,
        quotes=quotes,
        conflicts=_conflicts(quotes, findings, book),
        missing=tuple(p.fact for p in one.problems if p.kind == "missing" and p.fact),
        asked=output,
        answer=answer_text(one, output, question) if output else None,
    )


def _quotes(one: Estimate, chosen: Sequence[Finding]) -> tuple[Quote, ...]:
    """The words of the note behind each input of an estimate."""
    sources = [(item.key, source) for item in one.inputs for source in item.evidence_ids if source.startswith("note:")]
    read = [(key, chosen[int(source.removeprefix("note:"))]) for key, source in sources]
    return tuple(
        Quote(
            input=key,
            fact=found.fact.name,
            quote=found.quote,
            start=found.start,
            end=found.end,
            section=found.section,
            assumed=found.assumed,
        )
        for key, found in read
    )


def _conflicts(quotes: Sequence[Quote], findings: Sequence[Finding], book: FactBook) -> tuple[Disagreement, ...]:
    """What else the note says of the facts that were used."""
    used = {quote.fact: quote for quote in quotes}
    made = []
    for finding in findings:
        mine, entry = used.get(finding.fact.name), book.get(finding.fact.name)
        if mine is None or entry is None or (finding.start, finding.end) == (mine.start, mine.end):
            continue
        if finding.fact.canonical() != entry.fact.canonical():
            name, other = finding.fact.name, _shown(finding.fact)
            made.append(Disagreement(fact=name, used=_shown(entry.fact), other=other, quote=finding.quote))
    return tuple(made)


def _only_for_complaint(model: RiskModel, book: FactBook, one: Estimate) -> Estimate:
    """The estimate, or none where the note states nothing of what the model is for."""
    if not model.complaint or any(book.value(name) is True for name in model.complaint):
        return one
    for name, bound in model.complaint_values:
        value = book.value(name)
        if isinstance(value, int | float) and value >= bound:
            return one
    labels = ", ".join(vocabulary()[name].label["en"] for name in model.complaint)
    text = f"{model.title} does not apply: the note states none of {labels}."
    problem = Problem(kind="not_applicable", fact=model.complaint[0], text=text)
    return one.model_copy(update={"status": "not_applicable", "outputs": (), "problems": (problem, *one.problems)})


def _shown(fact: Fact) -> str:
    return f"{fact.value} {fact.unit or ''}".strip()
