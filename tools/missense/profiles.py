"""The profile of a protein: from the table that ships, else from a search of the local protein table."""

from __future__ import annotations

import hashlib
import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from knowledge.manifest import verified_path
from knowledge.tables.store import open_read_only
from tools.missense.observed import unpack
from tools.missense.proteins import protein_table
from tools.missense.relatives import Profile, Relatives, profile

PROFILES = "tools/missense/weights/profiles.sqlite"
LONGEST_SEARCHED = 3000


class Stretch(NamedTuple):
    """A protein, or the stretch of a long one around a place, with its profile.

    Attributes:
        sequence: the residues.
        place: the 1-based place in it.
        profile: what relatives have.
    """

    sequence: str
    place: int
    profile: Profile


def profile_at(sequence: str, place: int) -> Stretch:
    """The profile around a 1-based place of a protein. Raises `ToolFailed` where the tables are missing or changed."""
    shipped = stored(sequence)
    if shipped is not None:
        return Stretch(sequence, place, shipped)
    cut, inside = stretch(sequence, place)
    return Stretch(cut, inside, _searched(cut))


def stretch(sequence: str, place: int) -> tuple[str, int]:
    """The stretch of a long protein that is searched for relatives, and the 1-based place in it.

    Borders lie on a fixed raster, so that changes close to one another share one search.
    """
    if len(sequence) <= LONGEST_SEARCHED:
        return sequence, place
    half = LONGEST_SEARCHED // 2
    block = (place - 1) // half
    first = max(0, min(block * half - half // 2, len(sequence) - LONGEST_SEARCHED))
    return sequence[first : first + LONGEST_SEARCHED], place - first


@lru_cache(maxsize=256)
def stored(sequence: str) -> Profile | None:
    """The shipped profile of exactly this sequence, or None."""
    row = _row(sequence)
    return None if row is None else profile(sequence, unpack(row[0], sequence, row[1]))


def stored_accession(sequence: str) -> str | None:
    """The accession under which the shipped table has exactly this sequence, or None."""
    row = _row(sequence)
    return None if row is None else row[2]


@lru_cache(maxsize=256)
def _row(sequence: str) -> tuple[bytes, int, str] | None:
    key = hashlib.sha256(sequence.encode()).hexdigest()
    query = "SELECT observed, relatives, accession FROM profile WHERE sha256 = ?"
    row: tuple[bytes, int, str] | None = _connection(verified_path(PROFILES)).execute(query, (key,)).fetchone()
    return row


@lru_cache(maxsize=1)
def _connection(path: Path) -> sqlite3.Connection:
    return open_read_only(path)


@lru_cache(maxsize=1)
def _relatives() -> Relatives:
    return Relatives(protein_table().all())


@lru_cache(maxsize=128)
def _searched(sequence: str) -> Profile:
    return profile(sequence, _relatives().observe(sequence))


__all__ = ["PROFILES", "Stretch", "profile_at", "stored", "stored_accession", "stretch"]
