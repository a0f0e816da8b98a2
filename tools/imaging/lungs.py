"""Lungs on chest CT: a mask, left and right, thirds, distance to the pleura.

Air is separated from tissue by a threshold, the patient from the room by connection to the border
(after Hu, Hoffman & Reinhardt 2001, doi 10.1109/42.929615). Lobes need fissures, which are not traced here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tools.imaging.volume import Volume

Side = Literal["right", "left"]
Third = Literal["upper", "middle", "lower"]
AIR_HU = -400.0
BODY_HU = -300.0
# A lung of an adult holds litres; below this volume what was found is not taken for a lung.
MIN_LUNG_ML = 300.0
_GRID_MM = 2.0


@dataclass(frozen=True)
class Lungs:
    """Both lungs on a coarse grid of about 2 mm.

    Attributes:
        labels: 0 elsewhere, 1 right lung, 2 left lung; vessels and enclosed nodules filled.
        field: the lungs closed over what bulges into them from the wall (labels as above).
        step: voxels of the scan between grid points, along each axis.
    """

    labels: npt.NDArray[np.uint8]
    field: npt.NDArray[np.uint8]
    step: tuple[int, int, int]
    grid_mm: tuple[float, float, float]

    @property
    def volumes_ml(self) -> tuple[float, float]:
        """Volumes of the right and the left lung."""
        one = float(np.prod(self.grid_mm)) / 1000
        return float((self.labels == 1).sum()) * one, float((self.labels == 2).sum()) * one

    def at(self, voxel: npt.ArrayLike) -> tuple[int, int, int]:
        """Grid index of a voxel of the scan."""
        where = np.clip(np.asarray(voxel, float) / self.step, 0, np.array(self.labels.shape) - 1).astype(int)
        return int(where[0]), int(where[1]), int(where[2])


def find_lungs(volume: Volume) -> Lungs | None:
    """The lungs of a chest CT, or None where two lungs of plausible size are not in view."""
    from scipy import ndimage

    step = tuple(max(1, round(_GRID_MM / s)) for s in volume.spacing_mm)
    view = tuple(slice(None, None, s) for s in step)
    coarse = np.ascontiguousarray(volume.voxels[view], dtype=np.float32)
    grid_mm = tuple(float(s * k) for s, k in zip(volume.spacing_mm, step, strict=True))
    air = coarse < AIR_HU
    air &= ~_outside(coarse)
    labels = _two_lungs(air, grid_mm)
    if labels is None:
        return None
    radius = [max(1, round(8.0 / g)) for g in grid_mm]
    ball = _ball(radius)
    filled, field = np.zeros(coarse.shape, np.uint8), np.zeros(coarse.shape, np.uint8)
    for label in (1, 2):
        where = ndimage.find_objects((labels == label).astype(np.uint8))[0]
        box = tuple(slice(max(0, s.start - 8), s.stop + 8) for s in where)
        one = np.pad((labels == label)[box], 8)
        closed = ndimage.binary_closing(one, ball)[8:-8, 8:-8, 8:-8]
        for plane in range(closed.shape[2]):
            closed[:, :, plane] = ndimage.binary_fill_holes(closed[:, :, plane])
        filled[box][closed & (filled[box] == 0)] = label
        hull = _axial_hulls(closed)
        field[box][hull & (field[box] == 0)] = label
    sizes = (step[0], step[1], step[2])
    return Lungs(filled, field, sizes, (grid_mm[0], grid_mm[1], grid_mm[2]))


def _ball(radius: list[int]) -> npt.NDArray[np.bool_]:
    axes = np.ogrid[tuple(slice(-r, r + 1) for r in radius)]
    squared = sum((a / (r + 0.5)) ** 2 for a, r in zip(axes, radius, strict=True))
    return np.asarray(squared <= 1, dtype=bool)


def _outside(coarse: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """The air around the patient: what is not enclosed by the body in its axial slice."""
    from scipy import ndimage

    body = coarse > BODY_HU
    inside = np.zeros_like(body)
    for plane in range(body.shape[2]):
        labels, count = ndimage.label(body[:, :, plane])
        if count:
            largest = labels == (np.bincount(labels.ravel())[1:].argmax() + 1)
            inside[:, :, plane] = ndimage.binary_fill_holes(largest)
    return ~inside


def _two_lungs(air: npt.NDArray[np.bool_], grid_mm: tuple[float, ...]) -> npt.NDArray[np.uint8] | None:
    """Right (1) and left (2) lung, split where they touch in front by eroding until they part."""
    from scipy import ndimage

    one_ml = float(np.prod(grid_mm)) / 1000
    for turns in range(5):
        core = ndimage.binary_erosion(air, iterations=turns) if turns else air
        labels, count = ndimage.label(core)
        if count < 2:
            continue
        sizes = np.bincount(labels.ravel())[1:]
        first, second = np.argsort(sizes)[::-1][:2]
        if sizes[second] * one_ml < MIN_LUNG_ML / (1 + turns) or sizes[second] < 0.15 * sizes[first]:
            continue
        seeds = np.zeros(air.shape, np.uint8)
        where = [ndimage.center_of_mass(labels == n + 1)[0] for n in (first, second)]
        if abs(where[0] - where[1]) * grid_mm[0] < 50:
            continue
        right, left = (first, second) if where[0] < where[1] else (second, first)
        seeds[labels == right + 1], seeds[labels == left + 1] = 1, 2
        return _grow_back(seeds, air) if turns else seeds
    return None


def _grow_back(seeds: npt.NDArray[np.uint8], air: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    from scipy import ndimage

    near = ndimage.distance_transform_edt(seeds == 0, return_indices=True)
    grown: npt.NDArray[np.uint8] = np.where(air & (near[0] < 6), seeds[tuple(near[1])], 0)
    return grown


def _axial_hulls(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Convex hull of the mask in each axial slice."""
    from skimage.morphology import convex_hull_image

    out = mask.copy()
    for plane in range(mask.shape[2]):
        if mask[:, :, plane].sum() > 20:
            out[:, :, plane] = convex_hull_image(mask[:, :, plane])
    return out


