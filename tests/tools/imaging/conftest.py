"""Scans that several imaging tests share."""

from __future__ import annotations

import numpy as np
import pytest

from tools.imaging.volume import Volume, volume_from_array


def ball(shape: tuple[int, int, int], spacing: tuple[float, float, float], radius_mm: float) -> np.ndarray:
    """A ball in the middle of an array."""
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    return x**2 + y**2 + z**2 <= radius_mm**2


@pytest.fixture
def nodule_scan() -> tuple[Volume, np.ndarray]:
    """A soft-tissue ball of 12 mm in lung, and its mask."""
    shape, spacing = (48, 48, 24), (1.0, 1.0, 2.0)
    mask = ball(shape, spacing, 6.0)
    voxels = np.where(mask, 30.0, -850.0).astype(np.float32)
    voxels += np.random.default_rng(0).normal(0, 15, shape).astype(np.float32)
    return volume_from_array(voxels, spacing, "CT"), mask
