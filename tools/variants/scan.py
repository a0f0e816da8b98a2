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
_A, _Z = 65, 90
_SHIFT = 40
_LONGEST = 15
_FACTOR = 131


@dataclass(frozen=True)
class Look:
    """What to look for: sorted keys of chromosome and position, contig names, columns, and annotations.

    `genes` are the sorted keys of the symbols between two bars that make an annotated line matter, None means any;
    `longest` is the length of the longest.
    """

    keys: NDArray[np.int64]
    bins: NDArray[np.int64] | None
    contigs: Mapping[int, tuple[int, int]]
    tabs: int
    annotated: bool
    genes: NDArray[np.uint64] | None = None
    longest: int = 0


def spellings(chromosome: str) -> tuple[str, ...]:
    """How files write a chromosome."""
    return ("MT", "chrM", "M", "chrMT") if chromosome == "MT" else (chromosome, f"chr{chromosome}")


def make_look(
    near: Mapping[str, frozenset[int]], assembly: str, samples: int, annotated: bool, wide: bool,
    genes: frozenset[bytes] | None = None,
) -> Look:  # fmt: skip
    """Prepare a look for positions by chromosome.

    Args:
        near: positions by chromosome.
        assembly: GRCh37 or GRCh38.
        samples: sample columns of the file.
        annotated: pick lines with an annotation.
        wide: pick insertions and deletions within 256 bases of a position too.
        genes: of the annotated lines, pick those that have one of these between two bars; None for all.
    """
    import numpy as np

    codes = [
        np.fromiter(held, dtype=np.int64, count=len(held)) + (NUMBER[name] << _SHIFT) for name, held in near.items()
    ]
    keys = np.unique(np.concatenate(codes)) if codes else np.zeros(0, dtype=np.int64)
    bins = None
    if wide:
        middle = np.unique(keys >> 8)
        bins = np.unique(np.concatenate([middle - 1, middle, middle + 1]))
    contigs = {
        int.from_bytes(spelt.encode(), "big"): (number, LENGTHS[assembly][name])
        for name, number in NUMBER.items()
        for spelt in spellings(name)
    }
    tabs = 8 + samples if samples else -1
    wanted = None
    if genes is not None and all(_is_token(gene) for gene in genes):
        wanted = np.array(sorted(_key(gene) for gene in genes), dtype=np.uint64)
    return Look(keys, bins, contigs, tabs, annotated, wanted, max(map(len, genes or ()), default=0))


def _is_token(gene: bytes) -> bool:
    return 2 <= len(gene) <= _LONGEST and gene[:1].isupper()


def _key(token: bytes) -> int:
    """The number by which tokens are told apart; two may share one, so that a match is checked again."""
    low, high = (int.from_bytes(token[k : k + 8], "little") for k in (0, 8))
    return (low * _FACTOR + high) % (1 << 64)


def pick(chunk: bytes, look: Look) -> tuple[int, list[tuple[int, bytes, bool]]]:
    """The number of lines of a chunk that ends with a line end, and the picked ones.

    Each picked line has its index and whether there is more to it than an annotation.
    """
    import numpy as np

    data = np.frombuffer(chunk, dtype=np.uint8)
    marks = np.flatnonzero(data <= _LINE)
    table = _even(data, marks, look.tabs)
    if table is not None:
        ends = table[:, -1]
        starts = _after(ends)
        picked = _interesting(data, starts, table[:, :5], look)
    else:
        letters = data[marks]
        ends, tabs = marks[letters == _LINE], marks[letters == _TAB]
        starts = _after(ends)
        first = np.searchsorted(tabs, starts)
        counts = np.diff(np.append(first, len(tabs)))
        regular = counts == look.tabs if look.tabs >= 0 else counts >= 7
        picked = ~regular
        rows = np.flatnonzero(regular)
        if len(rows):
            places = tabs[first[rows][:, None] + np.arange(5)]
            picked[rows] = _interesting(data, starts[rows], places, look)
    for mark in (_OPEN, _CLOSE):
        if bytes([mark]) in chunk:
            picked[np.searchsorted(starts, np.flatnonzero(data == mark), side="right") - 1] = True
    wanted = picked
    if look.annotated and b"|" in chunk:
        wanted = picked.copy()
        wanted[np.searchsorted(starts, _annotated(data, look), side="right") - 1] = True
    return len(ends), [(int(i), chunk[starts[i] : ends[i]], bool(picked[i])) for i in np.flatnonzero(wanted)]


