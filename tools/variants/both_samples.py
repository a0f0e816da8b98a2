"""What a tumour's variant has to do with the patient's own genome: in the germline file too, or likely to be."""

from __future__ import annotations

from collections.abc import Sequence

from tools.case import Attachment
from tools.variants.biomarkers import PATHOGENIC
from tools.variants.model import AnnotatedVariant

# Genes whose pathogenic variants in any tumour call for a germline test from these allele fractions on (Mandelker 2019,
# doi:10.1093/annonc/mdz136: 30 % for a substitution, 20 % for a small insertion or deletion).
GERMLINE_GENES = frozenset(
    {"BRCA1", "BRCA2", "PALB2", "MLH1", "MSH2", "MSH6", "RAD51C", "RAD51D", "RET", "SDHB", "SDHC", "SDHD", "VHL"}
)
LEAST_SUBSTITUTION_PERCENT, LEAST_INDEL_PERCENT = 30.0, 20.0
SHARED = "The germline sample has it too, so that it did not arise in the tumour"
SUSPECT = "At this allele fraction it may be of the germline: look for it in a germline sample"

_Found = tuple[Attachment | None, AnnotatedVariant]


def origins_compared(found: Sequence[_Found]) -> list[_Found]:
    """The variants of all files, those of the tumour with a note where the germline has them or may have them."""
    inherited = {_key(source, row) for source, row in found if source is not None and source.origin == "germline"}
    searched = {source.assembly for source, _ in found if source is not None and source.origin == "germline"}
    kept: list[_Found] = []
    for source, row in found:
        note = ""
        if source is not None and source.origin == "somatic" and row.allele is not None:
            if _key(source, row) in inherited:
                note = SHARED
            elif source.assembly not in searched and _suspect(row):
                note = SUSPECT
        kept.append((source, row.model_copy(update={"notes": (*row.notes, note)}) if note else row))
    return kept


def _key(source: Attachment | None, row: AnnotatedVariant) -> tuple[object, ...]:
    allele = row.allele
    if source is None or allele is None:
        return ()
    return (source.assembly, allele.chromosome, allele.position, allele.ref, allele.alt)


def _suspect(row: AnnotatedVariant) -> bool:
    allele = row.allele
    if row.gene not in GERMLINE_GENES or allele is None or allele.fraction_percent is None or not allele.passed:
        return False
    least = LEAST_SUBSTITUTION_PERCENT if len(allele.ref) == len(allele.alt) else LEAST_INDEL_PERCENT
    harmful = row.clinvar is not None and row.clinvar.significance in PATHOGENIC
    return harmful and allele.fraction_percent >= least


__all__ = ["SHARED", "SUSPECT", "origins_compared"]
