"""Reading a structure file (PDB or mmCIF, plain or gzip) into plain arrays. Runs in the limited child process."""

from __future__ import annotations

import gzip
import warnings
import zlib
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput
from tools.protein.residues import METALS, ONE_LETTER

MOST_BYTES = 256 * 1024 * 1024
MOST_ATOMS = 200_000
_ACCEPTED = "a protein structure in PDB or mmCIF format, plain or compressed by gzip"
_BACKBONE = frozenset(("N", "CA", "C"))
_WATER = frozenset(("HOH", "WAT", "DOD", "H2O"))


@dataclass
class Residue:
    """One amino-acid residue in author numbering.

    Attributes:
        letter: one-letter code; a modified residue has its parent's letter; X when unknown.
        atoms: name -> position, Å. Hydrogens are left out; of alternate locations the best occupied one is kept.
        elements: name -> element symbol.
        b_factor: mean B factor of its atoms, Å².
        alternates: whether any atom has alternate locations.
    """

    chain: str
    number: int
    insertion: str
    name: str
    letter: str
    atoms: dict[str, NDArray[np.float64]]
    elements: dict[str, str]
    b_factor: float
    alternates: bool = False
    kind: str = "amino_acid"

    @property
    def label(self) -> str:
        """Author number with insertion code, such as `175` or `52A`."""
        return f"{self.number}{self.insertion}"

    def positions(self) -> NDArray[np.float64]:
        """Positions of all atoms, Å, shape (atoms, 3)."""
        return np.array(list(self.atoms.values()), dtype=np.float64).reshape(-1, 3)


@dataclass
class Structure:
    """The first model of a structure file.

    Attributes:
        residues: amino acids, in file order.
        others: nucleotides, ligands and metals (`kind`), without water.
        resolution_a: resolution in Å, where the file gives it.
    """

    residues: list[Residue]
    others: list[Residue]
    title: str = ""
    method: str = ""
    resolution_a: float | None = None
    models: int = 1
    notes: list[str] = field(default_factory=list)

    def chains(self) -> list[str]:
        """Names of the chains that hold amino acids, in file order."""
        return list(dict.fromkeys(residue.chain for residue in self.residues))

    def chain(self, name: str) -> list[Residue]:
        """The amino acids of one chain, in file order."""
        return [residue for residue in self.residues if residue.chain == name]


