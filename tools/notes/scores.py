"""Scores that a note states with their result: `CHA2DS2-VASc 4`, `Child-Pugh A5`, `MELD 8`, `RCRI 0`, `Wells 1.5`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_IS = r"(?:\s*(?:score|index))?\s*(?:of|is|was|=|:)?\s*"
_END = r"(?!\s*[-–/]\s*\d|[\d.]*\d|\s*(?:%|points? (?:or|and)|or more))"
_SCORES = (
    ("risk_score.chads_vasc", rf"\bCHA2?DS2?[- ]?VASc{_IS}(?P<n>\d){_END}"),
    ("risk_score.has_bled", rf"\bHAS-?BLED{_IS}(?P<n>\d){_END}"),
    (
        "risk_score.child_pugh",
        rf"\bChild(?:['’]?s)?[- ]?(?:Turcotte-?)?Pugh{_IS}"
        rf"(?:[ABC][ -]?)?\(?(?P<n>[5-9]|1[0-5]){_END}",
    ),
    ("risk_score.meld", rf"\bMELD{_IS}(?P<n>\d{{1,2}}){_END}"),
    ("risk_score.rcri", rf"(?-i:\bRCRI){_IS}(?P<n>[0-6]){_END}"),
    ("risk_score.curb65", rf"\bCURB-?65{_IS}(?P<n>[0-5]){_END}"),
    ("risk_score.ipi", rf"(?-i:\bIPI){_IS}(?P<n>[0-5]){_END}"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.I)) for name, pattern in _SCORES)
_WELLS = re.compile(rf"\bWells{_IS}(?P<n>-?\d{{1,2}}(?:\.5)?){_END}", re.I)
_EMBOLISM = re.compile(r"\bPE\b|pulmonary embol|CTPA|pleuritic|\bchest\b|dyspn")


def score_hits(document: Document) -> Iterator[Hit]:
    """The stated results; a Wells score is that of embolism where the note speaks of the chest."""
    text = document.text
    made = [
        hit(name, int(match["n"]), None, match.start(), match.end())
        for name, pattern in _PATTERNS
        for match in pattern.finditer(text)
    ]
    for match in _WELLS.finditer(text):
        if _EMBOLISM.search(text):
            made.append(hit("risk_score.wells_pe", float(match["n"]), "1", match.start(), match.end()))
    yield from (found for found in made if found is not None)
