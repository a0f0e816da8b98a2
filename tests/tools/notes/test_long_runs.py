"""Runs of one sign, as broken scans and files give them, do not hold the reader up, and leave the rest readable."""

from __future__ import annotations

import pytest

from tools.notes.document import read
from tools.notes.extract import extract


@pytest.mark.parametrize("sign", ["9", " ", "\n", ",", "(", "-", ". "])
def test_a_long_run_keeps_its_length_and_is_broken_up(sign: str) -> None:
    text = f"Potassium 4.1 mmol/L.{sign * 400}Sodium 139 mmol/L."
    document = read(text)
    assert len(document.text) == len(text)
    assert sign * 60 not in document.text
    assert {f.fact.name: f.quote for f in extract(text)}["lab.potassium"] == "Potassium 4.1 mmol/L"


def test_a_table_keeps_the_spaces_between_its_columns() -> None:
    text = f"Potassium{' ' * 24}4.1 mmol/L"
    assert read(text).text == text
