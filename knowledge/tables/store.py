"""A reference table on disk: one SQLite file with its release, source hash and date, written whole or not at all.

Tables that a user imports live in the folder `tables` under `knowledge.paths.home()` and are used in place of the
ones that ship with Consilium.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput, ToolFailed
from knowledge.manifest import verified_path
from knowledge.paths import home
from knowledge.yamlfile import load_yaml

BUNDLED = Path(__file__).parent / "data"
FORMAT = "consilium-table/1"
ABANDONED_AFTER_SECONDS = 86_400.0


@dataclass(frozen=True)
class Release:
    """What a table is: its name, the release it was built from, and when and from what it was built."""

    name: str
    release: str
    source: str
    source_sha256: str
    imported: str
    records: int
    assemblies: str
    bundled: bool

    def label(self) -> str:
        """Short text for a claim, such as `ClinVar release 2016-05`."""
        return f"{_TITLES.get(self.name, self.name)} release {self.release}"

    def age_years(self, today: dt.date) -> float | None:
        """Age of the release in years, where the release is a date (`2016-05` or `2016-05-02`)."""
        parts = self.release.split("-")
        if len(parts) < 2 or not all(part.isdigit() for part in parts[:3]):
            return None
        made = dt.date(int(parts[0]), int(parts[1]), int(parts[2]) if len(parts) > 2 else 1)
        return (today - made).days / 365.25


_TITLES = {"clinvar": "ClinVar", "civic": "CIViC", "gnomad": "gnomAD", "cpic": "CPIC", "proteins": "RefSeq proteins"}


def user_tables() -> Path:
    """The folder of tables that the user imported."""
    return home() / "tables"


def table_path(name: str) -> Path | None:
    """The file of a table: the user's import first, then the bundled one; None where there is neither."""
    for folder in (user_tables(), BUNDLED):
        path = folder / f"{name}.sqlite"
        if path.is_file():
            return verified_path(f"knowledge/tables/data/{path.name}") if folder == BUNDLED else path
    return None


@lru_cache(maxsize=1)
def panel() -> Mapping[str, Any]:
    """The gene panel of the bundled tables, by group."""
    data: Mapping[str, Any] = load_yaml(Path(__file__).parent / "panel.yaml")
    return data


def panel_genes() -> frozenset[str]:
    """Every gene of the panel."""
    return frozenset(gene for key, genes in panel().items() if isinstance(genes, list) for gene in genes)


def acmg_secondary_findings() -> frozenset[str]:
    """Genes of the ACMG secondary-findings list named in `panel.yaml`."""
    return frozenset(panel()["acmg_sf"])


def write_table(
    target: Path, schema: str, meta: Mapping[str, str], fill: Callable[[sqlite3.Connection], int]
) -> Release:
    """Build a table beside `target` and move it into place only when it is complete.

    Args:
        target: path of the `.sqlite` file.
        schema: SQL that creates the tables.
        meta: `name`, `release`, `source`, `source_sha256`, `assemblies`.
        fill: inserts the rows and returns their number; an error leaves an earlier table as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".sqlite")
    os.close(descriptor)
    try:
        with closing_connection(temporary) as connection:
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + schema)
            connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
            records = fill(connection)
            rows = {**meta, "records": str(records), "imported": dt.date.today().isoformat(), "format": FORMAT}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(rows.items()))
            connection.commit()
            connection.execute("VACUUM")
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return read_release(target)


def _sweep(target: Path) -> None:
    """Remove what imports of this table that were killed left behind, once nothing wrote to it for a day."""
    for left in target.parent.glob(f".{target.stem}-*.sqlite"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            left.unlink(missing_ok=True)


@contextmanager
def closing_connection(path: str | Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed on leaving."""
    connection = sqlite3.connect(path)
    try:
        yield connection
    finally:
        connection.close()


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a table for reading only; it may be used from any thread."""
    return sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def read_release(path: Path) -> Release:
    """What `path` says of itself. Raises `BadInput` where it is not a Consilium table."""
    try:
        connection = open_read_only(path)
        try:
            meta = dict(connection.execute("SELECT key, value FROM meta"))
        finally:
            connection.close()
        if meta.get("format") != FORMAT:
            raise KeyError("format")
        return Release(
            meta["name"], meta["release"], meta["source"], meta["source_sha256"], meta["imported"],
            int(meta["records"]), meta["assemblies"], path.parent == BUNDLED,
        )  # fmt: skip
    except (sqlite3.Error, KeyError, ValueError):
        raise BadInput(
            path.name, "the table meta", "it is not a Consilium table", f"a file that import wrote ({FORMAT})"
        ) from None


def table_note(path: Path) -> str:
    """What the import of a table has to say of it, or an empty text."""
    connection = open_read_only(path)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'note'").fetchone()
    finally:
        connection.close()
    return str(row[0]) if row else ""


def require_table(name: str) -> Path:
    """The file of a table. Raises `ToolFailed` where it is neither bundled nor imported."""
    path = table_path(name)
    if path is None:
        raise ToolFailed(f"There is no {name} table. Make one with: consilium knowledge import {name} FILE.")
    return path
