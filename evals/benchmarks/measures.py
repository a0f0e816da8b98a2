"""What the benchmarks of the running system share: memory, rows of milliseconds, and the machine in words."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HEAD = ("| milliseconds | n | median | p95 | most |", "|---|---|---|---|---|")


def resident_mib(pid: int | str = "self") -> float:
    """Resident memory of a process; 0 where it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def row(name: str, values_ms: Sequence[float]) -> str:
    """A row under `HEAD`."""
    if not values_ms:
        return f"| {name} | 0 | | | |"
    middle, most = np.percentile(values_ms, [50, 95])
    return f"| {name} | {len(values_ms)} | {middle:.0f} | {most:.0f} | {max(values_ms):.0f} |"


def machine() -> str:
    """The day, cores, architecture and Python."""
    today = dt.date.today().isoformat()
    return f"{today}; {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
