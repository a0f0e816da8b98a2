"""Temporary files that may hold something of a patient: in memory, not on a disk.

`CONSILIUM_SCRATCH` names the folder; by default it is the memory file system of Linux (`/dev/shm`), or, where there is
none or it is too small, the folder `scratch` of the home, readable by its owner only. With
`CONSILIUM_SCRATCH_MEMORY=only` a disk is never used: what does not fit then fails with a clear error. Folders of
processes that are gone are removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from knowledge.errors import ToolFailed
from knowledge.paths import home

MEMORY = Path("/dev/shm")  # noqa: S108
SPARE_BYTES = 16 * 1024 * 1024
_NAME = re.compile(r"^consilium-(?P<pid>\d+)(?:t(?P<born>\d+))?-")


@contextlib.contextmanager
def scratch_folder(needed_bytes: int = 0) -> Iterator[Path]:
    """A folder for temporary files that is removed at the end.

    Args:
        needed_bytes: about how much will be written.

    Raises:
        ToolFailed: there is not enough room.
    """
    parent = scratch_parent(needed_bytes)
    remove_left_over(parent)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=scratch_prefix()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_parent(needed_bytes: int = 0) -> Path:
    """Where scratch folders are made; see the top of this module."""
    for place in _places():
        if place.is_dir() and os.access(place, os.W_OK) and _free(place) >= needed_bytes + SPARE_BYTES:
            return place
    raise ToolFailed(
        f"{needed_bytes // 1024**2} MiB are needed for temporary files and there is no room for them. "
        "Name a folder with more room with CONSILIUM_SCRATCH, or make the memory file system larger."
    )


def scratch_prefix() -> str:
    """How the name of a temporary file or folder of this process begins, so that it is removed when that is killed."""
    return f"consilium-{os.getpid()}t{_born(os.getpid()) or 0}-"


def _born(pid: int | str) -> int | None:
    """When a process began, in ticks since this machine did; None if it is gone, or not to be known."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _is_left_over(name: str) -> bool:
    """Whether the process that a name tells of is gone. Another one may have its number now: it began later."""
    match = _NAME.match(name)
    if match is None or not Path("/proc/self").exists():
        return False
    born = _born(match["pid"])
    return born is None or (match["born"] is not None and int(match["born"]) not in (0, born))


def remove_left_over(parent: Path | None = None) -> None:
    """Remove the temporary files and folders of processes that are gone; of every place where any are made by default.

    A process that was killed is gone once its parent has waited for it.
    """
    for place in _places() if parent is None else [parent]:
        for found in place.glob("consilium-*-*"):
            if _is_left_over(found.name):
                if found.is_dir() and not found.is_symlink():
                    shutil.rmtree(found, ignore_errors=True)
                else:
                    with contextlib.suppress(OSError):
                        found.unlink()


def _places() -> list[Path]:
    """Where scratch folders may be made, the first that has room."""
    given = os.environ.get("CONSILIUM_SCRATCH")
    if given:
        return [Path(given)]
    if os.environ.get("CONSILIUM_SCRATCH_MEMORY") == "only":
        return [MEMORY]
    on_disk = home() / "scratch"
    on_disk.mkdir(mode=0o700, exist_ok=True)
    return [MEMORY, on_disk]


def memory_file() -> IO[bytes]:
    """An unnamed file in memory (Linux), or an unnamed temporary file elsewhere."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("consilium"), "w+b")
    return tempfile.TemporaryFile()


def _free(place: Path) -> int:
    return shutil.disk_usage(place).free
