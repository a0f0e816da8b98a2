"""What a molecular pathologist has to be told: origin, secondary findings, failed filters, classes, everyday names."""

from __future__ import annotations

import pytest
from variant_helpers import context, row, write

from knowledge.errors import ToolRetry
from tools.registry import call_tool
from tools.variants.both_samples import SHARED, SUSPECT, origins_compared
from tools.variants.tool import open_file
from tools.variants.workflow import Workflow
from tools.variants.written import everyday_name, parse_written

MUTYH_Y179C = ("1", 45332803, "T", "C")
MUTYH_G396D = ("1", 45331556, "C", "T")
HFE_C282Y = ("6", 26092913, "G", "A")
BRCA2_6174 = ("13", 32340300, "GT", "G")
KRAS_G12C = ("12", 25245351, "C", "A")


def rows_of(tmp_path, *rows, origin="germline"):
    file = write(tmp_path / "g.vcf", rows)
    return call_tool("annotate_variants", {"tumour_type": "nsclc"}, context(file, origin=origin))


@pytest.mark.parametrize(
    ("calls", "flags"),
    [
        ([row(*MUTYH_Y179C)], [False]),
        ([row(*MUTYH_Y179C, call="1/1")], [True]),
        ([row(*MUTYH_G396D), row(*MUTYH_Y179C)], [True, True]),
        ([row(*HFE_C282Y)], [False]),
        ([row(*HFE_C282Y, call="1/1")], [True]),
        ([row(*BRCA2_6174)], [True]),
    ],
)
def test_a_recessive_gene_is_a_secondary_finding_only_with_two_variants(tmp_path, calls, flags):
    found = rows_of(tmp_path, *calls).payload.variants
    assert [item.secondary_finding for item in found] == flags


def test_one_variant_of_a_recessive_gene_says_that_it_is_no_secondary_finding(tmp_path):
    claims = [item.claim for item in rows_of(tmp_path, row(*MUTYH_Y179C)).evidence]
    assert any("one variant of MUTYH is no secondary finding" in claim for claim in claims)


def test_a_variant_that_failed_the_filter_has_no_tier_and_says_what_it_would_be(tmp_path):
    result = rows_of(tmp_path, row(*KRAS_G12C, filters="weak_evidence"), origin="somatic")
    found = result.payload.variants[0]
    assert (found.name, found.tier, found.therapies, found.facts) == ("KRAS G12C", None, (), ())
    assert "confirmed, it would be tier I" in " ".join(found.notes)
    assert not [item for item in result.evidence if item.kind == "database_record"]


def test_the_class_by_both_rules_and_the_neighbouring_one_stand_in_the_claim(tmp_path):
    claim = rows_of(tmp_path, row(*BRCA2_6174)).evidence[0].claim
    assert "of uncertain significance by the table of 2015 and likely pathogenic by points" in claim
    assert "not likely pathogenic: it takes one more moderate pathogenic code" in claim
    assert "also known as BRCA2 6174delT" in claim


def test_a_tumour_variant_that_may_be_inherited_says_so_and_one_of_low_fraction_does_not(tmp_path):
    high = rows_of(tmp_path, row(*BRCA2_6174, call="0/1:50,50"), origin="somatic").payload.variants[0]
    low = rows_of(tmp_path, row(*BRCA2_6174, call="0/1:95,5"), origin="somatic").payload.variants[0]
    assert SUSPECT in high.notes
    assert SUSPECT not in low.notes


def test_a_tumour_variant_that_the_germline_file_has_did_not_arise_in_the_tumour(tmp_path):
    files = [write(tmp_path / f"{n}.vcf", [row(*BRCA2_6174, call="0/1:50,50")]) for n in ("t", "g")]
    held = context(*files)
    germline = held.case.attachments[1].model_copy(update={"origin": "germline"})
    case = held.case.model_copy(update={"attachments": (held.case.attachments[0], germline)})
    work = Workflow(None)
    found = []
    for source in case.attachments:
        found += [(source, item) for item in work.file(open_file(source), source, strict=False)[0]]
    notes = {source.origin: item.notes for source, item in origins_compared(found) if source}
    assert SHARED in notes["somatic"]
    assert SHARED not in notes["germline"]


