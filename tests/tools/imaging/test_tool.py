"""`segment_lesion` end to end on a phantom whose nodule has a known size."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml
from PIL import Image

from knowledge.errors import ToolFailed, ToolRetry
from tests.tools.imaging import phantoms
from tools.artifacts import Artifacts
from tools.case import Attachment, Case, ImagePrompt, Patient
from tools.registry import ToolContext, call_tool

EXAMPLE = Path(__file__).parents[3] / "evals" / "example"


def context(tmp_path, path: Path, **values) -> ToolContext:
    scan = Attachment(handle="imaging-1", kind="imaging", name=path.name, sha256="0" * 64, path=path, **values)
    case = Case(id="case", patient=Patient(id="p"), attachments=(scan,))
    return ToolContext(case=case, artifacts=Artifacts(tmp_path / "artifacts"))


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    truth = yaml.safe_load((EXAMPLE / "lung-nodule.truth.yaml").read_text())["nodule"]
    tmp_path = tmp_path_factory.mktemp("tool")
    where = ImagePrompt(point_voxel=tuple(round(v) for v in truth["centre_voxel"]))
    made = context(tmp_path, EXAMPLE / "lung-nodule" / "imaging" / "ct.nii.gz", modality="CT", prompts=(where,))
    return truth, made, call_tool("segment_lesion", {}, made)


def test_the_nodule_is_measured_near_its_true_size(result):
    truth, _, found = result
    (evidence,) = found.evidence
    longest = evidence.fact("lesion.longest_diameter").value
    assert longest == pytest.approx(truth["longest_diameter_axial_mm"], abs=2)
    assert evidence.fact("lesion.side").value == truth["side"]
    assert evidence.fact("lesion.lung_third").value == "upper"
    assert evidence.fact("nodule.density").value == truth["density"]


def test_before_and_after_pictures_pass_through_the_lesion_and_a_step_without_one_says_so(result, monkeypatch):
    from tools.imaging import export, render

    truth, made, found = result
    planes = []
    monkeypatch.setattr(
        render, "before_after", lambda before, after, plane, names: planes.append((plane, names)) or b"PNG"
    )
    payload = {"imaging": "imaging-1", "lesions": [item.model_dump() for item in found.payload.lesions]}
    extras = export.export_extras(made, payload, dicom_seg=False, explain=False, views=["window", "resample"])
    ((plane, names),) = planes
    assert abs(plane - truth["centre_voxel"][2]) <= 2
    assert names[0] == "as stored"
    assert "step-window.png" in extras["pictures"]
    assert extras["notes"] == [note for note in extras["notes"] if note.startswith("resample changes the grid")] != []


@pytest.mark.hazard("HAZ-24")
def test_the_volume_interval_holds_the_true_volume(result):
    truth, _, found = result
    report = found.payload.lesions[0].report
    assert report["volume_low_mm3"] <= truth["volume_mm3"] <= report["volume_high_mm3"]


def test_every_number_of_the_claim_is_a_fact(result):
    import re

    (evidence,) = result[2].evidence
    values = {f"{f.value:.10g}" for f in evidence.facts if isinstance(f.value, int | float)}
    values |= {f"{f.value:.1f}" for f in evidence.facts if isinstance(f.value, float)}
    for number in re.findall(r"\d+(?:\.\d+)?", evidence.claim):
        assert number in values, number


def test_the_mask_lies_on_the_grid_of_the_file(result):
    _, made, found = result
    where = found.evidence[0].locator
    mask = nib.Nifti1Image.from_bytes(gzip.decompress(made.artifacts.read(where.artifact)))
    source = nib.load(made.case.attachments[0].path)
    assert mask.shape == source.shape
    assert np.allclose(mask.affine, source.affine, atol=1e-3)
    voxels = np.argwhere(np.asarray(mask.dataobj))
    assert tuple(voxels.min(0)) == where.box_voxels[:3]
    assert tuple(voxels.max(0) + 1) == where.box_voxels[3:]
    assert where.box_voxels[2] <= where.slice_index < where.box_voxels[5]


def test_the_picture_shows_outline_and_markers(result):
    _, made, found = result
    picture = np.asarray(Image.open(io.BytesIO(made.artifacts.read(found.evidence[0].locator.picture))))
    yellow = (picture[..., 0] > 200) & (picture[..., 1] > 170) & (picture[..., 2] < 60)
    assert yellow.sum() > 100
    assert picture.shape[1] == 2 * 512 + 4


def test_the_same_input_gives_the_same_evidence_id(result):
    _, made, found = result
    assert call_tool("segment_lesion", {}, made).evidence[0].id == found.evidence[0].id


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"point_voxel": [500, 5, 5]}, "outside the scan"),
        ({"box_voxels": [9, 9, 9, 5, 5, 5]}, "A box is"),
        ({"point_voxel": [5, 5, 5], "box_voxels": [1, 1, 1, 9, 9, 9]}, "Give one of"),
        ({"imaging": "imaging-7"}, "imaging-1"),
        ({"point_voxel": [20, 16, 10], "model": "nothing"}, "There is no model"),
        ({}, "only a chest CT is searched"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(tmp_path, monkeypatch, arguments, says):
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    path = phantoms.write_nifti(tmp_path / "a.nii.gz", phantoms.phantom(), phantoms.lps_affine())
    with pytest.raises(ToolRetry, match=says):
        call_tool("segment_lesion", arguments, context(tmp_path, path, modality="CT"))


def test_a_scan_that_is_not_to_be_trusted_is_refused_with_the_reason(tmp_path):
    path = phantoms.write_nifti(tmp_path / "a.nii.gz", phantoms.phantom() + 1024, phantoms.lps_affine())
    with pytest.raises(ToolFailed, match="not Hounsfield units"):
        call_tool("segment_lesion", {"point_voxel": [20, 16, 10]}, context(tmp_path, path, modality="CT"))


@pytest.mark.parametrize(
    ("acquired", "said"), [(dt.date(2026, 9, 14), "On the CT of 2026-09-14, a "), (None, "On an undated CT, a ")]
)
def test_where_the_case_holds_several_scans_a_finding_says_which_one_it_is_of(result, acquired, said):
    _, made, _ = result
    (scan,) = made.case.attachments
    newer = scan.model_copy(update={"handle": "imaging-2", "acquired": acquired})
    both = ToolContext(case=made.case.model_copy(update={"attachments": (scan, newer)}), artifacts=made.artifacts)
    (evidence,) = call_tool("segment_lesion", {"imaging": "imaging-2"}, both).evidence
    assert evidence.claim.startswith(said)
    assert evidence.fact("lesion.longest_diameter").at == acquired
