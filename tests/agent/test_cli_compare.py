"""`consilium compare`: target lesions of two scans, with nodes, lesions that are gone, and dates from the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import run


def measured(path: Path, sizes: list[tuple[float, float]], acquired: str | None = None, slice_mm: float = 1.0) -> str:
    """A file as `consilium segment` writes it: longest diameter and short axis of each lesion, mm."""
    lesions = [
        {"report": {"measurements": {"diameters": {"longest_mm": a, "short_axis_mm": b}, "volume_mm3": a * b * b / 2}}}
        for a, b in sizes
    ]
    path.write_text(json.dumps({"lesions": lesions, "spacing_mm": [0.7, 0.7, slice_mm], "acquired": acquired}))
    return str(path)


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run("compare", *arguments, "--json") == 0
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    return made


def test_a_lymph_node_counts_by_its_short_axis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = measured(tmp_path / "a.json", [(40, 30), (30, 20)])
    later = measured(tmp_path / "b.json", [(40, 30), (28, 9)])
    found = compared(capsys, first, later, "--nodes", "2")
    assert (found["baseline_sum_mm"], found["followup_sum_mm"]) == (60, 49)
    assert found["response"] == "stable_disease"


def test_lesions_that_are_gone_and_nodes_under_a_centimetre_are_a_complete_response(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = measured(tmp_path / "a.json", [(40, 30), (30, 20)])
    later = measured(tmp_path / "b.json", [(14, 9)])
    assert compared(capsys, first, later, "--nodes", "2", "--gone", "1")["response"] == "complete_response"
    assert compared(capsys, first, later, "--gone", "1")["response"] == "partial_response"
    new = compared(capsys, first, later, "--nodes", "2", "--gone", "1", "--new-lesions")
    assert new["response"] == "progressive_disease"


def test_the_days_between_come_from_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = measured(tmp_path / "a.json", [(20, 20)], "2026-01-01")
    later = measured(tmp_path / "b.json", [(40, 20)], "2026-04-11")
    found = compared(capsys, first, later)
    assert (found["days"], round(found["doubling_time_days"])) == (100, 100)
    assert compared(capsys, first, later, "--followup-date", "2026-03-02")["days"] == 60


def test_thick_slices_make_a_small_lesion_not_measurable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = measured(tmp_path / "a.json", [(14, 12)], slice_mm=8.0)
    found = compared(capsys, first, first)
    assert found["response"] == "not_evaluable"
    assert "Lesion 1 (14.0 mm)" in found["notes"][0]


@pytest.mark.parametrize(
    ("option", "value"), [("--nodes", "3"), ("--nodes", "0"), ("--gone", "x"), ("--gone", "1,,2"), ("--nodes", "-1")]
)
def test_a_number_of_no_lesion_is_wrong_use(
    option: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = measured(tmp_path / "a.json", [(40, 30), (30, 20)])
    assert run("compare", first, first, f"{option}={value}") == 2
    assert "numbers of lesions" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["[]", "{}", "no", '{"lesions": [{"report": {}}], "spacing_mm": [1]}', '{"lesions": 3}']
)
def test_a_file_of_something_else_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = measured(tmp_path / "a.json", [(40, 30)])
    (tmp_path / "b.json").write_text(text)
    assert run("compare", first, str(tmp_path / "b.json")) == 1
    assert "measured lesions" in capsys.readouterr().err
    assert run("compare", first, measured(tmp_path / "c.json", [(float("nan"), 3)])) == 1
