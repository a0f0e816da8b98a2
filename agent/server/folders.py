"""Folders of uploaded cases. Files are written as they come; a name can never lead out of the folder of its case."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import AsyncIterator
from pathlib import PurePosixPath

from agent.casefiles import CaseFiles
from agent.trust.files import SealedWriter
from knowledge.errors import BadInput, ToolFailed, ToolRetry
from tools.intake.folder import DOCUMENT_SUFFIXES, NOTE_SUFFIXES

MIB = 1024 * 1024
MAX_FILE_BYTES = 4096 * MIB
MAX_CASE_BYTES = 16384 * MIB
MAX_FILES = 20_000
MAX_DEPTH = 8
MAX_NAME_BYTES = 150
SPARE_DISK_BYTES = 1024 * MIB
_ACCEPTED = (
    "a relative path of at most 8 plain names, each of at most 120 characters and 150 bytes, none starting with a dot"
)
# Where a file that was given without a folder belongs (docs/case-format.md).
_PLACES = (
    (NOTE_SUFFIXES + DOCUMENT_SUFFIXES, "notes"),
    ((".nii", ".nii.gz", ".dcm"), "imaging"),
    ((".json", ".json.gz"), "fhir"),
)


class CaseFolders:
    """Takes files in for the uploaded cases."""

    def __init__(self, files: CaseFiles) -> None:
        self._files = files

    async def store(self, case_id: str, name: str, offset: int, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write a file from `offset` on; returns its path in the case and its size.

        Raises:
            BadInput: the name does not do, or a limit is passed. What was stored of this file before stays.
            ToolRetry: `offset` is not the size of what is stored.
        """
        relative = placed(checked_name(name))
        self._check_room(case_id, relative)
        target = self._files.file(case_id, relative)
        stored = target.stored_bytes()
        if offset not in (0, stored):
            raise ToolRetry(f"{stored} bytes of {relative} are stored; go on from there or from 0.")
        others = sum(size for path, size in self._files.files(case_id) if path != relative.as_posix())
        size = offset
        with SealedWriter(target, offset) as writer:
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_FILE_BYTES or others + size > MAX_CASE_BYTES:
                    limit = f"at most {MAX_FILE_BYTES // MIB} MiB a file and {MAX_CASE_BYTES // MIB} MiB a case"
                    raise BadInput(relative.name, "the file", "it is too large", limit)
                writer.write(chunk)
        return relative.as_posix(), size

    def _check_room(self, case_id: str, relative: PurePosixPath) -> None:
        names = [path for path, _ in self._files.files(case_id)]
        above = {parent.as_posix() for parent in relative.parents}
        if any(name.startswith(f"{relative}/") or name in above for name in names):
            raise BadInput(relative.name, "its path", "a file and a folder cannot have the same name", _ACCEPTED)
        if relative.as_posix() not in names and len(names) >= MAX_FILES:
            raise BadInput("the case", "its files", "there are too many", f"at most {MAX_FILES} files")
        if shutil.disk_usage(self._files.directory).free < SPARE_DISK_BYTES:
            raise ToolFailed("The disk is nearly full; nothing more is taken in.")


def checked_name(name: str) -> PurePosixPath:
    """`name` as a relative path of plain names. Raises `BadInput` for anything else."""
    parts = unicodedata.normalize("NFC", name).split("/")
    if len(parts) > MAX_DEPTH or not all(map(_plain, parts)):
        raise BadInput("the upload", "the name of a file", "it is not a plain relative path", _ACCEPTED)
    return PurePosixPath(*parts)


def _plain(part: str) -> bool:
    if not part or len(os.fsencode(part.encode("utf-8", "replace").decode())) > MAX_NAME_BYTES or len(part) > 120:
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
