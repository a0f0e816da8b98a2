"""Make `liftover37to38.tsv`: runs of SNPs that moved by one offset between GRCh37 and GRCh38.

    python -m knowledge.tables.build_liftover HAPMAP3_GRCh37 HAPMAP3_GRCh38

Each file is a table with the columns rsid, #CHROM and POS (dbSNP positions of the HapMap 3 SNPs; build 150 on GRCh37
and build 151 on GRCh38 were used). Only SNPs on the same chromosome in both count.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from knowledge.tables.liftover import SEGMENTS_FILE

LEAST_ANCHORS = 5


def read_positions(path: Path) -> Iterator[tuple[str, str, int]]:
    """(rsid, chromosome, position) of each row."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        header = stream.readline().split()
        columns = [header.index(name) for name in ("rsid", "#CHROM", "POS")]
        for line in stream:
            fields = line.split()
            rsid, chromosome, position = (fields[column] for column in columns)
            yield rsid, chromosome, int(position)


def find_segments(old: Path, new: Path) -> list[tuple[str, int, int, int, int]]:
    """(chromosome, start, end, offset, number of SNPs) of each run of at least `LEAST_ANCHORS` SNPs."""
    on_old = {rsid: (chromosome, position) for rsid, chromosome, position in read_positions(old)}
    moved: list[tuple[str, int, int]] = []
    for rsid, chromosome, position in read_positions(new):
        before = on_old.pop(rsid, None)
        if before is not None and before[0] == chromosome:
            moved.append((chromosome, before[1], position - before[1]))
    moved.sort()
    found = []
    for (chromosome, offset), run in groupby(moved, key=lambda item: (item[0], item[2])):
        positions = [position for _, position, _ in run]
        if len(positions) >= LEAST_ANCHORS:
            found.append((chromosome, positions[0], positions[-1], offset, len(positions)))
    return found


def main(arguments: list[str]) -> None:
    """Write the table from the two files named in `arguments`."""
    rows = find_segments(Path(arguments[0]), Path(arguments[1]))
    with SEGMENTS_FILE.open("w", encoding="utf-8") as stream:
        stream.write("#chromosome\tstart_grch37\tend_grch37\toffset_to_grch38\tsnps\n")
        stream.writelines("\t".join(map(str, row)) + "\n" for row in rows)
    sys.stdout.write(f"{len(rows)} runs\n")


if __name__ == "__main__":
    main(sys.argv[1:])
