"""Secondary structure from backbone hydrogen bonds (Kabsch and Sander 1983, doi 10.1002/bip.360221211).

One letter a residue, as in DSSP: H alpha helix, G 3-10 helix, I pi helix, E strand, B isolated bridge,
T turn, `-` none of these. Bends (S) are not told apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tools.protein.reading import Residue

# 332 · 0.42 e · 0.20 e, kcal·Å/mol, and the energy below which there is a bond (Kabsch and Sander 1983, eq. 1).
_FACTOR_KCAL_A_PER_MOL = 27.9
_BOND_KCAL_PER_MOL = -0.5
_PEPTIDE_BOND_A = 2.5
_NEAR_CA_A = 9.0

SIMPLE = {"H": "helix", "G": "helix", "I": "helix", "E": "strand"}


def secondary_structure(residues: Sequence[Residue]) -> str:
    """Secondary structure of each residue, in order; chains and gaps are found from the distances."""
    count = len(residues)
    joined = _joined(residues)
    bonds = hydrogen_bonds(residues, joined)
    run = np.cumsum(~joined).astype(np.int64)  # residues of one unbroken stretch share a number
    letters = ["-"] * count
    strand, bridge = _bridges(bonds, run, count)
    helices = {n: _helix(bonds, run, count, n) for n in (4, 3, 5)}
    _set(letters, helices[4][0], "H", "-")
    _set(letters, bridge, "B", "-")
    _set(letters, strand, "E", "-B")
    for n, letter in ((3, "G"), (5, "I")):
        for start in helices[n][1]:
            if all(letters[k] in f"-{letter}" for k in range(start, start + n)):
                _set(letters, set(range(start, start + n)), letter, "-")
    for n in (3, 4, 5):
        _set(letters, helices[n][2], "T", "-")
    return "".join(letters)


def _set(letters: list[str], places: set[int], letter: str, over: str) -> None:
    for place in places:
        if letters[place] in over:
            letters[place] = letter


def _joined(residues: Sequence[Residue]) -> NDArray[np.bool_]:
    """Whether each residue is bound to the one before it."""
    found = np.zeros(len(residues), dtype=bool)
    for i in range(1, len(residues)):
        before, here = residues[i - 1], residues[i]
        distance = float(np.linalg.norm(before.atoms["C"] - here.atoms["N"]))
        found[i] = before.chain == here.chain and distance < _PEPTIDE_BOND_A
    return found


def hydrogen_bonds(residues: Sequence[Residue], joined: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """Pairs (acceptor, donor): the CO of the first binds the NH of the second; at most two for each group."""
    from scipy.spatial import cKDTree

    alpha = np.array([r.atoms["CA"] for r in residues])
    acceptor = np.array([r.atoms.get("O", r.atoms.get("OXT", np.full(3, np.nan))) for r in residues])
    carbon = np.array([r.atoms["C"] for r in residues])
    donor = np.array([r.atoms["N"] for r in residues])
    hydrogen = np.full_like(donor, np.nan)
    for i in np.flatnonzero(joined).tolist():
        if residues[i].name != "PRO":
            back = carbon[i - 1] - acceptor[i - 1]
            hydrogen[i] = donor[i] + back / np.linalg.norm(back)
    pairs = cKDTree(alpha).query_pairs(_NEAR_CA_A, output_type="ndarray")
    if len(pairs) == 0:
        return set()
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[both[:, 1] - both[:, 0] != 1]  # the NH that follows shares the peptide of this CO
    a, d = both[:, 0], both[:, 1]

    def inverse(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1.0 / np.maximum(np.linalg.norm(x - y, axis=1), 0.5))

    energy = _FACTOR_KCAL_A_PER_MOL * (
        inverse(acceptor[a], donor[d])
        + inverse(carbon[a], hydrogen[d])
        - inverse(acceptor[a], hydrogen[d])
        - inverse(carbon[a], donor[d])
    )
    keep = np.flatnonzero(energy < _BOND_KCAL_PER_MOL)  # NaN (no hydrogen or no oxygen) compares false
    found: set[tuple[int, int]] = set()
    taken: dict[tuple[str, int], int] = {}
    for k in keep[np.argsort(energy[keep])].tolist():
        i, j = int(a[k]), int(d[k])
        if taken.get(("a", i), 0) < 2 and taken.get(("d", j), 0) < 2:
            found.add((i, j))
            taken["a", i] = taken.get(("a", i), 0) + 1
            taken["d", j] = taken.get(("d", j), 0) + 1
    return found


def _helix(
    bonds: set[tuple[int, int]], run: NDArray[np.int64], count: int, n: int
) -> tuple[set[int], list[int], set[int]]:
    """Residues in helices of n-turns, first residues of their minimal helices, and residues inside any n-turn."""
    turns = [i + n < count and run[i] == run[i + n] and (i, i + n) in bonds for i in range(count)]
    starts = [i for i in range(1, count) if turns[i] and turns[i - 1]]
    inside = {k for i in starts for k in range(i, i + n)}
    turned = {k for i in range(count) if turns[i] for k in range(i + 1, i + n)}
    return inside, starts, turned


def _bridges(bonds: set[tuple[int, int]], run: NDArray[np.int64], count: int) -> tuple[set[int], set[int]]:
    """Residues in ladders of two or more bridges (bulges filled), and residues in any bridge."""

    def whole(k: int) -> bool:
        return 0 < k < count - 1 and run[k - 1] == run[k + 1]

    candidates: set[tuple[int, int]] = set()
    for i, j in bonds:
        for x in (-1, 0, 1):
            for y in (-1, 0, 1):
                candidates.add((min(i + x, j + y), max(i + x, j + y)))
    found: dict[str, list[tuple[int, int]]] = {"parallel": [], "antiparallel": []}
    for i, j in sorted(candidates):
        if not (whole(i) and whole(j)) or (run[i] == run[j] and j - i < 3):
            continue
        if {(i - 1, j), (j, i + 1)} <= bonds or {(j - 1, i), (i, j + 1)} <= bonds:
            found["parallel"].append((i, j))
        elif {(i, j), (j, i)} <= bonds or {(i - 1, j + 1), (j - 1, i + 1)} <= bonds:
            found["antiparallel"].append((i, j))
    strand: set[int] = set()
    for kind, pairs in found.items():
        for index, (i, j) in enumerate(pairs):
            for i2, j2 in pairs[index + 1 : index + 40]:
                step_i, step_j = i2 - i, (j2 - j if kind == "parallel" else j - j2)
                near = 0 < step_i <= 5 and 0 < step_j <= 5 and min(step_i, step_j) <= 2
                same = run[i] == run[i2] and run[j] == run[j2]
                if near and same:
                    strand |= set(range(i, i2 + 1)) | set(range(min(j, j2), max(j, j2) + 1))
    return strand, {k for pairs in found.values() for pair in pairs for k in pair}
