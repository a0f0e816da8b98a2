"""Annotated variants as citable evidence: one item for the variant, one for each weighty database record."""

from __future__ import annotations

from typing import Any

from knowledge.facts import Fact, vocabulary
from knowledge.tables.significance import LABELS
from tools.case import Attachment
from tools.evidence import Evidence, Locator, Provenance, TableRow, VcfRecord
from tools.variants.acmg import WORDS, Classification
from tools.variants.instability import marker_evidence
from tools.variants.model import AnnotatedVariant, TherapyEvidence, drug_name
from tools.variants.therapy import TIER_WORDS
from tools.variants.tool import VERSION, DrugVerdict
from tools.variants.workflow import Workflow

MOST_THERAPIES = 8
_EFFECT_WORDS = {
    "sensitivity": "predicts sensitivity to",
    "resistance": "predicts resistance to",
    "no_sensitivity": "does not predict sensitivity to",
    "adverse_response": "predicts an adverse response to",
}
_EVIDENCE_URL = "https://civicdb.org/links/evidence_items/{}"
_CLINVAR_URL = "https://www.ncbi.nlm.nih.gov/clinvar/variation/{}/"


def result_evidence(
    row: AnnotatedVariant, attachment: Attachment | None, work: Workflow, verdicts: tuple[DrugVerdict, ...]
) -> list[Evidence]:
    """Evidence for one variant and for its therapy records, strongest first."""
    release = " and ".join(work.releases())
    provenance = Provenance(tool="annotate_variants", tool_version=VERSION, data_release=release)
    if row.marker is not None:
        return marker_evidence(row, provenance.model_copy(update={"data_release": None}))
    found = []
    if row.consequence is not None:
        found.append(
            Evidence(
                kind="variant", claim=variant_claim(row, attachment), facts=tuple(variant_facts(row)),
                locator=_locator(row, attachment), provenance=provenance,
            )
        )  # fmt: skip
    beaten = {verdict.drug for verdict in verdicts}
    shown = _shown(row.therapies)
    return found + [therapy_record(item, row, provenance, beaten) for item in shown]


def _shown(therapies: tuple[TherapyEvidence, ...]) -> list[TherapyEvidence]:
    """The strongest record of each drug and effect: of this tumour to level C first, else the two strongest."""
    best: dict[tuple[object, ...], TherapyEvidence] = {}
    for item in therapies:
        best.setdefault((item.drugs, item.combination, item.effect), item)
    weighty = [item for item in best.values() if item.same_disease != "other" and item.level in "ABC"]
    return weighty[:MOST_THERAPIES] or list(best.values())[:2]


def variant_claim(row: AnnotatedVariant, attachment: Attachment | None) -> str:
    """One sentence: the variant, where it is, and what ClinVar and the tier say."""
    consequence = row.consequence
    inner = []
    label = vocabulary()["variant.consequence"].values
    if consequence is not None:
        if consequence.hgvs_c:
            prefix = f"{consequence.transcript}:" if consequence.transcript else ""
            inner.append(f"{prefix}{consequence.hgvs_c}")
        if consequence.hgvs_p:
            inner.append(consequence.hgvs_p)
        inner.append(label[consequence.term].label["en"])
    text = f"{row.name} ({', '.join(inner)})" if inner else row.name
    text += _presence(row, attachment)
    text += _clinvar_words(row)
    if row.tier is not None:
        text += f"; AMP/ASCO/CAP {TIER_WORDS[row.tier]}: {row.tier_reason}"
    if row.acmg is not None:
        text += _acmg_words(row.acmg)
    if row.secondary_finding:
        text += "; it is a secondary finding of the ACMG list"
    for note in row.notes:
        lower = note[1:2].islower() or note[1:2] == " "
        text += f"; {note[0].lower() if lower else note[0]}{note[1:].rstrip('.')}"
    return f"{text}."


def _acmg_words(found: Classification) -> str:
    """The codes, the class they give by themselves, and what the neighbouring class lacks."""
    codes = ", ".join(code.text for code in found.codes)
    points = f"{found.points} {'point' if abs(found.points) == 1 else 'points'}"
    by_points = f" by the table of 2015 and {WORDS[found.by_points]} by points" if not found.agree else ""
    beside = found.why_not_higher or found.why_not_lower
    beside = f"; {beside[0].lower()}{beside[1:]}" if beside else ""
    return (
        f"; the tables support ACMG/AMP {codes} ({points}), to be completed by a clinician: alone they make it "
        f"{WORDS[found.by_table]}{by_points}{beside}"
    )


