"""The files of uploaded cases: encrypted on the disk, and open for as long as something works on them.

Each file and folder name is encrypted by itself, so that neither content nor names are on the disk. `opened` writes
the files of one case into a scratch folder (in memory, `tools.scratch`) and removes them at the end.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from agent.runs import UPLOADED
from agent.trust.files import SealedFile
from agent.trust.vault import Vault
from knowledge.errors import ToolFailed
from tools.scratch import remove_left_over, scratch_parent, scratch_prefix

_ID = re.compile(r"^[0-9a-f]{16}$")


class CaseFiles:
    """All uploaded cases under one folder."""

    def __init__(self, directory: Path, vault: Vault) -> None:
        self.directory, self._vault = directory, vault
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def create(self) -> str:
        """A new case without files; returns its id."""
        case_id = secrets.token_hex(8)
        self._vault.make(scope_of(case_id))
        (self.directory / case_id).mkdir(parents=True, mode=0o700)
        return case_id

    def exists(self, case_id: str) -> bool:
        """Whether there is a case with that id."""
        return bool(_ID.match(case_id)) and (self.directory / case_id).is_dir()

    def copy_of(self, source: Path) -> str:
        """A new case with the files of a folder."""
        case_id = self.create()
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            self.file(case_id, PurePosixPath(path.relative_to(source).as_posix())).write(path.read_bytes())
        return case_id

    def file(self, case_id: str, name: PurePosixPath) -> SealedFile:
        """A file of a case, which need not be there yet; its folder is made."""
        seal = self._vault.seal_of(scope_of(case_id))
        target = self.directory.joinpath(case_id, *map(seal.seal_name, name.parts))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return SealedFile(target, seal, name.as_posix())

    def files(self, case_id: str) -> list[tuple[str, int]]:
        """Path and size in bytes of every stored file, sorted."""
        return sorted((item.name, item.size_bytes()) for item in self._all(case_id))

    def remove(self, case_id: str) -> None:
        """Remove a case; its data key is destroyed first."""
        self._vault.shred(scope_of(case_id))
        shutil.rmtree(self.directory / case_id, ignore_errors=True)

    @contextmanager
    def opened(self, case_id: str) -> Iterator[Path]:
        """The files of a case as they were uploaded, in a scratch folder that is removed when nobody needs it.

        The folder of the same files has the same path and times each time, so that what was read of it can be kept.

        Raises:
            ToolFailed: there is no such case, no room, or a file was altered or is not encrypted.
        """
        if not self.exists(case_id):
            raise ToolFailed("The files of this case are not here any more.")
        found = sorted(self._all(case_id), key=lambda item: item.name)
        stamp = hashlib.sha256(repr([(i.name, i.path.stat().st_mtime_ns) for i in found]).encode()).hexdigest()[:12]
        with _open(f"{case_id}-{stamp}", found) as folder:
            yield folder

    def _all(self, case_id: str) -> Iterator[SealedFile]:
        seal = self._vault.seal_of(scope_of(case_id))
        root = self.directory / case_id
        for path in root.rglob("*"):
            if not path.is_file():
                continue
            parts = [seal.open_name(part) for part in path.relative_to(root).parts]
            if any(part is None for part in parts):
                raise ToolFailed("A file of this case is not one that was uploaded; the case is not used.")
            yield SealedFile(path, seal, "/".join(map(str, parts)))


def scope_of(case_id: str) -> str:
    """The name of an uploaded case in the vault."""
    return f"{UPLOADED}{case_id}"


_OPEN: dict[str, tuple[int, Path]] = {}
_LOCK = threading.Lock()


@contextmanager
def _open(key: str, files: list[SealedFile]) -> Iterator[Path]:
    """One folder a process for the same files, for as long as somebody is inside."""
    with _LOCK:
        users, folder = _OPEN.get(key, (0, Path()))
        if not users:
            parent = scratch_parent(sum(item.size_bytes() for item in files))
            remove_left_over(parent)
            folder = parent / f"{scratch_prefix()}{key}"
            _write(folder, files)
        _OPEN[key] = (users + 1, folder)
    try:
        yield folder
    finally:
        with _LOCK:
            users, folder = _OPEN.pop(key)
            if users > 1:
                _OPEN[key] = (users - 1, folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, files: list[SealedFile]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        for item in files:
            target = folder / item.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as stream:
                stream.writelines(item.chunks())
            changed = item.path.stat().st_mtime_ns
            os.utime(target, ns=(changed, changed))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
