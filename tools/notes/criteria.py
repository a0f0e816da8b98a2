"""What scores ask for, in the many ways in which notes say it (`lexicon/criteria.yaml`), and counts of drinks.

Each pattern is read with its context: a denial turns it, a relative or a mere possibility does not count. The eight
drinks a week are those of HAS-BLED (Pisters 2010, doi 10.1378/chest.10-0134).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from knowledge.facts import vocabulary
from tools.notes.context import Context, context_of
from tools.notes.document import Document, Sentence, lexicon
from tools.notes.hits import Hit, hit

_LEG = r"(?:legs?|calf|calves|thighs?|lower (?:limbs?|extremit\w+)|limbs?|extremit(?:y|ies)|ankles?|LLE|RLE)"
_LATELY = (
    r"(?:(?:(?:a|one|two|three|four|five|six|seven|eight|nine|ten|several|few|a few|a couple of|\d|1\d|2[0-8]) days?|"
    r"(?:a|one|two|three|four|[1-4]) weeks?|(?:a|one) month) (?:ago|earlier|prior|before|previously|back)|"
    r"(?:last|this) (?:week|month)|yesterday|(?:within|in|over) the (?:last|past|previous) (?:few days|week|(?:two|"
    r"three|"
    r"four|[1-4]) weeks|month|30 days))"
)
_INSIDE = re.compile(r"\b(?:no|not|nor|without|den(?:y|ies|ied)|absent|negative|never)\b", re.I)
_PLANNED = re.compile(
    r"\b(?:scheduled|plan(?:ned|s|ning)?|under(?:go|goes|going|went)|pre-?op\w*|prior to|before|ahead of|candidate|"
    r"proposed|upcoming|elective|anticipat\w+|preparation|awaiting|clearance|admitted for|indicated|about to)\b",
    re.I,
)
_LONG_AGO = re.compile(
    r"\b(?:years?|months?)\s+(?:ago|earlier|before|prior|previously|back)\b|\bin (?:19|20)\d\d\b", re.I
)
_DRINKS = re.compile(
    r"\b(?P<n>\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\s*(?:-\s*\d+\s*)?"
    r"(?:(?:standard|alcoholic|glasses of|cans of|bottles of|units of)\s+)*"
    r"(?:drinks?|beverages?|beers?|glasses|units|wine|alcohol)\b[^.;]{0,30}?"
    r"(?:per|a|each|every|/)\s*(?P<per>day|week|night|evening)|"
    r"\b(?P<m>\d{1,3})\s+(?:alcoholic )?(?:drinks?|beverages?)\s+(?P<often>daily|weekly)",
    re.I,
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_NUMBERS |= {"ten": 10, "twelve": 12}
_LIMIT_A_WEEK = 8


class Criterion(NamedTuple):
    """How notes state and deny one fact."""

    name: str
    states: tuple[re.Pattern[str], ...]
    denies: tuple[re.Pattern[str], ...]
    planned: bool


class Found(NamedTuple):
    """A criterion in the text: the hit and its context."""

    hit: Hit
    context: Context
    planned: bool = False


@lru_cache(maxsize=1)
def _criteria() -> tuple[Criterion, ...]:
    made = []
    for name, given in lexicon("criteria").items():
        if name in vocabulary():
            states, denies = (tuple(_compiled(p) for p in given.get(key, ())) for key in ("states", "denies"))
            made.append(Criterion(name, states, denies, bool(given.get("planned"))))
    return tuple(made)


def _compiled(pattern: str) -> re.Pattern[str]:
    filled = pattern.replace("(?:L)", _LEG).replace("(?:W4)", _LATELY)
    return re.compile(re.sub(r"\bONE\b", "(?:left|right)", filled), re.I)


def criteria_in(document: Document) -> Iterator[Found]:
    """Every criterion that an English note states or denies of the patient."""
    if document.language != "en":
        return
    for criterion in _criteria():
        found = [*_stated(document, criterion), *_denied(document, criterion)]
        if criterion.planned:
            found = [f for f in found if f.planned] or found
        yield from found
    yield from _drinks(document)


def _denied(document: Document, criterion: Criterion) -> Iterator[Found]:
    for pattern in criterion.denies:
        for match in pattern.finditer(document.text):
            sentence = document.sentence_at(match.start())
            context = context_of(document, sentence, match.start(), match.end())
            if match.end() > sentence.end or context.experiencer != "patient":
                continue
            if criterion.planned and (context.negated or _is_past(document, sentence, context)):
                continue
            made = hit(criterion.name, False, None, match.start(), match.end())
            if made is not None:
                yield Found(made, Context(negated=True), _is_planned(document, sentence))


def _stated(document: Document, criterion: Criterion) -> Iterator[Found]:
    refused = [m.span() for p in criterion.denies for m in p.finditer(document.text)]
    for pattern in criterion.states:
        for match in pattern.finditer(document.text):
            start, end = match.span()
            sentence = document.sentence_at(start)
            inside = any(a <= start and end <= b for a, b in refused)
            if end > sentence.end or inside or (_INSIDE.search(match[0]) and not match[0].lower().startswith("no ")):
                continue
            context = context_of(document, sentence, start, end)
            if sentence.section.kind in ("allergies", "family") or context.experiencer != "patient":
                continue
            if criterion.planned and (context.negated or _is_past(document, sentence, context)):
                continue
            made = hit(criterion.name, not context.negated, None, start, end)
            if made is not None:
                yield Found(made, Context() if criterion.planned else context, _is_planned(document, sentence))


def _is_planned(document: Document, sentence: Sentence) -> bool:
    return _PLANNED.search(document.words(sentence)) is not None


def _is_past(document: Document, sentence: Sentence, context: Context) -> bool:
    return context.time == "historical" or _LONG_AGO.search(document.words(sentence)) is not None


def _drinks(document: Document) -> Iterator[Found]:
    for match in _DRINKS.finditer(document.text):
        number = match["n"] or match["m"]
        count = _NUMBERS.get(number.lower()) or int(number)
        weekly = count * (1 if (match["per"] or match["often"]).lower().startswith("week") else 7)
        context = context_of(document, document.sentence_at(match.start()), match.start(), match.end())
        if context.experiencer == "patient" and context.time == "current":
            many = weekly >= _LIMIT_A_WEEK and not context.negated
            made = hit("condition.heavy_alcohol_use", many, None, match.start(), match.end())
            if made is not None:
                yield Found(made, Context(negated=not many))