def _presence(row: AnnotatedVariant, attachment: Attachment | None) -> str:
    allele = row.allele
    if attachment is None or allele is None:
        return ""
    where = {"somatic": "the tumour sample", "germline": "the germline sample"}.get(
        attachment.origin or "", "the sample"
    )
    words = f" is in {where}" if allele.passed else f" is listed for {where}"
    if allele.zygosity:
        words += f", {allele.zygosity}"
    if allele.fraction_percent is not None:
        depth = f" of {allele.depth} reads" if allele.depth else ""
        words += f", in {allele.fraction_percent:g} %{depth}"
    return words


def _clinvar_words(row: AnnotatedVariant) -> str:
    hit = row.clinvar
    if hit is None:
        return "; ClinVar's table here has no record of it"
    how = "" if hit.matched == "allele" else " (found by its name)"
    word = LABELS[hit.significance]
    stars = "star" if hit.stars == 1 else "stars"
    return f"; ClinVar release {hit.release} calls it {word}{how} with {hit.stars} review {stars}"


def variant_facts(row: AnnotatedVariant) -> list[Fact]:
    """Item facts of a variant, and the patient facts that it makes true."""
    values: dict[str, Any] = {"variant.gene": row.gene, "variant.name": row.name, "variant.place": row.text}
    if row.consequence is not None:
        values["variant.consequence"] = row.consequence.term
        values["variant.hgvs_c"] = row.consequence.hgvs_c or None
        values["variant.hgvs_p"] = row.consequence.hgvs_p or None
    if row.allele is not None:
        values["variant.zygosity"] = row.allele.zygosity
        values["variant.read_depth"] = row.allele.depth
    if row.clinvar is not None:
        values["variant.clinvar_significance"] = row.clinvar.significance
        values["variant.clinvar_stars"] = row.clinvar.stars
        values["variant.database_release"] = row.clinvar.release
    values["variant.tier"] = row.tier
    if row.acmg is not None:
        values["variant.acmg_codes"] = ", ".join(code.text for code in row.acmg.codes)
        values["variant.acmg_points"] = row.acmg.points
    facts = [Fact(name=name, value=value) for name, value in values.items() if value not in (None, "")]
    if row.allele is not None and row.allele.fraction_percent is not None:
        facts.append(Fact(name="variant.allele_fraction", value=row.allele.fraction_percent, unit="%"))
    return facts + [Fact(name=name, value=True) for name in row.facts]


def _locator(row: AnnotatedVariant, attachment: Attachment | None) -> Locator:
    allele = row.allele
    if attachment is not None and allele is not None and attachment.assembly is not None:
        return VcfRecord(
            handle=attachment.handle, line=allele.line, assembly=attachment.assembly, chromosome=allele.chromosome,
            position=allele.position, ref=allele.ref, alt=allele.alt,
        )  # fmt: skip
    if row.clinvar is not None:
        number = str(row.clinvar.accession)
        return TableRow(table="ClinVar", release=row.clinvar.release, record=number, url=_CLINVAR_URL.format(number))
    release = row.therapies[0].release if row.therapies else "none"
    return TableRow(table="CIViC", release=release, record=row.name)


def therapy_record(item: TherapyEvidence, row: AnnotatedVariant, provenance: Provenance, beaten: set[str]) -> Evidence:
    """The citable form of one group of therapy evidence."""
    count = len(item.items)
    noun = "item" if count == 1 else "items"
    text = (
        f"CIViC release {item.release} has level {item.level} evidence ({count} {noun}) that {item.gene} "
        f"{item.variant} {_EFFECT_WORDS[item.effect]} {item.drug_text} in {item.disease.lower()}"
    )
    if item.same_disease == "other":
        text += ", which is another disease than this patient's" if row.tier else ""
    if item.effect == "sensitivity" and not item.combination and any(drug in beaten for drug in item.drugs):
        lost = " and ".join(drug_name(drug) for drug in item.drugs if drug in beaten)
        text += f"; another finding in this tumour predicts resistance to {lost}, which outweighs it"
    facts = [
        Fact(name="variant.gene", value=item.gene),
        Fact(name="variant.name", value=f"{item.gene} {item.variant}"),
        Fact(name="variant.drug", value=item.drug_text),
        Fact(name="variant.drug_effect", value=item.effect),
        Fact(name="variant.evidence_level", value=item.level),
        Fact(name="variant.evidence_items", value=count),
        Fact(name="variant.disease", value=item.disease),
        Fact(name="variant.database_release", value=item.release),
    ]
    record = ", ".join(f"EID{number}" for number in item.items)
    return Evidence(
        kind="database_record", claim=f"{text}.", facts=tuple(facts),
        locator=TableRow(table="CIViC", release=item.release, record=record, url=_EVIDENCE_URL.format(item.items[0])),
        provenance=provenance,
    )  # fmt: skip
