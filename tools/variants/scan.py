"""Pick out, from blocks of whole lines, the few records that have to be parsed. Works on bytes with NumPy.

A record is picked when it lies at a position of interest, or when anything about it is out of the ordinary: another
number of columns, an unknown contig, a position that is no number or beyond the chromosome, a reference allele of more
than one base or of other letters, a symbolic allele or breakend, an annotation. All others cannot matter and are only
counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.tables.chromosomes import LENGTHS, NUMBER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TAB, _LINE, _BAR, _OPEN, _CLOSE, _LESS = 9, 10, 124, 91, 93, 60
_SHIFT = 40


@dataclass(frozen=True)
class Look:
    """What to look for: sorted keys of chromosome and position, contig names, columns, and annotations."""

    keys: NDArray[np.int64]
    bins: NDArray[np.int64] | None
    contigs: Mapping[int, tuple[int, int]]
    tabs: int
    annotated: bool


def spellings(chromosome: str) -> tuple[str, ...]:
    """How files write a chromosome."""
    return ("MT", "chrM", "M", "chrMT") if chromosome == "MT" else (chromosome, f"chr{chromosome}")


def make_look(near: Mapping[str, frozenset[int]], assembly: str, samples: int, annotated: bool, wide: bool) -> Look:
    """Prepare a look for positions by chromosome.

    With `wide`, insertions and deletions within 256 bases of a position are picked too.
    """
    import numpy as np

    codes = [(NUMBER[name] << _SHIFT) + position for name, held in near.items() for position in held]
    keys = np.array(sorted(codes), dtype=np.int64)
    bins = None
    if wide:
        middle = np.unique(keys >> 8)
        bins = np.unique(np.concatenate([middle - 1, middle, middle + 1]))
    contigs = {
        int.from_bytes(spelt.encode(), "big"): (number, LENGTHS[assembly][name])
        for name, number in NUMBER.items()
        for spelt in spellings(name)
    }
    return Look(keys, bins, contigs, 8 + samples if samples else -1, annotated)


def pick(chunk: bytes, look: Look) -> tuple[int, list[tuple[int, bytes]]]:
    """(number of lines, picked lines with their index) of a chunk that ends with a line end."""
    import numpy as np

    data = np.frombuffer(chunk, dtype=np.uint8)
    ends = np.flatnonzero(data == _LINE)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1])
    tabs = np.flatnonzero(data == _TAB)
    table = _even(tabs, starts, ends, look.tabs)
    if table is not None:
        picked = _interesting(data, starts, table[:, :5], look)
    else:
        first = np.searchsorted(tabs, starts)
        counts = np.diff(np.append(first, len(tabs)))
        regular = counts == look.tabs if look.tabs >= 0 else counts >= 7
        picked = ~regular
        rows = np.flatnonzero(regular)
        if len(rows):
            places = tabs[first[rows][:, None] + np.arange(5)]
            picked[rows] = _interesting(data, starts[rows], places, look)
    marks = [_OPEN, _CLOSE, *([_BAR] if look.annotated else [])]
    for mark in marks:
        if bytes([mark]) in chunk:
            picked[np.searchsorted(starts, np.flatnonzero(data == mark), side="right") - 1] = True
    return len(ends), [(int(i), chunk[starts[i] : ends[i]]) for i in np.flatnonzero(picked)]


def _even(
    tabs: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], columns: int
) -> NDArray[np.int64] | None:
    """Tabs by line, where every line has exactly `columns` of them; else None."""
    if columns < 5 or len(tabs) != columns * len(starts):
        return None
    table = tabs.reshape(len(starts), columns)
    inside = (table[:, 0] >= starts) & (table[:, -1] < ends)
    return table if bool(inside.all()) else None


def _interesting(
    data: NDArray[np.uint8], starts: NDArray[np.int64], places: NDArray[np.int64], look: Look
) -> NDArray[np.bool_]:
    import numpy as np

    contig, length = _contigs(data, starts, places[:, 0] - starts, look)
    position, is_number = _numbers(data, places[:, 0] + 1, places[:, 1] - places[:, 0] - 1)
    code = (contig << _SHIFT) + position
    index = np.searchsorted(look.keys, code)
    index[index == len(look.keys)] = 0
    found: NDArray[np.bool_] = look.keys[index] == code if len(look.keys) else np.zeros(len(starts), dtype=bool)
    ref_length = places[:, 3] - places[:, 2] - 1
    bases = np.zeros(256, dtype=bool)
    bases[np.frombuffer(b"ACGTNacgtn", dtype=np.uint8)] = True
    odd = ~is_number | (contig == 0) | (position < 1) | (position > length)
    odd |= (ref_length != 1) | ~bases[data[places[:, 2] + 1]] | (data[places[:, 3] + 1] == _LESS)
    if look.bins is not None:
        changed = places[:, 4] - places[:, 3] - 1 != ref_length
        odd |= changed & np.isin(code >> 8, look.bins)
    picked: NDArray[np.bool_] = found | odd
    return picked


def _contigs(
    data: NDArray[np.uint8], starts: NDArray[np.int64], width: NDArray[np.int64], look: Look
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(chromosome number or 0, its length) of each record. Neighbouring records mostly share a contig."""
    import numpy as np

    key = np.full(len(starts), -1, dtype=np.int64)
    for length in range(max(int(width.min()), 1), min(int(width.max()), 7) + 1):
        rows = np.flatnonzero(width == length)
        if len(rows):
            letters = data[starts[rows][:, None] + np.arange(length)].astype(np.int64)
            key[rows] = letters @ (256 ** np.arange(length - 1, -1, -1, dtype=np.int64))
    heads = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    known = [look.contigs.get(int(key[head]), (0, 0)) for head in heads]
    run = np.diff(np.append(heads, len(key)))
    return (
        np.repeat(np.array([number for number, _ in known], dtype=np.int64), run),
        np.repeat(np.array([length for _, length in known], dtype=np.int64), run),
    )


def _numbers(
    data: NDArray[np.uint8], starts: NDArray[np.int64], width: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Whole numbers of at most ten digits, and whether each field is one."""
    import numpy as np

    value = np.zeros(len(starts), dtype=np.int64)
    good: NDArray[np.bool_] = (width > 0) & (width <= 10)
    for length in range(max(int(width.min()), 1), min(int(width.max()), 10) + 1):
        rows = np.flatnonzero(width == length)
        if len(rows):
            digits = data[starts[rows][:, None] + np.arange(length)].astype(np.int64) - 48
            value[rows] = digits @ (10 ** np.arange(length - 1, -1, -1, dtype=np.int64))
            good[rows] = ((digits >= 0) & (digits <= 9)).all(axis=1)
    return value, good
