"""Protein sequences to a local table: a table with `refseq_protein`, `gene`, `sequence`, or FASTA.

Sequences are what the missense predictor reads, and what a protein change is checked against. They are stored
compressed (zlib), one row a protein.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import BadInput
from knowledge.tables.build_clinvar import open_text

SCHEMA = """
CREATE TABLE protein (accession TEXT PRIMARY KEY, gene TEXT NOT NULL, length INTEGER NOT NULL, sequence BLOB NOT NULL);
"""
INDEXES = "CREATE INDEX protein_gene ON protein (gene);"
ACCEPTED = "a table with the columns refseq_protein, gene and sequence, or FASTA with gene= or GN= in the header"
LONGEST = 40_000
_LETTERS = re.compile(r"^[ACDEFGHIKLMNPQRSTVWYUX]+\*?$")
_GENE = re.compile(r"(?:\bGN=|\bgene=|\[gene=)([A-Za-z0-9_.\-]+)")


@dataclass(frozen=True)
class ProteinRow:
    """One protein: accession with version, gene symbol (empty where not named), one-letter sequence."""

    accession: str
    gene: str
    sequence: str


def read_rows(path: Path) -> Iterator[ProteinRow]:
    """Proteins of a file in either layout.

    Raises:
        BadInput: it is neither, or a sequence has a letter that is no amino acid.
    """
    try:
        with open_text(path) as stream:
            first = stream.readline()
    except (OSError, EOFError):
        raise BadInput(path.name, "the whole file", "it cannot be read as text or gzip", ACCEPTED) from None
    if first.startswith(">"):
        return _fasta(path)
    if first.split("\t")[0].strip() == "refseq_protein":
        return _table(path)
    raise BadInput(path.name, "line 1", "it is neither", ACCEPTED)


def _checked(path: Path, number: int, accession: str, gene: str, sequence: str) -> ProteinRow:
    letters = sequence.upper()
    if not accession or not _LETTERS.match(letters) or len(letters) > LONGEST:
        raise BadInput(path.name, f"line {number}", "it is not a protein sequence", ACCEPTED)
    return ProteinRow(accession, gene, letters.rstrip("*"))


def _table(path: Path) -> Iterator[ProteinRow]:
    with open_text(path) as stream:
        columns = stream.readline().rstrip("\n").split("\t")
        for number, line in enumerate(stream, start=2):
            row = dict(zip(columns, line.rstrip("\n").split("\t"), strict=False))
            yield _checked(path, number, row.get("refseq_protein", ""), row.get("gene", ""), row.get("sequence", ""))


def _fasta(path: Path) -> Iterator[ProteinRow]:
    accession, gene, start, parts = "", "", 1, list[str]()
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.startswith(">"):
                parts.append(line.strip())
                continue
            if accession:
                yield _checked(path, start, accession, gene, "".join(parts))
            words = line[1:].split()
            named = _GENE.search(line)
            accession, gene = (words[0] if words else ""), (named.group(1) if named else "")
            start, parts = number, []
    yield _checked(path, start, accession, gene, "".join(parts))


def fill(connection: sqlite3.Connection, rows: Iterator[ProteinRow]) -> int:
    """Insert the proteins; returns how many. Of two rows with one accession the first is kept."""
    cursor = connection.executemany(
        "INSERT OR IGNORE INTO protein VALUES (?, ?, ?, ?)",
        ((row.accession, row.gene, len(row.sequence), zlib.compress(row.sequence.encode(), 9)) for row in rows),
    )
    connection.executescript(INDEXES)
    return cursor.rowcount
