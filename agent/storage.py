"""How a store that does not take what is written is said: a full, failing or read-only disk, or a locked database."""

from __future__ import annotations

import errno
import sqlite3

# A disk that is full, fails, or may not be written.
DISK = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS})


def storage_problem(error: BaseException) -> str | None:
    """What is wrong with the store, in words; None if the error is of another kind."""
    if isinstance(error, sqlite3.OperationalError):
        return f"The disk does not take what was done ({error}). Nothing that was stored is lost."
    if isinstance(error, OSError) and error.errno in DISK:
        return f"The disk does not take what was done ({error.strerror}). Nothing that was stored is lost."
    return None
