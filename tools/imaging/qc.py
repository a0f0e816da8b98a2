"""Is this scan one that the segmenter should be trusted on? Findings of intake plus checks on the voxels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tools.imaging.volume import QcFinding, Volume
from tools.imaging.words import Language, noticed

# What the embedded model was trained on: lung nodules on CT, soft-tissue sarcoma (mostly limbs) on CT and T1 MR.
_THICK_MM, _TOO_THICK_MM = 5.0, 10.0
_COARSE_MM = 4.0
_UNTRAINED_PARTS = ("BRAIN", "HEAD", "BREAST", "HEART", "PROSTATE", "LIVER")
_NOISE_HU = 60.0
_SIDES = (("right", "右侧"), ("left", "左侧"), ("front", "前方"), ("back", "后方"))


class QcReport(BaseModel):
    """All findings; `trusted` is false where one of them is a reason not to use a segmentation."""

    model_config = ConfigDict(frozen=True)

    modality: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    noise: float
    findings: tuple[QcFinding, ...]

    @property
    def trusted(self) -> bool:
        """Whether no finding rejects the scan."""
        return all(item.severity != "reject" for item in self.findings)

    def sentences(self, *severities: str, language: Language = "en") -> tuple[str, ...]:
        """The texts of the findings of these severities, or of all."""
        chosen = [item for item in self.findings if not severities or item.severity in severities]
        return tuple((item.zh if language == "zh" else "") or item.text for item in chosen)


def check(volume: Volume) -> QcReport:
    """Examine a scan."""
    findings = list(volume.meta.findings)
    noise = noise_level(volume)
    findings += _spacing(volume) + _body_part(volume) + _constant_slices(volume)
    if volume.meta.modality == "CT":
        findings += _hounsfield(volume) + _field_of_view(volume)
        if noise > _NOISE_HU:
            findings.append(noticed("noise", "warning", noise=noise))
    elif volume.meta.sequence not in (None, "T1"):
        findings.append(noticed("sequence", "reject", "sequence_other", sequence=volume.meta.sequence))
    elif volume.meta.sequence is None:
        findings.append(noticed("sequence", "warning", "sequence_unknown"))
    return QcReport(
        modality=volume.meta.modality or "unknown",
        shape=volume.shape,
        spacing_mm=volume.spacing_mm,
        noise=noise,
        findings=tuple(findings),
    )


def noise_level(volume: Volume) -> float:
    """Standard deviation of the noise, in voxel units, within the body.

    Immerkaer's method (doi 10.1006/cviu.1996.0060) slice by slice: a mask that cancels structure up to second
    order, and the median over pixels instead of the mean.
    """
    from scipy import ndimage

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    x, y, z = volume.shape
    found = []
    for index in np.linspace(0.2 * z, 0.8 * (z - 1), 7).astype(int):
        plane = volume.voxels[x // 5 : 4 * x // 5 + 1, y // 5 : 4 * y // 5 + 1, index].astype(np.float32)
        inside = ndimage.uniform_filter(plane, 5) > (-150 if volume.meta.modality == "CT" else plane.mean() * 0.5)
        if inside.sum() > 50:
            residue = np.abs(ndimage.convolve(plane, kernel))[inside]
            found.append(float(np.median(residue)) / 0.6745 / 6)
    return float(np.median(found)) if found else 0.0


def _spacing(volume: Volume) -> list[QcFinding]:
    made = []
    thick = max(volume.spacing_mm)
    if thick > _TOO_THICK_MM:
        made.append(noticed("thick_slices", "reject", "slices_too_thick", apart=thick))
    elif thick > _THICK_MM:
        made.append(noticed("thick_slices", "warning", "slices_thick", apart=thick))
    if sorted(volume.spacing_mm)[1] > _COARSE_MM:
        made.append(noticed("coarse_pixels", "reject", wide=sorted(volume.spacing_mm)[1]))
    return made


def _body_part(volume: Volume) -> list[QcFinding]:
    part = (volume.meta.body_part or "").upper()
    if any(name in part for name in _UNTRAINED_PARTS):
        return [noticed("body_part", "reject", part=part)]
    return []


def _constant_slices(volume: Volume) -> list[QcFinding]:
    flat: npt.NDArray[np.bool_] = np.ptp(volume.voxels, axis=(0, 1)) == 0
    if not flat.any():
        return []
    return [noticed("empty_slices", "reject" if flat.mean() > 0.1 else "warning", count=int(flat.sum()))]


def _hounsfield(volume: Volume) -> list[QcFinding]:
    low, middle, high = np.percentile(volume.voxels[::2, ::2, ::2], [0.5, 50, 99.5])
    if low > -90 or high < 20 or low < -3100:
        return [noticed("not_hounsfield", "reject", low=low, high=high)]
    if low < -900 and middle < -990 and high < 0:
        return [noticed("no_body", "reject")]
    return []


def _field_of_view(volume: Volume) -> list[QcFinding]:
    """The body reaching the border of the slice on two or more sides means that it was cut off."""
    body = volume.voxels[:, :, ::4] > -300
    sides = [body[0], body[-1], body[:, 0], body[:, -1]]
    cut = [names for names, side in zip(_SIDES, sides, strict=True) if side.mean() > 0.25]
    if not cut:
        return []
    english, chinese = " and ".join(en for en, _ in cut), "、".join(zh for _, zh in cut)
    return [noticed("field_of_view", "info" if len(cut) < 3 else "warning", sides_en=english, sides_zh=chinese)]
