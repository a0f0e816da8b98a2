"""Whether a draft or answer holds what a check looks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.draft import Statement
from evals.cases.model import Check, ExpectedFact
from evals.scoring.outcome import TurnOutcome
from knowledge.facts import vocabulary
from knowledge.recommendations import recommendations
from tools.evidence import Evidence

Ledger = Mapping[str, Evidence]
_AGAINST = re.compile(
    r"\b(?:avoid|contraindicat|do not|does not|should not|must not|not be (?:used|given)|never|no longer|rather than"
    r"|instead of|left out|cannot have|not fit for|ineligible for"
    r"|stop\b|withhold|against|allerg|harm|fatal|teratogen|switch)|"
    r"避免|禁用|禁忌|不要|不应|不得|不宜|不适用|停用|过敏|代替|替代|而非",
    re.IGNORECASE,
)


def found(check: Check, turn: TurnOutcome, ledger: Ledger, supported_only: bool) -> list[str]:
    """The texts of the statements that meet the check; with `supported_only` those that the verifier accepts."""
    return [
        item.text
        for item, status in turn.statements()
        if (not check.sections or item.section in check.sections)
        and (not supported_only or status != "unsupported")
        and _meets(check, item, ledger)
    ]


def _meets(check: Check, item: Statement, ledger: Ledger) -> bool:
    if check.recommendation is not None:
        return any(cited in check.recommendation for cited in cited_recommendations(item, ledger))
    if check.statement is not None:
        return re.search(check.statement, item.text, re.IGNORECASE) is not None
    if check.fact is not None:
        return any(_holds(check.fact, ledger[i]) for i in item.evidence if i in ledger)
    if check.proposes is not None:
        return proposes(item, check.proposes, ledger)
    if check.warns is not None:
        return warns(item, check.warns, ledger)
    return item.kind == "question" and names(item.text, str(check.asks))


def cited_recommendations(item: Statement, ledger: Ledger) -> list[str]:
    """Ids of the recommendations that a statement cites as applying, not those that were left out."""
    facts = [ledger[i].fact("rec.id") for i in item.evidence if i in ledger]
    return [str(fact.value) for fact in facts if fact is not None]


def _holds(expected: ExpectedFact, item: Evidence) -> bool:
    fact = item.fact(expected.name)
    if fact is None:
        return False
    if expected.value is None:
        return True
    value = fact.canonical()
    if isinstance(expected.value, bool | str) or isinstance(value, bool | str):
        return value == expected.value
    return abs(float(value) - float(expected.value)) <= expected.tolerance + 1e-9


def words_for(name: str) -> list[str]:
    """What a fact is called in text: its labels, synonyms and the last part of its name."""
    spec = vocabulary()[name]
    last = name.split(".", 1)[1].replace("_", " ")
    return sorted({last, *spec.label.values(), *spec.synonyms}, key=len, reverse=True)


def names(text: str, fact: str) -> bool:
    """Whether `text` names a fact as a whole word."""
    for word in words_for(fact):
        edge = r"\b" if re.match(r"\w", word, re.ASCII) else ""
        if re.search(rf"{edge}{re.escape(word)}", text, re.IGNORECASE):
            return True
    return False


def proposes(item: Statement, drug: str, ledger: Ledger) -> bool:
    """Whether a statement proposes a drug: as text says, or as the action of a recommendation to treat that it cites.

    Drugs of a drug-gene recommendation (`concerns_drug`) are not proposals; nor is a sentence that speaks against one.
    """
    if item.kind != "recommendation":
        return False
    store = recommendations().by_id
    actions = [store[i].action for i in cited_recommendations(item, ledger) if i in store]
    if any(drug in action.drugs and action.type == "treat" and not action.concerns_drug for action in actions):
        return True
    avoided = any((drug in action.drugs and action.type != "treat") or action.concerns_drug for action in actions)
    return names(item.text, drug) and not avoided and not _AGAINST.search(item.text)


def warns(item: Statement, drug: str, ledger: Ledger) -> bool:
    """Whether a statement speaks against a drug on evidence: a safety-table row, or a recommendation to avoid it."""
    cited = [ledger[i] for i in item.evidence if i in ledger]
    rows = [e for e in cited if e.provenance.tool == "check_drugs" and e.provenance.parameters.get("drug") == drug]
    if any("row" in e.provenance.parameters for e in rows):
        return True
    # A supposition names the row, its drug and the other drug of an interaction.
    supposed = (
        e.provenance.parameters.get("recommendation", "") for e in cited if e.provenance.tool == "suppose_facts"
    )
    if any(drug in str(named).split() for named in supposed):
        return True
    related = {drug, *vocabulary().consequences(drug, True)}
    for name in cited_recommendations(item, ledger):
        recommendation = recommendations().by_id.get(name)
        if recommendation and recommendation.action.type == "avoid" and related & set(recommendation.action.drugs):
            return True
    return False
