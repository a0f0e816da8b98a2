"""`suppose_facts`: which recommendations and which warnings about the patient's drugs would come and go, if facts were
otherwise. What published models make of the supposed facts, such as the eGFR, counts with them.

A supposition is not a fact: its evidence carries none, and a later call of another tool does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from knowledge.criteria import Truth
from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.matching import match
from knowledge.recommendations import Recommendation, in_language, recommendations
from knowledge.safety import SafetyFinding, check_drug, rows_for
from knowledge.units import written_unit
from tools.case import Language
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult, fact_book
from tools.guidelines.match import recommendation_text
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.risk.compute import estimate
from tools.risk.sentences import patient_fact
from tools.risk.tool import Override, override_fact, relevant_models, what_if_facts
from tools.safety.tool import finding_claim

NAME, VERSION = "suppose_facts", "2"
MAX_NAMED = 8
_TEXTS = {
    "en": {
        "gained": "Supposing {what}, this recommendation would apply: {text} ({source}).",
        "lost": "Supposing {what}, this recommendation would no longer apply: {text} ({source}).",
        "warned": "Supposing {what}, this would speak against a drug that the patient takes: {text}",
        "unwarned": "Supposing {what}, this would no longer speak against a drug that the patient takes: {text}",
        "same": "Supposing {what}, the same recommendations would apply.",
        "and": " and ",
        "none": "no {label}",
    },
    "zh": {
        "gained": "假设{what}，以下推荐将适用：{text}（{source}）。",
        "lost": "假设{what}，以下推荐将不再适用：{text}（{source}）。",
        "warned": "假设{what}，将有以下用药警示：{text}",
        "unwarned": "假设{what}，以下用药警示将不再成立：{text}",
        "same": "假设{what}，适用的推荐不变。",
        "and": "、",
        "none": "无{label}",
    },
}


class SupposeArguments(Arguments):
    """The facts to suppose."""

    overrides: list[Override] = Field(min_length=1, max_length=12, description="Facts to take other values for.")


class SupposePayload(Record):
    """Ids of recommendations, and of safety rows on drugs that are taken, that would come and go."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    warned: tuple[str, ...] = ()
    unwarned: tuple[str, ...] = ()


def run(context: ToolContext, arguments: SupposeArguments) -> ToolResult:
    """Match the recommendations twice, as it is and as supposed.

    Raises:
        ToolRetry: a fact that is not declared, or a value or unit that does not fit it.
    """
    store = recommendations()
    measured = fact_book(item for item in context.ledger.values() if item.kind != "risk_estimate")
    supposed = what_if_facts(measured, arguments.overrides)
    if supposed is None:
        raise ToolRetry("Name at least one fact to suppose.")
    before, after = _with_results(measured), _with_results(supposed)
    now, then = _applying(context, before), _applying(context, after)
    gained = [then[name] for name in then if name not in now]
    lost = [now[name] for name in now if name not in then]
    warned_now, warned_then = _warnings(before), _warnings(after)
    warned = {key: item for key, item in warned_then.items() if key not in warned_now}
    unwarned = {key: item for key, item in warned_now.items() if key not in warned_then}
    what = _what(arguments.overrides, context.language)
    texts = _TEXTS[context.language]
    evidence = []
    for key, findings in (("warned", warned), ("unwarned", unwarned)):
        for (drug, row), finding in list(findings.items())[:MAX_NAMED]:
            text = finding_claim(finding, context.language)
            evidence.append(_evidence(texts[key].format(what=what, text=text), f"{row} {drug}", arguments))
    for key, changed in (("gained", gained), ("lost", lost)):
        for item in changed[:MAX_NAMED]:
            guideline = store.guideline_of(item)
            source = f"{in_language(guideline.organisation, context.language)} {guideline.year}"
            text = recommendation_text(item, context.language).rstrip(".。")
            evidence.append(_evidence(texts[key].format(what=what, text=text, source=source), item.id, arguments))
    if not gained and not lost:
        evidence.append(_evidence(texts["same"].format(what=what), "none", arguments))
    hidden = sum(max(0, len(found) - MAX_NAMED) for found in (gained, lost, warned, unwarned))
    payload = SupposePayload(
        gained=tuple(r.id for r in gained),
        lost=tuple(r.id for r in lost),
        warned=tuple(dict.fromkeys(row for _, row in warned)),
        unwarned=tuple(dict.fromkeys(row for _, row in unwarned)),
    )
    notes = (f"{hidden} further recommendations or warnings would change.",) if hidden else ()
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=notes)


def _with_results(facts: FactBook) -> FactBook:
    """`facts` with what the published models that fit them give, such as the eGFR."""
    found = facts.with_overrides(())
    for model in relevant_models(facts):
        one = estimate(model, facts)
        for output in one.outputs if one.status == "computed" else ():
            for fact in patient_fact(output):
                found.add(SourcedFact(fact, "", Authority.TOOL))
    return found


def _warnings(facts: FactBook) -> dict[tuple[str, str], SafetyFinding]:
    """What the safety tables hold against each drug that is taken, by drug and row; an interaction once."""
    found: dict[tuple[str, str], SafetyFinding] = {}
    for drug in facts.names():
        if drug.startswith("medication.") and ".class_" not in drug and facts.value(drug) is True and rows_for(drug):
            for item in check_drug(drug, facts):
                shared = item.row.kind == "interaction"
                if item.truth is Truth.APPLIES:
                    found.setdefault(("" if shared else drug, item.row.id), item)
    return found


def _applying(context: ToolContext, facts: FactBook) -> dict[str, Recommendation]:
    """Recommendations that apply, without drug-gene advice, which only matters for drugs in play."""
    found = match(facts, context.case.as_of, recommendations().current())
    return {m.recommendation.id: m.recommendation for m in found.applies if not m.recommendation.action.concerns_drug}


def _what(overrides: Iterable[Override], language: Language) -> str:
    """The supposed facts in words: label and value of each."""
    texts = _TEXTS[language]
    said = []
    for item in overrides:
        fact = override_fact(item)
        label = fact.spec.label.get(language) or fact.spec.label["en"]
        if isinstance(fact.value, bool):
            said.append(label if fact.value else texts["none"].format(label=label))
        elif fact.spec.kind == "code":
            value = fact.spec.values[str(fact.value)].label
            said.append(f"{label} {value.get(language) or value.get('en', fact.value)}")
        else:
            said.append(f"{label} {fact.value} {written_unit(fact.unit or '1', language)}".strip())
    return texts["and"].join(said)


def _evidence(claim: str, recommendation: str, arguments: SupposeArguments) -> Evidence:
    return Evidence(
        kind="database_record",
        claim=claim,
        locator=Calculation(model=NAME),
        provenance=Provenance(
            tool=NAME,
            tool_version=VERSION,
            parameters={"recommendation": recommendation}
            | {f"supposed {item.name}": f"{item.value} {item.unit or ''}".strip() for item in arguments.overrides},
        ),
    )


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary="Says which recommendations would apply, and which no longer, if facts were otherwise (what-if). Call it "
    "with predict_risk for a supposition; it changes nothing that is known of the patient.",
    arguments=SupposeArguments,
    payload=SupposePayload,
    run=run,
    uses_ledger=True,
)
