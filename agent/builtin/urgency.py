"""Presentations that threaten life now: long-term care waits until they are settled."""

from __future__ import annotations

import re
from typing import Any

from agent.builtin.reading import Situation
from agent.builtin.wording import asked_words

# A suspected emergency counts where so many more points speak for it than against.
_POINTS = 2
_LATER = frozenset({"screening", "prevention"})
# `Which of his drugs have to go, and what would you add?` asks for long-term drugs, too.
_ABOUT_ALL_DRUGS = re.compile(
    r"\b(?:which|what)\b[^?]{0,40}\b(?:drugs?|medicines?|medications?|tablets?|pills?)\b|\bwhat (?:would|should|"
    r"do|can) (?:you|we|I) add\b|"
    r"\bmedication review\b|\b(?:stop|change|adjust)\b[^?]{0,30}\b(?:drugs|medicines|medications|tablets)\b|"
    r"(?:哪些|什么|调整|停)[^？]{0,8}(?:药物?|用药)|用药(?:调整|方案)|加(?:用)?(?:什么|哪些)",
    re.I,
)


def is_threatened(situation: Situation) -> bool:
    """Whether advice for an emergency applies, or one that must not be missed has more than a single point for it."""
    matched = situation.latest("match_recommendations")
    if matched is not None and any(item.get("acute") for item in matched.payload.get("applies", [])):
        return True
    answer = situation.latest("differential")
    candidates = answer.payload.get("candidates", []) if answer else []
    return any(
        item.get("acute") and item.get("points_for", 0) - item.get("points_against", 0) >= _POINTS
        for item in candidates
    )


def acute_facts(situation: Situation) -> frozenset[str]:
    """The facts that advice for an emergency rests on, as recorded and as they follow."""
    matched = situation.latest("match_recommendations")
    used = [
        because
        for item in (matched.payload.get("applies", []) if matched else [])
        if item.get("acute")
        for because in item.get("because", [])
    ]
    return frozenset(str(b[key]) for b in used for key in ("fact", "derived_from") if b.get(key))


def asks_for_all(question: str) -> bool:
    """Whether a question asks for all drugs, long-term ones too."""
    return _ABOUT_ALL_DRUGS.search(question) is not None


def waits(situation: Situation, item: dict[str, Any]) -> bool:
    """Whether a recommendation is long-term care that nobody asked about, while something threatens life.

    Warnings about a drug never wait.
    """
    if item.get("acute") or item.get("topic") == "safety" or item.get("action", {}).get("concerns_drug"):
        return False
    if not (item.get("long_term") or item.get("topic") in _LATER) or not is_threatened(situation):
        return False
    if item.get("topic") == "treatment" and asks_for_all(situation.question):
        return False
    return not asked_words(situation.question) & asked_words(str(item.get("text", "")))
