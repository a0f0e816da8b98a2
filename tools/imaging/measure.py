"""Measurements of a lesion mask: diameters, volume, shape, intensity. Millimetres throughout."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tools.imaging.volume import Volume

Plane = Literal["axial", "coronal", "sagittal"]
_HAIR = 1e-3
_PLANES: tuple[Plane, Plane, Plane] = ("sagittal", "coronal", "axial")


class Diameters(BaseModel):
    """Longest diameter and the longest chord perpendicular to it, in one slice (RECIST 1.1, doi
    10.1016/j.ejca.2008.10.026, section 4)."""

    model_config = ConfigDict(frozen=True)

    longest_mm: float
    short_axis_mm: float
    plane: Plane
    slice_index: int
    longest_ends_mm: tuple[tuple[float, float], tuple[float, float]]
    short_ends_mm: tuple[tuple[float, float], tuple[float, float]]

    @property
    def mean_mm(self) -> float:
        """Average of long and short axis (Fleischner Society 2017, doi 10.1148/radiol.2017162894)."""
        return (self.longest_mm + self.short_axis_mm) / 2


class Intensity(BaseModel):
    """Statistics of the voxels of a lesion (HU for CT)."""

    model_config = ConfigDict(frozen=True)

    mean: float
    standard_deviation: float
    median: float
    percentile_10: float
    percentile_90: float
    minimum: float
    maximum: float


class Measurements(BaseModel):
    """Everything measured of one lesion."""

    model_config = ConfigDict(frozen=True)

    volume_mm3: float
    diameters: Diameters
    mean_diameter_mm: float
    diameter_3d_mm: float
    sphericity: float
    intensity: Intensity


def slice_axis(spacing_mm: tuple[float, float, float]) -> int:
    """The axis across the slices: the one of the largest spacing, and z (axial) where they are alike."""
    worst = int(np.argmax(spacing_mm))
    return worst if spacing_mm[worst] > 1.25 * spacing_mm[2] else 2


def diameters(
    mask: npt.NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    axis: int | None = None,
    chance: npt.NDArray[np.float32] | None = None,
) -> Diameters:
    """Longest diameter over all slices across `axis`, and its perpendicular short axis in the same slice.

    Contours run midway between voxels inside and outside; with `chance`, where it passes one half between them. The
    longest chord of a mask's stairs is about half a voxel longer than that of what it stands for. Coordinates of the
    ends are (first, second) remaining axis, mm from the centre of the mask array's first voxel.

    Args:
        chance: probability of the lesion, same shape as the mask.

    Raises:
        ValueError: the mask is empty.
    """
    across = slice_axis(spacing_mm) if axis is None else axis
    rest = [i for i in range(3) if i != across]
    best: tuple[float, int, Any, Any] | None = None
    stack = np.moveaxis(_surface(mask, chance), across, 0)
    for index in np.flatnonzero((stack > 0.5).any(axis=(1, 2))):
        for outline in _outlines(stack[int(index)], (spacing_mm[rest[0]], spacing_mm[rest[1]])):
            length, ends = _longest(outline)
            if best is None or length > best[0]:
                best = (length, int(index), outline, ends)
    if best is None:
        raise ValueError("the mask is empty")
    length, place, outline, ends = best
    short, short_ends = _perpendicular(outline, ends)
    return Diameters(
        longest_mm=length,
        short_axis_mm=short,
        plane=_PLANES[across],
        slice_index=place,
        longest_ends_mm=_pairs(ends),
        short_ends_mm=_pairs(short_ends),
    )


def _pairs(ends: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = np.asarray(ends, float).tolist()
    return (a, b), (c, d)


def _surface(mask: npt.NDArray[np.bool_], chance: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float64]:
    """Values that are above one half in the mask and below it elsewhere."""
    if chance is None:
        return mask.astype(float)
    return np.where(mask, np.maximum(chance, 0.5 + _HAIR), np.minimum(chance, 0.5 - _HAIR)).astype(float)


def _outlines(plane: npt.NDArray[np.float64], spacing: tuple[float, float]) -> list[npt.NDArray[np.float64]]:
    from skimage.measure import find_contours

    padded = np.pad(plane, 1)
    return [(line - 1) * spacing for line in find_contours(padded, 0.5)]


def _longest(outline: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist, squareform

    try:
        corners = outline[ConvexHull(outline).vertices]
    except QhullError:
        corners = outline
    apart = squareform(pdist(corners))
    i, j = np.unravel_index(int(apart.argmax()), apart.shape)
    return float(apart[i, j]), corners[[i, j]]


def _perpendicular(
    outline: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]
) -> tuple[float, npt.NDArray[np.float64]]:
    """The longest chord of the outline perpendicular to the line between `ends`."""
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    across = np.array([-along[1], along[0]])
    u, v = (outline - ends[0]) @ along, (outline - ends[0]) @ across
    best, where = 0.0, (0.0, 0.0, 0.0)
    for level in np.linspace(u.min(), u.max(), 201)[1:-1]:
        crossing = (u[:-1] - level) * (u[1:] - level) <= 0
        a, b = u[:-1][crossing], u[1:][crossing]
        part = np.divide(level - a, b - a, out=np.zeros_like(a), where=np.abs(b - a) > 1e-12)
        at = np.sort(v[:-1][crossing] + part * (v[1:] - v[:-1])[crossing])
        for low, high in itertools.pairwise(at):
            if high - low > best and _is_within(u, v, level, (low + high) / 2):
                best, where = float(high - low), (float(level), float(low), float(high))
    level, low, high = where
    return best, np.array([ends[0] + level * along + low * across, ends[0] + level * along + high * across])


def _is_within(u: npt.NDArray[Any], v: npt.NDArray[Any], x: float, y: float) -> bool:
    """Whether (x, y) lies in the closed outline (even-odd rule)."""
    a, b = u[:-1], u[1:]
    spans = (a > x) != (b > x)
    heights = v[:-1][spans] + (x - a[spans]) / (b[spans] - a[spans]) * (v[1:] - v[:-1])[spans]
    return bool(int((heights > y).sum()) % 2)


def sphericity(mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Surface of the ball of equal volume over the surface of the mask: 1 for a ball, less for anything else.

    Wadell 1935, doi 10.1086/624298; IBSI feature QCFX. Volume and surface are those of one mesh.
    """
    from scipy import ndimage
    from skimage.measure import marching_cubes, mesh_surface_area

    width = 0.8 * min(spacing_mm) / np.array(spacing_mm)
    smooth = ndimage.gaussian_filter(np.pad(mask, 3).astype(np.float32), np.maximum(width, 0.5))
    if smooth.max() <= 0.5:
        return float("nan")
    points, faces, _, _ = marching_cubes(smooth, 0.5, spacing=spacing_mm)
    a, b, c = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
    volume = abs(float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())) / 6
    return float(np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / mesh_surface_area(points, faces))


