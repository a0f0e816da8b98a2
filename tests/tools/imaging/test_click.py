"""A click in a viewer becomes a mask on the viewer's own grid and measurements with evidence."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml

from knowledge.errors import ToolFailed, ToolRetry
from tests.tools.imaging import phantoms
from tools.artifacts import Artifacts
from tools.case import Attachment, Case, Patient
from tools.imaging.click import scan_nifti, segment_at, segment_in
from tools.registry import ToolContext

EXAMPLE = Path(__file__).parents[3] / "evals" / "example"


def context(folder: Path, path: Path) -> ToolContext:
    scan = Attachment(handle="imaging-1", kind="imaging", name=path.name, sha256="a" * 64, path=path, modality="CT")
    return ToolContext(Case(id="c", patient=Patient(id="p"), attachments=(scan,)), Artifacts(folder))


def opened(data: bytes) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(gzip.decompress(data))


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    truth = yaml.safe_load((EXAMPLE / "lung-nodule.truth.yaml").read_text())["nodule"]
    return truth, context(tmp_path_factory.mktemp("click"), EXAMPLE / "lung-nodule" / "imaging" / "ct.nii.gz")


def test_a_click_in_millimetres_is_the_click_in_voxels_and_its_mask_lies_on_the_exported_scan(example):
    truth, made = example
    voxel = tuple(float(round(v)) for v in truth["centre_voxel"])
    by_voxel = segment_at(made, "imaging-1", voxel)
    scan = opened(made.artifacts.read(scan_nifti(made, "imaging-1")))
    ras = nib.affines.apply_affine(scan.affine, voxel)
    by_world = segment_at(made, "imaging-1", (-ras[0], -ras[1], ras[2]), "world")
    assert by_world.evidence[0].facts == by_voxel.evidence[0].facts
    mask = opened(made.artifacts.read(by_voxel.evidence[0].locator.artifact))
    assert mask.shape == scan.shape
    assert np.allclose(mask.affine, scan.affine)
    assert np.asanyarray(mask.dataobj)[tuple(int(v) for v in voxel)] == 1
    assert made.artifacts.read(by_voxel.evidence[0].locator.picture)[:4] == b"\x89PNG"


def test_a_box_gives_an_outline_inside_its_neighbourhood(example):
    truth, made = example
    middle = np.rint(truth["centre_voxel"]).astype(int)
    box = (*(middle - 5), *(middle + 6))
    found = segment_in(made, "imaging-1", tuple(int(v) for v in box))
    low, high = np.array(found.evidence[0].locator.box_voxels).reshape(2, 3)
    assert (low >= middle - 10).all()
    assert (high <= middle + 11).all()


@pytest.mark.parametrize("orientation", [((0, 1, 2), (1, 1, 1)), ((2, 0, 1), (1, -1, -1)), ((1, 2, 0), (-1, 1, -1))])
def test_the_exported_scan_has_every_landmark_where_the_file_has_it(tmp_path, orientation):
    array, affine = phantoms.turned(phantoms.phantom(), phantoms.lps_affine(), *orientation)
    made = context(tmp_path / "out", phantoms.write_nifti(tmp_path / "ct.nii.gz", array, affine))
    scan = opened(made.artifacts.read(scan_nifti(made, "imaging-1")))
    assert scan.get_data_dtype() == np.int16
    assert np.array_equal(np.asanyarray(scan.dataobj), array)
    assert np.allclose(np.diag([-1.0, -1.0, 1.0, 1.0]) @ scan.affine, affine)


def test_a_click_outside_and_a_scan_that_is_not_there_are_said(example):
    _, made = example
    with pytest.raises(ToolRetry, match="outside"):
        segment_at(made, "imaging-1", (-40.0, 0.0, 0.0))
    with pytest.raises(ToolRetry, match="imaging-1"):
        scan_nifti(made, "imaging-7")
    with pytest.raises((ToolRetry, ToolFailed)):
        segment_at(made, "imaging-7", (1.0, 1.0, 1.0))


def test_a_changed_file_is_read_again(tmp_path):
    path = phantoms.write_nifti(tmp_path / "ct.nii.gz", phantoms.phantom(), phantoms.lps_affine())
    first = context(tmp_path / "one", path)
    before = opened(first.artifacts.read(scan_nifti(first, "imaging-1")))
    phantoms.write_nifti(path, phantoms.phantom() + 7, phantoms.lps_affine())
    second = context(tmp_path / "two", path)
    after = opened(second.artifacts.read(scan_nifti(second, "imaging-1")))
    assert np.array_equal(np.asanyarray(after.dataobj), np.asanyarray(before.dataobj) + 7)
