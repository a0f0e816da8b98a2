"""`suppose_facts`: which recommendations would apply, and which no longer, if facts of the patient were otherwise.

A supposition is not a fact: its evidence carries none, and a later call of another tool does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from knowledge.errors import ToolRetry
from knowledge.factbook import FactBook
from knowledge.matching import match
from knowledge.recommendations import Recommendation, in_language, recommendations
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult
from tools.guidelines.match import recommendation_text
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.risk.tool import Override, override_fact, what_if_facts

NAME, VERSION = "suppose_facts", "1"
MAX_NAMED = 8
_TEXTS = {
    "en": {
        "gained": "Supposing {what}, this recommendation would apply: {text} ({source}).",
        "lost": "Supposing {what}, this recommendation would no longer apply: {text} ({source}).",
        "same": "Supposing {what}, the same recommendations would apply.",
        "and": " and ",
        "none": "no {label}",
    },
    "zh": {
        "gained": "假设{what}，以下推荐将适用：{text}（{source}）。",
        "lost": "假设{what}，以下推荐将不再适用：{text}（{source}）。",
        "same": "假设{what}，适用的推荐不变。",
        "and": "、",
        "none": "无{label}",
    },
}


class SupposeArguments(Arguments):
    """The facts to suppose."""

    overrides: list[Override] = Field(min_length=1, max_length=12, description="Facts to take other values for.")


class SupposePayload(Record):
    """Ids of the recommendations that the supposition would add and take away."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]


def run(context: ToolContext, arguments: SupposeArguments) -> ToolResult:
    """Match the recommendations twice, as it is and as supposed.

    Raises:
        ToolRetry: a fact that is not declared, or a value or unit that does not fit it.
    """
    store, facts = recommendations(), context.facts()
    supposed = what_if_facts(facts, arguments.overrides)
    if supposed is None:
        raise ToolRetry("Name at least one fact to suppose.")
    now, then = _applying(context, facts), _applying(context, supposed)
    gained = [then[name] for name in then if name not in now]
    lost = [now[name] for name in now if name not in then]
    what = _what(arguments.overrides, context.language)
    texts = _TEXTS[context.language]
    evidence = []
    for key, changed in (("gained", gained), ("lost", lost)):
        for item in changed[:MAX_NAMED]:
            guideline = store.guideline_of(item)
            source = f"{in_language(guideline.organisation, context.language)} {guideline.year}"
            text = recommendation_text(item, context.language).rstrip(".。")
            evidence.append(_evidence(texts[key].format(what=what, text=text, source=source), item.id, arguments))
    if not evidence:
        evidence.append(_evidence(texts["same"].format(what=what), "none", arguments))
    hidden = max(0, len(gained) - MAX_NAMED) + max(0, len(lost) - MAX_NAMED)
    warnings = (f"{hidden} further recommendations would change.",) if hidden else ()
    payload = SupposePayload(gained=tuple(r.id for r in gained), lost=tuple(r.id for r in lost))
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=warnings)


def _applying(context: ToolContext, facts: FactBook) -> dict[str, Recommendation]:
    """Recommendations that apply, without drug-gene advice, which only matters for drugs in play."""
    found = match(facts, context.case.as_of, recommendations().current())
    return {m.recommendation.id: m.recommendation for m in found.applies if not m.recommendation.action.concerns_drug}


def _what(overrides: Iterable[Override], language: str) -> str:
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
            said.append(f"{label} {fact.value} {fact.unit or ''}".strip())
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
