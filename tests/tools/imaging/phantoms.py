"""Small scans made for the tests: an asymmetric phantom in any orientation and any format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

SPACING = (1.5, 2.0, 3.0)
SHAPE = (40, 32, 20)
# Landmarks in LPS millimetres from the middle of the phantom: a bright ball to the left, front and head;
# a smaller one to the right and back.
BRIGHT_MM, BRIGHT_HU = (12.0, -14.0, 12.0), 600.0
SMALL_MM, SMALL_HU = (-14.0, 10.0, -9.0), 300.0


def phantom(shape: tuple[int, int, int] = SHAPE, spacing: tuple[float, float, float] = SPACING) -> np.ndarray:
    """Body of 40 HU in air, with the two landmarks; axes left, back, head."""
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    out = np.full(shape, -1000.0, np.float32)
    out[(x / (0.42 * shape[0] * spacing[0])) ** 2 + (y / (0.42 * shape[1] * spacing[1])) ** 2 < 1] = 40
    for (a, b, c), value, radius in ((BRIGHT_MM, BRIGHT_HU, 5.0), (SMALL_MM, SMALL_HU, 4.0)):
        out[(x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 < radius**2] = value
    return out


def origin_mm(shape: tuple[int, int, int] = SHAPE, spacing: tuple[float, float, float] = SPACING) -> np.ndarray:
    """LPS position of voxel (0, 0, 0) that puts the middle of the phantom at (10, -20, 30)."""
    return np.array([10.0, -20.0, 30.0]) - (np.array(shape) - 1) / 2 * np.array(spacing)


def lps_affine(spacing: tuple[float, float, float] = SPACING, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Voxel index to LPS millimetres of the phantom."""
    made = np.diag([*spacing, 1.0])
    made[:3, 3] = origin_mm(shape, spacing)
    return made


def turned(array: np.ndarray, affine: np.ndarray, axes: tuple[int, int, int], flips: tuple[int, int, int]):
    """The same scan stored with its axes permuted and flipped."""
    moved = np.transpose(array, axes)
    made = np.eye(4)
    made[:3, :3] = affine[:3, list(axes)]
    made[:3, 3] = affine[:3, 3]
    for axis, flip in enumerate(flips):
        if flip < 0:
            made[:3, 3] += made[:3, axis] * (moved.shape[axis] - 1)
            made[:3, axis] *= -1
            moved = np.flip(moved, axis)
    return np.ascontiguousarray(moved), made


def write_nifti(path: Path, array: np.ndarray, affine_lps: np.ndarray) -> Path:
    import nibabel as nib

    nib.save(nib.Nifti1Image(array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps), path)
    return path


def write_itk(path: Path, array: np.ndarray, affine_lps: np.ndarray) -> Path:
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    spacing = np.linalg.norm(affine_lps[:3, :3], axis=0)
    image.SetSpacing([float(s) for s in spacing])
    image.SetOrigin([float(v) for v in affine_lps[:3, 3]])
    image.SetDirection((affine_lps[:3, :3] / spacing).ravel().tolist())
    sitk.WriteImage(image, str(path), useCompression=True)
    return path


def dicom_slice(array: np.ndarray, affine: np.ndarray, index: int, series: str, modality: str = "CT") -> FileDataset:
    """Plane `index` along the third axis, columns along the first and rows along the second."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(index)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SeriesInstanceUID = modality, series
    data.StudyInstanceUID = generate_uid(entropy_srcs=[series, "study"])
    data.FrameOfReferenceUID = generate_uid(entropy_srcs=[series, "frame"])
    data.PatientID, data.PatientName = "T1", "Test^Phantom"
    data.PatientBirthDate, data.PatientSex, data.StudyID, data.StudyDate, data.StudyTime = (
        "",
        "",
        "1",
        "20260101",
        "120000",
    )
    data.AccessionNumber, data.ReferringPhysicianName, data.SeriesNumber, data.InstanceNumber = "", "", 1, index + 1
    data.Manufacturer, data.PatientPosition, data.PositionReferenceIndicator = "Test", "HFS", ""
    steps = affine[:3, :3]
    spacing = np.linalg.norm(steps, axis=0)
    data.ImageOrientationPatient = [*(steps[:, 0] / spacing[0]), *(steps[:, 1] / spacing[1])]
    data.ImagePositionPatient = [float(v) for v in affine[:3, 3] + index * steps[:, 2]]
    data.PixelSpacing = [float(spacing[1]), float(spacing[0])]
    data.SliceThickness = float(spacing[2])
    plane = array[:, :, index].T
    data.Rows, data.Columns = plane.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    data.RescaleSlope, data.RescaleIntercept = 2.0, -1024.0
    data.PixelData = np.rint((plane + 1024) / 2).astype("<u2").tobytes()
    return data


def write_series(
    folder: Path, array: np.ndarray, affine: np.ndarray, series: str = "1.2.3.4", modality: str = "CT"
) -> list[Path]:
    """The scan as a DICOM series; file names do not follow the order of the slices."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(array.shape[2]):
        path = folder / f"IM{(index * 7) % array.shape[2]:04d}-{index}.dcm"
        dicom_slice(array, affine, index, series, modality).save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def item(**values: object) -> Dataset:
    """A dataset with these attributes."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
