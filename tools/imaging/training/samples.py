"""Images with lesion masks for training: reading the data sets, splitting by patient, drawing cubes and prompts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from knowledge.errors import BadInput
from tools.imaging.lesion_model import (
    CT_WIDE_HU,
    MADE_BOX,
    PATCH,
    Grid,
    Modality,
    Scale,
    box_channel,
    click_channel,
    field_around,
    inside,
    network_input,
    sample_volume,
)

Split = Literal["train", "validation", "test"]
# Spacing of the nodule cubes is not recorded; near the median of LIDC-IDRI (Armato 2011, doi 10.1118/1.3528204).
_KINDS, _KINDS_NO_FIRST = (0.5, 0.35, 0.15), (0.0, 0.7, 0.3)
# Lesions are shown up to this much larger or smaller (log of the factor): those of a few dozen patients have few sizes.
_LOG_SIZE = 0.3
# Share of the boxes made from a click that are far off, and the error of each of their faces as a part of the side.
_FAR_OFF, _FAR_OFF_ERROR = 0.4, 0.22
NOMINAL_NODULE_SPACING_MM = (0.7, 0.7, 1.25)


@dataclass(frozen=True)
class Sample:
    """One image with one lesion. `image` is float32 (HU for CT), `mask` bool, both (x, y, z)."""

    name: str
    patient: str
    data_set: str
    modality: Modality
    image: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    spacing_known: bool = True

    @cached_property
    def lesion_voxels(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The voxels of the lesion, and for each the chance that a person clicks there (see `human_click`)."""
        from scipy import ndimage

        depth = ndimage.distance_transform_edt(np.pad(self.mask, 1), sampling=self.spacing_mm)[1:-1, 1:-1, 1:-1]
        weight = depth[self.mask] ** 2
        return np.argwhere(self.mask), weight / weight.sum()

    @cached_property
    def air_voxels(self) -> npt.NDArray[np.int64]:
        """Voxels of aerated lung (below -700 HU in a 3x3x3 mean) more than five voxels off the lesion."""
        from scipy import ndimage

        far = ndimage.distance_transform_edt(~self.mask) > 5
        return np.argwhere(far & (ndimage.uniform_filter(self.image, 3) < -700))

    def contrast(self) -> float:
        """Difference between the medians of the lesion and of the 10 mm around it."""
        from scipy import ndimage

        apart = ndimage.distance_transform_edt(~self.mask, sampling=self.spacing_mm)
        around = (apart > 0) & (apart <= 10)
        return float(abs(np.median(self.image[self.mask]) - np.median(self.image[around])))

    def extent_mm(self) -> npt.NDArray[np.float64]:
        """Side lengths of the box around the lesion, mm."""
        where = np.nonzero(self.mask)
        sides = [float(a.max() - a.min() + 1) for a in where]
        return np.asarray(np.array(sides) * self.spacing_mm, dtype=float)


def split_of(patient: str, validation_percent: int = 13, test_percent: int = 20) -> Split:
    """The split of a patient, from the SHA-256 of the identifier: the same on every machine and for every run.

    The salt was picked for even counts, before any training.
    """
    place = int(hashlib.sha256(f"consilium-4:{patient}".encode()).hexdigest()[:8], 16) % 100
    if place < test_percent:
        return "test"
    return "validation" if place < test_percent + validation_percent else "train"


def nodule_samples(folder: Path) -> list[Sample]:
    """The lung-nodule cubes. Stored values are 1000 x the fraction of the window -1200 to 400 HU."""
    found = []
    for path in sorted(folder.glob("*_nod*_ann0.npz")):
        data = np.load(path, allow_pickle=False)
        hu = data["image"].astype(np.float32) / 1000 * (CT_WIDE_HU[1] - CT_WIDE_HU[0]) + CT_WIDE_HU[0]
        patient = "lidc-" + path.name.split("_")[0]
        found.append(
            Sample(path.stem, patient, "nodules", "CT", hu, data["mask"] > 0, NOMINAL_NODULE_SPACING_MM, False)
        )
    return found


def sarcoma_samples(folder: Path) -> list[Sample]:
    """The soft-tissue sarcomas, CT (HU) and T1 MR of each patient, as far as they are there."""
    found = []
    for patient in sorted(p for p in folder.iterdir() if p.is_dir()):
        for key, modality in (("CT", "CT"), ("MR_T1", "MR")):
            image = patient / f"{key}_image.nii.gz"
            if image.exists():
                found.append(
                    _nifti_sample(image, patient / f"{key}_mask.nii.gz", patient.name, f"sarcoma {key}", modality)
                )
    return found


def folder_samples(folder: Path, modality: Modality) -> list[Sample]:
    """A user's folder: one sub-folder a case with `image.nii.gz` and `mask.nii.gz` (or without `.gz`).

    Raises:
        BadInput: no case is there, or an image and its mask do not fit.
    """
    found = []
    for case in sorted(p for p in folder.iterdir() if p.is_dir()):
        images, masks = sorted(case.glob("image.nii*")), sorted(case.glob("mask.nii*"))
        if images and masks:
            found.append(_nifti_sample(images[0], masks[0], case.name, folder.name, modality))
    if len(found) < 3:
        raise BadInput(
            folder.name, "the folder", f"it has {len(found)} cases", "3 or more CASE/image.nii.gz with CASE/mask.nii.gz"
        )
    return found


