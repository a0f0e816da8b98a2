"""Recommendations of general medicine against patients written from the clinic (tests/golden/general_patients.yaml)."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.recommendations import recommendations
from tests.knowledge.golden_patients import missed, patients, wrong

PATIENTS = patients("general_patients.yaml")


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient["name"])
def test_recommendations_that_a_physician_expects_apply(patient: dict[str, Any]) -> None:
    assert not missed(patient)


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient["name"])
def test_recommendations_for_other_situations_do_not_apply(patient: dict[str, Any]) -> None:
    assert not wrong(patient)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ats-pneumonia-2025.severe-steroid", "ats-idsa-pneumonia-2019.severe-no-steroid"),
        ("aha-acc-heart-failure-2022.sglt2-hfpef", "esc-heart-failure-2023.sglt2-hfpef"),
        ("esc-prevention-2021.ascvd-ldl-goal", "acc-aha-dyslipidaemia-2026.ascvd-goal-70"),
        ("uspstf-aspirin-2022.over-60-avoid", "acc-aha-prevention-2019.aspirin-40-70-consider"),
        ("uspstf-diabetes-2021.35-70-overweight", "ada-standards-2025.screen-from-35"),
    ],
)
def test_sources_that_disagree_are_linked_both_ways(one: str, other: str) -> None:
    links = recommendations().disagreements
    assert other in links[one]
    assert one in links[other]


@pytest.mark.parametrize("superseded", ["acc-aha-cholesterol-2018", "acc-aha-hypertension-2017"])
def test_superseded_editions_are_kept_and_not_current(superseded: str) -> None:
    store = recommendations()
    assert store.guidelines[superseded].superseded_by in store.guidelines
    assert not [r for r in store.current() if r.guideline_id == superseded]


def test_drug_gene_advice_is_shown_only_where_the_drug_is_in_play() -> None:
    drug_gene = [r for r in recommendations() if r.guideline_id.startswith(("cpic-", "fda-pharmacogenetic"))]
    assert len(drug_gene) > 120
    assert all(r.action.concerns_drug and r.action.drugs for r in drug_gene)
