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


def test_columns_of_categories_and_of_numbers_as_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"age": ["60", "70"], "sex": ["male", "female"], "creatinine": ["1.0", "x"]})
    frame.assign(sex=frame.sex.astype("category"), creatinine=frame.creatinine.astype("category")).to_parquet(path)
    summary = run_cohort(path, MODEL)
    assert (summary.computed, summary.problems[0].row, summary.problems[0].column) == (1, 2, "creatinine")


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


def test_any_of_several_columns_makes_an_input_true_as_for_one_patient(tmp_path: Path) -> None:
    rcri = get_model("rcri")
    cells = [("no", "yes"), ("no", "no"), ("yes", "no"), (None, "yes"), (None, None)]
    names = ("condition.coronary_artery_disease", "condition.myocardial_infarction")
    rows: list[dict[str, object]] = [
        {"high_risk_surgery": "yes", "lab.creatinine": 1.0, **dict(zip(names, pair, strict=True))} for pair in cells
    ]
    run_cohort(table(tmp_path, rows), rcri, tmp_path / "out.csv")
    found = pd.read_csv(tmp_path / "out.csv")["rcri.score"].to_list()
    for pair, score in zip(cells, found, strict=True):
        typed = [f"{name}={cell}" for name, cell in zip(names, pair, strict=True) if cell]
        one = estimate(rcri, facts_from(["high_risk_surgery=yes", "lab.creatinine=1 mg/dL", *typed], rcri))
        assert score == one.main().value


def test_a_column_in_a_wrong_unit_is_pointed_out_once(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"age": 60, "sex": "male", "creatinine": value} for value in (80, 95, 110)]
    summary = run_cohort(table(tmp_path, rows), MODEL)
    assert summary.warnings == (
        "3 of 3 values of creatinine are not plausible. If they are in another unit, name it: --unit creatinine=UNIT.",
    )


def test_a_missing_column_names_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"lab\.creatinine"):
        run_cohort(table(tmp_path, [{"age": 60, "sex": "male"}]), MODEL)


HEADER = b"age,sex,creatinine\n"
NO_TABLES = [
    ("a.csv", b"", "no header"),
    ("a.parquet", b"no", "cannot be read"),
    ("a.txt", b"x", "not a table"),
    ("b.csv", HEADER, "no rows"),
    ("b.csv", HEADER.replace(b",", b";"), "semicolons"),
    ("b.csv", b"age,age,sex,creatinine\n", "stands there twice"),
    ("b.csv", HEADER + b"60,male,1,2\n", "4 cells, the header 3"),
    ("b.csv", HEADER + b"60,male,1\n60,male,1,2\n", "line 3"),
    ("b.csv", HEADER + b"60,m\xe4le,1\n", "cannot be read"),
]


@pytest.mark.parametrize(("name", "content", "says"), NO_TABLES)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=says):
        run_cohort(path, MODEL, tmp_path / "out.csv")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("made", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("given", ["t.csv", "t.parquet"])
def test_a_table_in_several_parts_gives_what_it_gives_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, made: str
) -> None:
    rows: list[dict[str, object]] = [{"number": i, "age": 20 + i, "sex": "male", "creatinine": 1.0} for i in range(10)]
    rows[7]["creatinine"] = 88.0
    rows[4]["age"] = None
    path = table(tmp_path, rows, given)
    whole = run_cohort(path, MODEL)
    monkeypatch.setattr("tools.risk.table.PART_ROWS", 3)
    split = run_cohort(path, MODEL, tmp_path / made)
    assert split.model_copy(update={"seconds": whole.seconds}) == whole
    assert [p.row for p in split.problems] == [5, 8]
    wide = pd.read_csv(tmp_path / made) if made == "out.csv" else pd.read_parquet(tmp_path / made)
    assert list(wide["number"]) == list(range(10))
    assert wide["ckd_epi_2021.problem"].dropna().to_dict() == {
        4: "age is empty",
        7: "creatinine is not plausible (0.1 to 30 mg/dL)",
    }
    assert wide["ckd_epi_2021.egfr"].notna().sum() == 8


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    monkeypatch.setattr("tools.risk.table.PART_ROWS", 50_000)
    monkeypatch.setattr("tools.risk.cohort.SAMPLE_ROWS", 50_000)
    peaks = []
    for rows in (200_000, 800_000):
        path = tmp_path / f"{rows}.parquet"
        pd.DataFrame({"age": 60.0, "sex": "male", "creatinine": 1.1}, index=range(rows)).to_parquet(path)
        tracemalloc.start()
        assert run_cohort(path, MODEL).computed == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_unit_of_another_quantity_is_refused_with_its_column(tmp_path: Path) -> None:
    path = table(tmp_path, [{"age": 60, "sex": "male", "creatinine": 1.0}])
    with pytest.raises(ToolRetry, match="Column creatinine: 'mmHg' is no unit of serum creatinine; use mg/dL"):
        run_cohort(path, MODEL, None, {"creatinine": "mmHg"})


def test_a_unit_for_a_column_that_is_not_used_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, [{"age": 60, "sex": "male", "creatinine": 1.0, "sodium": 140}])
    with pytest.raises(BadInput, match="does not use it"):
        run_cohort(path, MODEL, None, {"sodium": "mmol/L"})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not there"):
        run_cohort(tmp_path / "none.csv", MODEL)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, [{"age": 60, "sex": "male", "creatinine": 1.0}])
    with pytest.raises(ToolRetry, match="device"):
        run_cohort(path, MODEL, device="tpu")
