"""Whole tables: same values as one at a time, bad rows reported with their numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from knowledge.errors import BadInput, ToolRetry
from tools.risk.catalogue import get_model
from tools.risk.cohort import run_cohort
from tools.risk.compute import estimate
from tools.risk.inputs import facts_from

MODEL = get_model("ckd_epi_2021")


def table(tmp_path: Path, rows: list[dict[str, object]], name: str = "t.csv") -> Path:
    path = tmp_path / name
    frame = pd.DataFrame(rows)
    frame.to_csv(path, index=False) if name.endswith(".csv") else frame.to_parquet(path)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_gives_the_values_of_single_patients(tmp_path: Path, name: str) -> None:
    rows = [{"age": a, "sex": s, "creatinine": c} for a, s, c in [(50, "female", 0.9), (71.5, "male", 2.2)]]
    summary = run_cohort(table(tmp_path, rows, name), MODEL, tmp_path / "out.csv")
    assert summary.computed == 2
    made = pd.read_csv(tmp_path / "out.csv")["ckd_epi_2021.egfr"]
    for row, value in zip(rows, made, strict=True):
        typed = [f"age={row['age']}", f"sex={row['sex']}", f"creatinine={row['creatinine']} mg/dL"]
        assert value == pytest.approx(estimate(MODEL, facts_from(typed)).main().value, rel=1e-12)


def test_a_column_in_another_unit_is_converted(tmp_path: Path) -> None:
    path = table(tmp_path, [{"age": 60, "sex": "male", "creatinine": 88.4}])
    summary = run_cohort(path, MODEL, None, {"creatinine": "umol/L"})
    assert summary.summary[0].median == pytest.approx(86.2, abs=0.1)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("creatinine", "high", "not a finite number"),
        ("creatinine", "inf", "not a finite number"),
        ("creatinine", 88, "not plausible"),
        ("creatinine", "", "empty"),
        ("age", -4, "not plausible"),
        ("age", 999, "not plausible"),
        ("age", 12, "outside of the model's range"),
        ("sex", "x", "one of female, male"),
    ],
)
def test_a_bad_row_is_reported_and_the_others_are_computed(
    tmp_path: Path, column: str, value: object, says: str
) -> None:
    good: dict[str, object] = {"age": 60, "sex": "male", "creatinine": 1.0}
    summary = run_cohort(table(tmp_path, [good, {**good, column: value}, good]), MODEL)
    assert (summary.computed, summary.refused) == (2, 1)
    assert summary.problems[0].row == 2
    assert summary.problems[0].column == column
    assert says in summary.problems[0].problem


def test_a_missing_column_names_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"lab\.creatinine"):
        run_cohort(table(tmp_path, [{"age": 60, "sex": "male"}]), MODEL)


NO_TABLES = [("a.csv", b""), ("a.parquet", b"no"), ("a.txt", b"x"), ("b.csv", b"a,b\n")]


@pytest.mark.parametrize(("name", "content"), NO_TABLES)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput):
        run_cohort(path, MODEL)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not there"):
        run_cohort(tmp_path / "none.csv", MODEL)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, [{"age": 60, "sex": "male", "creatinine": 1.0}])
    with pytest.raises(ToolRetry, match="device"):
        run_cohort(path, MODEL, device="tpu")
