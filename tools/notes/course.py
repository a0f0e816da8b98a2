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
    r"follow[- ]?up|subsequent\w*|improved|(?<!international )normali[sz]ed|repeat(?:ed)?|"
    r"post[- ]?operative\w*|recovered|"
    r"出院|复查|术后|治疗后",
    re.I,
)
_ADMISSION = re.compile(
    r"\b(?:on|upon|at|during) (?:the |his |her |this |our )?(?:(?:day|time) of )?(?:initial |first |physical |"
    r"clinical |preoperative |preanesthe\w+ |preanaesthe\w+ |hospital )*"
    r"(?:admission|arrival|presentation|examination|evaluation|assessment|ward|consultation)\b|"
    r"\b(?:on|at) (?:this|the present|the current|the first) (?:first )?visit|initial\w*|presented|"
    r"emergency|入院|就诊时|查体",
    re.I,
)
# A paragraph that opens with these tells of the patient as seen, as long as nothing later is named in it.
_SEEN = re.compile(
    rf"(?:[^.;]{{0,60}}?{_ADMISSION.pattern}|\W*(?:physical |clinical |general )?examination\b|"
    r"\W*(?:the )?(?:vital signs|laborator\w+|initial|blood tests?|investigations|fasting blood)\b)",
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
# The verb that a value hangs on, the last one before it: `had been` and the like tell of a time before.
_HAD = (
    r"had (?:\w+ly )?(?:been|shown|weighed|measured|revealed|recorded|ranged|given|averaged|stood|had|exceeded|yielded)"
)
_VERB = re.compile(
    rf"\b(?:(?P<had>{_HAD})|was|were|is|are|has|shows?|showed|revealed|weigh(?:s|ed)|measured|gave|"
    r"had (?:risen|fallen|increased|decreased|dropped|climbed))\b",
    re.I,
)
_TIME = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|many|few|a few|some)"
# Words that put what follows in their sentence at a time before the present illness.
_BEFORE_NOW = re.compile(
    rf"\b{_TIME}\s+(?:days?|weeks?|months?|years?)\s+(?:ago|earlier|before|prior|previously|back)\b|"
    r"\bat (?:his|her|the|a|an) (?:(?:last|latest|previous|most recent|annual|yearly|routine|earlier|well-child|"
    r"preventive)\s+)+(?:\w+ )?(?:visit|check-?up|examination|appointment|review|control)\b|"
    r"\bat (?:his|her|a|an) (?:routine )?check-?up\b|\b(?:his|her|the) last (?:\w+ )?(?:blood tests?|visit|records?)\b|"
    r"\b(?:at|from|until|since) (?:the )?age (?:of )?\d+|\bat \d+ years of age\b|\bwhen (?:he|she) (?:was|weighed)\b|"
    r"\bbefore (?:the|his|her) (?:operation|surgery|pregnancy|illness)\b|"
    r"\bin (?:19|20)\d\d\b",
    re.I,
)
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
    r"\bas an? (?:\w+ )?(?:child|teenager|adolescent|young)\b|"
    r"\bafter (?:the |her |a |that |this )?(?:birth|delivery|childbirth)\b|"
    r"\bduring (?:her|a|the) (?:\w+ )?pregnancy\b|\bat (?:the )?age (?:of )?\d+\b|\b(?:his|her) (?:twenties|thirties|"
    r"forties|"
    r"fifties|youth)\b",
    re.I,
)
# Of those words, the ones that put it after the stay: what is told then is another illness or state.
_FOLLOWED = re.compile(
    r"\b(?:weeks?|months?|years?)\s+(?:later\b|after\b)|\bfollowing (?:weeks?|months?|year)\b|\breadmi\w+|"
    r"\b(?:after|since|following) (?:hospital )?discharge\b|\bat (?:the |a |his |her )?(?:\w+ )?follow-?up\b|"
    r"\b(?:control|next|later) visit\b",
    re.I,
)
# Where the patient is described as seen: what happens later can only be told after it.
_FOUND = re.compile(
    r"\b(?:examination|vital signs|blood pressure|temperature|heart rate|pulse|laborator\w+|white (?:blood )?cells?|"
    r"ha?emoglobin|electrocardiogra\w+)\b",
    re.I,
)
_OPENS_PAST = re.compile(
    r"\W*(?:in (?:19|20)\d\d|\w+ (?:years?|months?) (?:ago|earlier|before)|during (?:her|a|the) (?:\w+ ){0,2}pregnancy|"
    r"as an? (?:\w+ )?(?:child|teenager|adolescent)|at the age of \d+|after (?:that|this|her) (?:birth|delivery))\b",
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
    if _before_now(document.text[sentence.start : hit.end], hit.start - sentence.start):
        return "before"
    return _by_place(document, sentence, hit.start)


def _by_place(document: Document, sentence: Sentence, start: int) -> Phase:
    """The phase by what stands before a value, and by its paragraph."""
    if _ADMISSION.search(document.text, sentence.start, start):
        return "admission"
    if is_later(document, sentence, start):
        return "later"
    return "admission" if sentence.start in _seen(document) else "unspecified"


def _before_now(words: str, at: int) -> bool:
    """Whether a value at `at` of a sentence is of a time before: by its verb, or by a time named before it."""
    verbs = list(_VERB.finditer(words))
    if verbs and verbs[-1]["had"]:
        return True
    named = list(_BEFORE_NOW.finditer(words, 0, at))
    return bool(named) and _COMES.search(words, named[-1].end(), at) is None


@lru_cache(maxsize=4)
def _seen(document: Document) -> frozenset[int]:
    """Starts of the sentences of paragraphs that open with the patient as seen, before anything later."""
    found, seen, end = set(), False, 0
    parts = _paragraph_end(document)
    for sentence in document.sentences:
        if sentence.start == 0 or parts in document.original[end : sentence.start + 1]:
            seen = _SEEN.match(document.text, sentence.start, sentence.end) is not None
        if _AFTERWARDS.search(document.text, sentence.start, sentence.end):
            seen = False
        if seen:
            found.add(sentence.start)
        end = sentence.end
    return frozenset(found)


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


def comes_after(document: Document, sentence: Sentence, start: int, *, lasting: bool) -> bool:
    """Whether a state that is told at `start` came about after the patient was seen.

    What is `lasting`, such as a chronic disease, may be found during the stay and have been there before: of it only
    what is told of the time after the stay came later.
    """
    found = _FOUND.search(document.text)
    if found is None or start < found.start() or not is_later(document, sentence, start):
        return False
    return not lasting or _FOLLOWED.search(document.text[_from(document, sentence) : start]) is not None


def _from(document: Document, sentence: Sentence) -> int:
    """Where the words begin that put a sentence after the admission: its start, or that of its paragraph."""
    if sentence.start not in _carried(document):
        return sentence.start
    return document.original.rfind(_paragraph_end(document), 0, sentence.start) + 1


def _paragraph_end(document: Document) -> str:
    """What parts paragraphs: a blank line where there are any (lines may then be wrapped), else a line break."""
    return "\n\n" if re.search(r"\S\n\n", document.original) else "\n"


@lru_cache(maxsize=4)
def _carried(document: Document) -> frozenset[int]:
    """Starts of the sentences that follow, in one paragraph, one which begins after the admission."""
    found, later, end = set(), False, 0
    parts = _paragraph_end(document)
    for sentence in document.sentences:
        later = later and parts not in document.original[end : sentence.start + 1]
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
    if _OPENS_PAST.match(words) and not _COMES.search(words):
        return True
    before = _CLAUSE.split(document.text[sentence.start : start])[-1]
    after = _CLAUSE.split(document.text[end : sentence.end], maxsplit=1)[0]
    return _LONG_PAST.search(before) is not None or _LONG_PAST.search(after) is not None
