"""Oncology recommendations against patients written from the clinic (tests/golden/oncology_patients.yaml)."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.criteria import Truth, evaluate
from knowledge.recommendations import example_facts, recommendations
from tests.knowledge.golden_patients import CASE_DATE, missed, patients, truth_of, wrong

PATIENTS = patients("oncology_patients.yaml")


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient["name"])
def test_recommendations_that_a_tumour_board_expects_apply(patient: dict[str, Any]) -> None:
    assert not missed(patient)


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient["name"])
def test_recommendations_for_other_situations_do_not_apply(patient: dict[str, Any]) -> None:
    assert not wrong(patient)


def test_no_checkpoint_inhibitor_is_offered_first_to_an_egfr_mutated_lung_cancer() -> None:
    patient = next(p for p in PATIENTS if p["name"].startswith("stage IV lung adenocarcinoma with EGFR L858R"))
    inhibitors = {
        "medication.pembrolizumab",
        "medication.nivolumab",
        "medication.atezolizumab",
        "medication.cemiplimab",
    }
    offered = [
        r.id
        for r in recommendations()
        if r.action.type == "treat"
        and inhibitors & set(r.action.drugs)
        and evaluate(r.criterion, example_facts(patient["facts"]), CASE_DATE).truth is Truth.APPLIES
    ]
    assert offered == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uspstf-lung-2021.annual-ldct", "acs-lung-2023.annual-ldct"),
        ("fleischner-2017.solid-single-6to8-high", "bts-nodule-2015.surveillance-5-to-8"),
        ("uspstf-breast-2024.biennial", "acs-breast-2015.annual-45-54"),
        ("ata-thyroid-2015.fna-intermediate", "acr-ti-rads-2017.tr4-fna"),
        ("usmstf-lynch-2014.colonoscopy-lynch", "esmo-hereditary-gi-2019.lynch-mlh1-msh2"),
    ],
)
def test_sources_that_disagree_are_linked_in_both_directions(one: str, other: str) -> None:
    links = recommendations().disagreements
    assert other in links[one]
    assert one in links[other]


@pytest.mark.parametrize(
    "name", ["fleischner-2005", "uspstf-lung-2013", "uspstf-breast-2016", "uspstf-colorectal-2016"]
)
def test_superseded_editions_are_kept_but_not_current(name: str) -> None:
    store = recommendations()
    guideline = store.guidelines[name]
    assert guideline.status == "superseded"
    assert guideline.superseded_by in store.guidelines
    assert all(r.guideline_id != name for r in store.current())


def test_a_test_whose_result_is_known_is_not_asked_for_again() -> None:
    patient = next(p for p in PATIENTS if p["name"].startswith("stage IV lung adenocarcinoma without drivers"))
    assert truth_of("cap-iaslc-amp-lung-2018.alk", patient["facts"]) is Truth.DOES_NOT_APPLY
    assert truth_of("asco-nsclc-no-driver-2024.pd-l1-test", patient["facts"]) is Truth.DOES_NOT_APPLY
    assert truth_of("cap-iaslc-amp-lung-2018.braf", patient["facts"]) is Truth.APPLIES
