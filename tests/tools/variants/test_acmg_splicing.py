"""PP3, BP4 and BP7 by the splicing scores that a file carries, and what is said where they cannot be had."""

from __future__ import annotations

import pytest
from variant_helpers import context, row, write

from knowledge.tables.imports import import_table
from tools.registry import call_tool
from tools.variants.acmg import Code
from tools.variants.acmg_splicing import splicing_gap, with_splicing
from tools.variants.model import Consequence

VEP = "VEP CSQ in the file"
NAMES = "Allele|Consequence|SYMBOL|Feature|HGVSc|HGVSp|SpliceAI_pred_DS_AG|SpliceAI_pred_DS_AL|SpliceAI_pred_DS_DG|SpliceAI_pred_DS_DL"  # noqa: E501
CSQ_HEADER = f'##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequences. Format: {NAMES}">\n'
MUTYH = ("1", 45331552, "C", "A")  # c.1191G>T, p.Leu397=


def codes(term, delta, given=(), source=VEP):
    consequence = Consequence(gene="MUTYH", term=term, source=source, splice_delta=delta)
    return [code.text for code in with_splicing(list(given), consequence)]


@pytest.mark.parametrize(
    ("term", "delta", "expected"),
    [
        ("synonymous_variant", 0.05, ["BP4", "BP7"]), ("synonymous_variant", 0.1, ["BP4", "BP7"]),
        ("synonymous_variant", 0.15, []), ("synonymous_variant", 0.2, ["PP3"]), ("synonymous_variant", None, []),
        ("splice_region_variant", 0.0, ["BP4"]), ("missense_variant", 0.0, []), ("missense_variant", 0.9, ["PP3"]),
        ("splice_donor_variant", 0.99, []), ("stop_gained", 0.9, []),
    ],
)  # fmt: skip
def test_a_splicing_score_is_the_code_of_its_range(term, delta, expected):
    assert codes(term, delta) == expected


def test_a_predicted_splice_effect_outweighs_a_harmless_exchange_and_pp3_is_given_once():
    harmless = Code(name="BP4", strength="moderate")
    harmful = Code(name="PP3", strength="moderate")
    assert codes("missense_variant", 0.4, [harmless]) == ["PP3"]
    assert codes("missense_variant", 0.4, [harmful]) == ["PP3_Moderate"]
    assert codes("missense_variant", 0.05, [harmless]) == ["BP4_Moderate"]


def test_without_the_exon_a_synonymous_change_has_no_bp7_and_says_why():
    assert codes("synonymous_variant", 0.0, source="ClinVar 2016-05") == ["BP4"]
    known = Consequence(gene="MUTYH", term="synonymous_variant", source="ClinVar 2016-05", splice_delta=0.0)
    assert "exon" in splicing_gap(known)
    assert "SpliceAI" in splicing_gap(known.model_copy(update={"splice_delta": None}))
    assert splicing_gap(known.model_copy(update={"term": "missense_variant"})) is None


def csq(scores, alt="A"):
    return f"CSQ={alt}|synonymous_variant|MUTYH|NM_001048174.2|c.1107G>T|p.Leu369%3D|{scores}"


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (csq("0.01|0.00|0.02|0.03"), {"BP4", "BP7"}),
        (csq("0.01|0.00|0.55|0.03"), {"PP3"}),
        (csq("|||") + ";SpliceAI=A|MUTYH|0.01|0.00|0.02|0.03|1|2|3|4", {"BP4", "BP7"}),
        (csq("|||") + ";SpliceAI=A|OTHER|0.91|0.00|0.02|0.03|1|2|3|4,T|MUTYH|0.9|0|0|0|1|2|3|4", set()),
        (csq("|||") + ";SpliceAI=A|MUTYH|.|.|.|.|.|.|.|.", set()),
        (csq("|||") + ";SpliceAI=A|MUTYH|7|0|0|0|1|2|3|4", set()),
        (csq("|||"), set()),
    ],
)
def test_the_scores_are_read_from_csq_and_from_info_for_this_allele_and_gene(tmp_path, info, expected):
    file = write(tmp_path / "g.vcf", [row(*MUTYH, info=info)], extra=CSQ_HEADER)
    found = call_tool("annotate_variants", {}, context(file, origin="germline")).payload.variants[0]
    given = {code.name for code in found.acmg.codes} if found.acmg else set()
    assert given & {"PP3", "BP4", "BP7"} == expected
    assert any("BP7 was not assessed" in note for note in found.notes) == (not expected)


def test_homozygous_people_of_gnomad_are_told_and_left_to_judgement(tmp_path):
    source = tmp_path / "gnomad.vcf"
    source.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "1\t45331552\t.\tC\tA\t.\t.\tAF=0.002;AN=150000;nhomalt=3\n"
    )
    import_table("gnomad", [source], "4.1", "GRCh38")
    file = write(tmp_path / "g.vcf", [row(*MUTYH, info=csq("0.1|0|0|0"))], extra=CSQ_HEADER)
    found = call_tool("annotate_variants", {}, context(file, origin="germline")).payload.variants[0]
    assert any("lists 3 homozygous people; BS2" in note for note in found.notes)
    assert "BS2" not in {code.name for code in found.acmg.codes}
