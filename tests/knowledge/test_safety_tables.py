"""The safety tables: golden patients, coverage of every drug that a recommendation names, and their size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from knowledge.criteria import Truth
from knowledge.recommendations import example_facts, load_recommendations
from knowledge.safety import InteractionRow, check_drug, rows_for, safety_rows

GOLDEN = Path(__file__).parent.parent / "golden" / "safety_patients.tsv"


def _patients() -> list[tuple[str, str, str]]:
    lines = [line for line in GOLDEN.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    rows = [line.split("\t") for line in lines[1:]]
    return [(facts, drug, expected) for facts, drug, expected in rows]


def _value(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


@pytest.mark.parametrize(("known", "drug", "expected"), _patients())
@pytest.mark.hazard("HAZ-03")
def test_golden_patient_gets_the_warning_that_a_clinician_expects(known: str, drug: str, expected: str) -> None:
    facts = example_facts({name: _value(value) for name, value in (item.split("=", 1) for item in known.split(";"))})
    found = {f.row.id for f in check_drug(f"medication.{drug}", facts) if f.truth is Truth.APPLIES}
    if expected.startswith("none:"):
        assert not [row for row in found if row.startswith(expected.removeprefix("none:"))]
    else:
        assert [row for row in found if row.startswith(expected)], sorted(found)


def _named_drugs() -> set[str]:
    return {drug for r in load_recommendations() for drug in r.action.drugs if ".class_" not in drug}


def test_every_drug_that_a_recommendation_names_has_safety_rows() -> None:
    missing = sorted(drug for drug in _named_drugs() if not rows_for(drug))
    assert not missing


def test_every_drug_in_pregnancy_is_covered_or_known_to_be_open() -> None:
    """At least nine in ten of the named drugs have a pregnancy row or a review that found nothing."""
    named = _named_drugs()
    covered = {
        drug
        for drug in named
        if any(
            getattr(row, "area", "") == "pregnancy" or "pregnancy" in getattr(row, "nothing_for", ())
            for row in rows_for(drug)
        )
    }
    assert len(covered) >= 0.9 * len(named), sorted(named - covered)


def test_at_least_150_interacting_pairs_are_listed_with_what_to_do() -> None:
    rows = [row for row in safety_rows() if isinstance(row, InteractionRow)]
    assert sum(len(row.drugs) * len(row.with_drugs) for row in rows) >= 150
    assert all(len(row.text["en"]) > 5 and len(row.effect["en"]) > 5 for row in rows)


def test_a_drug_does_not_interact_with_itself_through_its_class() -> None:
    facts = example_facts({"medication.citalopram": True})
    assert not [f for f in check_drug("medication.citalopram", facts) if f.row.id.startswith("interaction-qt")]
