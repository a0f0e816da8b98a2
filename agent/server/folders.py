"""Folders of uploaded cases. Files are written as they come; a name can never lead out of the folder of its case."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

from knowledge.errors import BadInput, ToolFailed, ToolRetry

MIB = 1024 * 1024
MAX_FILE_BYTES = 4096 * MIB
MAX_CASE_BYTES = 16384 * MIB
MAX_FILES = 20_000
MAX_DEPTH = 8
SPARE_DISK_BYTES = 1024 * MIB
_ID = re.compile(r"^[0-9a-f]{16}$")
_ACCEPTED = "a relative path of at most 8 plain names, each of at most 120 characters, none starting with a dot"
# Where a file that was given without a folder belongs (docs/case-format.md).
_PLACES = (
    ((".md", ".txt"), "notes"),
    ((".nii", ".nii.gz", ".dcm"), "imaging"),
    ((".json", ".json.gz"), "fhir"),
)


class CaseFolders:
    """All uploaded cases under one folder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def create(self) -> str:
        """A new, empty folder; returns its id."""
        case_id = secrets.token_hex(8)
        (self._directory / case_id).mkdir(parents=True, mode=0o700)
        return case_id

    def folder(self, case_id: str) -> Path | None:
        """The folder of a case, or None if there is none."""
        path = self._directory / case_id
        return path if _ID.match(case_id) and path.is_dir() else None

    def copy_of(self, source: Path) -> str:
        """A new case with the files of a folder."""
        case_id = self.create()
        shutil.copytree(source, self._directory / case_id, dirs_exist_ok=True)
        return case_id

    def files(self, folder: Path) -> list[tuple[str, int]]:
        """Path and size in bytes of every stored file, sorted."""
        found = ((p.relative_to(folder).as_posix(), p.stat().st_size) for p in folder.rglob("*") if p.is_file())
        return sorted(found)

    def remove(self, folder: Path) -> None:
        """Remove an uploaded case."""
        shutil.rmtree(folder)

    async def store(self, folder: Path, name: str, offset: int, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write a file from `offset` on; returns its path in the case and its size.

        Raises:
            BadInput: the name does not do, or a limit is passed. What was stored of this file before stays.
            ToolRetry: `offset` is not the size of what is stored.
        """
        relative = placed(checked_name(name))
        target = folder.joinpath(*relative.parts)
        stored = target.stat().st_size if target.is_file() else 0
        if offset not in (0, stored):
            raise ToolRetry(f"{stored} bytes of {relative} are stored; go on from there or from 0.")
        self._check_room(folder, relative, target)
        others = sum(size for path, size in self.files(folder) if path != relative.as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        size = offset
        with target.open("r+b" if offset else "wb") as stream:
            stream.seek(offset)
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_FILE_BYTES or others + size > MAX_CASE_BYTES:
                    limit = f"at most {MAX_FILE_BYTES // MIB} MiB a file and {MAX_CASE_BYTES // MIB} MiB a case"
                    raise BadInput(relative.name, "the file", "it is too large", limit)
                stream.write(chunk)
            stream.truncate()
        return relative.as_posix(), size

    def _check_room(self, folder: Path, relative: PurePosixPath, target: Path) -> None:
        if target.is_dir() or any(parent.is_file() for parent in target.parents if parent != folder):
            raise BadInput(relative.name, "its path", "a file and a folder cannot have the same name", _ACCEPTED)
        if not target.exists() and len(self.files(folder)) >= MAX_FILES:
            raise BadInput("the case", "its files", "there are too many", f"at most {MAX_FILES} files")
        if shutil.disk_usage(folder).free < SPARE_DISK_BYTES:
            raise ToolFailed("The disk is nearly full; nothing more is taken in.")


def checked_name(name: str) -> PurePosixPath:
    """`name` as a relative path of plain names. Raises `BadInput` for anything else."""
    parts = unicodedata.normalize("NFC", name).split("/")
    if len(parts) > MAX_DEPTH or not all(map(_plain, parts)):
        raise BadInput("the upload", "the name of a file", "it is not a plain relative path", _ACCEPTED)
    return PurePosixPath(*parts)


def _plain(part: str) -> bool:
    if not part or len(os.fsencode(part.encode("utf-8", "replace").decode())) > 240 or len(part) > 120:
        return False
    if part.startswith(".") or part != part.strip() or any(mark in part for mark in '\\:*?"<>|'):
        return False
    return all(unicodedata.category(character)[0] != "C" for character in part)


def placed(path: PurePosixPath) -> PurePosixPath:
    """Where a file belongs: a single note, scan or FHIR file goes into the folder of its kind."""
    if len(path.parts) > 1:
        return path
    lowered = path.name.lower()
    for suffixes, folder in _PLACES:
        if lowered.endswith(suffixes):
            return PurePosixPath(folder, path.name)
    return path
