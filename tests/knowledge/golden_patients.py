"""Patients written from the clinic, with the recommendations that must and must not apply to them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from knowledge.criteria import Truth, evaluate
from knowledge.recommendations import example_facts, recommendations
from knowledge.yamlfile import load_yaml

GOLDEN = Path(__file__).parents[1] / "golden"
CASE_DATE = dt.date(2026, 11, 23)


def patients(name: str) -> list[dict[str, Any]]:
    """The patients of one golden file."""
    found: list[dict[str, Any]] = load_yaml(GOLDEN / name)["patients"]
    return found


def truth_of(recommendation_id: str, facts: dict[str, Any]) -> Truth:
    """Whether a recommendation applies to a patient with these facts."""
    recommendation = recommendations().by_id[recommendation_id]
    return evaluate(recommendation.criterion, example_facts(facts), CASE_DATE).truth


def missed(patient: dict[str, Any]) -> list[str]:
    """Recommendations that a physician expects and that do not apply."""
    return [name for name in patient["applies"] if truth_of(name, patient["facts"]) is not Truth.APPLIES]


def wrong(patient: dict[str, Any]) -> list[str]:
    """Recommendations for other situations that apply all the same."""
    return [name for name in patient["not"] if truth_of(name, patient["facts"]) is Truth.APPLIES]
