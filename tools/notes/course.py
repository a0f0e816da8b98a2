"""Where in the course of an illness a mention belongs: before, at admission, later, or long past."""

from __future__ import annotations

import re
from functools import lru_cache

from tools.notes.document import Document, Sentence
from tools.notes.finding import Phase
from tools.notes.hits import Hit

_LATER = re.compile(
    r"\b(?:at|on|upon|before|after) discharge|discharged|\bday\s*\d+|(?:hours?|days?|weeks?|months?|"
    r"years?) (?:later|after)|after (?:treatment|therapy|surgery|operation)|"
    r"follow[- ]?up|subsequent\w*|improved|normali[sz]ed|repeat(?:ed)?|post[- ]?operative\w*|recovered|"
    r"出院|复查|术后|治疗后",
    re.I,
)
_ADMISSION = re.compile(
    r"\bon (?:admission|arrival|presentation|examination)|at (?:admission|presentation)|initial\w*|presented|"
    r"emergency|入院|就诊时|查体",
    re.I,
)
# A value from another place, or from a sentence that begins long before the admission.
_ELSEWHERE = re.compile(
    r"\b(?:at|from|in|by|to)\s+(?:an?|the|another|his|her|their)?\s*(?:local|nearby|outside|other|another|referring|"
    r"previous|external|primary care|private|district|regional|community|peripheral|first|different)\s+(?:\w+\s+)?"
    r"(?:hospital|clinic|facility|institution|physician|practitioner|doctor|emergency|cent(?:er|re))\b|"
    r"\b(?:outside|referring) (?:hospital|records|laboratory|labs)\b|\bprior to (?:admission|presentation|referral)\b",
    re.I,
)
_LONG_BEFORE = re.compile(
    r"\W*(?:about|approximately|some|around|nearly|almost|over|roughly)?\s*(?:\d+|an?|one|two|three|four|five|six|"
    r"seven|"
    r"eight|nine|ten|several|many|few|a few)\s+(?:years?|months?)\s+(?:ago|earlier|before|prior|previously)\b",
    re.I,
)
_PAST = re.compile(
    r"\b(?:previous(?:ly)?(?! (?:week|day|24|few))|prior|before admission|(?:months?|years?|weeks?|"
    r"days?) (?:ago|earlier|before|"
    r"prior)|last (?:year|month)|in (?:19|20)\d\d|the (?:year|month|week) before)\b|既往|年前",
    re.I,
)
_BASELINE = re.compile(r"\b(?:baseline|usual|habitual|dry)\b", re.I)
_AGAINST_BASELINE = re.compile(r"\b(?:than|from|above|below|over) (?:\w+ )?(?:usual|baseline)", re.I)
# `145 µmol/L (previously 62 µmol/L)`: what follows is of another value.
_OTHER_VALUE = re.compile(r"[\s(,]*[a-z]+(?:ly)?(?:\s+(?:was|of|at|level|value|values|it was)){0,2}[\s:]*\d", re.I)
_PLUPERFECT = re.compile(r"\bhad been\b", re.I)
_ORDINAL = r"second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,2}(?:nd|rd|th)"
_NUMBER = r"[2-9]|[1-9]\d|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen"
# Words that put what follows, to the end of the paragraph, after the admission.
_AFTERWARDS = re.compile(
    rf"\b(?:on|at|by|from|until)\s+(?:the\s+)?(?:[\w-]+\s+)?(?:day|week|month)\s*#?\s*(?:{_NUMBER})\b(?! of)|"
    rf"\b(?:{_ORDINAL})\s+(?:hospital\s+|post-?operative\s+)?(?:day|week)\b(?! of (?!hospital|admission|treatment))|"
    r"\b(?:hours?|days?|weeks?|months?|years?)\s+(?:later\b|after (?:admission|discharge|surgery|operation|"
    r"presentation|"
    r"treatment|the (?:operation|procedure|surgery)))|\b(?:after|following|upon|at|before|until|since) (?:hospital )?"
    r"discharge\b|\b(?:during|throughout) (?:the |his |her |this )?(?:hospital\w*|admission|stay|follow-?up)\b|"
    r"\b(?:the )?(?:next|following) (?:day|morning|evening|night|week|month)\b|\b(?:overnight|subsequently|"
    r"eventually)\b|"
    r"\bover the (?:next|following|subsequent|ensuing)\b",
    re.I,
)
_LONG_PAST = re.compile(
    r"\bin (?:19|20)\d\d\b|\((?:in |19|20)\d{2,4}\)|\b(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"several|"
    r"many|few|some)\s+(?:years?|months?|decades?)\s+(?:ago|earlier|before|previously|prior|back|since)\b|\blast "
    r"year\b|"
    r"\bas an? (?:\w+ )?(?:child|teenager|adolescent|young)\b|\bafter (?:the |her |a )?(?:birth|delivery|childbirth)\b|"
    r"\bduring (?:her|a|the) (?:\w+ )?pregnancy\b|\bat (?:the )?age (?:of )?\d+\b|\b(?:his|her) (?:twenties|thirties|"
    r"forties|"
    r"fifties|youth)\b",
    re.I,
)
_COMES = re.compile(r"\b(?:present(?:s|ed|ing)?|admitted|referred|complain\w*|came|arrived|brought)\b", re.I)
_CLAUSE = re.compile(r"[,;:]|\b(?:and|who|but|with)\b", re.I)


