"""Variants and diplotypes after the HL7 Genomics Reporting Implementation Guide (profiles on Observation).

A value that the guide wants and the evidence lacks (an HGNC number, a reference sequence for the whole genome) is
left out and not guessed. The depth of the evidence counts all reads at the position, which is not the guide's
allelic read depth (reads of the allele), so it goes into a note.
"""

from __future__ import annotations

import re

from agent.export.fhir.codes import (
    CATEGORY,
    CLINVAR,
    GENOMICS,
    HGVS,
    LOINC,
    SECTION_0074,
    SO,
    TBD,
    Resource,
    coding,
    component,
    concept,
    quantity,
    reference,
)
from agent.report.view import Source
from tools.case import Case
from tools.evidence import Evidence, VcfRecord

_ASSEMBLY = {"GRCh37": "LA14029-5", "GRCh38": "LA26806-2"}
_ORIGIN = {"germline": ("LA6683-2", "Germline"), "somatic": ("LA6684-0", "Somatic")}
_STATE = {
    "heterozygous": ("LA6706-1", "Heterozygous"),
    "homozygous": ("LA6705-3", "Homozygous"),
    "hemizygous": ("LA6707-9", "Hemizygous"),
}
# Sequence Ontology accessions of the consequences in the vocabulary.
_CONSEQUENCE = {
    "missense_variant": "SO:0001583",
    "synonymous_variant": "SO:0001819",
    "stop_gained": "SO:0001587",
    "stop_lost": "SO:0001578",
    "start_lost": "SO:0002012",
    "frameshift_variant": "SO:0001589",
    "inframe_deletion": "SO:0001822",
    "inframe_insertion": "SO:0001821",
    "splice_donor_variant": "SO:0001575",
    "splice_acceptor_variant": "SO:0001574",
    "splice_region_variant": "SO:0001630",
    "intron_variant": "SO:0001627",
}
_SIGNIFICANCE = {
    "pathogenic": ("LA6668-3", "Pathogenic"),
    "likely_pathogenic": ("LA26332-9", "Likely pathogenic"),
    "uncertain_significance": ("LA26333-7", "Uncertain significance"),
    "likely_benign": ("LA26334-5", "Likely benign"),
    "benign": ("LA6675-8", "Benign"),
}
_REFERENCE = re.compile(r"\b(N[MPCGR]_\d+\.\d+):([cgp])\.")


def variant(source: Source, base: Resource, case: Case) -> Resource:
    """An Observation of profile `variant`."""
    item = source.evidence
    made = _finding("variant", base, coding(LOINC, "69548-6", "Genetic variant assessment"))
    made["valueCodeableConcept"] = concept(coding(LOINC, "LA9633-4", "Present"))
    parts = _names(item) + _position(item) + _sample(item, case)
    if parts:
        made["component"] = parts
    made["note"] = [{"text": item.claim}, {"text": source.place}]
    return made


def _finding(profile: str, base: Resource, code: Resource) -> Resource:
    meta = dict(base["meta"]) | {"profile": [GENOMICS + profile]}
    category = [
        concept(coding(CATEGORY, "laboratory", "Laboratory")),
        concept(coding(SECTION_0074, "GE", "Genetics")),
    ]
    return {"resourceType": "Observation", **base, "meta": meta, "category": category, "code": concept(code)}


def _text(item: Evidence, name: str) -> str | None:
    fact = item.fact(name)
    return None if fact is None else str(fact.value)


def _names(item: Evidence) -> list[Resource]:
    found = []
    gene = _text(item, "variant.gene")
    if gene:
        found.append(
            component(concept(coding(LOINC, "48018-6", "Gene studied [ID]")), valueCodeableConcept=concept(text=gene))
        )
    transcripts = {kind: accession for accession, kind in _REFERENCE.findall(item.claim)}
    for fact, kind, code, label in (
        ("variant.hgvs_c", "c", "48004-6", "DNA change (c.HGVS)"),
        ("variant.hgvs_p", "p", "48005-3", "Amino acid change (pHGVS)"),
    ):
        change = _text(item, fact)
        if change is None:
            continue
        accession = transcripts.get(kind)
        whole = change if ":" in change or accession is None else f"{accession}:{change}"
        value = concept(coding(HGVS, whole), text=whole) if ":" in whole else concept(text=whole)
        found.append(component(concept(coding(LOINC, code, label)), valueCodeableConcept=value))
    if transcripts.get("c"):
        value = concept(coding("http://www.ncbi.nlm.nih.gov/refseq", transcripts["c"]))
        found.append(
            component(
                concept(coding(LOINC, "51958-7", "Transcript reference sequence [ID]")), valueCodeableConcept=value
            )
        )
    consequence = _text(item, "variant.consequence")
    if consequence in _CONSEQUENCE:
        value = concept(coding(SO, _CONSEQUENCE[consequence], consequence))
        found.append(component(concept(coding(TBD, "molecular-consequence")), valueCodeableConcept=value))
    record = _text(item, "variant.database_record")
    if record:
        found.append(
            component(
                concept(coding(LOINC, "81252-9", "Discrete genetic variant")), valueCodeableConcept=_clinvar(record)
            )
        )
    return found


