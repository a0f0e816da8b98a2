"""Tiers, disease mapping and resistance, on real CIViC records."""

from __future__ import annotations

import pytest
from variant_helpers import context, row, write

from knowledge.errors import ToolRetry
from knowledge.facts import vocabulary
from tools.registry import call_tool
from tools.variants.biomarkers import rules
from tools.variants.diseases import _codes, relation, tumour_code
from tools.variants.instability import instability
from tools.variants.lookup import civic_table
from tools.variants.model import TherapyEvidence
from tools.variants.therapy import item_tier, overruled

L858R, T790M = row("7", 55191822, "T", "G"), row("7", 55181378, "C", "T")
V600E = row("7", 140753336, "A", "T")


def payload(tmp_path, rows, tumour):
    return call_tool("annotate_variants", {"tumour_type": tumour}, context(write(tmp_path / "t.vcf", rows))).payload


def evidence(**changes) -> TherapyEvidence:
    body = {
        "drugs": ("Erlotinib",), "combination": False, "effect": "sensitivity", "level": "B", "disease": "Melanoma",
        "same_disease": "same", "variant": "L858R", "gene": "EGFR", "items": (1,), "citations": ("1",), "rating": 4,
        "release": "2021-02",
    }  # fmt: skip
    return TherapyEvidence.model_validate(body | changes)


def test_a_colorectal_braf_v600e_is_not_treated_as_a_melanomas(tmp_path):
    colorectal = payload(tmp_path, [V600E], "colorectal_cancer").variants[0]
    melanoma = payload(tmp_path, [V600E], "melanoma").variants[0]

    def here(found, drug):
        return {(t.effect, t.combination) for t in found.therapies if drug in t.drugs and t.same_disease == "same"}

    assert ("sensitivity", False) in here(melanoma, "Vemurafenib")
    assert not any(
        t.level in "AB" and t.effect == "sensitivity" and t.same_disease == "same" and t.drugs == ("Vemurafenib",)
        for t in colorectal.therapies
    )
    assert ("sensitivity", True) in here(colorectal, "Encorafenib")
    assert all(t.same_disease != "same" for t in colorectal.therapies if t.disease in ("Melanoma", "Skin Melanoma"))


def test_resistance_in_the_same_tumour_beats_sensitivity(tmp_path):
    alone = payload(tmp_path, [L858R], "nsclc")
    both = payload(tmp_path, [L858R, T790M], "nsclc")
    assert "Erlotinib" not in {v.drug for v in alone.resistance_wins}
    lost = {v.drug: v.variant for v in both.resistance_wins}
    assert lost["Erlotinib"] == "EGFR T790M"
    assert {"Gefitinib", "Afatinib"} <= set(lost)
    assert "Osimertinib" not in lost


def test_the_claim_of_a_beaten_drug_says_so(tmp_path):
    result = call_tool(
        "annotate_variants", {"tumour_type": "nsclc"}, context(write(tmp_path / "t.vcf", [L858R, T790M]))
    )
    claims = [e.claim for e in result.evidence if "L858R predicts sensitivity to erlotinib in" in e.claim]
    assert claims
    assert all("outweighs" in claim for claim in claims)


@pytest.mark.parametrize(
    ("level", "where", "items", "tier"),
    [
        ("A", "same", 1, "I_A"), ("A", "any", 1, "I_A"), ("B", "same", 1, "I_B"), ("A", "other", 1, "II_C"),
        ("B", "other", 1, "II_C"), ("B", "narrower", 1, "II_C"), ("C", "same", 1, "II_D"), ("C", "same", 2, "II_C"),
        ("D", "same", 3, "II_D"), ("E", "same", 9, None),
    ],
)  # fmt: skip
def test_evidence_levels_map_to_tiers(level, where, items, tier):
    assert item_tier(evidence(level=level, same_disease=where, items=tuple(range(items)))) == tier


def test_what_does_not_support_itself_or_is_rated_one_does_not_tier():
    assert item_tier(evidence(effect="no_sensitivity")) is None
    assert item_tier(evidence(rating=1)) is None
    assert item_tier(evidence(variant="MUTATION", same_disease="other")) is None
    assert item_tier(evidence(variant="Mutation", same_disease="any", level="A")) == "II_C"


def test_weak_resistance_does_not_beat_strong_sensitivity():
    strong, weak = evidence(level="A"), evidence(level="D", effect="resistance")
    assert overruled([strong, weak]) == {}
    assert "Erlotinib" in overruled([strong, evidence(level="C", effect="resistance")])
    assert overruled([strong, evidence(effect="resistance", same_disease="other")]) == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [("lung adenocarcinoma", "lung_adenocarcinoma"), ("NSCLC", "nsclc"), ("肺腺癌", "lung_adenocarcinoma"),
     ("Lung Non-small Cell Carcinoma", "nsclc"), ("colorectal cancer", "colorectal_cancer"), ("GBM", "glioblastoma"),
     ("chronic myelogenous leukemia", "cml"), ("急性髓系白血病", "aml")],
)  # fmt: skip
def test_a_tumour_is_known_by_its_names(text, code):
    assert tumour_code(text) == code


def test_an_unknown_tumour_is_refused():
    with pytest.raises(ToolRetry):
        tumour_code("lung adenoma of unknown kind")


