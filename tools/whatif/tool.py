"""`suppose_facts`: which recommendations and which warnings about the patient's drugs would come and go, if facts were
otherwise. What published models make of the supposed facts, such as the eGFR, counts with them.

A supposition is not a fact: its evidence carries none, and a later call of another tool does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import Field

from knowledge.criteria import Truth
from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import vocabulary
from knowledge.matching import match
from knowledge.recommendations import Recommendation, in_language, recommendations
from knowledge.safety import SafetyFinding, check_drug, rows_for
from knowledge.units import written_unit
from tools.case import Language
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult, fact_book
from tools.guidelines.match import recommendation_text, resolve_drug
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.risk.compute import estimate
from tools.risk.sentences import patient_fact
from tools.risk.tool import Override, override_fact, relevant_models, what_if_facts
from tools.safety.tool import finding_claim, label_of

NAME, VERSION = "suppose_facts", "3"
MAX_NAMED = 8
_TEXTS = {
    "en": {
        "gained": "Supposing {what}, this recommendation would apply: {text}.",
        "lost": "Supposing {what}, this recommendation would no longer apply: {text}.",
        "warned": "Supposing {what}, this would speak against a drug: {text}",
        "unwarned": "Supposing {what}, this would no longer speak against a drug: {text}",
        "still": "Supposing {what}, this would still speak against a drug: {text}",
        "clear": "Supposing {what}, the safety tables would hold nothing that speaks against {text}.",
        "same": "Supposing {what}, the same recommendations would apply.",
        "and": " and ",
        "none": "no {label}",
    },
    "zh": {
        "gained": "假设{what}，以下推荐将适用：{text}。",
        "lost": "假设{what}，以下推荐将不再适用：{text}。",
        "warned": "假设{what}，将有以下用药警示：{text}",
        "unwarned": "假设{what}，以下用药警示将不再成立：{text}",
        "still": "假设{what}，以下用药警示仍成立：{text}",
        "clear": "假设{what}，安全表中没有反对使用{text}的条目。",
        "same": "假设{what}，适用的推荐不变。",
        "and": "、",
        "none": "无{label}",
    },
}


class SupposeArguments(Arguments):
    """The facts to suppose."""

    overrides: list[Override] = Field(min_length=1, max_length=12, description="Facts to take other values for.")
    drugs: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="Drugs that the question names; what is taken or advised is checked anyway.",
    )


class SupposePayload(Record):
    """Ids of recommendations, and of safety rows on drugs that are taken, that would come and go."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    warned: tuple[str, ...] = ()
    unwarned: tuple[str, ...] = ()


def run(context: ToolContext, arguments: SupposeArguments) -> ToolResult:
    """Match the recommendations and check the drugs twice, as it is and as supposed.

    Raises:
        ToolRetry: a fact that is not declared, a value or unit that does not fit it, a drug that is not known.
    """
    measured = fact_book(item for item in context.ledger.values() if item.kind != "risk_estimate")
    supposed = what_if_facts(measured, arguments.overrides)
    if supposed is None:
        raise ToolRetry("Name at least one fact to suppose.")
    asked = tuple(dict.fromkeys(map(resolve_drug, arguments.drugs)))
    before, after = _with_results(measured), _with_results(supposed)
    now, then = _applying(context, before, asked), _applying(context, after, asked)
    advised = [drug for item in then.values() if item.action.type == "treat" for drug in item.action.drugs]
    warnings = _Warnings(_warnings(before, [*asked, *advised]), _warnings(after, [*asked, *advised]), asked)
    gained = [then[name] for name in then if name not in now]
    lost = [now[name] for name in now if name not in then]
    said = [*_said_of_drugs(warnings, context.language), *_said_of_advice(gained, lost, context.language)]
    if not gained and not lost:
        said.append(("same", "none", ""))
    what = _what(arguments.overrides, context.language)
    texts = _TEXTS[context.language]
    evidence = [_evidence(texts[key].format(what=what, text=text), record, arguments) for key, record, text in said]
    payload = SupposePayload(
        gained=tuple(r.id for r in gained),
        lost=tuple(r.id for r in lost),
        warned=tuple(dict.fromkeys(row for _, row in warnings.new())),
        unwarned=tuple(dict.fromkeys(row for _, row in warnings.gone())),
    )
    changes = (gained, lost, warnings.new(), warnings.still(), warnings.gone())
    hidden = sum(max(0, len(found) - MAX_NAMED) for found in changes)
    notes = (f"{hidden} further recommendations or warnings would change.",) if hidden else ()
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=notes)


