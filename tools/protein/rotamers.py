"""Steric fit of a side chain: ideal geometry put on the backbone, turned through staggered rotamers.

The backbone and all neighbours stay where they are, so a clash says that something would have to move, not that
the protein cannot fold.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tools.protein.residues import RADIUS_A

# Heavy atoms clash when they overlap by 0.4 Å or more (Word et al. 1999, doi 10.1006/jmbi.1998.2401); a nitrogen or
# oxygen may come as near to another as a short hydrogen bond.
CLASH_OVERLAP_A = 0.4
SHORTEST_POLAR_A = 2.5
CONTACT_A = 4.5
POLAR_CONTACT_A = 3.5

# Side-chain bonds that turn, outermost last; ideal torsions are staggered unless the outer atom is planar.
_TURNS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "C": (("N", "CA", "CB", "SG"),),
    "D": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "OD1")),
    "E": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD"), ("CB", "CG", "CD", "OE1")),
    "F": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD1")),
    "H": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "ND1")),
    "I": (("N", "CA", "CB", "CG1"), ("CA", "CB", "CG1", "CD1")),
    "K": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD"), ("CB", "CG", "CD", "CE"), ("CG", "CD", "CE", "NZ")),
    "L": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD1")),
    "M": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "SD"), ("CB", "CG", "SD", "CE")),
    "N": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "OD1")),
    "Q": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD"), ("CB", "CG", "CD", "OE1")),
    "R": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD"), ("CB", "CG", "CD", "NE"), ("CG", "CD", "NE", "CZ")),
    "S": (("N", "CA", "CB", "OG"),),
    "T": (("N", "CA", "CB", "OG1"),),
    "V": (("N", "CA", "CB", "CG1"),),
    "W": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD1")),
    "Y": (("N", "CA", "CB", "CG"), ("CA", "CB", "CG", "CD1")),
}
_STAGGERED_DEG = (-60.0, 60.0, 180.0)
_PLANAR_DEG = (-90.0, -30.0, 30.0, 90.0, 150.0, -150.0)
_PLANAR_ENDS = frozenset((("D", 1), ("N", 1), ("F", 1), ("Y", 1), ("W", 1), ("H", 1), ("E", 2), ("Q", 2)))
_WOBBLE_DEG = (-15.0, 0.0, 15.0)


@dataclass(frozen=True)
class Surroundings:
    """The atoms that a new side chain may touch: positions (n, 3) in Å, radii (n,) in Å, and which are N or O or S."""

    positions: NDArray[np.float64]
    radii: NDArray[np.float64]
    polar: NDArray[np.bool_]
    sulphur: NDArray[np.bool_]


@dataclass(frozen=True)
class Fit:
    """The best rotamer of a side chain.

    Attributes:
        clashes: clashing pairs of heavy atoms.
        overlap_a: sum of the overlap beyond what is allowed, Å.
        contacts: pairs of heavy atoms within 4.5 Å.
        carbon_contacts: those between two carbons.
        polar_contacts: pairs of nitrogen, oxygen or sulphur within 3.5 Å.
        positions: atom name -> position, Å.
    """

    clashes: int = 0
    overlap_a: float = 0.0
    contacts: int = 0
    carbon_contacts: int = 0
    polar_contacts: int = 0
    positions: dict[str, NDArray[np.float64]] = field(default_factory=dict)


def best_fit(letter: str, backbone: NDArray[np.float64], around: Surroundings) -> Fit:
    """Put `letter` on the backbone (N, CA, C; shape (3, 3), Å) and return its rotamer with the least overlap."""
    names, elements, shapes = _rotamers(letter)
    if not names:
        return Fit()
    rotation, shift = _superpose(_template(letter)[1], backbone)
    placed = shapes @ rotation.T + shift
    if len(around.positions) == 0:
        return Fit(positions=dict(zip(names, placed[0], strict=True)))
    distance = np.linalg.norm(placed[:, :, None, :] - around.positions[None, None], axis=3)
    radii = np.array([RADIUS_A.get(e, RADIUS_A["C"]) for e in elements])
    polar = np.array([e in ("N", "O", "S") for e in elements])
    sulphur = np.array([e == "S" for e in elements])
    limit = radii[:, None] + around.radii[None] - CLASH_OVERLAP_A
    limit = np.where(polar[:, None] & around.polar[None], np.minimum(limit, SHORTEST_POLAR_A), limit)
    limit = np.where(sulphur[:, None] & around.sulphur[None], 1.9, limit)  # a disulphide bond is 2.05 Å
    excess = np.maximum(limit[None] - distance, 0.0)
    near = distance < CONTACT_A
    bond = (distance < POLAR_CONTACT_A) & polar[:, None] & around.polar[None]
    cost = (excess**2).sum(axis=(1, 2)) - 1e-3 * near.sum(axis=(1, 2)) - 1e-2 * bond.sum(axis=(1, 2))
    best = int(np.argmin(cost))
    carbon = ~polar[:, None] & ~around.polar[None]
    return Fit(
        clashes=int((excess[best] > 0).sum()),
        overlap_a=float(excess[best].sum()),
        contacts=int(near[best].sum()),
        carbon_contacts=int((near[best] & carbon).sum()),
        polar_contacts=int(bond[best].sum()),
        positions=dict(zip(names, placed[best], strict=True)),
    )


@lru_cache(maxsize=32)
def _template(letter: str) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Ideal positions of one residue's heavy atoms, and of its N, CA and C, from Biopython's standard geometry."""
    import warnings

    from Bio.PDB.PICIO import read_PIC_seq
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        structure = read_PIC_seq(SeqRecord(Seq(f"A{letter}A"), id="X"))
        structure.internal_to_atom_coordinates()
    middle = list(structure.get_residues())[1]
    atoms = {a.get_name(): np.asarray(a.get_coord(), dtype=np.float64) for a in middle if a.element != "H"}
    return atoms, np.array([atoms["N"], atoms["CA"], atoms["C"]])


