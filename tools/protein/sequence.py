"""What a sequence alone says of a mutation (Biopython's ProtParam). Weaker than a structure."""

from __future__ import annotations

import re

from knowledge.errors import ToolRetry
from tools.protein.model import SequenceReport
from tools.protein.mutation import Mutation
from tools.protein.residues import CHARGE, HYDROPATHY, ORDER, VOLUME_A3, blosum62

MOST_RESIDUES = 40_000
_WINDOW = 9


def read_sequence(text: str) -> str:
    """A protein sequence from plain letters or one FASTA record. Raises `ToolRetry` naming the letter at fault."""
    lines = text.strip().splitlines()
    if sum(line.startswith(">") for line in lines) > 1:
        raise ToolRetry("The FASTA text has several records; give one.")
    sequence = re.sub(r"[\s*]", "", "".join(line for line in lines if not line.startswith(">"))).upper()
    if not sequence:
        raise ToolRetry("The sequence is empty; give a protein in one-letter code.")
    if len(sequence) > MOST_RESIDUES:
        raise ToolRetry(f"The sequence has {len(sequence)} residues; at most {MOST_RESIDUES} are read.")
    for place, letter in enumerate(sequence, 1):
        if letter not in ORDER:
            raise ToolRetry(f"Residue {place} of the sequence is {letter!r}; accepted: the 20 letters {ORDER}.")
    if len(sequence) > 30 and set(sequence) <= set("ACGT"):
        raise ToolRetry("The sequence looks like DNA; give the protein sequence.")
    return sequence


def sequence_report(sequence: str, mutation: Mutation) -> SequenceReport:
    """Properties before and after a mutation, numbered from 1.

    Raises:
        ToolRetry: the residue is beyond the sequence or is another one.
    """
    from Bio.SeqUtils.ProtParam import ProteinAnalysis

    number = mutation.number
    if mutation.insertion or not 1 <= number <= len(sequence):
        raise ToolRetry(f"The sequence has no residue {mutation.label}; it runs from 1 to {len(sequence)}.")
    found = sequence[number - 1]
    if found != mutation.old:
        raise ToolRetry(f"Residue {number} of the sequence is {found}, not {mutation.old}.")
    changed = sequence[: number - 1] + mutation.new + sequence[number:]
    before, after = ProteinAnalysis(sequence), ProteinAnalysis(changed)
    old, new = mutation.old, mutation.new
    return SequenceReport(
        residue=number,
        old=old,
        new=new,
        length=len(sequence),
        blosum62=int(blosum62()[old, new]),
        hydropathy_change=round(HYDROPATHY[new] - HYDROPATHY[old], 1),
        volume_change_angstrom3=round(VOLUME_A3[new] - VOLUME_A3[old], 1),
        charge_change=CHARGE.get(new, 0) - CHARGE.get(old, 0),
        mass_change_da=round(after.molecular_weight() - before.molecular_weight(), 2),
        isoelectric_point=(round(before.isoelectric_point(), 2), round(after.isoelectric_point(), 2)),
        gravy=(round(before.gravy(), 3), round(after.gravy(), 3)),
        instability_index=(round(_instability(sequence), 1), round(_instability(changed), 1)),
        window_hydropathy=(round(_window(sequence, number), 2), round(_window(changed, number), 2)),
        window_flexibility=_flexibility(sequence, changed, number),
    )


def _instability(sequence: str) -> float:
    from Bio.SeqUtils.ProtParam import ProteinAnalysis

    return float(ProteinAnalysis(sequence).instability_index()) if len(sequence) > 1 else 0.0


def _window(sequence: str, number: int) -> float:
    """Mean Kyte-Doolittle hydropathy of the nine residues around a place."""
    part = sequence[max(0, number - 1 - _WINDOW // 2) : number + _WINDOW // 2]
    return sum(HYDROPATHY[letter] for letter in part) / len(part)


def _flexibility(sequence: str, changed: str, number: int) -> tuple[float, float] | None:
    """Flexibility (Vihinen 1994) of the nine-residue window centred on the place; None within four of an end."""
    from Bio.SeqUtils.ProtParam import ProteinAnalysis

    first = number - 1 - 4
    if first < 0 or first + _WINDOW >= len(sequence):
        return None
    before, after = (ProteinAnalysis(s).flexibility()[first] for s in (sequence, changed))
    return round(float(before), 3), round(float(after), 3)
