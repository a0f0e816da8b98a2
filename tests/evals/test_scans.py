"""Scripted scans: what was drawn is there, on the side that was named, and the header says whose scan it is."""

from __future__ import annotations

import numpy as np

from evals.cases.model import DicomHeader, Phantom
from evals.cases.scans import write_scan


def test_a_nodule_lies_on_the_side_that_was_named(tmp_path):
    entry = write_scan(tmp_path, Phantom(side="left"))
    assert entry["prompts"][0]["point_world_mm"][0] > 0, "LPS: x grows to the patient's left"


def test_a_scan_without_a_nodule_has_no_point(tmp_path):
    assert "prompts" not in write_scan(tmp_path, Phantom(diameters_mm=None))


def test_a_series_is_the_phantom_with_the_header_that_was_asked_for(tmp_path):
    import nibabel
    import pydicom

    plain, series = tmp_path / "plain", tmp_path / "series"
    plain.mkdir()
    series.mkdir()
    write_scan(plain, Phantom())
    write_scan(series, Phantom(dicom=DicomHeader(sex="M", age="045Y")))
    files = sorted((series / "imaging" / "series").glob("*.dcm"))
    volume = np.asarray(nibabel.load(plain / "imaging" / "ct.nii.gz").dataobj)
    middle = pydicom.dcmread(files[60])
    assert (middle.PatientSex, middle.PatientAge, len(files)) == ("M", "045Y", volume.shape[2])
    assert np.array_equal(middle.pixel_array.T, volume[:, :, 60])
