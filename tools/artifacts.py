"""Where tools keep what is too large for a conversation: masks, pictures, tables.

An artifact is known by its name. Names are plain file names, so nothing can be written or read outside
the folder of the case. Those of a run are encrypted, their names too.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from knowledge.errors import ToolRetry
from tools.sealing import Seal

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")


class Artifacts:
    """A folder of named binary files; writing is atomic."""

    def __init__(self, directory: Path, seal: Seal | None = None) -> None:
        """Without a `seal` files are written as they are, for a folder that the user named."""
        self._directory, self._seal = directory, seal

    def path(self, name: str) -> Path:
        """Where `name` is or will be on the disk. Raises `ToolRetry` for a name that is not a plain file name."""
        if not _NAME.match(name) or ".." in name:
            raise ToolRetry(f"{name!r} is not an artifact name.")
        return self._directory / (self._seal.seal_name(name) if self._seal else name)

    def _context(self, name: str) -> str:
        return f"artifact|{self._directory.name}|{name}"

    def write(self, name: str, data: bytes) -> str:
        """Store `data` under `name`, replacing it whole or not at all; returns `name`."""
        target = self.path(name)
        body = self._seal.seal(data, self._context(name)) if self._seal else data
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return name

    def read(self, name: str) -> bytes:
        """The bytes of `name`. Raises `ToolRetry` if there is no such artifact."""
        path = self.path(name)
        if not path.is_file():
            raise ToolRetry(f"There is no artifact named {name!r}.")
        body = path.read_bytes()
        return self._seal.open(body, self._context(name)) if self._seal else body

    def names(self) -> list[str]:
        """Names of all stored artifacts."""
        if not self._directory.is_dir():
            return []
        found = [p.name for p in self._directory.iterdir() if p.is_file() and not p.name.startswith(".")]
        if self._seal is None:
            return sorted(found)
        return sorted(name for name in map(self._seal.open_name, found) if name is not None)
