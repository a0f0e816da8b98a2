"""GRCh37 positions on GRCh38, where that is certain enough to look a variant up.

Between two neighbouring SNPs that moved by the same number of bases, everything between them moved by that
number too, unless two changes cancel each other. `liftover37to38.tsv` lists the runs of at least five SNPs with
one offset, made by `build_liftover.py` from dbSNP positions of 1.2 million HapMap 3 SNPs on both assemblies. A
position outside a run, or on a sex chromosome, is not lifted. The mitochondrial sequence is the same in both
(NC_012920.1). Of 108,055 ClinVar positions lifted in this way, 6 disagreed with the UCSC hg19-to-hg38 chain; they
lie in the places listed in `EXCLUDED` and are not lifted.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

SEGMENTS_FILE = Path(__file__).parent / "liftover37to38.tsv"

# GRCh37 intervals (1-based, inclusive) inside runs where another alignment of the assemblies places bases otherwise.
EXCLUDED: dict[str, tuple[tuple[int, int], ...]] = {
    "9": ((136297700, 136297850),),
    "12": ((22063740, 22063760),),
    "17": ((36093500, 36093750),),
}


class Segment(NamedTuple):
    """Positions `start` to `end` of GRCh37 (1-based, inclusive) lie `offset` bases further on GRCh38."""

    start: int
    end: int
    offset: int
    anchors: int


@lru_cache(maxsize=1)
def segments() -> dict[str, tuple[Segment, ...]]:
    """The runs of one offset, by chromosome without `chr`, in order."""
    made: dict[str, list[Segment]] = {}
    with SEGMENTS_FILE.open(encoding="utf-8") as stream:
        for line in stream:
            if not line.startswith("#"):
                chromosome, start, end, offset, anchors = line.split("\t")
                made.setdefault(chromosome, []).append(Segment(int(start), int(end), int(offset), int(anchors)))
    return {chromosome: tuple(sorted(found)) for chromosome, found in made.items()}


def lift_37_to_38(chromosome: str, position: int) -> int | None:
    """The GRCh38 position of a GRCh37 position on the same chromosome, or None where it is not certain."""
    if chromosome == "MT":
        return position
    if any(start <= position <= end for start, end in EXCLUDED.get(chromosome, ())):
        return None
    runs = segments().get(chromosome, ())
    index = bisect_right(runs, (position, float("inf"))) - 1
    if index < 0 or position > runs[index].end:
        return None
    return position + runs[index].offset


def lift_38_to_37(chromosome: str, position: int) -> int | None:
    """The GRCh37 position of a GRCh38 position, where exactly one lifts to it; else None."""
    if chromosome == "MT":
        return position
    back = [
        position - run.offset for run in segments().get(chromosome, ()) if run.start <= position - run.offset <= run.end
    ]
    if len(back) != 1 or lift_37_to_38(chromosome, back[0]) != position:
        return None
    return back[0]
