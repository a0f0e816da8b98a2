"""What a reader makes of a file: pages of text, and the blocks (headings, paragraphs, tables) as spans of that text."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BlockKind = Literal["heading", "paragraph", "table"]
# Control characters and halves of pairs, which damaged files and fonts without a table of characters give.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

# Two or three letters as one character, which typesetting puts into PDF and web text (U+FB00 to U+FB06).
_LIGATURES = str.maketrans({chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)})


def spelt_out(text: str) -> str:
    """The text with each Latin ligature as its letters, so that words in it are found; offsets count in the answer."""
    return text.translate(_LIGATURES)


class Block(BaseModel):
    """Characters `start` to `end` (end excluded) of a page. `level` is 1 to 6 for headings, 0 for the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: BlockKind
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    level: int = Field(default=0, ge=0, le=6)


class Page(BaseModel):
    """One page (from 1) with its text. Formats without pages have one page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=1)
    text: str
    blocks: tuple[Block, ...] = ()


class PageWriter:
    """Builds a page block by block, keeping the spans."""

    def __init__(self, number: int = 1) -> None:
        self._number = number
        self._text: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Add a block; empty text is left out, and U+FFFD stands for what is no text."""
        body = _NO_TEXT.sub("\ufffd", spelt_out(text).strip("\n").rstrip())
        if not body.strip():
            return
        if self._text:
            self._text.append("\n\n")
            self._length += 2
        start = self._length
        self._text.append(body)
        self._length += len(body)
        self._blocks.append(Block(kind=kind, start=start, end=self._length, level=level))

    def page(self) -> Page:
        """The page so far."""
        return Page(number=self._number, text="".join(self._text), blocks=tuple(self._blocks))


def table_text(rows: list[list[str]]) -> str:
    """A table as lines of cells between bars."""
    cleaned = [[" ".join(cell.split()).replace("|", "/") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in cleaned if any(row))
