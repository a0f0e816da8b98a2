"""Consequences that the file already carries: VEP's CSQ, SnpEff's ANN, bcftools' BCSQ."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from tools.variants.model import Consequence
from tools.variants.names import worst_term
from tools.variants.reading import VcfLine

SOURCES = {"CSQ": "VEP CSQ in the file", "ANN": "SnpEff ANN in the file", "BCSQ": "bcftools csq"}
_SNPEFF = (
    "Allele", "Annotation", "Annotation_Impact", "Gene_Name", "Gene_ID", "Feature_Type", "Feature_ID",
    "Transcript_BioType", "Rank", "HGVS.c", "HGVS.p", "cDNA", "CDS", "AA", "Distance", "ERRORS",
)  # fmt: skip
_BCSQ = ("Consequence", "gene", "transcript", "biotype", "strand", "amino_acid_change", "dna_change")


def in_file(
    record: VcfLine, alt: str, fields: Mapping[str, tuple[str, ...]], preferred: Mapping[str, str]
) -> Consequence | None:
    """The consequence of one ALT allele that the record's INFO gives, on the best transcript.

    The transcript is the one that ClinVar uses (`preferred`, gene to transcript), then MANE Select or canonical, then
    the one with the worst consequence.
    """
    for key in ("CSQ", "ANN", "BCSQ"):
        value = record.info_value(key)
        if value:
            names = fields.get(key) or (_SNPEFF if key == "ANN" else _BCSQ if key == "BCSQ" else ())
            if key == "ANN":
                names = _SNPEFF
            found = [_entry(dict(zip(names, entry.split("|"), strict=False)), key) for entry in value.split(",")]
            mine = [item for item in found if item is not None and _is_for(item[0], record, alt)]
            if mine:
                return min(mine, key=lambda item: _order(item, preferred))[1]
    return None


def gene_columns(fields: Mapping[str, tuple[str, ...]]) -> dict[bytes, int]:
    """Where the gene stands in an entry of each annotation that the header declares, by `KEY=`."""
    found = {}
    if "SYMBOL" in fields.get("CSQ", ()):
        found[b"CSQ="] = fields["CSQ"].index("SYMBOL")
    if "ANN" in fields:
        found[b"ANN="] = _SNPEFF.index("Gene_Name")
    if "BCSQ" in fields:
        found[b"BCSQ="] = (fields["BCSQ"] or _BCSQ).index("gene")
    return found


def between_bars(fields: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the gene stands neither first nor last in an entry, so that bars are on both of its sides."""
    names = fields.get("CSQ", ())
    return "SYMBOL" not in names or 0 < names.index("SYMBOL") < len(names) - 1


_Entry = tuple[str, Consequence, int, bool]


def _entry(cells: dict[str, str], key: str) -> _Entry | None:
    if key == "CSQ":
        rank, term = worst_term(cells.get("Consequence", ""))
        chosen = bool(cells.get("MANE_SELECT")) or cells.get("CANONICAL") == "YES"
        coding, protein = cells.get("HGVSc", ""), cells.get("HGVSp", "")
        gene, transcript, exon = cells.get("SYMBOL", ""), cells.get("Feature", ""), cells.get("EXON", "")
    elif key == "ANN":
        rank, term = worst_term(cells.get("Annotation", ""))
        chosen, exon = False, cells.get("Rank", "")
        coding, protein = cells.get("HGVS.c", ""), cells.get("HGVS.p", "")
        gene, transcript = cells.get("Gene_Name", ""), cells.get("Feature_ID", "")
    else:
        if cells.get("Consequence", "").startswith("@"):
            return None
        rank, term = worst_term(cells.get("Consequence", "").lstrip("*"))
        chosen, exon, coding = False, "", ""
        protein = _bcsq_protein(cells.get("amino_acid_change", ""), term)
        gene, transcript = cells.get("gene", ""), cells.get("transcript", "")
    if not gene:
        return None
    made = Consequence(
        gene=gene, transcript=coding.partition(":")[0] if ":" in coding else transcript,
        hgvs_c=unquote(coding.rpartition(":")[2]), hgvs_p=unquote(protein.rpartition(":")[2]), term=term,
        source=SOURCES[key], exon=exon,
    )  # fmt: skip
    return cells.get("Allele", ""), made, rank, chosen


def _bcsq_protein(text: str, term: str) -> str:
    """`858L>858R` to `L858R`; other changes of bcftools are left out, because they are not HGVS."""
    before, mark, after = text.partition(">")
    digits = "".join(ch for ch in before if ch.isdigit())
    if not mark or not digits or len(before) != len(digits) + 1 or len(after) != len(digits) + 1:
        return ""
    if term not in ("missense_variant", "stop_gained", "synonymous_variant"):
        return ""
    return f"p.{before[len(digits) :]}{digits}{after[len(digits) :]}"


def _is_for(allele: str, record: VcfLine, alt: str) -> bool:
    """Whether an entry's Allele is this ALT: VEP drops the first base of an indel, SnpEff gives ALT as it stands."""
    if len(record.alts) == 1 or not allele:
        return True
    shared = (
        all(other[:1] == record.ref[:1] for other in record.alts) and len({len(record.ref), *map(len, record.alts)}) > 1
    )
    trimmed = (alt[1:] or "-") if shared else alt
    return allele in (alt, trimmed)


def _order(item: _Entry, preferred: Mapping[str, str]) -> tuple[bool, bool, int]:
    _, consequence, rank, chosen = item
    used = preferred.get(consequence.gene, "").split(".")[0]
    return (not used or consequence.transcript.split(".")[0] != used, not chosen, rank)
