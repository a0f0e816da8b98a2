"""A reduced allele beside unread positions: how much function is left is open, that it is reduced is not."""

from __future__ import annotations

import pytest
from variant_helpers import context, row, write

from tools.registry import call_tool

DPYD_2A = row("1", 97450058, "C", "T")


def call(tmp_path, *rows, **arguments):
    file = write(tmp_path / "g.vcf", rows)
    return call_tool("pharmacogenomics", arguments, context(file, origin="germline"))


@pytest.mark.hazard("HAZ-09")
def test_a_dpyd_2a_carrier_with_unread_positions_is_told_for_capecitabine(tmp_path):
    result = call(tmp_path, DPYD_2A, drugs=("capecitabine",))
    found = next(item for item in result.payload.genes if item.gene == "DPYD")
    assert (found.phenotype, found.at_best) == (None, "Intermediate Metabolizer")
    claim = next(item.claim for item in result.evidence if "capecitabine" in item.claim)
    assert "DPYD Intermediate Metabolizer at best" in claim
    assert not any(fact.name.startswith("phenotype.") for item in result.evidence for fact in item.facts)


def test_a_normal_reading_beside_unread_positions_is_nothing_at_best(tmp_path):
    result = call(tmp_path, row("1", 97450058, "C", "T", call="0/0"))
    found = next(item for item in result.payload.genes if item.gene == "DPYD")
    assert (found.phenotype, found.at_best) == (None, None)


def test_a_star_2_carrier_with_unread_positions_is_intermediate_at_best(tmp_path):
    result = call(tmp_path, row("10", 94781859, "G", "A"))
    found = next(item for item in result.payload.genes if item.gene == "CYP2C19")
    assert found.phenotype is None
    assert found.at_best == "Intermediate Metabolizer"


def test_a_drug_without_an_answer_is_named(tmp_path):
    said = " ".join(call(tmp_path, DPYD_2A, drugs=("metformin", "codeine", "warfarin")).warnings)
    assert "metformin: CPIC's tables hold no advice by phenotype" in said
    assert "warfarin: CPIC's guideline looks at CYP2C9 and CYP4F2 and VKORC1" in said
    assert "codeine: CPIC's guideline looks at CYP2D6, for which no phenotype can be called here" in said


def test_a_guideline_without_advice_by_phenotype_is_cited_with_the_genotypes_it_looks_at(tmp_path):
    result = call(tmp_path, row("16", 31096368, "C", "T", call="1/1"), drugs=("warfarin",))
    claim = next(item.claim for item in result.evidence if "warfarin" in item.claim)
    assert "VKORC1 -1639 AA" in claim
    assert "CYP2C9 and CYP4F2, not known here" in claim
    assert "follows no phenotype alone" in claim


def test_the_command_names_the_drugs_that_have_no_answer(tmp_path, capsys):
    from agent.cli import _run

    file = write(tmp_path / "g.vcf", [DPYD_2A])
    assert _run("pgx", [str(file), "--assembly", "GRCh38", "--drug", "metformin", "--drug", "fluorouracil"]) == 0
    said = capsys.readouterr()
    assert "fluorouracil" in said.out
    assert "metformin: CPIC's tables hold no advice by phenotype" in said.err
