"""What scanners and archives do to a series, and what becomes of it."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage, JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from knowledge.errors import BadInput
from tests.tools.imaging import phantoms
from tests.tools.imaging.phantoms import item
from tools.imaging.intake import read_to_file
from tools.imaging.qc import check
from tools.imaging.volume import Volume, VolumeMeta


def read(path, tmp_path) -> Volume:
    meta = VolumeMeta.model_validate(read_to_file(str(path), str(tmp_path / "v.npy"), path.name, None))
    return Volume(np.load(tmp_path / "v.npy"), meta)


@pytest.fixture
def series(tmp_path):
    folder = tmp_path / "series"
    return folder, phantoms.write_series(folder, phantoms.phantom(), phantoms.lps_affine())


def codes(volume: Volume) -> dict[str, str]:
    return {finding.code: finding.severity for finding in volume.meta.findings}


def edit(path, change) -> None:
    data = pydicom.dcmread(path)
    change(data)
    data.save_as(path)


def test_slices_are_sorted_by_position_not_by_name_or_number(series, tmp_path):
    folder, paths = series
    for path in paths:
        edit(path, lambda d: setattr(d, "InstanceNumber", 1))
    volume = read(folder, tmp_path)
    assert np.abs(volume.voxels - phantoms.phantom()).max() <= 1
    assert len(volume.meta.slice_uids) == phantoms.SHAPE[2]


def test_rescale_slope_and_intercept_are_those_of_each_slice(series, tmp_path):
    folder, paths = series

    def halve(data):
        data.RescaleSlope = 1.0
        data.PixelData = (2 * data.pixel_array).astype("<u2").tobytes()

    edit(paths[3], halve)
    assert np.abs(read(folder, tmp_path).voxels - phantoms.phantom()).max() <= 1


def test_one_missing_slice_is_filled_and_said(series, tmp_path):
    folder, paths = series
    paths[8].unlink()
    volume = read(folder, tmp_path)
    assert volume.shape == phantoms.SHAPE
    assert codes(volume)["missing_slices"] == "warning"


def test_a_wide_gap_means_do_not_trust(series, tmp_path):
    folder, paths = series
    for path in paths[6:12]:
        path.unlink()
    volume = read(folder, tmp_path)
    assert codes(volume)["missing_slices"] == "reject"
    assert not check(volume).trusted


def test_duplicate_slices_are_left_out_and_said(series, tmp_path):
    folder, paths = series
    copy = pydicom.dcmread(paths[5])
    copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = "1.2.3.99"
    copy.save_as(folder / "copy.dcm")
    volume = read(folder, tmp_path)
    assert volume.shape == phantoms.SHAPE
    assert codes(volume)["duplicate_slices"] == "warning"


def test_of_two_series_in_a_folder_the_longer_is_used_and_it_is_said(series, tmp_path):
    folder, _ = series
    other = phantoms.phantom((24, 20, 8), (2, 2, 4))
    phantoms.write_series(folder / "other", other, phantoms.lps_affine((2, 2, 4), (24, 20, 8)), "1.2.3.5")
    volume = read(folder, tmp_path)
    assert volume.shape == phantoms.SHAPE
    assert codes(volume)["mixed_series"] == "warning"


def test_two_series_of_the_same_length_are_not_guessed_between(series, tmp_path):
    folder, _ = series
    phantoms.write_series(folder / "other", phantoms.phantom(), phantoms.lps_affine(), "1.2.3.5")
    assert not check(read(folder, tmp_path)).trusted


def test_a_localiser_in_the_folder_does_not_disturb(series, tmp_path):
    folder, paths = series
    scout = pydicom.dcmread(paths[0])
    scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    scout.SOPInstanceUID = "1.2.3.77"
    scout.save_as(folder / "scout.dcm")
    assert read(folder, tmp_path).shape == phantoms.SHAPE


def test_gantry_tilt_is_sheared_back(tmp_path):
    truth, affine = phantoms.phantom(), phantoms.lps_affine()
    tilt = np.tan(np.radians(15))
    folder = tmp_path / "tilted"
    paths = phantoms.write_series(folder, truth, affine)
    for path in paths:
        data = pydicom.dcmread(path)
        index = data.InstanceNumber - 1
        shift = round(tilt * index * phantoms.SPACING[2] / phantoms.SPACING[1])
        plane = np.roll(data.pixel_array, -shift, axis=0)
        x, y, z = data.ImagePositionPatient
        data.ImagePositionPatient = [x, float(y) + shift * phantoms.SPACING[1], z]
        data.PixelData = plane.astype("<u2").tobytes()
        data.save_as(path)
    volume = read(folder, tmp_path)
    assert codes(volume)["gantry_tilt"] == "warning"
    ball = volume.world_mm(np.argwhere(volume.voxels > 450).mean(0))
    assert np.allclose(ball, np.array([10, -20, 30]) + phantoms.BRIGHT_MM, atol=2.0)


def test_monochrome1_ct_keeps_its_hounsfield_units(series, tmp_path):
    folder, paths = series
    for path in paths:
        edit(path, lambda d: setattr(d, "PhotometricInterpretation", "MONOCHROME1"))
    volume = read(folder, tmp_path)
    assert np.abs(volume.voxels - phantoms.phantom()).max() <= 1
    assert "monochrome1" in codes(volume)


def test_padding_outside_the_circle_of_reconstruction_becomes_air(series, tmp_path):
    folder, paths = series

    def pad(data):
        plane = data.pixel_array.copy()
        plane[:3] = 60000
        data.add_new(0x00280120, "US", 60000)
        data.PixelData = plane.tobytes()

    for path in paths:
        edit(path, pad)
    assert read(folder, tmp_path).voxels[:, :3].max() == -1024


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless], ids=["RLE", "JPEG 2000"])
def test_compressed_series_are_read(series, tmp_path, syntax):
    folder, paths = series
    for path in paths:
        data = pydicom.dcmread(path)
        try:
            data.compress(syntax)
        except (RuntimeError, NotImplementedError):
            pytest.skip("no encoder for this syntax here")
        data.save_as(path)
    assert np.abs(read(folder, tmp_path).voxels - phantoms.phantom()).max() <= 1


def test_a_syntax_that_pydicom_cannot_decode_goes_to_gdcm(tmp_path):
    import SimpleITK as sitk  # noqa: N813

    truth = phantoms.phantom()
    folder = tmp_path / "jpeg"
    paths = phantoms.write_series(folder, truth, phantoms.lps_affine())
    writer = sitk.ImageFileWriter()
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG")
    writer.SetFileName(str(tmp_path / "one.dcm"))
    for path in paths:
        data = pydicom.dcmread(path)
        writer.Execute(sitk.GetImageFromArray(data.pixel_array.astype(np.uint16)[None]))
        packed = pydicom.dcmread(tmp_path / "one.dcm")
        data.file_meta.TransferSyntaxUID = packed.file_meta.TransferSyntaxUID
        data.PixelData = packed.PixelData
        data["PixelData"].is_undefined_length = True
        data.save_as(path)
    assert pydicom.dcmread(paths[0]).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    volume = read(folder, tmp_path)
    assert np.abs(volume.voxels - truth).max() <= 2


def test_enhanced_multi_frame_ct_is_read(tmp_path):
    truth, affine = phantoms.phantom(), phantoms.lps_affine()
    first = phantoms.dicom_slice(truth, affine, 0, "1.2.3.4")
    data = FileDataset("", first, file_meta=first.file_meta, preamble=b"\0" * 128)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    measures = item(PixelSpacing=[phantoms.SPACING[1], phantoms.SPACING[0]], SliceThickness=3.0)
    orientation = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    values = item(RescaleSlope=2.0, RescaleIntercept=-1024.0, RescaleType="HU")
    data.SharedFunctionalGroupsSequence = Sequence(
        [
            item(
                PixelMeasuresSequence=Sequence([measures]),
                PlaneOrientationSequence=Sequence([orientation]),
                PixelValueTransformationSequence=Sequence([values]),
            )
        ]
    )
    order = np.random.default_rng(0).permutation(truth.shape[2])
    data.PerFrameFunctionalGroupsSequence = Sequence(
        [
            item(
                PlanePositionSequence=Sequence(
                    [item(ImagePositionPatient=[float(v) for v in affine[:3, 3] + k * affine[:3, 2]])]
                )
            )
            for k in order
        ]
    )
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "RescaleSlope",
        "RescaleIntercept",
    ):
        delattr(data, keyword)
    data.NumberOfFrames = truth.shape[2]
    data.PixelData = np.stack([np.rint((truth[:, :, k].T + 1024) / 2) for k in order]).astype("<u2").tobytes()
    data.save_as(tmp_path / "enhanced.dcm", enforce_file_format=True)
    assert np.abs(read(tmp_path / "enhanced.dcm", tmp_path).voxels - truth).max() <= 1


def test_files_that_are_not_images_are_left_and_counted(series, tmp_path):
    folder, _ = series
    (folder / "DICOMDIR").write_bytes(b"not one")
    (folder / "readme.txt").write_text("hello")
    assert "other_files" in codes(read(folder, tmp_path))


def test_different_spacing_within_a_series_is_refused(series, tmp_path):
    folder, paths = series
    edit(paths[4], lambda d: setattr(d, "PixelSpacing", [1.0, 1.0]))
    with pytest.raises(BadInput, match="PixelSpacing"):
        read(folder, tmp_path)