_Found = dict[tuple[str, str], SafetyFinding]


class _Warnings(NamedTuple):
    """What the safety tables hold now and as supposed, by drug and row, and the drugs that were asked about."""

    now: _Found
    then: _Found
    asked: tuple[str, ...]

    def new(self) -> _Found:
        return {key: item for key, item in self.then.items() if key not in self.now}

    def gone(self) -> _Found:
        return {key: item for key, item in self.now.items() if key not in self.then}

    def still(self) -> _Found:
        return {key: item for key, item in self.then.items() if key in self.now and item.drug in self.asked}

    def clear(self) -> list[str]:
        spoken_against = {item.drug for item in self.then.values()}
        return [drug for drug in self.asked if drug not in spoken_against and rows_for(drug)]


def _said_of_drugs(warnings: _Warnings, language: Language) -> Iterator[tuple[str, str, str]]:
    """Kind of change, row with drug, and text of each warning; then the drugs asked about that nothing bars."""
    for key, findings in (("warned", warnings.new()), ("still", warnings.still()), ("unwarned", warnings.gone())):
        for (drug, row), finding in list(findings.items())[:MAX_NAMED]:
            other = next((name for name in finding.facts if name.startswith("medication.")), "")
            yield key, f"{row} {drug or finding.drug} {other}".strip(), finding_claim(finding, language)
    if clear := warnings.clear():
        yield "clear", "none", _TEXTS[language]["and"].join(label_of(drug, language) for drug in clear)


def _said_of_advice(
    gained: Iterable[Recommendation], lost: Iterable[Recommendation], language: Language
) -> Iterator[tuple[str, str, str]]:
    """Kind of change, id, and text with source of each recommendation that would come or go."""
    store = recommendations()
    for key, changed in (("gained", gained), ("lost", lost)):
        for item in list(changed)[:MAX_NAMED]:
            guideline = store.guideline_of(item)
            source = f"{in_language(guideline.organisation, language)} {guideline.year}"
            text = recommendation_text(item, language).rstrip(".。")
            yield key, item.id, f"{text}（{source}）" if language == "zh" else f"{text} ({source})"


def _with_results(facts: FactBook) -> FactBook:
    """`facts` with what the published models that fit them give, such as the eGFR."""
    found = facts.with_overrides(())
    for model in relevant_models(facts):
        one = estimate(model, facts)
        for output in one.outputs if one.status == "computed" else ():
            for fact in patient_fact(output):
                found.add(SourcedFact(fact, "", Authority.TOOL))
    return found


def _taken(facts: FactBook) -> list[str]:
    return [n for n in facts.names() if n.startswith("medication.") and ".class_" not in n and facts.value(n) is True]


def _warnings(facts: FactBook, further: Iterable[str]) -> dict[tuple[str, str], SafetyFinding]:
    """What the safety tables hold against each drug that is taken or in `further`, by drug and row; an interaction
    once."""
    found: dict[tuple[str, str], SafetyFinding] = {}
    for drug in dict.fromkeys([*further, *_taken(facts)]):
        for item in check_drug(drug, facts) if rows_for(drug) else ():
            shared = item.row.kind == "interaction"
            if item.truth is Truth.APPLIES:
                found.setdefault(("" if shared else drug, item.row.id), item)
    return found


def _applying(context: ToolContext, facts: FactBook, asked: Iterable[str]) -> dict[str, Recommendation]:
    """Recommendations that apply; drug-gene advice of drugs that are taken or asked about only."""
    found = [m.recommendation for m in match(facts, context.case.as_of, recommendations().current()).applies]
    drugs = {*asked, *_taken(facts)}
    in_play = drugs | {wider for name in drugs for wider in vocabulary().consequences(name, True)}
    return {r.id: r for r in found if not r.action.concerns_drug or in_play & set(r.action.drugs)}


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
