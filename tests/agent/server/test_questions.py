"""Questions of the draft with answers to choose: only lines that are read as what they say are offered."""

from __future__ import annotations

import pytest

from agent.server.questions import asked_fact
from knowledge.facts import vocabulary
from tools.dialogue.statements import facts_told

BOOLEAN = ("condition.atrial_fibrillation", "condition.hypertension")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", BOOLEAN)
def test_yes_and_no_are_understood_as_that_fact(name: str, language: str) -> None:
    asked = asked_fact(name, language)  # type: ignore[arg-type]
    told = [facts_told(answer.sentence, language, None) for answer in asked.answers]  # type: ignore[arg-type]
    assert [[(item.fact.name, item.fact.value) for item in one] for one in told] == [[(name, True)], [(name, False)]]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "value"), [("lab.potassium", 4.1), ("lab.creatinine", 0.9), ("lab.haemoglobin", 12.4)]
)
def test_a_number_goes_into_a_sentence_that_is_understood(name: str, value: float, language: str) -> None:
    sentence = asked_fact(name, language).value_sentence  # type: ignore[arg-type]
    assert sentence is not None
    (item,) = facts_told(sentence.replace("{value}", str(value)), language, None)  # type: ignore[arg-type]
    assert (item.fact.name, item.fact.unit) == (name, vocabulary()[name].unit)
    assert item.fact.value == pytest.approx(value)
