"""The one whole chest CT: never trained on. Its tumour is read from the RTSTRUCT here only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from skimage.draw import polygon

from tools.imaging.finder import find_candidates
from tools.imaging.intake import load_volume
from tools.imaging.lungs import find_lungs, place_of
from tools.imaging.qc import check
from tools.imaging.volume import Volume

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]


def structure(folder: Path, volume: Volume, name: str) -> np.ndarray:
    """A structure of the RTSTRUCT as a mask over the volume."""
    data = pydicom.dcmread(next(folder.glob("*.dcm")))
    numbers = {item.ROINumber for item in data.StructureSetROISequence if item.ROIName == name}
    mask = np.zeros(volume.shape, bool)
    for contours in data.ROIContourSequence:
        if contours.ReferencedROINumber in numbers:
            for contour in contours.ContourSequence:
                points = volume.voxel_of(np.array(contour.ContourData, float).reshape(-1, 3))
                x, y = polygon(points[:, 0], points[:, 1], volume.shape[:2])
                mask[x, y, round(points[0, 2])] ^= True
    return mask


@pytest.fixture(scope="module")
def chest(shared_data) -> tuple[Volume, Path]:
    folder = shared_data / "imaging" / "chest_ct_nsclc"
    return load_volume(folder / "ct", "chest"), folder / "rtstruct"


@pytest.fixture(scope="module")
def lungs(chest):
    found = find_lungs(chest[0])
    assert found is not None
    return found


def test_it_is_read_and_trusted(chest):
    volume, _ = chest
    assert volume.shape == (512, 512, 134)
    assert check(volume).trusted


@pytest.mark.parametrize(("name", "label"), [("Lung-Right", 1), ("Lung-Left", 2)])
def test_the_lungs_agree_with_the_radiation_oncologists_outline(chest, lungs, name, label):
    volume, folder = chest
    truth = structure(folder, volume, name)[tuple(slice(None, None, s) for s in lungs.step)]
    found = lungs.labels == label
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.93


def test_the_tumour_is_found_without_a_click(chest, lungs):
    volume, folder = chest
    tumour = structure(folder, volume, "GTV-1")
    masses = [c for c in find_candidates(volume, lungs) if c.kind == "mass"]
    assert masses
    assert tumour[tuple(int(v) for v in masses[0].centre)]


def test_the_tumour_lies_in_the_left_lung(chest, lungs):
    volume, folder = chest
    place = place_of(lungs, np.argwhere(structure(folder, volume, "GTV-1")))
    assert place is not None
    assert (place.side, place.third) == ("left", "middle")
