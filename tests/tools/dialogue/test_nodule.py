"""A nodule of which the conversation tells a later size."""

from __future__ import annotations

import pytest

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from tools.dialogue.nodule import grown
from tools.dialogue.statements import facts_told

BEFORE = FactBook([SourcedFact(Fact(name="nodule.longest_diameter", value=9, unit="mm"), "E1", Authority.NOTE)])


@pytest.mark.parametrize(
    ("said", "growing"),
    [
        ("New CT 20 April: the nodule is 13 mm now.", True),
        ("The nodule is now 10 mm.", False),
        ("The nodule is 13 mm, not 9 mm; sorry, a typo.", False),
        ("The nodule is 13 mm.", False),
    ],
)
def test_a_later_size_that_is_2_mm_larger_is_growth(said: str, growing: bool) -> None:
    found = facts_told(said, "en", None, of_lung=True)
    assert [item.fact.name for item in grown(said, found, BEFORE)] == ["nodule.growing"] * growing


def test_the_nodule_is_one_of_the_lung_where_that_is_known_and_quotes_are_of_the_text() -> None:
    said = "复查CT：结节13 mm。"
    found = facts_told(said, "zh", None, of_lung=True)
    assert {item.fact.name for item in found} >= {"nodule.longest_diameter"}
    assert all(said[item.start : item.end] == item.quote for item in found)
    assert not [f for f in facts_told("The nodule is 13 mm.", "en", None) if f.fact.name.startswith("nodule.")]