def read_structure(path: Path, file: str) -> Structure:
    """Read the first model of a structure file.

    Args:
        file: its name as the user knows it, for errors.

    Raises:
        BadInput: not a structure, damaged, too large, or without a protein.
    """
    text = structure_text(path, file)
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    is_cif = first.lower().startswith("data_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = _parse_cif(text, file) if is_cif else _parse_pdb(text, file)
    models = len(parsed)
    if models == 0:
        raise BadInput(file, "the whole file", "it holds no atoms", _ACCEPTED)
    header = getattr(parsed, "header", None) or {}
    residues, others = _split(next(iter(parsed)))
    if not residues:
        raise BadInput(file, "the whole file", "it holds no amino acid with a backbone (N, CA, C)", _ACCEPTED)
    resolution = header.get("resolution")
    return Structure(
        residues=residues, others=others, title=str(header.get("name") or "")[:200],
        method=str(header.get("structure_method") or "")[:80],
        resolution_a=float(resolution) if isinstance(resolution, int | float) and 0 < resolution < 100 else None,
        models=models,
    )  # fmt: skip


def structure_text(path: Path, file: str) -> str:
    """The text of a structure file, unpacked. Raises `BadInput`: damaged, binary, empty or too large."""
    try:
        with open(path, "rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        if packed:
            with gzip.open(path, "rb") as stream:
                data = stream.read(MOST_BYTES + 1)
        else:
            with open(path, "rb") as stream:
                data = stream.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise BadInput(file, "the whole file", "its gzip compression is damaged", _ACCEPTED) from None
    except OSError:
        raise BadInput(file, "the path", "it cannot be read", "a readable file") from None
    if len(data) > MOST_BYTES:
        problem = f"it holds more than {MOST_BYTES // 2**20} MiB"
        raise BadInput(file, "the whole file", problem, "a smaller file, such as one chain of the structure")
    if not data.strip():
        raise BadInput(file, "the whole file", "it is empty", _ACCEPTED)
    if b"\x00" in data:
        raise BadInput(file, "the whole file", "it is binary", _ACCEPTED)
    return data.decode("utf-8", "replace")


def _parse_pdb(text: str, file: str) -> Any:
    from Bio.PDB.PDBParser import PDBParser

    atoms = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("ATOM  ", "HETATM")):
            atoms += 1
            _check_atom_line(line, number, file)
    if not atoms:
        raise BadInput(file, "the whole file", "it has no ATOM records", _ACCEPTED)
    _check_count(atoms, file)
    try:
        return PDBParser(PERMISSIVE=True, QUIET=True).get_structure("case", StringIO(text))
    except MemoryError:
        raise
    except Exception as error:
        raise BadInput(file, "the whole file", f"its records do not fit together ({type(error).__name__})",
                       _ACCEPTED) from None  # fmt: skip


def _check_count(atoms: int, file: str) -> None:
    if atoms > MOST_ATOMS:
        problem = f"it has {atoms:,} atoms, and at most {MOST_ATOMS:,} are read"
        raise BadInput(file, "the whole file", problem, "a smaller file, such as one chain or one model")


def _check_atom_line(line: str, number: int, file: str) -> None:
    """Coordinates and residue number of an atom record, by the columns of PDB format 3.3."""
    fields = (("x", 30, 38), ("y", 38, 46), ("z", 46, 54))
    for name, start, end in fields:
        try:
            value = float(line[start:end])
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e5:
            raise BadInput(
                file, f"line {number}", f"the {name} coordinate is not a number", f"Å in columns {start + 1}-{end}"
            )
    try:
        int(line[22:26])
    except ValueError:
        problem = "the residue number is not a whole number"
        raise BadInput(file, f"line {number}", problem, "a number in columns 23-26") from None


def _parse_cif(text: str, file: str) -> Any:
    from Bio.PDB.MMCIFParser import MMCIFParser

    parser = MMCIFParser(QUIET=True)
    try:
        structure = parser.get_structure("case", StringIO(text))
    except KeyError as error:
        raise BadInput(file, "the atom_site table", f"it has no column {error}", _ACCEPTED) from None
    except MemoryError:
        raise
    except Exception as error:
        raise BadInput(file, "the atom_site table", f"it cannot be read ({type(error).__name__})", _ACCEPTED) from None
    _check_count(sum(1 for _ in structure.get_atoms()), file)
    return structure


def _split(model: Any) -> tuple[list[Residue], list[Residue]]:
    """Amino acids and everything else but water; a modified amino acid inside a chain counts as an amino acid."""
    from Bio.Data.PDBData import protein_letters_3to1_extended

    residues: list[Residue] = []
    others: list[Residue] = []
    for chain in model:
        for item in chain:
            name = item.get_resname().strip().upper()
            if name in _WATER:
                continue
            made = _residue(item, chain.id, name)
            if not made.atoms:
                continue
            parent = ONE_LETTER.get(name) or protein_letters_3to1_extended.get(name, "X")
            if name in ONE_LETTER or set(made.atoms) >= _BACKBONE:
                made.letter = parent if parent in ONE_LETTER.values() else "X"
                if set(made.atoms) >= _BACKBONE:
                    residues.append(made)
                continue
            made.kind = _kind(made)
            others.append(made)
    return residues, others


def _residue(item: Any, chain: str, name: str) -> Residue:
    atoms: dict[str, NDArray[np.float64]] = {}
    elements: dict[str, str] = {}
    factors: list[float] = []
    alternates = item.is_disordered() > 0
    if item.is_disordered() == 2:  # several residue types at one place: the one that is best occupied
        item = max(item.child_dict.values(), key=lambda child: max((a.get_occupancy() or 0.0) for a in child))
        name = item.get_resname().strip().upper()
    for atom in item:
        element = (atom.element or "").upper()
        position = np.asarray(atom.get_coord(), dtype=np.float64)
        if element in ("H", "D") or not np.isfinite(position).all():
            continue
        atoms[atom.get_name()] = position
        elements[atom.get_name()] = element
        factors.append(float(atom.get_bfactor() or 0.0))
    _, number, insertion = item.get_id()
    return Residue(
        chain=chain, number=int(number), insertion=insertion.strip(), name=name, letter="X", atoms=atoms,
        elements=elements, b_factor=float(np.mean(factors)) if factors else 0.0, alternates=alternates,
    )  # fmt: skip


def _kind(item: Residue) -> str:
    if len(item.atoms) == 1 and next(iter(item.elements.values())) in METALS:
        return "metal"
    if {"C1'", "C3'", "O3'"} <= set(item.atoms) or {"C1*", "C3*", "O3*"} <= set(item.atoms):
        return "nucleic_acid"
    return "ligand"
