"""Tables of serial values: a line of times or dates, then lines of a label with one value for each of them.

Of each line only the last value that is given is left to be read; the others become spaces, so that every character
keeps its place.
"""

from __future__ import annotations

import re

_GAP = re.compile(r"[ \t]{2,}|\t")
_STAMP = (
    r"(?:\d{1,2}[/-]\d{1,2}(?:[/-]\d{2,4})?|\d{1,2}\.\d{1,2}\.(?:\d{2,4})?|\d{1,2}:\d{2}|"
    r"[0-2]\d[0-5]\d h?|[0-2]\d[0-5]\d|\d{1,2}\s?[ap]m|"
    r"(?:day|d|HD|POD)\s?\d{1,2}|adm(?:ission)?|arrival|baseline|today|now|discharge|d/c|\d{1,2} [A-Z][a-z]{2,8}|"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?"
    r"(?:\s?['’]?\d{2}(?:\d{2})?)?)"
)
_STAMPS = re.compile(rf"{_STAMP}(?:\s{_STAMP})?", re.I)
_NOTHING = re.compile(r"[-–—/.]+|n/?[ad]|nil")


def last_columns(text: str) -> str:
    """The text with all but the last value of each line of its tables blanked out; of the same length."""
    lines, inside = [], False
    for line in text.splitlines(keepends=True):
        cells = _cells(line)
        stamps = [cell for cell in cells if _STAMPS.fullmatch(line[slice(*cell)])]
        is_row = inside and cells and cells[0] not in stamps
        if len(stamps) >= 2 and len(cells) - len(stamps) <= 1 and not is_row:
            inside = True
            lines.append(_blank(line, stamps))
        elif inside and len(cells) >= 2:
            given = [cell for cell in cells[1:] if not _NOTHING.fullmatch(line[slice(*cell)])]
            lines.append(_blank(line, [cell for cell in cells[1:] if cell not in given[-1:]]))
        else:
            inside = False
            lines.append(line)
    return "".join(lines)


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
