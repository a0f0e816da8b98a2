"""What scores ask for and general medicine names, in the many ways in which notes say it, and counts of drinks.

The patterns are in `lexicon/criteria.yaml` (scores) and `lexicon/general.yaml` (abbreviations and Chinese).

Each pattern is read with its context: a denial turns it, a relative or a mere possibility does not count. The eight
drinks a week are those of HAS-BLED (Pisters 2010, doi 10.1378/chest.10-0134).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from knowledge.facts import vocabulary
from tools.notes.context import Context, context_of
from tools.notes.document import Document, Sentence, lexicon
from tools.notes.hits import Hit, hit

_LEG = r"(?:legs?|calf|calves|thighs?|lower (?:limbs?|extremit\w+)|limbs?|extremit(?:y|ies)|ankles?|LLE|RLE)"
_OPERATION = (
    r"(?:surg(?:ery|eries|ical procedure)|operations?|operated|\w+ectomy|(?:intramedullary )?nailing|(?:internal |"
    r"external )?fixation|ORIF|osteotomy|(?:\w+ )?repair|resection|transplant\w*|fusion|debulking|C-section|"
    r"thoracotomy|sternotomy|amputation|arthroplasty|(?:(?:hip|knee|valve) )?replacement|laparotomy|craniotomy|"
    r"c(?:a)?esarean|bypass)"
)
_LATELY = (
    r"(?:(?:(?:a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|several|few|a few|"
    r"a couple of|\d|1\d|2[0-8]) days?|"
    r"(?:a|one|two|three|four|[1-4]) weeks?|(?:a|one) month) (?:ago|earlier|prior|before|previously|back)|"
    r"(?:last|this) (?:week|month)|yesterday|(?:within|in|over) the (?:last|past|previous) (?:few days|week|(?:two|"
    r"three|"
    r"four|[1-4]) weeks|month|30 days))"
)
_INSIDE = re.compile(r"\b(?:no|not|nor|without|den(?:y|ies|ied)|absent|negative|never|excluded|ruled out)\b", re.I)
_STARTS = re.compile(r"(?:no|not|did|does|could|cannot|unable)\b", re.I)  # a lack that is the statement itself
_PLANNED = re.compile(
    r"\b(?:scheduled|plan(?:ned|s|ning)?|under(?:go|goes|going|went)|pre-?op\w*|prior to|before|ahead of|candidate|"
    r"proposed|upcoming|elective|anticipat\w+|preparation|awaiting|awaits|clearance|admitted for|indicated|about to|"
    r"booked|"
    r"listed for|(?:is|was|are|were) to (?:have|be)|day[- ](?:case|surgery)|pre-?assessment|pre-?anesthe\w+|going to "
    r"have|tomorrow|needs|requires|"
    r"waiting list)\b",
    re.I,
)
_LONG_AGO = re.compile(
    r"\b(?:years?|months?)\s+(?:ago|earlier|before|prior|previously|back)\b|\b(?:in|since) (?:19|20)\d\d\b", re.I
)
_CLAUSE = re.compile(
    r"[,;:]|\b(?:and|who|is|was|are|presents?|presented|comes?|came|admitted|scheduled|awaiting|because|needs?)\b", re.I
)
# A point between digits ends no clause.
_WITHIN = (("[^.;]", r"(?:[^.;]|\.(?=\d))"), ("[^.;:]", r"(?:[^.;:]|\.(?=\d))"), ("[^.;,]", r"(?:[^.;,]|\.(?=\d))"))
_DRINKS = re.compile(
    r"\b(?P<n>\d{1,3}|an?|half an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty)\s*"
    r"(?:(?:-|–|to|or)\s*(?:\d+|\w+)\s*)?(?:(?:large|small|standard|alcoholic|(?:glass(?:es)?|cans?|bottles?|units?|"
    r"pints?|"
    r"measures?|shots?|tots?|lit(?:er|re)s?|quarts?|six-packs?) of)\s+)*"
    r"(?:drinks?|beverages?|beers?|glasses|pints|units|wine|alcohol|lager|cider|vodka|whisk(?:e)?y|spirits|rum|gin|"
    r"sake|"
    r"liquor|brandy|sherry)\b[^.;\d]{0,30}?"
    r"(?:(?:per|a|each|every|/)\s*(?P<per>day|week|night|evening)|\b(?P<adverb>daily|weekly|nightly)\b)|"
    r"\b(?P<m>\d{1,3})\s+(?:alcoholic )?(?:drinks?|beverages?)\s+(?P<often>daily|weekly)",
    re.I,
)
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS: dict[str, float] = {word: n for n, word in enumerate(_COUNTED, start=1)}
_NUMBERS |= {"twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "a": 1, "an": 1, "half a": 0.5, "half an": 0.5}
_LIMIT_A_WEEK = 8
# Standard US drinks in a bottle (NIAAA): 750 mL of wine, 750 mL of spirits.
_DRINKS_IN = (
    (r"bottles? of (?:\w+ )?(?:wine|sherry)", 5),
    (r"bottles? of (?:\w+ )?(?:vodka|whisk(?:e)?y|spirits|rum|gin|liquor|brandy)", 17),
)


class Criterion(NamedTuple):
    """How notes state and deny one fact.

    `needs` is what the note must name for the fact to mean anything; what `affirms` names is narrower than the fact, so
    that its denial says nothing.
    """

    name: str
    states: tuple[re.Pattern[str], ...]
    denies: tuple[re.Pattern[str], ...]
    planned: bool
    needs: re.Pattern[str] | None = None
    affirms: tuple[re.Pattern[str], ...] = ()


class Found(NamedTuple):
    """A criterion in the text: the hit and its context."""

    hit: Hit
    context: Context
    planned: bool = False


_KEYS = {"en": ("states", "denies", "affirms"), "zh": ("zh", "zh_denies", "zh_affirms")}


@lru_cache(maxsize=2)
def _criteria(language: str) -> tuple[Criterion, ...]:
    """The criteria of both lexicons, those of scores and those of general medicine, in one language."""
    given: dict[str, list[dict[str, Any]]] = {}
    for file in ("criteria", "general"):
        for name, entry in lexicon(file).items():
            if name in vocabulary():
                given.setdefault(name, []).append(entry)
    made = []
    for name, entries in given.items():
        states, denies, affirms = (
            tuple(_compiled(pattern) for entry in entries for pattern in entry.get(key, ())) for key in _KEYS[language]
        )
        needs = next((re.compile(entry["needs"], re.I) for entry in entries if "needs" in entry), None)
        planned = any(entry.get("planned") for entry in entries)
        if states or denies or affirms:
            made.append(Criterion(name, states, denies, planned, needs, affirms))
    return tuple(made)


def _compiled(pattern: str) -> re.Pattern[str]:
    filled = pattern.replace("(?:L)", _LEG).replace("(?:OP)", _OPERATION).replace("(?:W4)", _LATELY)
    for written, meant in _WITHIN:
        filled = filled.replace(written, meant)
    return re.compile(re.sub(r"\bONE\b", "(?:left|right)", filled), re.I)


def criteria_in(document: Document) -> Iterator[Found]:
    """Every criterion that a note states or denies of the patient."""
    for criterion in _criteria(document.language):
        if criterion.needs is not None and not criterion.needs.search(document.text):
            continue
        found = [*_stated(document, criterion), *_denied(document, criterion)]
        if criterion.planned:
            found = [f for f in found if f.planned] or found
        yield from found
    if document.language == "en":
        yield from _drinks(document)


def _denied(document: Document, criterion: Criterion) -> Iterator[Found]:
    for pattern in criterion.denies:
        for match in pattern.finditer(document.text):
            sentence = document.sentence_at(match.start())
            context = context_of(document, sentence, match.start(), match.end())
            if match.end() > sentence.end or context.experiencer != "patient":
                continue
            if criterion.planned and (context.negated or _is_past(document, sentence, context, match)):
                continue
            made = hit(criterion.name, False, None, match.start(), match.end())
            if made is not None:
                yield Found(made, Context(negated=True), _is_planned(document, sentence))


def _stated(document: Document, criterion: Criterion) -> Iterator[Found]:
    refused = [m.span() for p in criterion.denies for m in p.finditer(document.text)]
    for pattern in (*criterion.states, *criterion.affirms):
        for match in pattern.finditer(document.text):
            start, end = match.span()
            sentence = document.sentence_at(start)
            inside = any((a <= start and end <= b) or start < a < end < b for a, b in refused)
            if end > sentence.end or inside or (_INSIDE.search(match[0]) and not _STARTS.match(match[0])):
                continue
            context = context_of(document, sentence, start, end)
            if sentence.section.kind in ("allergies", "family") or context.experiencer != "patient":
                continue
            if criterion.planned and (context.negated or _is_past(document, sentence, context, match)):
                continue
            if pattern in criterion.affirms and context.negated:
                continue
            made = hit(criterion.name, not context.negated, None, start, end)
            if made is not None:
                yield Found(made, Context() if criterion.planned else context, _is_planned(document, sentence))


def _is_planned(document: Document, sentence: Sentence) -> bool:
    return _PLANNED.search(document.words(sentence)) is not None


def _is_past(document: Document, sentence: Sentence, context: Context, match: re.Match[str]) -> bool:
    """Whether the clause around the match says that it was long ago."""
    if context.time == "historical":
        return True
    before = _CLAUSE.split(document.text[sentence.start : match.start()])[-1]
    after = _CLAUSE.split(document.text[match.end() : sentence.end], maxsplit=1)[0]
    return _LONG_AGO.search(f"{before} {after}") is not None


def _drinks(document: Document) -> Iterator[Found]:
    for match in _DRINKS.finditer(document.text):
        number = match["n"] or match["m"]
        count = _NUMBERS.get(number.lower()) or int(number)
        often = (match["per"] or match["adverb"] or match["often"]).lower()
        held = next((n for words, n in _DRINKS_IN if re.search(words, match[0], re.I)), 1)
        weekly = held * count * (1 if often.startswith("week") else 7)
        context = context_of(document, document.sentence_at(match.start()), match.start(), match.end())
        if context.experiencer == "patient" and context.time == "current":
            many = weekly >= _LIMIT_A_WEEK and not context.negated
            made = hit("condition.heavy_alcohol_use", many, None, match.start(), match.end())
            if made is not None:
                yield Found(made, Context(negated=not many))
