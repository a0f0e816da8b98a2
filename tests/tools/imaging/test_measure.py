"""Diameters, volume and shape of bodies whose size is known, at spacings of real scanners."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from tools.imaging.measure import diameter_3d, diameters, measure, sphericity
from tools.imaging.volume import volume_from_array

GOLDEN = Path(__file__).parents[2] / "golden" / "imaging_shapes.tsv"


def rows():
    with open(GOLDEN, newline="") as stream:
        return list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))


def body(row) -> tuple[np.ndarray, tuple[float, float, float]]:
    spacing = tuple(float(v) for v in row["spacing_mm"].split())
    half = [float(v) / 2 for v in row["size_mm"].split()]
    turn = math.radians(float(row["turn_degrees"]))
    counts = [int(2 * max(half) / s) + 9 for s in spacing]
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(counts, spacing, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    u, v = x * math.cos(turn) + y * math.sin(turn), -x * math.sin(turn) + y * math.cos(turn)
    if row["shape"] == "box":
        inside = (np.abs(u) < half[0]) & (np.abs(v) < half[1]) & (np.abs(z) < half[2])
    else:
        inside = (u / half[0]) ** 2 + (v / half[1]) ** 2 + (z / half[2]) ** 2 <= 1
    return inside, spacing  # type: ignore[return-value]


@pytest.mark.parametrize("row", rows(), ids=lambda r: r["name"])
def test_a_body_of_known_size_is_measured_within_a_pixel(row):
    mask, spacing = body(row)
    found = diameters(mask, spacing)
    pixel = max(spacing[:2])
    assert found.plane == "axial"
    assert found.longest_mm == pytest.approx(float(row["longest_mm"]), abs=1.05 * pixel)
    assert found.short_axis_mm == pytest.approx(float(row["short_axis_mm"]), abs=1.2 * pixel)
    assert diameter_3d(mask, spacing) == pytest.approx(float(row["diameter_3d_mm"]), abs=1.2 * max(spacing))
    volume = mask.sum() * np.prod(spacing)
    assert volume == pytest.approx(float(row["volume_mm3"]), rel=float(row["volume_tolerance"]))
    assert sphericity(mask, spacing) == pytest.approx(float(row["sphericity"]), abs=0.06)


@pytest.mark.parametrize("spacing", [0.7, 1.8, 2.5])
@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5])
def test_where_the_probability_is_known_the_outline_runs_between_voxels(spacing, shift):
    axis = (np.arange(25) - 12 + shift) * spacing
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    covered = np.clip(0.5 + (7.0 - np.sqrt(x**2 + y**2 + z**2)) / spacing, 0, 1).astype(np.float32)
    mask = covered > 0.5
    found = diameters(mask, (spacing,) * 3, chance=covered)
    assert found.longest_mm == pytest.approx(14.0, abs=0.25 * spacing)
    assert found.short_axis_mm == pytest.approx(14.0, abs=0.25 * spacing)


def test_a_probability_that_disagrees_with_the_mask_moves_no_voxel_across_the_outline():
    mask = np.zeros((12, 12, 3), bool)
    mask[3:9, 3:9, 1] = True
    found = diameters(mask, (1.0, 1.0, 1.0), chance=np.where(mask, 0.0, 1.0).astype(np.float32))
    assert found.longest_mm == pytest.approx(6 * math.sqrt(2), abs=1.1)


def test_short_axis_is_a_chord_inside_a_bent_lesion():
    mask = np.zeros((40, 40, 5), bool)
    mask[5:35, 5:11, 2] = True
    mask[5:11, 5:35, 2] = True
    found = diameters(mask, (1.0, 1.0, 1.0))
    assert found.longest_mm == pytest.approx(30 * math.sqrt(2), abs=2)
    assert found.short_axis_mm < 22


def test_measuring_does_not_depend_on_where_the_lesion_lies():
    mask, spacing = body(rows()[0])
    voxels = np.full((120, 120, 60), -800, np.float32)
    volume = volume_from_array(voxels, spacing, "CT")
    one = measure(volume, (3, 4, 5), mask)
    other = measure(volume, (40, 30, 20), mask)
    assert one.volume_mm3 == other.volume_mm3
    assert one.diameters.longest_mm == other.diameters.longest_mm
    assert other.diameters.slice_index - one.diameters.slice_index == 15


def test_a_single_voxel_is_measured_and_an_empty_mask_refused():
    mask = np.zeros((5, 5, 5), bool)
    with pytest.raises(ValueError, match="empty"):
        diameters(mask, (1, 1, 1))
    mask[2, 2, 2] = True
    assert diameters(mask, (0.7, 0.7, 1.25)).longest_mm == pytest.approx(0.7, abs=0.01)
