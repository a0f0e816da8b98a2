"""Folders that Consilium writes to. `CONSILIUM_HOME` puts them all under one folder of the user's choice."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Where data that must not be lost is kept: added documents, runs, settings. Made on first use.

    `CONSILIUM_HOME` if it is set, else the platform's folder for user data.
    """
    given = os.environ.get("CONSILIUM_HOME")
    if given:
        return _made(Path(given).expanduser().resolve())
    import platformdirs

    return _made(Path(platformdirs.user_data_dir("consilium", appauthor=False)))


def cache_dir() -> Path:
    """Where what can be built again is kept, such as search indexes. Made on first use.

    `CONSILIUM_HOME/cache` if that is set, else the platform's folder for caches.
    """
    given = os.environ.get("CONSILIUM_HOME")
    if given:
        return _made(Path(given).expanduser().resolve() / "cache")
    import platformdirs

    return _made(Path(platformdirs.user_cache_dir("consilium", appauthor=False)))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