def _nifti_sample(image: Path, mask: Path, patient: str, data_set: str, modality: str) -> Sample:
    import nibabel as nib
    from nibabel.filebasedimages import ImageFileError

    try:
        one, two = nib.load(image), nib.load(mask)
        pixels = np.ascontiguousarray(one.get_fdata(dtype=np.float32))
        lesion = np.ascontiguousarray(np.asanyarray(two.dataobj) > 0)
    except (OSError, ValueError, ImageFileError) as error:
        raise BadInput(f"{patient}/{image.name}", "the file", str(error), "NIfTI") from None
    if pixels.shape != lesion.shape or pixels.ndim != 3 or not lesion.any():
        raise BadInput(
            f"{patient}/{mask.name}",
            "the mask",
            f"shape {lesion.shape} for an image of shape {pixels.shape}, or no voxel set",
            "a 3-D mask of the image's shape with at least one voxel",
        )
    zooms = tuple(float(z) for z in one.header.get_zooms()[:3])
    kind: Modality = "CT" if modality == "CT" else "MR"
    return Sample(f"{patient} {data_set}", patient, data_set, kind, pixels, lesion, (zooms[0], zooms[1], zooms[2]))


def scale_of(samples: list[Sample]) -> Scale:
    """The scale of a network for these lesions.

    Its first look is a quarter more than the longest side of 19 lesions in 20. Its unit of CT contrast is the median
    difference between a lesion and the 10 mm around it, within 60 to 150 HU.
    """
    field_mm = 1.25 * np.percentile([sample.extent_mm().max() for sample in samples], 95)
    contrasts = [sample.contrast() for sample in samples if sample.modality == "CT"]
    contrast = float(np.clip(np.median(contrasts), 60, 150)) if contrasts else 150.0
    return Scale(float(field_mm), contrast)


