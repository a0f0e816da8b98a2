"""Rows of a benchmark file: CSV, TSV, JSON or JSON lines, plain or gzipped, with columns found under any spelling."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput

TABLES, LINES, TREES = (".csv", ".tsv", ".tab", ".txt"), (".jsonl", ".ndjson"), (".json",)
FORMS = "a CSV, TSV, JSON or JSON-lines file in UTF-8, which may be gzipped"
EMPTY = ("", "nan", "none", "null")
# Notes are long; the reader's own limit is 131,072 characters a field.
_LONGEST_FIELD = 10_000_000


@dataclass(frozen=True)
class Row:
    """One record of a file. `place` says where it stands; columns are found without case, blanks and signs."""

    file: str
    place: str
    values: Mapping[str, Any]

    def get(self, *names: str) -> Any:
        """The value of the first of these columns that is there and not empty, or None."""
        folded = {plain(str(key)): value for key, value in self.values.items()}
        found = (folded[plain(name)] for name in names if plain(name) in folded)
        return next((value for value in found if not is_empty(value)), None)

    def text(self, *names: str) -> str | None:
        """The same as text without blanks at the ends, or None."""
        value = self.get(*names)
        return None if value is None else str(value).strip()

    def need(self, *names: str) -> str:
        """The same, which has to be there.

        Raises:
            BadInput: no such column, or nothing in it.
        """
        value = self.text(*names)
        if value is None:
            raise self.bad(f"there is no {names[0]!r}", f"a column or key named {' or '.join(map(repr, names))}")
        return value

    def listed(self, *names: str) -> list[str]:
        """A list of texts: of a list, of a list written as text, or the one text that is there."""
        value = self.get(*names)
        if isinstance(value, str) and value.strip().startswith("["):
            value = written_list(value)
        if value is None:
            return []
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        return [str(item).strip() for item in items if not is_empty(item)]

    def bad(self, problem: str, accepted: str) -> BadInput:
        """The error that this row is wrong."""
        return BadInput(self.file, self.place, problem, accepted)


def need_column(rows: Sequence[Row], *names: str) -> None:
    """Refuse a file of which no row has one of these columns; a row without a value is another matter.

    Raises:
        BadInput: no row has such a column.
    """
    wanted = set(map(plain, names))
    if not any(wanted & {plain(str(key)) for key in row.values} for row in rows):
        raise rows[0].bad(f"there is no {names[0]!r}", f"a column or key named {' or '.join(map(repr, names))}")


def plain(name: str) -> str:
    """A column name without case, blanks and signs, so that `Ground Truth Answer` is `ground_truth_answer`."""
    return re.sub(r"[\W_]+", "", name.casefold())


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing, or a word for nothing. `N/A` is a value: some benchmarks ask for it."""
    if isinstance(value, list | dict):
        return not value
    return value is None or (isinstance(value, str) and value.strip().casefold() in EMPTY)


def written_list(text: str) -> Any:
    """A list written as JSON or as Python writes it; the text itself where it is neither."""
    import ast

    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return text


def read_rows(path: Path, accepted: str = FORMS) -> list[Row]:
    """Every row of a file, or of the one data file of a folder.

    Raises:
        BadInput: it is not there, is not such a file, is damaged (with the row), or holds nothing.
    """
    path = one_file(path, accepted)
    kind = kind_of(path)
    text = read_text(path, accepted)
    if kind in TREES and not _is_lines(text):
        found = list(_tree(path.name, text, accepted))
    elif kind in LINES or kind in TREES:
        found = list(_lines(path.name, text))
    else:
        found = list(_table(path.name, text))
    if not found:
        raise BadInput(path.name, "the whole file", "it holds no rows", accepted)
    return found


def kind_of(path: Path) -> str:
    """The suffix that says what a file is, without `.gz`."""
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def one_file(path: Path, accepted: str = FORMS) -> Path:
    """The file, or the only data file of a folder. Raises `BadInput` where there is none, or more than one."""
    if not path.exists():
        raise BadInput(path.name, "the path", "it is not there", accepted)
    if path.is_file():
        return path
    held = sorted(item for item in path.iterdir() if item.is_file() and kind_of(item) in (*TABLES, *LINES, *TREES))
    held = [item for item in held if not item.name.lower().startswith(("readme", "licen"))]
    if len(held) != 1:
        names = ", ".join(item.name for item in held[:5]) or "none"
        raise BadInput(path.name, "the folder", f"it holds {len(held)} data files ({names})", "the path of one file")
    return held[0]


def read_text(path: Path, accepted: str = FORMS) -> str:
    """The text of a file, unzipped where it is gzipped. Raises `BadInput` where it is not UTF-8 or is damaged."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(path.name, f"byte {error.start}", "it is not UTF-8 text", accepted) from None
    except (OSError, EOFError) as error:
        raise BadInput(path.name, "the whole file", f"it cannot be read ({error})", accepted) from None


def _is_lines(text: str) -> bool:
    """Whether a .json file holds one object a line, which many releases call .json all the same."""
    head, _, rest = text.lstrip().partition("\n")
    if not head.startswith("{") or not rest.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(head), dict)
    except ValueError:
        return False


def _lines(file: str, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield Row(file, f"line {number}", _object(file, f"line {number}", _json(file, line, number)))


def _json(file: str, text: str, line: int = 1) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        at = getattr(error, "lineno", 1) + line - 1
        raise BadInput(file, f"line {at}", f"it is not JSON ({getattr(error, 'msg', error)})", "JSON") from None


def _object(file: str, place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(file, place, f"it is a {type(value).__name__}", "an object with named fields")
    return value


def _tree(file: str, text: str, accepted: str) -> Iterator[Row]:
    """A list of objects; an object id -> object, also one level down; or an object that holds one such list."""
    whole = _json(file, text)
    if isinstance(whole, list):
        for number, item in enumerate(whole, start=1):
            yield Row(file, f"item {number}", _object(file, f"item {number}", item))
    elif isinstance(whole, dict):
        yield from _branches(file, whole, (), accepted)
    else:
        raise BadInput(file, "the whole file", f"it is a {type(whole).__name__}", accepted)


def _branches(file: str, node: Mapping[str, Any], above: tuple[str, ...], accepted: str) -> Iterator[Row]:
    for key, value in node.items():
        place = " / ".join([*above, str(key)])
        if isinstance(value, list):
            for number, item in enumerate(value, start=1):
                yield Row(file, f"{place}, item {number}", _object(file, f"{place}, item {number}", item))
        elif isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()) and not above:
            yield from _branches(file, value, (str(key),), accepted)
        else:
            item = {"_id": key, "_set": above[0] if above else None}
            yield Row(file, place, {**item, **_object(file, place, value)})


def _table(file: str, text: str) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_FIELD)
    head = text.partition("\n")[0]
    delimiter = max("\t,;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    number = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip() for cell in cells]
                continue
            number += 1
            place = f"row {number} (line {reader.line_num})"
            if len(cells) != len(columns):
                problem = f"it has {len(cells)} cells, the head {len(columns)}"
                raise BadInput(file, place, problem, "as many cells in each row as in the first")
            yield Row(file, place, dict(zip(columns, cells, strict=True)))
    except csv.Error as error:
        raise BadInput(file, f"line {reader.line_num}", f"it is not a table ({error})", FORMS) from None
