"""Graded therapy evidence from CIViC for a variant and a tumour type, and the AMP/ASCO/CAP tier that follows.

Tiers after Li 2017 (doi:10.1016/j.jmoldx.2016.10.002), from CIViC's levels (A validated, B clinical, C case study,
D preclinical, E inferential): A in the patient's tumour is I-A and B is I-B; A or B in another tumour is II-C;
C is II-C where at least two items agree and II-D where it is one; D is II-D. E does not tier. Items that do not
support their own statement, items rated one star, and items on any mutation of a gene in another tumour do not tier.
Evidence in cancer of any type counts as this tumour's, but on any mutation of a gene only as another's. What remains
is III, or IV where ClinVar calls it benign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tools.variants.diseases import relation
from tools.variants.lookup import CivicItem, CivicTable, CivicVariant
from tools.variants.model import ClinVarHit, TherapyEvidence

_EFFECTS = {
    ("Sensitivity/Response", "Supports"): "sensitivity",
    ("Resistance", "Supports"): "resistance",
    ("Reduced Sensitivity", "Supports"): "resistance",
    ("Adverse Response", "Supports"): "adverse_response",
    ("Sensitivity/Response", "Does Not Support"): "no_sensitivity",
}
_NEARNESS = {"same": 0, "narrower": 1, "any": 2, "other": 3}
TIERS = ("I_A", "I_B", "II_C", "II_D", "III", "IV")
TIER_WORDS = {
    "I_A": "tier I, level A",
    "I_B": "tier I, level B",
    "II_C": "tier II, level C",
    "II_D": "tier II, level D",
    "III": "tier III",
    "IV": "tier IV",
}


_Key = tuple[tuple[str, ...], bool, str, str, str, int]


def therapy_evidence(
    table: CivicTable, variants: Iterable[CivicVariant], tumour: str | None
) -> tuple[TherapyEvidence, ...]:
    """Predictive evidence of the matched variants, joined by drugs, effect, level and disease, strongest first."""
    groups: dict[_Key, list[CivicItem]] = defaultdict(list)
    named: dict[int, CivicVariant] = {}
    for variant in variants:
        named[variant.id] = variant
        for item in table.items.get(variant.id, ()):
            effect = _EFFECTS.get((item.significance, item.direction))
            if item.type == "Predictive" and effect and item.drugs:
                combined = item.interaction == "Combination"
                key = (tuple(sorted(item.drugs)), combined, effect, item.level, item.disease, item.variant)
                groups[key].append(item)
    found = []
    for (drugs, combined, effect, level, disease, variant_id), items in groups.items():
        variant = named[variant_id]
        found.append(
            TherapyEvidence.model_validate(
                {
                    "drugs": drugs, "combination": combined, "effect": effect, "level": level, "disease": disease,
                    "same_disease": relation(disease, tumour), "variant": variant.name, "gene": variant.gene,
                    "items": tuple(sorted(item.id for item in items)),
                    "citations": tuple(dict.fromkeys(item.citation for item in items)),
                    "rating": max((item.rating for item in items if item.rating is not None), default=None),
                    "release": table.release.release,
                }
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda item: _strength(item, tumour is not None)))


def _strength(item: TherapyEvidence, known: bool) -> tuple[int, str, int, int, tuple[str, ...]]:
    """Sort key: nearness of the disease, where the tumour type is known, then the level."""
    near = _NEARNESS[item.same_disease] if known else 0
    return (near, item.level, item.effect != "resistance", -len(item.items), item.drugs)


def item_tier(item: TherapyEvidence) -> str | None:
    """The tier that one piece of evidence supports, or None."""
    if item.level == "E" or item.effect in ("no_sensitivity", "adverse_response") or item.rating == 1:
        return None
    any_mutation = item.variant.upper() == "MUTATION"
    here = item.same_disease == "same" or (item.same_disease == "any" and not any_mutation)
    if any_mutation and item.same_disease in ("narrower", "other"):
        return None
    if item.level in ("A", "B"):
        return f"I_{item.level}" if here else "II_C"
    if item.level == "C":
        return "II_C" if here and len(item.items) > 1 else "II_D"
    return "II_D"


def tier(therapies: Iterable[TherapyEvidence], clinvar: ClinVarHit | None) -> tuple[str, str]:
    """(tier, reason) of a somatic variant."""
    graded = [(TIERS.index(found), item) for item in therapies if (found := item_tier(item))]
    if graded:
        best = min(rank for rank, _ in graded)
        held = sorted((item for rank, item in graded if rank == best), key=_preferred)
        effects = {item.effect: item for item in reversed(held)}
        said = [_grade_words(effects[effect]) for effect in ("resistance", "sensitivity") if effect in effects]
        return TIERS[best], "; ".join(said)
    if clinvar is not None and clinvar.significance in ("benign", "likely_benign"):
        return "IV", f"ClinVar calls it {clinvar.significance.replace('_', ' ')}"
    return "III", "no therapy evidence that grades it"


def _preferred(item: TherapyEvidence) -> tuple[str, bool, int, int]:
    """Evidence on the variant itself before that on any mutation, then the better rated, then the more often seen."""
    return (item.level, item.variant.upper() == "MUTATION", -(item.rating or 0), -len(item.items))


def _grade_words(item: TherapyEvidence) -> str:
    place = {"same": "this tumour type", "narrower": "a subtype of it", "any": "cancer of any type"}
    where = place.get(item.same_disease, f"another disease ({item.disease})")
    of_gene = f", for any {item.gene} mutation" if item.variant.upper() == "MUTATION" else ""
    return f"level {item.level} evidence on {item.drug_text} ({item.effect}) in {where}{of_gene}"


def overruled(therapies: Iterable[TherapyEvidence]) -> dict[str, TherapyEvidence]:
    """Drugs for which resistance beats sensitivity among all of a tumour's variants, with the evidence that says so.

    Resistance wins where its evidence, in this tumour type or in any cancer, is of level A to C, or at least as
    strong as the best evidence for sensitivity. `therapies` are those of every variant of the sample together.
    """
    best: dict[str, dict[str, TherapyEvidence]] = defaultdict(dict)
    for item in therapies:
        if item.effect not in ("sensitivity", "resistance") or item.same_disease == "other" or item.combination:
            continue
        for drug in item.drugs:
            held = best[drug].get(item.effect)
            if held is None or item.level < held.level:
                best[drug][item.effect] = item
    found = {}
    for drug, sides in best.items():
        against, for_it = sides.get("resistance"), sides.get("sensitivity")
        if against and for_it and (against.level in "ABC" or against.level <= for_it.level):
            found[drug] = against
    return found
