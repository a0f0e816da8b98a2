"""The Chinese sentences of recommendations, safety rows and doses say what the English ones say."""

from __future__ import annotations

import re

import pytest

from knowledge.chinese import DOSES, words
from knowledge.facts import vocabulary
from knowledge.recommendations import GUIDELINES_DIR, recommendations
from knowledge.safety import safety_rows

_NUMBER = re.compile(r"(?<![A-Za-z*\d.])\d+(?:\.\d+)?")
_WORDS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "ten": "10",
          "twelve": "12", "half": "", "once": "1", "twice": "2", "tenth": "10", "single": "1"}  # fmt: skip


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text.replace(",", "").replace("葡萄糖-6-磷酸", "").replace("5-羟色胺", "")))


def _rows() -> list[tuple[str, str, str]]:
    current = [(r.id, r.text["en"], r.text.get("zh", "")) for r in recommendations().current()]
    safety = [(r.id, r.text["en"], r.text.get("zh", "")) for r in safety_rows() if getattr(r, "text", None)]
    return [*current, *safety]


def test_every_current_recommendation_and_safety_row_has_a_chinese_sentence() -> None:
    assert [name for name, _, chinese in _rows() if not chinese] == []


def test_a_chinese_sentence_holds_every_number_of_the_english_one() -> None:
    lost = [(name, sorted(_numbers(en) - _numbers(zh))) for name, en, zh in _rows() if _numbers(en) - _numbers(zh)]
    assert lost == []


def test_a_chinese_sentence_adds_no_number() -> None:
    added = []
    for name, english, chinese in _rows():
        spelt = {_WORDS[word] for word in re.findall(r"[a-z]+", english.casefold()) if word in _WORDS}
        if more := _numbers(chinese) - _numbers(english) - spelt:
            added.append((name, sorted(more)))
    assert added == []


def test_drugs_to_give_or_avoid_are_named_in_both_languages() -> None:
    missing = []
    for item in recommendations().current():
        english, chinese = item.text["en"].casefold(), item.text.get("zh", "")
        for drug in (name for name in item.action.drugs if ".class_" not in name):
            label = vocabulary()[drug].label
            names = {label.get("zh", ""), label["en"], *vocabulary()[drug].synonyms}
            if label["en"].casefold() in english and not any(n and n in chinese for n in names):
                missing.append((item.id, label["en"], label.get("zh")))
    assert missing == []


@pytest.mark.parametrize("english", sorted(words(GUIDELINES_DIR, DOSES)))
def test_a_dose_keeps_its_numbers(english: str) -> None:
    assert _numbers(english) <= _numbers(words(GUIDELINES_DIR, DOSES)[english])


def test_every_dose_has_chinese_words() -> None:
    known = words(GUIDELINES_DIR, DOSES)
    given = {r.action.dose for r in recommendations().current() if r.action.dose and r.action.dose not in r.text["en"]}
    assert given - set(known) == set()


def test_every_effect_of_an_interaction_has_chinese_words_with_its_numbers() -> None:
    told = [row.effect for row in safety_rows() if getattr(row, "effect", None)]
    assert [e["en"] for e in told if "zh" not in e] == []
    assert [e["en"] for e in told if _numbers(e["en"]) - _numbers(e["zh"])] == []


def test_every_organisation_has_a_chinese_name() -> None:
    guidelines = recommendations().guidelines.values()
    assert sorted({g.organisation["en"] for g in guidelines if "zh" not in g.organisation}) == []
