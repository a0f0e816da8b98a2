"""Show a page of a PDF as a picture, and where on it a passage stands.

PDFium draws the page and gives the box of every character. The passage's letters and digits are looked for among the
page's (so that hyphens, ligatures, columns and table rules do not matter): as a whole first, then line by line and in
runs of a few words. Boxes are fractions of the page's width and height from its top left corner, one a line of text.
"""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from knowledge.errors import BadInput, ToolRetry

POINTS_PER_INCH = 72.0
LARGEST_PIXELS = 12_000_000
_SHORTEST_RUN = 12
_WORDS_A_RUN = 6
_INK = (255, 236, 120)


class Box(BaseModel):
    """A rectangle on the page, in fractions (0 to 1) of its width and height; the origin is the top left corner."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    left: float = Field(ge=0, le=1)
    top: float = Field(ge=0, le=1)
    right: float = Field(ge=0, le=1)
    bottom: float = Field(ge=0, le=1)


class PageImage(BaseModel):
    """A page as PNG, and the boxes of the passage on it.

    Attributes:
        png: the picture; the passage is coloured in it if that was asked for.
        found: share (0 to 1) of the passage's letters and digits that `boxes` cover.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    png: bytes
    width_px: int
    height_px: int
    boxes: tuple[Box, ...]
    found: float = Field(ge=0, le=1)


class _Letter(NamedTuple):
    text: str
    box: tuple[float, float, float, float]


def page_image(
    path: str, name: str, page: int, text: str, start: int, end: int, dpi: float = 110.0, coloured: bool = True
) -> dict[str, Any]:
    """Draw a page and mark characters `start` to `end` of its text. Runs in a limited process; answers plain data.

    Args:
        path, name: the PDF, and its name for errors.
        page: from 1.
        text: the page's text as it was read in, in which the offsets count.
        dpi: resolution, 30 to 300; lowered where the page would have more than 12 million pixels.
        coloured: colour the passage in the picture, beside giving its boxes.

    Returns:
        The fields of `PageImage`, with `png` in base64.

    Raises:
        ToolRetry: there is no such page, or the resolution is out of range.
        BadInput: the file is damaged.
    """
    import pypdfium2

    if not 30 <= dpi <= 300:
        raise ToolRetry("The resolution is between 30 and 300 dots per inch.")
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        raise BadInput(name, "the whole file", "it is damaged or no PDF", "the PDF as it was added") from None
    try:
        if not 1 <= page <= len(document):
            raise ToolRetry(f"{name} has no page {page}; it has {len(document)}.")
        return _drawn(document[page - 1], (text, start, end), dpi, coloured)
    finally:
        document.close()


def _drawn(page: Any, passage: tuple[str, int, int], dpi: float, coloured: bool) -> dict[str, Any]:
    width, height = page.get_size()
    scale = dpi / POINTS_PER_INCH
    scale = min(scale, (LARGEST_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale)
    to_bitmap = bitmap.get_posconv(page).to_bitmap
    letters = _letters(page.get_textpage(), to_bitmap)
    image = bitmap.to_pil().convert("RGB")
    marked = _marked(letters, *passage)
    boxes = [_fraction(box, image.size) for box in _merged([letters[i].box for i in marked])]
    boxes = [box for box in boxes if box.right > box.left and box.bottom > box.top]
    if coloured:
        image = _with_ink(image, boxes)
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=False)
    wanted = sum(1 for _ in _alphanumeric(passage[0][passage[1] : passage[2]]))
    return {
        "png": base64.b64encode(stream.getvalue()).decode(),
        "width_px": image.width,
        "height_px": image.height,
        "boxes": [box.model_dump() for box in boxes],
        "found": min(1.0, len(marked) / wanted) if wanted else 0.0,
    }


def _alphanumeric(text: str) -> Iterator[str]:
    """Letters and digits, compatibility forms (ligatures, full width) resolved, in lower case."""
    return (c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _letters(textpage: Any, to_bitmap: Any) -> list[_Letter]:
    """The page's letters and digits in PDFium's order, each with its box in pixels."""
    from pypdfium2 import raw

    found: list[_Letter] = []
    for number in range(textpage.count_chars()):
        characters = tuple(_alphanumeric(chr(raw.FPDFText_GetUnicode(textpage, number))))
        if not characters:
            continue
        left, bottom, right, top = textpage.get_charbox(number, loose=True)
        (x0, y0), (x1, y1) = to_bitmap(left, top), to_bitmap(right, bottom)
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        found.extend(_Letter(c, box) for c in characters)
    return found


def _marked(letters: Sequence[_Letter], text: str, start: int, end: int) -> list[int]:
    """Which letters of the page belong to the passage, in order."""
    page = "".join(letter.text for letter in letters)
    wanted = "".join(_alphanumeric(text[start:end]))
    if not wanted:
        return []
    earlier = "".join(_alphanumeric(text[:start])).count(wanted)
    at = _occurrence(page, wanted, earlier)
    if at >= 0:
        return list(range(at, at + len(wanted)))
    taken: set[int] = set()
    near = 0
    for run in _runs(text[start:end]):
        at = page.find(run, near)
        if at < 0:
            at = page.find(run)
        if at >= 0:
            taken.update(range(at, at + len(run)))
            near = at + len(run)
    return sorted(taken)


def _occurrence(page: str, wanted: str, earlier: int) -> int:
    """Place of the occurrence that `earlier` others precede; of the last where there are fewer; -1 for none."""
    at = page.find(wanted)
    for _ in range(earlier):
        following = page.find(wanted, at + 1)
        if following < 0:
            break
        at = following
    return at


def _runs(passage: str) -> Iterator[str]:
    """Pieces to look for by themselves: lines where they are long enough, else runs of a few words."""
    for line in passage.replace("|", "\n").splitlines():
        words = line.split()
        for at in range(0, len(words), _WORDS_A_RUN):
            run = "".join(_alphanumeric("".join(words[at : at + _WORDS_A_RUN])))
            if len(run) >= _SHORTEST_RUN or (run and len(words) <= _WORDS_A_RUN):
                yield run


def _merged(boxes: Sequence[tuple[float, float, float, float]]) -> list[tuple[float, float, float, float]]:
    """One box for neighbouring letters of a line."""
    found: list[tuple[float, float, float, float]] = []
    for box in boxes:
        if found:
            last = found[-1]
            height = max(last[3] - last[1], box[3] - box[1], 1.0)
            level = min(last[3], box[3]) - max(last[1], box[1]) > 0.4 * min(last[3] - last[1], box[3] - box[1])
            if level and box[0] >= last[0] and box[0] - last[2] <= 2.5 * height:
                found[-1] = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
                continue
        found.append(box)
    return found


def _fraction(box: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    width, height = size

    def within(value: float) -> float:
        return round(min(max(value, 0.0), 1.0), 5)

    return Box(
        left=within(box[0] / width),
        top=within(box[1] / height),
        right=within(box[2] / width),
        bottom=within(box[3] / height),
    )


def _with_ink(image: Any, boxes: Sequence[Box]) -> Any:
    """The picture with the boxes coloured as by a text marker: black stays black."""
    from PIL import Image, ImageChops, ImageDraw

    layer = Image.new("RGB", image.size, "white")
    pen = ImageDraw.Draw(layer)
    for box in boxes:
        corners = (box.left * image.width, box.top * image.height, box.right * image.width, box.bottom * image.height)
        pen.rectangle(corners, fill=_INK)
    return ImageChops.multiply(image, layer)
