"""Whether a click lies in a nodule rather than in a mass of the lung, by contrast to aerated lung.

Tissue is what lies above the middle between the click's value and lung. Vessels and the chest wall are parted from
the nodule by an opening that follows its own inner radius (in the spirit of Kuhnigk 2006, doi 10.1109/TMI.2006.871547).
What is left is a nodule if it is small and lies in air.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.volume import Volume

_REACH_MM = 36.0
_LUNG_HU = (-950.0, -700.0)
_LEAST_CONTRAST_HU = 150.0
_LARGEST_RADIUS_MM = 15.0
_OPENING, _EXTENT = 0.6, 2.5
_AIR_HU, _AIR_SHARE = -500.0, 0.35


def is_nodule(volume: Volume, seed: npt.NDArray[np.float64]) -> bool:
    """Whether a nodule of at most 15 mm inner radius, in aerated lung, lies at `seed` (voxel coordinates)."""
    from scipy import ndimage

    spacing = np.array(volume.spacing_mm)
    low = np.maximum(np.floor(seed - _REACH_MM / spacing), 0).astype(int)
    high = np.minimum(np.ceil(seed + _REACH_MM / spacing) + 1, volume.shape).astype(int)
    view = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    data = ndimage.gaussian_filter(volume.voxels[view].astype(np.float32), 0.5)
    at = np.clip(np.rint(seed) - low, 0, np.array(data.shape) - 1).astype(int)
    near = data[tuple(slice(max(0, a - 1), a + 2) for a in at)]
    reference = min(float(np.median(near)), 100.0)
    lung = float(np.clip(np.percentile(data, 15), *_LUNG_HU))
    if reference < lung + _LEAST_CONTRAST_HU:
        return False
    tissue = data > (reference + lung) / 2
    depth = ndimage.distance_transform_edt(tissue, sampling=spacing)
    middle = _climb(depth, at, spacing)
    radius = float(depth[tuple(middle)])
    if radius <= 0 or radius > _LARGEST_RADIUS_MM:
        return False
    nodule = _opened(tissue, depth, middle, radius, spacing)
    return bool(nodule.any()) and _in_air(data, nodule, spacing)


def _climb(
    depth: npt.NDArray[Any], at: npt.NDArray[np.int64], spacing: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The deepest point near the click: within the click's own depth and 2 mm, twice."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in depth.shape), indexing="ij"), -1)
    for _ in range(2):
        apart = np.linalg.norm((grid - at) * spacing, axis=-1)
        allowed = apart <= depth[tuple(at)] + 2.0
        at = np.array(np.unravel_index(int(np.where(allowed, depth, -1).argmax()), depth.shape))
    return at


def _opened(
    tissue: npt.NDArray[np.bool_],
    depth: npt.NDArray[Any],
    middle: npt.NDArray[np.int64],
    radius: float,
    spacing: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    from scipy import ndimage

    grid = np.stack(np.meshgrid(*(np.arange(n) for n in depth.shape), indexing="ij"), -1)
    reach = np.linalg.norm((grid - middle) * spacing, axis=-1) <= _EXTENT * radius
    labels, _ = ndimage.label((depth >= _OPENING * radius) & reach)
    core = labels == labels[tuple(middle)]
    grown = ndimage.distance_transform_edt(~core, sampling=spacing) <= _OPENING * radius
    return np.asarray(grown & tissue, dtype=bool)


def _in_air(data: npt.NDArray[Any], nodule: npt.NDArray[np.bool_], spacing: npt.NDArray[np.float64]) -> bool:
    from scipy import ndimage

    apart = ndimage.distance_transform_edt(~nodule, sampling=spacing)
    shell = (apart > 1.0) & (apart < 6.0)
    return bool(shell.any() and float((data[shell] < _AIR_HU).mean()) >= _AIR_SHARE)
