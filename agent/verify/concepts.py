"""Things that the vocabulary of facts names (drugs, conditions, tests, code values) in a sentence, by any of their
labels or synonyms in English or Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.verify.text import normalise, phrase_pattern
from knowledge.facts import FactSpec, vocabulary

# First part of a fact name -> the check that a mention of it belongs to.
GROUPS = {
    "medication": "drug",
    "proposed": "drug",
    "allergy": "allergy",
    "condition": "condition",
    "symptom": "condition",
    "finding": "condition",
    "family_history": "condition",
    "test": "test",
    "procedure": "test",
    "therapy": "test",
}


@dataclass(frozen=True)
class Mention:
    """Words of a text that name a concept. `concepts` are fact names, or `fact=code` for a code value."""

    text: str
    start: int
    concepts: frozenset[str]

    @property
    def groups(self) -> frozenset[str]:
        """The checks that the mention belongs to."""
        return frozenset(group_of(concept) for concept in self.concepts)


def group_of(concept: str) -> str:
    """Which check a concept belongs to: drug, allergy, condition, test, code, or other."""
    if "=" in concept:
        return "code"
    return GROUPS.get(concept.partition(".")[0], "other")


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, frozenset[str]], re.Pattern[str]]:
    made: dict[str, set[str]] = {}
    for name, spec in vocabulary().items():
        for spelling, concept in _spellings(name, spec):
            folded = fold(spelling)
            if len(folded) >= (2 if not folded.isascii() else 3):
                made.setdefault(folded, set()).add(concept)
    return {k: frozenset(v) for k, v in made.items()}, _pattern(tuple(made))


def _pattern(spellings: tuple[str, ...]) -> re.Pattern[str]:
    plural = [s + "s" for s in spellings if s.isascii() and s[-1:].isalpha() and len(s) > 4]
    return phrase_pattern((*spellings, *plural))


def _spellings(name: str, spec: FactSpec) -> list[tuple[str, str]]:
    found = [(text, name) for text in (*spec.label.values(), *spec.synonyms)]
    if name.partition(".")[0] in GROUPS:
        tail = name.partition(".")[2].removeprefix("class_")
        found.append((tail.replace("_", " "), name))
    for code, value in spec.values.items():
        found += [(text, f"{name}={code}") for text in (*value.label.values(), *value.synonyms)]
    return found


def fold(text: str) -> str:
    """Lower case, with hyphens as spaces."""
    return re.sub(r"[\s\-_]+", " ", normalise(text)).strip().lower()


def mentions(text: str) -> list[Mention]:
    """Every longest mention of a concept in `text` (normalised), left to right."""
    index, pattern = _index()
    folded = text.lower().replace("-", " ").replace("_", " ")
    found = []
    for match in pattern.finditer(folded):
        concepts = index.get(match[0]) or index.get(match[0].removesuffix("s"))
        if concepts:
            found.append(Mention(text[match.start() : match.end()], match.start(), concepts))
    return found


@lru_cache(maxsize=4096)
def broader(concept: str) -> frozenset[str]:
    """The concept and everything that follows from it: implied facts, broader codes."""
    words = vocabulary()
    name, _, code = concept.partition("=")
    if code:
        return frozenset(f"{name}={parent}" for parent in words[name].code_ancestors(code))
    if name in words and words[name].kind == "boolean":
        return frozenset([name, *words.consequences(name, True)])
    return frozenset([concept])
