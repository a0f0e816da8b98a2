"""The safety tables: golden patients, coverage of every drug that a recommendation names, and their size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from knowledge.criteria import Truth
from knowledge.recommendations import example_facts, load_recommendations
from knowledge.safety import InteractionRow, check_drug, rows_for, safety_rows, uncovered

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


OPEN = {
    "dapsone": {"renal", "hepatic"},
    "ensartinib": {"renal", "hepatic"},
    "imlunestrant": {"interaction", "renal", "hepatic"},
    "inavolisib": {"interaction", "hepatic"},
    "leucovorin": {"contraindication"},
    "lifileucel": {"interaction", "renal", "hepatic"},
    "lomustine": {"renal", "hepatic"},
    "ripretinib": {"hepatic"},
    "sevabertinib": {"interaction", "renal", "hepatic"},
    "sunvozertinib": {"renal", "hepatic"},
    "tafenoquine": {"renal", "hepatic"},
    "taletrectinib": {"renal", "hepatic"},
    "tamoxifen": {"hepatic"},
    "tarlatamab": {"interaction", "renal", "hepatic"},
    "tebentafusp": {"interaction", "renal", "hepatic"},
    "tropisetron": {"contraindication", "pregnancy", "renal", "hepatic"},
    "vepdegestrant": {"interaction", "renal", "hepatic"},
    "zongertinib": {"interaction", "renal", "hepatic"},
}


def test_named_drugs_have_rows_or_a_review_for_interactions_conditions_pregnancy_kidney_and_liver() -> None:
    """`OPEN` lists what no row speaks of yet; it may shrink, not grow."""
    lacking = {
        drug.removeprefix("medication."): set(areas) for drug, areas in uncovered(sorted(_named_drugs())).items()
    }
    assert lacking == OPEN


@pytest.mark.parametrize(("known", "unit"), [("lab.egfr", "mL/min/{1.73_m2}"), ("lab.creatinine_clearance", "mL/min")])
def test_either_measure_of_kidney_function_stands_for_the_other(known: str, unit: str) -> None:
    low, normal = (example_facts({known: f"{value} {unit}"}) for value in (20, 95))

    def found(drug: str, facts: Any) -> set[str]:
        return {f.row.id for f in check_drug(f"medication.{drug}", facts) if f.truth is Truth.APPLIES}

    assert {"contra-metformin-egfr-30"} <= found("metformin", low)
    assert {"contra-dabigatran-crcl-30"} <= found("dabigatran", low)
    assert not found("metformin", normal) | found("dabigatran", normal)
    finding = next(f for f in check_drug("medication.dabigatran", low) if f.row.id == "contra-dabigatran-crcl-30")
    assert finding.facts == (known,)
    both = example_facts({"lab.egfr": "20 mL/min/{1.73_m2}", "lab.creatinine_clearance": "60 mL/min"})
    assert "contra-dabigatran-crcl-30" not in found("dabigatran", both)


def test_at_least_150_interacting_pairs_are_listed_with_what_to_do() -> None:
    rows = [row for row in safety_rows() if isinstance(row, InteractionRow)]
    assert sum(len(row.drugs) * len(row.with_drugs) for row in rows) >= 150
    assert all(len(row.text["en"]) > 5 and len(row.effect["en"]) > 5 for row in rows)


def test_a_drug_does_not_interact_with_itself_through_its_class() -> None:
    facts = example_facts({"medication.citalopram": True})
    assert not [f for f in check_drug("medication.citalopram", facts) if f.row.id.startswith("interaction-qt")]
