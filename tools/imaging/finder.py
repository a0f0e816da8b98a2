"""Finding lung nodules and masses on chest CT without a click.

Candidates are round bright things in the lungs (dot enhancement) and thick tissue within the outline of the lungs
that is not mediastinum. A network trained on LUNA16 candidate patches scores the round ones; thick tissue needs no
score, its size is the reason. Neighbours are merged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.enhance import blobness
from tools.imaging.lungs import Lungs
from tools.imaging.volume import Volume, VolumeMeta
from tools.imaging.weights_store import load_weights

FINDER_WEIGHTS = "nodule_patches.pt"
# The patches were stored with this window; they are about 0.7 mm a pixel (the usual spacing of LIDC-IDRI).
PATCH_PIXELS, PATCH_MM, PATCH_HU = 50, 0.7, (-1000.0, 400.0)
TISSUE_HU = -200.0
_BRIGHT_HU, _BLOB_HU, _BLOB_RADII_MM = -650.0, 50.0, (2.5, 4.0, 6.5, 10.0)
_MAX_BLOBS = 150
# A ball of 28 mm fits into a mass (more than 3 cm across, Fleischner Society glossary).
_MASS_RADIUS_MM = 14.0
# A nodule of this radius fills the share of a patch that most training nodules do; larger ones are shown smaller.
_PATCH_RADIUS_MM = 8.0


@dataclass(frozen=True)
class Candidate:
    """Something that may be a nodule: centre (voxels of the scan), radius, score once it has one; a mass has a box."""

    centre: tuple[float, float, float]
    radius_mm: float
    kind: str
    score: float = 0.0
    box: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None


def find_candidates(volume: Volume, lungs: Lungs) -> list[Candidate]:
    """Candidates before scoring, largest response first."""
    coarse = _coarse(volume, lungs)
    return _masses(coarse, lungs) + _blobs(coarse, lungs)


def mass_at(volume: Volume, lungs: Lungs, voxel: npt.ArrayLike) -> Candidate | None:
    """The mass in whose box a voxel of the scan lies, if there is one."""
    where = np.asarray(voxel, float)
    for candidate in _masses(_coarse(volume, lungs), lungs):
        if candidate.box is not None and (where >= candidate.box[0]).all() and (where <= candidate.box[1]).all():
            return candidate
    return None


def find_nodules(volume: Volume, lungs: Lungs, threshold: float = 0.5, limit: int = 5) -> list[Candidate]:
    """Masses, and nodules that score at or above `threshold`; masses first, then by score, at most `limit`."""
    candidates = find_candidates(volume, lungs)
    masses = [c for c in candidates if c.kind == "mass"]
    nodules = scored(volume, [c for c in candidates if c.kind == "nodule"])
    found = masses + [c for c in nodules if c.score >= threshold]
    kept: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: (c.kind != "mass", -c.score)):
        if not any(_same(volume, candidate, other) for other in kept):
            kept.append(candidate)
    return kept[:limit]


def _same(volume: Volume, one: Candidate, other: Candidate) -> bool:
    """Whether `one` lies in the box of `other`, or nearer to it than its radius and 8 mm."""
    where = np.array(one.centre)
    if other.box is not None and (where >= other.box[0]).all() and (where <= other.box[1]).all():
        return True
    return float(np.linalg.norm((where - other.centre) * volume.spacing_mm)) <= max(other.radius_mm, 8.0)


def _coarse(volume: Volume, lungs: Lungs) -> npt.NDArray[np.float32]:
    """The scan on the grid of the lungs, averaged so that it does not alias."""
    from scipy import ndimage

    data = volume.voxels.astype(np.float32)
    for axis, step in enumerate(lungs.step):
        if step > 1:
            data = ndimage.uniform_filter1d(
                data, step, axis=axis, mode="nearest", origin=-(step // 2) + (step % 2 == 0)
            )
    made: npt.NDArray[np.float32] = np.ascontiguousarray(data[tuple(slice(None, None, s) for s in lungs.step)])
    return made


def _grid_volume(data: npt.NDArray[np.float32], grid_mm: tuple[float, float, float]) -> Volume:
    x, y, z = data.shape
    meta = VolumeMeta(
        name="grid",
        format="array",
        modality="CT",
        affine_lps=np.diag([*grid_mm, 1.0]).tolist(),
        orientation=[(0, 1), (1, 1), (2, 1)],
        source_shape=(x, y, z),
    )
    return Volume(data, meta)


def _blobs(coarse: npt.NDArray[np.float32], lungs: Lungs) -> list[Candidate]:
    """Local maxima of the dot filter in each lung, with the outside of the lungs set to lung tissue."""
    from scipy import ndimage

    found = []
    for label in (1, 2):
        lung = lungs.labels == label
        box = tuple(slice(max(0, s.start - 6), s.stop + 6) for s in ndimage.find_objects(lung.astype(np.uint8))[0])
        inside = lung[box]
        data = np.where(ndimage.binary_dilation(inside), coarse[box], -850).clip(-1000, 200)
        bright = inside & (data > _BRIGHT_HU)
        response = blobness(_grid_volume(data, lungs.grid_mm), _BLOB_RADII_MM, bright)[0].voxels
        peaks = (response == ndimage.maximum_filter(response, 5)) & (response > _BLOB_HU)
        for at in np.argwhere(peaks):
            centre = (at + [s.start for s in box]) * lungs.step
            radius = _radius(data, at, lungs.grid_mm)
            found.append((float(response[tuple(at)]), Candidate(tuple(centre.tolist()), radius, "nodule")))
    found.sort(key=lambda item: -item[0])
    return [candidate for _, candidate in found[:_MAX_BLOBS]]


def _radius(data: npt.NDArray[np.float32], at: npt.NDArray[np.int64], grid_mm: tuple[float, float, float]) -> float:
    """Radius of the ball whose volume is that of the bright part around a peak, mm."""
    from scipy import ndimage

    low = np.maximum(at - 7, 0)
    view = tuple(slice(a, b) for a, b in zip(low, at + 8, strict=True))
    part = data[view]
    labels, _ = ndimage.label(part > (float(data[tuple(at)]) - 850) / 2)
    count = int((labels == labels[tuple(at - low)]).sum())
    return float((3 * count * np.prod(grid_mm) / (4 * np.pi)) ** (1 / 3))


def _masses(coarse: npt.NDArray[np.float32], lungs: Lungs) -> list[Candidate]:
    """Thick tissue with lung in front of it and behind it, above it and below it: one candidate a connected part.

    The heart, the great vessels and the domes of the diaphragm lack lung on one of these sides.
    """
    from scipy import ndimage

    tissue = ndimage.gaussian_filter(coarse, 0.7) > TISSUE_HU
    found = []
    for label in (1, 2):
        lung = lungs.labels == label
        aerated = lung & ~tissue
        within = tissue & (lungs.field == label) & _between(aerated, 1) & _between(aerated, 2)
        depth = ndimage.distance_transform_edt(within, sampling=lungs.grid_mm)
        parts, count = ndimage.label(depth >= _MASS_RADIUS_MM)
        for part in range(1, count + 1):
            at = np.unravel_index(int(np.where(parts == part, depth, 0).argmax()), depth.shape)
            centre = np.array(at) * lungs.step
            place = (float(centre[0]), float(centre[1]), float(centre[2]))
            found.append(Candidate(place, float(depth[at]), "mass", box=_mass_box(depth, at, lungs)))
    return sorted(found, key=lambda c: -c.radius_mm)[:20]


def _mass_box(
    depth: npt.NDArray[Any], at: tuple[Any, ...], lungs: Lungs
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Box of what is left of a mass by an opening with half of its inner radius, in voxels of the scan."""
    from scipy import ndimage

    half = 0.5 * float(depth[at])
    labels, _ = ndimage.label(depth >= half)
    where = np.argwhere(labels == labels[at])
    reach = half / np.array(lungs.grid_mm)
    low, high = (where.min(0) - reach) * lungs.step, (where.max(0) + reach) * lungs.step
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def _between(lung: npt.NDArray[np.bool_], axis: int) -> npt.NDArray[np.bool_]:
    """Points with lung on both sides along an axis."""
    before = np.maximum.accumulate(lung, axis=axis)
    after = np.flip(np.maximum.accumulate(np.flip(lung, axis), axis=axis), axis)
    made: npt.NDArray[np.bool_] = before & after
    return made


