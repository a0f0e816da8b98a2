"""Tables of serial values: a line of times or dates, then lines of a label with one value for each of them.

Of each line only the last value that is given is left to be read, with the unit where that has a column of its own;
the others become spaces, so that every character keeps its place.
"""

from __future__ import annotations

import re

from tools.notes.units import unit_at

_GAP = re.compile(r"[ \t]{2,}|\t")
_STAMP = (
    r"(?:\d{1,2}[/-]\d{1,2}(?:[/-]\d{2,4})?|\d{1,2}\.\d{1,2}\.(?:\d{2,4})?|\d{1,2}:\d{2}|"
    r"[0-2]\d[0-5]\d h?|[0-2]\d[0-5]\d|\d{1,2}\s?[ap]m|"
    r"(?:day|d|HD|POD)\s?\d{1,2}|adm(?:ission)?|arrival|baseline|today|now|discharge|d/c|\d{1,2} [A-Z][a-z]{2,8}|"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?"
    r"(?:\s?['’]?\d{2}(?:\d{2})?)?|"
    r"(?:\d{1,2}年)?\d{1,2}月(?:\d{1,2}日)?|入院(?:时|日|当日)?|出院(?:前|时|日)?|今[日天晨]|昨[日天]|第\d{1,2}天|术[前后](?:第?\d{1,2}[天日])?)"
)
_STAMPS = re.compile(rf"{_STAMP}(?:\s{_STAMP})?", re.I)
_NOTHING = re.compile(r"[-–—/.]+|n/?[ad]|nil|未[查做测]")
# Headings of columns that hold no value of a day.
_UNIT_COLUMN = re.compile(r"units?|单位", re.I)
_REFERENCE_COLUMN = re.compile(
    r"ref(?:erence)?(?: (?:range|interval))?|normal(?: range)?|range|参考(?:值|范围|区间)?|正常值?", re.I
)


def last_columns(text: str) -> str:
    """The text with all but the last value of each line of its tables blanked out; of the same length."""
    lines, inside, referred = [], False, False
    given = text.splitlines(keepends=True)
    for line, following in zip(given, [*given[1:], ""], strict=False):
        cells = _cells(line)
        stamps = [cell for cell in cells if _STAMPS.fullmatch(line[slice(*cell)])]
        aside = [cell for cell in cells if _is_aside(line[slice(*cell)])]
        is_row = inside and cells and cells[0] not in stamps
        heads = len(stamps) >= 2 and len(cells) - len(stamps) - len(aside) <= 1 and len(_cells(following)) >= 2
        if heads and not is_row:
            inside = True
            referred = any(_REFERENCE_COLUMN.fullmatch(line[slice(*cell)]) for cell in aside)
            lines.append(_blank(line, stamps))
        elif inside and len(cells) >= 2:
            lines.append(_blank(line, _without_the_last(line, cells[1:], referred)))
        else:
            inside = False
            lines.append(line)
    return "".join(lines)


def _is_aside(written: str) -> bool:
    """Whether a heading is of the units or of the reference ranges."""
    return bool(_UNIT_COLUMN.fullmatch(written) or _REFERENCE_COLUMN.fullmatch(written))


def _without_the_last(line: str, cells: list[tuple[int, int]], referred: bool) -> list[tuple[int, int]]:
    """The cells to blank: all but the last value and its unit. `referred`: the table has a column of ranges."""
    units = [cell for cell in cells if _is_unit(line[slice(*cell)])]
    values = [cell for cell in cells if cell not in units]
    if referred and len(values) > 1 and _RANGE.fullmatch(line[slice(*values[-1])]):
        values = values[:-1]
    given = [cell for cell in values if not _NOTHING.fullmatch(line[slice(*cell)])]
    return [cell for cell in cells if cell not in given[-1:] and cell not in units]


_RANGE = re.compile(r"[(\[]?\s*(?:[<>≤≥]\s*\d[\d.,]*|\d[\d.,]*\s*(?:[-–~]|to|至)\s*\d[\d.,]*)\s*[)\]]?")


def _is_unit(written: str) -> bool:
    """Whether a cell is a unit alone."""
    found = None if written[:1].isdigit() else unit_at(written, 0)
    return found is not None and found[1] == len(written)


def _cells(line: str) -> list[tuple[int, int]]:
    """Where the parts of a line that wide gaps separate begin and end."""
    cells, at = [], 0
    for gap in [*_GAP.finditer(line), None]:
        end = gap.start() if gap else len(line.rstrip())
        if line[at:end].strip():
            cells.append((at, end))
        at = gap.end() if gap else at
    return cells


def _blank(line: str, cells: list[tuple[int, int]]) -> str:
    for start, end in cells:
        line = line[:start] + " " * (end - start) + line[end:]
    return line