@pytest.mark.parametrize(
    ("disease", "tumour", "expected"),
    [
        ("Lung Non-small Cell Carcinoma", "lung_adenocarcinoma", "same"),
        ("Lung Adenocarcinoma", "nsclc", "narrower"), ("Lung Adenocarcinoma", "lung_squamous", "other"),
        ("Melanoma", "cutaneous_melanoma", "same"), ("Skin Melanoma", "uveal_melanoma", "other"),
        ("Cancer", "gist", "any"), ("Melanoma", None, "other"), ("Colorectal Cancer", "colon_cancer", "same"),
        ("Acute Myeloid Leukemia", "multiple_myeloma", "other"), ("Chronic Myeloid Leukemia", "cml", "same"),
        ("Acute Promyelocytic Leukemia", "aml", "narrower"), ("Acute Myeloid Leukemia", "apl", "same"),
        ("Solid Tumor", "melanoma", "any"), ("Solid Tumor", "cml", "other"), ("Solid Tumor", None, "any"),
    ],
)  # fmt: skip
def test_diseases_relate_as_oncologists_would_say(disease, tumour, expected):
    assert relation(disease, tumour) == expected


def test_every_name_in_the_disease_and_biomarker_tables_is_declared():
    same, narrower, _, _ = _codes()
    declared = vocabulary()
    assert set(same.values()) | set(narrower.values()) <= set(declared["tumour.type"].values)
    known = {i.disease.casefold() for items in civic_table().items.values() for i in items}
    assert set(same) | set(narrower) <= known | {"malignant pleural mesothelioma"}
    facts = {rule["fact"] for rule in rules()["rules"]} | set(rules()["fusions"].values())
    assert facts | set(rules()["amplifications"].values()) <= set(declared)


@pytest.mark.parametrize(
    ("msi", "tmb", "tumour", "tier", "said"),
    [
        (True, None, "colorectal_cancer", "I_A", "pembrolizumab is given first"),
        (True, None, "gastric_cancer", "I_A", "instability is high"),
        (None, 12.0, "nsclc", "I_A", "is high (10 or more)"),
        (None, 10.0, "breast_cancer", "I_A", "has not predicted response"),
        (None, 9.9, "nsclc", None, "not high"),
        (True, None, "cml", None, "outside solid tumours"),
        (True, None, None, None, "In a solid tumour it is tier I"),
        (False, None, "colorectal_cancer", None, "Microsatellites are stable"),
    ],
)
def test_instability_and_burden_mean_what_the_tumour_type_makes_of_them(msi, tmb, tumour, tier, said):
    found = instability(msi, None, tmb, tumour)
    assert found.tier == tier
    assert any(said in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "tumour", "facts", "documents"),
    [
        ("MSI-H", "colorectal_cancer", {"variant.tier": "I_A"}, ["Keytruda, section 1", "Keytruda, section 1", "2.1"]),
        ("dMMR", "gastric_cancer", {"variant.tier": "I_A"}, ["Keytruda, section 1"] * 2),
        ("TMB 12 mut/Mb", "nsclc", {"variant.tier": "I_A", "variant.tumour_mutational_burden": 12.0},
         ["Keytruda, section 1"] * 2),
        ("TMB 9.9", "nsclc", {"variant.tumour_mutational_burden": 9.9}, ["Keytruda, section 1"]),
        ("MSS", "colorectal_cancer", {}, ["Keytruda, section 1"]),
        ("MSI-H", "cml", {}, ["Keytruda, section 1"]),
    ],
)  # fmt: skip
def test_instability_and_burden_as_written_are_evidence(tmp_path, text, tumour, facts, documents):
    base = context(write(tmp_path / "t.vcf", [L858R]))
    arguments = {"variant_texts": (text,), "tumour_type": tumour, "origin": "somatic"}
    evidence = call_tool("annotate_variants", arguments, base).evidence
    assert [item.locator.section for item in evidence] == documents
    held = {fact.name: fact.value for fact in evidence[0].facts}
    assert held == {"variant.name": text, **facts}
    for item in evidence[1:]:
        assert item.fact("variant.drug").value == "pembrolizumab"
    names = {fact.name for item in evidence for fact in item.facts}
    assert not any(vocabulary()[name].scope == "patient" for name in names)


def test_a_marker_of_the_tumour_has_no_tier_in_the_germline():
    from tools.variants.workflow import Workflow

    found = Workflow("colorectal_cancer").text("dMMR", "germline", None)
    assert found.tier is None
    assert any("Lynch" in note for note in found.notes)


def test_the_tumour_of_the_case_is_used_where_none_is_named(tmp_path):
    from knowledge.facts import Fact
    from tools.evidence import CaseField, Evidence, Provenance
    from tools.registry import ToolContext

    base = context(write(tmp_path / "t.vcf", [L858R]))
    known = Evidence(
        kind="observation", claim="The tumour is a lung adenocarcinoma.",
        facts=(Fact(name="tumour.type", value="lung_adenocarcinoma"),),
        locator=CaseField(handle="case", path="tumour.type"), provenance=Provenance(tool="t", tool_version="1"),
    )  # fmt: skip
    found = call_tool("annotate_variants", {}, ToolContext(base.case, base.artifacts, {known.id: known})).payload
    assert found.tumour_type == "lung_adenocarcinoma"
    assert found.variants[0].tier == "I_A"
