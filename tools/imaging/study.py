"""One lesion of one scan, worked up: quality, outline, confidence, measurements, place, pictures, mask."""

from __future__ import annotations

import time
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from knowledge.errors import ToolFailed
from tools.imaging import confidence
from tools.imaging.lungs import Lungs, Place, Side, Third, find_lungs, place_of
from tools.imaging.measure import Measurements, measure
from tools.imaging.qc import QcReport, check
from tools.imaging.render import Lesion, slice_picture
from tools.imaging.segmenter import LesionSegmenter, Prompt, Segmentation
from tools.imaging.volume import Volume
from tools.imaging.words import Language, say

# Voxels above this belong to the solid part of a lung nodule: Scholten 2015, doi 10.1007/s00330-014-3427-z.
SOLID_HU = -300.0
# Shares of solid voxels in the core, chosen on the training and validation nodules; between them nothing is said.
_SOLID_SHARE, _GROUND_GLASS_SHARE = 0.55, 0.08
# Fleischner Society glossary (doi 10.1148/radiol.2462070712): a nodule is up to 3 cm, a mass is larger.
NODULE_LIMIT_MM = 30.0
# Of what a bundle outlines over a whole scan: lesions that are reported, and voxels that a part has at least.
MOST_PARTS, LEAST_PART_VOXELS = 5, 10

Density = Literal["solid", "ground_glass"]


class LesionReport(BaseModel):
    """A measured lesion. `box_voxels` and `slice_index` are in the axes of the file that was read."""

    model_config = ConfigDict(frozen=True)

    label: str | None
    measurements: Measurements
    volume_low_mm3: float | None = None
    volume_high_mm3: float | None = None
    interval_level_percent: float | None = None
    confidence: float | None = None
    low_confidence: bool = False
    organ: Literal["lung"] | None = None
    side: Side | None = None
    third: Third | None = None
    pleura_mm: float | None = None
    density: Density | None = None
    detection_score: float | None = None
    box_voxels: tuple[int, int, int, int, int, int]
    slice_index: int
    network_passes: int
    seconds: float


