"""Earlier documents that a note carries: an old letter pasted beneath the new one, a report of years ago.

They begin at a line that holds no more than a date a year or more before the note, with the kind of document at most
(`12 March 2013`, `[2019-03-12 pathology]`), and end at the next line with a date.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache

from tools.notes.document import Document, date_in
from tools.notes.finding import Finding

EARLIER_DAYS = 365
_LINE = re.compile(r"^[^\n]+$", re.M)
_BRACKETED = re.compile(r"\s*[【\[](?P<head>[^】\]\n]{6,40})[】\]]")
_MARKS = re.compile(r"[\s\-=*_#>|:：,，.。;()（）【】\[\]]+")
_KINDS = re.compile(
    r"\b(?:dated?|on|letters?|clinic|discharge|summary|reports?|(?:histo)?pathology|histology|correspondence|scanned|notes?|"
    r"old|previous|outpatients?|admission|operation|operative|biopsy|imaging|CT|MRI|ward|referral|consultation|MDT|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|日期|外院|本院|我院|病理|报告|出院|入院|门诊|小结|记录|检查|诊断|复诊|会诊|[\d/-]",
    re.I,
)
# What lasts: an old letter tells of it as well as a new one.
_LASTING = ("allergy.", "family_history.", "germline.", "phenotype.", "hla.", "procedure.", "smoking.")
# What an old letter tells of that time only.
_OF_THAT_TIME = (
    "lab.", "vital.", "ecg.", "patient.", "medication.", "symptom.", "finding.", "test.", "grade.", "heart.", "resp.",
    "judgement.", "nodule.",
)  # fmt: skip
_OF_THE_TUMOUR = ("tumour.", "biomarker.")


@lru_cache(maxsize=4)
def archived(document: Document) -> tuple[tuple[int, int], ...]:
    """Where earlier documents begin and end."""
    heads = list(_heads(document.original))
    newest = max([day for _, day, _ in heads] + ([document.date] if document.date else []), default=None)
    if newest is None or not heads:
        return ()
    ends = [start for start, _, _ in heads[1:]] + [len(document.original)]
    return tuple(
        (start, min(end, stop) if stop else end)
        for (start, day, stop), end in zip(heads, ends, strict=True)
        if (newest - day).days >= EARLIER_DAYS
    )


def is_archived(document: Document, position: int) -> bool:
    """Whether a character lies in an earlier document."""
    return any(start <= position < end for start, end in archived(document))


def heading_dates(text: str) -> list[dt.date]:
    """The dates of the documents that a note holds, where lines head them."""
    return [day for _, day, _ in _heads(text)]


def _heads(text: str) -> Iterable[tuple[int, dt.date, int | None]]:
    """Lines that head a document with its date; one in brackets before its text reaches to the end of the line."""
    for line in _LINE.finditer(text):
        bracketed = _BRACKETED.match(line[0])
        head = bracketed["head"] if bracketed else line[0]
        found = date_in(head) if len(head) <= 60 else None
        if found is None:
            continue
        day, start, end = found
        rest = _MARKS.sub("", _KINDS.sub("", _MARKS.sub(" ", head[:start] + " " + head[end:])))
        if not rest:
            more = bracketed is not None and line[0][bracketed.end() :].strip()
            yield line.start(), day, line.end() if more else None


def without_old_news(document: Document, found: list[Finding]) -> list[Finding]:
    """The findings with those of earlier documents as history: what was of its time alone is dropped, and what they
    say of the tumour where the note itself says it too."""
    if not archived(document):
        return found
    old = {f.start for f in found if is_archived(document, f.start)}
    current = {_topic(f.fact.name) for f in found if f.start not in old and f.usable}
    kept = []
    for finding in found:
        name = finding.fact.name
        if finding.start not in old or name.startswith(_LASTING):
            kept.append(finding)
        elif name.startswith(_OF_THE_TUMOUR):
            if _topic(name) not in current:
                kept.append(finding)
        elif not name.startswith(_OF_THAT_TIME):
            kept.append(finding.model_copy(update={"time": "historical"}))
    return kept


def _topic(name: str) -> str:
    """`biomarker.ER.percent` and `biomarker.ER.positive` are of one topic."""
    return ".".join(name.split(".")[:2])