def _annotated(data: NDArray[np.uint8], look: Look) -> NDArray[np.int64]:
    """Places of bars, or of the tokens between two of them that are among the genes looked for."""
    import numpy as np

    bars = np.flatnonzero(data == _BAR)
    if look.genes is None:
        return bars
    width = np.diff(bars) - 1
    first = data[np.minimum(bars[:-1] + 1, len(data) - 1)]
    rows = np.flatnonzero((width >= 2) & (width <= look.longest) & (first >= _A) & (first <= _Z))
    if not (len(rows) and len(look.genes)):
        return rows[:0]
    start, size = bars[rows] + 1, width[rows]
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([data, np.zeros(16, dtype=np.uint8)]), 8)
    masks = np.array([(1 << (8 * count)) - 1 for count in range(9)], dtype=np.uint64)
    low = windows[start].copy().view("<u8")[:, 0] & masks[np.minimum(size, 8)]
    high = windows[start + 8].copy().view("<u8")[:, 0] & masks[np.clip(size - 8, 0, 8)]
    key = low * np.uint64(_FACTOR) + high
    index = np.searchsorted(look.genes, key)
    index[index == len(look.genes)] = 0
    found: NDArray[np.int64] = start[look.genes[index] == key]
    return found


def names_gene(raw: bytes, columns: Mapping[bytes, int], genes: frozenset[bytes]) -> bool:
    """Whether an annotation of a line is on one of `genes`.

    Args:
        raw: the line, or its INFO.
        columns: where the gene stands among the parts of an entry, by key, such as `{b"CSQ=": 3}`.
        genes: symbols.
    """
    for key, column in columns.items():
        start = raw.find(key)
        if start < 0:
            continue
        value = raw[start + len(key) :].split(b"\t", 1)[0].split(b";", 1)[0]
        for entry in value.split(b","):
            cells = entry.split(b"|", column + 1)
            if len(cells) > column and not genes.isdisjoint(cells[column].split(b"&")):
                return True
    return False


def _after(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each line starts, from where each ends."""
    import numpy as np

    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    return starts


def _even(data: NDArray[np.uint8], marks: NDArray[np.int64], columns: int) -> NDArray[np.int64] | None:
    """Tabs and line end by line, where every line has exactly `columns` tabs and no other mark; else None."""
    import numpy as np

    if columns < 5 or len(marks) % (columns + 1):
        return None
    usual = np.full(columns + 1, _TAB, dtype=np.uint8)
    usual[-1] = _LINE
    table = marks.reshape(-1, columns + 1)
    return table if bool((data[marks].reshape(table.shape) == usual).all()) else None


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

    narrow, wide = max(int(width.min()), 1), min(int(width.max()), 7)
    key = np.zeros(len(starts), dtype=np.int64)
    for place in range(wide):
        longer = (key << 8) | data[np.minimum(starts + place, len(data) - 1)]
        key = longer if place < narrow else np.where(width > place, longer, key)
    key[(width < 1) | (width > 7)] = -1
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
    narrow, wide = max(int(width.min()), 1), min(int(width.max()), 10)
    for place in range(wide):
        digit = data[np.minimum(starts + place, len(data) - 1)] - np.uint8(48)
        if place < narrow:
            value = value * 10 + digit
            good &= digit <= 9
        else:
            inside = width > place
            value = np.where(inside, value * 10 + digit, value)
            good &= ~inside | (digit <= 9)
    return value, good
