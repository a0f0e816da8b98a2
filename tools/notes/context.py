"""Who a mention is about, whether it is denied, and when: rules after NegEx and ConText.

Sources: Chapman 2001 (doi 10.1006/jbin.2001.1029), Harkema 2009 (doi 10.1016/j.jbi.2009.05.002).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tools.notes.document import Document, Sentence, lexicon

Experiencer = Literal["patient", "family", "other"]
Time = Literal["current", "historical", "hypothetical"]
_KINDS = (
    "negation_is_other",
    "negated_before",
    "negated_after",
    "hypothetical",
    "historical",
    "family",
    "informant",
    "other_person",
    "stops",
)
_BREAKS = re.compile(r"[;；:：。]|\n\s*\n|[(（]|[)）]")


@dataclass(frozen=True)
class Context:
    """What the words around a mention say of it. `cue` is where the words that deny it stand in the note."""

    negated: bool = False
    experiencer: Experiencer = "patient"
    time: Time = "current"
    cue: tuple[int, int] | None = None


@dataclass(frozen=True)
class Cue:
    """A cue word or phrase at a place in a sentence."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=4)
def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    made = []
    for kind in _KINDS:
        phrases = sorted(lexicon("context")[language].get(kind, ()), key=len, reverse=True)
        body = "|".join(re.escape(p).replace(r"\ ", r"\s+").replace("'", "['’]") for p in phrases)
        pattern = f"(?:{body})" if language == "zh" else rf"(?<![\w-])(?:{body})(?![\w])"
        made.append((kind, re.compile(pattern, re.IGNORECASE)))
    return made


@lru_cache(maxsize=256)
def cues(text: str, language: str) -> list[Cue]:
    """Cues of a sentence, in order. A cue inside a longer one of another kind is dropped."""
    found = [Cue(kind, m.start(), m.end()) for kind, pattern in _patterns(language) for m in pattern.finditer(text)]
    kept = []
    for cue in found:
        longer = (o for o in found if o.kind != cue.kind and o.start <= cue.start and cue.end <= o.end)
        if not any((o.end - o.start) > (cue.end - cue.start) for o in longer):
            kept.append(cue)
    return sorted(kept, key=lambda c: (c.start, c.end))


def context_of(document: Document, sentence: Sentence, start: int, end: int) -> Context:
    """The context of characters `start` to `end` of the note, which lie in `sentence`."""
    text = document.words(sentence)
    a, b = start - sentence.start, end - sentence.start
    found = cues(text, document.language)
    experiencer = _experiencer(text, found, a, b, sentence.section.kind)
    denial = _denial(text, found, a, b)
    cue = (denial.start + sentence.start, denial.end + sentence.start) if denial else None
    return Context(denial is not None, experiencer, _time(text, found, a, b, sentence.section.kind), cue)


def _denial(text: str, found: list[Cue], a: int, b: int) -> Cue | None:
    """The nearest cue that denies the mention."""
    before = [c for c in found if c.kind == "negated_before" and c.end <= a and not _stopped(text, found, c.end, a)]
    after = [c for c in found if c.kind == "negated_after" and c.start >= b and _adjoins(text[b : c.start])]
    return max(before, key=lambda c: c.end) if before else min(after, key=lambda c: c.start, default=None)


def _stopped(text: str, found: list[Cue], start: int, end: int) -> bool:
    """Whether a scope that begins at `start` ends before `end`."""
    between = text[start:end]
    if any(c.kind in ("stops", "negation_is_other") and start <= c.start and c.end <= end for c in found):
        return True
    return bool(re.search(r"[;；。]|\n\s*\n", between)) or _closes(between) or len(between) > 260


def _closes(between: str) -> bool:
    depth = 0
    for character in between:
        depth += (character in "(（") - (character in ")）")
        if depth < 0:
            return True
    return False


def _adjoins(between: str) -> bool:
    """A cue after the mention belongs to it if only a few words lie between, with no new clause."""
    return len(between.split()) <= 4 and len(between) <= 45 and not re.search(r"[,;:，；：。]|\band\b|\bbut\b", between)


def _experiencer(text: str, found: list[Cue], a: int, b: int, section: str) -> Experiencer:
    informants = [c for c in found if c.kind == "informant"]
    family = [c for c in found if c.kind == "family" and not any(_overlap(c, i) for i in informants)]
    if section == "family" or any(c.end <= a and not _new_subject(text[c.end : a]) for c in family):
        return "family"
    if any(
        c.start >= b and re.fullmatch(r"\s*(?:in|of)\s+(?:his|her|the|their)?\s*(?:\w+\s+)?", text[b : c.start])
        for c in family
    ):
        return "family"
    for cue in found:
        if cue.kind == "other_person" and cue.end <= a and not _new_subject(text[cue.end : a]):
            return "other"
    return "patient"


def _overlap(one: Cue, other: Cue) -> bool:
    return one.start < other.end and other.start < one.end


_SUBJECT = re.compile(r"\b(?:he|she|patient|his|the patient|who)\b|患者|病人|[。]", re.IGNORECASE)


def _new_subject(between: str) -> bool:
    return bool(_SUBJECT.search(between)) or len(between) > 200


# "over the past three days" says that something goes on, not that it is over.
_LATELY = re.compile(
    r"(?:past|prior|last|previous)\s+(?:couple(?: of)?|few|several|many|\d+|one|two|three|four|five|six|seven|"
    r"eight|ten|hour|day|week|month|24|48|72)s?\b",
    re.IGNORECASE,
)
_WORK_UP = re.compile(
    r"\s*(?:work-?\s?up|screen(?:ing)?|prophylaxis|precautions?|protocol|prevention|risk|surveillance|vaccin\w+)\b",
    re.I,
)


def _time(text: str, found: list[Cue], a: int, b: int, section: str) -> Time:
    if _WORK_UP.match(text[b:]):
        return "hypothetical"
    listed = [c for c in found if not text[c.start : c.end].lower().startswith(("includ", "not limited"))]
    for cue in found:
        if cue.kind == "hypothetical":
            before = cue.end <= a and a - cue.end <= 150 and not _stopped(text, listed, cue.end, a)
            after = cue.start >= b and cue.start - b <= 12 and text[cue.start : cue.end] in _AFTER
            if before or after:
                return "hypothetical"
    for cue in found:
        if cue.kind == "historical" and not _LATELY.match(text[cue.start :]):
            before = cue.end <= a and a - cue.end <= 120 and not _stopped(text, found, cue.end, a)
            after = cue.start >= b and cue.start - b <= 30
            if before or after:
                return "historical"
    return "historical" if section == "past" else "current"


_AFTER = {
    "could be",
    "may be",
    "might be",
    "is likely",
    "not excluded",
    "cannot be excluded",
    "could not be excluded",
    "cannot be ruled out",
    "could not be ruled out",
    "?",
    "？",
    "待排",
    "可能",
    "风险",
}
