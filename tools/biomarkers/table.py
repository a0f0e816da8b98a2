"""A table of subjects by markers with one outcome, read and checked."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput, ToolRetry

LARGEST_BYTES = 512 * 1024 * 1024
LEAST_SUBJECTS = 10
LEAST_IN_GROUP = 4
LONGEST_HEADER = 1 << 24
_QUOTED = re.compile(r'"[^"]*"')
_UNEVEN = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
ACCEPTED = "a CSV or TSV with a header, one row a subject, numbers in the marker columns"


@dataclass(frozen=True)
class MarkerTable:
    """Markers and outcome.

    Attributes:
        names: the markers.
        values: shape (subjects, markers); nan where not measured.
        outcome: shape (subjects,); 0 and 1 where `kind` is binary, else a number.
        kind: what the outcome is.
        groups: what 0 and 1 stand for, for a binary outcome.
        left_out: columns that were not used, with the reason.
        without_outcome: subjects left out because they have no outcome.
        unread: (marker, cells, first of them) of cells that are no numbers and count as not measured.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    outcome: NDArray[np.float64]
    kind: Literal["binary", "continuous"]
    groups: tuple[str, str] | None
    left_out: tuple[tuple[str, str], ...]
    without_outcome: int
    unread: tuple[tuple[str, int, str], ...] = ()


def read_markers(path: Path, outcome: str, ignore: Sequence[str] = ()) -> MarkerTable:
    """Read a table of markers.

    Args:
        path: CSV or TSV.
        outcome: the column of the outcome; two different values make it binary (the later in sorting order is 1),
            more different numbers continuous.
        ignore: columns that are no markers, such as the subject's number.

    Raises:
        BadInput: the file is no such table, or too few subjects have an outcome.
        ToolRetry: there is no such column.
    """
    frame, decimal_comma = _frame(path)
    columns = [str(name) for name in frame.columns]
    for name in (outcome, *ignore):
        if name not in columns:
            raise ToolRetry(f"{path.name} has no column {name!r}. It has: {', '.join(columns[:30])}.")
    known = frame[outcome].notna() & (frame[outcome].str.strip() != "")
    frame = frame[known]
    if len(frame) < LEAST_SUBJECTS:
        raise BadInput(
            path.name, f"column {outcome}", f"{len(frame)} subjects have an outcome", f"at least {LEAST_SUBJECTS}"
        )
    target, kind, groups = _outcome(path, outcome, [str(item).strip() for item in frame[outcome]])
    names, held, left_out, unread = [], [], [], []
    for name in columns:
        if name == outcome or name in ignore:
            continue
        numbers, odd = _numbers(frame[name], decimal_comma)
        reason = _unusable(numbers, frame[name].notna().to_numpy())
        if reason:
            left_out.append((name, reason))
            continue
        names.append(name)
        held.append(numbers)
        if odd:
            unread.append((name, len(odd), odd[0]))
    if not names:
        raise BadInput(path.name, "the columns", "none is a marker that can be used", ACCEPTED)
    return MarkerTable(
        tuple(names), np.column_stack(held), target, kind, groups, tuple(left_out), int((~known).sum()), tuple(unread)
    )  # fmt: skip


def _frame(path: Path) -> tuple[Any, bool]:
    """The cells as text in a pandas data frame, and whether `12,5` is a number in it.

    Tabs, semicolons or commas part the columns, whichever the header has most of; beside semicolons the comma is the
    decimal sign.
    """
    import pandas as pd

    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "it is not there"
        raise BadInput(path.name, "the path", what, ACCEPTED)
    if path.stat().st_size > LARGEST_BYTES:
        raise BadInput(path.name, "the whole file", "it is over 512 MiB", ACCEPTED)
    with path.open("rb") as stream:
        start = stream.read(4)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        with path.open(encoding=encoding, newline="") as text:
            header = text.readline(LONGEST_HEADER)
        separator = max(",;\t", key=_QUOTED.sub("", header).count)
        names = next(csv.reader([header], delimiter=separator), [])
        twice = [name for name, count in Counter(names).items() if count > 1 and name]
        if twice:
            raise BadInput(
                path.name, "line 1", f"{len(twice)} names stand twice: {twice[0]!r}", "each column named once"
            )
        frame = pd.read_csv(path, sep=separator, dtype=str, encoding=encoding, skipinitialspace=True)
    except UnicodeError:
        raise BadInput(path.name, "the whole file", "it is not UTF-8 text", "CSV or TSV in UTF-8") from None
    except (ValueError, OSError, csv.Error) as error:
        uneven = _UNEVEN.search(str(error))
        where = f"line {uneven[2]}" if uneven else "the whole file"
        what = f"it has {uneven[3]} columns, not {uneven[1]}" if uneven else "it cannot be read as a table"
        raise BadInput(path.name, where, what, ACCEPTED) from None
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame, separator == ";"


def _numbers(cells: Any, decimal_comma: bool) -> tuple[NDArray[np.float64], list[str]]:
    """The numbers of a column, nan where there is none, and the cells that are not empty and no numbers."""
    import pandas as pd

    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float)
    numbers[~np.isfinite(numbers)] = np.nan
    odd = np.isnan(numbers) & cells.notna().to_numpy()
    for row in np.flatnonzero(odd):
        text = str(cells.iloc[row]).strip()
        if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
            numbers[row], odd[row] = float(text.replace(",", ".")), False
    return numbers, [str(cells.iloc[row]).strip() for row in np.flatnonzero(odd) if str(cells.iloc[row]).strip()]


def _outcome(
    path: Path, name: str, texts: list[str]
) -> tuple[NDArray[np.float64], Literal["binary", "continuous"], tuple[str, str] | None]:
    different = sorted(set(texts))
    shown = ", ".join(text[:30] for text in different[:5]) + (" …" if len(different) > 5 else "")
    if len(different) == 1:
        raise BadInput(path.name, f"column {name}", f"every subject has {shown}", "two groups, or numbers")
    if len(different) == 2:
        coded = np.array([float(text == different[1]) for text in texts])
        if min(coded.sum(), len(coded) - coded.sum()) < LEAST_IN_GROUP:
            raise BadInput(
                path.name, f"column {name}", "a group is too small", f"at least {LEAST_IN_GROUP} subjects in each"
            )
        return coded, "binary", (different[0], different[1])
    try:
        numbers = np.array([float(text) for text in texts])
    except ValueError:
        raise BadInput(
            path.name, f"column {name}", f"it has {len(different)} different values, not all numbers: {shown}",
            "two groups, or numbers",
        ) from None  # fmt: skip
    if len(different) < 5 or not np.isfinite(numbers).all():
        raise BadInput(
            path.name,
            f"column {name}",
            f"it has {len(different)} values: {shown}",
            "two groups, or five different numbers",
        )
    return numbers, "continuous", None


def _unusable(numbers: NDArray[np.float64], filled: NDArray[np.bool_]) -> str:
    """Why a column is no marker, or an empty text."""
    measured = np.isfinite(numbers)
    if (filled & ~measured).sum() > 0.1 * max(filled.sum(), 1):
        return "not numbers"
    if measured.sum() < max(LEAST_SUBJECTS, len(numbers) // 2):
        return "measured in fewer than half of the subjects"
    return "always the same" if np.ptp(numbers[measured]) == 0 else ""
