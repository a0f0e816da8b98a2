"""What a supposition or a new statement says without naming a fact."""

from __future__ import annotations

import datetime as dt

import pytest

from agent.builtin.asked import Asked
from agent.builtin.changed import asks_anew, asks_stage
from agent.builtin.implied import implied
from agent.builtin.questions import named_drugs

DAY = dt.date(2026, 10, 15)


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        (
            "And after birth, while she nurses, which anticoagulants?",
            {"patient.pregnant": False, "patient.breastfeeding": True},
        ),
        ("产后哺乳期用什么抗凝药？", {"patient.pregnant": False, "patient.breastfeeding": True}),
        ("And after delivery?", {"patient.pregnant": False}),
        ("What if it had been 7.5 cm, still confined?", {"tumour.size": 7.5}),
        ("What if the margin were 2 mm?", {}),
        ("What if it were already 10 mm in October 2024 and unchanged since?", {"nodule.stable_two_years": True}),
        ("What if it were unchanged since March 2026?", {"nodule.stable_two_years": False}),
        ("Which nursing home?", {}),
    ],
)
def test_a_supposition_implies_facts_that_it_does_not_name(question: str, facts: dict[str, object]) -> None:
    of_lung = "unchanged" in question
    found = implied(question, pregnant=True, sized=not of_lung, of_lung=of_lung, as_of=DAY)
    assert {name: item["value"] for name, item in found.items()} == facts


def test_nursing_is_not_supposed_of_somebody_who_is_not_pregnant_without_a_word_of_birth() -> None:
    assert implied("While she nurses her mother?", pregnant=False, sized=False, of_lung=False, as_of=DAY) == {}


@pytest.mark.parametrize("question", ["What changes?", "So?", "Does that change anything?", "下一步怎么办？", "Stage?"])
def test_a_message_that_tells_and_asks_what_follows_has_the_models_run_anew(question: str) -> None:
    assert asks_anew(Asked(told="LVEF 40 %.", text=question))
    assert not asks_anew(Asked(told="", text=question))


def test_a_stage_is_asked_for_unless_something_is_supposed() -> None:
    assert asks_stage(Asked(text="What stage is it?"))
    assert not asks_stage(Asked(text="What stage is it?", overrides=({"name": "tumour.size", "value": 5},)))


@pytest.mark.parametrize("text", ["Can she have HRT?", "可以用激素替代治疗吗？", "an oestradiol patch?"])
def test_hormone_therapy_of_the_menopause_is_a_drug(text: str) -> None:
    assert "medication.menopausal_hormone_therapy" in named_drugs(text)


def test_a_word_of_three_letters_is_no_drug_unless_it_is_an_abbreviation() -> None:
    assert named_drugs("and she has ptu") == []
    assert named_drugs("PTU?") == ["medication.propylthiouracil"]
