"""Training on a user's folder: it learns, goes on after a kill, and leaves a bundle that the registry takes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from knowledge.errors import BadInput, ToolRetry
from tests.tools.imaging.conftest import ball
from tools.imaging import bundles
from tools.imaging.lesion_model import PATCH, Scale
from tools.imaging.training.pictures import read_folder, read_picture
from tools.imaging.training.runs import TrainOptions
from tools.imaging.training.samples import (
    Sample,
    draw,
    human_click,
    split_of,
)
from tools.imaging.training.user import run_classifier, run_segmenter

OPTIONS = TrainOptions(epochs=2, batch_size=8, learning_rate=3e-3, patience=5, minutes=5, device="cpu")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))


def shapes(folder, count: int = 40):
    """Bright discs and bright rings on noise."""
    rng = np.random.default_rng(0)
    for label in ("disc", "ring"):
        for part, number in (("train", count), ("val", count // 2)):
            (folder / part / label).mkdir(parents=True)
            for index in range(number):
                axis = np.arange(32) - 15.5 + rng.normal(0, 1.5)
                radius = np.hypot(axis[:, None], axis[None, :])
                inside = radius < 9 if label == "disc" else (radius < 11) & (radius > 7)
                picture = np.clip(60 + 120 * inside + rng.normal(0, 15, (32, 32)), 0, 255).astype(np.uint8)
                Image.fromarray(picture).save(folder / part / label / f"{index}.png")
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_classifier_run_can_be_resumed_and_its_bundle_registered(tmp_path):
    folder, out = shapes(tmp_path / "data"), tmp_path / "run"
    run_classifier(folder, out, 32, replace(OPTIONS, epochs=1), quiet=True)
    first = json.loads((out / "history.json").read_text())["epochs"]
    result = run_classifier(folder, out, 32, replace(OPTIONS, epochs=4), quiet=True)
    history = json.loads((out / "history.json").read_text())["epochs"]
    assert history[0] == first[0]
    assert len(history) == 4
    assert result["models"]["network"]["figures"]["auroc"][0] > 0.8
    assert set(result["models"]) == {"network", "logistic regression", "support vector machine"}
    for name in ("roc.png", "confusion.png", "learning.png", "card.md", "metrics.json"):
        assert (out / name).stat().st_size > 100
    model = bundles.add_bundle(out / "bundle", "shapes")
    assert model.kind == "bundle"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_segmenter_run_leaves_a_promptable_bundle(tmp_path):
    import nibabel as nib

    for index in range(4):
        case = tmp_path / "data" / f"case{index}"
        case.mkdir(parents=True)
        mask = ball((28, 28, 16), (1, 1, 2), 5 + index / 2)
        image = np.where(mask, 40, -800).astype(np.int16)
        nib.save(nib.Nifti1Image(image, np.diag([1, 1, 2, 1])), case / "image.nii.gz")
        nib.save(nib.Nifti1Image(mask.astype(np.uint8), np.diag([1, 1, 2, 1])), case / "mask.nii.gz")
    options = replace(OPTIONS, epochs=1, batch_size=1, steps_per_epoch=2)
    rows = run_segmenter(tmp_path / "data", tmp_path / "run", "CT", options, quiet=True)
    assert {row["method"] for row in rows} >= {"one click", "box", "region growing", "Otsu in the box"}
    bundles.add_bundle(tmp_path / "run" / "bundle", "mine")
    assert bundles.promptable("mine").scale.first_field_mm > 10


def test_clicks_lie_in_the_lesion_and_more_often_near_its_middle():
    mask = ball((40, 40, 20), (1, 1, 2), 12)
    sample = Sample("a", "a", "x", "CT", np.zeros(mask.shape, np.float32), mask, (1.0, 1.0, 2.0))
    rng = np.random.default_rng(0)
    found = np.array([human_click(sample, rng) for _ in range(300)])
    assert mask[tuple(found.astype(int).T)].all()
    apart = np.linalg.norm((found - (np.array(mask.shape) - 1) / 2) * [1, 1, 2], axis=1)
    assert 2 < np.median(apart) < 7


def test_a_training_cube_keeps_image_and_mask_together():
    mask = ball((40, 40, 20), (1, 1, 2), 8)
    image = np.where(mask, 60, -850).astype(np.float32)
    sample = Sample("a", "a", "x", "CT", image, mask, (1.0, 1.0, 2.0))
    rng = np.random.default_rng(0)
    for _ in range(6):
        given, target, weight = draw(sample, Scale(25.0, 150.0), rng)
        assert given.shape == (4, PATCH, PATCH, PATCH)
        bright = (given[0] > 0.6) & (weight > 0)
        overlap = 2 * (bright & (target > 0)).sum() / max(bright.sum() + target.sum(), 1)
        assert overlap > 0.85


def test_the_split_is_by_patient_and_does_not_move():
    assert [split_of(f"lidc-{n}") for n in range(8)] == [split_of(f"lidc-{n}") for n in range(8)]
    shares = [split_of(f"p{n}") for n in range(2000)]
    assert 0.17 < shares.count("test") / 2000 < 0.23
    assert 0.10 < shares.count("validation") / 2000 < 0.16


@pytest.mark.parametrize("make", [lambda p: None, lambda p: (p / "one").mkdir()])
def test_a_folder_without_classes_is_refused(tmp_path, make):
    make(tmp_path)
    with pytest.raises(BadInput, match="classes"):
        read_folder(tmp_path, 32)


def test_a_file_that_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(BadInput, match=r"a\.png"):
        read_picture(tmp_path / "a.png", 32)


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ToolRetry, match="positive"):
        replace(OPTIONS, epochs=0).checked()
