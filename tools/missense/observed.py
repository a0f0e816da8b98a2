"""What related proteins have at each position of a protein: weighted, in bytes, as it is stored and shipped."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.missense.substitution import INDEX

LEAST_ALIGNED = 15
_FULL = 255.0
_STEPS = 15.0
_DEPTH_KEPT = 4
_FILTERS = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0}]
_DEPTH_STEPS = 16.0
_CODES = np.full(256, -1, dtype=np.int64)
for _letter, _place in INDEX.items():
    _CODES[ord(_letter)] = _CODES[ord(_letter.lower())] = _place


@dataclass(frozen=True)
class Aligned:
    """One relative against the protein.

    Attributes:
        first: 1-based place of the first aligned residue of the protein.
        own, other: the two rows, gaps as `-`, of one length.
        identity: share of identical residues among those aligned.
    """

    first: int
    own: str
    other: str
    identity: float


@dataclass(frozen=True)
class Observed:
    """Relatives by position of a protein of length L.

    Attributes:
        shares: weighted share of each amino acid among relatives, shape (L, 20), in 1/255; all 0 without relatives.
        nearest: identity of the nearest relative that has this amino acid there, shape (L, 20), in 1/255; 0 where none.
        depth: 16 · log2(1 + relatives aligned with a residue), shape (L,).
        kinds: different amino acids seen, the protein's own counted, shape (L,).
        relatives: number of aligned stretches.
    """

    shares: NDArray[np.uint8]
    nearest: NDArray[np.uint8]
    depth: NDArray[np.uint8]
    kinds: NDArray[np.uint8]
    relatives: int

    def pack(self) -> bytes:
        """The arrays as compressed bytes in 15 steps each; `unpack` reads them.

        Shares go by their square root, so that small ones keep their proportions. `kinds` follows from the others.
        """
        seen = self.nearest > 0
        shares = np.rint(_STEPS * np.sqrt(self.shares[seen] / _FULL)).astype(np.uint8)
        nearest = np.maximum(1, np.rint(_STEPS * self.nearest[seen] / _FULL)).astype(np.uint8)
        depth = np.diff(np.rint(self.depth / _DEPTH_KEPT).astype(np.uint8), prepend=np.uint8(0))
        flat = np.packbits(seen).tobytes() + shares.tobytes() + nearest.tobytes() + depth.tobytes()
        return lzma.compress(flat, format=lzma.FORMAT_RAW, filters=_FILTERS)

    @property
    def counts(self) -> NDArray[np.float64]:
        """Number of relatives with a residue at each position, shape (L,)."""
        return np.asarray(np.exp2(self.depth / _DEPTH_STEPS) - 1)


def unpack(packed: bytes, sequence: str, relatives: int) -> Observed:
    """The arrays that `Observed.pack` wrote for a protein."""
    length = len(sequence)
    flat = np.frombuffer(lzma.decompress(packed, format=lzma.FORMAT_RAW, filters=_FILTERS), dtype=np.uint8)
    head = (length * 20 + 7) // 8
    seen = np.unpackbits(flat[:head], count=length * 20).astype(bool).reshape(length, 20)
    count = int(seen.sum())
    shares, nearest = np.zeros((length, 20)), np.zeros((length, 20))
    shares[seen] = _FULL * (flat[head : head + count] / _STEPS) ** 2
    nearest[seen] = _FULL * flat[head + count : head + 2 * count] / _STEPS
    depth = np.cumsum(flat[head + 2 * count :], dtype=np.uint8) * np.uint8(_DEPTH_KEPT)
    own = _CODES[np.frombuffer(sequence.encode(), dtype=np.uint8)]
    known = np.flatnonzero(own >= 0)
    kinds = seen.copy()
    kinds[known, own[known]] = True
    return Observed(
        np.rint(shares).astype(np.uint8), np.rint(nearest).astype(np.uint8), depth,
        kinds.sum(axis=1).astype(np.uint8), relatives,
    )  # fmt: skip


def observe(sequence: str, rows: Sequence[Aligned]) -> Observed:
    """Join aligned relatives; each counts by how much it differs from the others (Henikoff 1994, position-based)."""
    length = len(sequence)
    kept = sorted((row for row in rows if len(row.own) >= LEAST_ALIGNED), key=lambda row: row.identity)
    own = _CODES[np.frombuffer(sequence.encode(), dtype=np.uint8)]
    cells, owners = [np.flatnonzero(own >= 0) * 20 + own[own >= 0]], [np.zeros(int((own >= 0).sum()), dtype=np.int64)]
    nearest = np.zeros(length * 20, dtype=np.uint8)
    for number, row in enumerate(kept, 1):
        cell = _cells(row)
        cells.append(cell)
        owners.append(np.full(len(cell), number))
        nearest[cell] = max(1, round(row.identity * _FULL))
    cell, owner = np.concatenate(cells), np.concatenate(owners)
    counts = np.bincount(cell, minlength=length * 20)
    kinds = (counts.reshape(length, 20) > 0).sum(axis=1)
    each = 1.0 / (counts[cell] * kinds[cell // 20])
    weight = np.bincount(owner, each, len(kept) + 1) / np.maximum(1, np.bincount(owner, minlength=len(kept) + 1))
    weight[0] = 0.0
    shares = np.bincount(cell, weight[owner], length * 20).reshape(length, 20).astype(np.float64)
    total = shares.sum(axis=1, keepdims=True)
    shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    seen = counts.reshape(length, 20).sum(axis=1) - (own >= 0)
    return Observed(
        np.rint(shares * _FULL).astype(np.uint8), nearest.reshape(length, 20),
        np.minimum(_FULL, np.rint(_DEPTH_STEPS * np.log2(1.0 + seen))).astype(np.uint8), kinds.astype(np.uint8),
        len(kept),
    )  # fmt: skip


def _cells(row: Aligned) -> NDArray[np.int64]:
    """20 · place + letter, both from 0, of each residue of a relative that stands against one of the protein."""
    own = np.frombuffer(row.own.encode(), dtype=np.uint8) != ord("-")
    other = _CODES[np.frombuffer(row.other.encode(), dtype=np.uint8)][own]
    real = np.flatnonzero(other >= 0)
    return np.asarray((row.first - 1 + real) * 20 + other[real])
