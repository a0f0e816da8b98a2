"""Every published model gives the values of its publication (tests/golden/risk_checks.tsv)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tools.risk.catalogue import get_model, models
from tools.risk.compute import estimate
from tools.risk.inputs import facts_from

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "risk_checks.tsv"
with GOLDEN.open(encoding="utf-8", newline="") as _stream:
    ROWS = list(csv.DictReader(_stream, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", ROWS, ids=[f"{i + 2}-{r['model']}-{r['output']}" for i, r in enumerate(ROWS)])
def test_a_model_gives_the_published_value(row: dict[str, str]) -> None:
    model = get_model(row["model"])
    found = estimate(model, facts_from(row["inputs"].split(";"), model))
    assert found.status == "computed", found.problems
    value = next(o.value for o in found.outputs if o.key == row["output"])
    assert value == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]) + 1e-9)


def test_every_model_has_a_check() -> None:
    checked = {row["model"] for row in ROWS}
    unchecked = sorted(set(models()) - checked)
    assert unchecked == []


def test_every_check_names_its_source() -> None:
    assert [row for row in ROWS if len(row["source"]) < 8] == []
