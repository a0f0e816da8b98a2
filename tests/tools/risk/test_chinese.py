"""What the risk models say in Chinese."""

from __future__ import annotations

import re

import pytest

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from tools.risk.catalogue import get_model, models
from tools.risk.chinese import catalogue, in_chinese
from tools.risk.compute import estimate
from tools.risk.sentences import assumed_text, claim, problem_texts

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _texts() -> list[str]:
    found: dict[str, None] = {}
    for model in models().values():
        found[model.title] = None
        for output in model.outputs:
            found |= dict.fromkeys([output.title, *(band.label for band in output.bands), *output.labels])
        found |= dict.fromkeys(item.assume_why for item in model.inputs if item.assume_why)
        found |= dict.fromkeys(rule.why for rule in model.rules)
    return [text for text in found if re.search(r"[a-z]{3}", text)]


def test_every_name_category_and_assumption_of_a_model_has_chinese_words() -> None:
    assert [text for text in _texts() if text not in catalogue()] == ["Lung-RADS v2022"]


@pytest.mark.parametrize("english", sorted(catalogue()))
def test_a_chinese_text_holds_the_numbers_of_the_english_one(english: str) -> None:
    assert set(_NUMBER.findall(english)) <= set(_NUMBER.findall(in_chinese(english)))


def _book(*facts: Fact) -> FactBook:
    return FactBook(SourcedFact(fact, "ev", Authority.NOTE) for fact in facts)


def test_a_score_its_assumptions_and_what_it_lacks_are_said_in_chinese() -> None:
    facts = _book(
        Fact(name="patient.age", value=76, unit="a"),
        Fact(name="patient.sex", value="female"),
        Fact(name="condition.atrial_fibrillation", value=True),
    )
    one = estimate(get_model("chads_vasc"), facts)
    assert claim(one, one.outputs[0], "zh") == "CHA2DS2-VASc评分为3（≥2）：年龄 +2、性别 +1。"
    assert "未记录而按“无”计" in assumed_text(one, "zh")
    lacking = estimate(get_model("meld"), facts)
    assert all("需要" in text for text in problem_texts(lacking, "zh"))