@lru_cache(maxsize=1)
def _network() -> Any:
    from tools.imaging.training.classifier import build_classifier

    state, _ = load_weights(FINDER_WEIGHTS)
    net = build_classifier(2)
    net.load_state_dict(state)
    return net.eval()


def patches(volume: Volume, candidate: Candidate) -> npt.NDArray[np.float32]:
    """Three axial patches (3, 50, 50) through the candidate, 0–1, rows from front to back."""
    from scipy import ndimage

    pixel = PATCH_MM * max(1.0, candidate.radius_mm / _PATCH_RADIUS_MM)
    offsets = (np.arange(PATCH_PIXELS) - (PATCH_PIXELS - 1) / 2) * pixel
    x = candidate.centre[0] + offsets / volume.spacing_mm[0]
    y = candidate.centre[1] + offsets / volume.spacing_mm[1]
    made = []
    for shift in (-0.4, 0.0, 0.4):
        z = np.clip(
            round(candidate.centre[2] + shift * candidate.radius_mm / volume.spacing_mm[2]), 0, volume.shape[2] - 1
        )
        plane = volume.voxels[:, :, int(z)]
        points = np.stack(np.meshgrid(x, y, indexing="ij"))
        made.append(ndimage.map_coordinates(plane, points, order=1, mode="nearest").T)
    stack = (np.stack(made).astype(np.float32) - PATCH_HU[0]) / (PATCH_HU[1] - PATCH_HU[0])
    return np.asarray(np.clip(stack, 0, 1), dtype=np.float32)


def scored(volume: Volume, candidates: list[Candidate], network: Any = None) -> list[Candidate]:
    """The candidates with the network's mean score over their patches."""
    from tools.imaging.training.classifier import network_chances

    if not candidates:
        return []
    stack = np.concatenate([patches(volume, c) for c in candidates])
    chance = network_chances(network or _network(), stack)[:, 0].reshape(-1, 3).mean(1)
    return [replace(c, score=float(s)) for c, s in zip(candidates, chance, strict=True)]
