"""Left is left: one asymmetric phantom through every format and orientation lands on the same voxels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.tools.imaging import phantoms
from tools.imaging.intake import load_volume, read_to_file
from tools.imaging.render import slice_picture
from tools.imaging.volume import Volume, VolumeMeta

ORIENTATIONS = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))


def read(path, tmp_path) -> Volume:
    """Read without the child process, which every other test goes through."""
    meta = VolumeMeta.model_validate(read_to_file(str(path), str(tmp_path / "v.npy"), path.name, "CT"))
    return Volume(np.load(tmp_path / "v.npy"), meta)


def check(volume: Volume) -> None:
    truth = phantoms.phantom()
    assert volume.shape == truth.shape
    assert np.allclose(volume.spacing_mm, phantoms.SPACING, atol=1e-4)
    assert np.abs(volume.voxels - truth).max() <= 1
    ball = np.argwhere(volume.voxels > 500).mean(0)
    assert np.allclose(volume.world_mm(ball), np.array([10, -20, 30]) + phantoms.BRIGHT_MM, atol=1.6)


@pytest.mark.parametrize(("axes", "flips"), ORIENTATIONS[::5])
@pytest.mark.hazard("HAZ-06")
def test_nifti_in_any_orientation_is_turned_the_same_way(tmp_path, axes, flips):
    array, affine = phantoms.turned(phantoms.phantom(), phantoms.lps_affine(), axes, flips)
    check(read(phantoms.write_nifti(tmp_path / "scan.nii.gz", array, affine), tmp_path))


@pytest.mark.parametrize("ending", ["nrrd", "mha"])
@pytest.mark.parametrize(("axes", "flips"), ORIENTATIONS[2::17])
def test_nrrd_and_metaimage_in_any_orientation_are_turned_the_same_way(tmp_path, ending, axes, flips):
    array, affine = phantoms.turned(phantoms.phantom(), phantoms.lps_affine(), axes, flips)
    check(read(phantoms.write_itk(tmp_path / f"scan.{ending}", array, affine), tmp_path))


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (1, 2, 0)], ids=["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)])
def test_dicom_series_in_any_plane_is_turned_the_same_way(tmp_path, axes, flips):
    array, affine = phantoms.turned(phantoms.phantom(), phantoms.lps_affine(), axes, flips)
    phantoms.write_series(tmp_path / "series", array, affine)
    check(read(tmp_path / "series", tmp_path))


@pytest.mark.parametrize(("axes", "flips"), ORIENTATIONS[::11])
def test_points_and_masks_go_back_to_the_axes_of_the_file(tmp_path, axes, flips):
    array, affine = phantoms.turned(phantoms.phantom(), phantoms.lps_affine(), axes, flips)
    volume = read(phantoms.write_nifti(tmp_path / "scan.nii.gz", array, affine), tmp_path)
    assert np.allclose(volume.array_to_source(volume.voxels), array)
    assert np.allclose(volume.source_affine_lps(), affine, atol=1e-4)
    corner = np.array(array.shape) - 1
    assert np.allclose(volume.to_source(volume.from_source(corner)), corner)
    assert np.allclose(volume.world_mm(volume.from_source((3, 2, 1))), (affine @ [3, 2, 1, 1])[:3], atol=1e-3)


def test_the_whole_way_through_the_child_process(tmp_path):
    check(
        load_volume(
            phantoms.write_nifti(tmp_path / "a.nii.gz", phantoms.phantom(), phantoms.lps_affine()), modality="CT"
        )
    )


@pytest.mark.hazard("HAZ-06")
def test_picture_shows_the_patients_left_on_the_right_and_the_front_on_top(tmp_path):
    import io

    from PIL import Image

    volume = read(phantoms.write_nifti(tmp_path / "a.nii.gz", phantoms.phantom(), phantoms.lps_affine()), tmp_path)
    plane = int(np.argwhere(volume.voxels > 500).mean(0)[2].round())
    picture = np.asarray(Image.open(io.BytesIO(slice_picture(volume, plane))).convert("L"))
    ball = picture[40:-60, 40:-40] > 250
    rows, columns = np.nonzero(ball)
    assert columns.mean() + 40 > picture.shape[1] / 2
    assert rows.mean() + 40 < picture.shape[0] / 2
