"""When an acute illness began, in hours, and the NIH Stroke Scale.

The time counts from when the patient was last known well where the note says so, else from the onset, else it is the
duration of chest pain or of a deficit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_WORDS = {
    "one": 1.0,
    "two": 2.0,
    "three": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
    "half an": 0.5,
    "an": 1.0,
    "a": 1.0,
}
_HOURS = {"h": 1.0, "m": 1 / 60, "d": 24.0}
_TIME = (
    r"(?P<n>\d{1,3}(?:\.\d)?|half an|an?|one|two|three|four|five|six)[\s-]*"
    r"(?P<u>h(?:(?:ou)?rs?)?|mins?|minutes?|days?|d)(?![a-z])"
)
_ZH_TIME = r"(?P<n>\d{1,3}(?:\.\d)?)\s*(?P<u>小时|分钟|天|h)"
_ILLNESS = (
    r"(?:chest (?:pain|pressure|tightness|discomfort)|\bCP\b|symptoms?|weakness|hemiparesis|hemiplegia|aphasia|"
    r"dysphasia|"
    r"facial droop|droop|slurred speech|dysarthria|speech disturbance|deficit|back pain)"
)
_ZH_ILLNESS = r"(?:胸痛|胸闷|无力|偏瘫|失语|言语不清|口角歪斜|肢体活动不利|肢体活动障碍)"
# In the order in which they are believed.
_PATTERNS = (
    rf"\b(?:last (?:known|seen)(?: to be)? (?:well|normal)|LKW|LSW)\b[^.;\d]{{0,20}}?{_TIME}(?:\s+ago)?",
    rf"(?:最后正常时间|末次正常)[^。；\d]{{0,8}}{_ZH_TIME}",
    rf"\b(?:symptom onset|onset(?: of (?:\w+ ){{0,3}}\w+)?)\b[^.;\d]{{0,20}}?{_TIME}\s+(?:ago|before|prior|earlier)",
    rf"(?:{_ILLNESS}|\bpain|\bwhich|\bthis|\bit)\s+(?:\w+\s+){{0,2}}?(?:started|began|came on)\b[^.;\d]{{0,20}}?{_TIME}"
    r"\s+(?:ago|before|prior|earlier)",
    rf"\b{_TIME}\s+(?:after|from|since|post) (?:symptom )?onset\b",
    rf"(?:发病|起病){_ZH_TIME}",
    rf"{_ZH_TIME}前[^。；]{{0,10}}(?:突发|突然|出现){_ZH_ILLNESS}",
    rf"{_ILLNESS}[^.;,\d]{{0,30}}?\b(?:for|x|since|of)\s*(?:the (?:last|past) )?(?:about |approximately |~)?{_TIME}",
    rf"\b{_TIME}[\s-]+(?:history|hx|h/o|of)\s*(?:of )?(?:[\w-]+ ){{0,4}}?{_ILLNESS}",
    rf"{_ILLNESS}[^.;,\d]{{0,30}}?{_TIME}\s+ago",
    rf"{_ZH_ILLNESS}{_ZH_TIME}",
)
_ONSET = tuple(re.compile(pattern, re.I) for pattern in _PATTERNS)
_NIHSS = re.compile(
    r"\b(?:NIHSS|NIH Stroke Scale)\b[^.;\d]{0,20}?(?P<n>4[0-2]|[0-3]?\d)(?!\d)"
    r"(?:\s*(?:→|-+>)\s*(?P<now>4[0-2]|[0-3]?\d))?(?!\s*[-–]\s*\d|[\d./]*\d)",
    re.I,
)
_MOST_HOURS = 14 * 24


def onset_hits(document: Document) -> Iterator[Hit]:
    """The hours since the illness began, once a note, and stroke scale scores."""
    made = [_onset(document.text)]
    for match in _NIHSS.finditer(document.text):
        made.append(hit("vital.nihss", int(match["now"] or match["n"]), None, match.start(), match.end()))
    yield from (found for found in made if found is not None)


def _onset(text: str) -> Hit | None:
    for pattern in _ONSET:
        for match in pattern.finditer(text):
            hours = round(_number(match["n"]) * _unit(match["u"]), 2)
            if 0 < hours <= _MOST_HOURS:
                value = int(hours) if float(hours).is_integer() else hours
                return hit("symptom.hours_since_onset", value, "h", match.start(), match.end())
    return None


def _number(text: str) -> float:
    return _WORDS.get(text.lower()) or float(text)


def _unit(text: str) -> float:
    return {"小": 1.0, "分": 1 / 60, "天": 24.0}.get(text[0]) or _HOURS[text[0].lower()]
