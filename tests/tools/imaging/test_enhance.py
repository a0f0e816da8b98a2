"""Enhancement: each step does to an image what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.errors import ToolRetry
from tests.tools.imaging.conftest import ball
from tools.imaging.enhance import STEPS, adaptive_contrast, blobness, denoise, resample, step_named, vesselness, window
from tools.imaging.volume import volume_from_array

SHAPE, SPACING = (40, 40, 20), (1.0, 1.0, 2.0)


def shapes() -> tuple[np.ndarray, np.ndarray]:
    """A ball, and a tube along the slices."""
    x, y, z = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING, strict=True)), indexing="ij"
    )
    blob = (x + 9) ** 2 + y**2 + z**2 <= 16
    tube = (x - 9) ** 2 + y**2 <= 9
    return blob, tube


def test_the_dot_filter_prefers_balls_and_the_vessel_filter_tubes():
    blob, tube = shapes()
    volume = volume_from_array(np.where(blob | tube, 0.0, -850.0).astype(np.float32), SPACING, "CT")
    dots, vessels = blobness(volume)[0].voxels, vesselness(volume)[0].voxels
    inner = tube.copy()
    inner[:, :, :4] = inner[:, :, -4:] = False
    assert dots[blob].max() > 2 * dots[inner].max()
    assert vessels[28:30, 19:21, 9:11].mean() > 3 * vessels[10:12, 19:21, 9:11].mean()


def test_work_can_be_limited_to_some_voxels():
    blob, tube = shapes()
    volume = volume_from_array(np.where(blob | tube, 0.0, -850.0).astype(np.float32), SPACING, "CT")
    assert np.allclose(blobness(volume, where=blob)[0].voxels[blob], blobness(volume)[0].voxels[blob], atol=1e-3)


def test_denoising_lowers_the_noise_and_keeps_the_edge():
    mask = ball(SHAPE, SPACING, 9)
    noisy = np.where(mask, 100.0, 0.0) + np.random.default_rng(0).normal(0, 15, SHAPE)
    volume = volume_from_array(noisy.astype(np.float32), SPACING, "MR")
    after, step = denoise(volume)
    core, far = ball(SHAPE, SPACING, 6), ~ball(SHAPE, SPACING, 12)
    assert after.voxels[far].std() < 0.7 * noisy[far].std()
    assert after.voxels[core].mean() - after.voxels[far].mean() > 90
    assert step.parameters["iterations"] == 5


def test_window_and_contrast_stay_between_0_and_1():
    volume = volume_from_array(np.random.default_rng(0).normal(-500, 400, SHAPE).astype(np.float32), SPACING, "CT")
    for after in (window(volume)[0], adaptive_contrast(volume)[0]):
        assert after.voxels.min() >= 0
        assert after.voxels.max() <= 1


def test_resampling_keeps_places_in_the_patient():
    mask = ball(SHAPE, SPACING, 8)
    volume = volume_from_array(np.where(mask, 100.0, 0.0).astype(np.float32), SPACING, "CT", (5.0, -7.0, 11.0))
    after, _ = resample(volume, 1.0)
    assert after.spacing_mm == pytest.approx((1, 1, 1))
    before_mm = volume.world_mm(np.argwhere(mask).mean(0))
    after_mm = after.world_mm(np.argwhere(after.voxels > 50).mean(0))
    assert np.allclose(before_mm, after_mm, atol=0.6)


def test_an_unknown_step_is_explained():
    with pytest.raises(ToolRetry, match="denoise"):
        step_named("sharpen")
    assert len(STEPS) == 7
