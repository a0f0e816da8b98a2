"""`match_recommendations`: guideline recommendations whose criteria the patient's facts meet."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterable
from typing import NamedTuple

from pydantic import Field

from knowledge.chinese import DOSES, words
from knowledge.criteria import evaluate
from knowledge.errors import ToolRetry
from knowledge.factbook import FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from knowledge.matching import Matched, Matches, NearMiss, Question, is_about_patient, match, rank_questions
from knowledge.recommendations import (
    GUIDELINES_DIR,
    Recommendation,
    Recommendations,
    Topic,
    in_language,
    recommendations,
)
from knowledge.units import written_unit
from tools.evidence import DocumentPassage, Evidence, Provenance, ToolResult
from tools.guidelines.matched import (
    ActionPayload,
    Applying,
    AskNext,
    Disagreement,
    Excluded,
    MatchPayload,
    Undecided,
    UsedFact,
)
from tools.registry import Arguments, ToolContext, ToolSpec

NAME, VERSION = "match_recommendations", "4"
# Facts that only a treatment can bring about.
_OF_TREATMENT = ("therapy.", "tumour.progressing")
# Computed here; what a model lacks for it is asked for by the model.
_COMPUTED = "risk_score."
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MAX_OPEN, _MAX_NEAR, _MAX_MISSING, _MAX_ASKED = 20, 20, 4, 10


class MatchArguments(Arguments):
    """Narrow the recommendations; everything left out means all."""

    topics: tuple[Topic, ...] | None = Field(default=None, description="Only recommendations on these topics.")
    diseases: tuple[str, ...] | None = Field(default=None, description="Only guidelines on these diseases (slugs).")
    drugs: tuple[str, ...] | None = Field(
        default=None, description="Only recommendations that name one of these drugs (INN, brand or medication.* name)."
    )
    tests: tuple[str, ...] | None = Field(
        default=None,
        description="Only recommendations that ask for one of these (`test.*`, `procedure.*` or `therapy.*` names).",
    )
    asked_about: tuple[str, ...] = Field(
        default=(), description="Drugs that the question is about; advice on them is shown even if they are not taken."
    )
    limit: int = Field(default=60, ge=1, le=500, description="At most so many that apply, strongest first.")


def run(context: ToolContext, arguments: MatchArguments) -> ToolResult:
    """Evaluate every current recommendation on the facts of the ledger.

    Raises:
        ToolRetry: a disease, drug or test that is not known here.
    """
    started = time.perf_counter()
    store = recommendations()
    facts = context.facts()
    as_of = context.case.as_of or _latest(facts)
    view = _View(store, facts, as_of, context.language, _suspected(context))
    found = match(facts, as_of, _candidates(store, arguments), view.suspected)
    concerned = None if arguments.drugs is not None else _drugs_in_play(context, facts, found, arguments.asked_about)
    shown = [m for m in found.applies if _is_shown(m.recommendation, concerned)]
    seconds = round(time.perf_counter() - started, 4)
    evidence = [_evidence(m.recommendation, store, context.language, seconds) for m in shown[: arguments.limit]]
    named = arguments.tests is not None
    near = (found.near_misses if named else _alternatives(found.near_misses, shown, store))[:_MAX_NEAR]
    left_out = [_left_out(item, view) for item in near]
    open_here = [m for m in found.cannot_tell if _is_shown(m.recommendation, concerned)]
    undecided = open_here[:_MAX_OPEN]
    waiting = [_open(item, view) for item in undecided]
    payload = MatchPayload(
        applies=tuple(_applying(m, item, view) for m, item in zip(shown[: arguments.limit], evidence, strict=True)),
        cannot_tell=tuple(_undecided(m, item, view) for m, item in zip(undecided, waiting, strict=True)),
        excluded=tuple(_excluded(n, item, view) for n, item in zip(near, left_out, strict=True)),
        questions=tuple(
            _question(q) for q in _to_ask(_pressing([m for m in open_here if not m.beside], found, view), view)
        ),
        considered=found.considered,
        as_of=as_of,
    )
    warnings = list(_conflicts(facts, shown))
    if len(shown) > arguments.limit:
        warnings.append(f"{len(shown)} recommendations apply; the {arguments.limit} most strongly graded are listed.")
    if not shown:
        warnings.append(f"None of {found.considered} recommendations is known to apply to this case.")
    return ToolResult(payload=payload, evidence=(*evidence, *left_out, *waiting), warnings=tuple(warnings))


def _candidates(store: Recommendations, arguments: MatchArguments) -> Iterable[Recommendation]:
    chosen = list(store.current())
    if arguments.topics is not None:
        chosen = [r for r in chosen if r.topic in arguments.topics]
    if arguments.diseases is not None:
        wanted = set(arguments.diseases)
        declared = {slug for guideline in store.guidelines.values() for slug in guideline.diseases}
        if unknown := wanted - declared:
            raise ToolRetry(
                f"No guideline is on {', '.join(sorted(unknown))}. There are: {', '.join(sorted(declared))}."
            )
        chosen = [r for r in chosen if wanted & set(store.guideline_of(r).diseases)]
    if arguments.drugs is not None:
        drugs = {resolve_drug(text) for text in arguments.drugs}
        related = drugs | {c for d in drugs for c in vocabulary().consequences(d, True)}
        chosen = [r for r in chosen if related & set(r.action.drugs)]
    if arguments.tests is not None:
        if undeclared := [name for name in arguments.tests if name not in vocabulary()]:
            raise ToolRetry(
                f"There is no fact {', '.join(undeclared)}. Name tests as test.*, procedure.* or therapy.*."
            )
        tests = {c for t in arguments.tests for c in (t, *vocabulary().consequences(t, True))}
        chosen = [r for r in chosen if tests & set(r.action.tests)]
    return chosen


def resolve_drug(text: str) -> str:
    """The `medication.*` fact that a person means by `text`. Raises `ToolRetry` if there is none."""
    found = text if text in vocabulary() else vocabulary().find("medication.", text)
    if found is None or not found.startswith("medication."):
        raise ToolRetry(f"{text!r} is not a drug that the vocabulary knows. Give its INN.")
    return found


def _latest(facts: FactBook) -> dt.date | None:
    days = (e.fact.at for name in facts.names() for e in facts.all(name) if e.fact.at is not None)
    return max((d.date() if isinstance(d, dt.datetime) else d for d in days), default=None)


def _is_shown(recommendation: Recommendation, concerned: frozenset[str] | None) -> bool:
    """A recommendation about a drug is shown only if that drug is in play; None means that all are."""
    if concerned is None or not recommendation.action.concerns_drug:
        return True
    return bool(concerned & set(recommendation.action.drugs))


def _drugs_in_play(context: ToolContext, facts: FactBook, found: Matches, asked_about: Iterable[str]) -> frozenset[str]:
    """Drugs (and their classes) that are taken, proposed, asked about, or an option by another recommendation."""
    held = {name for name in facts.names() if name.startswith("medication.") and facts.value(name) is True}
    proposed = {m.fact for m in context.case.medications if m.fact is not None and m.status != "stopped"}
    options = {
        drug
        for m in found.applies
        if m.recommendation.action.type == "treat" and not m.recommendation.action.concerns_drug
        for drug in m.recommendation.action.drugs
    }
    asked = {resolve_drug(text) for text in asked_about}
    drugs = {name for name in held | proposed | options | asked if name in vocabulary()}
    return frozenset(drugs | {c for name in drugs for c in vocabulary().consequences(name, True)})


def _used(because: Iterable[SourcedFact]) -> tuple[UsedFact, ...]:
    return tuple(
        UsedFact(
            fact=e.fact.name,
            value=e.fact.value,
            unit=e.fact.unit,
            evidence_id=e.evidence_id,
            derived_from=e.derived_from,
        )
        for e in because
    )


def recommendation_text(recommendation: Recommendation, language: str) -> str:
    """The recommendation in `language`, with its dose where it gives one."""
    text = in_language(recommendation.text, language)
    dose = recommendation.action.dose
    if not dose or dose in text:
        return text
    if language == "zh":
        if set(_NUMBER.findall(dose)) <= set(_NUMBER.findall(text)):
            return text
        return f"{text.rstrip('。')}（剂量：{words(GUIDELINES_DIR, DOSES).get(dose, dose)}）。"
    return f"{text.rstrip('.')} (dose: {dose})."


def recommendation_facts(recommendation: Recommendation, year: int) -> tuple[Fact, ...]:
    """The item-scope facts of a recommendation."""
    return (
        Fact(name="rec.id", value=recommendation.id),
        Fact(name="rec.strength", value=recommendation.strength),
        Fact(name="rec.certainty", value=recommendation.certainty),
        Fact(name="rec.year", value=year),
        Fact(name="rec.action", value=recommendation.action.type),
    )


def _evidence(recommendation: Recommendation, store: Recommendations, language: str, seconds: float) -> Evidence:
    guideline = store.guideline_of(recommendation)
    return Evidence(
        kind="recommendation",
        claim=recommendation_text(recommendation, language),
        facts=recommendation_facts(recommendation, guideline.year),
        locator=DocumentPassage(
            document=in_language(guideline.title, language),
            section=recommendation.section,
            identifier=guideline.identifier,
        ),
        provenance=Provenance(
            tool=NAME,
            tool_version=VERSION,
            data_release=f"{guideline.id} ({guideline.year})",
            parameters={"recommendation": recommendation.id},
            seconds=seconds,
        ),
    )


class _View(NamedTuple):
    """What the payload is written from."""

    store: Recommendations
    facts: FactBook
    as_of: dt.date | None
    language: str
    suspected: frozenset[str]


def _suspected(context: ToolContext) -> frozenset[str]:
    """The diagnoses that the differential named, as facts."""
    named = (item.provenance.parameters.get("candidate") for item in context.ledger.values())
    return frozenset(str(name) for name in named if name in vocabulary())


def _applying(matched: Matched, item: Evidence, view: _View) -> Applying:
    recommendation, store, language = matched.recommendation, view.store, view.language
    guideline = store.guideline_of(recommendation)
    others = (store.by_id[other] for other in store.disagreements.get(recommendation.id, ()) if other in store.by_id)
    return Applying(
        id=recommendation.id,
        evidence_id=item.id,
        topic=recommendation.topic,
        job=recommendation.job,
        text=item.claim,
        organisation=in_language(guideline.organisation, language),
        year=guideline.year,
        diseases=guideline.diseases,
        action=ActionPayload(**recommendation.action.model_dump()),
        strength=recommendation.strength,
        certainty=recommendation.certainty,
        specific=is_about_patient(matched.outcome.because),
        acute=recommendation.acute,
        long_term=guideline.long_term,
        place=store.places[recommendation.id],
        because=_used(matched.outcome.because),
        assumed=matched.outcome.assumed,
        disagrees_with=tuple(_disagreement(other, view) for other in others),
    )


def _disagreement(other: Recommendation, view: _View) -> Disagreement:
    guideline = view.store.guideline_of(other)
    return Disagreement(
        id=other.id,
        organisation=in_language(guideline.organisation, view.language),
        year=guideline.year,
        text=in_language(other.text, view.language),
        truth=evaluate(other.criterion, view.facts, view.as_of).truth.value,
    )


def _undecided(matched: Matched, evidence: Evidence, view: _View) -> Undecided:
    return Undecided(
        id=matched.recommendation.id,
        evidence_id=evidence.id,
        action=ActionPayload(**matched.recommendation.action.model_dump()),
        diseases=view.store.guideline_of(matched.recommendation).diseases,
        text=in_language(matched.recommendation.text, view.language),
        topic=matched.recommendation.topic,
        acute=matched.recommendation.acute,
        long_term=view.store.guideline_of(matched.recommendation).long_term,
        place=view.store.places[matched.recommendation.id],
        missing=_waits_for(matched),
        because=_used(matched.outcome.because),
        fit=round(matched.fit, 3),
        beside=matched.beside,
    )


def _alternatives(
    near_misses: Iterable[NearMiss], shown: Iterable[Matched], store: Recommendations
) -> tuple[NearMiss, ...]:
    """Treatments that fail on one point, of the diseases that the applying recommendations are about."""
    advised = (m.recommendation for m in shown if not m.recommendation.action.concerns_drug)
    diseases = {slug for one in advised for slug in store.guideline_of(one).diseases}
    chosen = (
        n
        for n in near_misses
        if n.recommendation.action.type == "treat"
        and n.recommendation.topic != "supportive"
        and n.because
        and not n.recommendation.action.concerns_drug
        and (not diseases or diseases & set(store.guideline_of(n.recommendation).diseases))
    )
    return tuple(chosen)[:_MAX_NEAR]


def _left_out(near: NearMiss, view: _View) -> Evidence:
    """Why a treatment of the patient's disease is not an option: the recommendation, and the facts that decide it."""
    reasons = [_in_words(entry.fact, view.language) for entry in near.because]
    lead = f"不适用于该患者（{'、'.join(reasons)}）" if view.language == "zh" else f"Left out ({', '.join(reasons)})"
    return _remark(lead, near.recommendation, view)


