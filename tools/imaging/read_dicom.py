"""Read a DICOM series into one array: sorting, gaps, tilt, rescale, multi-frame. Runs inside the sandbox only."""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import BadInput
from tools.imaging.volume import QcFinding, Severity
from tools.imaging.words import noticed

MAX_FILES = 4000
MAX_VOXELS = 600_000_000
ACCEPTED = "an axial, coronal or sagittal CT or MR series of 5 or more slices"
# DICOM PS3.3: image orientation and position are decimal strings in mm; directions agree to this many units.
_SAME_DIRECTION = 1e-2
_TILT_DEGREES = 0.5


@dataclass
class Slice:
    """One image plane: where it is, and how to get its pixels."""

    file: str
    uid: str
    position: npt.NDArray[np.float64]
    dataset: Any
    frame: int | None = None


@dataclass
class Series:
    """A sorted, evenly spaced stack of planes."""

    voxels: npt.NDArray[np.float32]
    affine_lps: npt.NDArray[np.float64]
    slices: list[Slice]
    findings: list[QcFinding]
    header: Any


def read_series(folder: Path, name: str) -> Series:
    """Read the image series in `folder` (or one file). `name` is what the user calls it.

    Raises:
        BadInput: no readable CT or MR series is there.
    """
    findings: list[QcFinding] = []
    chosen = _choose_series(_headers(folder, name, findings), name, findings)
    slices = _planes(chosen, name)
    header = slices[0].dataset
    rotation, spacing = _geometry(slices, name)
    normal = np.cross(rotation[0], rotation[1])
    slices.sort(key=lambda item: float(item.position @ normal))
    slices = _without_duplicates(slices, normal, findings)
    if len(slices) < 5:
        raise BadInput(name, "the series", f"it has {len(slices)} slices", ACCEPTED)
    count = len(slices) * int(header.Rows) * int(header.Columns)
    if count > MAX_VOXELS:
        raise BadInput(name, "the series", f"it has {count} voxels", f"at most {MAX_VOXELS}")
    stack = np.stack([_pixels(item, name, findings) for item in slices], axis=-1)
    places = np.array([float(item.position @ normal) for item in slices])
    stack, step, origin = _even(stack, places, slices, rotation, spacing, normal, findings)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = rotation[0] * spacing[0], rotation[1] * spacing[1], normal * step
    affine[:3, 3] = origin
    return Series(stack, affine, slices, findings, header)


def _headers(folder: Path, name: str, findings: list[QcFinding]) -> list[tuple[str, Any]]:
    found, strangers = [], 0
    for path in _files(folder, name):
        data = _header(path)
        if data is None:
            strangers += 1
        else:
            found.append((path.name, data))
    if not found:
        raise BadInput(name, "the folder" if folder.is_dir() else "the file", "no DICOM image is in it", ACCEPTED)
    if strangers:
        findings.append(noticed("other_files", "info", count=strangers))
    return found


def _files(folder: Path, name: str) -> list[Path]:
    if not folder.is_dir():
        return [folder]
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            found.append(path)
        if len(found) > MAX_FILES:
            raise BadInput(name, "the folder", f"it has more than {MAX_FILES} files", "one series in a folder")
    return sorted(found)


def _header(path: Path) -> Any | None:
    """The header of a DICOM image, or None for any other file."""
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(path, stop_before_pixels=True)
            data.consilium_path = str(path)
            _drop_unreadable(data)
            usable = "Rows" in data and "Columns" in data and "SOPInstanceUID" in data
    except MemoryError:
        raise
    except Exception:  # a damaged header can fail anywhere in the parser
        return None
    return data if usable else None


def _drop_unreadable(data: Any) -> None:
    """Take out what cannot be decoded: pydicom decodes an element when it is first looked at, and raises then."""
    for tag in [tag for tag in data.keys() if not tag.is_private]:  # noqa: SIM118 - iterating decodes
        try:
            element = data[tag]
        except MemoryError:
            raise
        except Exception:  # as above
            del data[tag]
            continue
        if element.VR == "SQ":
            for item in element.value:
                _drop_unreadable(item)