def diameter_3d(mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Largest distance between two points of the surface, mm. The surface runs midway between voxels."""
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist

    centres = np.argwhere(mask).astype(float)
    steps = np.vstack([np.eye(3), -np.eye(3)]) * 0.5
    points = (centres[:, None, :] + steps).reshape(-1, 3) * spacing_mm
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:
        points = np.unique(points, axis=0)
    return float(pdist(points).max())


def intensity(values: npt.NDArray[Any]) -> Intensity:
    """Statistics of the values of a lesion."""
    low, middle, high = np.percentile(values, [10, 50, 90])
    return Intensity(
        mean=float(values.mean()),
        standard_deviation=float(values.std()),
        median=float(middle),
        percentile_10=float(low),
        percentile_90=float(high),
        minimum=float(values.min()),
        maximum=float(values.max()),
    )


def measure(
    volume: Volume,
    offset: tuple[int, int, int],
    mask: npt.NDArray[np.bool_],
    chance: npt.NDArray[np.float32] | None = None,
) -> Measurements:
    """Measure the lesion `mask`, whose first voxel is `offset` of the volume; `chance` as in `diameters`."""
    view = tuple(slice(o, o + n) for o, n in zip(offset, mask.shape, strict=True))
    found = diameters(mask, volume.spacing_mm, chance=chance)
    return Measurements(
        volume_mm3=float(mask.sum()) * volume.voxel_volume_mm3,
        diameters=found.model_copy(update={"slice_index": found.slice_index + offset[_PLANES.index(found.plane)]}),
        mean_diameter_mm=found.mean_mm,
        diameter_3d_mm=diameter_3d(mask, volume.spacing_mm),
        sphericity=sphericity(mask, volume.spacing_mm),
        intensity=intensity(volume.voxels[view][mask]),
    )
