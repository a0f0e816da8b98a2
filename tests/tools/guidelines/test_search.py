"""Searching guidelines as a tool: real model, real store."""

from __future__ import annotations

import pytest

from knowledge.errors import ToolRetry
from knowledge.recommendations import recommendations
from knowledge.store.expansion import english, expansions
from knowledge.store.passages import recommendation_passages
from tests.tools.guidelines.test_match import NODULE, context
from tools.registry import call_tool

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """One store for all tests of this file: the lung, screening and clopidogrel guidelines."""
    from knowledge.store import service

    keep = (
        "fleischner",
        "bts-nodule",
        "uspstf-lung",
        "acs-lung",
        "cpic-clopidogrel",
        "asco-nsclc-driver-2024",
        "uspstf-aaa",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSILIUM_HOME", str(tmp_path_factory.mktemp("home")))
        chosen = [p for p in recommendation_passages(recommendations()) if p.id.startswith(keep)]
        patch.setattr(service, "_guideline_passages", lambda: chosen)
        service._guideline_source.cache_clear()
        yield
    service._guideline_source.cache_clear()
    service._OPEN.clear()


def found(tmp_path, query, facts=None, **arguments):
    return call_tool("search_guidelines", {"query": query, **arguments}, context(tmp_path, facts or {}))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (
            "Who is eligible for LDCT lung cancer screening?",
            {"uspstf-lung-2021.annual-ldct", "acs-lung-2023.annual-ldct"},
        ),
        ("popcorn calcification in a nodule", {"bts-nodule-2015.benign-calcification"}),
        ("Plavix in a CYP2C19 poor metaboliser after stent", {"cpic-clopidogrel-2022.pm-acs-pci"}),
        ("ultrasound for aortic aneurysm in a man who smoked", {"uspstf-aaa-2019.men-smoked"}),
        ("哪些吸烟者需要低剂量CT肺癌筛查？", {"uspstf-lung-2021.annual-ldct", "acs-lung-2023.annual-ldct"}),
    ],
)
def test_the_right_recommendation_is_among_the_first_three(query, wanted, tmp_path):
    result = found(tmp_path, query, k=3)
    assert wanted & {p.id for p in result.payload.passages}
    assert len(result.evidence) == len(result.payload.passages)
    assert all(e.kind == "recommendation" and e.fact("rec.year") for e in result.evidence)


@pytest.mark.parametrize("query", ["How do I bake sourdough bread?", "capital of Mongolia", "如何做红烧肉？"])
def test_nothing_relevant_gives_no_evidence_and_says_so(query, tmp_path):
    result = found(tmp_path, query)
    assert result.evidence == ()
    assert result.payload.passages == ()
    assert "bears on this question" in result.warnings[0]


def test_what_does_not_apply_to_the_patient_is_left_out(tmp_path):
    everyone = {p.id for p in found(tmp_path, "follow-up of a lung nodule", k=30).payload.passages}
    patient = found(tmp_path, "follow-up of a lung nodule", NODULE, k=30).payload.passages
    assert "fleischner-2017.solid-single-over8mm" in everyone
    assert "fleischner-2017.solid-single-over8mm" not in {p.id for p in patient}
    assert all(p.truth in ("applies", "cannot_tell") for p in patient)


def test_filters_narrow_by_drug_brand_and_year(tmp_path):
    drugs = found(tmp_path, "treatment of EGFR mutated lung cancer", drugs=["Tagrisso"], k=20).payload.passages
    assert drugs
    assert all("medication.osimertinib" in recommendations().by_id[p.id].action.drugs for p in drugs)
    recent = found(tmp_path, "lung cancer screening", years=[2022, 2026], k=20).payload.passages
    assert recent
    assert all(p.year >= 2022 for p in recent)


def test_a_recommendation_has_the_same_id_from_search_and_from_matching(tmp_path):
    matched = call_tool("match_recommendations", {}, context(tmp_path, NODULE))
    searched = found(tmp_path, "part-solid nodule of 6 mm or more", NODULE, k=10)
    assert {e.id for e in matched.evidence} & {e.id for e in searched.evidence}


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "x", "k": 0},
        {"query": ""},
        {"query": "nodule", "drugs": ["nonsensumab"]},
        {"query": "a b", "years": [2020, 2010]},
    ],
)
def test_wrong_arguments_are_refused(arguments, tmp_path):
    with pytest.raises(ToolRetry):
        call_tool("search_guidelines", arguments, context(tmp_path, {}))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Plavix after a stent", "clopidogrel"),
        ("Tagrisso dose", "osimertinib"),
        ("Enhertu in HER2-low", "trastuzumab deruxtecan"),
    ],
)
def test_a_brand_name_brings_in_the_drug(query, wanted):
    assert wanted in expansions(query)


@pytest.mark.parametrize("query", ["all of us", "a cat in a bag", "it is at an end"])
def test_small_words_are_not_taken_for_abbreviations(query):
    assert expansions(query) == []


def test_a_chinese_question_becomes_english_key_words():
    assert english("CYP2C19慢代谢型患者能用氯吡格雷吗？") == "CYP2C19 poor metaboliser use clopidogrel"
    assert english("plain English stays") == "plain English stays"
