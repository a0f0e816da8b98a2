"""What an exchange of one amino acid for another changes, whatever the protein.

Grantham's distance is computed from his composition, polarity and volume (Grantham 1974, Science 185:862,
doi 10.1126/science.185.4154.862): D = 50.723 · sqrt(1.833 Δc² + 0.1018 Δp² + 0.000399 Δv²), rounded; his printed table
differs by one in places.  Hydropathy is
that of Kyte and Doolittle 1982 (doi 10.1016/0022-2836(82)90515-0). BLOSUM62 is Biopython's (Henikoff 1992).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
INDEX = {letter: place for place, letter in enumerate(LETTERS)}

# Composition c (hetero atoms to carbons, by weight), polarity p, volume v (Å³) of the side chain (Grantham, table 1).
_GRANTHAM: dict[str, tuple[float, float, float]] = {
    "S": (1.42, 9.2, 32.0), "R": (0.65, 10.5, 124.0), "L": (0.0, 4.9, 111.0), "P": (0.39, 8.0, 32.5),
    "T": (0.71, 8.6, 61.0), "A": (0.0, 8.1, 31.0), "V": (0.0, 5.9, 84.0), "G": (0.74, 9.0, 3.0),
    "I": (0.0, 5.2, 111.0), "F": (0.0, 5.2, 132.0), "Y": (0.20, 6.2, 136.0), "C": (2.75, 5.5, 55.0),
    "H": (0.58, 10.4, 96.0), "Q": (0.89, 10.5, 85.0), "N": (1.33, 11.6, 56.0), "K": (0.33, 11.3, 119.0),
    "D": (1.38, 13.0, 54.0), "E": (0.92, 12.3, 83.0), "M": (0.0, 5.7, 105.0), "W": (0.13, 5.4, 170.0),
}  # fmt: skip
HYDROPATHY: dict[str, float] = {
    "A": 1.8, "R": -4.5, "N": -3.5, "D": -3.5, "C": 2.5, "Q": -3.5, "E": -3.5, "G": -0.4, "H": -3.2, "I": 4.5,
    "L": 3.8, "K": -3.9, "M": 1.9, "F": 2.8, "P": -1.6, "S": -0.8, "T": -0.7, "W": -0.9, "Y": -1.3, "V": 4.2,
}  # fmt: skip
VOLUME: dict[str, float] = {letter: row[2] for letter, row in _GRANTHAM.items()}
CHARGE = {"D": -1, "E": -1, "K": 1, "R": 1}
AROMATIC = frozenset("FWYH")
NAMES = (
    "blosum62", "grantham", "hydropathy_change", "volume_change", "polarity_change", "charge_change", "absolute_charge",
    "absolute_hydropathy", "absolute_volume", "to_proline", "from_proline", "from_glycine", "from_cysteine",
    "aromatic_lost", "blosum62_self",
)  # fmt: skip


def grantham(old: str, new: str) -> int:
    """Grantham's distance (0 for no change, 5 for Leu–Ile, 214 for Cys–Trp)."""
    (c1, p1, v1), (c2, p2, v2) = _GRANTHAM[old], _GRANTHAM[new]
    squared = 1.833 * (c1 - c2) ** 2 + 0.1018 * (p1 - p2) ** 2 + 0.000399 * (v1 - v2) ** 2
    return round(50.723 * float(np.sqrt(squared)))


@lru_cache(maxsize=1)
def blosum62() -> NDArray[np.float64]:
    """The BLOSUM62 scores in the order of `LETTERS`, shape (20, 20), half bits."""
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    return np.array([[float(matrix[one][two]) for two in LETTERS] for one in LETTERS])


@lru_cache(maxsize=512)
def substitution_features(old: str, new: str) -> tuple[float, ...]:
    """The features of `NAMES`, without units, each of the order of one."""
    scores = blosum62()
    volume = (_GRANTHAM[new][2] - _GRANTHAM[old][2]) / 50
    polarity = (_GRANTHAM[new][1] - _GRANTHAM[old][1]) / 3
    hydropathy = (HYDROPATHY[new] - HYDROPATHY[old]) / 4
    charge = CHARGE.get(new, 0) - CHARGE.get(old, 0)
    return (
        scores[INDEX[old], INDEX[new]] / 2, grantham(old, new) / 70, hydropathy, volume, polarity, float(charge),
        float(abs(charge)), abs(hydropathy), abs(volume), float(new == "P"), float(old == "P"), float(old == "G"),
        float(old == "C"), float(old in AROMATIC and new not in AROMATIC), scores[INDEX[old], INDEX[old]] / 5,
    )  # fmt: skip
