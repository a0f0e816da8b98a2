"""Read PDF pages: lines in reading order (also in two columns), headings by type size, tables as tables.

pdfplumber finds words and ruled tables. Runs in a limited process, a range of pages at a time, so that a long document
can be resumed.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from knowledge.errors import BadInput
from knowledge.ingest.layout import Page, PageWriter, table_text

_ACCEPTED = "a PDF with a text layer, without a password"
_GUTTER_POINTS = 6.0
_HEADING_RATIO = 1.12
_LONGEST_HEADING = 120


class Line(NamedTuple):
    """One line of words: its text, its box in points, and its type size."""

    text: str
    top: float
    bottom: float
    left: float
    size: float
    bold: bool


def count_pages(path: str, name: str) -> int:
    """How many pages. Raises `BadInput` where it is no PDF, damaged, or locked."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        problem = "it is locked with a password" if locked else "it is damaged or no PDF"
        raise BadInput(name, "the whole file", problem, _ACCEPTED) from None
    try:
        return len(document)
    finally:
        document.close()


def extract_range(path: str, name: str, first: int, last: int) -> list[dict[str, Any]]:
    """Pages `first` to `last` (from 1, both included) as plain data."""
    import logging

    import pdfplumber

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    made = []
    try:
        with pdfplumber.open(path, pages=list(range(first, last + 1))) as document:
            for page in document.pages:
                made.append(_page(page).model_dump(mode="json"))
                page.close()
    except MemoryError:
        raise
    except Exception:  # pdfminer raises many kinds on a damaged file
        place = f"page {first + len(made)}"
        raise BadInput(name, place, "it cannot be read", _ACCEPTED) from None
    return made


def _page(page: Any) -> Page:
    writer = PageWriter(page.page_number)
    tables = [(table.bbox, table_text(_cells(table))) for table in page.find_tables()]
    tables = [(box, text) for box, text in tables if text.count("\n") > 0]
    words = [w for w in _words(page) if not any(_inside(w, box) for box, _ in tables)]
    lines = _lines(words, float(page.width))
    body = statistics.median([line.size for line in lines for _ in range(len(line.text))]) if lines else 0.0
    for item in _in_order(lines, tables):
        if isinstance(item, str):
            writer.add("table", item)
        else:
            level = _level(item, body)
            writer.add("heading" if level else "paragraph", _joined(item), level)
    return writer.page()


def _cells(table: Any) -> list[list[str]]:
    return [[cell or "" for cell in row] for row in table.extract()]


def _words(page: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.extract_words(
        extra_attrs=["size", "fontname"], keep_blank_chars=False, use_text_flow=False
    )
    return [word for word in found if word.get("upright", True)]


def _inside(word: dict[str, Any], box: tuple[float, float, float, float]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _rows(words: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Words that stand on one line, from top to bottom."""
    row: list[dict[str, Any]] = []
    for word in sorted(words, key=lambda w: ((w["top"] + w["bottom"]) / 2, w["x0"])):
        middle = (word["top"] + word["bottom"]) / 2
        if row and middle > row[0]["bottom"] - 0.2 * (row[0]["bottom"] - row[0]["top"]):
            yield sorted(row, key=lambda w: w["x0"])
            row = []
        row.append(word)
    if row:
        yield sorted(row, key=lambda w: w["x0"])


def _lines(words: list[dict[str, Any]], width: float) -> list[Line]:
    """Lines in reading order: bands of two columns are read left, then right."""
    middle = width / 2
    found: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []

    def end_band() -> None:
        if len(left) >= 3 and len(right) >= 3:
            found.extend([*left, *right])
        else:
            found.extend(sorted([*left, *right], key=lambda line: (line.top, line.left)))
        left.clear()
        right.clear()

    for row in _rows(words):
        crossing = any(w["x0"] < middle + _GUTTER_POINTS / 2 and w["x1"] > middle - _GUTTER_POINTS / 2 for w in row)
        if crossing:
            end_band()
            found.append(_line(row))
            continue
        for side, part in (
            (left, [w for w in row if w["x1"] <= middle]),
            (right, [w for w in row if w["x0"] > middle]),
        ):
            if part:
                side.append(_line(part))
    end_band()
    return found


def _line(words: list[dict[str, Any]]) -> Line:
    sizes = [word["size"] for word in words]
    bold = sum("bold" in str(word["fontname"]).lower() for word in words) > len(words) / 2
    return Line(
        " ".join(word["text"] for word in words),
        min(word["top"] for word in words),
        max(word["bottom"] for word in words),
        min(word["x0"] for word in words),
        round(statistics.median(sizes), 1),
        bold,
    )


def _in_order(lines: list[Line], tables: list[tuple[Any, str]]) -> Iterator[list[Line] | str]:
    """Paragraphs (lines of one size without a wide gap) and tables, a table before the first line below it."""
    waiting = sorted(tables, key=lambda table: float(table[0][1]))
    paragraph: list[Line] = []
    for line in lines:
        previous = paragraph[-1] if paragraph else None
        above = [t for t in waiting if t[0][3] <= line.top + 2 and (previous is None or t[0][1] >= previous.top - 2)]
        height = max(line.bottom - line.top, 1.0)
        apart = previous is not None and (
            line.top - previous.bottom > 0.9 * height
            or line.top < previous.top - height
            or abs(line.size - previous.size) > 0.6
            or line.bold != previous.bold
        )
        if paragraph and (apart or above):
            yield paragraph
            paragraph = []
        for table in above:
            waiting.remove(table)
            yield table[1]
        paragraph.append(line)
    if paragraph:
        yield paragraph
    for table in waiting:
        yield table[1]


def _level(lines: list[Line], body: float) -> int:
    """2 or 3 for a heading, by size or by bold type; 0 for a paragraph."""
    text = " ".join(line.text for line in lines)
    if len(text) > _LONGEST_HEADING or len(lines) > 3 or text.rstrip().endswith((".", ",", ";", ":")):
        return 0
    ratio = lines[0].size / body if body else 1.0
    if ratio >= 1.5:
        return 1
    if ratio >= _HEADING_RATIO:
        return 2
    return 3 if all(line.bold for line in lines) and any(c.isalpha() for c in text) else 0


def _joined(lines: list[Line]) -> str:
    """Lines as one text; a word broken at the end of a line is put together."""
    text = ""
    for line in lines:
        if text.endswith("-") and len(text) > 1 and text[-2].islower() and line.text[:1].islower():
            text = text[:-1] + line.text
        else:
            text = f"{text} {line.text}" if text else line.text
    return text
