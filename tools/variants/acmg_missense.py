"""ACMG/AMP codes of a missense or in-frame change that its gene's records, its protein and the predictor support.

PM1, PP2 and BP1 name no numbers in Richards 2015 (doi:10.1038/gim.2015.30). The numbers here are our reading, stricter
than a mere majority, and are said in every reason: a clinician who holds a gene-specific rule replaces the code.
PP3 and BP4 come from the calibrated missense predictor, at the strength that its calibration reaches; PP3 and PM1
together never weigh more than one strong code (Pejaver 2022, doi:10.1016/j.ajhg.2022.10.013).
"""

from __future__ import annotations

from knowledge.errors import ToolFailed, ToolRetry
from tools.variants.acmg import Code
from tools.variants.lookup import GeneRecords
from tools.variants.model import Consequence
from tools.variants.names import ProteinChange

HOT_SPOT_SIDE = 5  # residues on either side
HOT_SPOT_LEAST = 4  # different pathogenic missense changes at other residues in it
GENE_LEAST = 10  # classified variants of a gene, below which its habits are not judged
MOSTLY = 0.8
RARELY = 0.1
REPEAT_COPIES = 4


def gene_codes(change: ProteinChange, records: GeneRecords, mine: int | None) -> list[Code]:
    """PM1, PP2 and BP1 of a missense change, from the gene's other records."""
    harmful, harmless, truncating = _reviewed(records, mine)
    gene = records.rows[0][1] if records.rows else ""
    found = []
    near = {
        other.text for other in harmful
        if other.start != change.start and abs(other.start - change.start) <= HOT_SPOT_SIDE
    }  # fmt: skip
    mild = [other for other in harmless if abs(other.start - change.start) <= HOT_SPOT_SIDE]
    if len(near) >= HOT_SPOT_LEAST and not mild:
        reason = (
            f"{len(near)} other pathogenic missense changes in ClinVar within {HOT_SPOT_SIDE} residues, no benign one"
        )
        found.append(Code(name="PM1", strength="moderate", reason=reason))
    missense = len(harmful) + len(harmless)
    pathogenic = len(harmful) + truncating
    if (
        len(harmful) >= GENE_LEAST
        and len(harmless) <= RARELY * missense
        and len(harmful) >= MOSTLY * pathogenic
    ):  # fmt: skip
        reason = (
            f"of {gene}'s {missense} classified missense changes {len(harmless)} are benign, and {len(harmful)} of its "
            f"{pathogenic} pathogenic changes are missense"
        )
        found.append(Code(name="PP2", strength="supporting", reason=reason))
    elif (
        pathogenic >= 2 * GENE_LEAST
        and truncating >= (1 - RARELY) * pathogenic
        and not any(abs(other.start - change.start) <= HOT_SPOT_SIDE for other in harmful)
    ):
        reason = f"{truncating} of {gene}'s {pathogenic} pathogenic changes in ClinVar truncate the protein"
        found.append(Code(name="BP1", strength="supporting", reason=reason))
    return found


def _reviewed(records: GeneRecords, mine: int | None) -> tuple[list[ProteinChange], list[ProteinChange], int]:
    """Pathogenic and benign missense changes, and how many truncations, with at least one star, `mine` left out."""
    harmful, harmless, truncating = records.reviewed
    return (
        [change for accession, change in harmful if accession != mine],
        [change for accession, change in harmless if accession != mine],
        sum(accession != mine for accession in truncating),
    )


def predictor_code(consequence: Consequence, change: ProteinChange) -> Code | None:
    """PP3 or BP4 by the embedded missense predictor; None where it cannot tell or has no such protein."""
    from tools.missense.predict import predict_gene

    try:
        found = predict_gene(consequence.gene, change.start, change.ref, change.alt)
    except (ToolFailed, ToolRetry):
        return None
    if found is None or found.code is None or found.strength is None:
        return None
    return Code(name=found.code, strength=found.strength, reason=found.sentence())


def predictor_gap(consequence: Consequence, change: ProteinChange | None) -> str | None:
    """Why PP3 and BP4 could not be assessed for a missense change; None where they were, or do not concern it."""
    from tools.missense.predict import predict_gene
    from tools.missense.proteins import protein_table

    if consequence.term != "missense_variant" or change is None or change.kind != "substitution":
        return None
    try:
        if not protein_table().by_gene(consequence.gene):
            why = f"the protein table here has no sequence of {consequence.gene}"
        elif protein_table().with_residue(consequence.gene, change.start, change.ref) is None:
            why = f"no sequence of {consequence.gene} here has {change.ref} at {change.start} (another transcript?)"
        else:
            found = predict_gene(consequence.gene, change.start, change.ref, change.alt)
            if found is None or found.calibrated:
                return None
            why = f"the predictor is not calibrated for this sequence of {consequence.gene}"
    except (ToolFailed, ToolRetry):
        why = "the missense predictor or its tables are not there"
    return f"PP3 and BP4 were not assessed: {why}"


def length_code(consequence: Consequence, change: ProteinChange | None) -> Code | None:
    """BP3 where an in-frame change only shortens a repeat, else PM4 for a change of length."""
    if consequence.term == "stop_lost":
        return Code(name="PM4", strength="moderate", reason="the stop codon is lost")
    if consequence.term not in ("inframe_deletion", "inframe_insertion", "inframe_indel"):
        return None
    copies = _copies(consequence.gene, change) if change is not None else None
    if copies is None:
        reason = "the length of the protein changes in frame; whether the region is a repeat is not known"
        return Code(name="PM4", strength="supporting", reason=reason)
    if copies >= REPEAT_COPIES:
        if change is not None and change.kind != "deletion":
            return None  # some repeats cause disease by growing (PHOX2B, HOXD13): no code either way
        reason = f"an in-frame loss within a repeat of {copies} copies"
        return Code(name="BP3", strength="supporting", reason=reason)
    many = change is not None and change.end > change.start
    reason = "the length of the protein changes in frame, outside a repeat"
    return Code(name="PM4", strength="moderate" if many else "supporting", reason=reason)


def _copies(gene: str, change: ProteinChange) -> int | None:
    """How many copies of the changed unit stand in a row there; None where the protein is not known."""
    from tools.missense.proteins import protein_table

    if change.kind not in ("deletion", "duplication"):
        return None
    try:
        protein = protein_table().with_residue(gene, change.start, change.ref)
    except ToolFailed:
        return None
    if protein is None or change.end > len(protein.sequence):
        return None
    letters, first, size = protein.sequence, change.start - 1, change.end - change.start + 1
    unit = letters[first : first + size]
    unit = next(unit[:k] for k in range(1, size + 1) if size % k == 0 and unit[:k] * (size // k) == unit)
    step = len(unit)
    start, end = first, first + step
    while letters[start - step : start] == unit and start >= step:
        start -= step
    while letters[end : end + step] == unit:
        end += step
    return (end - start) // step


def without_double_weight(codes: list[Code]) -> list[Code]:
    """PM1 left out where PP3 is strong, so that together they stay at one strong code."""
    strong = any(code.name == "PP3" and code.points >= 4 for code in codes)
    return [code for code in codes if not (strong and code.name == "PM1")]


__all__ = ["gene_codes", "length_code", "predictor_code", "predictor_gap", "without_double_weight"]
