"""Which of CIViC's named variants a patient's variant is: by allele, by protein change, by codon or by class."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.variants.lookup import CivicTable, CivicVariant, civic_protein
from tools.variants.model import Allele, Consequence
from tools.variants.names import TRUNCATING, ProteinChange, parse_protein

# Codons of exons of the usual transcripts (EGFR NM_005228, KIT NM_000222), first and last codon that lies in the exon.
# NPM1 exon 12: the codons of the C-terminal frameshifts of leukaemia (Falini 2005, doi:10.1056/NEJMoa041974).
EXON_CODONS: dict[tuple[str, int], tuple[int, int]] = {
    ("EGFR", 18): (688, 728),
    ("EGFR", 19): (729, 761),
    ("EGFR", 20): (762, 823),
    ("EGFR", 21): (824, 875),
    ("KIT", 9): (449, 514),
    ("KIT", 11): (550, 592),
    ("KIT", 13): (627, 664),
    ("KIT", 17): (788, 828),
    ("NPM1", 12): (287, 294),
}
_CODON = re.compile(r"^([A-Z])(\d+)$")
_EXON = re.compile(r"^EXON (\d+) (DELETION|INSERTION|MUTATION)$")
_EITHER = re.compile(r"^([A-Z])(\d+)([A-Z])/([A-Z])$")
LOSS_NAMES = frozenset(
    {"TRUNCATING MUTATION", "INACTIVATING MUTATION", "DELETERIOUS MUTATION", "LOSS-OF-FUNCTION", "FRAMESHIFT MUTATION",
     "FRAMESHIFT TRUNCATION"}
)  # fmt: skip
_MET_EXON_14 = re.compile(r"c\.(?:3028|3082)\+[1-9]|c\.(?:2888|2942)-[1-9]\b")


@dataclass(frozen=True)
class Known:
    """What is known of a variant for matching it: gene, protein change, consequence, class and exon."""

    gene: str
    change: ProteinChange | None
    term: str
    hgvs_c: str = ""
    exon: int | None = None
    deleterious: bool = False
    partner: str = ""
    label: str = ""

    @classmethod
    def of(cls, consequence: Consequence, deleterious: bool) -> Known:
        """From an annotated consequence; `exon` where the annotation or the codon table gives it."""
        change = parse_protein(consequence.hgvs_p) if consequence.hgvs_p else None
        number = consequence.exon.split("/")[0]
        exon = int(number) if number.isdigit() else None
        partner = consequence.transcript if consequence.term == "fusion" else ""
        return cls(consequence.gene, change, consequence.term, consequence.hgvs_c, exon, deleterious, partner,
                   consequence.label)  # fmt: skip

    def in_exon(self, exon: int) -> bool:
        """Whether the change lies in an exon."""
        span = EXON_CODONS.get((self.gene, exon))
        if span and self.change:
            return self.change.start <= span[1] and self.change.end >= span[0]
        return self.exon == exon


def is_met_exon_14_skipping(known: Known) -> bool:
    """Whether a variant destroys a splice site of MET exon 14 (c.2888-3028 of NM_000245, c.2942-3082 of NM_001127500).

    Frampton 2015 (doi:10.1158/2159-8290.CD-15-0285). A change of codon D1010 (D1028), the last base of the exon, counts
    only where the annotation calls it a splice change.
    """
    if known.gene != "MET":
        return False
    at_site = bool(_MET_EXON_14.match(known.hgvs_c)) or (
        known.exon == 14 and known.term in ("splice_donor_variant", "splice_acceptor_variant")
    )
    return at_site and known.term in ("splice_donor_variant", "splice_acceptor_variant", "deletion", "other")


def names_it(variant: CivicVariant, known: Known) -> bool:
    """Whether CIViC's name of a variant covers the patient's variant."""
    name, change = variant.name.upper().strip(), known.change
    if known.label and (name == known.label or known.label in name.split("/")):
        return True
    if change is not None and known.term not in ("synonymous_variant", "intron_variant"):
        exact = civic_protein(variant)
        if exact and exact == change.text and not (exact.endswith("fs") and name.startswith("EXON")):
            return True
        for part in name.split("/"):
            codon = _CODON.match(part)
            if codon and change.kind == "substitution" and (change.ref, change.start) == (codon[1], int(codon[2])):
                return True
        either = _EITHER.match(name)
        if either and change.text in (f"{either[1]}{either[2]}{either[3]}", f"{either[1]}{either[2]}{either[4]}"):
            return True
    if known.gene == "MET" and name.startswith("EXON 14 SKIPPING"):
        return is_met_exon_14_skipping(known)
    return _class_matches(name, known)


def _class_matches(name: str, known: Known) -> bool:  # noqa: PLR0911 - one return a class
    exon = _EXON.match(name)
    if exon:
        if not known.in_exon(int(exon[1])):
            return False
        change = known.change
        if exon[2] == "DELETION":
            return (change is not None and change.is_inframe_loss) or known.term == "inframe_deletion"
        if exon[2] == "INSERTION":
            return (change is not None and change.is_inframe_gain) or known.term == "inframe_insertion"
        inframe = change is not None and (change.is_inframe_loss or change.is_inframe_gain)
        inframe = inframe or (change is None and bool(known.label))
        return known.deleterious or (inframe and (known.gene, int(exon[1])) in EXON_CODONS)
    if name in LOSS_NAMES:
        return known.term in TRUNCATING or known.term == "deletion"
    if name == "MUTATION":
        return known.deleterious
    if name in ("AMPLIFICATION", "DELETION", "LOSS"):
        return known.term == name.lower().replace("loss", "deletion")
    if known.term == "fusion":
        return is_fusion_name(name, known)
    return False


def is_fusion_name(name: str, known: Known) -> bool:
    """Whether a CIViC name is the fusion `partner::gene`, or any fusion of the gene."""
    plain = name.replace("FUSIONS", "FUSION").replace("REARRANGEMENT", "FUSION")
    if plain in ("FUSION", f"{known.gene} FUSION"):
        return True
    if not known.partner:
        return False
    pairs = {f"{known.partner}-{known.gene}", f"{known.gene}-{known.partner}"}
    return plain in pairs or plain in {pair.replace("ABL1", "ABL").replace("KMT2A", "MLL") for pair in pairs}


def civic_matches(
    table: CivicTable, known: Known, allele: Allele | None = None, assembly: str | None = None
) -> list[CivicVariant]:
    """Every CIViC variant that covers the patient's variant, the one with exactly its allele first."""
    found: dict[int, CivicVariant] = {}
    if allele is not None and assembly is not None:
        exact = table.allele(assembly, allele.chromosome, allele.position, allele.ref, allele.alt)
        if exact is not None:
            found[exact.id] = exact
    for variant in table.by_gene.get(known.gene, ()):
        if names_it(variant, known):
            found[variant.id] = variant
    return list(found.values())
