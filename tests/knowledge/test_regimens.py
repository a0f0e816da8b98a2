"""Combinations of cancer drugs by name."""

from __future__ import annotations

from agent.builtin.questions import named_drugs
from knowledge.facts import vocabulary
from knowledge.regimens import regimens


def test_every_drug_of_a_combination_is_a_drug_of_the_vocabulary() -> None:
    assert {drug for drugs in regimens().values() for drug in drugs} <= set(vocabulary())


def test_a_question_that_names_a_combination_names_its_drugs() -> None:
    found = named_drugs("Can we start FOLFOX with cetuximab on Monday?")
    assert {"medication.fluorouracil", "medication.oxaliplatin", "medication.cetuximab"} <= set(found)
    assert "medication.irinotecan" not in found


def test_r_chop_is_rituximab_and_chop_and_chop_is_without_it() -> None:
    assert "medication.rituximab" in named_drugs("Six cycles of R-CHOP?")
    found = named_drugs("Is CHOP enough?")
    assert "medication.vincristine" in found
    assert "medication.rituximab" not in found