def _open(matched: Matched, view: _View) -> Evidence:
    """A treatment of the patient's disease that some facts speak for, and the facts that it waits for."""
    labels = [vocabulary()[name].label for name in _waits_for(matched)[:_MAX_MISSING]]
    names = [label.get(view.language) or label["en"] for label in labels]
    if matched.if_confirmed:
        lead = f"如确诊{'或'.join(names)}" if view.language == "zh" else f"If confirmed ({' or '.join(names)})"
    else:
        lead = f"待明确{'、'.join(names)}" if view.language == "zh" else f"Open until it is known: {', '.join(names)}"
    return _remark(lead, matched.recommendation, view)


def _waits_for(matched: Matched) -> tuple[str, ...]:
    """The suspected diagnoses that would settle it, else all that it lacks."""
    return matched.if_confirmed or matched.outcome.missing


def _remark(lead: str, recommendation: Recommendation, view: _View) -> Evidence:
    """A recommendation that is no advice for this patient (yet), as a record with the reason before it."""
    guideline = view.store.guideline_of(recommendation)
    text = in_language(recommendation.text, view.language).rstrip(".。")
    source = f"{in_language(guideline.organisation, view.language)} {guideline.year}"
    claim = f"{lead}：{text}（{source}）。" if view.language == "zh" else f"{lead}. {text} ({source})."
    return Evidence(
        kind="database_record",
        claim=claim,
        locator=DocumentPassage(
            document=in_language(guideline.title, view.language),
            section=recommendation.section,
            identifier=guideline.identifier,
        ),
        provenance=Provenance(
            tool=NAME,
            tool_version=VERSION,
            data_release=f"{guideline.id} ({guideline.year})",
            parameters={"remark_on": recommendation.id},
        ),
    )


