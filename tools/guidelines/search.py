"""`search_guidelines`: passages of guidelines and of the user's documents that bear on a question."""

from __future__ import annotations

import time

from pydantic import Field, field_validator

from knowledge.errors import ToolRetry
from knowledge.facts import Fact, vocabulary
from knowledge.recommendations import in_language, recommendations
from knowledge.store.index import Filters
from knowledge.store.passages import Passage
from tools.evidence import DocumentPassage, Evidence, Provenance, Record, ToolResult
from tools.guidelines.match import recommendation_facts, recommendation_text, resolve_drug
from tools.registry import Arguments, ToolContext, ToolSpec

NAME, VERSION = "search_guidelines", "1"


class SearchArguments(Arguments):
    """A question, and what the passages must be about."""

    query: str = Field(min_length=2, max_length=2000, description="One clinical question or a few key words.")
    k: int = Field(default=5, ge=1, le=30, description="At most so many passages.")
    diseases: tuple[str, ...] | None = Field(default=None, description="Only guidelines on these diseases (slugs).")
    drugs: tuple[str, ...] | None = Field(
        default=None, description="Only recommendations that name one of these drugs."
    )
    organisations: tuple[str, ...] | None = Field(default=None, description="Only documents of these organisations.")
    years: tuple[int, int] | None = Field(default=None, description="First and last year of publication.")
    for_this_patient: bool = Field(default=True, description="Leave out recommendations that do not apply here.")

    @field_validator("years")
    @classmethod
    def _in_order(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and value[0] > value[1]:
            raise ValueError("the first year comes first")
        return value


class FoundPassage(Record):
    """One passage. `relevance` (0 to 1) is the fitted score of bearing on the question."""

    id: str
    evidence_id: str
    text: str
    document: str
    section: str
    page: int | None
    year: int | None
    relevance: float
    truth: str | None


class SearchPayload(Record):
    """The passages found, best first."""

    query: str
    passages: tuple[FoundPassage, ...]
    searched: int


def run(context: ToolContext, arguments: SearchArguments) -> ToolResult:
    """Search the store; nothing that bears on the question gives no evidence and a warning.

    Raises:
        ToolRetry: a disease or drug that is not known here, or an empty query.
    """
    from knowledge.store.search import search
    from knowledge.store.service import ready_index

    started = time.perf_counter()
    filters = _filters(arguments)
    index = ready_index(lambda stage, done, total: context.progress(f"Guideline index: {stage} {done} of {total}"))
    facts = context.facts() if arguments.for_this_patient else None
    hits = search(index, arguments.query, arguments.k, filters, facts, context.case.as_of)
    seconds = round(time.perf_counter() - started, 4)
    evidence = tuple(passage_evidence(hit.passage, context.language, index.key, seconds) for hit in hits)
    found = tuple(
        FoundPassage(
            id=hit.passage.id,
            evidence_id=item.id,
            text=item.claim,
            document=hit.passage.document,
            section=hit.passage.section,
            page=hit.passage.page,
            year=hit.passage.year,
            relevance=round(hit.relevance, 3),
            truth=None if hit.truth is None else hit.truth.value,
        )
        for hit, item in zip(hits, evidence, strict=True)
    )
    warnings = () if hits else (_NOTHING[context.language],)
    payload = SearchPayload(query=arguments.query, passages=found, searched=len(index))
    return ToolResult(payload=payload, evidence=evidence, warnings=warnings)


_NOTHING = {
    "en": "No guideline passage in the store bears on this question; it cannot be answered from the guidelines.",
    "zh": "指南库中没有与该问题相关的段落，无法据指南回答。",
}


def _filters(arguments: SearchArguments) -> Filters:
    store = recommendations()
    if arguments.diseases:
        declared = {slug for guideline in store.guidelines.values() for slug in guideline.diseases}
        if unknown := set(arguments.diseases) - declared:
            known = ", ".join(sorted(declared))
            raise ToolRetry(f"No guideline is on {', '.join(sorted(unknown))}. There are: {known}.")
    drugs = [resolve_drug(text) for text in arguments.drugs or ()]
    broader = [name for drug in drugs for name in vocabulary().consequences(drug, True)]
    return Filters(
        diseases=arguments.diseases or (),
        drugs=tuple(dict.fromkeys((*drugs, *broader))),
        organisations=arguments.organisations or (),
        years=arguments.years,
    )


def passage_evidence(passage: Passage, language: str, release: str, seconds: float) -> Evidence:
    """A passage as evidence. A recommendation gets the same claim and facts as `match_recommendations` gives it."""
    parameters: dict[str, str | int | float | bool | None] = {"passage": passage.id}
    if passage.recommendation is not None:
        store = recommendations()
        recommendation = store.by_id[passage.recommendation]
        guideline = store.guideline_of(recommendation)
        claim, data_release = recommendation_text(recommendation, language), f"{guideline.id} ({guideline.year})"
        facts = recommendation_facts(recommendation, guideline.year)
        document = in_language(guideline.title, language)
        parameters = {"recommendation": recommendation.id}
    else:
        claim, document, data_release = passage.text, passage.document, release
        pages = () if passage.page is None else (Fact(name="passage.page", value=passage.page),)
        facts = (Fact(name="passage.title", value=passage.document), *pages)
    return Evidence(
        kind="recommendation",
        claim=claim,
        facts=facts,
        locator=DocumentPassage(
            document=document,
            section=passage.section,
            page=passage.page,
            start=passage.start,
            end=passage.end,
            identifier=passage.identifier,
        ),
        provenance=Provenance(
            tool=NAME, tool_version=VERSION, data_release=data_release, parameters=parameters, seconds=seconds
        ),
    )


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary=(
        "Searches guidelines and the hospital's own documents for passages that answer a question. Call it for what "
        "match_recommendations does not cover. It returns nothing where nothing bears on the question."
    ),
    arguments=SearchArguments,
    payload=SearchPayload,
    run=run,
)
