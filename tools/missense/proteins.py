"""The local protein table: sequences by accession and by gene, and proteins that a user brings as FASTA."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from knowledge.errors import BadInput, ToolRetry
from knowledge.tables.build_proteins import read_rows
from knowledge.tables.store import Release, open_read_only, read_release, require_table


@dataclass(frozen=True)
class Protein:
    """A sequence with its accession and gene (empty where not known)."""

    accession: str
    gene: str
    sequence: str

    def residue(self, place: int) -> str | None:
        """The letter at a 1-based place, or None beyond the ends."""
        return self.sequence[place - 1] if 1 <= place <= len(self.sequence) else None


class ProteinTable:
    """Proteins of a table that `consilium knowledge import proteins` wrote.

    Args:
        path: the table.
        refseq: RefSeq's proteins only (True), the others only (False), or all (None). The networks were trained on
            RefSeq's.
    """

    def __init__(self, path: Path, refseq: bool | None = None) -> None:
        self.release: Release = read_release(path)
        self._connection = open_read_only(path)
        self._kept = {None: "1 = 1", True: "accession GLOB '[NX]P_*'", False: "accession NOT GLOB '[NX]P_*'"}[refseq]

    def by_accession(self, accession: str) -> Protein:
        """One protein; a version is not needed. Raises `ToolRetry` where there is none."""
        rows = self._rows("accession = ? OR accession LIKE ? || '.%'", (accession, accession))
        if not rows:
            raise ToolRetry(f"{self.release.label()} has no protein {accession!r}.")
        return rows[0]

    @lru_cache(maxsize=64)  # noqa: B019 - one table a process
    def by_gene(self, gene: str) -> tuple[Protein, ...]:
        """The proteins of a gene, longest first."""
        return self._rows("gene = ?", (gene,))

    def with_residue(self, gene: str, place: int, letter: str) -> Protein | None:
        """The longest protein of a gene that has this residue at this place, or None."""
        return next((protein for protein in self.by_gene(gene) if protein.residue(place) == letter), None)

    def proteins(self) -> tuple[Protein, ...]:
        """Every protein, longest first."""
        return self._rows("1 = 1", ())

    def all(self) -> dict[str, str]:
        """Accession -> sequence."""
        return {protein.accession: protein.sequence for protein in self.proteins()}

    def _rows(self, where: str, values: tuple[str, ...]) -> tuple[Protein, ...]:
        chosen = f"SELECT accession, gene, sequence FROM protein WHERE ({where}) AND {self._kept} "  # noqa: S608
        rows = self._connection.execute(f"{chosen} ORDER BY length DESC, accession", values)
        return tuple(Protein(accession, gene, zlib.decompress(packed).decode()) for accession, gene, packed in rows)


@lru_cache(maxsize=1)
def protein_table() -> ProteinTable:
    """The imported table, or the one that ships. Raises `ToolFailed` where there is neither."""
    return ProteinTable(require_table("proteins"))


def read_fasta(path: Path) -> Protein:
    """The one protein of a FASTA file. Raises `BadInput` where it holds none or several."""
    if not path.is_file():
        raise BadInput(path.name, "the whole file", "it is not there", "a FASTA file with one protein")
    rows = list(read_rows(path))
    if len(rows) != 1:
        raise BadInput(path.name, "the whole file", f"it holds {len(rows)} proteins", "a FASTA file with one protein")
    return Protein(rows[0].accession, rows[0].gene, rows[0].sequence)


__all__ = ["Protein", "ProteinTable", "protein_table", "read_fasta"]