@dataclass(frozen=True)
class Place:
    """Where a lesion lies in the lungs. `third` is of the height of that lung, not a lobe."""

    side: Side
    third: Third
    pleura_mm: float
    inside_fraction: float


def place_of(lungs: Lungs, voxels: npt.NDArray[Any]) -> Place | None:
    """Side, third and distance to the pleura of a lesion given by its voxels (n, 3); None outside the lung field."""
    from scipy import ndimage

    where = np.clip((voxels / np.array(lungs.step)).astype(int), 0, np.array(lungs.labels.shape) - 1)
    hit = lungs.field[tuple(where.T)]
    counts = np.bincount(hit, minlength=3)[1:]
    fraction = float(counts.sum()) / len(voxels)
    if fraction < 0.5:
        return None
    label = int(counts.argmax()) + 1
    heights = np.flatnonzero((lungs.labels == label).any(axis=(0, 1)))
    part = (float(np.median(where[:, 2])) - heights[0]) / max(heights[-1] - heights[0], 1)
    third: Third = "upper" if part > 2 / 3 else "middle" if part > 1 / 3 else "lower"
    low = np.maximum(where.min(0) - 40, 0)
    view = tuple(slice(a, b) for a, b in zip(low, where.max(0) + 41, strict=True))
    lung = lungs.labels[view] == label
    depth = ndimage.distance_transform_edt(np.pad(lung, 1), sampling=lungs.grid_mm)[1:-1, 1:-1, 1:-1]
    edge = depth[tuple((where - low).T)]
    side: Side = "right" if label == 1 else "left"
    return Place(side, third, max(0.0, float(edge.min()) - min(lungs.grid_mm)), fraction)