def _clinvar(record: str) -> Resource:
    return concept(coding(CLINVAR, record)) if record.isdigit() else concept(text=record)


def _position(item: Evidence) -> list[Resource]:
    at = item.locator
    if not isinstance(at, VcfRecord):
        return []
    chromosome = at.chromosome.removeprefix("chr")
    start_end = {"low": {"value": at.position}, "high": {"value": at.position + len(at.ref) - 1}}
    found = [
        component(
            concept(coding(LOINC, "62374-4", "Human reference sequence assembly")),
            valueCodeableConcept=concept(coding(LOINC, _ASSEMBLY[at.assembly], at.assembly)),
        ),
        component(
            concept(coding(LOINC, "48000-4", "Chromosome")),
            valueCodeableConcept=concept(text=f"Chromosome {chromosome}"),
        ),
        component(
            concept(coding(LOINC, "92822-6", "Genomic coord system")),
            valueCodeableConcept=concept(coding(LOINC, "LA30102-0", "1-based character counting")),
        ),
        component(concept(coding(LOINC, "81254-5", "Genomic allele start-end")), valueRange=start_end),
    ]
    if set(at.ref) <= set("ACGTN") and set(at.alt) <= set("ACGTN"):
        found.append(component(concept(coding(LOINC, "69547-8", "Genomic reference allele [ID]")), valueString=at.ref))
        found.append(component(concept(coding(LOINC, "69551-0", "Genomic alternate allele [ID]")), valueString=at.alt))
    return found


def _sample(item: Evidence, case: Case) -> list[Resource]:
    found = []
    at = item.locator
    file = case.attachment(at.handle) if isinstance(at, VcfRecord) else None
    if file is not None and file.origin in _ORIGIN:
        value = concept(coding(LOINC, *_ORIGIN[file.origin]))
        found.append(component(concept(coding(LOINC, "48002-0", "Genomic source class")), valueCodeableConcept=value))
    state = _text(item, "variant.zygosity")
    if state in _STATE:
        value = concept(coding(LOINC, *_STATE[state]))
        found.append(component(concept(coding(LOINC, "53034-5", "Allelic state")), valueCodeableConcept=value))
    fraction = item.fact("variant.allele_fraction")
    if fraction is not None:
        share = round(float(fraction.value) / 100, 6)
        found.append(
            component(
                concept(coding(LOINC, "81258-6", "Sample variant allelic frequency [NFr]")),
                valueQuantity=quantity(share, "1"),
            )
        )
    return found


def significance(source: Source, base: Resource, variant_url: str) -> Resource | None:
    """A `diagnostic-implication` with the ClinVar class of a variant, or None where ClinVar has none of the five."""
    item = source.evidence
    found = _text(item, "variant.clinvar_significance")
    if found not in _SIGNIFICANCE:
        return None
    made = _finding("diagnostic-implication", base, coding(TBD, "diagnostic-implication"))
    value = concept(coding(LOINC, *_SIGNIFICANCE[found]))
    made["derivedFrom"] = [reference(variant_url)]
    made["component"] = [
        component(
            concept(coding(LOINC, "53037-8", "Genetic variation clinical significance [Imp]")),
            valueCodeableConcept=value,
        )
    ]
    release, stars = _text(item, "variant.database_release"), _text(item, "variant.clinvar_stars")
    made["note"] = [{"text": f"ClinVar {release or ''}, {stars or '?'} review stars"}]
    return made


def genotype(source: Source, base: Resource) -> Resource:
    """An Observation of profile `genotype`: the diplotype of one gene, with its phenotype in a note."""
    item = source.evidence
    made = _finding("genotype", base, coding(LOINC, "84413-4", "Genotype display name"))
    gene, name = _text(item, "diplotype.gene"), _text(item, "diplotype.name")
    made["valueCodeableConcept"] = concept(text=f"{gene or ''} {name or ''}".strip() or item.claim)
    if gene:
        made["component"] = [
            component(concept(coding(LOINC, "48018-6", "Gene studied [ID]")), valueCodeableConcept=concept(text=gene))
        ]
    made["note"] = [{"text": item.claim}]
    return made
