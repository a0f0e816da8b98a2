"""DICOM-SEG is written with codes and read back, by an independent reader, at the same place."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from knowledge.errors import ToolFailed, ToolRetry
from tests.tools.imaging import phantoms
from tools.imaging.dicom_seg import label_named, labels, write_dicom_seg
from tools.imaging.intake import read_to_file
from tools.imaging.volume import Volume, VolumeMeta


def read(path, tmp_path) -> Volume:
    meta = VolumeMeta.model_validate(read_to_file(str(path), str(tmp_path / "v.npy"), path.name, None))
    return Volume(np.load(tmp_path / "v.npy"), meta)


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, -1, 1)])
@pytest.mark.filterwarnings("ignore")
def test_the_mask_comes_back_where_it_was(tmp_path, flips):
    array, affine = phantoms.turned(phantoms.phantom(), phantoms.lps_affine(), (0, 1, 2), flips)
    phantoms.write_series(tmp_path / "s", array, affine)
    volume = read(tmp_path / "s", tmp_path)
    mask = volume.voxels > 500
    out = tmp_path / "seg.dcm"
    write_dicom_seg(volume, tmp_path / "s", mask, label_named("lung nodule"), out, "test")
    data = pydicom.dcmread(out)
    points = []
    shared = data.SharedFunctionalGroupsSequence[0]
    directions = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    rows_mm, columns_mm = (float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing)
    for frame, groups in zip(data.pixel_array, data.PerFrameFunctionalGroupsSequence, strict=True):
        start = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        for row, column in np.argwhere(frame):
            points.append(start + directions[0] * column * columns_mm + directions[1] * row * rows_mm)
    assert len(points) == mask.sum()
    truth = volume.world_mm(np.argwhere(mask))
    assert np.allclose(sorted(map(tuple, np.round(points, 2))), sorted(map(tuple, np.round(truth, 2))), atol=0.02)
    segment = data.SegmentSequence[0]
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "27925004"
    assert segment.AnatomicRegionSequence[0].CodeMeaning == "Lung"
    referred = {item.ReferencedSOPInstanceUID for item in data.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert referred == set(volume.meta.slice_uids)


@pytest.mark.filterwarnings("ignore")
def test_simpleitk_reads_the_object(tmp_path):
    import SimpleITK as sitk  # noqa: N813

    phantoms.write_series(tmp_path / "s", phantoms.phantom(), phantoms.lps_affine())
    volume = read(tmp_path / "s", tmp_path)
    mask = volume.voxels > 250
    write_dicom_seg(volume, tmp_path / "s", mask, label_named("lesion"), tmp_path / "seg.dcm", "test")
    assert int((sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "seg.dcm"))) > 0).sum()) == mask.sum()


def test_a_scan_that_is_not_a_series_is_refused(tmp_path):
    volume = read(phantoms.write_nifti(tmp_path / "a.nii.gz", phantoms.phantom(), phantoms.lps_affine()), tmp_path)
    with pytest.raises(ToolFailed, match="DICOM series"):
        write_dicom_seg(volume, tmp_path, volume.voxels > 0, label_named("lesion"), tmp_path / "x.dcm", "test")


def test_labels_carry_codes_that_pydicom_knows():
    from pydicom.sr.codedict import codes

    known = {getattr(codes.SCT, name).value for name in codes.SCT.dir()}
    for label in labels().values():
        assert {label.category[1], label.type[1]} <= known
    with pytest.raises(ToolRetry, match="lung nodule"):
        label_named("wart")
