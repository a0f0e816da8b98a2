"""Scan and mask folders: which file belongs to which, what is drawn from a mask, and the measures by hand."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from evals.outside.masks import compared, pairs, prompts, separate
from evals.outside.registry import Settings, benchmark
from knowledge.errors import BadInput


def _ball(shape, centre, radius):
    grid = np.indices(shape).transpose(1, 2, 3, 0)
    return np.linalg.norm(grid - np.asarray(centre), axis=-1) <= radius


@pytest.mark.parametrize(
    "files",
    [
        ("a/CT_image.nii.gz", "a/CT_mask.nii.gz"),
        ("imagesTr/case7_0000.nii.gz", "labelsTr/case7.nii.gz"),
        ("images/case7.nrrd", "masks/case7_seg.nrrd"),
        ("ct/p1.nii", "ct/p1_label.nii"),
    ],
)
def test_scan_and_mask_find_each_other(tmp_path, files):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (found,) = pairs(tmp_path)
    assert (found.image.name, found.mask.name) == tuple(name.rpartition("/")[2] for name in files)


@pytest.mark.parametrize("name", ["masks", "images", "labels"])
def test_what_the_folder_itself_is_called_says_nothing(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for file in ("a_image.nii", "a_mask.nii"):
        (folder / file).touch()
    assert [(one.image.name, one.mask.name) for one in pairs(folder)] == [("a_image.nii", "a_mask.nii")]


def test_a_mask_without_a_scan_is_named(tmp_path):
    (tmp_path / "lonely_mask.nii.gz").touch()
    with pytest.raises(BadInput, match="lonely_mask"):
        pairs(tmp_path)


def test_specks_are_no_lesions_and_the_click_lies_deepest_inside():
    mask = _ball((40, 40, 40), (12, 12, 12), 6) | _ball((40, 40, 40), (30, 30, 30), 4)
    mask[0, 0, 0] = True
    large, small = separate(mask)
    assert large.sum() > small.sum()
    drawn = prompts(large, (1.0, 1.0, 1.0))
    assert drawn["click"].point == (12.0, 12.0, 12.0)
    assert drawn["box"].box == ((6.0, 6.0, 6.0), (18.0, 18.0, 18.0))


def test_measures_of_a_shifted_cube_by_hand():
    truth, found = np.zeros((20, 20, 20), bool), np.zeros((20, 20, 20), bool)
    truth[5:15, 5:15, 5:15] = True
    found[7:17, 5:15, 5:15] = True
    made = compared(found, truth, (1.5, 1.0, 1.0))
    assert made["dice"] == pytest.approx(0.8)
    assert made["hd95 mm"] == pytest.approx(3.0)
    assert made["volume error"] == pytest.approx(0.0)


@pytest.mark.slow
def test_a_lesion_is_outlined_by_click_and_box_and_an_empty_mask_is_not_scored(tmp_path):
    rng = np.random.default_rng(1)
    ball = _ball((64, 64, 64), (32, 32, 32), 9)
    scan = (np.where(ball, 60, -120) + rng.normal(0, 10, ball.shape)).astype(np.int16)
    for name, data in {
        "CT_image": scan, "CT_mask": ball.astype(np.uint8), "MR_image": scan, "MR_mask": np.zeros_like(scan),
    }.items():  # fmt: skip
        nibabel.save(nibabel.Nifti1Image(data, np.eye(4)), tmp_path / f"{name}.nii.gz")
    result = benchmark("masks").run(tmp_path, Settings())
    assert [item.verdict for item in result.items] == ["right", "not_scored"]
    assert {f.name: f.estimate.value for f in result.figures}["box Dice"] > 0.7
