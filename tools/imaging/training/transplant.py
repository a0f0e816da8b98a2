"""Nodules laid into the lung of other patients: more surroundings for the few nodules that have an outline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tools.imaging.training.samples import Sample

_TRIES = 20
_APART_VOXELS = 3
# One in four becomes fainter, down to this share of its density above the lung around it.
_FAINT_SHARE, _FAINTEST = 0.25, 0.4


def transplants(samples: list[Sample], count: int, seed: int = 0) -> list[Sample]:
    """`count` samples, each with the nodule of one and the lung of another; the same ones for the same seed.

    All samples are cubes of one shape. A nodule that fits nowhere in the chosen lung is left out, so there may be
    fewer.
    """
    rng = np.random.default_rng(seed)
    hosts = [sample for sample in samples if len(sample.air_voxels) > 200]
    made = []
    for index in range(count if len(hosts) > 1 else 0):
        giver = samples[index % len(samples)]
        host = hosts[rng.integers(len(hosts))]
        if host is not giver and (found := _laid(giver, host, rng)) is not None:
            made.append(found)
    return made


def _laid(giver: Sample, host: Sample, rng: np.random.Generator) -> Sample | None:
    from scipy import ndimage

    image, mask = _piece(giver, rng)
    low = (np.array(mask.shape) - 1) // 2
    taken = ndimage.binary_dilation(host.mask, iterations=_APART_VOXELS)
    for _ in range(_TRIES):
        start = host.air_voxels[rng.integers(len(host.air_voxels))] - low
        stop = start + mask.shape
        if (start < 0).any() or (stop > host.mask.shape).any():
            continue
        view = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        if (taken[view] & mask).any():
            continue
        share = np.minimum(ndimage.gaussian_filter(ndimage.binary_dilation(mask).astype(np.float32), 0.8), 1)
        share = np.where(mask, 1, share)
        if rng.random() < _FAINT_SHARE:
            share = share * rng.uniform(_FAINTEST, 1)
        whole, lesion = host.image.copy(), np.zeros_like(host.mask)
        whole[view] = share * image + (1 - share) * whole[view]
        lesion[view] = mask
        name = f"{giver.name} in {host.name}"
        return Sample(name, giver.patient, giver.data_set, giver.modality, whole, lesion, giver.spacing_mm, False)
    return None


def _piece(giver: Sample, rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """The nodule with three voxels around it, mirrored at random."""
    where = giver.lesion_voxels[0]
    low, high = where.min(0) - 3, where.max(0) + 4
    low, high = np.maximum(low, 0), np.minimum(high, giver.mask.shape)
    view = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    turn = tuple(slice(None, None, int(f)) for f in rng.choice([-1, 1], 3))
    return giver.image[view][turn], giver.mask[view][turn]
