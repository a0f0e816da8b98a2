"""Read the notes of a case: UTF-8 text, its language and its date."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from knowledge.errors import BadInput
from tools.intake.folder import CaseFile

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_FILE_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_LINE_DATE = re.compile(
    r"^\W*(?:date|date of (?:visit|service|note)|visit date|日期|就诊日期|记录日期)\W*[:：]\W*"
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})",
    re.IGNORECASE | re.MULTILINE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HEAD_CHARACTERS = 600


def read_note(item: CaseFile) -> str:
    """The whole text of a note, with line ends as `\\n` and no byte-order mark.

    Raises:
        BadInput: it is not UTF-8, or holds control characters (it is not text).
    """
    body = item.path.read_bytes()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(item.name, f"byte {error.start}", "it is not UTF-8 text", "plain text in UTF-8") from None
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise BadInput(item.name, f"line {line}", "it holds a control character", "plain text in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n")


def language_of(text: str) -> Literal["en", "zh"]:
    """`zh` where at least a fifth of the letters are Chinese characters, else `en`."""
    letters = len(_LETTER.findall(text))
    return "zh" if letters and len(_HAN.findall(text)) >= 0.2 * letters else "en"


def date_of(title: str, text: str) -> dt.date | None:
    """The date of a note: a line such as `Date: 2026-10-02` near its top, else a date in the file's name."""
    for match in (_LINE_DATE.search(text[:_HEAD_CHARACTERS]), _FILE_DATE.search(title)):
        if match is not None:
            try:
                return dt.date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                continue
    return None
