"""Text that is burned into the pixels of an image is seen, and anatomy is not taken for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from evals.benchmarks.deid_pixels import COLOURS, with_text
from tests.tools.deid.test_formats import header, surrogates
from tests.tools.imaging.conftest import ball
from tools.deid.burned import has_text, shows_text
from tools.deid.dicom import deidentify_files

Plane = npt.NDArray[np.float32]


def anatomy(side: int = 256) -> Plane:
    """A noisy disc of tissue in air with a row of round vessels and ribs."""
    drawn = np.random.default_rng(3)
    plane = np.where(ball((side, side, 1), (1.0, 1.0, 1.0), side * 0.4)[:, :, 0], 40.0, -1000.0)
    rows, columns = np.indices((side, side))
    for place in range(60, side - 60, 14):
        plane[np.hypot(rows - 128, columns - place) < 5] = 900
    return np.asarray(np.rint(plane + drawn.normal(0, 15, plane.shape)), dtype=np.float32)


def test_a_row_of_vessels_is_no_text() -> None:
    assert not has_text(anatomy())


@pytest.mark.parametrize("kind", ["noise", "two values", "flat", "blocks"])
def test_patterns_are_no_text(kind: str) -> None:
    drawn = np.random.default_rng(1)
    rows, columns = np.indices((128, 128))
    plane = {
        "noise": drawn.normal(0, 100, rows.shape),
        "two values": drawn.integers(0, 2, rows.shape),
        "flat": np.zeros(rows.shape),
        "blocks": (rows // 8 % 2) * (columns // 8 % 2),
    }[kind]
    assert not has_text(plane.astype(np.float32))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("size_px", [16, 24])
@pytest.mark.parametrize("smooth", [False, True])
def test_a_line_of_text_is_seen(size_px: int, colour: str, smooth: bool) -> None:
    assert has_text(with_text(anatomy(), np.random.default_rng(5), size_px, smooth, colour))


def test_text_of_a_large_radiograph_is_seen() -> None:
    plane = Image.fromarray(np.full((2600, 2000), 90, dtype=np.uint8))
    ImageDraw.Draw(plane).text((200, 300), "QUILLFEATHER ANNA", fill=250, font=ImageFont.load_default(100))
    assert has_text(np.asarray(plane, dtype=np.float32))


def written(path: Path, planes: list[Plane], **changes: object) -> Path:
    data = header(**changes)
    data.Rows, data.Columns = planes[0].shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    if len(planes) > 1:
        data.NumberOfFrames = len(planes)
    data.PixelData = np.stack(planes).astype("<i2").tobytes()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, "1.2.3.4"
    data.save_as(path, enforce_file_format=True)
    return path


def test_an_image_with_text_is_left_out_and_its_neighbour_is_written(tmp_path: Path) -> None:
    marked = with_text(anatomy(), np.random.default_rng(2), 14, True, "white")
    written(tmp_path / "a.dcm", [anatomy()])
    written(tmp_path / "b.dcm", [anatomy(), marked])
    pairs = [[str(tmp_path / name), str(tmp_path / f"out-{name}"), name] for name in ("a.dcm", "b.dcm")]
    answer = deidentify_files(pairs, surrogates().to_json())
    assert answer["written"] == ["a.dcm"]
    assert list(answer["left_out"]) == ["b.dcm"]
    assert "text" in answer["left_out"]["b.dcm"]
    assert not (tmp_path / "out-b.dcm").exists()


def test_an_image_whose_pixels_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    import pydicom

    path = written(tmp_path / "a.dcm", [anatomy()])
    data = pydicom.dcmread(path)
    data.PixelData = data.PixelData[:100]
    data.save_as(path)
    reason = shows_text(path, pydicom.dcmread(path))
    assert reason is not None
    assert "cannot be read" in reason
