"""Recommendations as data: what ships is sound, and what is wrong is found and named."""

from __future__ import annotations

import copy
import json

import pytest

from knowledge import recommendations as module
from knowledge.coverage import coverage_markdown
from knowledge.describe import criterion_lines
from knowledge.errors import BadInput
from knowledge.facts import vocabulary
from knowledge.grading import MODERATE, STRONG, UNGRADED, WEAK, strength_order
from knowledge.recommendations import load_recommendations, problems, recommendations

GOOD = {
    "guideline": {
        "id": "test-2020",
        "title": {"en": "A guideline", "zh": "指南"},
        "organisation": "Society",
        "year": 2020,
        "identifier": "https://doi.org/10.1/x",
        "diseases": ["pulmonary_nodule"],
        "status": "current",
        "superseded_by": None,
        "grading": "none",
    },
    "recommendations": [
        {
            "id": "test-2020.first",
            "text": "Adults over 50 have the test.",
            "section": 3.1,
            "topic": "testing",
            "job": "tumour_diagnosis",
            "strength": 1,
            "certainty": "not graded",
            "applies_when": {"fact": "patient.age", "gt": 50, "unit": "a"},
            "action": {"type": "test", "drugs": [], "tests": ["test.ct_chest"], "dose": None},
            "disagrees_with": [],
            "checked": "Table 1 read against the paper.",
            "examples": {"applies": {"patient.age": "51 a"}, "does_not_apply": {"patient.age": "50 a"}},
        }
    ],
}


def written(folder, change=None, name="test-2020"):
    body = copy.deepcopy(GOOD)
    if change is not None:
        change(body, body["recommendations"][0])
    (folder / f"{name}.yaml").write_text(json.dumps(body), encoding="utf-8")
    return folder


def test_a_sound_file_has_no_problem(tmp_path):
    assert problems(written(tmp_path)) == []
    store = load_recommendations(tmp_path)
    assert store.by_id["test-2020.first"].section == "3.1"
    assert store.by_id["test-2020.first"].text == {"en": "Adults over 50 have the test."}


def put(target, key, value):
    target[key] = value


WRONG = {
    "unknown fact": (lambda g, r: put(r["applies_when"], "fact", "patient.agee"), "patient.agee"),
    "undeclared drug": (lambda g, r: put(r["action"], "drugs", ["medication.nonsense"]), "medication.nonsense"),
    "test as drug": (lambda g, r: put(r["action"], "drugs", ["test.ct_chest"]), "not one of medication."),
    "dose without drug": (lambda g, r: put(r["action"], "dose", "5 mg"), "without a drug"),
    "treatment of nothing": (lambda g, r: put(r, "action", {"type": "treat"}), "names no drug"),
    "dangling disagreement": (lambda g, r: put(r, "disagrees_with", ["other-2020.x"]), "other-2020.x"),
    "disagrees with itself": (lambda g, r: put(r, "disagrees_with", ["test-2020.first"]), "same guideline"),
    "wrong example": (lambda g, r: put(r["examples"]["applies"], "patient.age", "50 a"), "evaluates to does_not_apply"),
    "open example": (lambda g, r: put(r["examples"], "applies", {}), "cannot_tell"),
    "example in the wrong unit": (lambda g, r: put(r["examples"]["applies"], "patient.age", "51 kg"), "kg"),
    "unknown topic": (lambda g, r: put(r, "topic", "advice"), "topic"),
    "misspelt key": (lambda g, r: put(r, "checkd", "x"), "checkd"),
    "foreign id": (lambda g, r: put(r, "id", "other-2020.first"), "does not start with"),
    "no address": (lambda g, r: put(g["guideline"], "identifier", "see library"), "identifier"),
    "superseded by nothing": (lambda g, r: put(g["guideline"], "status", "superseded"), "superseded_by"),
    "superseded by a stranger": (
        lambda g, r: g["guideline"].update(status="superseded", superseded_by="other-2030"),
        "other-2030",
    ),
    "given twice": (lambda g, r: g["recommendations"].append(dict(r)), "given twice"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_and_named_with_its_file(name, tmp_path):
    change, says = WRONG[name]
    found = problems(written(tmp_path, change))
    assert found
    assert any("test-2020.yaml" in line and says in line for line in found), found


def test_a_file_named_otherwise_than_its_guideline_is_found(tmp_path):
    assert "not named test-2020.yaml" in problems(written(tmp_path, name="wrong"))[0]


def test_loading_refuses_a_criterion_that_cannot_be_read(tmp_path):
    with pytest.raises(BadInput, match=r"test-2020\.first"):
        load_recommendations(written(tmp_path, WRONG["unknown fact"][0]))


def test_disagreement_is_seen_from_both_sides(tmp_path):
    written(tmp_path)

    def other(body, recommendation):
        body["guideline"]["id"] = "other-2020"
        recommendation |= {"id": "other-2020.first", "disagrees_with": ["test-2020.first"]}

    written(tmp_path, other, "other-2020")
    store = load_recommendations(tmp_path)
    assert store.disagreements == {"test-2020.first": ("other-2020.first",), "other-2020.first": ("test-2020.first",)}


def test_everything_that_ships_is_sound():
    assert module.problems() == []


def test_the_store_covers_the_three_jobs_widely():
    store = recommendations()
    current = [g for g in store.guidelines.values() if g.status == "current"]
    assert len(current) >= 40
    assert sum(1 for _ in store.current()) >= 500
    assert {r.job for r in store} == {"tumour_diagnosis", "disease_prediction", "personalised_treatment"}
    assert any(g.status == "superseded" for g in store.guidelines.values())
    assert store.disagreements


def test_no_recommendation_quotes_at_length_or_says_nothing():
    for recommendation in recommendations():
        assert 20 <= len(recommendation.text["en"]) <= 600, recommendation.id


def test_every_criterion_can_be_put_in_words_in_both_languages():
    for recommendation in recommendations():
        for language in ("en", "zh"):
            assert all(line.strip() for line in criterion_lines(recommendation.criterion, language)), recommendation.id


@pytest.mark.parametrize(
    ("strength", "order"),
    [
        ("Strong", STRONG),
        ("1", STRONG),
        ("1B", STRONG),
        ("I", STRONG),
        ("A", STRONG),
        ("2a", MODERATE),
        ("IIa", MODERATE),
        ("B", MODERATE),
        ("Weak", WEAK),
        ("conditional", WEAK),
        ("2", WEAK),
        ("IIb", WEAK),
        ("III", WEAK),
        ("D", WEAK),
        ("not graded", UNGRADED),
        ("not recorded", UNGRADED),
    ],
)
def test_strengths_of_different_schemes_are_put_in_a_rough_order(strength, order):
    assert strength_order(strength) == order


def test_the_page_of_coverage_is_up_to_date():
    from knowledge.paths import ROOT

    page = ROOT / "docs" / "knowledge-coverage.md"
    wanted = coverage_markdown()
    assert page.read_text(encoding="utf-8") == wanted, "run: consilium knowledge coverage > docs/knowledge-coverage.md"


def test_a_guideline_on_a_tumour_names_it_by_its_code() -> None:
    """Else nothing that it says counts as being about the patient's tumour."""
    types = vocabulary()["tumour.type"].values
    named = {
        text.casefold(): code for code, value in types.items() for text in (*value.label.values(), *value.synonyms)
    }
    slugs = {slug for guideline in recommendations().guidelines.values() for slug in guideline.diseases}
    assert {slug for slug in slugs if named.get(slug.replace("_", " "), slug) != slug} == set()
