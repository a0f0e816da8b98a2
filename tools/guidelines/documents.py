"""Pages of added documents as pictures, drawn in a limited process."""

from __future__ import annotations

import json

from knowledge.errors import ToolRetry
from knowledge.ingest.library import document_original, document_page, find_document, find_passage
from knowledge.ingest.render import PageImage
from tools.documents import READER_BYTES
from tools.sandbox import run_limited


def passage_image(passage_id: str, dpi: float = 110.0, coloured: bool = True) -> PageImage:
    """The page of a PDF on which a passage stands, as PNG, with the passage's boxes.

    Args:
        passage_id: `<document id>#<number>`, as a search gives it.
        dpi: resolution, 30 to 300.
        coloured: colour the passage in the picture too (a page that draws the boxes itself does not want it).

    Raises:
        ToolRetry: no passage has that id, its document is no PDF, or the resolution is out of range.
        BadInput: the kept file is damaged, or drawing it passes the limits on memory and time.
    """
    passage = find_passage(passage_id)
    return document_image(passage.document_id, passage.page or 1, passage.start or 0, passage.end or 0, dpi, coloured)


def document_image(
    document_id: str, page: int, start: int = 0, end: int = 0, dpi: float = 110.0, coloured: bool = True
) -> PageImage:
    """A page (from 1) of a PDF as PNG, with the boxes of characters `start` to `end` of its text.

    Raises:
        ToolRetry: no document has that id, it is no PDF, it has no such page, or the resolution is out of range.
        BadInput: the kept file is damaged, or drawing it passes the limits on memory and time.
    """
    path = document_original(document_id)
    document = find_document(document_id)
    if document is None or document.kind != "pdf":
        raise ToolRetry(f"{document_id} is no PDF, so no page of it can be drawn; its text can be shown.")
    text = document_page(document_id, page)
    if not 0 <= start <= end <= len(text):
        raise ToolRetry(f"Page {page} of {document_id} has {len(text)} characters.")
    made = run_limited(
        "knowledge.ingest.render:page_image",
        {
            "path": str(path.resolve()),
            "name": document.file_name,
            "page": page,
            "text": text,
            "start": start,
            "end": end,
            "dpi": dpi,
            "coloured": coloured,
        },
        memory_bytes=READER_BYTES,
        seconds=30.0,
        file=document.file_name,
        reads=(path.resolve(),),
        imports=("pypdfium2", "PIL.Image", "PIL.ImageChops", "PIL.ImageDraw"),
    )
    return PageImage.model_validate_json(json.dumps(made))
