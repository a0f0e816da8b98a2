"""Evidence that is looked at: the page of an added document, a click that outlines in a scan, and its DICOM-SEG."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pydicom
import pytest
from PIL import Image

from agent.server import create_app
from agent.server.outline import outline
from agent.server.security import Sessions
from agent.service import Consilium
from knowledge.ingest.library import Description, add_document, document_passages
from tests.browser.conftest import PAGE, Served, serving
from tests.knowledge.ingest import files
from tests.tools.imaging import phantoms
from tests.tools.imaging.conftest import ball
from tools.documents import LIMITED_READER
from tools.evidence import DocumentPassage, Evidence, Provenance

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CASE = """
format: consilium-case/1
synthetic: true
patient: {id: SCAN-1, age_years: 66, sex: female}
question: What was found?
imaging: [{file: imaging/ct, modality: CT, body_part: chest}]
"""
SIDES = ("first x", "last x", "first y", "last y", "first z", "last z")
SHOTS = os.environ.get("CONSILIUM_SHOTS")
SHAPE, SPACING_MM = (48, 48, 24), (1.0, 1.0, 2.0)


def passage(folder: Path) -> Evidence:
    """The second page of a document that is added to the library."""
    added = add_document(files.pdf(folder / "ward.pdf", pages=2), Description(licence="own"), LIMITED_READER)
    found = next(item for item in document_passages(added.document.id) if item.page == 2)
    return Evidence(
        kind="recommendation",
        claim=found.text[:200],
        locator=DocumentPassage(document="ward", section="2", page=2, start=found.start, end=found.end),
        provenance=Provenance(tool="search_guidelines", tool_version="1", parameters={"passage": found.id}),
    )


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Served]:
    """A run at rest with a passage of a document and an outlined nodule in a DICOM series of lung."""
    voxels = np.where(ball(SHAPE, SPACING_MM, 6.0), 30.0, -850.0)
    voxels += np.random.default_rng(0).normal(0, 15, SHAPE)
    slices = phantoms.write_series(tmp_path / "ct", voxels, phantoms.lps_affine(SPACING_MM, SHAPE))
    consilium = Consilium(tmp_path / "runs")
    case_id = consilium.files.create()
    consilium.files.file(case_id, PurePosixPath("case.yaml")).write(CASE.encode())
    for path in slices:
        consilium.files.file(case_id, PurePosixPath("imaging/ct") / path.name).write(path.read_bytes())
    with consilium.files.opened(case_id) as folder:
        run = consilium.start(folder, uploaded=case_id)
    asked = {"imaging": "imaging-1", "point_voxel": [SHAPE[0] // 2, SHAPE[1] // 2, SHAPE[2] // 2]}
    (outlined,) = outline(consilium, run.id, asked)
    found = [Evidence.model_validate(item) for item in outlined["evidence"]]
    consilium.store.add_evidence(run.id, [passage(tmp_path), *found])
    consilium.store.set_state(run.id, "failed", "stopped")
    sessions = Sessions()
    with serving(create_app(consilium, sessions, PAGE, None)) as address:
        yield Served(f"{address}/#/run/{run.id}", f"{address}/login?token={sessions.link_token}")


def coloured(picture: bytes, more: int, less: int) -> int:
    """Pixels of a picture in which one channel exceeds another by far; those of full colour, as a cross has, not."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), int)
    return int(((pixels[:, :, more] - pixels[:, :, less] > 30) & (pixels.min(axis=2) > 60)).sum())


def test_a_page_of_a_document_and_an_outline_by_a_click(chromium: str, prepared: Served, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=90_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(90_000)
        page.goto(prepared.link)
        page.goto(prepared.address)

        shown = page.get_by_role("complementary", name="Evidence")
        shown.get_by_text("Recommendation").click()
        shown.locator("details[open] li button").click()
        expect(page.get_by_alt_text("Page 2 with the passage marked")).to_be_visible()
        page.get_by_role("button", name="Enlarge").click()
        large = page.get_by_role("dialog", name="Enlarge")
        expect(large).to_be_visible()
        assert coloured(large.get_by_role("img").screenshot(), 0, 2) > 500, "the passage is marked in yellow"
        page.keyboard.press("Escape")

        shown.get_by_role("button", name="All evidence").click()
        shown.get_by_text("Image finding").click()
        shown.locator("details[open] li button").click()
        page.get_by_role("button", name="Open the scan").click()
        outline_it = page.get_by_role("button", name="Outline at the cross")
        expect(outline_it).to_be_enabled()
        scan = page.locator(".viewer .canvas").first
        assert coloured(scan.screenshot(), 0, 1) > 200, "the mask of the finding is red"
        assert coloured(scan.screenshot(), 1, 0) == 0
        box = scan.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2 + 6, box["y"] + box["height"] / 2 + 6)
        outline_it.click()
        expect(page.get_by_text("Outlined at your click")).to_be_visible()
        expect(outline_it).to_be_enabled()
        assert coloured(scan.screenshot(), 1, 0) > 200, "the new outline is green"

        page.get_by_role("button", name="Draw a box").click()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(middle[0] - 70, middle[1] - 70)
        page.mouse.down()
        page.mouse.move(middle[0] + 70, middle[1] + 70, steps=5)
        page.mouse.up()
        sides = [int(page.get_by_label(name, exact=True).input_value()) for name in SIDES]
        half = [(high - low) / 2 for low, high in zip(sides[::2], sides[1::2], strict=True)]
        assert half[0] == half[1] > 4
        assert abs(half[2] * 2 - half[0]) <= 1, "as deep in millimetres as it is wide"
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/box.png")
        page.get_by_label("first x", exact=True).focus()
        page.keyboard.press("ArrowUp")
        assert int(page.get_by_label("first x", exact=True).input_value()) == sides[0] + 1
        page.keyboard.press("Enter")
        expect(page.get_by_text("Outlined in your box")).to_be_visible()
        page.get_by_role("button", name="Draw a box").click()

        page.get_by_role("button", name="Close the scan").click()
        page.get_by_role("button", name="Explain this outline").click()
        with page.expect_download() as file:
            page.get_by_role("link", name="DICOM-SEG").click()
        file.value.save_as(tmp_path / "outline.dcm")
        browser.close()
    made = pydicom.dcmread(tmp_path / "outline.dcm")
    assert made.Modality == "SEG"
    assert made.pixel_array.sum() > 100
    assert len(made.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == SHAPE[2]
