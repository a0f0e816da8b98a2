"""ClinVar files to a local table: the VCF, `variant_summary.txt`, or a table with HGVS and significance columns.

A GRCh37 position is also given on GRCh38 where `liftover` is certain of it.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from knowledge.errors import BadInput
from knowledge.tables.chromosomes import NUMBER, chromosome_name
from knowledge.tables.liftover import lift_37_to_38
from knowledge.tables.significance import classify_significance, review_stars

SCHEMA = """
CREATE TABLE text (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE record (
  accession INTEGER NOT NULL, chromosome INTEGER NOT NULL, position37 INTEGER, position38 INTEGER,
  ref TEXT NOT NULL, alt TEXT NOT NULL, gene INTEGER NOT NULL, transcript INTEGER NOT NULL, hgvs_c TEXT NOT NULL,
  hgvs_p TEXT NOT NULL, significance INTEGER NOT NULL, stars INTEGER NOT NULL, review INTEGER NOT NULL,
  traits INTEGER NOT NULL);
"""
INDEXES = """
CREATE INDEX record_37 ON record (chromosome, position37);
CREATE INDEX record_38 ON record (chromosome, position38);
CREATE INDEX record_gene ON record (gene);
"""
_NAMES = {
    "GRCh37": "SELECT r.chromosome, r.position37, r.ref, r.alt, t.value, r.hgvs_c, r.hgvs_p FROM record r "
    "JOIN text t ON t.id = r.transcript",
    "GRCh38": "SELECT r.chromosome, r.position38, r.ref, r.alt, t.value, r.hgvs_c, r.hgvs_p FROM record r "
    "JOIN text t ON t.id = r.transcript",
}
INSERT_RECORD = "INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
ACCEPTED = "ClinVar's clinvar.vcf.gz, variant_summary.txt.gz, or a table with chrom, pos, ref, alt, symbol, hgvs_c"
_NAME = re.compile(
    r"^(?P<transcript>N[MRC]_[\d.]+)?(?:\((?P<gene>[^)]*)\))?:?(?P<c>[cngm]\.[^ ]+)?(?: \((?P<p>p\.[^)]+)\))?"
)
_SUBSTITUTION = re.compile(r"^[cn]\.[-*\d+]+([ACGT])>([ACGT])$")
_TRAITS_SHOWN = 3


@dataclass(frozen=True)
class ClinVarRow:
    """One allele on one assembly, in ClinVar's own words."""

    accession: int
    chromosome: str
    position: int
    ref: str
    alt: str
    gene: str
    transcript: str
    hgvs_c: str
    hgvs_p: str
    significance: str
    review: str
    traits: str


def open_text(path: Path) -> IO[str]:
    """Open a text file that may be gzipped."""
    if path.suffix in (".gz", ".bgz"):
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def sniff(path: Path) -> tuple[str, str | None, str | None]:
    """(layout, assembly, release) of a ClinVar file; assembly and release where the file says so.

    Raises:
        BadInput: it is none of the layouts.
    """
    assembly = release = None
    try:
        with open_text(path) as stream:
            for number, line in enumerate(stream):
                if line.startswith("##reference="):
                    assembly = next((name for name in ("GRCh37", "GRCh38") if name in line), None)
                elif line.startswith("##fileDate="):
                    release = line.strip().split("=", 1)[1]
                elif line.startswith("#CHROM\t"):
                    return "vcf", assembly, release
                elif line.startswith("#AlleleID\t"):
                    return "summary", None, release
                elif line.startswith("chrom\t"):
                    return "table", None, release
                elif not line.startswith("#") or number > 10_000:
                    break
    except (OSError, EOFError):
        raise BadInput(path.name, "the whole file", "it cannot be read as text or gzip", ACCEPTED) from None
    raise BadInput(path.name, "the header", "it is not a ClinVar file", ACCEPTED)


def read_table(path: Path) -> Iterator[ClinVarRow]:
    """Rows of the tab-separated layout with `hgvs_c` and `hgvs_p`."""
    with open_text(path) as stream:
        columns = stream.readline().rstrip("\n").split("\t")
        for number, line in enumerate(stream, start=2):
            row = dict(zip(columns, line.rstrip("\n").split("\t"), strict=False))
            name = chromosome_name(row.get("chrom", ""))
            if name is None or row.get("symbol") in (None, "-", ""):
                continue
            if not row.get("pos", "").isdigit() or "traits" not in "".join(row):
                raise BadInput(path.name, f"line {number}", "a column is missing or pos is not a number", ACCEPTED)
            transcript, _, coding = row["hgvs_c"].partition(":")
            protein = row["hgvs_p"].partition(":")[2]
            if row["mut"] != "ALT":
                continue
            yield ClinVarRow(
                int(row["measureset_id"]), name, int(row["pos"]), row["ref"], row["alt"], row["symbol"], transcript,
                coding, protein, row["clinical_significance"], row["review_status"], row["all_traits"],
            )  # fmt: skip


def read_vcf(path: Path) -> Iterator[ClinVarRow]:
    """Rows of ClinVar's own VCF (INFO: CLNSIG, CLNREVSTAT, CLNDN, GENEINFO), which names no transcript or protein."""
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.startswith("#"):
                continue
            fields = line.rstrip("\n").split("\t")
            name = chromosome_name(fields[0])
            if len(fields) < 8 or not fields[1].isdigit():
                raise BadInput(path.name, f"line {number}", "it is not a VCF record", ACCEPTED)
            info = dict(item.partition("=")[::2] for item in fields[7].split(";"))
            gene = info.get("GENEINFO", "").split("|")[0].split(":")[0]
            if name is None or not gene or "CLNSIG" not in info or not fields[2].isdigit():
                continue
            yield ClinVarRow(
                int(fields[2]), name, int(fields[1]), fields[3], fields[4], gene, "", "", "",
                info["CLNSIG"].replace("_", " "), info.get("CLNREVSTAT", "").replace("_", " "),
                info.get("CLNDN", "").replace("_", " ").replace("|", ";"),
            )  # fmt: skip


def with_names(rows: Iterator[ClinVarRow], assembly: str, named: Path) -> Iterator[ClinVarRow]:
    """Rows with transcript, coding and protein change from the table `named`, where that has the same allele."""
    connection = sqlite3.connect(f"file:{named}?mode=ro&immutable=1", uri=True)
    try:
        known = {tuple(row[:4]): row[4:] for row in connection.execute(_NAMES[assembly])}
    finally:
        connection.close()
    for row in rows:
        found = known.get((NUMBER[row.chromosome], row.position, row.ref, row.alt))
        if found is not None:
            transcript, coding, protein = found
            yield replace(row, transcript=transcript, hgvs_c=coding, hgvs_p=protein)
        else:
            yield row


def read_summary(path: Path, assembly: str) -> Iterator[ClinVarRow]:
    """Rows of `variant_summary.txt` on one assembly."""
    with open_text(path) as stream:
        columns = stream.readline().lstrip("#").rstrip("\n").split("\t")
        for line in stream:
            row = dict(zip(columns, line.rstrip("\n").split("\t"), strict=False))
            name = chromosome_name(row.get("Chromosome", ""))
            if row.get("Assembly") != assembly or name is None or not row.get("PositionVCF", "").isdigit():
                continue
            parsed = _NAME.match(row["Name"])
            found = parsed.groupdict() if parsed else {}
            yield ClinVarRow(
                int(row["VariationID"]), name, int(row["PositionVCF"]), row["ReferenceAlleleVCF"],
                row["AlternateAlleleVCF"], row["GeneSymbol"].split(";")[0], found.get("transcript") or "",
                found.get("c") or "", found.get("p") or "", row["ClinicalSignificance"], row["ReviewStatus"],
                row["PhenotypeList"].replace("|", ";"),
            )  # fmt: skip


def read_rows(path: Path, layout: str, assembly: str) -> Iterator[ClinVarRow]:
    """Rows of a file whose layout `sniff` found."""
    if layout == "vcf":
        return read_vcf(path)
    return read_summary(path, assembly) if layout == "summary" else read_table(path)


def fill(
    connection: sqlite3.Connection, rows: Iterator[ClinVarRow], assembly: str, genes: frozenset[str] | None
) -> int:
    """Insert the rows of `genes` (None: all) that make an assertion; returns how many."""
    texts: dict[str, int] = {}

    def text(value: str) -> int:
        return texts.setdefault(value, len(texts) + 1)

    def values() -> Iterator[tuple[object, ...]]:
        for row in rows:
            if (genes is not None and row.gene not in genes) or row.significance.lower() == "not provided":
                continue
            if not is_consistent(row):
                continue
            lifted = lift_37_to_38(row.chromosome, row.position) if assembly == "GRCh37" else row.position
            yield (
                row.accession, NUMBER[row.chromosome], row.position if assembly == "GRCh37" else None, lifted,
                row.ref, row.alt, text(row.gene), text(row.transcript), row.hgvs_c, row.hgvs_p,
                text(classify_significance(row.significance)), review_stars(row.review),
                text(f"{row.significance} ({row.review})"), text(shown_traits(row.traits)),
            )  # fmt: skip

    cursor = connection.executemany(INSERT_RECORD, values())
    connection.executemany("INSERT INTO text VALUES (?, ?)", ((number, value) for value, number in texts.items()))
    connection.executescript(INDEXES)
    return cursor.rowcount


def is_consistent(row: ClinVarRow) -> bool:
    """Whether a substitution's coding name fits its alleles on one strand or the other.

    Records of several changes at once are tabulated with the name of one and the place of another, and are left out.
    """
    named = _SUBSTITUTION.search(row.hgvs_c)
    if named is None or len(row.ref) != 1 or len(row.alt) != 1:
        return True
    complement = {"A": "T", "C": "G", "G": "C", "T": "A"}
    change = (row.ref, row.alt)
    return named.groups() in (change, tuple(complement.get(base, "N") for base in change))


def shown_traits(text: str) -> str:
    """The first few distinct conditions of a `;`-separated list, ignoring case and non-answers."""
    kept: dict[str, str] = {}
    for trait in text.split(";"):
        key = trait.strip().casefold()
        if key and key not in ("not provided", "not specified", "allhighlypenetrant"):
            kept.setdefault(key, trait.strip())
    names = list(kept.values())
    return "; ".join(names[:_TRAITS_SHOWN]) + (f" and {len(names) - _TRAITS_SHOWN} more" if len(names) > 3 else "")