@lru_cache(maxsize=32)
def _rotamers(letter: str) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float64]]:
    """Names, elements and positions (rotamers, atoms, 3) of the side chain in the template's frame."""
    atoms, _ = _template(letter)
    names = tuple(name for name in atoms if name not in ("N", "CA", "C", "O"))
    turns = _TURNS.get(letter, ())
    grids: list[tuple[float, ...]] = []
    for k in range(len(turns)):
        grid: tuple[float, ...] = _PLANAR_DEG if (letter, k) in _PLANAR_ENDS else _STAGGERED_DEG
        if k == 0 and len(turns) <= 2:
            grid = tuple(angle + wobble for angle in grid for wobble in _WOBBLE_DEG)
        grids.append(grid)
    shapes = []
    for angles in itertools.product(*grids):
        shape = dict(atoms)
        for turn, angle in zip(turns, angles, strict=True):
            _turn(shape, turn, angle)
        shapes.append([shape[name] for name in names])
    stacked = np.array(shapes, dtype=np.float64).reshape(len(shapes), len(names), 3)
    return names, tuple(name[0] for name in names), stacked


def _turn(shape: dict[str, NDArray[np.float64]], turn: tuple[str, str, str, str], angle_deg: float) -> None:
    """Set one torsion of `shape` in place."""
    a, b, c, d = (shape[name] for name in turn)
    moving = _beyond(shape, turn[1], turn[2])
    step = np.deg2rad(angle_deg) - dihedral_rad(a, b, c, d)
    axis = (c - b) / np.linalg.norm(c - b)
    for name in moving:
        v = shape[name] - c
        shape[name] = c + (
            v * np.cos(step) + np.cross(axis, v) * np.sin(step) + axis * np.dot(axis, v) * (1 - np.cos(step))
        )


def _beyond(shape: dict[str, NDArray[np.float64]], before: str, start: str) -> set[str]:
    """Atoms bound, directly or not, to `start` and not through `before`."""
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for name, position in shape.items():
            bound = np.linalg.norm(position - shape[here]) < 1.95
            if bound and name not in found and name != before:
                found.add(name)
                todo.append(name)
    return found - {start}


def dihedral_rad(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> float:
    """Torsion angle of four points, radians, IUPAC sign."""
    along = (c - b) / np.linalg.norm(c - b)
    first, second = a - b, d - c
    v = first - np.dot(first, along) * along
    w = second - np.dot(second, along) * along
    return float(np.arctan2(np.dot(np.cross(along, v), w), np.dot(v, w)))


def _superpose(
    moving: NDArray[np.float64], fixed: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation and shift that put `moving` on `fixed` with least squares (Kabsch 1976)."""
    centre_m, centre_f = moving.mean(axis=0), fixed.mean(axis=0)
    u, _, vt = np.linalg.svd((moving - centre_m).T @ (fixed - centre_f))
    sign = np.sign(np.linalg.det(vt.T @ u.T))
    rotation = vt.T @ np.diag([1.0, 1.0, sign]) @ u.T
    return rotation, centre_f - rotation @ centre_m
