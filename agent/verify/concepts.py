"""Things that the vocabulary of facts names (drugs, conditions, tests, code values) in a sentence, by any of their
labels or synonyms in English or Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.verify.text import normalise
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
    "biomarker": "marker",
    "germline": "marker",
    "hla": "marker",
    "tumour": "marker",
}
_MEASURED = ("lab.", "vital.", "risk_score.", "nodule.", "lesion.", "smoking.", "tumour.", "biomarker.", "ecg.")


_WORD_START = re.compile(r"[a-z0-9]+")


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
    if concept.startswith(_MEASURED) and vocabulary()[concept].kind in ("quantity", "integer"):
        return "measure"
    return GROUPS.get(concept.partition(".")[0], "other")


class _Index:
    """Spellings of all concepts, looked up by their first word (Latin) or first character (Chinese)."""

    def __init__(self) -> None:
        self.concepts: dict[str, frozenset[str]] = {}
        made: dict[str, set[str]] = {}
        for name, spec in vocabulary().items():
            for spelling, concept in _spellings(name, spec):
                folded = fold(spelling)
                if len(folded) >= (2 if not folded.isascii() else 3):
                    made.setdefault(folded, set()).add(concept)
        self.concepts = {spelling: frozenset(found) for spelling, found in made.items()}
        self.by_start: dict[str, list[str]] = {}
        for spelling in sorted(made, key=len, reverse=True):
            self.by_start.setdefault(_start(spelling), []).append(spelling)

    def longest_at(self, text: str, at: int) -> str | None:
        """The longest spelling that stands in `text` at `at`, a plural s allowed after a Latin word."""
        word = _start(text, at)
        starts = {word, word.removesuffix("s")} if len(word) > 3 else {word}
        for spelling in sorted((x for w in starts for x in self.by_start.get(w, ())), key=len, reverse=True):
            end = at + len(spelling)
            if text.startswith(spelling, at) and (not _latin(spelling[-1]) or _ends(text, end)):
                return text[at:end]
        return None


@lru_cache(maxsize=1)
def _index() -> _Index:
    return _Index()


def _start(text: str, at: int = 0) -> str:
    match = _WORD_START.match(text, at)
    return match[0] if match else text[at : at + 1]


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _ends(text: str, end: int) -> bool:
    rest = text[end : end + 2]
    plural = rest[:1] == "s" and not _latin(rest[1:2] or " ")
    return plural or not _latin(rest[:1] or " ")


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
    index = _index()
    folded = text.lower().replace("-", " ").replace("_", " ")
    found = []
    at = 0
    while at < len(folded):
        inside_word = at > 0 and _latin(folded[at]) and _latin(folded[at - 1])
        spelling = None if inside_word else index.longest_at(folded, at)
        if spelling is None:
            at += 1
            continue
        found.append(Mention(text[at : at + len(spelling)], at, index.concepts[spelling]))
        at += len(spelling)
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
