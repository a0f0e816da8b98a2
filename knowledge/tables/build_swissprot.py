"""Protein sequences of panel genes that RefSeq's list lacks, from a Swiss-Prot release in BLAST format.

    python -m knowledge.tables.build_swissprot FOLDER... > swissprot.tsv

FOLDER holds `NAME.pin`, `.phr` and `.psq` (NCBI's protein database format 4), such as the folders of `dataset_201401`
in the Debian package metastudent-data: Swiss-Prot of January 2014 (UniProt Consortium, CC BY 4.0). Which proteins:
`swissprot_genes.tsv`. The output is read by `consilium knowledge import proteins`.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from knowledge.errors import BadInput

GENES = Path(__file__).parent / "swissprot_genes.tsv"
ACCEPTED = "a protein database of BLAST, format 4, with its .pin, .phr and .psq files"
_LETTERS = bytes.maketrans(bytes(range(28)), b"-ABCDEFGHIKLMNPQRSTVWXYZU*OJ")
_ACCESSION = re.compile(rb"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d[A-Z][A-Z0-9]{2}\d")


def wanted() -> list[tuple[str, str, int]]:
    """(gene, accession, residues kept or 0 for all) of each protein."""
    lines = (line for line in GENES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return [(gene, accession, int(kept)) for gene, accession, kept in (line.split("\t")[:3] for line in lines)]


def read_database(base: Path) -> Iterator[tuple[bytes, str]]:
    """(header as stored, sequence) of each protein of the database `base`, without suffix.

    Raises:
        BadInput: a file is missing, or not of this format.
    """
    try:
        index, headers, sequences = (base.with_name(base.name + end).read_bytes() for end in (".pin", ".phr", ".psq"))
        version, protein, size = struct.unpack(">3i", index[:12])
        at = 12 + size
        at += 4 + struct.unpack(">i", index[at : at + 4])[0]
        (count,) = struct.unpack(">i", index[at : at + 4])
        at += 16
        heads, starts = (struct.unpack(f">{count + 1}i", index[at + k : at + k + 4 * (count + 1)])
                         for k in (0, 4 * (count + 1)))  # fmt: skip
    except (OSError, struct.error):
        raise BadInput(base.name, "the index", "it cannot be read", ACCEPTED) from None
    if version != 4 or protein != 1:
        raise BadInput(base.name, "the index", f"it is of version {version}", ACCEPTED)
    for number in range(count):
        letters = sequences[starts[number] : starts[number + 1] - 1].translate(_LETTERS).decode("ascii")
        yield headers[heads[number] : heads[number + 1]], letters


def sequences(folders: Sequence[Path]) -> dict[str, str]:
    """Accession to sequence of every protein in the databases of the folders."""
    found: dict[str, str] = {}
    for folder in folders:
        for index in sorted(folder.glob("*.pin")):
            for header, letters in read_database(index.with_suffix("")):
                accession = _ACCESSION.search(header)
                if accession is not None:
                    found[accession.group().decode("ascii")] = letters
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the table. Raises `BadInput` where a wanted protein is not there."""
    held = sequences([Path(text) for text in arguments])
    rows = ["refseq_protein\tgene\tsequence"]
    for gene, accession, kept in wanted():
        if accession not in held:
            raise BadInput("the folders", accession, f"the protein of {gene} is not there", "Swiss-Prot of 2014-01")
        rows.append(f"{accession}\t{gene}\t{held[accession][: kept or None]}")
    sys.stdout.write("\n".join(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
