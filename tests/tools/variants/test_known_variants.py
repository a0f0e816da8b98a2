"""Real variants of known meaning, on both assemblies: gene, change, facts."""

from __future__ import annotations

from pathlib import Path

import pytest
from variant_helpers import context, golden, row, write

from tools.registry import call_tool

ROWS = golden("variants_known.tsv")


def annotated(tmp_path: Path, assembly: str, line: list[str], call: str = "0/1:30,30"):
    kind, _, chromosome, old, new, ref, alt, *_ = line
    position = int(old if assembly == "GRCh37" else new)
    file = write(tmp_path / "one.vcf", [row(chromosome, position, ref, alt, call)], assembly)
    origin = "somatic" if kind == "somatic" else "germline"
    return call_tool("annotate_variants", {}, context(file, assembly=assembly, origin=origin))


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
@pytest.mark.parametrize("line", ROWS, ids=lambda line: f"{line[1]}-{line[7]}")
def test_a_known_variant_is_recognised(tmp_path, assembly, line):
    result = annotated(tmp_path, assembly, line)
    assert [(found.gene, found.name) for found in result.payload.variants] == [(line[1], f"{line[1]} {line[7]}")]
    made_true = result.payload.variants[0].facts
    assert (line[8] in made_true) if line[8] else not any(name.startswith("biomarker.") for name in made_true)


def test_hereditary_genotypes_that_need_two_copies(tmp_path):
    hfe = next(line for line in ROWS if line[1] == "HFE")
    one = annotated(tmp_path, "GRCh38", hfe).payload.variants[0]
    two = annotated(tmp_path, "GRCh38", hfe, "1/1:0,30").payload.variants[0]
    assert "germline.HFE_C282Y_homozygous" not in one.facts
    assert "germline.HFE_C282Y_homozygous" in two.facts


def test_a_variant_that_failed_the_filters_makes_nothing_true(tmp_path):
    file = write(tmp_path / "f.vcf", [row("7", 55191822, "T", "G", filters="LowQual")])
    found = call_tool("annotate_variants", {}, context(file)).payload.variants[0]
    assert found.facts == ()
    assert "LowQual" in found.notes[0]


def test_a_variant_that_the_sample_does_not_carry_is_not_reported(tmp_path):
    file = write(tmp_path / "f.vcf", [row("7", 55191822, "T", "G", "0/0:50,0")])
    payload = call_tool("annotate_variants", {}, context(file)).payload
    assert payload.variants == ()
    assert payload.files[0].not_in_sample == 1


def test_without_an_origin_no_patient_fact_is_set(tmp_path):
    file = write(tmp_path / "f.vcf", [row("7", 55191822, "T", "G")])
    result = call_tool("annotate_variants", {}, context(file, origin=None))
    assert result.payload.variants[0].facts == ()
    assert any("origin" in text for text in result.warnings)


def test_somatic_variants_never_make_germline_facts_true(tmp_path):
    file = write(tmp_path / "f.vcf", [row("17", 43057062, "T", "TG")])
    facts = call_tool("annotate_variants", {}, context(file)).payload.variants[0].facts
    assert facts
    assert all(name.startswith("biomarker.") for name in facts)


def test_every_claim_holds_the_numbers_of_its_facts(tmp_path):
    file = write(tmp_path / "f.vcf", [row("7", 55191822, "T", "G", "0/1:60,40")])
    claim = call_tool("annotate_variants", {"tumour_type": "lung_adenocarcinoma"}, context(file)).evidence[0]
    assert "in 40 % of 100 reads" in claim.claim
    assert claim.fact("variant.allele_fraction").value == 40
    assert claim.fact("variant.read_depth").value == 100


def test_multi_allelic_and_phased_records_are_split(tmp_path):
    file = write(tmp_path / "f.vcf", [row("12", 25245350, "C", "T,A", "1|2:1,20,20")])
    names = {found.name for found in call_tool("annotate_variants", {}, context(file)).payload.variants}
    assert names == {"KRAS G12D", "KRAS G12V"}


@pytest.mark.hazard("HAZ-21")
def test_the_age_of_a_release_is_said(tmp_path):
    file = write(tmp_path / "f.vcf", [row("7", 55191822, "T", "G")])
    result = call_tool("annotate_variants", {}, context(file))
    assert any("ClinVar release 2016-05" in text and "years old" in text for text in result.warnings)
    assert "release 2016-05" in result.evidence[0].claim


@pytest.mark.parametrize(
    ("assembly", "position", "change", "known_as"),
    [("GRCh38", 1295113, "c.-124C>T", "TERT C228T"), ("GRCh38", 1295135, "c.-146C>T", "TERT C250T"),
     ("GRCh37", 1295228, "c.-124C>T", "TERT C228T"), ("GRCh37", 1295250, "c.-146C>T", "TERT C250T")],
)  # fmt: skip
def test_both_promoter_changes_of_tert_are_named_as_such_and_never_as_missense(
    tmp_path, assembly, position, change, known_as
):
    file = write(tmp_path / "f.vcf", [row("5", position, "G", "A")], assembly)
    found = call_tool("annotate_variants", {}, context(file, assembly=assembly)).payload.variants[0]
    assert (found.consequence.term, found.consequence.hgvs_c, found.consequence.hgvs_p) == (
        "upstream_variant", change, ""
    )  # fmt: skip
    assert found.facts == ("biomarker.TERT.promoter_mutation",)
    assert any(known_as in note for note in found.notes)
