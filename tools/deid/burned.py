"""Whether the pixels of an image may show who it is: what its header says, and lines of text by their shape.

Nothing here reads the text: parts of glyph size, of one brightness, sharp against what surrounds them, that stand side
by side in one line, are text of some kind. How often that is right is in evals/RESULTS-deid.md. Faint, handwritten or
slanted text can go unseen.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

# Modalities whose images usually carry text in their pixels.
_TEXT_IN_PIXELS = frozenset({"US", "IVUS", "XC", "ES", "GM", "SM", "OT", "SC", "DOC", "SR", "HC", "ECG", "OP", "OPT"})
# Of these the pixels are grey values; a colour picture among them is a picture of a screen.
_GREY = frozenset({"CT", "MR", "CR", "DX", "MG", "RF", "XA"})
_CAPTURE = re.compile(r"^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:7|104)(?:\.|$)")
_SCREEN = re.compile(r"SCREEN|DOSE|CAPTURE|SNAPSHOT|PROTOCOL|REPORT", re.IGNORECASE)

_SHORTEST_PX, _TALLEST_PX = 5, 64
_FEWEST_IN_LINE, _FEWEST_SHAPES = 5, 4
_MOST_PARTS = 20_000
_FRAMES_READ = 32
_LARGEST_SIDE_PX = 1024
# In shares of the range of grey values: what counts as one brightness, and the least contrast of a glyph.
_SAME, _CONTRAST, _CONTRAST_OF_THRESHOLD = 0.01, 0.15, 0.2
_COMMON_VALUES = 6


def burned_in(data: Any) -> str | None:
    """Why, after its header, the pixels of this image may show who it is, or None."""
    modality, kind = str(data.get("Modality", "")), data.get("ImageType") or ()
    kinds = kind if isinstance(kind, str) else " ".join(map(str, kind))
    colour = int(data.get("SamplesPerPixel") or 1) > 1
    capture = _CAPTURE.match(str(data.get("SOPClassUID", ""))) is not None or bool(data.get("ConversionType"))
    reasons = (
        (_says_yes(data, "BurnedInAnnotation"), "its header says that text is burned into the pixels"),
        (modality in _TEXT_IN_PIXELS, f"{modality} images often have text burned into the pixels"),
        (capture, "it is a capture of a screen or a document"),
        (_SCREEN.search(kinds) is not None, "it is a picture of a screen or a report"),
        (modality in _GREY and colour, f"a {modality} image in colour is a picture of a screen"),
        (_says_yes(data, "RecognizableVisualFeatures"), "its header says that it shows recognisable features"),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _says_yes(data: Any, name: str) -> bool:
    return str(data.get(name, "")).strip().upper() == "YES"


def shows_text(path: Path, data: Any) -> str | None:
    """Why the pixels of this DICOM file may show who it is, or None.

    Raises:
        MemoryError: the image is larger than this process may hold.
    """
    if "PixelData" not in data:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = any(has_text(plane) for plane in _planes(path, data))
    except MemoryError:
        raise
    except Exception as error:  # a damaged image can fail anywhere in its decoder
        return f"its pixels cannot be read to look for text in them ({type(error).__name__})"
    return "its pixels seem to hold a line of text" if found else None


def _planes(path: Path, data: Any) -> Iterator[Plane]:
    """Up to `_FRAMES_READ` frames of a file, evenly spaced, the first and the last among them."""
    from pydicom.pixels import iter_pixels

    frames = max(1, int(data.get("NumberOfFrames") or 1))
    chosen = sorted({round(place) for place in np.linspace(0, frames - 1, min(frames, _FRAMES_READ))})
    try:
        for plane in iter_pixels(path, indices=chosen):
            yield _grey(plane)
    except (NotImplementedError, RuntimeError):
        import SimpleITK as sitk  # noqa: N813

        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        volume = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        for place in chosen:
            yield _grey(volume[place])


def _grey(plane: npt.NDArray[Any]) -> Plane:
    made = plane.mean(axis=-1) if plane.ndim == 3 else plane
    return np.asarray(made, dtype=np.float32)


def has_text(plane: Plane) -> bool:
    """Whether a line of text stands in the image, at its own size or, for large ones, made smaller."""
    while True:
        if any(_is_line(_glyphs(*level)) for level in _levels(plane)):
            return True
        if max(plane.shape) <= _LARGEST_SIDE_PX:
            return False
        rows, columns = (side // 2 * 2 for side in plane.shape)
        plane = plane[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Glyph:
    """One connected part: its rows and columns (ends excluded) and its shape."""

    top: int
    bottom: int
    left: int
    right: int
    shape: bytes

    @property
    def height(self) -> int:
        return self.bottom - self.top


def _levels(plane: Plane) -> Iterator[tuple[Plane, npt.NDArray[np.bool_], float, float]]:
    """The plane with what has one of its extreme or common values, or lies beyond a threshold; that value; and the
    contrast that a glyph of it has at least."""
    values, counts = np.unique(plane[np.isfinite(plane)], return_counts=True)
    if len(values) < 2:
        return
    low, high = float(values[0]), float(values[-1])
    extent = high - low
    common = values[np.argsort(counts)[::-1][:_COMMON_VALUES]]
    for value in sorted({low, high, *map(float, common)}):
        yield plane, np.abs(plane - value) <= _SAME * extent, value, _CONTRAST * extent
    for share in (0.9, 0.7, 0.5):
        value = low + share * extent
        yield plane, plane >= value, value, _CONTRAST_OF_THRESHOLD * extent
    value = low + 0.3 * extent
    yield plane, plane <= value, value, _CONTRAST_OF_THRESHOLD * extent


def _glyphs(plane: Plane, mask: npt.NDArray[np.bool_], value: float, contrast: float) -> list[_Glyph]:
    """The connected parts of a mask that have the size of a letter and stand out from what surrounds them."""
    from scipy import ndimage

    touching = np.ones((3, 3), dtype=bool)
    labels, count = ndimage.label(mask, touching)
    if not 0 < count <= _MOST_PARTS:
        return []
    areas = np.bincount(labels.ravel())
    made = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        height, width, area = rows.stop - rows.start, columns.stop - columns.start, areas[number]
        fits = _SHORTEST_PX <= height <= _TALLEST_PX and width <= 1.6 * height
        if not fits or area < height or (area > 0.85 * height * width and width > height / 2):
            continue
        around = slice(max(0, rows.start - 2), rows.stop + 2), slice(max(0, columns.start - 2), columns.stop + 2)
        ring = ~ndimage.binary_dilation(labels[around] == number, touching)
        if ring.any() and abs(float(np.median(plane[around][ring])) - value) >= contrast:
            shape = (labels[rows, columns] == number).tobytes()
            made.append(_Glyph(rows.start, rows.stop, columns.start, columns.stop, shape))
    return made


def _is_line(glyphs: list[_Glyph]) -> bool:
    """Whether enough of them, of several shapes, stand side by side."""
    lines: list[list[_Glyph]] = []
    for glyph in sorted(glyphs, key=lambda one: one.left):
        line = next((line for line in lines if _follows(line[-1], glyph)), None)
        if line is None:
            lines.append([glyph])
        else:
            line.append(glyph)
    return any(len(line) >= _FEWEST_IN_LINE and len({one.shape for one in line}) >= _FEWEST_SHAPES for line in lines)


def _follows(last: _Glyph, new: _Glyph) -> bool:
    """Whether `new` stands where the next letter of a line stands: level, as tall, and close."""
    tall, small = max(last.height, new.height), min(last.height, new.height)
    level = min(last.bottom, new.bottom) - max(last.top, new.top) >= 0.6 * small
    same_base = abs(last.bottom - new.bottom) <= max(1.0, 0.25 * tall)
    return level and same_base and tall <= 1.6 * small and -1 <= new.left - last.right <= 1.6 * tall
