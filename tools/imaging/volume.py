"""A scan in memory: voxels, where they are in the patient, and what was noticed while reading them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Severity = Literal["info", "warning", "reject"]


class QcFinding(BaseModel):
    """One thing noticed about a scan, in English and Chinese. `reject` means: do not trust a segmentation of it."""

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    text: str
    zh: str = ""


class VolumeMeta(BaseModel):
    """What is known of a scan beside its voxels; no patient identifiers.

    Attributes:
        affine_lps: 4x4, canonical voxel index to DICOM patient millimetres.
        orientation: for each axis of the source array, the canonical axis and the direction (+1 or -1).
        slice_uids: SOP instance UIDs in the order of the source's slices; empty unless DICOM.
        slice_files: file names in that order.
    """

    name: str
    format: Literal["DICOM", "NIfTI", "NRRD", "MetaImage", "array"]
    modality: Literal["CT", "MR"] | None = None
    modality_from: Literal["header", "caller", "guess"] = "header"
    body_part: str | None = None
    sequence: str | None = None
    contrast_agent: bool | None = None
    kernel: str | None = None
    acquired: str | None = None
    patient_sex: str | None = None
    patient_age: str | None = None
    series_uid: str | None = None
    affine_lps: list[list[float]]
    orientation: list[tuple[int, int]]
    source_shape: tuple[int, int, int]
    slice_uids: list[str] = []
    slice_files: list[str] = []
    findings: list[QcFinding] = []

    @property
    def acquired_on(self) -> dt.date | None:
        """The day of the scan, where the file tells one."""
        try:
            return dt.datetime.strptime(self.acquired or "", "%Y%m%d").date()
        except ValueError:
            return None


@dataclass(frozen=True)
class Volume:
    """A scan. `voxels` is indexed (x to the patient's left, y to the back, z to the head), nearest to those axes.

    CT voxels are Hounsfield units.
    """

    voxels: npt.NDArray[Any]
    meta: VolumeMeta

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """4x4, voxel index to LPS millimetres."""
        return np.asarray(self.meta.affine_lps, dtype=float)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along each axis, mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each axis."""
        x, y, z = self.voxels.shape
        return x, y, z

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def world_mm(self, voxel: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """LPS millimetres of voxel coordinates (…, 3)."""
        return np.asarray(voxel, float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def voxel_of(self, world_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Voxel coordinates of LPS millimetres (…, 3)."""
        shift = (np.asarray(world_mm, float) - self.affine[:3, 3]).T
        return np.asarray(np.linalg.solve(self.affine[:3, :3], shift).T, dtype=float)

    def contains(self, voxel: npt.ArrayLike) -> bool:
        """Whether voxel coordinates lie in the volume."""
        where = np.asarray(voxel, float)
        return bool(((where >= -0.5) & (where <= np.array(self.shape) - 0.5)).all())

    def from_source(self, voxel: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Canonical voxel coordinates of (i, j, k) in the file's own array."""
        given = np.asarray(voxel, float)
        made = np.zeros(3)
        for source, (axis, direction) in enumerate(self.meta.orientation):
            last = self.meta.source_shape[source] - 1
            made[axis] = given[source] if direction > 0 else last - given[source]
        return made

    def to_source(self, voxel: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(i, j, k) in the file's own array of canonical voxel coordinates."""
        given = np.asarray(voxel, float)
        made = np.zeros(3)
        for source, (axis, direction) in enumerate(self.meta.orientation):
            last = self.meta.source_shape[source] - 1
            made[source] = given[axis] if direction > 0 else last - given[axis]
        return made

    def array_to_source(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array over the canonical axes, such as a mask, in the file's own axes."""
        moved = np.transpose(array, [axis for axis, _ in self.meta.orientation])
        for source, (_, direction) in enumerate(self.meta.orientation):
            if direction < 0:
                moved = np.flip(moved, source)
        return np.ascontiguousarray(moved)

    def source_affine_lps(self) -> npt.NDArray[np.float64]:
        """4x4, index in the file's own array to LPS millimetres."""
        origin = self.from_source((0, 0, 0))
        made = np.eye(4)
        made[:3, 3] = self.world_mm(origin)
        for source in range(3):
            unit = np.zeros(3)
            unit[source] = 1
            made[:3, source] = self.world_mm(self.from_source(unit)) - made[:3, 3]
        return made


def canonical(
    array: npt.NDArray[Any], affine_lps: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64], list[tuple[int, int]]]:
    """Turn `array` so that its axes run nearest to left, back, head.

    Returns:
        the turned array, its affine, and for each source axis (canonical axis, direction).
    """
    from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

    turned = io_orientation(affine_lps)
    out = apply_orientation(array, turned)
    affine = affine_lps @ inv_ornt_aff(turned, array.shape)
    return np.ascontiguousarray(out), affine, [(int(axis), int(direction)) for axis, direction in turned]


def volume_from_array(
    array: npt.NDArray[Any],
    spacing_mm: tuple[float, float, float],
    modality: Literal["CT", "MR"],
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    name: str = "array",
) -> Volume:
    """A volume over an array that already runs left, back, head."""
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = origin_mm
    x, y, z = array.shape
    meta = VolumeMeta(
        name=name,
        format="array",
        modality=modality,
        modality_from="caller",
        affine_lps=affine.tolist(),
        orientation=[(0, 1), (1, 1), (2, 1)],
        source_shape=(x, y, z),
    )
    return Volume(array, meta)
