"""A made-up peptide as a PDB file, real structures, and a case that holds one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.artifacts import Artifacts
from tools.case import Attachment, Case, Patient
from tools.registry import ToolContext

PEPTIDE = "MKTAYIAKQRLC"


@pytest.fixture(scope="session")
def peptide_text() -> str:
    """PDB text of an extended peptide of twelve residues (chain A, numbered from 1), in ideal geometry."""
    from io import StringIO

    from Bio.PDB.PDBIO import PDBIO
    from Bio.PDB.PICIO import read_PIC_seq
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        structure = read_PIC_seq(SeqRecord(Seq(PEPTIDE), id="PEP"))
        structure.internal_to_atom_coordinates()
        writer = PDBIO()
        writer.set_structure(structure)
        stream = StringIO()
        writer.save(stream)
    return stream.getvalue()


@pytest.fixture
def context_of(tmp_path: Path) -> Callable[[Path], ToolContext]:
    """Makes the context of a case with one structure file."""

    def make(path: Path) -> ToolContext:
        attachment = Attachment(handle="structure-1", kind="structure", name=path.name, sha256="0" * 64, path=path)
        case = Case(id="c", patient=Patient(id="p"), attachments=(attachment,))
        return ToolContext(case=case, artifacts=Artifacts(tmp_path / "artifacts"))

    return make


@pytest.fixture(scope="session")
def pdb_folder(shared_data: Path) -> Path:
    """The folder of real structures."""
    return shared_data / "protein" / "pdb"