def _choose_series(headers: list[tuple[str, Any]], name: str, findings: list[QcFinding]) -> list[tuple[str, Any]]:
    """The largest CT or MR series; a series is split where the orientation or the matrix changes (localisers)."""
    groups: dict[tuple[Any, ...], list[tuple[str, Any]]] = defaultdict(list)
    modalities = set()
    for file, data in headers:
        modality = str(data.get("Modality", ""))
        modalities.add(modality)
        if modality in ("CT", "MR"):
            try:
                direction = tuple(round(float(v), 2) for v in data.get("ImageOrientationPatient", None) or ())
                key = (str(data.get("SeriesInstanceUID", "")), direction, int(data.Rows), int(data.Columns))
            except (TypeError, ValueError):
                continue
            groups[key].append((file, data))
    if not groups:
        shown = ", ".join(sorted(m for m in modalities if m)) or "none"
        raise BadInput(name, "Modality", f"it is {shown[:40]}", ACCEPTED)
    frames = {key: sum(_frames(data) for _, data in items) for key, items in groups.items()}
    best = max(groups, key=lambda key: (frames[key], key[0]))
    others = [count for key, count in frames.items() if key != best]
    if others:
        alike = max(others) == frames[best]
        used = {"count": len(groups), "slices": frames[best]}
        if alike:
            findings.append(noticed("mixed_series", "reject", "mixed_series_alike", **used))
        else:
            findings.append(noticed("mixed_series", "warning", None, **used))
    return groups[best]


def _frames(data: Any) -> int:
    try:
        return int(data.get("NumberOfFrames", 1) or 1)
    except (TypeError, ValueError):
        return 1


def _planes(series: list[tuple[str, Any]], name: str) -> list[Slice]:
    found = []
    for file, data in series:
        count = _frames(data)
        if count > MAX_FILES:
            raise BadInput(name, file, f"it claims {count} frames", f"at most {MAX_FILES}")
        try:
            if count > 1:
                groups = data.PerFrameFunctionalGroupsSequence
                for index in range(count):
                    place = groups[index].PlanePositionSequence[0].ImagePositionPatient
                    position = np.array([float(v) for v in place])
                    found.append(Slice(file, str(data.SOPInstanceUID), position, data, index))
            else:
                position = np.array([float(v) for v in data.ImagePositionPatient])
                found.append(Slice(file, str(data.SOPInstanceUID), position, data))
        except (AttributeError, IndexError, TypeError, ValueError):
            raise BadInput(name, f"{file}, ImagePositionPatient", "it is missing or not a place", ACCEPTED) from None
        if found[-1].position.shape != (3,) or not np.isfinite(found[-1].position).all():
            raise BadInput(name, f"{file}, ImagePositionPatient", "it is not three finite numbers", ACCEPTED)
    return found


def shared_or_own(data: Any, frame: int | None, sequence: str, keyword: str) -> Any:
    """A value of an image: of its own (classic objects), or from its functional groups (enhanced objects)."""
    if frame is None:
        return data.get(keyword)
    for groups in (data.PerFrameFunctionalGroupsSequence[frame], *data.get("SharedFunctionalGroupsSequence", [])[:1]):
        if sequence in groups:
            return groups[sequence].value[0].get(keyword)
    return data.get(keyword)


