"""Are citations right, and are numbers in the evidence that they cite? Written apart from the agent's own verifier."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.draft import Statement
from evals.scoring.looking import cited_recommendations, words_for
from knowledge.criteria import facts_of
from knowledge.facts import vocabulary
from knowledge.recommendations import recommendations
from tools.evidence import Evidence

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]*\d)")
_WORD = re.compile(r"[a-z][a-z0-9-]{3,}|[\u4e00-\u9fff]{2}", re.IGNORECASE)
_COMMON = frozenset(
    {"with", "that", "this", "from", "have", "should", "than", "after", "before", "year", "years", "dose", "patient"}
    | {"strength", "certainty"}
)


def right_citations(item: Statement, ledger: Mapping[str, Evidence]) -> tuple[int, int]:
    """(right, all) citations of one statement.

    A citation is right if the evidence is there and shares a number or a content word with the statement, or holds a
    fact that decides a recommendation which the statement cites as well.
    """
    deciding = {fact for name in cited_recommendations(item, ledger) for fact in _criterion_facts(name)}
    said = _words(item.text) | set(_NUMBER.findall(item.text))
    right = 0
    for cited in item.evidence:
        evidence = ledger.get(cited)
        if evidence is None:
            continue
        held = {name for fact in evidence.facts for name in _with_ancestors(fact.name, fact.value)}
        right += bool(deciding & held) or bool(said & _content(evidence))
    return right, len(item.evidence)


def numbers_found(item: Statement, ledger: Mapping[str, Evidence]) -> tuple[int, int]:
    """(found, all) numbers of a statement that stand in the claims, facts or source years of what it cites."""
    numbers = _NUMBER.findall(item.text)
    cited = [ledger[i] for i in item.evidence if i in ledger]
    held = {float(n) for evidence in cited for n in _NUMBER.findall(_whole_text(evidence))}
    return sum(float(number) in held for number in numbers), len(numbers)


def _whole_text(evidence: Evidence) -> str:
    values = " ".join(f"{fact.value}" for fact in evidence.facts)
    return f"{evidence.claim} {values} {evidence.locator.model_dump_json()} {evidence.provenance.data_release or ''}"


def _content(evidence: Evidence) -> set[str]:
    labels = " ".join(word for fact in evidence.facts if fact.name in vocabulary() for word in words_for(fact.name))
    codes = " ".join(
        label
        for fact in evidence.facts
        if isinstance(fact.value, str) and fact.value in fact.spec.values
        for label in fact.spec.values[fact.value].label.values()
    )
    values = " ".join(str(fact.value) for fact in evidence.facts)
    text = f"{evidence.claim} {labels} {codes} {values}"
    return _words(text) | set(_NUMBER.findall(text))


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)} - _COMMON


def _with_ancestors(name: str, value: object) -> set[str]:
    related = {name}
    if isinstance(value, bool) and name in vocabulary():
        related |= set(vocabulary().consequences(name, value))
    return related


def _criterion_facts(name: str) -> set[str]:
    recommendation = recommendations().by_id.get(name)
    return set(facts_of(recommendation.criterion)) if recommendation else set()
