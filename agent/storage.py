"""How a store that does not take what is written is said: a full, failing or read-only disk, or a locked database."""

from __future__ import annotations

import errno
import os
import sqlite3

# A disk that is full, fails, or may not be written.
DISK = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS})


# What SQLite says of itself. Any other text of its errors may quote what was to be stored.
_OF_SQLITE = frozenset({
    "database or disk is full", "disk I/O error", "database is locked", "database table is locked",
    "attempt to write a readonly database", "unable to open database file", "database disk image is malformed",
    "file is not a database",
})  # fmt: skip


def storage_words(error: OSError | sqlite3.Error) -> str:
    """What is wrong with the store, in words of the system; nothing of the error's own text."""
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno is not None else "an error of the system"
    return str(error) if str(error) in _OF_SQLITE else "an error of the database"


def storage_problem(error: BaseException) -> str | None:
    """What is wrong with the store, as it is told; None if the error is of another kind."""
    if isinstance(error, sqlite3.OperationalError) or (isinstance(error, OSError) and error.errno in DISK):
        return f"The disk does not take what was done ({storage_words(error)}). Nothing that was stored is lost."
    return None
