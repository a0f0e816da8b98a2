"""Walk a case folder: which files are there, what each is, and its SHA-256. Nothing is parsed here."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.errors import BadInput

MAX_FILES = 20_000
MAX_DEPTH = 8
_CHUNK = 1024 * 1024
_MIB = 1024 * 1024

# Largest size of each kind of file, in bytes.
SIZE_LIMITS = {
    "case": 1 * _MIB,
    "note": 2 * _MIB,
    "document": 50 * _MIB,
    "fhir": 256 * _MIB,
    "nifti": 4096 * _MIB,
    "dicom": 1024 * _MIB,
    "variants": 16384 * _MIB,
    "structure": 256 * _MIB,
}
_INDEX_SUFFIXES = (".tbi", ".csi")
NOTE_SUFFIXES = (".md", ".txt")
DOCUMENT_SUFFIXES = (".pdf", ".docx", ".html", ".htm")


@dataclass(frozen=True)
class CaseFile:
    """One file of the case. `name` is its path inside the folder, with forward slashes."""

    path: Path
    name: str
    kind: str
    size: int


def list_files(folder: Path) -> list[CaseFile]:
    """Every file of the folder with its kind, sorted by name; or the one file given. Hidden files are passed over.

    Kinds: `case`, `note` (plain text), `document` (a note as PDF, DOCX or HTML), `fhir`,
    `nifti`, `dicom`, `variants`, `structure`, `index`, `unknown`.

    Raises:
        BadInput: a link that leaves the folder, something that is not a plain file, too many files,
            folders nested too deeply, or a file over the limit of its kind.
    """
    root = folder.resolve()
    if root.is_file():
        return [_case_file(root, root.parent)]
    found: list[CaseFile] = []
    for directory, folders, files in os.walk(root, followlinks=False):
        here = Path(directory)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            _check_link(here / name, root)
        if depth >= MAX_DEPTH and folders:
            place = here.relative_to(root).as_posix()
            raise BadInput("the case folder", place, "folders are nested too deeply", f"at most {MAX_DEPTH} levels")
        for name in sorted(files):
            if not name.startswith("."):
                found.append(_case_file(here / name, root))
        if len(found) > MAX_FILES:
            raise BadInput("the case folder", "the folder", "it holds too many files", f"at most {MAX_FILES} files")
    return sorted(found, key=lambda item: _natural(item.name))


def _natural(name: str) -> list[tuple[int, str]]:
    # Every second part is a number of ASCII digits; "²" and the like are no numbers.
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(re.split(r"([0-9]+)", name))]


def _check_link(path: Path, root: Path) -> None:
    if path.is_symlink():
        name = path.relative_to(root).as_posix()
        if not path.exists() or not path.resolve().is_relative_to(root):
            raise BadInput(name, "the link", "it leads out of the case folder or nowhere", "a file inside the folder")
        if path.is_dir():
            raise BadInput(name, "the link", "it leads to a folder", "a real folder")


def _case_file(path: Path, root: Path) -> CaseFile:
    name = path.relative_to(root).as_posix()
    if not name.isprintable():
        shown = ascii(name)
        raise BadInput(shown, "the file's name", "it holds characters that cannot be shown", "a name in plain text")
    _check_link(path, root)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(name, "the file", "it is not a plain file", "a plain file")
    if not os.access(path, os.R_OK):
        raise BadInput(name, "the file", "it cannot be read (permission)", "a readable file")
    kind = _kind(path, PurePosixPath(name))
    limit = SIZE_LIMITS.get(kind)
    if limit is not None and status.st_size > limit:
        raise BadInput(name, "the file", f"it has {status.st_size // _MIB} MiB", f"at most {limit // _MIB} MiB")
    return CaseFile(path, name, kind, status.st_size)


def _kind(path: Path, name: PurePosixPath) -> str:
    lower = name.name.lower()
    top = name.parts[0] if len(name.parts) > 1 else ""
    if lower in ("case.yaml", "case.yml"):
        return "unknown" if top else "case"
    by_ending = (
        ((".vcf", ".vcf.gz", ".vcf.bgz"), "variants"),
        ((".pdb", ".cif", ".pdb.gz", ".cif.gz", ".ent"), "structure"),
        ((".nii", ".nii.gz"), "nifti"),
        (_INDEX_SUFFIXES, "index"),
        ((".json", ".json.gz"), "fhir" if top in ("", "fhir") else "unknown"),
        (NOTE_SUFFIXES, "note" if top in ("", "notes") else "unknown"),
        (DOCUMENT_SUFFIXES, "document" if top in ("", "notes") else "unknown"),
        ((".dcm", ".ima"), "dicom"),
    )
    for endings, kind in by_ending:
        if lower.endswith(endings):
            return kind
    return "dicom" if top == "imaging" and _is_dicom(path) else "unknown"


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def sha256_files(files: list[CaseFile]) -> str:
    """One SHA-256 over several files: of the lines `hash name`, sorted by name. A single file has its own hash."""
    if len(files) == 1:
        return sha256_file(files[0].path)
    digest = hashlib.sha256()
    for item in sorted(files, key=lambda f: f.name):
        digest.update(f"{sha256_file(item.path)} {item.name}\n".encode())
    return digest.hexdigest()


def safe_path(folder: Path, relative: str, place: str) -> str:
    """`relative` as a clean path inside the folder.

    Raises:
        BadInput: it is absolute, leaves the folder, or nothing is there.
    """
    root = folder.resolve()
    given = PurePosixPath(relative.rstrip("/"))
    if given.is_absolute() or ".." in given.parts or "\\" in relative or "\0" in relative or not given.parts:
        raise BadInput("case.yaml", place, "the path leaves the case folder", "a relative path such as imaging/ct")
    target = root / given
    if not target.exists() or not target.resolve().is_relative_to(root):
        raise BadInput("case.yaml", place, "no such file or folder in the case", "a path inside the case folder")
    return given.as_posix()