@pytest.mark.parametrize(
    ("text", "name", "term"),
    [
        ("egfr l858r", "EGFR L858R", "missense_variant"),
        ("EGFR（L858R）", "EGFR L858R", "missense_variant"),
        ("BCR::ABL1 T315I", "ABL1 T315I", "missense_variant"),
        ("chr7:140753336A>T", "BRAF V600E", "missense_variant"),
        ("ERBB2 p.Y772_A775dup", "ERBB2 Y772_A775dup", "inframe_insertion"),
        ("EGFR E746_A750delELREA", "EGFR E746_A750del", "inframe_deletion"),
        ("EGFR G719X", "EGFR G719X", "missense_variant"),
        ("TP53 R213X", "TP53 R213*", "stop_gained"),
        ("PML-RARA", "PML::RARA fusion", "fusion"),
        ("FGFR3-TACC3", "FGFR3::TACC3 fusion", "fusion"),
        ("PTEN缺失", "PTEN缺失", "deletion"),
    ],
)
def test_a_spelling_of_the_clinic_is_the_change_that_it_means(text, name, term):
    found = Workflow("nsclc").text(text, "somatic", "GRCh38")
    assert found.consequence is not None
    assert (found.name, found.consequence.term) == (name, term)


@pytest.mark.parametrize(
    ("text", "drug", "tumour"),
    [("BRAF V600", "Dabrafenib", "melanoma"), ("KIT exon 11 deletion", "Imatinib", "gist"),
     ("EGFR G719X", "Gefitinib", "nsclc"), ("BRCA2 loss", "Olaparib", "prostate_cancer")],
)  # fmt: skip
def test_a_class_as_written_finds_its_evidence(text, drug, tumour):
    found = Workflow(tumour).text(text, "somatic", None)
    assert any(drug in item.drugs for item in found.therapies)


@pytest.mark.parametrize(
    ("text", "why"),
    [("T790M", "does not say the gene"), ("KRAS wild type", "no variant"), ("RAS野生型", "no variant"),
     ("NTRK融合", "family of genes"), ("DPYD *2A", "named allele"), ("CYP2C19 *2", "named allele"),
     ("1p/19q codeletion", "marker"), ("PD-L1 TPS 60%", "marker"), ("HER2(3+)", "marker"),
     ("KRAS mutation", "names a gene and no change")],
)  # fmt: skip
def test_what_is_no_variant_of_one_gene_is_refused_with_the_reason(text, why):
    with pytest.raises(ToolRetry, match=why):
        parse_written(text)


def test_mismatch_repair_and_instability_are_said_as_they_were_written():
    work = Workflow("colorectal_cancer")
    assert work.text("dMMR", "somatic", None).notes[0] == "Mismatch repair is deficient."
    assert work.text("MSI-H", "somatic", None).notes[0] == "Microsatellite instability is high."


@pytest.mark.parametrize(
    ("text", "high", "per_mb"),
    [("microsatellite instability-high (MSI-H)", True, None), ("mismatch repair deficient", True, None),
     ("MSI-H and dMMR", True, None), ("MMR proteins intact", False, None), ("MSI-L", False, None),
     ("错配修复缺陷", True, None), ("TMB-H (14 mut/Mb)", True, 14.0), ("TMB <10", False, None), ("TMB ≥10", True, None),
     ("low TMB", False, None), ("肿瘤突变负荷高", True, None), ("tumor mutational burden: 8 per megabase", None, 8.0),
     ("TMB 10,5 mut/Mb", None, 10.5)],
)  # fmt: skip
def test_instability_and_burden_are_read_as_people_write_them(text, high, per_mb):
    found = parse_written(text).marker
    assert (found.high, found.per_mb) == (high, per_mb)


@pytest.mark.parametrize(
    ("text", "why"),
    [("MSI", "does not say the result"), ("MMR status pending", "does not say the result"),
     ("MSI-H, pMMR", "stable and"), ("TMB", "how high"), ("TMB <20", "which side of 10"),
     ("TMB > 5", "which side of 10"),
     ("TMB 300 mutations per exome", "per megabase"), ("not MSI-H", "not a variant"),
     ("MSI-H ruled out", "not a variant")],
)  # fmt: skip
def test_a_marker_without_a_plain_result_is_refused(text, why):
    with pytest.raises(ToolRetry, match=why):
        parse_written(text)


def test_genes_whose_names_begin_alike_stay_genes():
    assert [parse_written(text).gene for text in ("MSI2 amplification", "MMRN1 loss", "TMBIM6 amplification")] == [
        "MSI2", "MMRN1", "TMBIM6"
    ]  # fmt: skip


def test_everyday_names_are_of_the_change_and_of_nothing_else():
    assert everyday_name("F5", "c.1601G>A", "p.Arg534Gln") == "factor V Leiden"
    assert everyday_name("BRCA1", "c.5266dupC", "") == "BRCA1 5382insC"
    assert everyday_name("BRCA1", "c.4837A>G", "p.Ser1613Gly") == ""
