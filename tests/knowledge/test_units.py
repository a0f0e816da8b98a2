"""Conversions against published factors and definitions."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from knowledge.units import convert, same_dimension
from tests.conftest import REPOSITORY

GOLDEN = Path(__file__).parents[1] / "golden" / "unit_conversions.tsv"
ROWS = list(csv.DictReader(GOLDEN.read_text(encoding="utf-8").splitlines(), delimiter="\t"))


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['value']} {r['unit']} to {r['to']} {r['source'][:20]}")
def test_conversion_agrees_with_the_published_factor(row):
    molar_mass = float(row["molar_mass_g_per_mol"]) if row["molar_mass_g_per_mol"] else None
    made = convert(float(row["value"]), row["unit"], row["to"], molar_mass)
    assert made == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]) or 1e-9)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['value']} {r['unit']} to {r['to']} {r['source'][:20]}")
def test_conversion_comes_back_to_the_same_number(row):
    molar_mass = float(row["molar_mass_g_per_mol"]) if row["molar_mass_g_per_mol"] else None
    there = convert(float(row["value"]), row["unit"], row["to"], molar_mass)
    assert convert(there, row["to"], row["unit"], molar_mass) == pytest.approx(float(row["value"]))


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("mg/dL", "mmol/L"),
        ("mm", "kg"),
        ("a", "mm[Hg]"),
        ("mL/min", "mL/min/{1.73_m2}"),
        ("Cel", "mm"),
        ("U/L", "mg/L"),
    ],
)
def test_units_that_measure_different_things_are_refused(unit, to):
    with pytest.raises(ToolRetry, match="different things"):
        convert(1.0, unit, to)


@pytest.mark.parametrize(
    "unit", ["", "mg//dL", "bananas", "mg per dL", "m" * 50, "mg/dL)", "__import__('os')", "1e999*m"]
)
def test_text_that_is_not_a_unit_is_refused(unit):
    with pytest.raises(ToolRetry):
        convert(1.0, unit, "kg")


def test_body_surface_area_makes_another_dimension():
    assert same_dimension("mL/min/1.73 m2", "mL/min/{1.73_m2}")
    assert not same_dimension("mL/min", "mL/min/{1.73_m2}")


def test_threads_that_need_units_at_once_share_one_registry() -> None:
    """In a process of its own, where nothing has made the registry yet."""
    code = (
        "import threading\n"
        "from knowledge.units import registry\n"
        "gate, found = threading.Barrier(8), []\n"
        "def work():\n"
        "    gate.wait()\n"
        "    found.append(registry())\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "[t.start() for t in threads]\n"
        "[t.join() for t in threads]\n"
        "print(len(found), len(set(map(id, found))))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert said.stdout.split() == ["8", "1"]
