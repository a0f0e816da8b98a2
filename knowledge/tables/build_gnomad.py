"""gnomAD sites VCF (AF, and grpmax or popmax) to a local table of allele frequencies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import BadInput
from knowledge.tables.build_clinvar import open_text
from knowledge.tables.chromosomes import NUMBER, chromosome_name

SCHEMA = """
CREATE TABLE frequency (chromosome INTEGER NOT NULL, position INTEGER NOT NULL, ref TEXT NOT NULL, alt TEXT NOT NULL,
  allele_number INTEGER NOT NULL, frequency REAL NOT NULL, highest_group REAL, homozygotes INTEGER,
  PRIMARY KEY (chromosome, position, ref, alt)) WITHOUT ROWID;
"""
INSERT = "INSERT OR REPLACE INTO frequency VALUES (?,?,?,?,?,?,?,?)"
ACCEPTED = "a gnomAD sites VCF with AF, AN and (grpmax or popmax) in INFO"


def _numbers(info: dict[str, str], names: tuple[str, ...]) -> list[float] | None:
    for name in names:
        if name in info:
            return [float(part) if part not in (".", "") else 0.0 for part in info[name].split(",")]
    return None


def read_frequencies(path: Path) -> Iterator[tuple[object, ...]]:
    """Rows of the table `frequency`, one an alternate allele."""
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.startswith("#"):
                continue
            fields = line.rstrip("\n").split("\t")
            name = chromosome_name(fields[0])
            info = dict(item.partition("=")[::2] for item in fields[7].split(";")) if len(fields) > 7 else {}
            try:
                total = _numbers(info, ("AN",))
                frequency = _numbers(info, ("AF",))
                highest = _numbers(info, ("AF_grpmax", "AF_popmax"))
                homozygotes = _numbers(info, ("nhomalt",))
                position = int(fields[1])
                if name is None:
                    continue
                if total is None or frequency is None:
                    raise ValueError("AF")
            except (ValueError, IndexError):
                raise BadInput(path.name, f"line {number}", "AF or AN is missing or not a number", ACCEPTED) from None
            for index, alt in enumerate(fields[4].split(",")):
                yield (
                    NUMBER[name], position, fields[3], alt, int(total[0]), frequency[index],
                    highest[index] if highest else None, int(homozygotes[index]) if homozygotes else None,
                )  # fmt: skip


def fill(connection: sqlite3.Connection, path: Path) -> int:
    """Insert every allele; returns how many."""
    return connection.executemany(INSERT, read_frequencies(path)).rowcount
