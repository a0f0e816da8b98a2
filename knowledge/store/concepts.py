"""What a question and a recommendation are about, as facts of the vocabulary: drugs, genes, diseases, tests, numbers.

A question's names are found word by word (the longest first, synonyms and brands included). A recommendation's are
those of its criteria and its action. Broader and narrower facts count in part, so that a question on EGFR finds L858R.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from knowledge.criteria import Compare, Criterion, InCodes, leaves
from knowledge.errors import ToolRetry
from knowledge.facts import vocabulary
from knowledge.recommendations import recommendations
from knowledge.units import convert
from knowledge.yamlfile import load_yaml

_NAMED = ("medication.", "condition.", "biomarker.", "germline.", "test.", "procedure.", "therapy.", "symptom.")
_CODED = ("tumour.type", "tumour.histology", "nodule.density")
_WORD = re.compile(r"[A-Za-z0-9]+(?:[-+.*:][A-Za-z0-9]+)*")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9.*:-])(\d+(?:\.\d+)?)\s*(%|percent|mm|cm|mg/dL|mmol/L|years?|year-old|岁|毫米|days?)?(?![A-Za-z0-9*:])"
)
_UNITS = {"percent": "%", "years": "a", "year": "a", "year-old": "a", "岁": "a", "毫米": "mm", "days": "d", "day": "d"}
_LONGEST = 5
_RELATED = 0.6


class Mentions(NamedTuple):
    """The facts that a text names (a code as `fact=code`), and its numbers with their units."""

    facts: frozenset[str]
    numbers: tuple[tuple[float, str | None], ...]


class Profile(NamedTuple):
    """What a recommendation is about: the facts of its criteria and action, its drugs, its limits, its action."""

    facts: frozenset[str]
    drugs: frozenset[str]
    limits: tuple[Compare, ...]
    action: str
    topic: str


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], frozenset[str]]:
    """Facts by name in lower case, by Chinese name, and the short names that count only in capitals."""
    latin: dict[str, tuple[str, ...]] = {}
    chinese: dict[str, tuple[str, ...]] = {}
    short: set[str] = set()
    for fact, names in _named():
        for name in names:
            if _HAN.search(name):
                chinese[name] = tuple(dict.fromkeys((*chinese.get(name, ()), fact)))
            elif key := " ".join(_WORD.findall(name)).lower():
                latin[key] = tuple(dict.fromkeys((*latin.get(key, ()), fact)))
                if len(name) <= 3:
                    short.add(key)
    return latin, chinese, frozenset(short)


def _named() -> Iterator[tuple[str, tuple[str, ...]]]:
    for fact, spec in vocabulary().items():
        if fact.startswith(_NAMED) and spec.kind == "boolean":
            plain = (fact.partition(".")[2].replace("_", " "),) if not fact.startswith("condition.") else ()
            yield fact, (*spec.label.values(), *spec.synonyms, *plain)
        elif fact in _CODED:
            for code, value in spec.values.items():
                yield f"{fact}={code}", (*value.label.values(), *value.synonyms)


def mentions(*texts: str) -> Mentions:
    """The facts that the texts (one question in one or two languages) name, and the numbers that they hold."""
    facts = frozenset(fact for text in texts for fact in _facts_in(text))
    numbers = ((float(n), _UNITS.get(unit, unit) or None) for text in texts for n, unit in _NUMBER.findall(text))
    return Mentions(facts, tuple(dict.fromkeys(numbers)))


def _facts_in(text: str) -> list[str]:
    latin, chinese, short = _names()
    words = _WORD.findall(text)
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            if facts := _facts_of(" ".join(words[at : at + length]), latin, short):
                found.extend(facts)
                at += length - 1
                break
        at += 1
    if _HAN.search(text):
        found.extend(fact for name, facts in chinese.items() if len(name) > 1 and name in text for fact in facts)
    return found


def _facts_of(given: str, latin: dict[str, tuple[str, ...]], short: frozenset[str]) -> tuple[str, ...]:
    key = given.lower()
    for form in (key, key.rstrip("s"), key.replace("-", " ")):
        if form in latin and not (form in short and not given.isupper()):
            return latin[form]
    return ()


@lru_cache(maxsize=1)
def _actions() -> dict[str, re.Pattern[str]]:
    rows = load_yaml(Path(__file__).with_name("actions.yaml"))
    return {action: re.compile(pattern) for action, pattern in rows.items()}


def asked_actions(query: str) -> frozenset[str]:
    """The kinds of action (treat, test, avoid, follow_up, refer) that a question asks for."""
    lower = query.lower()
    return frozenset(action for action, pattern in _actions().items() if pattern.search(lower))


@lru_cache(maxsize=4096)
def broader(fact: str) -> frozenset[str]:
    """The fact and all that follows from it."""
    name, _, code = fact.partition("=")
    if code:
        return frozenset(f"{name}={c}" for c in vocabulary()[name].code_ancestors(code)) | {fact}
    return frozenset((fact, *vocabulary().consequences(fact, True)))


@lru_cache(maxsize=1)
def profiles() -> dict[str, Profile]:
    """The profile of every recommendation by its id."""
    return {
        r.id: _profile(r.criterion, r.action.drugs, r.action.tests, r.action.type, r.topic) for r in recommendations()
    }


def _profile(criterion: Criterion, drugs: Iterable[str], tests: Iterable[str], action: str, topic: str) -> Profile:
    facts: set[str] = {*drugs, *tests}
    limits = []
    for leaf in leaves(criterion):
        if isinstance(leaf, InCodes):
            facts.update(f"{leaf.fact}={code}" for code in leaf.codes)
        elif isinstance(leaf, Compare):
            limits.append(leaf)
            facts.add(leaf.fact)
        else:
            facts.add(leaf.fact)
    return Profile(frozenset(facts), frozenset(drugs), tuple(limits), action, topic)


@lru_cache(maxsize=1)
def _rarity() -> dict[str, float]:
    every = profiles()
    counts = Counter(b for profile in every.values() for b in {x for f in profile.facts for x in broader(f)})
    return {fact: math.log(1 + len(every) / count) for fact, count in counts.items()}


def weight(fact: str) -> float:
    """How telling a fact is: the log of how rare it is among the recommendations; little where none knows it."""
    return _rarity().get(fact, 1.0)


def agreement(asked: Mentions, profile: Profile) -> tuple[float, float, float, float]:
    """How a recommendation agrees with a question.

    Returns:
        The share (0 to 1) of the question's facts that the recommendation is about; the share of the recommendation's
        that the question names; the share of the question's drugs that its action names; and its limits (from -1, all
        of the question's numbers break them, to 1, all keep them).
    """
    about = frozenset(b for fact in profile.facts for b in broader(fact))
    wide = frozenset(b for fact in asked.facts for b in broader(fact))

    def held(fact: str) -> float:
        return 1.0 if fact in profile.facts else _RELATED if fact in about or broader(fact) & profile.facts else 0.0

    total = sum(weight(f) for f in asked.facts)
    covered = sum(weight(f) * held(f) for f in asked.facts) / total if total else 0.0
    own = sum(weight(f) for f in profile.facts)
    named = sum(weight(f) for f in profile.facts if f in wide or broader(f) & asked.facts) / own if own else 0.0
    drugs = [f for f in asked.facts if f.startswith("medication.")]
    wanted = sum(max((1.0 for d in profile.drugs if f in broader(d) or d in broader(f)), default=0.0) for f in drugs)
    return covered, named, wanted / len(drugs) if drugs else 0.0, _limits(asked, profile)


def _limits(asked: Mentions, profile: Profile) -> float:
    votes = []
    for number, unit in asked.numbers:
        for limit in profile.limits:
            if (value := _converted(number, unit, limit.fact)) is not None:
                votes.append(1.0 if _within(value, limit) else -1.0)
    return sum(votes) / len(votes) if votes else 0.0


def _within(value: float, limit: Compare) -> bool:
    tests = {"ge": value.__ge__, "gt": value.__gt__, "le": value.__le__, "lt": value.__lt__, "eq": value.__eq__}
    return all(tests[key](bound) for key, bound in limit.bounds)


def _converted(number: float, unit: str | None, fact: str) -> float | None:
    spec = vocabulary()[fact]
    if unit is None:
        low, high = spec.plausible or (0.0, math.inf)
        return number if fact == "patient.age" and 18 <= number <= 100 and low <= number <= high else None
    try:
        return convert(number, unit, spec.unit or "1", spec.molar_mass_g_per_mol)
    except ToolRetry:
        return None
