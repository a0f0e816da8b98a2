"""Drawing the page of a PDF with a passage marked on it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from agent.cli import main
from knowledge.errors import BadInput, ToolRetry
from knowledge.ingest.library import Description, add_document, document_original, document_page, document_passages
from tests.knowledge.ingest import files
from tools.documents import LIMITED_READER
from tools.guidelines.documents import document_image, passage_image

pytestmark = pytest.mark.usefixtures("own_home")
ABOUT = Description(licence="internal")


@pytest.fixture
def document(tmp_path):
    return add_document(files.pdf(tmp_path / "a.pdf", pages=2, columns=2, table=True), ABOUT, LIMITED_READER).document


def test_the_boxes_of_a_passage_cover_its_ink_and_no_other(document):
    passage = next(p for p in document_passages(document.id) if "| 30 to 60 | 5 mg |" in p.text)
    drawn = passage_image(passage.id, coloured=False)
    pixels = np.asarray(Image.open(io.BytesIO(drawn.png)).convert("L"))
    assert pixels.shape == (drawn.height_px, drawn.width_px)
    assert drawn.found == 1.0
    # matplotlib's figure: the table lies between 0.38 and 0.5 of the height from below, x from 0.1 to 0.6
    assert all(b.left >= 0.1 and b.right <= 0.6 and b.top >= 0.5 and b.bottom <= 0.62 for b in drawn.boxes)
    assert len(drawn.boxes) == 8, "a box for each of the eight cells"
    height, width = pixels.shape
    for box in drawn.boxes:
        inside = pixels[
            int(box.top * height) : int(box.bottom * height), int(box.left * width) : int(box.right * width)
        ]
        assert inside.min() < 100, "there is ink in it"


def test_words_in_two_columns_are_marked_line_by_line_on_the_right_page(document):
    passage = next(p for p in document_passages(document.id) if "right 2.3" in p.text)
    drawn = passage_image(passage.id)
    assert drawn.found == 1.0
    assert len(drawn.boxes) == 24
    assert sum(b.left < 0.5 for b in drawn.boxes) == 12


def test_a_marked_page_is_coloured_only_inside_the_boxes(document):
    passage = document_passages(document.id)[0]
    plain, coloured = (
        np.asarray(Image.open(io.BytesIO(passage_image(passage.id, coloured=c).png)), dtype=int) for c in (False, True)
    )
    rows, columns = np.nonzero((plain != coloured).any(axis=2))
    drawn = passage_image(passage.id)
    assert len(rows) > 1000
    assert rows.min() / drawn.height_px >= min(b.top for b in drawn.boxes) - 0.002
    assert columns.max() / drawn.width_px <= max(b.right for b in drawn.boxes) + 0.002


def test_a_text_that_stands_twice_is_marked_where_it_was_cited(document):
    text = document_page(document.id, 1)
    at = [i for i in range(len(text)) if text.startswith("give the usual dose here", i)]
    tops = [document_image(document.id, 1, i, i + 24).boxes[0] for i in (at[0], at[5])]
    assert tops[1].top - tops[0].top == pytest.approx(5 * 0.018, abs=0.004)


@pytest.mark.parametrize(("page", "end", "dpi"), [(3, 0, 110), (0, 0, 110), (1, 10**6, 110), (1, 0, 5000)])
def test_a_page_or_place_that_is_not_there_is_told(document, page, end, dpi):
    with pytest.raises(ToolRetry):
        document_image(document.id, page, 0, end, dpi)


def test_a_damaged_file_and_one_without_pages_are_refused_in_words(document, tmp_path):
    document_original(document.id).write_bytes(b"%PDF-1.4 broken")
    with pytest.raises(BadInput, match="damaged"):
        document_image(document.id, 1)
    note = add_document(files.markdown(tmp_path / "a.md"), ABOUT, LIMITED_READER).document
    with pytest.raises(ToolRetry, match="no PDF"):
        document_image(note.id, 1)
    with pytest.raises(ToolRetry, match="No passage"):
        passage_image(f"{note.id}#999")


def test_show_writes_the_marked_page(document, tmp_path, capsys):
    name = document_passages(document.id)[0].id
    assert _exit_code("knowledge", "show", name, "--image", str(tmp_path / "page.png")) == 0
    assert "100 % of the passage marked" in capsys.readouterr().out
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert _exit_code("knowledge", "show", name, "--image", str(tmp_path / "none" / "page.png")) == 2


def _exit_code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    return leaving.value.code
