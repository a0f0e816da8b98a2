"""Strength and direction of each CPIC recommendation, against the CPIC tables of mid-2023."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge.recommendations import GUIDELINES_DIR, Recommendation, read_guideline_file

NAMES = {"suxamethonium": "succinylcholine", "methylthioninium": "methylene_blue"}
# Facts of the example patient and how the CPIC tables write them.
WORDS = {
    "ivacaftor_responsive": "ivacaftor responsive in CF patients",
    "ivacaftor_non_responsive": "ivacaftor non-responsive in CF patients",
    "malignant_hyperthermia_susceptible": "Malignant Hyperthermia Susceptibility",
    "uncertain_susceptibility": "Uncertain Susceptibility",
    "increased_risk": "increased risk of aminoglycoside-induced hearing loss",
    "uncertain_risk": "uncertain risk of aminoglycoside-induced hearing loss",
    "deficient_with_cnsha": "Deficient with CNSHA",
}
GENES = {
    "hla.B_57_01": ("HLA-B", "HLA-B*57:01 positive"),
    "hla.B_58_01": ("HLA-B", "HLA-B*58:01 positive"),
    "hla.B_15_02": ("HLA-B", "HLA-B*15:02 positive"),
    "hla.A_31_01": ("HLA-A", "HLA-A*31:01 positive"),
}
# The tables hold no rows for these, or the file says that a strength was not recorded.
NOT_IN_TABLES = {"warfarin", "peginterferon_alfa", "metoprolol"}
AVOIDING_WORDS = (
    "avoid",
    "not recommended",
    "do not use",
    "contraindicated",
    "alternative",
    "choose",
    "select",
    "not predominantly metabolized",
    "aromatase inhibitor",
)


def _wanted(recommendation: Recommendation) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for name, value in recommendation.examples.applies.items():
        if name in GENES and value is True:
            gene, text = GENES[name]
            wanted[gene] = text
        elif name.startswith("phenotype.") and not name.endswith("_activity_score"):
            wanted[name.partition(".")[2]] = WORDS.get(value, str(value).replace("_", " ").title())
    return wanted


def _score(recommendation: Recommendation, gene: str) -> str | None:
    value = recommendation.examples.applies.get(f"phenotype.{gene}_activity_score")
    return None if value is None else f"{float(str(value).split()[0]):.4g}"


def _states(row: dict[str, Any]) -> dict[str, str]:
    return {**row["phenotypes"], **(row["allelestatus"] or {})}


def _same_score(score: str | None, row: dict[str, Any], gene: str) -> bool:
    given = (row["activityscore"] or {}).get(gene)
    if score is None or given in (None, "n/a", "No Result"):
        return True
    return str(given).replace("≥", "") in {score, f"{float(score):.1f}", f"{float(score):.2f}"}


def _matching_rows(folder: Path, recommendation: Recommendation, drug: str) -> Iterator[dict[str, Any]]:
    path = folder / f"{NAMES.get(drug, drug)}.json"
    wanted = _wanted(recommendation)
    for row in json.loads(path.read_text(encoding="utf-8"))["recommendations"] or []:
        states = _states(row)
        common = {gene for gene in wanted if gene in states}
        if common and all(
            states[gene] == wanted[gene] and _same_score(_score(recommendation, gene), row, gene) for gene in common
        ):
            yield row


def _graded() -> list[tuple[Recommendation, str]]:
    made = []
    for path in sorted(GUIDELINES_DIR.glob("cpic-*.yaml")):
        for recommendation in read_guideline_file(path).recommendations:
            if recommendation.strength in {"strong", "moderate", "optional"}:
                drugs = [d.removeprefix("medication.") for d in recommendation.action.drugs]
                made += [(recommendation, drug) for drug in drugs if drug not in NOT_IN_TABLES]
    return made


@pytest.mark.shared_data
def test_strength_of_every_graded_recommendation_is_that_of_a_matching_cpic_row(shared_data: Path) -> None:
    folder = shared_data / "genomics" / "pgx_cpic" / "guidelines"
    wrong, checked = [], 0
    for recommendation, drug in _graded():
        grades = {row["classification"].lower() for row in _matching_rows(folder, recommendation, drug)}
        checked += 1
        if recommendation.strength not in grades:
            wrong.append(f"{recommendation.id} ({drug}): {recommendation.strength}, CPIC {sorted(grades)}")
    assert not wrong, "\n".join(wrong)
    assert checked > 130


@pytest.mark.shared_data
def test_what_we_say_to_avoid_cpic_says_to_avoid_or_replace(shared_data: Path) -> None:
    folder = shared_data / "genomics" / "pgx_cpic" / "guidelines"
    wrong = []
    for recommendation, drug in _graded():
        if recommendation.action.type != "avoid":
            continue
        texts = [row["drugrecommendation"].lower() for row in _matching_rows(folder, recommendation, drug)]
        if not any(word in text for text in texts for word in AVOIDING_WORDS):
            wrong.append(f"{recommendation.id} ({drug}): {texts[:1]}")
    assert not wrong, "\n".join(wrong)