def _in_words(fact: Fact, language: str) -> str:
    """A fact as `label value unit`; a boolean as its label, with a no where it is absent."""
    label = fact.spec.label.get(language) or fact.spec.label["en"]
    if isinstance(fact.value, bool):
        absent = "：无" if language == "zh" else ": no"
        return label if fact.value else f"{label}{absent}"
    if isinstance(fact.value, str) and fact.value in fact.spec.values:
        labels = fact.spec.values[fact.value].label
        return f"{label} {labels.get(language) or labels.get('en', fact.value)}"
    return f"{label} {fact.value} {written_unit(fact.unit or '1', language)}".strip()


def _excluded(near: NearMiss, evidence: Evidence, view: _View) -> Excluded:
    return Excluded(
        id=near.recommendation.id,
        evidence_id=evidence.id,
        text=in_language(near.recommendation.text, view.language),
        topic=near.recommendation.topic,
        acute=near.recommendation.acute,
        long_term=view.store.guideline_of(near.recommendation).long_term,
        drugs=near.recommendation.action.drugs,
        because=_used(near.because),
    )


def _pressing(open_here: list[Matched], found: Matches, view: _View) -> list[Matched]:
    """What is undecided; while something threatens life or may do so, only what bears on that or on a known tumour."""
    acute = [*found.applies, *(m for m in found.cannot_tell if m.if_confirmed)]
    if not any(m.recommendation.acute for m in acute):
        return open_here
    known = view.facts.value("tumour.type") is not None
    tumours = set(vocabulary()["tumour.type"].values) if known else set()
    return [
        m
        for m in open_here
        if m.recommendation.acute or tumours & set(view.store.guideline_of(m.recommendation).diseases)
    ]


