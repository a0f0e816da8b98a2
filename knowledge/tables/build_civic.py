"""CIViC's nightly or monthly `ClinicalEvidenceSummaries.tsv` and `VariantSummaries.tsv` to a local table.

The evidence statements are CIViC's sentences and are not kept; the graded facts and the citation are.
"""

from __future__ import annotations

import csv
import gzip
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from knowledge.errors import BadInput
from knowledge.tables.build_clinvar import open_text

SCHEMA = """
CREATE TABLE variant (id INTEGER PRIMARY KEY, gene TEXT NOT NULL, name TEXT NOT NULL, types TEXT NOT NULL,
  aliases TEXT NOT NULL, hgvs TEXT NOT NULL, chromosome TEXT NOT NULL, start37 INTEGER, stop37 INTEGER,
  ref TEXT NOT NULL, alt TEXT NOT NULL);
CREATE TABLE evidence (id INTEGER PRIMARY KEY, variant INTEGER NOT NULL, disease TEXT NOT NULL, doid TEXT NOT NULL,
  type TEXT NOT NULL, direction TEXT NOT NULL, level TEXT NOT NULL, significance TEXT NOT NULL, drugs TEXT NOT NULL,
  interaction TEXT NOT NULL, origin TEXT NOT NULL, rating INTEGER, citation TEXT NOT NULL, source TEXT NOT NULL,
  reviewed TEXT NOT NULL);
CREATE INDEX evidence_variant ON evidence (variant);
CREATE INDEX variant_gene ON variant (gene);
"""
INSERT_EVIDENCE = "INSERT INTO evidence VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
INSERT_VARIANT = "INSERT INTO variant VALUES (?,?,?,?,?,?,?,?,?,?,?)"
ACCEPTED = "CIViC's ClinicalEvidenceSummaries.tsv and VariantSummaries.tsv"
_EVIDENCE_COLUMNS = ("evidence_id", "variant_id", "gene", "variant", "disease", "evidence_type", "evidence_level")


def read_tsv(stream: IO[str]) -> Iterator[dict[str, str]]:
    """Rows as dictionaries; a row with extra cells keeps those that have a name."""
    csv.field_size_limit(min(sys.maxsize, 1 << 24))
    reader = csv.DictReader(stream, delimiter="\t")
    for row in reader:
        yield {key: (value or "").strip() for key, value in row.items() if key is not None}


def fill(connection: sqlite3.Connection, evidence_file: Path, variants_file: Path | None) -> int:
    """Insert accepted evidence and its variants; returns the number of evidence items."""
    variants: dict[int, tuple[object, ...]] = {}
    items = 0
    with open_text(evidence_file) as stream:
        for number, row in enumerate(read_tsv(stream), start=2):
            if any(column not in row for column in _EVIDENCE_COLUMNS) or not row["evidence_id"].isdigit():
                raise BadInput(evidence_file.name, f"line {number}", "a column is missing", ACCEPTED)
            if row.get("evidence_status") != "accepted":
                continue
            key = int(row["variant_id"])
            variants.setdefault(key, variant_row(key, row))
            connection.execute(INSERT_EVIDENCE, evidence_row(row))
            items += 1
    if variants_file is not None:
        with open_text(variants_file) as stream:
            for row in read_tsv(stream):
                if row.get("variant_id", "").isdigit():
                    key = int(row["variant_id"])
                    variants[key] = variant_row(key, row)
    connection.executemany(INSERT_VARIANT, variants.values())
    return items


def variant_row(key: int, row: dict[str, str]) -> tuple[object, ...]:
    """Values of the table `variant`."""
    start, stop = row.get("start", ""), row.get("stop", "")
    is_37 = row.get("reference_build") in ("GRCh37", "")
    return (
        key, row["gene"], row["variant"], row.get("variant_types", ""), row.get("variant_aliases", ""),
        row.get("hgvs_expressions", ""), row.get("chromosome", "") if is_37 else "",
        int(start) if start.isdigit() and is_37 else None, int(stop) if stop.isdigit() and is_37 else None,
        row.get("reference_bases", ""), row.get("variant_bases", ""),
    )  # fmt: skip


def evidence_row(row: dict[str, str]) -> tuple[object, ...]:
    """Values of the table `evidence`."""
    rating = row.get("rating", "")
    return (
        int(row["evidence_id"]), int(row["variant_id"]), row["disease"], row.get("doid", ""), row["evidence_type"],
        row.get("evidence_direction", ""), row["evidence_level"], row.get("clinical_significance", ""),
        row.get("drugs", ""), row.get("drug_interaction_type", ""), row.get("variant_origin", ""),
        int(rating) if rating.isdigit() else None, row.get("citation_id", ""), row.get("source_type", ""),
        row.get("last_review_date", "")[:10],
    )  # fmt: skip


def is_evidence_file(path: Path) -> bool:
    """Whether a file's header is that of CIViC's evidence summaries."""
    try:
        with open_text(path) as stream:
            return "evidence_id" in stream.readline().split("\t")
    except (OSError, EOFError, gzip.BadGzipFile):
        raise BadInput(path.name, "the whole file", "it cannot be read as text or gzip", ACCEPTED) from None
