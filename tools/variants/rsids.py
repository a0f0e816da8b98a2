"""rsIDs that the tables at hand name: CIViC's aliases, and the positions of CPIC's allele definitions."""

from __future__ import annotations

from typing import NamedTuple

from tools.variants.annotate import Annotator
from tools.variants.lookup import civic_protein
from tools.variants.model import ClinVarHit, Consequence
from tools.variants.names import consequence_of
from tools.variants.normalise import trim

UNKNOWN = (
    "No table in use names this rsID: CIViC and CPIC name some, the ClinVar table none. Give the variant as HGVS, or "
    "as chromosome:position:ref:alt with its assembly."
)


class Pharmacogene(NamedTuple):
    """A position of CPIC's definitions (GRCh38) with the named alleles that carry each base."""

    gene: str
    chromosome: str
    position: int
    ref: str
    carriers: dict[str, tuple[str, ...]]

    def note(self, rsid: str, release: str) -> str:
        """What the rsID is, and which named alleles carry it."""
        parts = []
        for alt, names in self.carriers.items():
            shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            parts.append(
                f"{self.ref}>{alt} is carried by {shown}" if names else f"{self.ref}>{alt} defines no allele alone"
            )
        place = f"GRCh38 {self.chromosome}:{self.position}"
        return (
            f"{rsid} is {place} in {self.gene} (CPIC {release}); {'; '.join(parts)}. A diplotype needs a germline file."
        )


def pharmacogene(rsid: str) -> Pharmacogene | None:
    """The position that CPIC's definitions give this rsID, or None."""
    from tools.pgx.definitions import definitions

    for gene in definitions().genes.values():
        for index, position in enumerate(gene.positions):
            if position.rsid == rsid:
                held = {
                    alt: tuple(a.name for a in gene.alleles if not a.is_reference and alt in a.bases.get(index, ()))
                    for alt in position.alts
                }
                return Pharmacogene(gene.name, gene.chromosome, position.position, position.ref, held)
    return None


def by_rsid(annotator: Annotator, rsid: str) -> tuple[Consequence | None, ClinVarHit | None]:
    """Consequence and ClinVar record of an rsID, as far as a table names it."""
    for variant in annotator.civic.variants.values():
        if rsid.upper() in variant.aliases:
            protein = civic_protein(variant)
            hits = annotator.clinvar.named(variant.gene, hgvs_p=protein) if protein else []
            if hits:
                return of_hit(hits[0]), hits[0]
            source = f"CIViC {annotator.civic.release.release}"
            named = f"p.{protein}" if protein else ""
            return Consequence(gene=variant.gene, hgvs_p=named, term=consequence_of("", protein), source=source), None
    known = pharmacogene(rsid)
    if known is None:
        return None, None
    for alt in known.carriers:
        hit = annotator.clinvar.allele("GRCh38", known.chromosome, *trim(known.position, known.ref, alt))
        if hit is not None and len(known.carriers) == 1:
            return of_hit(hit), hit
    return Consequence(gene=known.gene, source="CPIC"), None


def notes(rsid: str) -> tuple[str, ...]:
    """What to add to an rsID: the named alleles that carry it."""
    from tools.pgx.definitions import definitions

    known = pharmacogene(rsid)
    return () if known is None else (known.note(rsid, definitions().release),)


def of_hit(hit: ClinVarHit) -> Consequence:
    """The consequence that a ClinVar record names."""
    return Consequence(
        gene=hit.gene, transcript=hit.transcript, hgvs_c=hit.hgvs_c, hgvs_p=hit.hgvs_p,
        term=consequence_of(hit.hgvs_c, hit.hgvs_p), source=f"ClinVar {hit.release}",
    )  # fmt: skip


__all__ = ["UNKNOWN", "by_rsid", "notes", "of_hit", "pharmacogene"]