def _geometry(slices: list[Slice], name: str) -> tuple[npt.NDArray[np.float64], tuple[float, float]]:
    """Unit directions of rows and columns (2, 3), and the pixel spacing along them, mm."""
    first = slices[0]
    try:
        directions = shared_or_own(first.dataset, first.frame, "PlaneOrientationSequence", "ImageOrientationPatient")
        rotation = np.array([float(v) for v in directions]).reshape(2, 3)
        between_rows, between_columns = (
            float(v) for v in shared_or_own(first.dataset, first.frame, "PixelMeasuresSequence", "PixelSpacing")
        )
    except (AttributeError, TypeError, ValueError):
        raise BadInput(
            name,
            first.file,
            "orientation or pixel spacing is missing or not a number",
            "ImageOrientationPatient and PixelSpacing",
        ) from None
    lengths = np.linalg.norm(rotation, axis=1)
    if not np.isfinite(rotation).all() or abs(lengths - 1).max() > 0.02 or abs(rotation[0] @ rotation[1]) > 0.02:
        raise BadInput(
            name, f"{first.file}, ImageOrientationPatient", "it is not two perpendicular directions", ACCEPTED
        )
    if not (0.05 <= between_columns <= 20 and 0.05 <= between_rows <= 20):
        raise BadInput(name, f"{first.file}, PixelSpacing", "it is not plausible", "0.05 to 20 mm")
    for item in slices:
        spacing = shared_or_own(item.dataset, item.frame, "PixelMeasuresSequence", "PixelSpacing")
        if spacing is None or abs(float(spacing[0]) - between_rows) > 1e-3 * between_rows:
            raise BadInput(name, f"{item.file}, PixelSpacing", "it differs within the series", "one spacing")
    return rotation / lengths[:, None], (between_columns, between_rows)


def _without_duplicates(slices: list[Slice], normal: npt.NDArray[np.float64], findings: list[QcFinding]) -> list[Slice]:
    kept: list[Slice] = []
    dropped = 0
    for item in slices:
        if kept and abs(float((item.position - kept[-1].position) @ normal)) < _SAME_DIRECTION:
            dropped += 1
        else:
            kept.append(item)
    if dropped:
        severity: Severity = "reject" if dropped > len(kept) // 2 else "warning"
        findings.append(noticed("duplicate_slices", severity, count=dropped))
    return kept


