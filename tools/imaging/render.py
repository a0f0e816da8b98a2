"""Pictures of a slice with a lesion's outline, as a radiologist expects them.

Radiological convention: the patient's right is on the left of the picture, the front is up, the head is up.
Every picture carries side markers, a scale bar, the window and the slice number.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.measure import Diameters, slice_axis
from tools.imaging.volume import Volume

# Level and width in HU, as commonly used for display.
CT_WINDOWS = {"lung": (-600.0, 1600.0), "soft tissue": (40.0, 400.0), "bone": (400.0, 1800.0)}
OUTLINE = (255, 214, 0)
LONGEST = (0, 229, 255)
SHORT = (255, 112, 190)
TEXT = (235, 235, 235)
# Letters at the left, right, top and bottom of a picture, by the axis across the slices.
_MARKERS = {0: ("A", "P", "H", "F"), 1: ("R", "L", "H", "F"), 2: ("R", "L", "A", "P")}


@dataclass(frozen=True)
class Lesion:
    """What to draw: a mask over the whole volume's region, and its diameters."""

    offset: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]
    diameters: Diameters | None = None


@dataclass(frozen=True)
class _View:
    """The part of a slice that is shown, and how it is scaled to pixels."""

    across: int
    index: int
    low: tuple[float, float]
    high: tuple[float, float]
    pixels_per_mm: float


def window_of(volume: Volume, lesion: Lesion | None = None) -> tuple[str, float, float]:
    """Name, level and width of the display window. CT: lung where the lesion borders on lung, else soft tissue."""
    if volume.meta.modality == "CT":
        name = "soft tissue"
        if lesion is not None and _touches_lung(volume, lesion):
            name = "lung"
        return (name, *CT_WINDOWS[name])
    low, high = np.percentile(volume.voxels[::2, ::2, ::2], [1, 99.5])
    return "MR", float(low + high) / 2, max(float(high - low), 1e-6)


def _touches_lung(volume: Volume, lesion: Lesion) -> bool:
    view = tuple(slice(max(0, o - 4), o + n + 4) for o, n in zip(lesion.offset, lesion.mask.shape, strict=True))
    return float((volume.voxels[view] < -600).mean()) > 0.1


def slice_picture(volume: Volume, index: int, lesion: Lesion | None = None, size: int = 512) -> bytes:
    """PNG: the whole slice, and beside it the lesion enlarged with its diameters."""
    from PIL import Image

    across = slice_axis(volume.spacing_mm)
    window = window_of(volume, lesion)
    whole = _panel(volume, _whole(volume, across, index, size), window, lesion, False)
    panels = [whole]
    if lesion is not None:
        panels.append(_panel(volume, _close(volume, across, index, lesion, size), window, lesion, True))
    out = Image.new("RGB", (sum(p.width for p in panels) + 4 * (len(panels) - 1), max(p.height for p in panels)))
    x = 0
    for panel in panels:
        out.paste(panel, (x, 0))
        x += panel.width + 4
    return _png(out)


