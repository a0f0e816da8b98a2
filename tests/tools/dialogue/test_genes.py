"""What the conversation says of a gene of the germline."""

from __future__ import annotations

import pytest

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from tools.dialogue.genes import germline_told, phenotypes_told
from tools.dialogue.labelled import corrected


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("The BRCA1 variant is now of uncertain significance.", {"germline.BRCA1": False}),
        ("MSH2 variant has been reclassified as benign.", {"germline.MSH2": False}),
        ("BRCA2胚系变异现改判为意义未明。", {"germline.BRCA2": False}),
        ("The variant were in BRCA2 and not in BRCA1.", {"germline.BRCA2": True, "germline.BRCA1": False}),
        ("She tests positive for the familial MLH1 variant.", {"germline.MLH1": True}),
        ("He was negative for the BRCA2 variant.", {"germline.BRCA2": False}),
        ("The tumour is positive for BRCA2.", {}),
        ("HER2 is positive for once.", {}),
        ("The BRCA1 variant is pathogenic.", {}),
        ("The BRCA1 variant is not benign.", {}),
        ("BRCA1变异并非良性。", {}),
        ("A VUS: the variant is in BRCA2.", {}),
        ("The CT is benign.", {}),
    ],
)
def test_a_variant_that_was_reclassified_or_is_in_another_gene(said: str, facts: dict[str, bool]) -> None:
    assert {found.fact.name: found.fact.value for found in germline_told(said)} == facts


def test_what_followed_from_a_corrected_variant_goes_with_it() -> None:
    book = FactBook([SourcedFact(Fact(name="germline.BRCA1", value=True), "E1", Authority.NOTE)])
    assert book.value("germline.brca") is True
    book.add(SourcedFact(Fact(name="germline.BRCA1", value=False), "E2", Authority.PHYSICIAN))
    assert book.value("germline.brca") is None


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("Suppose TPMT were normal.", {"phenotype.TPMT": "normal_metabolizer"}),
        ("NUDT15基因型正常。", {"phenotype.NUDT15": "normal_metabolizer"}),
        ("G6PD activity is back, he is deficient.", {"condition.g6pd_deficiency": True}),
        ("G6PD正常。", {"condition.g6pd_deficiency": False}),
        ("G6PD is not deficient.", {}),
        ("EGFR is normal.", {}),
    ],
)
def test_a_gene_that_is_called_normal_or_an_enzyme_deficient(said: str, facts: dict[str, object]) -> None:
    assert {found.fact.name: found.fact.value for found in phenotypes_told(said)} == facts


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("Correction, the pulse was typed wrongly: it was 82.", ("vital.heart_rate", 82, "/min")),
        ("The potassium was entered wrongly; it is 4.1 mmol/L.", ("lab.potassium", 4.1, "mmol/L")),
        ("The potassium was entered wrongly; it is 4.1.", None),
        ("The diagnosis was wrong: it was 82.", None),
    ],
)
def test_a_value_that_was_typed_wrongly_is_replaced_where_its_unit_is_sure(
    said: str, fact: tuple[str, float, str] | None
) -> None:
    told = [(found.fact.name, found.fact.value, found.fact.unit) for found in corrected(said)]
    assert told == ([fact] if fact else [])
