"""What the protein tool reports."""

from __future__ import annotations

from typing import Literal

from tools.evidence import Record


class Touching(Record):
    """A residue or group with a heavy atom within 4.5 Å."""

    name: str
    chain: str
    residue: str
    kind: Literal["amino_acid", "nucleic_acid", "ligand", "metal"]
    distance_angstrom: float


class Nearest(Record):
    """The nearest metal, ligand, nucleic acid or other protein chain."""

    kind: Literal["metal", "ligand", "nucleic_acid", "chain"]
    what: str
    distance_angstrom: float


class SiteReport(Record):
    """One mutation in a structure. Sign of the stability change: positive destabilises.

    Attributes:
        exposure_percent: relative solvent accessibility in the structure as it is (Tien 2013 maxima).
        exposure_alone_percent: the same with the chain alone.
        secondary: DSSP class of the residue.
        contacts: residues and groups within 4.5 Å, the two neighbours in sequence left out.
        clashes: clashing heavy-atom pairs of the new side chain in its best rotamer, nothing else moved.
        clashes_before: the same for the old side chain rebuilt in the same way, for comparison.
        agreement: how many residues that ClinVar names for the gene the chain shares, of how many compared.
    """

    structure: str
    chain: str
    residue: str
    old: str
    new: str
    gene: str | None = None
    agreement: tuple[int, int] | None = None
    exposure_percent: float
    exposure_alone_percent: float
    accessible_area_angstrom2: float
    secondary: Literal["helix", "strand", "other"]
    touching: tuple[Touching, ...]
    contacts: int
    nearest: tuple[Nearest, ...]
    disulphide: bool
    clashes: int
    clashes_before: int
    ddg_kcal_per_mol: float
    ddg_low_kcal_per_mol: float
    ddg_high_kcal_per_mol: float
    picture: str | None = None

    @property
    def mutation(self) -> str:
        """Such as `A:R175H`."""
        return f"{self.chain}:{self.old}{self.residue}{self.new}"

    def near(self, kind: str) -> Nearest | None:
        """The nearest group of that kind, if the structure has one."""
        return next((item for item in self.nearest if item.kind == kind), None)


class SequenceReport(Record):
    """What the sequence alone says of a mutation (Biopython ProtParam). Weaker than a structure."""

    residue: int
    old: str
    new: str
    length: int
    blosum62: int
    hydropathy_change: float
    volume_change_angstrom3: float
    charge_change: int
    mass_change_da: float
    isoelectric_point: tuple[float, float]
    gravy: tuple[float, float]
    instability_index: tuple[float, float]
    window_hydropathy: tuple[float, float]
    window_flexibility: tuple[float, float] | None
