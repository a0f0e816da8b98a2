"""A protein database of BLAST is read, and a broken one refused."""

from __future__ import annotations

import struct

import pytest

from knowledge.errors import BadInput
from knowledge.tables.build_swissprot import main, read_database, sequences, wanted
from tools.missense.profiles import stored
from tools.missense.proteins import protein_table

LETTERS = "-ABCDEFGHIKLMNPQRSTVWXYZU*OJ"


def database(folder, proteins, version=4):
    """Write the three files of a database, as the format's description says."""
    headers = [b"0\x80\x1a" + bytes([len(name)]) + name.encode() for name in proteins]
    letters = [bytes(LETTERS.index(letter) for letter in sequence) for sequence in proteins.values()]
    heads, starts = [0], [1]
    for head, body in zip(headers, letters, strict=True):
        heads.append(heads[-1] + len(head))
        starts.append(starts[-1] + len(body) + 1)
    title, date = b"made up", b"2014"
    index = struct.pack(">3i", version, 1, len(title)) + title + struct.pack(">i", len(date)) + date
    index += struct.pack(">i", len(proteins)) + struct.pack("<q", sum(map(len, letters))) + struct.pack(">i", 100)
    index += struct.pack(f">{len(heads)}i", *heads) + struct.pack(f">{len(starts)}i", *starts)
    (folder / "db.pin").write_bytes(index)
    (folder / "db.phr").write_bytes(b"".join(headers))
    (folder / "db.psq").write_bytes(b"\0" + b"\0".join(letters) + b"\0")


def test_accessions_and_sequences_are_read(tmp_path):
    database(tmp_path, {"P51587|GO:1": "MPIGSKERPTF", "Q13315|GO:2": "MSLVLNDLLIU"})
    assert sequences([tmp_path]) == {"P51587": "MPIGSKERPTF", "Q13315": "MSLVLNDLLIU"}


def test_another_format_or_a_missing_protein_is_refused(tmp_path):
    database(tmp_path, {"P51587|GO:1": "MPIG"}, version=5)
    with pytest.raises(BadInput, match="version 5"):
        list(read_database(tmp_path / "db"))
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_database(tmp_path / "none"))
    database(tmp_path, {"P51587|GO:1": "MPIG"})
    with pytest.raises(BadInput, match="is not there"):
        main([str(tmp_path)])


def test_every_listed_protein_is_in_the_table_with_a_profile():
    for gene, accession, kept in wanted():
        protein = protein_table().by_accession(accession)
        assert protein.gene == gene
        assert not kept or len(protein.sequence) == kept
        assert stored(protein.sequence) is not None