def _pixels(item: Slice, name: str, findings: list[QcFinding]) -> npt.NDArray[np.float32]:
    """The plane indexed (column, row), rescaled to HU for CT."""
    import pydicom

    header = item.dataset
    if int(header.get("SamplesPerPixel", 1)) != 1:
        raise BadInput(name, f"{item.file}, SamplesPerPixel", "it is a colour picture", ACCEPTED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            full = pydicom.dcmread(header.consilium_path)
            _check_length(full, item, name)
            raw = full.pixel_array
        if item.frame is not None:
            raw = raw[item.frame]
        slope, intercept = _rescale(item, name)
        plane = raw.astype(np.float32) * slope + intercept
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        plane = _pixels_by_gdcm(item, name, error)
        raw = None
    if plane.shape != (int(header.Rows), int(header.Columns)):
        raise BadInput(name, f"{item.file}, PixelData", "its size differs from Rows and Columns", "an intact file")
    if not np.isfinite(plane).all():
        raise BadInput(name, f"{item.file}, RescaleSlope", "the values are not finite", "a finite slope and intercept")
    _padding(item, plane, raw)
    if str(header.get("PhotometricInterpretation", "")) == "MONOCHROME1":
        if header.Modality == "MR":
            plane = plane.max() + plane.min() - plane
        _once(findings, "monochrome1", "info")
    return np.asarray(plane.T, dtype=np.float32)


def _check_length(full: Any, item: Slice, name: str) -> None:
    syntax = full.file_meta.TransferSyntaxUID
    if "PixelData" not in full:
        raise BadInput(name, f"{item.file}, PixelData", "it is missing", "an intact file")
    if not syntax.is_compressed:
        wanted = int(full.Rows) * int(full.Columns) * int(full.BitsAllocated) // 8 * _frames(full)
        if len(full.PixelData) < wanted:
            problem = f"it has {len(full.PixelData)} of {wanted} bytes: the file is cut short"
            raise BadInput(name, f"{item.file}, PixelData", problem, "an intact file")


def _rescale(item: Slice, name: str) -> tuple[float, float]:
    slope = shared_or_own(item.dataset, item.frame, "PixelValueTransformationSequence", "RescaleSlope")
    intercept = shared_or_own(item.dataset, item.frame, "PixelValueTransformationSequence", "RescaleIntercept")
    try:
        made = (1.0 if slope is None else float(slope), 0.0 if intercept is None else float(intercept))
    except (TypeError, ValueError):
        raise BadInput(name, f"{item.file}, RescaleSlope", "it is not a number", "a finite slope") from None
    if not np.isfinite(made).all() or made[0] == 0:
        raise BadInput(name, f"{item.file}, RescaleSlope", "it is zero or not finite", "a finite slope")
    return made


def _pixels_by_gdcm(item: Slice, name: str, error: Exception) -> npt.NDArray[np.float32]:
    """Decode a transfer syntax that pydicom has no decoder for; the result is rescaled already."""
    import SimpleITK as sitk  # noqa: N813

    if item.frame is not None or not item.dataset.file_meta.TransferSyntaxUID.is_compressed:
        raise BadInput(
            name, f"{item.file}, PixelData", f"it cannot be decoded ({type(error).__name__})", "an intact file"
        ) from None
    try:
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        image = sitk.ReadImage(item.dataset.consilium_path, sitk.sitkFloat32)
    except RuntimeError:
        raise BadInput(name, f"{item.file}, PixelData", "it cannot be decompressed", "an intact file") from None
    return np.asarray(sitk.GetArrayFromImage(image)[0], dtype=np.float32)


def _padding(item: Slice, plane: npt.NDArray[np.float32], raw: Any) -> None:
    """Replace the padding outside the circle of reconstruction by air."""
    padding = item.dataset.get("PixelPaddingValue")
    if padding is not None and raw is not None and item.dataset.Modality == "CT":
        plane[raw == int(padding)] = -1024
    if item.dataset.Modality == "CT":
        np.maximum(plane, -1024, out=plane)


def _even(
    stack: npt.NDArray[np.float32],
    places: npt.NDArray[np.float64],
    slices: list[Slice],
    rotation: npt.NDArray[np.float64],
    spacing: tuple[float, float],
    normal: npt.NDArray[np.float64],
    findings: list[QcFinding],
) -> tuple[npt.NDArray[np.float32], float, npt.NDArray[np.float64]]:
    """Undo gantry tilt and uneven spacing. Returns the stack, the slice step in mm and the origin."""
    from scipy import ndimage

    gaps = np.diff(places)
    step = float(np.median(gaps))
    origin = slices[0].position
    drift = np.array(
        [item.position - origin - (p - places[0]) * normal for item, p in zip(slices, places, strict=True)]
    )
    shift = drift @ rotation.T / np.array(spacing)
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(drift[-1]), places[-1] - places[0])))
    if np.abs(shift).max() > 0.5 and tilt > _TILT_DEGREES:
        fill = float(stack.min())
        for index in range(len(slices)):
            stack[..., index] = ndimage.shift(stack[..., index], shift[index], order=1, mode="constant", cval=fill)
        _once(findings, "gantry_tilt", "warning", tilt=tilt)
    widest = float(gaps.max())
    if widest > 1.02 * step or float(gaps.min()) < 0.98 * step:
        missing = int(sum(max(round(g / step) - 1, 0) for g in gaps))
        wide = widest > max(3.2 * step, 10.0) or missing > 0.1 * len(slices)
        code = "missing_slices" if missing else "uneven_spacing"
        steps = {"least": float(gaps.min()), "most": widest}
        _once(findings, code, "reject" if wide else "warning", count=missing, **steps)
        wanted = np.arange(places[0], places[-1] + step * 1e-3, step)
        right = np.clip(np.searchsorted(places, wanted), 1, len(places) - 1)
        part = ((wanted - places[right - 1]) / (places[right] - places[right - 1])).astype(np.float32)
        stack = stack[..., right - 1] * (1 - part) + stack[..., right] * part
    return stack, step, origin


def _once(findings: list[QcFinding], code: str, severity: Severity, **values: float) -> None:
    if all(item.code != code for item in findings):
        findings.append(noticed(code, severity, None, **values))
