"""What surrounds one residue of a structure: surface, angles, neighbours, distances, room for side chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tools.protein.reading import Residue, Structure
from tools.protein.residues import CHARGE, MAX_AREA_A2, METALS, RADIUS_A
from tools.protein.rotamers import CONTACT_A, Fit, Surroundings, best_fit, dihedral_rad
from tools.protein.secondary import secondary_structure

PROBE_A = 1.4
_SPHERE_POINTS = 200
_REACH_A = 14.0
_CHARGED_ATOMS = frozenset(("OD1", "OD2", "OE1", "OE2", "NZ", "NE", "NH1", "NH2"))


@dataclass(frozen=True)
class Neighbour:
    """A residue or group with a heavy atom within 4.5 Å, and the shortest distance in Å."""

    chain: str
    label: str
    name: str
    letter: str
    kind: str
    distance_a: float
    other_chain: bool


@dataclass(frozen=True)
class Site:
    """One residue in its surroundings.

    Attributes:
        area_a2: solvent-accessible area in the structure as it is, Å².
        area_alone_a2: the same with the residue's own chain alone.
        secondary: DSSP letter (see `secondary.py`).
        phi_rad, psi_rad: backbone torsions, None at ends and gaps.
        beta_counts: beta carbons within 6, 8, 10, 12 and 14 Å of this one, in the same chain.
        side_counts: beta carbons within 13 Å on the side-chain side and on the other side (after the
            half-sphere exposure of Hamelryck 2005, doi 10.1002/prot.20379).
        sphere: letters of the residues of the same chain with beta carbons within 8 Å, and their distances (Å).
        flanks: letters of the two residues before and after in the chain (`-` where there is none).
        from_end: residues to the nearer end of the chain.
        b_score: B factor as standard deviations from its chain's mean.
        side_bonds: polar atoms within 3.5 Å of polar side-chain atoms, and those of opposite charge within 4 Å.
        distances_a: shortest distance to a metal, ligand, nucleic acid and other protein chain; absent if none.
    """

    residue: Residue
    area_a2: float
    area_alone_a2: float
    secondary: str
    phi_rad: float | None
    psi_rad: float | None
    neighbours: tuple[Neighbour, ...]
    beta_counts: tuple[int, ...]
    side_counts: tuple[int, int]
    sphere: tuple[tuple[str, float], ...]
    flanks: str
    secondary_flanks: str
    from_end: int
    b_score: float
    disulphide: bool
    side_bonds: tuple[int, int]
    distances_a: dict[str, tuple[float, str]] = field(default_factory=dict)

    @property
    def exposure(self) -> float | None:
        """Relative solvent accessibility, 0 to about 1 (None for an unknown residue)."""
        largest = MAX_AREA_A2.get(self.residue.letter)
        return None if largest is None else self.area_a2 / largest

    @property
    def exposure_alone(self) -> float | None:
        """The same with the chain alone."""
        largest = MAX_AREA_A2.get(self.residue.letter)
        return None if largest is None else self.area_alone_a2 / largest


class SiteFinder:
    """Answers about the residues of one structure; the secondary structure is worked out once."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.secondary = secondary_structure(structure.residues)
        self._everything = [*structure.residues, *structure.others]
        self._atoms = np.concatenate([r.positions() for r in self._everything])
        self._owner = np.repeat(np.arange(len(self._everything)), [len(r.atoms) for r in self._everything])
        self._elements = np.array([e for r in self._everything for e in r.elements.values()])
        self._names = np.array([n for r in self._everything for n in r.atoms])
        self._radii = np.array([RADIUS_A.get(e, RADIUS_A["C"]) for e in self._elements])
        self._chain = np.array([r.chain for r in self._everything])
        self._is_residue = np.array([r.kind == "amino_acid" for r in self._everything])
        self._beta = np.array([beta_position(r) for r in structure.residues])

    def index(self, chain: str, label: str) -> int | None:
        """Position of a residue in `structure.residues`, by author chain and number with insertion code."""
        for i, residue in enumerate(self.structure.residues):
            if residue.chain == chain and residue.label == label:
                return i
        return None

    def site(self, index: int) -> Site:
        """Everything about one residue (`index` into `structure.residues`)."""
        residues = self.structure.residues
        here = residues[index]
        own = here.positions()
        near = np.flatnonzero(np.linalg.norm(self._atoms - own.mean(axis=0), axis=1) < _REACH_A + 8.0)
        gap = np.linalg.norm(self._atoms[near][:, None] - own[None], axis=2).min(axis=1)
        same_chain = self._is_residue[self._owner] & (self._chain[self._owner] == here.chain)
        reach = near[gap < 7.0]
        beta_counts, side_counts, sphere = self._density(index)
        return Site(
            residue=here,
            area_a2=self._area(index, reach),
            area_alone_a2=self._area(index, reach[same_chain[reach]]),
            secondary=self.secondary[index],
            phi_rad=self._torsion(index, -1),
            psi_rad=self._torsion(index, 1),
            neighbours=self._neighbours(index, near, gap),
            beta_counts=beta_counts,
            side_counts=side_counts,
            sphere=sphere,
            flanks="".join(self._flank(index, step, "letter") for step in (-2, -1, 1, 2)),
            secondary_flanks="".join(self._flank(index, step, "secondary") for step in (-2, -1, 1, 2)),
            from_end=self._from_end(index),
            b_score=self._b_score(index),
            disulphide=self._disulphide(index, near),
            side_bonds=self._side_bonds(index, near),
            distances_a=self._distances(index),
        )

    def fit(self, index: int, letter: str) -> Fit:
        """The best rotamer of `letter` at this place, beside everything that stands there now."""
        here = self.structure.residues[index]
        backbone = np.array([here.atoms[name] for name in ("N", "CA", "C")])
        return best_fit(letter, backbone, self._around(index))

    @lru_cache(maxsize=4)  # noqa: B019 - a finder lives as long as one question
    def _around(self, index: int) -> Surroundings:
        here = self.structure.residues[index]
        distance = np.linalg.norm(self._atoms - here.atoms["CA"], axis=1)
        keep = (distance < _REACH_A) & (self._owner != index) & ~np.isin(self._elements, list(METALS))
        bonded = ((-1, ("C", "O", "CA")), (1, ("N", "CA")))
        for step, names in bonded:
            other = self._next(index, step)
            if other is not None:
                keep &= ~((self._owner == other) & np.isin(self._names, names))
        elements = self._elements[keep]
        polar = np.isin(elements, ("N", "O", "S"))
        return Surroundings(self._atoms[keep], self._radii[keep], polar, elements == "S")

    def _next(self, index: int, step: int) -> int | None:
        """The residue bound to this one, `step` (-1 or 1) away; None at an end or a gap."""
        residues = self.structure.residues
        other = index + step
        if not 0 <= other < len(residues) or residues[other].chain != residues[index].chain:
            return None
        first, second = (residues[other], residues[index]) if step < 0 else (residues[index], residues[other])
        return other if np.linalg.norm(first.atoms["C"] - second.atoms["N"]) < 2.5 else None

    def _flank(self, index: int, step: int, what: str) -> str:
        here: int | None = index
        for _ in range(abs(step)):
            here = None if here is None else self._next(here, 1 if step > 0 else -1)
        if here is None:
            return " "
        return self.structure.residues[here].letter if what == "letter" else self.secondary[here]

    def _torsion(self, index: int, step: int) -> float | None:
        other = self._next(index, step)
        if other is None:
            return None
        here, there = self.structure.residues[index].atoms, self.structure.residues[other].atoms
        core = (here["N"], here["CA"], here["C"])
        return dihedral_rad(there["C"], *core) if step < 0 else dihedral_rad(*core, there["N"])

    def _area(self, index: int, near: NDArray[np.int64]) -> float:
        """Solvent-accessible area of one residue, Å² (Shrake and Rupley 1973, probe 1.4 Å, 200 points an atom)."""
        own = np.flatnonzero(self._owner == index)
        total = 0.0
        for atom in own:
            radius = self._radii[atom] + PROBE_A
            points = self._atoms[atom] + radius * _sphere()
            others = near[near != atom]
            reach = self._radii[others] + PROBE_A
            close = np.linalg.norm(self._atoms[others] - self._atoms[atom], axis=1) < radius + reach
            others, reach = others[close], reach[close]
            buried = (np.linalg.norm(points[:, None] - self._atoms[others][None], axis=2) < reach[None]).any(axis=1)
            total += 4 * np.pi * radius**2 * float(1 - buried.mean())
        return total

    def _neighbours(self, index: int, near: NDArray[np.int64], gap: NDArray[np.float64]) -> tuple[Neighbour, ...]:
        here = self.structure.residues[index]
        shortest: dict[int, float] = {}
        for atom, distance in zip(near, gap, strict=True):
            owner = int(self._owner[atom])
            if distance <= CONTACT_A and owner != index:
                shortest[owner] = min(float(distance), shortest.get(owner, np.inf))
        found = []
        for owner, distance in sorted(shortest.items(), key=lambda pair: pair[1]):
            item = self._everything[owner]
            found.append(
                Neighbour(item.chain, item.label, item.name, item.letter, item.kind, distance, item.chain != here.chain)
            )
        return tuple(found)

    def _density(self, index: int) -> tuple[tuple[int, ...], tuple[int, int], tuple[tuple[str, float], ...]]:
        """`beta_counts`, `side_counts` and `sphere` of a `Site`."""
        residues = self.structure.residues
        here = residues[index]
        same = np.array([r.chain == here.chain for r in residues])
        same[index] = False
        vector = self._beta - self._beta[index]
        distance = np.linalg.norm(vector, axis=1)
        direction = self._beta[index] - here.atoms["CA"]
        ahead = (vector @ direction) > 0
        close = same & (distance < 13.0)
        eight = np.flatnonzero(same & (distance < 8.0))
        counts = tuple(int((same & (distance < limit)).sum()) for limit in (6.0, 8.0, 10.0, 12.0, 14.0))
        sides = int((close & ahead).sum()), int((close & ~ahead).sum())
        return counts, sides, tuple((residues[k].letter, float(distance[k])) for k in eight.tolist())

    def _from_end(self, index: int) -> int:
        chain = self.structure.residues[index].chain
        members = [i for i, r in enumerate(self.structure.residues) if r.chain == chain]
        return min(index - members[0], members[-1] - index)

    def _b_score(self, index: int) -> float:
        here = self.structure.residues[index]
        values = np.array([r.b_factor for r in self.structure.residues if r.chain == here.chain])
        spread = float(values.std())
        return float((here.b_factor - values.mean()) / spread) if spread > 1e-6 else 0.0

    def _disulphide(self, index: int, near: NDArray[np.int64]) -> bool:
        here = self.structure.residues[index]
        if here.letter != "C" or "SG" not in here.atoms:
            return False
        others = near[(self._names[near] == "SG") & (self._owner[near] != index)]
        return bool((np.linalg.norm(self._atoms[others] - here.atoms["SG"], axis=1) < 2.5).any())

    def _side_bonds(self, index: int, near: NDArray[np.int64]) -> tuple[int, int]:
        here = self.structure.residues[index]
        ends = [p for n, p in here.atoms.items() if here.elements[n] in ("N", "O", "S") and n not in ("N", "O", "OXT")]
        others = near[(self._owner[near] != index) & np.isin(self._elements[near], ("N", "O", "S"))]
        if not ends or not len(others):
            return 0, 0
        distance = np.linalg.norm(self._atoms[others][:, None] - np.array(ends)[None], axis=2).min(axis=1)
        bonds = int((distance < 3.5).sum())
        charge = CHARGE.get(here.letter, 0)
        salt = {
            int(self._owner[atom])
            for atom, d in zip(others, distance, strict=True)
            if charge
            and d < 4.0
            and self._names[atom] in _CHARGED_ATOMS
            and CHARGE.get(self._everything[int(self._owner[atom])].letter, 0) == -charge
        }
        return bonds, len(salt)

    def _distances(self, index: int) -> dict[str, tuple[float, str]]:
        here = self.structure.residues[index]
        own = here.positions()
        best: dict[str, tuple[float, str]] = {}
        distance = np.full(len(self._atoms), np.inf)
        for position in own:
            np.minimum(distance, np.linalg.norm(self._atoms - position, axis=1), out=distance)
        kinds = np.array(
            ["chain" if r.kind == "amino_acid" and r.chain != here.chain else r.kind for r in self._everything]
        )
        for kind in ("metal", "ligand", "nucleic_acid", "chain"):
            atoms = np.flatnonzero(kinds[self._owner] == kind)
            if len(atoms):
                nearest = atoms[np.argmin(distance[atoms])]
                item = self._everything[int(self._owner[nearest])]
                best[kind] = (float(distance[nearest]), f"{item.name} {item.chain}{item.label}")
        return best


def beta_position(residue: Residue) -> NDArray[np.float64]:
    """The beta carbon, or where it would be (glycine; Kabsch-style ideal geometry from N, CA and C)."""
    if "CB" in residue.atoms:
        return residue.atoms["CB"]
    b = residue.atoms["CA"] - residue.atoms["N"]
    c = residue.atoms["C"] - residue.atoms["CA"]
    a = np.cross(b, c)
    return np.asarray(-0.58273431 * a + 0.56802827 * b - 0.54067466 * c + residue.atoms["CA"])


@lru_cache(maxsize=1)
def _sphere() -> NDArray[np.float64]:
    """Points spread evenly over the unit sphere (golden spiral)."""
    k = np.arange(_SPHERE_POINTS) + 0.5
    polar = np.arccos(1 - 2 * k / _SPHERE_POINTS)
    turn = np.pi * (1 + 5**0.5) * k
    return np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)


def letters(residues: Sequence[Residue]) -> str:
    """The sequence of residues as one-letter codes."""
    return "".join(residue.letter for residue in residues)
