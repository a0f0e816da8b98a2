"""Phenotypes and HLA alleles that the record gives, and the drugs that they concern."""

from __future__ import annotations

import pytest
from variant_helpers import context

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import Fact
from tools.evidence import CaseField, Evidence, Provenance
from tools.pgx.definitions import definitions
from tools.pgx.report import outside_call
from tools.registry import ToolContext, call_tool


def with_facts(*facts: Fact) -> ToolContext:
    base = context()
    items = [
        Evidence(
            kind="observation", claim="Reported by another laboratory.", facts=(fact,),
            locator=CaseField(handle="case", path=fact.name), provenance=Provenance(tool="intake", tool_version="1"),
        )
        for fact in facts
    ]  # fmt: skip
    return ToolContext(base.case, base.artifacts, {item.id: item for item in items})


def test_an_hla_allele_on_record_concerns_its_drug():
    made = with_facts(Fact(name="hla.B_57_01", value=True))
    result = call_tool("pharmacogenomics", {"drugs": ("abacavir",)}, made)
    relation = result.payload.drugs[0]
    assert (relation.drug, relation.phenotypes, relation.strength) == (
        "abacavir",
        {"HLA-B": "*57:01 positive"},
        ("Strong",),
    )
    assert "graded strong" in result.evidence[0].claim


def test_a_cyp2d6_phenotype_on_record_concerns_codeine_and_not_clopidogrel():
    made = with_facts(Fact(name="phenotype.CYP2D6", value="poor_metabolizer"))
    result = call_tool("pharmacogenomics", {"drugs": ("codeine", "clopidogrel")}, made)
    by_drug = {relation.drug: relation for relation in result.payload.drugs}
    assert by_drug["codeine"].phenotypes == {"CYP2D6": "Poor Metabolizer"}
    assert by_drug["clopidogrel"].unknown_genes == ("CYP2C19",)
    assert [item.locator.record for item in result.evidence] == [by_drug["codeine"].guideline]


def test_with_nothing_to_go_on_the_tool_says_so():
    with pytest.raises(ToolFailed):
        call_tool("pharmacogenomics", {}, context())


@pytest.mark.parametrize("text", ["CYP2D6", "CYP2D6=", "NOGENE=*1/*1", "CYP2C19=*1/*999", "CYP2C19=*1/*1/*1", ""])
def test_an_outside_call_that_is_none_is_refused(text):
    with pytest.raises(ToolRetry):
        outside_call(definitions(), text)


def test_cyp2d6_is_never_called_from_small_variants():
    table = definitions()
    assert "CYP2D6" not in table.callable_genes()
    assert len(table.callable_genes()) == 20
