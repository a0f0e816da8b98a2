"""Read the notes of a case: UTF-8 text or documents, their language and date."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from knowledge.errors import BadInput
from knowledge.ingest.layout import spelt_out
from tools.documents import document_text
from tools.intake.folder import SIZE_LIMITS, CaseFile
from tools.notes.archive import heading_dates
from tools.notes.document import date_in

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_FILE_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_LINE_DATE = re.compile(
    r"^\W*(?:date|date of (?:visit|service|note)|visit date|日期|就诊日期|记录日期)\W*[:：]\W*"
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})",
    re.IGNORECASE | re.MULTILINE,
)
_BIRTH = re.compile(r"\bborn\b|\bbirth|\bd\.?o\.?b\b|出生|生于", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HEAD_CHARACTERS = 600
_MOST_PAGES = 200


def is_note(item: CaseFile) -> bool:
    """Whether it is read as a note."""
    return item.kind in ("note", "document")


def read_note(item: CaseFile) -> str:
    """The whole text of a note, with line ends as `\\n`, without ligatures and byte-order mark; of a document, its
    pages in turn.

    Raises:
        BadInput: text that is not UTF-8 or holds control characters; a document without text, damaged, or too long.
    """
    if item.kind == "document":
        return document_text(item.path, item.name, _MOST_PAGES, SIZE_LIMITS["note"])
    body = item.path.read_bytes()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(item.name, f"byte {error.start}", "it is not UTF-8 text", "plain text in UTF-8") from None
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise BadInput(item.name, f"line {line}", "it holds a control character", "plain text in UTF-8")
    return spelt_out(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n"))


def language_of(text: str) -> Literal["en", "zh"]:
    """`zh` where at least a fifth of the letters are Chinese characters, else `en`."""
    letters = len(_LETTER.findall(text))
    return "zh" if letters and len(_HAN.findall(text)) >= 0.2 * letters else "en"


def date_of(title: str, text: str) -> dt.date | None:
    """The date of a note: a line such as `Date: 2026-10-02` near its top, else a date in the file's name, else the
    one date on its first line, unless that line speaks of a birth; of several documents in one note the newest."""
    for match in (_LINE_DATE.search(text[:_HEAD_CHARACTERS]), _FILE_DATE.search(title)):
        if match is not None:
            try:
                return dt.date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                continue
    return _heading_date(text)


def _heading_date(text: str) -> dt.date | None:
    line = text.lstrip().partition("\n")[0]
    found = date_in(line)
    if found is None or _BIRTH.search(line) or "/" in line[found[1] : found[2]] or date_in(line[found[2] :]):
        return None
    return max([found[0], *heading_dates(text)])
