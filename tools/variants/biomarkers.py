"""Patient facts that a variant makes true: `biomarker.*` of a tumour, `germline.*` of the patient.

Facts are only ever set to true. A variant file that does not show a variant does not prove its absence, because the
file does not say what was covered.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.facts import vocabulary
from knowledge.yamlfile import load_yaml
from tools.variants.matching import Known, is_met_exon_14_skipping
from tools.variants.model import Allele, ClinVarHit
from tools.variants.names import TRUNCATING

PATHOGENIC = frozenset({"pathogenic", "likely_pathogenic"})
BENIGN = frozenset({"benign", "likely_benign"})


@lru_cache(maxsize=1)
def rules() -> dict[str, Any]:
    """The rules of `biomarkers.yaml`."""
    data: dict[str, Any] = load_yaml(Path(__file__).parent / "biomarkers.yaml")
    return data


def is_loss(known: Known, clinvar: ClinVarHit | None) -> bool:
    """Whether a variant takes the gene's function: pathogenic, or truncating or a lost gene and not called benign."""
    if clinvar is not None and clinvar.significance in PATHOGENIC:
        return True
    if clinvar is not None and clinvar.significance in BENIGN | {"conflicting"}:
        return False
    return known.term in TRUNCATING or known.term == "deletion"


def somatic_facts(
    known: Known, clinvar: ClinVarHit | None, allele: Allele | None = None, assembly: str | None = None
) -> tuple[str, ...]:
    """Names of the `biomarker.*` facts that a somatic variant makes true, those of the vocabulary only."""
    found = [rule["fact"] for rule in rules()["rules"] if _applies(rule, known, clinvar, allele, assembly)]
    if known.term == "fusion":
        found += [fact for gene, fact in rules()["fusions"].items() if gene in (known.gene, known.partner)]
    if known.term == "amplification" and known.gene in rules()["amplifications"]:
        found.append(rules()["amplifications"][known.gene])
    declared = vocabulary()
    return tuple(dict.fromkeys(name for name in found if name in declared))


def _applies(  # noqa: PLR0911 - one return a kind of rule
    rule: dict[str, Any], known: Known, clinvar: ClinVarHit | None, allele: Allele | None, assembly: str | None
) -> bool:
    if known.gene not in (rule.get("gene"), *rule.get("genes", ())):
        return _promoter(rule, allele, assembly)
    change = known.change
    if rule.get("loss"):
        return is_loss(known, clinvar)
    if rule.get("met_exon_14"):
        return is_met_exon_14_skipping(known)
    if "promoter" in rule:
        return _promoter(rule, allele, assembly)
    if change is None or known.term == "synonymous_variant":
        return False
    if "protein" in rule:
        return change.text in rule["protein"]
    if "codons" in rule:
        return change.kind == "substitution" and change.start in rule["codons"]
    low, high = next(rule[key] for key in ("codons_loss", "codons_gain", "codons_any") if key in rule)
    inside = change.start <= high and change.end >= low
    if "codons_loss" in rule:
        return inside and change.is_inframe_loss
    if "codons_gain" in rule:
        longer = change.kind == "delins" and len(change.alt) > change.end - change.start + 1
        return inside and (change.is_inframe_gain or longer)
    return inside and change.kind in ("substitution", "deletion", "insertion", "duplication", "delins")


def _promoter(rule: dict[str, Any], allele: Allele | None, assembly: str | None) -> bool:
    place = rule.get("promoter")
    if place is None or allele is None or assembly is None or allele.chromosome != place["chromosome"]:
        return False
    return [allele.position, allele.ref, allele.alt] in place[assembly]


def promoter_change(allele: Allele, assembly: str) -> tuple[str, str, str] | None:
    """(gene, coding change, source) of an allele that a promoter rule names; None for any other."""
    for rule in rules()["rules"]:
        place = rule.get("promoter")
        if place is not None and _promoter(rule, allele, assembly):
            number = place[assembly].index([allele.position, allele.ref, allele.alt])
            return rule["gene"], place["changes"][number], rules()["sources"][rule["source"]]
    return None


@lru_cache(maxsize=1)
def genes_with_facts() -> frozenset[str]:
    """Every gene of which a variant can make a fact true."""
    ruled = {gene for rule in rules()["rules"] for gene in (rule.get("gene"), *rule.get("genes", ())) if gene}
    germline = {name.split(".")[1].split("_")[0] for name in vocabulary() if name.startswith("germline.")}
    germline = {name for name in germline if name.isupper()}  # the others are of a syndrome, such as germline.lynch
    return frozenset(ruled | germline | set(rules()["fusions"]) | set(rules()["amplifications"]))


# Genotypes that have a fact of their own: gene, protein change, copies needed, fact.
_GERMLINE_NAMED: tuple[tuple[str, str, int, str], ...] = (
    ("HFE", "C282Y", 2, "germline.HFE_C282Y_homozygous"),
    ("CFTR", "G551D", 1, "germline.CFTR_G551D"),
    ("CFTR", "F508del", 2, "germline.CFTR_F508del_homozygous"),
    ("TTR", "V142I", 1, "germline.TTR_V122I"),
    ("F5", "R534Q", 1, "germline.F5_leiden"),
    ("F5", "R534Q", 2, "germline.F5_leiden_homozygous"),
)


def germline_facts(known: Known, clinvar: ClinVarHit | None, copies: int | None) -> tuple[str, ...]:
    """Names of the `germline.*` facts that a germline variant makes true.

    The gene's fact needs a ClinVar record that is pathogenic or likely pathogenic without conflict and with at least
    one review star.
    """
    found: list[str] = []
    sure = clinvar is not None and clinvar.significance in PATHOGENIC and clinvar.stars >= 1
    if sure:
        found.append(f"germline.{known.gene}")
        if known.gene == "MUTYH" and copies == 2:
            found.append("germline.MUTYH_biallelic")
    if known.gene == "F2" and known.hgvs_c == "c.*97G>A" and copies:
        found.append("germline.F2_G20210A" if copies == 1 else "germline.F2_G20210A_homozygous")
    if known.change is not None and copies is not None:
        found += [
            fact
            for gene, change, needed, fact in _GERMLINE_NAMED
            if (gene, change) == (known.gene, known.change.text) and copies >= needed
        ]
    declared = vocabulary()
    return tuple(dict.fromkeys(name for name in found if name in declared))
