"""What the conversation says of a gene of the germline."""

from __future__ import annotations

import pytest

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from tools.dialogue.genes import germline_told


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("The BRCA1 variant is now of uncertain significance.", {"germline.BRCA1": False}),
        ("MSH2 variant has been reclassified as benign.", {"germline.MSH2": False}),
        ("BRCA2胚系变异现改判为意义未明。", {"germline.BRCA2": False}),
        ("The variant were in BRCA2 and not in BRCA1.", {"germline.BRCA2": True, "germline.BRCA1": False}),
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
