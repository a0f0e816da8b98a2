"""Sentences and the facts that a physician reads in them (tests/golden/notes_facts.tsv)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal, cast

import pytest

from tools.notes.extract import extract
from tools.notes.tool import choose

TABLE = Path(__file__).resolve().parents[2] / "golden" / "notes_facts.tsv"
LINES = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
ROWS = list(csv.DictReader(LINES, delimiter="\t"))


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row['fact']}" for number, row in enumerate(ROWS)])
def test_a_sentence_gives_the_fact_that_a_physician_reads(row: dict[str, str]) -> None:
    findings = extract(row["text"], cast(Literal["en", "zh"], row["language"]))
    found = {shown(f.fact.value, f.fact.unit) for f in choose(findings, "latest") if f.fact.name == row["fact"]}
    assert found == (set() if row["value"] == "-" else {row["value"]})


def shown(value: object, unit: str | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    number = f"{value:g}" if isinstance(value, int | float) else str(value)
    return f"{number} {unit}" if unit else number


def test_the_table_has_enough_rows_in_both_languages() -> None:
    assert len(ROWS) >= 120
    assert sum(row["language"] == "zh" for row in ROWS) >= 20


def test_a_heading_with_its_text_beside_it_ends_with_the_paragraph() -> None:
    text = "Allergies: none.\n\nProposal of the board: trastuzumab and pertuzumab."
    assert not [f for f in extract(text, "en") if f.fact.name.startswith("allergy.")]
