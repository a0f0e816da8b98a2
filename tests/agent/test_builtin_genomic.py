"""The draft's order of variants, and what speaks against the patient's drugs."""

from __future__ import annotations

from agent.builtin.genomic import against_drugs, in_both_samples, weightiest_variants
from agent.builtin.reading import Seen, Situation
from agent.builtin.wording import Wording

ERLOTINIB = {"fact": "medication.erlotinib", "status": "current"}
CAPECITABINE = {"fact": "medication.capecitabine", "status": "proposed"}


def situation(*seen: Seen, medications=(ERLOTINIB,)) -> Situation:
    return Situation("en", {"medications": list(medications)}, {s.id: s for s in seen}, (), (), "", None)


def record(number: int, drug: str, effect: str = "resistance", level: str = "A", claim: str = "in nsclc") -> Seen:
    facts = {"variant.drug": drug, "variant.drug_effect": effect, "variant.evidence_level": level}
    return Seen(f"E{number}", "database_record", f"{effect} to {drug} {claim}", facts)


def test_variants_of_tier_one_come_before_a_long_list_of_germline_ones():
    germline = [Seen(f"G{n}", "variant", "", {"variant.name": f"G{n}"}) for n in range(25)]
    tumour = Seen("T", "variant", "", {"variant.tier": "I_A"})
    fact = Seen("F", "variant", "", {"germline.BRCA2": True})
    assert [item.id for item in weightiest_variants(situation(*germline, fact, tumour))[:2]] == ["T", "F"]


def test_the_strongest_resistance_to_a_drug_that_is_taken_must_not_be_missed():
    weak, strong = record(1, "erlotinib or gefitinib", level="B"), record(2, "erlotinib")
    assert [item.id for item in against_drugs(situation(weak, strong))] == ["E2"]


def test_resistance_of_another_disease_or_drug_or_of_cells_alone_is_left_out():
    seen = (
        record(1, "erlotinib", claim="in glioma, which is another disease than this patient's"),
        record(2, "gefitinib"), record(3, "erlotinib", level="D"), record(4, "erlotinib", "sensitivity"),
    )  # fmt: skip
    assert against_drugs(situation(*seen)) == []


def test_a_phenotype_that_is_reduced_at_best_must_not_be_missed_for_a_proposed_drug():
    facts = {"diplotype.drug": "capecitabine", "diplotype.phenotype": "DPYD Intermediate Metabolizer at best"}
    pair = Seen("P", "database_record", "For capecitabine …", facts)
    assert against_drugs(situation(pair, medications=(CAPECITABINE,))) == [pair]
    assert against_drugs(situation(pair)) == []


def test_a_variant_of_both_samples_is_said_to_be_inherited():
    facts = {"variant.place": "GRCh38 13:1 G>A", "variant.name": "BRCA2 S1982fs"}
    tumour = Seen("T", "variant", "BRCA2 S1982fs is in the tumour sample.", facts)
    blood = Seen("B", "variant", "BRCA2 S1982fs is in the germline sample, heterozygous.", facts)
    found = in_both_samples(situation(tumour, blood), Wording("en"))
    assert [item.evidence for item in found] == [["B", "T"]] or [tuple(item.evidence) for item in found] == [("B", "T")]
    assert "did not arise in the tumour" in found[0].text
    assert in_both_samples(situation(tumour), Wording("en")) == []