class Finding(BaseModel):
    """A report with the outline it rests on."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    report: LesionReport
    offset: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float32] | None
    weights_sha256: str | None

    def drawing(self) -> Lesion:
        """What the pictures need."""
        return Lesion(self.offset, self.mask, self.report.measurements.diameters)


def opened(path: Path, name: str, modality: Literal["CT", "MR"] | None = None, body_part: str | None = None) -> Study:
    """The scan at `path`, read and checked; the last one stays in memory, so that the next click need not read it.

    Raises:
        BadInput: it cannot be read.
    """
    cached = _opened(path, _changed(path), name, modality, body_part)
    mine = copy(cached)
    mine.segmenter = LesionSegmenter()
    return mine


def _changed(path: Path) -> tuple[int, int, int]:
    """Changes when a file or the content of a folder does: count, bytes, newest change."""
    found = [item.stat() for item in path.rglob("*")] if path.is_dir() else [path.stat()] if path.exists() else []
    return len(found), sum(item.st_size for item in found), max((item.st_mtime_ns for item in found), default=0)


@lru_cache(maxsize=1)
def _opened(
    path: Path, _stamp: tuple[int, int, int], name: str, modality: Literal["CT", "MR"] | None, body_part: str | None
) -> Study:
    from tools.imaging.intake import load_volume

    volume = load_volume(path, name, modality)
    if volume.meta.body_part is None and body_part:
        volume.meta.body_part = body_part
    study = Study(volume)
    if study.quality.trusted:
        _ = study.lungs
    return study


class Study:
    """A scan with what is computed once for all of its lesions."""

    def __init__(self, volume: Volume, segmenter: LesionSegmenter | None = None) -> None:
        self.volume = volume
        self.segmenter = segmenter or LesionSegmenter()
        self.quality: QcReport = check(volume)
        self._lungs: Lungs | None = None
        self._looked_for_lungs = False

    @property
    def lungs(self) -> Lungs | None:
        """The lungs, where the scan is a CT with both in view."""
        if not self._looked_for_lungs:
            self._looked_for_lungs = True
            self._lungs = find_lungs(self.volume) if self.volume.meta.modality == "CT" else None
        return self._lungs

    def require_trust(self, language: Language = "en") -> None:
        """Raise `ToolFailed` with the reasons where the scan is not one to segment."""
        if not self.quality.trusted:
            joint = "；" if language == "zh" else "; "
            reasons = joint.join(self.quality.sentences("reject", language=language))
            raise ToolFailed(say("untrusted", language, scan=self.volume.meta.name, reasons=reasons))

    def work_up(self, prompt: Prompt, label: str | None = None, detection_score: float | None = None) -> Finding:
        """Segment and measure the lesion at `prompt`. Raises what `LesionSegmenter.segment` raises."""
        began = time.monotonic()
        found = self.segmenter.segment(self.volume, self._boxed(prompt))
        finding = self._report(found, label, detection_score)
        spent = finding.report.model_copy(update={"seconds": round(time.monotonic() - began, 3)})
        return finding.model_copy(update={"report": spent})

    def _boxed(self, prompt: Prompt) -> Prompt:
        """A click in a mass of the lung becomes the box of that mass; other prompts stay."""
        from tools.imaging.finder import mass_at
        from tools.imaging.nodule_check import is_nodule

        if prompt.point is None or self.lungs is None or not self.volume.contains(prompt.seed()):
            return prompt
        if self.lungs.field[self.lungs.at(prompt.seed())] == 0 or is_nodule(self.volume, prompt.seed()):
            return prompt
        mass = mass_at(self.volume, self.lungs, prompt.seed())
        return prompt if mass is None else Prompt(box=mass.box, drawn=False)

    def of_mask(self, mask: npt.NDArray[np.bool_], label: str | None = None) -> Finding:
        """Measure a mask over the whole volume that something else made; its confidence is not known."""
        where = np.argwhere(mask)
        if not len(where):
            raise ToolFailed("The model found no lesion in this scan.")
        low, high = where.min(0), where.max(0) + 1
        cut = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        offset = (int(low[0]), int(low[1]), int(low[2]))
        found = Segmentation(offset, cut, cut.astype(np.float32), (float(cut.sum()),), 1.0, 0, None)
        return self._report(found, label, None)

    def of_parts(self, mask: npt.NDArray[np.bool_]) -> tuple[list[Finding], int]:
        """The connected parts of such a mask as lesions, largest first, at most `MOST_PARTS`; and how many are left.

        Parts of less than `LEAST_PART_VOXELS` are specks, unless there is nothing else.

        Raises:
            ToolFailed: the mask is empty.
        """
        from scipy import ndimage

        labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        order = [int(part) for part in np.argsort(-sizes, kind="stable")]
        kept = [part for part in order if sizes[part] >= LEAST_PART_VOXELS] or order[:1]
        found = [self.of_mask(labels == part + 1) for part in kept[:MOST_PARTS]]
        return found or [self.of_mask(mask)], len(kept) - len(found)

    def _report(self, found: Segmentation, label: str | None, score: float | None) -> Finding:
        known = found.weights_sha256 is not None  # the confidence was fitted to the embedded networks
        measured = measure(self.volume, found.offset, found.mask, found.probability)
        where = np.argwhere(found.mask) + np.array(found.offset)
        place = place_of(self.lungs, where) if self.lungs is not None else None
        box, index = self._in_source(where, measured)
        report = LesionReport(
            label=label,
            measurements=measured,
            **(_belief(found, measured.volume_mm3) if known else {}),
            **_place_fields(place),
            density=_density(self.volume, found) if place is not None else None,
            detection_score=score,
            box_voxels=box,
            slice_index=index,
            network_passes=found.forwards,
            seconds=0.0,
        )
        return Finding(
            report=report,
            offset=found.offset,
            mask=found.mask,
            probability=confidence.calibrated(found.probability) if known else None,
            weights_sha256=found.weights_sha256,
        )

    def _in_source(
        self, where: npt.NDArray[np.int64], measured: Measurements
    ) -> tuple[tuple[int, int, int, int, int, int], int]:
        """Box (end excluded) and slice index in the axes of the file."""
        corners = np.stack([self.volume.to_source(where.min(0)), self.volume.to_source(where.max(0))])
        low, high = corners.min(0).astype(int), corners.max(0).astype(int) + 1
        middle = (where.min(0) + where.max(0)) / 2
        across = ("sagittal", "coronal", "axial").index(measured.diameters.plane)
        middle[across] = measured.diameters.slice_index
        source = next(i for i, (axis, _) in enumerate(self.volume.meta.orientation) if axis == across)
        index = int(self.volume.to_source(middle)[source])
        a, b, c, d, e, f = (int(v) for v in (*low, *high))
        return (a, b, c, d, e, f), index

    def picture(self, finding: Finding) -> bytes:
        """PNG of the slice of the longest diameter, whole and enlarged."""
        return slice_picture(self.volume, finding.report.measurements.diameters.slice_index, finding.drawing())


def _belief(found: Segmentation, volume_mm3: float) -> dict[str, Any]:
    chance = confidence.lesion_confidence(found)
    low, high = confidence.volume_interval_mm3(found, volume_mm3)
    return {
        "volume_low_mm3": low,
        "volume_high_mm3": high,
        "interval_level_percent": confidence.interval_level_percent(),
        "confidence": chance,
        "low_confidence": chance < confidence.LOW_CONFIDENCE,
    }


def _place_fields(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    return {"organ": "lung", "side": place.side, "third": place.third, "pleura_mm": place.pleura_mm}


def _density(volume: Volume, found: Segmentation) -> Density | None:
    """Solid or ground-glass by the share of the core above `SOLID_HU`; None where it is neither clearly."""
    from scipy import ndimage

    view = tuple(slice(o, o + n) for o, n in zip(found.offset, found.mask.shape, strict=True))
    core = ndimage.binary_erosion(found.mask)
    core = core if core.sum() >= 10 else found.mask
    share = float((volume.voxels[view][core] > SOLID_HU).mean())
    if share >= _SOLID_SHARE:
        return "solid"
    return "ground_glass" if share <= _GROUND_GLASS_SHARE else None
