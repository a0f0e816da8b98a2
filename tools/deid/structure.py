"""Structure files: coordinates, sequence and quality stay; titles, authors, remarks and paths of a model go."""

from __future__ import annotations

import gzip
import re
from io import StringIO
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput

# Records of PDB format 3.3 that describe the molecule and hold no free text.
_RECORDS = (
    "MODEL ", "ENDMDL", "ATOM  ", "ANISOU", "HETATM", "TER", "CRYST1", "ORIGX", "SCALE", "MTRIX", "SEQRES", "MODRES",
    "HELIX ", "SHEET ", "SSBOND", "LINK  ", "CISPEP", "CONECT", "END",
)  # fmt: skip
_QUALITY = re.compile(
    r"REMARK   2 RESOLUTION\. +[\d.]+ ANGSTROMS\.|EXPDTA    (?:X-RAY DIFFRACTION|ELECTRON MICROSCOPY|"
    r"SOLUTION NMR|NEUTRON DIFFRACTION|THEORETICAL MODEL)"
)
_COORDINATES, _SEGMENT, _WIDTH = ("ATOM  ", "HETATM", "ANISOU"), slice(72, 76), 80
_TABLES = ("_atom_site.", "_atom_site_anisotrop.", "_cell.", "_symmetry.")
_VALUES = frozenset({"_exptl.method", "_refine.ls_d_res_high", "_em_3d_reconstruction.resolution"})


def deidentify_structure(source: str, target: str, name: str, surrogates_json: str) -> dict[str, Any]:  # noqa: ARG001
    """Copy a PDB or mmCIF file (plain or gzip) without free text. Runs in a limited child process.

    Raises:
        BadInput: it is no structure file.
    """
    from tools.protein.reading import structure_text

    text = structure_text(Path(source), name)
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    made = _cif(text, name) if first.lower().startswith("data_") else _pdb(text)
    body = made.encode()
    Path(target).write_bytes(gzip.compress(body) if target.endswith(".gz") else body)
    return {}


def _pdb(text: str) -> str:
    return "".join(f"{line}\n" for line in map(_pdb_line, text.splitlines()) if line)


def _pdb_line(line: str) -> str:
    quality = _QUALITY.match(line)
    if quality:
        return quality[0]
    if line.startswith(_COORDINATES):
        segment = " " * len(line[_SEGMENT])
        line = line[: _SEGMENT.start] + segment + line[_SEGMENT.stop :]
    return line[:_WIDTH] if line.startswith(_RECORDS) else ""


def _cif(text: str, name: str) -> str:
    from Bio.PDB.MMCIF2Dict import MMCIF2Dict
    from Bio.PDB.mmcifio import MMCIFIO

    try:
        held = MMCIF2Dict(StringIO(text))
        kept = {key: value for key, value in held.items() if key.startswith(_TABLES) or key in _VALUES}
        out, writer = StringIO(), MMCIFIO()
        writer.set_dict({"data_": "model", **kept})
        writer.save(out)
    except MemoryError:
        raise
    except Exception as error:  # a damaged table can fail anywhere in the reader
        raise BadInput(name, "the whole file", f"it cannot be read ({type(error).__name__})", "PDB or mmCIF") from None
    return out.getvalue()
