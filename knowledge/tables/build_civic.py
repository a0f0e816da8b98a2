"""CIViC's nightly or monthly `ClinicalEvidenceSummaries.tsv` and `VariantSummaries.tsv` to a local table.

The evidence statements are CIViC's sentences and are not kept; the graded facts and the citation are. Releases until
2022 name the variant of each evidence item. Later ones name its molecular profile, which the variant summaries give
for profiles of one variant; evidence on several variants together is left out and counted.
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
_PROFILE_COLUMNS = ("evidence_id", "molecular_profile_id", "disease", "therapies", "evidence_type", "evidence_level")
_WORDS = {
    "sensitivityresponse": "Sensitivity/Response", "resistance": "Resistance", "adverseresponse": "Adverse Response",
    "reducedsensitivity": "Reduced Sensitivity", "supports": "Supports", "doesnotsupport": "Does Not Support",
    "predictive": "Predictive", "combination": "Combination", "sequential": "Sequential", "substitutes": "Substitutes",
}  # fmt: skip


def read_tsv(stream: IO[str]) -> Iterator[dict[str, str]]:
    """Rows as dictionaries; a row with extra cells keeps those that have a name."""
    csv.field_size_limit(min(sys.maxsize, 1 << 24))
    reader = csv.DictReader(stream, delimiter="\t")
    for row in reader:
        yield {key: (value or "").strip() for key, value in row.items() if key is not None}


def fill(connection: sqlite3.Connection, evidence_file: Path, variants_file: Path | None) -> int:
    """Insert accepted evidence and its variants; returns the number of evidence items."""
    variants: dict[int, tuple[object, ...]] = {}
    profiles: dict[str, int] = {}
    for row in _variant_summaries(variants_file):
        key = int(row["variant_id"])
        variants[key] = variant_row(key, row)
        profiles[row.get("single_variant_molecular_profile_id", "")] = key
    items = left_out = 0
    with open_text(evidence_file) as stream:
        for number, row in enumerate(read_tsv(stream), start=2):
            by_profile = "molecular_profile_id" in row
            wanted = _PROFILE_COLUMNS if by_profile else _EVIDENCE_COLUMNS
            if any(column not in row for column in wanted) or not row["evidence_id"].isdigit():
                raise BadInput(evidence_file.name, f"line {number}", "a column is missing", ACCEPTED)
            if row.get("evidence_status") != "accepted":
                continue
            found = profiles.get(row["molecular_profile_id"]) if by_profile else int(row["variant_id"])
            if found is None:
                left_out += 1
                continue
            if not by_profile:
                variants.setdefault(found, variant_row(found, row))
            connection.execute(INSERT_EVIDENCE, evidence_row(row, found))
            items += 1
    if left_out and not items:
        said = "it names molecular profiles, and no variant summaries say which variant each is"
        raise BadInput(evidence_file.name, "the whole file", said, ACCEPTED)
    if left_out:
        note = f"{left_out} evidence items on several variants together were left out."
        connection.execute("INSERT INTO meta VALUES ('note', ?)", (note,))
    connection.executemany(INSERT_VARIANT, variants.values())
    return items


def _variant_summaries(path: Path | None) -> Iterator[dict[str, str]]:
    if path is None:
        return
    with open_text(path) as stream:
        yield from (row for row in read_tsv(stream) if row.get("variant_id", "").isdigit())


def _place(row: dict[str, str]) -> tuple[str, str]:
    """(gene, name of the variant). A fusion, which later releases file as `EML4::ALK`, is one of its known 3' gene."""
    gene, name = row.get("gene") or row.get("feature_name", ""), row.get("variant", "")
    five, joined, three = gene.partition("::")
    if not joined:
        return gene, name
    if "v" in (five, three):
        known = three if five == "v" else five
        return known, f"{known} FUSION" if name.upper() == "FUSION" else name
    pair = f"{five}-{three}"
    return three, pair if name.upper() == "FUSION" else f"{pair} {name}"


def variant_row(key: int, row: dict[str, str]) -> tuple[object, ...]:
    """Values of the table `variant`."""
    start, stop = row.get("start", ""), row.get("stop", "")
    is_37 = row.get("reference_build") in ("GRCh37", "")
    gene, name = _place(row)
    return (
        key, gene, name, row.get("variant_types", ""), row.get("variant_aliases", ""),
        row.get("hgvs_expressions") or row.get("hgvs_descriptions", ""), row.get("chromosome", "") if is_37 else "",
        int(start) if start.isdigit() and is_37 else None, int(stop) if stop.isdigit() and is_37 else None,
        row.get("reference_bases", ""), row.get("variant_bases", ""),
    )  # fmt: skip


def _word(text: str) -> str:
    """CIViC's term as it was always written, whether a release spells it `Does Not Support` or `DOES_NOT_SUPPORT`."""
    return _WORDS.get("".join(ch for ch in text.lower() if ch.isalpha()), text)


def evidence_row(row: dict[str, str], variant: int) -> tuple[object, ...]:
    """Values of the table `evidence`."""
    rating = row.get("rating", "")
    return (
        int(row["evidence_id"]), variant, row["disease"], row.get("doid", ""), _word(row["evidence_type"]),
        _word(row.get("evidence_direction", "")), row["evidence_level"],
        _word(row.get("clinical_significance") or row.get("significance", "")),
        row.get("drugs") or row.get("therapies", ""),
        _word(row.get("drug_interaction_type") or row.get("therapy_interaction_type", "")),
        row.get("variant_origin", ""),
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
