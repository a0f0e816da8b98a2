"""Questions on what a recommendation already says: how long, how to prevent, what about a condition or a procedure."""

from __future__ import annotations

import re
from typing import Any

from agent.builtin.options import applying
from agent.builtin.reading import Situation
from agent.builtin.wording import asked_words
from knowledge.facts import vocabulary

MAX_ITEMS = 4
_LEAST = 3
_HOW_LONG = re.compile(
    r"\bhow long\b|\bhow many (?:weeks|months|years)\b|\b(?:what|which) duration\b|\bduration of\b|"
    r"\bwhen (?:can|should|could|may|do|does)\b[^?]*\b(?:stop|come off|end)|多久|"
    r"多长时间|几个月|疗程|何时(?:可以)?停|什么时候停",
    re.I,
)
_A_TIME = re.compile(
    r"\d+\s*(?:to \d+\s*)?(?:months?|weeks?|years?)\b|indefinite|for life|\d+\s*(?:个月|周|年)|终身|长期", re.I
)
_PREVENT = re.compile(
    r"\bprevent|\bprophyla|\bhappen(?:s|ing)? again\b|\bavoid (?:a |another )?(?:repeat|recurrence)|预防|避免再|防止再",
    re.I,
)
_PREVENTS = frozenset({"prevention", "supportive"})
_SHORT = re.compile(r"\b[A-Z][A-Z0-9]{2,5}\b")
_SUBJECTS = ("condition.", "procedure.", "test.", "symptom.", "finding.")


def on_subject(situation: Situation, question: str) -> list[dict[str, Any]]:
    """Recommendations that apply and are about what the question names, the closest first; none where it names nothing
    that they speak of."""
    named = _named(question)
    how_long, prevent = _HOW_LONG.search(question) is not None, _PREVENT.search(question) is not None
    short, called = set(_SHORT.findall(question)), _words_for(named)
    if not (named or how_long or prevent or short):
        return []
    scored = []
    for item in applying(situation):
        text = situation.evidence[item["evidence_id"]].claim
        about = _about(item)
        said = text.casefold()
        score = 3 * (bool(named & about) or any(word in said for word in called))
        score += 3 * bool(short & set(_SHORT.findall(text)))
        score += 3 * (prevent and item.get("topic") in _PREVENTS)
        if how_long:
            meant = named & about if named else item.get("specific") and item.get("topic") != "screening"
            score = (score + 3) * bool(_A_TIME.search(text) and meant)
        if score >= _LEAST:
            words = len(asked_words(question) & asked_words(text))
            scored.append((-score, -words, item.get("year", 0) * -1, item))
    return [item for *_, item in sorted(scored, key=lambda entry: entry[:3])][:MAX_ITEMS]


def _named(question: str) -> set[str]:
    """Conditions, procedures, tests and classes of drugs that a question names, with what they belong to."""
    from knowledge.store.concepts import mentions

    facts = {str(name).partition("=")[0] for name in mentions(question).facts}
    return {name for name in facts if name.startswith(_SUBJECTS) or ".class_" in name}


_LEAST_LETTERS = 5


def _words_for(named: set[str]) -> set[str]:
    """What the conditions, procedures and tests in `named` are called, in either language."""
    specs = [vocabulary()[name] for name in named if name in vocabulary() and ".class_" not in name]
    called = {word.casefold() for spec in specs for word in (*spec.label.values(), *spec.synonyms)}
    return {word for word in called if len(word) >= (_LEAST_LETTERS if word.isascii() else 2)}


def _about(item: dict[str, Any]) -> set[str]:
    """What a recommendation is about: what it asks for, with the classes of its drugs, and what makes it apply."""
    action = item.get("action") or {}
    done = {*action.get("drugs", []), *action.get("tests", [])}
    held = {str(b.get(key)) for b in item.get("because", []) for key in ("fact", "derived_from") if b.get(key)}
    return {wider for name in done | held for wider in (name, *vocabulary().consequences(name, True))}
