"""What the patient does not want looked at. A note that declines germline (hereditary) findings closes those files to
every tool, whatever the model asks for.

A patient may opt out of hereditary findings: ACMG recommendations on secondary findings, 2013 as amended in 2015
(doi 10.1038/gim.2013.73, doi 10.1038/gim.2014.151).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.errors import ToolFailed
from prompts.loader import fill, phrases
from tools.case import Case, Language, Note
from tools.evidence import Evidence, NoteSpan, Provenance
from tools.notes.spelling import corrected

_SENTENCE = re.compile(r"[^.;!?。；！？\n]+")
_ABOUT = re.compile(
    r"\bgerm-?line\b|\bhereditary\b|\binherited\b|\bheritable\b|胚系|种系|生殖系|遗传性|遗传(?:检测|结果|信息)", re.I
)
_REFUSES = re.compile(
    r"\b(?:declin|refus|opt(?:s|ed)?[ -]out)\w*"
    r"|\b(?:do(?:es)?|did|has|have|was|were)\s*(?:not|n[’']t)\s+(?:\w+\s+){0,2}?"
    r"(?:consent|agree|wish|want|authori[sz]e|permit|allow)\w*"
    r"|\b(?:no|without|withh?eld|withdr[ae]wn?|withdrew)\s+(?:\w+\s+){0,2}?consent"
    r"|\bconsent\b[^.;]{0,60}?\b(?:withheld|withdrawn|refused|declined|not (?:given|obtained))"
    r"|拒绝|不同意|未同意|不愿|不希望|不想|谢绝",
    re.I,
)
_AGREES = re.compile(
    r"\b(?:consents?|consented|agrees?|agreed|accepts?|accepted|wish(?:es|ed)?)\b|同意|愿意|希望", re.I
)
_DOES_NOT_REFUSE = re.compile(r"\b(?:not|never|n[’']t)\s+(?:declin|refus)\w*|(?:未|没有|并不|不)拒绝", re.I)
_NO_DATE = dt.date.min


def _said(note: Note) -> Iterator[tuple[bool, re.Match[str]]]:
    """Each sentence of a note that gives (True) or withholds (False) consent to germline findings."""
    for sentence in _SENTENCE.finditer(corrected(note.text)):
        text = sentence[0]
        if not _ABOUT.search(text):
            continue
        if _REFUSES.search(_DOES_NOT_REFUSE.sub("agrees", text)):
            yield False, sentence
        elif _AGREES.search(text):
            yield True, sentence


def declined_germline(case: Case, language: Language = "en") -> Evidence | None:
    """The sentence in which the patient declines germline findings, as evidence; None where a later one consents.

    Args:
        language: of the claim.
    """
    found = [
        (note.date or _NO_DATE, order, sentence.start(), note, agreed, sentence)
        for order, note in enumerate(case.notes)
        for agreed, sentence in _said(note)
    ]
    if not found:
        return None
    *_, note, agreed, sentence = max(found, key=lambda item: item[:3])
    if agreed:
        return None
    start, end = _trimmed(note.text, sentence.start(), sentence.end())
    texts = phrases("agent/consent", language)
    source = note.date.isoformat() if note.date else note.title
    return Evidence(
        kind="note_span",
        claim=fill(texts["declined"], source=source),
        locator=NoteSpan(handle=note.handle, start=start, end=end, quote=note.text[start:end]),
        provenance=Provenance(tool="consent", tool_version="1"),
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def require_consent(case: Case, arguments: Mapping[str, Any], language: Language) -> None:
    """Raise `ToolFailed` where a call names a file that may hold what the patient declined to have looked at."""
    named = {str(value) for value in arguments.values()}
    closed = [
        item
        for item in case.attachments
        if item.handle in named and item.kind == "variants" and item.origin != "somatic"
    ]
    declined = declined_germline(case, language) if closed else None
    if declined is not None:
        text = phrases("agent/consent", language)["closed"]
        raise ToolFailed(fill(text, file=closed[0].name, evidence=declined.id))