def _to_ask(undecided: Iterable[Matched], view: _View) -> tuple[Question, ...]:
    """The questions on what threatens life first, then on the patient's tumour, then on anything else; last what was
    given before, where no line of treatment was."""
    tumour = view.facts.value("tumour.type")
    about = vocabulary()["tumour.type"].code_ancestors(str(tumour)) if tumour is not None else frozenset()
    about -= {"solid_tumour"}
    groups: dict[int, list[Matched]] = {0: [], 1: [], 2: []}
    for item in undecided:
        on_topic = about & set(view.store.guideline_of(item.recommendation).diseases)
        groups[0 if item.recommendation.acute else 1 if on_topic else 2].append(item)
    asked: dict[str, Question] = {}
    for group in groups.values():
        for question in rank_questions(group):
            if not question.fact.startswith(_COMPUTED):
                asked.setdefault(question.fact, question)
    untreated = view.facts.value("therapy.lines_advanced") == 0
    return tuple(sorted(asked.values(), key=lambda q: untreated and q.fact.startswith(_OF_TREATMENT))[:_MAX_ASKED])


def _question(question: Question) -> AskNext:
    return AskNext(
        fact=question.fact,
        label=dict(vocabulary()[question.fact].label),
        decides=question.decides,
        needed_by=len(question.needed_by),
    )


def _conflicts(facts: FactBook, shown: Iterable[Matched]) -> Iterable[str]:
    entries = [entry for m in shown for entry in m.outcome.because]
    used = {name for entry in entries for name in (entry.fact.name, entry.derived_from) if name}
    for conflict in facts.conflicts():
        if conflict.name in used:
            label = vocabulary()[conflict.name].label["en"]
            yield (
                f"Sources disagree about {label}: {conflict.used.evidence_id} is used and {conflict.other.evidence_id} "
                "says otherwise; recommendations may rest on it."
            )


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary=(
        "Lists the guideline recommendations that this patient's known facts meet, those that lack a fact, treatments "
        "that were left out and why, and the most useful questions to ask. Call it after the findings are in."
    ),
    arguments=MatchArguments,
    payload=MatchPayload,
    run=run,
    uses_ledger=True,
    less_needed=("cannot_tell", "excluded"),
)
