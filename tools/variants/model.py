"""The records that annotation is made of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.evidence import Record
from tools.variants.acmg import Classification

Origin = Literal["germline", "somatic"]


class Allele(Record):
    """One alternate allele of one record, trimmed, with what the sample shows."""

    line: int
    chromosome: str
    position: int
    ref: str
    alt: str
    filters: str = "PASS"
    zygosity: Literal["heterozygous", "homozygous", "hemizygous"] | None = None
    copies: int | None = None
    fraction_percent: float | None = None
    depth: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the caller's filters let it through."""
        return self.filters in ("PASS", ".", "")


class ClinVarHit(Record):
    """What ClinVar says of an allele. `matched` is how it was found: by allele or by gene and protein change."""

    accession: int
    gene: str
    transcript: str
    hgvs_c: str
    hgvs_p: str
    significance: str
    stars: int
    review: str
    traits: str
    release: str
    matched: Literal["allele", "name"] = "allele"


class Consequence(Record):
    """What a variant does to a gene, and who says so; `label` where it was written as a class, such as `ITD`.

    `splice_delta` is the largest SpliceAI delta score (0 to 1) that the file gives.
    """

    gene: str
    transcript: str = ""
    hgvs_c: str = ""
    hgvs_p: str = ""
    term: str = "other"
    source: str
    exon: str = ""
    label: str = ""
    splice_delta: float | None = None


def drug_name(drug: str) -> str:
    """A drug within a sentence: `erlotinib`, but `AMGMDS3` as it is."""
    return drug.lower() if drug[1:].islower() else drug


class TherapyEvidence(Record):
    """Graded evidence that a variant predicts the effect of a drug in a disease.

    `same_disease` is `same` (the patient's tumour type or a broader one), `narrower` (a subtype of it), `any`
    (evidence in cancer of any kind) or `other`.
    """

    drugs: tuple[str, ...]
    combination: bool
    effect: Literal["sensitivity", "resistance", "no_sensitivity", "adverse_response"]
    level: Literal["A", "B", "C", "D", "E"]
    disease: str
    same_disease: Literal["same", "narrower", "any", "other"]
    variant: str
    gene: str
    items: tuple[int, ...]
    citations: tuple[str, ...]
    rating: int | None
    release: str

    @property
    def drug_text(self) -> str:
        """The drugs as a phrase: a combination with `plus`, alternatives with `or`."""
        return (" plus " if self.combination else " or ").join(map(drug_name, self.drugs))


class TumourMarker(Record):
    """Microsatellite status or mutational burden as written, with the recommendations that a high one rests on."""

    kind: Literal["msi", "tmb"]
    high: bool | None
    per_mb: float | None
    sources: tuple[str, ...]


class AnnotatedVariant(Record):
    """One variant with everything that is known of it."""

    text: str
    gene: str = ""
    name: str = ""
    allele: Allele | None = None
    consequence: Consequence | None = None
    clinvar: ClinVarHit | None = None
    therapies: tuple[TherapyEvidence, ...] = ()
    tier: str | None = None
    tier_reason: str = ""
    acmg: Classification | None = None
    facts: tuple[str, ...] = Field(default=(), description="names of the patient facts that it makes true")
    secondary_finding: bool = False
    notes: tuple[str, ...] = ()
    marker: TumourMarker | None = None
