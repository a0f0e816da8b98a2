"""A scan that the segmenter should not be trusted on says so."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.errors import ToolFailed
from tests.tools.imaging import phantoms
from tools.imaging.qc import check, noise_level
from tools.imaging.study import Study
from tools.imaging.volume import Volume, volume_from_array


def scan(spacing=(1.5, 2.0, 3.0), modality="CT", change=lambda v: v, **meta) -> Volume:
    volume = volume_from_array(change(phantoms.phantom(spacing=spacing)), spacing, modality)
    for name, value in meta.items():
        setattr(volume.meta, name, value)
    return volume


def severities(volume: Volume) -> dict[str, str]:
    return {item.code: item.severity for item in check(volume).findings}


def test_a_plain_chest_ct_is_trusted():
    assert check(scan(body_part="CHEST")).trusted


@pytest.mark.parametrize(
    ("volume", "code", "severity"),
    [
        (scan(spacing=(1.5, 2.0, 7.0)), "thick_slices", "warning"),
        (scan(spacing=(1.5, 2.0, 12.0)), "thick_slices", "reject"),
        (scan(spacing=(5.0, 5.0, 5.0)), "coarse_pixels", "reject"),
        (scan(body_part="BRAIN"), "body_part", "reject"),
        (scan(change=lambda v: v + 1024), "not_hounsfield", "reject"),
        (scan(modality="MR", sequence="T2"), "sequence", "reject"),
        (scan(modality="MR"), "sequence", "warning"),
    ],
)
def test_a_doubtful_scan_is_named(volume, code, severity):
    assert severities(volume)[code] == severity
    assert check(volume).trusted == (severity != "reject")


def test_empty_slices_are_named():
    def blank(voxels):
        voxels[:, :, 5:12] = -1000
        return voxels

    assert severities(scan(change=blank))["empty_slices"] == "reject"


def test_a_body_cut_off_on_three_sides_is_named():
    volume = volume_from_array(np.full((40, 40, 20), 40, np.float32), (2, 2, 3), "CT")
    volume.voxels[0] = -1000
    volume.voxels[1:3, :, ::2] = -1000
    assert severities(volume)["field_of_view"] == "warning"


@pytest.mark.parametrize("sigma", [8.0, 25.0, 80.0])
def test_noise_is_estimated_within_a_tenth(sigma):
    rng = np.random.default_rng(1)
    volume = volume_from_array(rng.normal(40, sigma, (80, 80, 20)).astype(np.float32), (1, 1, 1), "CT")
    assert noise_level(volume) == pytest.approx(sigma, rel=0.1)


@pytest.mark.hazard("HAZ-07")
def test_the_segmenter_is_not_run_on_a_rejected_scan():
    with pytest.raises(ToolFailed, match="should not be trusted"):
        Study(scan(body_part="BRAIN")).require_trust()
