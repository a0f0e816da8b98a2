"""A table of subjects by markers with one outcome, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput, ToolRetry

LARGEST_BYTES = 512 * 1024 * 1024
LEAST_SUBJECTS = 10
LEAST_IN_GROUP = 4
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
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    outcome: NDArray[np.float64]
    kind: Literal["binary", "continuous"]
    groups: tuple[str, str] | None
    left_out: tuple[tuple[str, str], ...]
    without_outcome: int


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
    import pandas as pd

    if not path.is_file():
        raise BadInput(path.name, "the path", "it is not there", ACCEPTED)
    if path.stat().st_size > LARGEST_BYTES:
        raise BadInput(path.name, "the whole file", "it is over 512 MiB", ACCEPTED)
    try:
        frame = pd.read_csv(path, sep="\t" if path.suffix.lower() in (".tsv", ".txt") else ",", dtype=str)
    except (ValueError, UnicodeDecodeError, OSError) as error:
        raise BadInput(path.name, "the whole file", f"it cannot be read: {str(error)[:120]}", ACCEPTED) from None
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
    names, held, left_out = [], [], []
    for name in columns:
        if name == outcome or name in ignore:
            continue
        numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)
        numbers[~np.isfinite(numbers)] = np.nan
        reason = _unusable(numbers, frame[name].notna().to_numpy())
        if reason:
            left_out.append((name, reason))
        else:
            names.append(name)
            held.append(numbers)
    if not names:
        raise BadInput(path.name, "the columns", "none is a marker that can be used", ACCEPTED)
    return MarkerTable(
        tuple(names), np.column_stack(held), target, kind, groups, tuple(left_out), int((~known).sum())
    )  # fmt: skip


def _outcome(
    path: Path, name: str, texts: list[str]
) -> tuple[NDArray[np.float64], Literal["binary", "continuous"], tuple[str, str] | None]:
    different = sorted(set(texts))
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
            path.name, f"column {name}", f"it has {len(different)} different values, not all numbers",
            "two groups, or numbers",
        ) from None  # fmt: skip
    if len(different) < 5 or not np.isfinite(numbers).all():
        raise BadInput(path.name, f"column {name}", f"it has {len(different)} values", "two groups, or five numbers")
    return numbers, "continuous", None


def _unusable(numbers: NDArray[np.float64], filled: NDArray[np.bool_]) -> str:
    """Why a column is no marker, or an empty text."""
    measured = np.isfinite(numbers)
    if (filled & ~measured).sum() > 0.1 * max(filled.sum(), 1):
        return "not numbers"
    if measured.sum() < max(LEAST_SUBJECTS, len(numbers) // 2):
        return "measured in fewer than half of the subjects"
    return "always the same" if np.ptp(numbers[measured]) == 0 else ""
