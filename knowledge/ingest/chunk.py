"""Cut pages into passages along their structure.

A passage never crosses a heading or a page. Paragraphs are packed up to a size that the embedding model reads whole;
a long paragraph is cut at sentences, a long table at rows. Every passage is an exact span of its page's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from knowledge.ingest.layout import Block, Page

LONGEST = 900
SHORTEST = 40
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9(\"“])|(?<=[。！？；])|\n")


class Chunk(NamedTuple):
    """Characters `start` to `end` of page `page`, under the headings `section`; `hints` is a table's header row."""

    page: int
    start: int
    end: int
    text: str
    section: str
    hints: str = ""


def chunk(pages: Iterable[Page]) -> Iterator[Chunk]:
    """The passages of a document, in order."""
    headings: list[tuple[int, str]] = []
    for page in pages:
        held: list[tuple[int, int]] = []
        for block in page.blocks or _whole(page):
            if block.kind == "heading":
                yield from _packed(page, held, headings)
                held = []
                title = " ".join(page.text[block.start : block.end].split())
                headings = [*((level, text) for level, text in headings if level < block.level), (block.level, title)]
            elif block.kind == "table":
                yield from _packed(page, held, headings)
                held = []
                yield from _table(page, block, headings)
            else:
                held.extend(_pieces(page.text, block.start, block.end))
        yield from _packed(page, held, headings)


def _whole(page: Page) -> tuple[Block, ...]:
    return (Block(kind="paragraph", start=0, end=len(page.text)),) if page.text.strip() else ()


def _section(headings: list[tuple[int, str]]) -> str:
    return " › ".join(text for _, text in headings)[:300]


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of at most `LONGEST` characters, cut at sentences, or at spaces where a sentence is longer."""
    marks = [start, *(m.end() + start for m in _SENTENCE_END.finditer(text[start:end]) if m.end()), end]
    at = start
    for here, following in zip(marks[1:], [*marks[2:], end], strict=True):
        while here - at > LONGEST:
            space = text.rfind(" ", at + 1, at + LONGEST)
            cut = space + 1 if space > at else at + LONGEST
            yield at, cut
            at = cut
        if here == end or following - at > LONGEST:
            if here > at:
                yield at, here
            at = here


def _packed(page: Page, spans: list[tuple[int, int]], headings: list[tuple[int, str]]) -> Iterator[Chunk]:
    """Join neighbouring spans up to `LONGEST` characters."""
    at = 0
    while at < len(spans):
        start, end = spans[at]
        at += 1
        while at < len(spans) and (spans[at][1] - start <= LONGEST):
            end = spans[at][1]
            at += 1
        made = _chunk(page, start, end, headings)
        if made is not None:
            yield made


def _chunk(page: Page, start: int, end: int, headings: list[tuple[int, str]], hints: str = "") -> Chunk | None:
    text = page.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    if len(text) < (SHORTEST if not headings and len(page.text) > LONGEST else 2):
        return None
    return Chunk(page.number, start, start + len(text), text, _section(headings), hints)


def _table(page: Page, block: Block, headings: list[tuple[int, str]]) -> Iterator[Chunk]:
    """Rows packed up to `LONGEST` characters; later pieces are found by the header row too."""
    header = page.text[block.start : block.end].partition("\n")[0]
    start = at = block.start
    while at < block.end:
        newline = page.text.find("\n", at, block.end)
        following = block.end if newline < 0 else newline + 1
        if following - start > LONGEST and at > start:
            made = _chunk(page, start, at, headings, header if start > block.start else "")
            if made is not None:
                yield made
            start = at
        at = following
    made = _chunk(page, start, block.end, headings, header if start > block.start else "")
    if made is not None:
        yield made