def phase_of(document: Document, sentence: Sentence, hit: Hit) -> Phase:
    """Where in the course of the stay a measured value belongs."""
    before = document.text[sentence.start : hit.start]
    after = document.text[hit.end : min(sentence.end, hit.end + 40)]
    if _ELSEWHERE.search(before) or _LONG_BEFORE.match(before):
        return "before"
    if (earlier := _earlier(document, sentence, hit, after)) is not None:
        return earlier
    if _LATER.search(before) or _LATER.search(after.split(",")[0]):
        return "later"
    if _ADMISSION.search(before):
        return "admission"
    return "later" if is_later(document, sentence, hit.start) else "unspecified"


def _earlier(document: Document, sentence: Sentence, hit: Hit, after: str) -> Phase | None:
    """The phase by the words right beside a value that is not of the present illness."""
    near = re.split(r"[,;()]", document.text[max(sentence.start, hit.start - 30) : hit.start])[-1]
    near += document.text[hit.start : hit.end]
    if _BASELINE.search(near) and not _AGAINST_BASELINE.search(near):
        return "baseline"
    if _PAST.search(near) or (_PAST.match(after.lstrip(" (,")) and not _OTHER_VALUE.match(after)):
        return "past"
    return "before" if _PLUPERFECT.search(document.text, hit.start, hit.end) else None


def is_later(document: Document, sentence: Sentence, start: int) -> bool:
    """Whether a mention at `start` belongs to a time after the admission, by its sentence or its paragraph."""
    if document.language != "en":
        return False
    return _AFTERWARDS.search(document.text[sentence.start : start]) is not None or sentence.start in _carried(document)


@lru_cache(maxsize=4)
def _carried(document: Document) -> frozenset[int]:
    """Starts of the sentences that follow, in one paragraph, one which begins after the admission."""
    found, later, end = set(), False, 0
    for sentence in document.sentences:
        gap = document.original[end : sentence.start]
        if "\n" in gap or "\n" in document.original[sentence.end : sentence.end + 1]:
            later = later and "\n" not in gap
        if _ADMISSION.search(document.text, sentence.start, sentence.end):
            later = False
        if later:
            found.add(sentence.start)
        later = (
            later
            or _AFTERWARDS.search(document.text, sentence.start, min(sentence.end, sentence.start + 60)) is not None
        )
        end = sentence.end
    return frozenset(found)


def long_past(document: Document, sentence: Sentence, start: int, end: int) -> bool:
    """Whether the clause of a mention dates it long before the present illness: `in 2009`, `ten years ago`."""
    words = document.words(sentence)
    opening = re.match(r"\W*(?:in (?:19|20)\d\d|\w+ (?:years?|months?) (?:ago|earlier|before))\b", words, re.I)
    if opening and not _COMES.search(words):
        return True
    before = _CLAUSE.split(document.text[sentence.start : start])[-1]
    after = _CLAUSE.split(document.text[end : sentence.end], maxsplit=1)[0]
    return _LONG_PAST.search(before) is not None or _LONG_PAST.search(after) is not None
