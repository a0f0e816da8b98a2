"""Profiles of the table's proteins from alignments to a larger set of sequences, written as one table.

mmseqs easy-search PROTEINS.fasta SEQUENCES.fasta HITS.tsv TMP -s 5.7 --max-seqs 800 -e 1e-4 -a \\
    --format-output query,target,fident,evalue,qstart,qend,qcov,tcov,qaln,taln
python -m tools.missense.training.alignments --hits HITS.tsv --release 2014-01

MMseqs2 (Steinegger and Söding 2017, doi 10.1038/nbt.3988) is a Debian package. `--fasta FILE` writes PROTEINS.fasta.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import BadInput
from knowledge.manifest import file_sha256
from knowledge.paths import ROOT
from knowledge.tables.store import write_table
from tools.missense.observed import Aligned, observe
from tools.missense.profiles import PROFILES
from tools.missense.proteins import ProteinTable, protein_table

COLUMNS = 10
MOST = 500  # relatives of a protein, by expectation
SAME = 0.99  # a relative more identical than this is the protein itself, or another record of it
SCHEMA = """
PRAGMA page_size = 512;
CREATE TABLE profile (sha256 TEXT PRIMARY KEY, accession TEXT NOT NULL, relatives INTEGER NOT NULL,
    observed BLOB NOT NULL) WITHOUT ROWID;
"""


def read_hits(path: Path) -> Iterator[tuple[str, list[Aligned]]]:
    """The relatives of each query, queries in the order of the file, where all hits of one stand together.

    Raises:
        BadInput: a line has not the ten columns of the module's text.
    """
    for query, lines in itertools.groupby(_lines(path), key=lambda cells: cells[0]):
        others = (cells for cells in lines if float(cells[2]) <= SAME)
        yield query, [Aligned(int(c[4]), c[8], c[9], float(c[2])) for c in itertools.islice(others, MOST)]


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open() as stream:
        for number, line in enumerate(stream, 1):
            cells = line.rstrip("\n").split("\t")
            if len(cells) != COLUMNS or len(cells[8]) != len(cells[9]):
                raise BadInput(path.name, f"line {number}", "it has not the ten columns", "the command's output")
            yield cells


def build(hits: Path, release: str, table: ProteinTable, target: Path) -> None:
    """Write the table of profiles of all proteins of `table`; those without hits have an empty one."""

    def fill(connection: sqlite3.Connection) -> int:
        sequences = table.all()
        found = dict.fromkeys(sequences, b"")
        count = dict.fromkeys(sequences, 0)
        for query, rows in read_hits(hits):
            seen = observe(sequences[query], rows)
            found[query], count[query] = seen.pack(), seen.relatives
        for name in (name for name, packed in found.items() if not packed):
            found[name] = observe(sequences[name], []).pack()
        rows_out = {
            hashlib.sha256(sequences[name].encode()).hexdigest(): (name, count[name], found[name]) for name in sequences
        }
        connection.executemany("INSERT INTO profile VALUES (?, ?, ?, ?)", [(k, *v) for k, v in rows_out.items()])
        return len(rows_out)

    meta = {
        "name": "profiles", "release": release, "assemblies": "none", "source": hits.name,
        "source_sha256": file_sha256(hits),
    }  # fmt: skip
    write_table(target, SCHEMA, meta, fill)


def main(arguments: list[str] | None = None) -> int:
    """Write the proteins as FASTA, or the table of profiles."""
    parser = argparse.ArgumentParser(description="Profiles of the proteins of the local table.")
    parser.add_argument("--fasta", type=Path, help="write the proteins here, and nothing else")
    parser.add_argument("--hits", type=Path, help="what mmseqs wrote")
    parser.add_argument("--release", help="release of the set of sequences, such as 2014-01")
    parser.add_argument("--out", type=Path, default=ROOT / PROFILES)
    given = parser.parse_args(arguments)
    table = protein_table()
    if given.fasta:
        given.fasta.write_text("".join(f">{name}\n{letters}\n" for name, letters in table.all().items()))
    elif given.hits and given.release:
        build(given.hits, given.release, table, given.out)
    else:
        parser.error("give --fasta, or --hits and --release")
    return 0


if __name__ == "__main__":
    sys.exit(main())