def montage(volume: Volume, lesion: Lesion, columns: int = 4, rows: int = 3, size: int = 240) -> bytes:
    """PNG: slices through the whole lesion with its outline, first to last."""
    from PIL import Image

    across = slice_axis(volume.spacing_mm)
    present = np.flatnonzero(lesion.mask.any(axis=tuple(i for i in range(3) if i != across))) + lesion.offset[across]
    wanted = np.unique(np.rint(np.linspace(present[0], present[-1], columns * rows)).astype(int))
    window = window_of(volume, lesion)
    out = Image.new("RGB", (columns * (size + 2), -(-len(wanted) // columns) * (size + 2)))
    for place, index in enumerate(wanted):
        panel = _panel(volume, _close(volume, across, int(index), lesion, size), window, lesion, False)
        out.paste(panel, (place % columns * (size + 2), place // columns * (size + 2)))
    return _png(out)


def map_picture(volume: Volume, index: int, values: npt.NDArray[Any], lesion: Lesion | None = None) -> bytes:
    """PNG: a slice with a map (0 to 1, over the volume's voxels) laid over in red, such as a saliency."""
    from PIL import Image

    across = slice_axis(volume.spacing_mm)
    view = _close(volume, across, index, lesion, 512) if lesion else _whole(volume, across, index, 512)
    base = _panel(volume, view, window_of(volume, lesion), lesion, False)
    heat = np.clip(_resampled(values, volume, view), 0, 1)
    layer = np.zeros((*heat.shape, 3), np.float32)
    layer[..., 0], layer[..., 1] = 255, 80 * (1 - heat)
    mixed = np.asarray(base, np.float32) * (1 - 0.6 * heat[..., None]) + layer * 0.6 * heat[..., None]
    return _png(Image.fromarray(mixed.astype(np.uint8)))


def before_after(volume: Volume, other: Volume, index: int, titles: tuple[str, str]) -> bytes:
    """PNG: the same slice of two volumes over the same voxels, side by side, each in its own range."""
    from PIL import Image, ImageDraw

    across = slice_axis(volume.spacing_mm)
    out = Image.new("RGB", (1028, 512))
    for place, (one, title) in enumerate(((volume, titles[0]), (other, titles[1]))):
        low, high = np.percentile(one.voxels[::2, ::2, ::2], [1, 99.5])
        window = (title, float(low + high) / 2, max(float(high - low), 1e-6))
        panel = _panel(one, _whole(one, across, index, 512), window, None, False)
        out.paste(panel, (place * 516, 0))
    ImageDraw.Draw(out).line([(513, 0), (513, 511)], fill=(90, 90, 90), width=2)
    return _png(out)


def _whole(volume: Volume, across: int, index: int, size: int) -> _View:
    rest = [i for i in range(3) if i != across]
    extent = [volume.shape[i] * volume.spacing_mm[i] for i in rest]
    return _View(across, index, (-0.5, -0.5), tuple(volume.shape[i] - 0.5 for i in rest), size / max(extent))  # type: ignore[arg-type]


def _close(volume: Volume, across: int, index: int, lesion: Lesion, size: int) -> _View:
    rest = [i for i in range(3) if i != across]
    where = np.argwhere(lesion.mask) + np.array(lesion.offset)
    spacing = np.array(volume.spacing_mm)
    middle = (where.min(0) + where.max(0)) / 2
    half_mm = max(12.0, 0.9 * float(((where.max(0) - where.min(0)) * spacing)[rest].max()))
    low = tuple(float(middle[i] - half_mm / spacing[i]) for i in rest)
    high = tuple(float(middle[i] + half_mm / spacing[i]) for i in rest)
    return _View(across, index, low, high, size / (2 * half_mm))  # type: ignore[arg-type]


def _resampled(array: npt.NDArray[Any], volume: Volume, view: _View) -> npt.NDArray[np.float32]:
    """The slice as rows and columns of square pixels, row 0 on top; outside the volume is the minimum."""
    from scipy import ndimage

    rest = [i for i in range(3) if i != view.across]
    plane = np.take(array, view.index, axis=view.across).astype(np.float32)
    axes = []
    for place, axis in enumerate(rest):
        length = (view.high[place] - view.low[place]) * volume.spacing_mm[axis] * view.pixels_per_mm
        count = max(1, round(length))
        axes.append(view.low[place] + (np.arange(count) + 0.5) / count * (view.high[place] - view.low[place]))
    points = np.stack(np.meshgrid(*axes, indexing="ij"))
    shown = ndimage.map_coordinates(plane, points, order=1, mode="constant", cval=float(plane.min())).T
    made: npt.NDArray[np.float32] = shown if view.across == 2 else shown[::-1]
    return made


def _panel(volume: Volume, view: _View, window: tuple[str, float, float], lesion: Lesion | None, lines: bool) -> Any:
    from PIL import Image, ImageDraw

    name, level, width = window
    grey = np.clip((_resampled(volume.voxels, volume, view) - level) / width + 0.5, 0, 1) * 255
    picture = Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    if lesion is not None:
        _draw_lesion(draw, picture.size, volume, view, lesion, lines)
    _draw_frame(draw, picture.size, view, f"{name} L {level:.0f} W {width:.0f}  slice {view.index + 1}")
    return picture


def _to_pixels(
    points_mm: npt.NDArray[Any], size: tuple[int, int], volume: Volume, view: _View
) -> list[tuple[float, float]]:
    """Pixels of in-plane positions in mm from the centre of voxel 0."""
    rest = [i for i in range(3) if i != view.across]
    scaled = [
        (points_mm[:, place] - view.low[place] * volume.spacing_mm[axis]) * view.pixels_per_mm - 0.5
        for place, axis in enumerate(rest)
    ]
    down = scaled[1] if view.across == 2 else size[1] - 1 - scaled[1]
    return list(zip(scaled[0].tolist(), down.tolist(), strict=True))


def _draw_lesion(draw: Any, size: tuple[int, int], volume: Volume, view: _View, lesion: Lesion, lines: bool) -> None:
    from skimage.measure import find_contours

    local = view.index - lesion.offset[view.across]
    if not 0 <= local < lesion.mask.shape[view.across]:
        return
    rest = [i for i in range(3) if i != view.across]
    spacing = np.array([volume.spacing_mm[i] for i in rest])
    shift = np.array([lesion.offset[i] for i in rest])
    plane = np.pad(np.take(lesion.mask, local, axis=view.across), 1).astype(float)
    for contour in find_contours(plane, 0.5):
        draw.line(_to_pixels((contour - 1 + shift) * spacing, size, volume, view), fill=OUTLINE, width=1)
    found = lesion.diameters
    if lines and found is not None and found.slice_index == view.index:
        for ends, colour in ((found.longest_ends_mm, LONGEST), (found.short_ends_mm, SHORT)):
            draw.line(_to_pixels(np.array(ends) + shift * spacing, size, volume, view), fill=colour, width=1)


def _draw_frame(draw: Any, size: tuple[int, int], view: _View, caption: str) -> None:
    left, right, top, bottom = _MARKERS[view.across]
    w, h = size
    for letter, x, y in (
        (left, 5, h / 2 - 6),
        (right, w - 13, h / 2 - 6),
        (top, w / 2 - 3, 3),
        (bottom, w / 2 - 3, h - 15),
    ):
        _text(draw, x, y, letter)
    if w >= 300:
        _text(draw, 6, 4, caption)
    room_mm = 0.3 * w / view.pixels_per_mm
    bar = max((b for b in (1, 2, 5, 10, 20, 50, 100, 200) if b <= room_mm), default=1)
    y, x = h - 10, w - 12
    ends = [(x - bar * view.pixels_per_mm, y), (x, y)]
    draw.line([(ends[0][0] - 1, y), (x + 1, y)], fill=(0, 0, 0), width=5)
    draw.line(ends, fill=TEXT, width=3)
    _text(draw, x - bar * view.pixels_per_mm, y - 14, f"{bar} mm")


def _text(draw: Any, x: float, y: float, text: str) -> None:
    draw.text((x + 1, y + 1), text, fill=(0, 0, 0))
    draw.text((x, y), text, fill=TEXT)


def _png(picture: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    return stream.getvalue()
