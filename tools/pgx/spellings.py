"""Other ways to write the insertions and deletions of the allele definitions.

The same change of a repeat can be anchored at several bases. The definitions hold the leftmost; their HGVS names say
how far right the same change can be written (3' rule, hgvs-nomenclature.org), and so every place in between.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tools.pgx.definitions import Position
from tools.variants.normalise import trim

_PLAIN = re.compile(r"^g\.(?P<start>\d+)(?:_(?P<end>\d+))?(?P<what>del|dup|ins)(?P<bases>[ACGT]*)$")
_REPEAT = re.compile(r"^g\.(?P<start>\d+)(?P<unit>[ACGT]+)\[(?P<count>\d+)\]$")


class Spelling(NamedTuple):
    """One trimmed allele of a VCF (1-based place on GRCh38) that means `alt` of a position."""

    place: int
    ref: str
    alt: str


def spellings(position: Position) -> dict[Spelling, str]:
    """Every trimmed form of the insertions and deletions of a position, with the alternate allele that it is."""
    found: dict[Spelling, str] = {}
    for alt in position.alts:
        if len(alt) == len(position.ref):
            continue
        place, ref, short = trim(position.position, position.ref, alt)
        if len(ref) > 1 and len(short) > 1:
            found[Spelling(place, ref, short)] = alt
            continue
        deleted = len(ref) > 1
        unit = (ref if deleted else short)[1:]
        last = _last_base(position, len(unit) if deleted else 0)
        for shift in range(max(last - place, 0) + 1):
            if deleted and place + shift + len(unit) > last > 0 and shift:
                break
            turned = unit[shift % len(unit) :] + unit[: shift % len(unit)]
            anchor = ref[0] if shift == 0 else unit[(shift - 1) % len(unit)]
            long, base = anchor + turned, anchor
            key = (long, base) if deleted else (base, long)
            found[Spelling(place + shift, *key)] = alt
    return found


def _last_base(position: Position, deleted: int) -> int:
    """The last base of the stretch in which the change can be written; 0 where the name does not say it."""
    names = [name.strip() for name in position.hgvs.split(";")]
    repeats = [found for name in names if (found := _REPEAT.match(name))]
    if repeats:
        unit, start = repeats[0]["unit"], int(repeats[0]["start"])
        return start + len(unit) * _reference_count(position, [int(r["count"]) for r in repeats], len(unit)) - 1
    found = _PLAIN.match(names[0])
    if found is None:
        return 0
    if found["what"] == "ins":
        return int(found["start"])
    return int(found["end"] or found["start"]) if deleted or found["what"] == "dup" else 0


def _reference_count(position: Position, counts: list[int], unit: int) -> int:
    """How many units the reference has: a named count, less what the alternate allele of that rank adds."""
    steps = sorted({(len(alt) - len(position.ref)) // unit for alt in position.alts})
    return min(counts) - min([*steps, 0] if len(counts) > len(position.alts) else steps)


__all__ = ["Spelling", "spellings"]
