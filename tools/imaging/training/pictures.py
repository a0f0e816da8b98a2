"""Labelled pictures in ImageFolder layout: reading, size, augmentation, hand-made features for the baselines."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import BadInput

ENDINGS = (".png", ".jpg", ".jpeg", ".dcm", ".nii", ".nii.gz")
ACCEPTED = "CLASS/FILE or train|val|test/CLASS/FILE with PNG, JPEG, DICOM or NIfTI files, and two or more classes"
_GREY = (0.299, 0.587, 0.114)  # luma of red, green and blue, ITU-R BT.601; as Pillow converts
MAX_PIXELS = 40_000_000
MAX_FILES = 200_000
_SPLITS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Pictures:
    """Pictures (n, size, size), 0 to 1 as float16, their class numbers, and what they were read from."""

    pixels: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class PictureSet:
    """A folder of pictures, split."""

    classes: tuple[str, ...]
    parts: dict[str, Pictures]
    size: int
    split_by: str

    def held_out(self) -> str:
        """The part that the figures are reported on: `test` where there is one, else `validation`."""
        return "test" if len(self.parts["test"]) else "validation"


def read_folder(folder: Path, size: int, validation_percent: int = 15, test_percent: int = 20) -> PictureSet:
    """Read an ImageFolder. Without `train` and `val` folders the split is by a hash of the patient.

    The patient is the part of the file name before the first `_` or `-`; where no two files share one, each
    file counts as a patient.

    Raises:
        BadInput: the layout is another, or a file is not a picture.
    """
    if not folder.is_dir():
        raise BadInput(folder.name, "the folder", "it is not there", ACCEPTED)
    tops = {p.name: p for p in sorted(folder.iterdir()) if p.is_dir()}
    ready = bool(tops) and set(tops) <= set(_SPLITS) and "train" in tops
    listed: list[tuple[str | None, str, Path]] = []
    for name, top in tops.items():
        groups = [(_SPLITS[name], p) for p in sorted(top.iterdir()) if p.is_dir()] if ready else [(None, top)]
        for split, group in groups:
            files = sorted(p for p in group.iterdir() if p.is_file() and p.name.lower().endswith(ENDINGS))
            listed += [(split, group.name, path) for path in files]
    classes = tuple(sorted({label for _, label, _ in listed}))
    if len(classes) < 2 or len(listed) > MAX_FILES:
        raise BadInput(folder.name, "the folder", f"it has {len(classes)} classes, {len(listed)} files", ACCEPTED)
    split_by = "the folders" if ready else "a hash of the patient in the file name"
    chosen = [
        (split or _split(path.name, validation_percent, test_percent), label, path) for split, label, path in listed
    ]
    parts = {part: _read([(c, p) for s, c, p in chosen if s == part], classes, size) for part in set(_SPLITS.values())}
    _require_every_class(folder.name, classes, parts)
    return PictureSet(classes, parts, size, split_by)


def _require_every_class(folder: str, classes: tuple[str, ...], parts: dict[str, Pictures]) -> None:
    """A class that is missing from a part could not be learned, or not be tested. An empty test part is allowed."""
    for part, pictures in parts.items():
        if part == "test" and not len(pictures):
            continue
        counts = np.bincount(pictures.labels, minlength=len(classes))
        if not counts.all():
            missing = classes[int(counts.argmin())]
            total = sum(int((other.labels == classes.index(missing)).sum()) for other in parts.values())
            problem = f"none of the {total} files of the class {missing[:60]} is in the {part} part"
            wanted = "more files of each class, or folders train, val and test with files of each"
            raise BadInput(folder, "the split", problem, wanted)


def _split(name: str, validation_percent: int, test_percent: int) -> str:
    patient = re.split(r"[_\-.]", name)[0]
    key = patient if re.search(r"[A-Za-z]*\d", patient) else name
    place = int(hashlib.sha256(f"consilium-4:{key}".encode()).hexdigest()[:8], 16) % 100
    return "test" if place < test_percent else "validation" if place < test_percent + validation_percent else "train"


def _read(items: list[tuple[str, Path]], classes: tuple[str, ...], size: int) -> Pictures:
    pixels = [read_picture(path, size).astype(np.float16) for _, path in items]
    stack = np.stack(pixels) if pixels else np.zeros((0, size, size), np.float16)
    labels = np.array([classes.index(label) for label, _ in items], dtype=np.int64)
    return Pictures(stack, labels, tuple(path.name for _, path in items))


def read_picture(path: Path, size: int) -> npt.NDArray[np.float32]:
    """One picture as (size, size), 0 to 1. Eight-bit pictures keep their range; others are cut at percentiles 1 and 99.

    Raises:
        BadInput: it is not a picture, or it is too large.
    """
    from skimage.transform import resize

    try:
        raw = _pixels(path)
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        raise BadInput(_shown(path), "the file", f"it cannot be read ({type(error).__name__})", ACCEPTED) from None
    if raw.ndim != 2 or min(raw.shape) < 2 or not np.isfinite(raw).all():
        raise BadInput(_shown(path), "the pixels", f"their shape is {raw.shape}, or some are not finite", ACCEPTED)
    if raw.dtype == np.uint8:
        unit = raw.astype(np.float32) / 255
    else:
        low, high = np.percentile(raw, [1, 99])
        unit = np.clip((raw.astype(np.float32) - low) / max(float(high - low), 1e-6), 0, 1)
    if unit.shape != (size, size):
        unit = resize(unit, (size, size), order=1, anti_aliasing=max(unit.shape) > size)
    return np.asarray(unit, dtype=np.float32)


def _shown(path: Path) -> str:
    """A file by its class and name."""
    return f"{path.parent.name}/{path.name}"


def _pixels(path: Path) -> npt.NDArray[Any]:
    name = path.name.lower()
    if name.endswith((".png", ".jpg", ".jpeg")):
        from PIL import Image

        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise BadInput(_shown(path), "the size", f"{picture.width} x {picture.height}", f"{MAX_PIXELS} pixels")
            deep = picture.mode.startswith(("I", "F"))  # 16 and 32 bits; converted to 8 they would be cut off
            return np.asarray(picture, dtype=np.float32) if deep else np.asarray(picture.convert("L"))
    if name.endswith(".dcm"):
        return _dicom_pixels(path)
    import nibabel as nib

    image = nib.load(path)
    if int(np.prod(image.shape)) > MAX_PIXELS * 8:
        raise BadInput(_shown(path), "the size", "the image is too large", f"{MAX_PIXELS * 8} voxels")
    voxels = np.squeeze(np.asarray(image.dataobj, dtype=np.float32))
    return voxels[:, :, voxels.shape[2] // 2].T if voxels.ndim == 3 else voxels.T


def _dicom_pixels(path: Path) -> npt.NDArray[Any]:
    """The only or the middle frame, in grey; bright is bright, also where it is stored inverted (MONOCHROME1)."""
    import pydicom
    from pydicom.pixels import pixel_array

    data = pydicom.dcmread(path)
    if int(data.Rows) * int(data.Columns) > MAX_PIXELS:
        raise BadInput(_shown(path), "Rows", "the picture is too large", f"{MAX_PIXELS} pixels")
    frames = int(data.get("NumberOfFrames", 1) or 1)
    plane = pixel_array(data, index=frames // 2)  # colours come as red, green and blue
    if plane.ndim == 3 and plane.shape[-1] == 3:
        return np.asarray(np.rint(plane @ np.array(_GREY)), dtype=plane.dtype)
    values = np.asarray(plane, dtype=np.float32)
    inverted = data.PhotometricInterpretation == "MONOCHROME1"
    return np.asarray(values.max() + values.min() - values if inverted else values)


def augmentation(seed: int) -> Any:
    """Random flip, rotation, zoom with crop, brightness, contrast and noise, on arrays (1, size, size)."""
    from monai.transforms import (
        Compose,
        RandAdjustContrast,
        RandFlip,
        RandGaussianNoise,
        RandRotate,
        RandScaleIntensity,
        RandShiftIntensity,
        RandZoom,
    )

    made = Compose(
        [
            RandFlip(prob=0.5, spatial_axis=0),
            RandFlip(prob=0.5, spatial_axis=1),
            RandRotate(range_x=np.pi, prob=0.6, keep_size=True, padding_mode="border"),
            RandZoom(min_zoom=0.85, max_zoom=1.2, prob=0.5, keep_size=True, padding_mode="edge"),
            RandScaleIntensity(0.1, prob=0.4),
            RandShiftIntensity(0.05, prob=0.4),
            RandAdjustContrast(prob=0.2, gamma=(0.8, 1.25)),
            RandGaussianNoise(prob=0.3, std=0.03),
        ]
    )
    made.set_random_state(seed)
    return made


def hand_features(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Features of each picture for the baselines: oriented gradients, a grey-level histogram, ring means.

    Oriented gradients: Dalal and Triggs 2005, doi 10.1109/CVPR.2005.177.
    """
    from skimage.feature import hog

    size = pixels.shape[-1]
    axis = np.arange(size) - (size - 1) / 2
    radius = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    rings = [(radius >= a) & (radius < a + size / 16) for a in np.arange(8) * size / 16]
    rows = []
    for picture in pixels.astype(np.float64):
        gradients = hog(picture, orientations=8, pixels_per_cell=(size // 6, size // 6), cells_per_block=(2, 2))
        histogram = np.histogram(picture, bins=16, range=(0, 1), density=True)[0]
        means = [picture[ring].mean() for ring in rings] + [picture[ring].std() for ring in rings]
        rows.append(np.concatenate([gradients, histogram, means]))
    return np.array(rows)
