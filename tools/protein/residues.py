"""Amino acids: the numbers that the structure and stability code rests on, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from knowledge.errors import ToolRetry

ORDER = "ACDEFGHIKLMNPQRSTVWY"

THREE_LETTER: Mapping[str, str] = {
    "A": "ALA", "C": "CYS", "D": "ASP", "E": "GLU", "F": "PHE", "G": "GLY", "H": "HIS", "I": "ILE", "K": "LYS",
    "L": "LEU", "M": "MET", "N": "ASN", "P": "PRO", "Q": "GLN", "R": "ARG", "S": "SER", "T": "THR", "V": "VAL",
    "W": "TRP", "Y": "TYR",
}  # fmt: skip
ONE_LETTER: Mapping[str, str] = {three: one for one, three in THREE_LETTER.items()}

# Largest accessible surface area of X in Gly-X-Gly, Å² (Tien et al. 2013, doi 10.1371/journal.pone.0080635, table 1,
# theoretical column). Tested against the copy in Bio.PDB.
MAX_AREA_A2: Mapping[str, float] = {
    "A": 129, "R": 274, "N": 195, "D": 193, "C": 167, "E": 223, "Q": 225, "G": 104, "H": 224, "I": 197, "L": 201,
    "K": 236, "M": 224, "F": 240, "P": 159, "S": 155, "T": 172, "W": 285, "Y": 263, "V": 174,
}  # fmt: skip

# Hydropathy (Kyte and Doolittle 1982, doi 10.1016/0022-2836(82)90515-0). Tested against the copy in Bio.SeqUtils.
HYDROPATHY: Mapping[str, float] = {
    "A": 1.8, "R": -4.5, "N": -3.5, "D": -3.5, "C": 2.5, "Q": -3.5, "E": -3.5, "G": -0.4, "H": -3.2, "I": 4.5,
    "L": 3.8, "K": -3.9, "M": 1.9, "F": 2.8, "P": -1.6, "S": -0.8, "T": -0.7, "W": -0.9, "Y": -1.3, "V": 4.2,
}  # fmt: skip

# Residue volume, Å³ (Zamyatnin 1972, doi 10.1016/0079-6107(72)90005-3).
VOLUME_A3: Mapping[str, float] = {
    "A": 88.6, "R": 173.4, "N": 114.1, "D": 111.1, "C": 108.5, "Q": 143.8, "E": 138.4, "G": 60.1, "H": 153.2,
    "I": 166.7, "L": 166.7, "K": 168.6, "M": 162.9, "F": 189.9, "P": 112.7, "S": 89.0, "T": 116.1, "W": 227.8,
    "Y": 193.6, "V": 140.0,
}  # fmt: skip

# Cost of a residue in an alpha helix, kcal/mol, alanine 0 (Pace and Scholtz 1998, doi 10.1016/S0006-3495(98)77529-0).
HELIX_COST_KCAL_PER_MOL: Mapping[str, float] = {
    "A": 0.0, "L": 0.21, "R": 0.21, "M": 0.24, "K": 0.26, "Q": 0.39, "E": 0.40, "I": 0.41, "W": 0.49, "S": 0.50,
    "Y": 0.53, "F": 0.54, "H": 0.61, "V": 0.61, "N": 0.65, "T": 0.66, "C": 0.68, "D": 0.69, "G": 1.0, "P": 3.16,
}  # fmt: skip

# Preference for beta strands (Chou and Fasman 1978, doi 10.1146/annurev.bi.47.070178.001343).
STRAND_PREFERENCE: Mapping[str, float] = {
    "A": 0.83, "R": 0.93, "N": 0.89, "D": 0.54, "C": 1.19, "Q": 1.10, "E": 0.37, "G": 0.75, "H": 0.87, "I": 1.60,
    "L": 1.30, "K": 0.74, "M": 1.05, "F": 1.38, "P": 0.55, "S": 0.75, "T": 1.19, "W": 1.37, "Y": 1.47, "V": 1.70,
}  # fmt: skip

# Charge at pH 7 in whole units; histidine counts as neutral.
CHARGE: Mapping[str, int] = {"D": -1, "E": -1, "K": 1, "R": 1}
AROMATIC = frozenset("FWYH")
BETA_BRANCHED = frozenset("VIT")
HYDROPHOBIC = frozenset("AVILMFWC")

# Van der Waals radii, Å (Bondi 1964, doi 10.1021/j100785a001); other elements take carbon's.
RADIUS_A: Mapping[str, float] = {"C": 1.70, "N": 1.55, "O": 1.52, "S": 1.80, "P": 1.80, "SE": 1.90}

METALS = frozenset((
    "LI", "NA", "K", "RB", "CS", "MG", "CA", "SR", "BA", "AL", "V", "CR", "MN", "FE", "CO", "NI", "CU",
    "ZN", "MO", "RU", "RH", "PD", "AG", "CD", "PT", "AU", "HG", "PB", "W", "YB", "GD", "TB", "SM", "EU",
))  # fmt: skip


def one_letter(text: str) -> str:
    """The one-letter code of an amino acid written with one or three letters. Raises `ToolRetry` for anything else."""
    upper = text.upper()
    if upper in THREE_LETTER:
        return upper
    if upper in ONE_LETTER:
        return ONE_LETTER[upper]
    raise ToolRetry(f"{text!r} is not one of the 20 amino acids, such as R or Arg.")


@lru_cache(maxsize=1)
def blosum62() -> dict[tuple[str, str], float]:
    """BLOSUM62 (Henikoff and Henikoff 1992, doi 10.1073/pnas.89.22.10915), as Biopython carries it."""
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    return {(a, b): float(matrix[a][b]) for a in ORDER for b in ORDER}
