"""ACMG/AMP codes that a prediction of splicing in the file supports: PP3, BP4 and BP7.

The prediction is SpliceAI's (Jaganathan 2019, doi:10.1016/j.cell.2018.12.015), from INFO or from VEP's CSQ; the score
is the largest of its four deltas. From 0.2 it is PP3, up to 0.1 BP4, and then BP7 too for a synonymous change outside
of the splice region, without regard to conservation (Walker 2023, doi:10.1016/j.ajhg.2023.06.002). The canonical splice
sites are PVS1's. Nothing here predicts splicing, so that without such a score BP7 is not assessed; nor is it where the
change is known by ClinVar's name alone, which does not say how near the exon's end is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.variants.acmg import Code
from tools.variants.consequences import SOURCES
from tools.variants.model import Consequence
from tools.variants.reading import VcfLine

HARMFUL_FROM = 0.2
HARMLESS_TO = 0.1
_DELTAS = ("DS_AG", "DS_AL", "DS_DG", "DS_DL")
_JUDGED = frozenset({
    "missense_variant", "synonymous_variant", "splice_region_variant", "intron_variant", "inframe_deletion",
    "inframe_insertion", "inframe_indel", "utr_variant",
})  # fmt: skip
_BY_SPLICING_ALONE = frozenset({"synonymous_variant", "splice_region_variant", "intron_variant"})


def splice_delta(record: VcfLine, alt: str, gene: str, fields: Mapping[str, tuple[str, ...]]) -> float | None:
    """The largest SpliceAI delta of one ALT allele for a gene; None where the file has none."""
    entries = [entry.split("|") for entry in (record.info_value("SpliceAI") or "").split(",")]
    found = [_largest(cells[2:6]) for cells in entries if len(cells) >= 6 and (cells[0], cells[1]) == (alt, gene)]
    names = fields.get("CSQ", ())
    if "SpliceAI_pred_DS_AG" in names:
        for entry in (record.info_value("CSQ") or "").split(","):
            cells_of = dict(zip(names, entry.split("|"), strict=False))
            if cells_of.get("SYMBOL") == gene and (len(record.alts) == 1 or cells_of.get("Allele") == alt):
                found.append(_largest([cells_of.get(f"SpliceAI_pred_{name}", "") for name in _DELTAS]))
    known = [value for value in found if value is not None]
    return max(known, default=None)


def _largest(cells: list[str]) -> float | None:
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        return None
    return max(values) if all(0 <= value <= 1 for value in values) else None


def with_splicing(codes: list[Code], consequence: Consequence) -> list[Code]:
    """The codes with those of splicing: a predicted effect outweighs a harmless exchange; PP3 is given once."""
    delta = consequence.splice_delta
    if delta is None or consequence.term not in _JUDGED:
        return codes
    said = f"SpliceAI's largest delta is {delta:g}"
    if delta >= HARMFUL_FROM:
        kept = [code for code in codes if code.name != "BP4"]
        if any(code.name == "PP3" for code in kept):
            return kept
        return [*kept, Code(name="PP3", strength="supporting", reason=f"{said}, {HARMFUL_FROM:g} or more")]
    if delta > HARMLESS_TO or consequence.term not in _BY_SPLICING_ALONE:
        return codes
    added = [Code(name="BP4", strength="supporting", reason=f"{said}, {HARMLESS_TO:g} or less")]
    if consequence.term == "synonymous_variant" and consequence.source in SOURCES.values():
        reason = f"a synonymous change outside of the splice region, on which {said}"
        added.append(Code(name="BP7", strength="supporting", reason=reason))
    return [*codes, *added]


def splicing_gap(consequence: Consequence) -> str | None:
    """Why BP7 was not assessed for a synonymous change; None where it was, or does not concern it."""
    if consequence.term != "synonymous_variant":
        return None
    if consequence.splice_delta is None:
        return "BP7 was not assessed: there is no prediction of splicing (SpliceAI in the file) for it"
    if consequence.source not in SOURCES.values():
        return "BP7 was not assessed: without CSQ or ANN in the file the distance to the exon's end is not known"
    return None


__all__ = ["HARMFUL_FROM", "HARMLESS_TO", "splice_delta", "splicing_gap", "with_splicing"]
