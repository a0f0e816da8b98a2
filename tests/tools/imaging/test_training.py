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
    with pytest.raises(BadInput, match=r"/a\.png"):
        read_picture(tmp_path / "a.png", 32)


def test_a_sixteen_bit_picture_keeps_its_range(tmp_path):
    from PIL import Image

    deep = np.linspace(0, 4000, 32 * 32).reshape(32, 32).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", 32)
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    assert len(np.unique(found)) > 900


def write_dicom(path, pixels, photometric):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    data.PhotometricInterpretation, data.PixelRepresentation = photometric, 0
    data.BitsAllocated = data.BitsStored = 8 * pixels.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    if pixels.ndim == 3:
        data.PlanarConfiguration = 0
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)
    return path


def test_dicom_in_colour_and_stored_inverted_is_read_as_the_grey_picture(tmp_path):
    from PIL import Image

    ramp = np.linspace(0, 255, 32 * 32).reshape(32, 32).astype(np.uint8)
    colour = np.stack([ramp, ramp.T, np.full_like(ramp, 90)], axis=-1)
    Image.fromarray(colour).save(tmp_path / "a.png")
    grey = read_picture(tmp_path / "a.png", 32)
    assert np.abs(read_picture(write_dicom(tmp_path / "a.dcm", colour, "RGB"), 32) - grey).max() < 0.01
    deep = ramp.astype(np.uint16) * 16
    plain = read_picture(write_dicom(tmp_path / "b.dcm", deep, "MONOCHROME2"), 32)
    inverted = read_picture(write_dicom(tmp_path / "c.dcm", deep.max() - deep, "MONOCHROME1"), 32)
    assert np.abs(plain - inverted).max() < 0.01


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_class_that_is_missing_from_a_part_is_named(tmp_path, part):
    from PIL import Image

    for other in ("train", "val", "test"):
        for label in ("disc", "ring", "rare"):
            (tmp_path / other / label).mkdir(parents=True)
            if (other, label) != (part, "rare"):
                Image.fromarray(np.full((32, 32), 90, np.uint8)).save(tmp_path / other / label / "a1.png")
    with pytest.raises(BadInput, match="none of the 2 files of the class rare is in the"):
        read_folder(tmp_path, 32)


def test_every_number_of_the_confusion_matrix_stands_out_from_its_field(tmp_path):
    from PIL import Image

    from tools.imaging.training.products import plot_classifier

    models = {"network": {"confusion": [[7, 7], [6, 8]]}}
    chances = {"network": [[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]}
    result = {"classes": ["a", "b"], "positive": "b", "labels": [0, 0, 1], "models": models, "chances": chances}
    plot_classifier(result, tmp_path)
    grey = np.array(Image.open(tmp_path / "confusion.png").convert("L")).astype(int)
    frame = np.argwhere(grey < 250)
    (top, left), (bottom, right) = frame.min(0), frame.max(0)
    for row in (0.22, 0.65):  # the fields lie in the upper right of the frame, beside the names
        for column in (0.38, 0.8):
            y, x = int(top + row * (bottom - top)), int(left + column * (right - left))
            field = grey[y - 25 : y + 25, x - 25 : x + 25]
            assert np.ptp(field) > 60


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ToolRetry, match="positive"):
        replace(OPTIONS, epochs=0).checked()
