"""What the draft asks the physician, each with answers that can be given at a click.

An answer is a chart line (`tools.dialogue.labelled`) that goes into the conversation like any other sentence. Only
lines that are read as that fact with that value are offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from fastapi import APIRouter

from agent.builtin.reading import Situation, read
from agent.draft import Draft
from agent.server.evidence import fact_info
from agent.server.office import TheOffice, TheRun
from agent.server.records import AskedFact, OpenQuestion, QuickAnswer
from knowledge.facts import FactSpec, FactValue, vocabulary
from prompts.loader import phrases
from tools.case import Language
from tools.dialogue.labelled import chart_line
from tools.evidence import fact_book

router = APIRouter(prefix="/api", tags=["runs"])


@router.get("/runs/{run_id}/questions")
def list_questions(run: TheRun, office: TheOffice) -> list[OpenQuestion]:
    """What the draft asks, with the facts that would answer it and sentences that state them."""
    consilium = office.consilium
    draft = consilium.report(run.id).draft
    known = fact_book(consilium.store.evidence(run.id).values())
    asked = [name for name in _asked(read(consilium.messages(run.id))) if not known.all(name)]
    return list(_questions(draft, asked))


def _asked(situation: Situation) -> Iterator[str]:
    """Facts that recommendations and risk models lack, without those that come twice."""
    matched, risks = situation.latest("match_recommendations"), situation.latest("predict_risk")
    found = [item["fact"] for item in matched.payload.get("questions", [])] if matched else []
    for item in risks.payload.get("incomplete", []) if risks else []:
        found += item["missing"]
    yield from (name for name in dict.fromkeys(found) if name in vocabulary())


def _questions(draft: Draft, asked: Iterable[str]) -> Iterator[OpenQuestion]:
    labels = {name: _label(vocabulary()[name], draft.language) for name in asked}
    for index, statement in draft.in_section("missing"):
        if statement.kind == "question":
            named = [name for name, label in labels.items() if label in statement.text]
            whole = [n for n in named if not any(labels[n] != labels[o] and labels[n] in labels[o] for o in named)]
            facts = tuple(asked_fact(name, draft.language) for name in whole)
            yield OpenQuestion(statement=index, text=statement.text, facts=facts)


@lru_cache(maxsize=2000)
def asked_fact(name: str, language: Language) -> AskedFact:
    """A fact with the sentences that answer it, in a language."""
    spec = vocabulary()[name]
    answers: list[QuickAnswer] = []
    value_sentence = None
    if spec.kind in ("quantity", "integer"):
        value_sentence = chart_line(spec, None, language)
    elif spec.kind != "text":
        answers = [
            QuickAnswer(label=shown, sentence=line)
            for value, shown in _choices(spec, language)
            if (line := chart_line(spec, value, language)) is not None
        ]
    return AskedFact(fact=fact_info(spec, name, language), answers=tuple(answers), value_sentence=value_sentence)


def _choices(spec: FactSpec, language: Language) -> Iterator[tuple[FactValue, str]]:
    if spec.kind == "boolean":
        texts = phrases("report", language)
        yield from (
            (value, str(texts[key])[:1].upper() + str(texts[key])[1:])
            for value, key in ((True, "is_true"), (False, "is_false"))
        )
    for code, value in spec.values.items():
        yield code, value.label.get(language) or value.label.get("en") or code


def _label(spec: FactSpec, language: Language) -> str:
    return spec.label.get(language) or spec.label.get("en") or spec.name
