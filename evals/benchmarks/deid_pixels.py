"""How often text that is drawn into images is seen, and how often a clean image is taken for one with text.

Lines of a made-up header are drawn into slices of the chest CT, the sarcoma CT and MR, and the CT windowed to 8 bits,
in the fonts that come with matplotlib, 9 to 24 pixels high, with and without smoothed edges, white, brighter than
everything, or black on a white band. Called by `evals.benchmarks.deid`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.scoring.intervals import wilson
from tools.deid.burned import has_text

IMAGING = Path(__file__).resolve().parents[3] / "shared" / "data" / "imaging"
SIZES_PX = (9, 12, 16, 24)
COLOURS = ("white", "beyond the range", "black on white")
LINES = ("QUILLFEATHER ANNA 12.03.1951", "Smith^John 0048291", "MRN 8812734", "DOB 1951-03-12 F", "Clinic 14:02:11")
_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "STIXGeneral")
_WINDOW_HU = (-160.0, 240.0)
_SLICES_A_VOLUME = 4
_LEAST_SIDE_PX = 100
_SKIPPED_SLICES = 3

Plane = npt.NDArray[np.float32]


def clean_images(seed: int) -> Iterator[tuple[str, Plane]]:
    """The images that hold no text, with the name of their set."""
    import nibabel as nib
    import pydicom

    drawn = np.random.default_rng(seed)
    for path in sorted((IMAGING / "chest_ct_nsclc" / "ct").glob("*.dcm")):
        data = pydicom.dcmread(path)
        plane = np.asarray(data.pixel_array, dtype=np.float32)
        yield "chest CT", plane
        hounsfield = plane * float(data.RescaleSlope) + float(data.RescaleIntercept)
        low, high = _WINDOW_HU
        yield "chest CT, 8 bits", np.rint(np.clip((hounsfield - low) / (high - low), 0, 1) * 255).astype(np.float32)
    for path in sorted((IMAGING / "sarcoma").rglob("*.nii.gz")):
        if "mask" in path.name.lower():
            continue
        volume = np.asarray(nib.load(path).dataobj)
        for place in drawn.choice(volume.shape[2], min(_SLICES_A_VOLUME, volume.shape[2]), replace=False):
            yield "sarcoma CT and MR", np.asarray(volume[:, :, place], dtype=np.float32)


def with_text(plane: Plane, drawn: np.random.Generator, size_px: int, smooth: bool, colour: str) -> Plane:
    """The image with one line drawn into it at a random place."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = plane.shape
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{drawn.choice(_FONTS)}.ttf", size_px)
    line = Image.new("L", (columns, rows), 0)
    pen = ImageDraw.Draw(line)
    if not smooth:
        pen.fontmode = "1"
    corner = int(drawn.integers(0, columns // 4)), int(drawn.integers(0, rows - 2 * size_px))
    text = str(drawn.choice(LINES))
    pen.text(corner, text, fill=255, font=font)
    share = np.asarray(line, dtype=np.float32) / 255
    low, high = float(plane.min()), float(plane.max())
    under = plane.copy()
    if colour == "black on white":
        left, top, right, bottom = (round(side) for side in pen.textbbox(corner, text, font=font))
        under[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = high
    ink = {"white": high, "beyond the range": high + 0.5 * (high - low), "black on white": low}[colour]
    return np.rint(under * (1 - share) + ink * share).astype(np.float32) if high - low > 1 else under


def report(seed: int) -> list[str]:
    """The lines of the results page; none where the images are not at hand."""
    images = list(clean_images(seed)) if IMAGING.is_dir() else []
    if not images:
        return []
    clean: dict[str, list[bool]] = defaultdict(list)
    for name, plane in images:
        clean[name].append(has_text(plane))
    drawn = np.random.default_rng(seed)
    seen: dict[tuple[int, str], list[bool]] = defaultdict(list)
    large = [plane for _, plane in images if min(plane.shape) >= _LEAST_SIDE_PX and plane.max() - plane.min() > 1]
    for plane in large[::_SKIPPED_SLICES]:
        for size in SIZES_PX:
            for colour in COLOURS:
                marked = with_text(plane, drawn, size, bool(drawn.integers(2)), colour)
                seen[size, colour].append(has_text(marked))
    return [
        "## Text in pixels",
        "",
        "Single images with a line drawn into them that are left out, and images without text that are left out by",
        "mistake. The rule was made while looking at these images.",
        "",
        "| text | images | left out (95 % interval) |",
        "|---|---|---|",
        *(_row(f"{size} px, {colour}", found) for (size, colour), found in sorted(seen.items())),
        *(_row(f"none, {name}", found) for name, found in sorted(clean.items())),
        "",
    ]


def _row(name: str, found: list[bool]) -> str:
    share: Any = wilson(sum(found), len(found))
    return f"| {name} | {len(found)} | {100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f}) |"
