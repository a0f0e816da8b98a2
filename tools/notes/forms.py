"""Answers of forms and interviews: ticked boxes, fields answered Y or N, questions and what was said to them.

A box or field is on one line of the note. Boxes that nobody ticked anywhere in the note say nothing.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from tools.notes.document import Document

Said = Literal["no", "yes", "nothing"]
_BOX = re.compile(r"\[(?P<mark>[ xX✓✔√*]?)\]|(?P<empty>[☐□])|(?P<full>[☑☒✓✔])")
# `Previous DVT: N`, `Paralysis, paresis or plaster : none`; several fields of a line stand apart by wide gaps or bars.
_FIELD = re.compile(
    r"[^:?=|\n]{0,70}[:?=]\s*(?:(?P<no>n|no|none|nil|neg|negative|absent|never)|(?P<yes>y|yes))\s*[.;,]?\s*"
    r"(?=$|\s\s|\||\n)",
    re.I,
)
# `Any cough? Runny nose?` and, perhaps after the name of who speaks, `No, nothing like that.`
_QUESTION = re.compile(
    r"[^.?!:()\n]{0,60}\?(?:\s+[^.?!:()\n]{1,60}\?)*(?:\s+(?:[A-Z][\w .]{0,20}:\s*)?"
    r"(?:(?P<no>no|nope|none|never|not (?:that|really|at all|any)|neither)|(?P<yes>yes|yeah|yep|correct))\b)?",
    re.I,
)
_ASKS = re.compile(
    r"(?:^|[.?!\n:]\s*|,\s+)(?:and\s+)?(?:any|is|are|was|were|do|does|did|has|have|had|can|could|what|which|how|ever|"
    r"[A-Z][\w-]*(?: [\w-]+){0,3}$)[^.?!:\n]{0,60}$|(?:^|[.?!:]\s*)$",
    re.I,
)


_LONGEST_LINE = 160  # characters; a pair of brackets in running text, such as of a reference that is gone, is no box
_FEWEST_BOXES = 2


class Answer(NamedTuple):
    """What a form says of a mention, and the characters that say it."""

    said: Said
    start: int
    end: int


def answer_of(document: Document, start: int, end: int) -> Answer | None:
    """What the box, the field or the question says in which characters `start` to `end` stand; None for plain text."""
    text = document.original
    return _box(text, start, end) or _field(text, start, end) or _question(text, start, end)


def _box(text: str, start: int, end: int) -> Answer | None:
    """The box before a mention where its line begins with one, else the box after it."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    boxes = list(_BOX.finditer(text, first, last)) if last - first <= _LONGEST_LINE else []
    if not boxes or len(_BOX.findall(text)) < _FEWEST_BOXES:
        return None
    if text[first : boxes[0].start()].strip(" \t-*•|"):
        box = next((b for b in boxes if b.start() >= end), None)
    else:
        box = next((b for b in reversed(boxes) if b.end() <= start), None)
    if box is None:
        return None
    if _is_ticked(box):
        return Answer("yes", box.start(), box.end())
    used = any(_is_ticked(b) for b in _BOX.finditer(text))
    return Answer("no" if used else "nothing", box.start(), box.end())


def _is_ticked(box: re.Match[str]) -> bool:
    return bool(box["full"] or (box["mark"] or "").strip())


def _field(text: str, start: int, end: int) -> Answer | None:
    match = _FIELD.match(text, end)
    if match is None or ":" in text[text.rfind("\n", 0, start) + 1 : start].rpartition("  ")[2]:
        return None
    group = "no" if match["no"] else "yes"
    return Answer("no" if match["no"] else "yes", match.start(group), match.end(group))


def _question(text: str, start: int, end: int) -> Answer | None:
    match = _QUESTION.match(text, end)
    if match is None or not _ASKS.search(text[max(0, start - 80) : start]):
        return None
    for said in ("no", "yes"):
        if match[said]:
            return Answer("no" if said == "no" else "yes", match.start(said), match.end(said))
    return Answer("nothing", match.start(), match.end())
