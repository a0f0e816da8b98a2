"""Secondary findings: which pathogenic variants of the ACMG list's genes the list asks to report.

The list's version 3.2 (Miller 2023, doi:10.1016/j.gim.2023.100866) asks for two variants of the genes of recessive
disease, for HFE C282Y only where it is homozygous, and for truncating variants only of TTN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from knowledge.tables.store import acmg_secondary_findings
from tools.variants.biomarkers import PATHOGENIC
from tools.variants.model import Allele, AnnotatedVariant, ClinVarHit, Consequence
from tools.variants.names import TRUNCATING, short_protein

TWO_NEEDED = frozenset({"ATP7B", "BTD", "CASQ2", "GAA", "MUTYH", "RPE65", "TRDN"})


def is_secondary_finding(consequence: Consequence, hit: ClinVarHit | None, allele: Allele | None) -> bool:
    """Whether the list asks for this variant by itself."""
    gene = consequence.gene
    copies = allele.copies if allele else None
    if gene == "HFE":
        return short_protein(consequence.hgvs_p) == "C282Y" and copies == 2
    harmful = hit is not None and hit.significance in PATHOGENIC
    if gene not in acmg_secondary_findings() or not harmful:
        return False
    if gene == "TTN":
        return consequence.term in TRUNCATING
    return copies == 2 if gene in TWO_NEEDED else True


def pairs_marked(rows: Iterable[AnnotatedVariant]) -> list[AnnotatedVariant]:
    """The germline variants of one sample, with two of a gene of recessive disease marked as one finding.

    Whether they stand on different chromosomes is not known here, and is said.
    """
    kept = list(rows)
    held = Counter(row.gene for row in kept if _counts(row))
    return [_marked(row, held[row.gene]) if _counts(row) and not row.secondary_finding else row for row in kept]


def _counts(row: AnnotatedVariant) -> bool:
    harmful = row.clinvar is not None and row.clinvar.significance in PATHOGENIC
    return row.gene in TWO_NEEDED and harmful and (row.allele is None or row.allele.passed)


def _marked(row: AnnotatedVariant, number: int) -> AnnotatedVariant:
    if number > 1:
        note = f"{row.gene} has {number} such variants; whether they are on different chromosomes is to be tested"
    else:
        note = f"One variant of {row.gene} is no secondary finding: the ACMG list asks for two"
    return row.model_copy(update={"secondary_finding": number > 1, "notes": (*row.notes, note)})


__all__ = ["TWO_NEEDED", "is_secondary_finding", "pairs_marked"]