def human_click(sample: Sample, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A voxel where a person might click: inside the lesion, more likely towards its middle.

    Drawn with a probability proportional to the squared depth below the surface; a person aims at the middle
    and misses by some part of the radius.
    """
    where, weight = sample.lesion_voxels
    return np.asarray(where[rng.choice(len(where), p=weight)], dtype=float)


def draw(sample: Sample, scale: Scale, rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], ...]:
    """One augmented training example: input (4, P, P, P), target (P, P, P), weight (P, P, P).

    Half are first looks at a click, where the image is large enough for that; the others are looks at a box, made
    from a click (with the errors that such a box has) or drawn by a person.
    """
    start, stop = _random_view(sample, rng)
    view = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    frame = _Frame.random(sample, rng)
    available = float((np.array(sample.mask.shape) * frame.spacing).max())
    kind = rng.choice(
        ["first", "made", "drawn"], p=_KINDS if available > scale.first_field_mm / 2.5 else _KINDS_NO_FIRST
    )
    negative = kind == "first" and sample.data_set == "nodules" and rng.random() < 0.08 and len(sample.air_voxels) > 50
    where = sample.air_voxels[rng.integers(len(sample.air_voxels))] if negative else human_click(sample, rng)
    click = np.clip(where, start, stop - 1) + rng.uniform(-0.5, 0.5, 3)
    if kind == "first":
        field = scale.first_field_mm * np.exp(rng.uniform(-0.2, 0.2) + rng.uniform(-0.08, 0.08, 3))
        grid = frame.grid(click + rng.uniform(-0.04, 0.04, 3) * field / frame.spacing, field)
        prompt = click_channel(grid.to_samples(click))
    else:
        middle, sides = frame.jittered_box(sample.lesion_voxels[0], kind == "drawn", rng)
        field = field_around(sides) * np.exp(rng.normal(0, 0.08) + rng.normal(0, 0.04, 3))
        grid = frame.grid(middle, field)
        half = sides / field * PATCH / 2
        prompt = box_channel((PATCH - 1) / 2 - half, (PATCH - 1) / 2 + half)
        if kind == "made":
            prompt = np.maximum(MADE_BOX * prompt, click_channel(grid.to_samples(click)))
    voxels = _deformed(grid, rng) - start.astype(np.float32)
    raw = sample_volume(sample.image[view], voxels, grid.step, True)
    raw = _random_blur(raw, rng)
    raw = _random_intensity(raw, sample.modality, scale.contrast_hu, rng)
    target = np.zeros_like(raw) if negative else sample_volume(sample.mask[view], voxels, grid.step, True)
    weight = inside(sample.mask[view].shape, voxels).astype(np.float32)
    return network_input(raw, sample.modality, prompt, scale.contrast_hu), (target > 0.5).astype(np.float32), weight


@dataclass(frozen=True)
class _Frame:
    """How a training cube lies in its image: spacing (mm), rotation in the x-y plane, mirrorings."""

    spacing: npt.NDArray[np.float64]
    angle: float
    flips: tuple[int, int, int]

    @classmethod
    def random(cls, sample: Sample, rng: np.random.Generator) -> _Frame:
        spacing = np.array(sample.spacing_mm)
        if not sample.spacing_known:
            plane = float(rng.uniform(0.6, 0.85))
            spacing = np.array([plane, plane, float(rng.uniform(0.8, 2.2))])
        spacing = spacing * np.exp(rng.uniform(-_LOG_SIZE, _LOG_SIZE))
        flips = tuple(int(f) for f in rng.choice([-1, 1], 3))
        return cls(spacing, float(rng.uniform(-np.pi, np.pi)), flips)  # type: ignore[arg-type]

    def grid(self, centre: npt.NDArray[np.float64], field_mm: npt.NDArray[np.float64]) -> Grid:
        step = field_mm / PATCH / self.spacing
        return Grid(tuple(centre.tolist()), tuple(step.tolist()), self.angle, self.flips)

    def jittered_box(
        self, voxels: npt.NDArray[np.int64], drawn: bool, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Middle (voxels) and sides (mm) of a box around the lesion along the axes of the rotated cube."""
        turn = Grid((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), self.angle)
        along = turn.to_samples(voxels) - (PATCH - 1) / 2
        low, high = along.min(0) - 0.5, along.max(0) + 0.5
        sides = high - low
        if drawn:
            low, high = low + rng.normal(0, 0.06, 3) * sides, high + rng.normal(0, 0.06, 3) * sides
            middle, sides = (low + high) / 2, np.maximum(high - low, 1)
        elif rng.random() < _FAR_OFF:
            least = np.maximum(0.3 * sides, 1)
            low, high = (face + rng.normal(0, _FAR_OFF_ERROR, 3) * sides for face in (low, high))
            middle, sides = (low + high) / 2, np.maximum(high - low, least)
        else:
            middle = (low + high) / 2 + rng.normal(0, 0.1, 3) * sides
            sides = sides * np.exp(rng.normal(0, 0.16) + rng.normal(0, 0.14, 3))
        c, s = np.cos(self.angle), np.sin(self.angle)
        back = np.array([c * middle[0] - s * middle[1], s * middle[0] + c * middle[1], middle[2]])
        return back, sides * self.spacing


def _deformed(grid: Grid, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The cube's voxel coordinates; half of the time with a smooth random displacement of about one sample."""
    import torch
    import torch.nn.functional as fn

    voxels = grid.to_voxels()
    if rng.random() < 0.5:
        return voxels
    knots = torch.from_numpy(rng.normal(0, 1.3, (1, 3, 5, 5, 5)).astype(np.float32))
    smooth = fn.interpolate(knots, size=(PATCH,) * 3, mode="trilinear", align_corners=True)[0].permute(1, 2, 3, 0)
    return np.asarray(voxels + smooth.numpy() * np.array(grid.step, np.float32), dtype=np.float32)


def _random_view(sample: Sample, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], ...]:
    """Bounds of the image cut at random outside the lesion.

    The borders of a data set that was cropped around its lesions must not tell the network where they are.
    """
    where = sample.lesion_voxels[0]
    low, high = where.min(0), where.max(0) + 1
    shape = np.array(sample.mask.shape)
    start, stop = np.zeros(3, int), shape
    if rng.random() < 0.8:
        start = np.floor(low * (rng.random(3) ** 2)).astype(int)
        stop = np.ceil(shape - (shape - high) * (rng.random(3) ** 2)).astype(int)
    return start, stop


def _random_blur(raw: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The cube as a softer kernel would show it, one time in five."""
    from scipy import ndimage

    if rng.random() >= 0.2:
        return raw
    return np.asarray(ndimage.gaussian_filter(raw, rng.uniform(0.3, 1.0), truncate=2.5), dtype=np.float32)


def _random_intensity(
    raw: npt.NDArray[np.float32], modality: Modality, contrast_hu: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    if modality == "CT":
        noise = rng.normal(0, float(rng.choice([0.0, 0.1, 0.23])) * contrast_hu, raw.shape)
        return np.asarray(raw * rng.uniform(0.96, 1.04) + rng.uniform(-25, 25) + noise, dtype=np.float32)
    low, high = np.percentile(raw, [0.5, 99.5])
    unit = np.clip((raw - low) / max(float(high - low), 1e-6), 0, 1) ** np.exp(rng.uniform(-0.4, 0.4))
    return np.asarray(unit + rng.normal(0, rng.uniform(0, 0.04), raw.shape), dtype=np.float32)


def split_cases(samples: list[Sample]) -> dict[str, list[Sample]]:
    """Samples by split. A small data set whose hash leaves a part empty gets one patient moved there from training."""
    parts: dict[str, list[Sample]] = {"train": [], "validation": [], "test": []}
    for sample in samples:
        parts[split_of(sample.patient)].append(sample)
    for needed in ("train", "validation"):
        donor = max(parts, key=lambda name: len(parts[name]))
        if not parts[needed] and len(parts[donor]) > 1:
            patient = parts[donor][-1].patient
            parts[needed] = [s for s in parts[donor] if s.patient == patient]
            parts[donor] = [s for s in parts[donor] if s.patient != patient]
    return parts
