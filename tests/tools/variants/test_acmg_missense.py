"""PM1, PP2, BP1, BP3 and PM4 on genes whose habits are known."""

from __future__ import annotations

import pytest

from tools.variants.acmg import Code
from tools.variants.acmg_missense import gene_codes, length_code, without_double_weight
from tools.variants.lookup import GeneRecords, clinvar_table
from tools.variants.model import Consequence
from tools.variants.names import parse_protein


@pytest.mark.parametrize(
    ("gene", "change", "expected"),
    [
        ("MYH7", "R403Q", "PP2"),  # sarcomere: disease by missense
        ("PTPN11", "N308D", "PP2"),  # RASopathy: disease by missense
        ("APC", "E1317Q", "BP1"),  # adenomatous polyposis: disease by truncation
        ("BRCA2", "N372H", "BP1"),
        ("KCNQ1", "G314S", "PM1"),  # the pore, GYG
    ],
)
def test_a_gene_with_a_known_mechanism_gets_its_code(gene, change, expected):
    names = {code.name for code in gene_codes(parse_protein(change), clinvar_table().gene(gene), None)}
    assert expected in names
    assert not {"PP2", "BP1"} <= names


def rows(changes, significance="pathogenic", first=1):
    return [
        (str(first + k), "G", "NM_1", "", f"p.{change}", significance, "1", "", "", "A", "C")
        for k, change in enumerate(changes)
    ]


def test_a_hot_spot_needs_four_others_and_no_benign_neighbour_and_leaves_the_variant_itself_out():
    spot = rows(["A101V", "A102V", "A103V", "A104V"])
    change = parse_protein("A100V")
    assert [code.name for code in gene_codes(change, GeneRecords(spot), None)] == ["PM1"]
    assert gene_codes(change, GeneRecords(spot[:3]), None) == []
    assert gene_codes(change, GeneRecords(spot), 4) == []
    assert gene_codes(change, GeneRecords(spot + rows(["A99G"], "benign", 50)), None) == []
    assert gene_codes(parse_protein("A110V"), GeneRecords(spot), None) == []


def length(gene, change, term="inframe_deletion"):
    found = length_code(Consequence(gene=gene, hgvs_p=change, term=term, source="test"), parse_protein(change))
    return found.text if found else None


def test_losses_in_a_repeat_are_bp3_and_gains_in_one_nothing_since_some_cause_disease():
    assert length("AR", "p.Gln60del") == "BP3"
    assert length("PHOX2B", "p.Ala241_Ala247dup", "inframe_insertion") is None
    assert length("CFTR", "p.Phe508del") == "PM4_Supporting"
    assert length("EGFR", "p.Glu746_Ala750del") == "PM4"
    assert length("TP53", "p.Ter394Glnext", "stop_lost") == "PM4"


def test_pp3_and_pm1_together_stay_at_one_strong_code():
    hot = Code(name="PM1", strength="moderate")
    for strength, kept in (("strong", 1), ("moderate", 2), ("supporting", 2)):
        assert len(without_double_weight([hot, Code(name="PP3", strength=strength)])) == kept
