"""What questions and recommendations are about."""

from __future__ import annotations

import pytest

from knowledge.store.concepts import Mentions, agreement, asked_actions, broader, mentions, profiles
from knowledge.store.expansion import spelled_out


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("Tagrisso with chemo in L858R lung cancer", {"medication.osimertinib", "biomarker.EGFR.L858R"}),
        ("Plavix in a CYP2C19 poor metaboliser after stent", {"medication.clopidogrel"}),
        ("携带HLA-B*58:01能否使用别嘌醇？", {"medication.allopurinol"}),
    ],
)
def test_brands_variants_and_chinese_names_are_found(question, facts):
    assert facts <= mentions(question).facts


def test_a_short_name_counts_only_in_capitals():
    assert not mentions("what was met by this").facts


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a 12 mm nodule", ((12.0, "mm"),)),
        ("score of 15 percent in a 68-year-old", ((15.0, "%"), (68.0, None))),
        ("8毫米纯磨玻璃结节", ((8.0, "mm"),)),
        ("HLA-B*15:02 and L858R", ()),
    ],
)
def test_numbers_are_read_with_their_units_and_not_out_of_names(text, numbers):
    assert mentions(text).numbers == numbers


def test_a_recommendation_whose_limits_the_number_keeps_agrees_and_another_does_not():
    known = profiles()
    asked = mentions("solid nodule of 9 mm")
    over, under = (
        agreement(asked, known[f"fleischner-2017.solid-single-{name}"])[3] for name in ("over8mm", "under6-low")
    )
    assert over == 1.0
    assert under == -1.0


def test_a_question_on_a_gene_agrees_in_part_with_a_recommendation_on_one_of_its_variants():
    assert "biomarker.EGFR.sensitising" in broader("biomarker.EGFR.L858R")
    profile = profiles()["asco-nsclc-driver-2024.egfr-first-line-osimertinib"]
    exact = agreement(Mentions(frozenset({"medication.osimertinib"}), ()), profile)
    assert exact[0] == 1.0
    assert exact[2] == 1.0
    wide = agreement(Mentions(frozenset({"biomarker.EGFR.L858R"}), ()), profile)
    assert 0 < wide[0] <= 1.0
    assert agreement(Mentions(frozenset({"medication.warfarin"}), ()), profile)[:3] == (0.0, 0.0, 0.0)


def test_what_is_asked_to_be_done_is_read():
    assert "follow_up" in asked_actions("How often is colonoscopy needed?")
    assert "avoid" in asked_actions("Is it contraindicated?")


def test_an_abbreviation_is_spelled_out_once():
    assert spelled_out("GGO of 8 mm") == "GGO ground-glass nodule of 8 mm"
    assert spelled_out("AF (atrial fibrillation)") == "AF (atrial fibrillation)"
    assert spelled_out("she met the criteria") == "she met the criteria"
