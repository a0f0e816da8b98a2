"""RECIST 1.1 categories of target lesions and doubling times, from a table."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from tools.imaging.recist import TargetLesion, compare, doubling_time_days, response, sentence

GOLDEN = Path(__file__).parents[2] / "golden" / "imaging_recist.tsv"


def rows():
    with open(GOLDEN, newline="") as stream:
        return list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))


@pytest.mark.parametrize("row", rows(), ids=lambda r: r["name"])
def test_category(row):
    nodes = row["nodes"].split() or ["n"] * 5
    sizes = [float(v) for v in row["followup_mm"].split()]
    after = [TargetLesion(diameter_mm=v, is_node=n == "y") for v, n in zip(sizes, nodes, strict=False)]
    nadir = float(row["nadir_mm"]) if row["nadir_mm"] else None
    assert response(float(row["baseline_sum_mm"]), after, nadir, row["new_lesion"] == "y") == row["response"]


def test_doubling_time_is_that_of_exponential_growth():
    assert doubling_time_days(100, 200, 90) == pytest.approx(90)
    assert doubling_time_days(100, 400, 90) == pytest.approx(45)
    assert doubling_time_days(100, 50, 90) == pytest.approx(-90)
    assert doubling_time_days(100, 100, 90) is None
    # A sphere that grows by 26 % in diameter doubles its volume.
    assert doubling_time_days(8**3, (8 * 2 ** (1 / 3)) ** 3, 100) == pytest.approx(100)


def test_a_comparison_says_what_changed():
    before = [TargetLesion(diameter_mm=20, volume_mm3=4000)]
    after = [TargetLesion(diameter_mm=26, volume_mm3=8000)]
    found = compare(before, after, dt.date(2026, 1, 1), dt.date(2026, 4, 11))
    assert found.response == "progressive_disease"
    assert found.doubling_time_days == pytest.approx(100)
    assert "20.0 to 26.0 mm (+30 %): progressive disease" in sentence(found)


@pytest.mark.parametrize("days", [0, -3])
def test_a_follow_up_before_the_baseline_is_refused(days):
    one = [TargetLesion(diameter_mm=20)]
    with pytest.raises(ToolRetry, match="later"):
        compare(one, one, dt.date(2026, 1, 10), dt.date(2026, 1, 10) + dt.timedelta(days=days))


def test_a_lesion_that_is_not_measurable_is_left_out_of_the_sum_and_named():
    before = [TargetLesion(diameter_mm=30, volume_mm3=900), TargetLesion(diameter_mm=8, volume_mm3=100)]
    after = [TargetLesion(diameter_mm=20, volume_mm3=300), TargetLesion(diameter_mm=16, volume_mm3=800)]
    found = compare(before, after)
    assert (found.baseline_sum_mm, found.followup_sum_mm, found.response) == (30, 20, "partial_response")
    assert found.volume_change_percent == pytest.approx(-66.7, abs=0.1)
    assert "Lesion 2 (8.0 mm)" in found.notes[0]


def test_where_no_lesion_is_measurable_there_is_growth_but_no_category():
    one, other = TargetLesion(diameter_mm=8, volume_mm3=250), TargetLesion(diameter_mm=10, volume_mm3=500)
    found = compare([one], [other], dt.date(2026, 1, 1), dt.date(2026, 4, 11))
    assert found.response == "not_evaluable"
    assert found.doubling_time_days == pytest.approx(100)
    assert "not evaluable by RECIST 1.1" in sentence(found)
    assert compare([one], [other], new_lesions=True).response == "progressive_disease"


@pytest.mark.parametrize(
    ("lesion", "measurable"),
    [
        (TargetLesion(diameter_mm=10), True),
        (TargetLesion(diameter_mm=9.9), False),
        (TargetLesion(diameter_mm=10, slice_mm=5), True),
        (TargetLesion(diameter_mm=15, slice_mm=8), False),
        (TargetLesion(diameter_mm=16, slice_mm=8), True),
        (TargetLesion(diameter_mm=14, is_node=True), False),
        (TargetLesion(diameter_mm=15, is_node=True), True),
    ],
)
def test_what_is_measurable_depends_on_the_slices_and_on_being_a_node(lesion, measurable):
    assert lesion.is_measurable is measurable


def test_lists_that_do_not_pair_up_are_refused():
    one = TargetLesion(diameter_mm=20)
    with pytest.raises(ToolRetry, match="same order"):
        compare([one], [one, one])
    with pytest.raises(ToolRetry, match="positive"):
        response(0, [one])
