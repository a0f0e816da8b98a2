"""What a statement proposes: criteria of the recommendation, allergies, interactions, drug-gene warnings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.draft import Verdict
from agent.verify import proposals
from knowledge.recommendations import GuidelineFile, collect
from tools.case import Allergy, Case, Patient
from tools.evidence import CaseField, Evidence, Provenance

Make = Callable[..., Evidence]
Judge = Callable[..., Verdict]

STATIN = "For established cardiovascular disease, start atorvastatin."
AVOID = "CYP2C19 poor metaboliser: avoid clopidogrel; use prasugrel."
STENT = "After a coronary stent, give clopidogrel."


def _recommendation(name: str, text: str, when: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"test-2026.{name}",
        "text": text,
        "section": "1",
        "topic": "treatment",
        "job": "personalised_treatment",
        "strength": "1",
        "certainty": "A",
        "applies_when": when,
        "action": action,
        "checked": "written for this test only",
        "examples": {"applies": {}, "does_not_apply": {}},
    }


@pytest.fixture(autouse=True)
def small_store(monkeypatch: pytest.MonkeyPatch) -> None:
    file = GuidelineFile.model_validate(
        {
            "guideline": {
                "id": "test-2026",
                "title": "Test guideline",
                "organisation": "Test",
                "year": 2026,
                "identifier": "https://example.invalid/test",
                "diseases": ["test"],
                "status": "current",
                "grading": "none",
            },
            "recommendations": [
                _recommendation(
                    "statin",
                    STATIN,
                    {"fact": "condition.coronary_artery_disease"},
                    {"type": "treat", "drugs": ["medication.atorvastatin"]},
                ),
                _recommendation(
                    "stent",
                    STENT,
                    {"fact": "condition.coronary_artery_disease"},
                    {"type": "treat", "drugs": ["medication.clopidogrel"]},
                ),
                _recommendation(
                    "pgx",
                    AVOID,
                    {"fact": "phenotype.CYP2C19", "in": ["poor_metabolizer"]},
                    {"type": "avoid", "drugs": ["medication.clopidogrel"]},
                ),
            ],
        }
    )
    monkeypatch.setattr(proposals, "recommendations", lambda: collect([file]))


def codes(verdict: Verdict) -> set[str]:
    return {problem.code for problem in verdict.problems}


def test_a_recommendation_whose_criteria_hold_is_supported(record: Make, advice: Make, verdict: Judge) -> None:
    disease = record("Recorded condition: coronary artery disease.", condition__coronary_artery_disease=True)
    found = verdict(STATIN, [advice(STATIN, "test-2026.statin"), disease])
    assert found.status == "supported"


@pytest.mark.hazard("HAZ-05")
def test_a_recommendation_for_another_patient_is_not_supported(record: Make, advice: Make, verdict: Judge) -> None:
    healthy = record("Recorded as absent: coronary artery disease.", condition__coronary_artery_disease=False)
    found = verdict(STATIN, [advice(STATIN, "test-2026.statin")], [healthy])
    assert found.status == "unsupported"
    assert codes(found) == {"criteria"}
    assert "coronary artery disease" in found.problems[0].message


@pytest.mark.hazard("HAZ-11")
def test_a_recommendation_that_lacks_a_fact_cannot_be_checked_and_names_the_fact(advice: Make, verdict: Judge) -> None:
    found = verdict(STATIN, [advice(STATIN, "test-2026.statin")])
    assert found.status == "cannot_check"
    assert "missing: coronary artery disease" in found.problems[0].message


def test_a_proposal_without_a_recommendation_is_not_supported(record: Make, verdict: Judge) -> None:
    disease = record("The patient takes atorvastatin for coronary artery disease.", medication__atorvastatin=True)
    found = verdict("Give atorvastatin for coronary artery disease.", [disease])
    assert "criteria" in codes(found)


@pytest.fixture
def disease(record: Make) -> Evidence:
    return record("Recorded condition: coronary artery disease.", condition__coronary_artery_disease=True)


@pytest.fixture
def poor_metaboliser(record: Make) -> Evidence:
    return record("CYP2C19 *2/*2: poor metaboliser.", phenotype__CYP2C19="poor_metabolizer")


@pytest.mark.hazard("HAZ-04")
def test_a_drug_gene_warning_in_the_ledger_stops_a_proposal_that_is_silent_about_it(
    advice: Make, disease: Evidence, poor_metaboliser: Evidence, verdict: Judge
) -> None:
    warning = advice(AVOID, "test-2026.pgx", "avoid")
    found = verdict(STENT, [advice(STENT, "test-2026.stent"), disease], [poor_metaboliser, warning])
    assert found.status == "unsupported"
    assert "drug_gene" in codes(found)


def test_the_warning_itself_is_supported(advice: Make, poor_metaboliser: Evidence, verdict: Judge) -> None:
    found = verdict(AVOID, [advice(AVOID, "test-2026.pgx", "avoid"), poor_metaboliser])
    assert found.status == "supported"


def test_no_warning_for_a_patient_whose_gene_is_normal(
    advice: Make, disease: Evidence, record: Make, verdict: Judge
) -> None:
    normal = record("CYP2C19 *1/*1: normal metaboliser.", phenotype__CYP2C19="normal_metabolizer")
    warning = advice(AVOID, "test-2026.pgx", "avoid")
    found = verdict(STENT, [advice(STENT, "test-2026.stent"), disease], [normal, warning])
    assert "drug_gene" not in codes(found)


@pytest.mark.hazard("HAZ-03")
def test_an_allergy_to_the_drug_stops_a_silent_proposal(
    advice: Make, disease: Evidence, record: Make, verdict: Judge
) -> None:
    allergy = record("Recorded allergy: clopidogrel (rash).", allergy__clopidogrel=True)
    found = verdict(STENT, [advice(STENT, "test-2026.stent"), disease], [allergy])
    assert found.status == "unsupported"
    assert "allergy" in codes(found)


def test_a_proposal_that_says_and_cites_the_allergy_is_supported(
    advice: Make, disease: Evidence, record: Make, verdict: Judge
) -> None:
    allergy = record("Recorded allergy: clopidogrel (rash).", allergy__clopidogrel=True)
    text = f"{STENT[:-1]}, but mind the recorded clopidogrel allergy."
    found = verdict(text, [advice(STENT, "test-2026.stent"), disease, allergy])
    assert "allergy" not in codes(found)


def test_an_allergy_of_the_case_that_is_only_text_counts_too(advice: Make, disease: Evidence, verdict: Judge) -> None:
    allergy = Allergy(text="Plavix", locator=CaseField(handle="case.yaml", path="allergies[0]"))
    case = Case(id="c", patient=Patient(id="p"), allergies=(allergy,))
    found = verdict(STENT, [advice(STENT, "test-2026.stent"), disease], case=case)
    assert "allergy" in codes(found)


def test_the_safety_tables_are_asked_for_every_drug_that_the_statement_adds(
    advice: Make, disease: Evidence, record: Make, verdict: Judge
) -> None:
    allergy = record("Recorded allergy: penicillin (anaphylaxis).", allergy__penicillins=True)
    found = verdict(
        "For established cardiovascular disease, start atorvastatin and amoxicillin.",
        [advice(STATIN, "test-2026.statin"), disease],
        [allergy],
    )
    assert "allergy" in codes(found)


def test_a_drug_that_the_statement_advises_against_is_not_proposed(
    advice: Make, disease: Evidence, record: Make, verdict: Judge
) -> None:
    allergy = record("Recorded allergy: penicillin (anaphylaxis).", allergy__penicillins=True)
    cited = [advice(STATIN, "test-2026.statin"), disease, record("The patient takes amoxicillin.")]
    found = verdict("For established cardiovascular disease, start atorvastatin; avoid amoxicillin.", cited, [allergy])
    assert "allergy" not in codes(found)


def test_reasons_come_in_the_language_of_the_draft(record: Make, advice: Make, verdict: Judge) -> None:
    healthy = record("Recorded as absent: coronary artery disease.", condition__coronary_artery_disease=False)
    found = verdict(STATIN, [advice(STATIN, "test-2026.statin")], [healthy], language="zh")
    assert "不适用于该患者" in found.problems[0].message


@pytest.mark.parametrize(("lead", "checked"), [(STENT, False), ("Give clopidogrel and apixaban.", True)])
def test_the_other_drug_of_a_quoted_warning_is_checked_only_where_it_is_proposed(
    advice: Make, disease: Evidence, record: Make, verdict: Judge, lead: str, checked: bool
) -> None:
    taken = record("The patient takes apixaban and warfarin.", medication__apixaban=True, medication__warfarin=True)
    row = record("Clopidogrel with apixaban (more bleeding): Weigh the need for both.").model_copy(
        update={"provenance": Provenance(tool="check_drugs", tool_version="3", parameters={"row": "x"})}
    )
    text = f"{lead} Against clopidogrel here: {row.claim}"
    found = verdict(text, [advice(STENT, "test-2026.stent"), disease, row], [taken])
    assert any("against apixaban" in problem.message.lower() for problem in found.problems) is checked
