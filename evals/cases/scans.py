"""Scripted scans of cases: the phantom as NIfTI, or as a DICOM series whose header names a sex and an age."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.cases.model import DicomHeader, Phantom


def write_scan(folder: Path, phantom: Phantom) -> dict[str, Any]:
    """Write the scan under `folder`/imaging and return its entry for `case.yaml`."""
    from evals.example.make import write_ct
    from evals.example.phantom import make_ct

    nodule = _nodule(phantom)
    (folder / "imaging").mkdir(exist_ok=True)
    entry: dict[str, Any] = {"modality": "CT", "body_part": "chest"}
    if phantom.dicom is None:
        write_ct(folder / "imaging" / "ct.nii.gz", nodule)
        entry["file"] = "imaging/ct.nii.gz"
    else:
        volume, affine = make_ct(nodule)
        write_series(folder / "imaging" / "series", volume, affine, phantom.dicom)
        entry["folder"] = "imaging/series"
    if phantom.diameters_mm is not None:
        entry["prompts"] = [{"point_world_mm": [float(v) for v in nodule.centre_mm]}]
    return entry


def _nodule(phantom: Phantom) -> Any:
    from evals.example.phantom import Nodule

    plain = Nodule()
    x, y, z = plain.centre_mm
    if phantom.diameters_mm is None:  # far outside of the volume: nothing is drawn
        return Nodule(centre_mm=(x, y, 10_000.0), diameters_mm=(1.0, 1.0, 1.0))
    centre = (abs(x) if phantom.side == "left" else -abs(x), y, z)
    return Nodule(centre_mm=centre, diameters_mm=phantom.diameters_mm, hounsfield=phantom.hounsfield)


def write_series(folder: Path, volume: NDArray[np.int16], affine: NDArray[np.float64], header: DicomHeader) -> None:
    """Write a volume (x, y, z in Hounsfield units, RAS affine without rotation) as one CT series, a file a slice."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    folder.mkdir(parents=True, exist_ok=True)
    root = "1.2.826.0.1.3680043.8.498.1"  # pydicom's root for made-up identifiers
    spacing = np.abs(np.diag(affine)[:3])
    start = np.array([-affine[0, 3], -affine[1, 3], affine[2, 3]])
    for number in range(volume.shape[2]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(f"{root}.3.{number + 1}")
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        data.StudyInstanceUID, data.SeriesInstanceUID = f"{root}.1", f"{root}.2"
        data.FrameOfReferenceUID, data.Modality = f"{root}.4", "CT"
        data.PatientID, data.PatientName = "SYN-OTHER", "SYNTHETIC^SCAN"
        data.PatientSex, data.PatientAge = header.sex, header.age
        data.StudyDate = data.SeriesDate = data.AcquisitionDate = "20261005"
        data.SeriesDescription, data.BodyPartExamined, data.InstanceNumber = "SYNTHETIC phantom", "CHEST", number + 1
        data.ImagePositionPatient = [start[0], start[1], start[2] + number * spacing[2]]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.SliceThickness = [spacing[1], spacing[0]], spacing[2]
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, 0, "HU"
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.Rows, data.Columns = volume.shape[1], volume.shape[0]
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        data.PixelData = np.ascontiguousarray(volume[:, :, number].T).tobytes()
        data.save_as(folder / f"{number + 1:03d}.dcm", enforce_file_format=True)
