"""Documents (PDF, HTML, DOCX, Markdown, text) are read in a process with limits on memory and time."""

from __future__ import annotations

from pathlib import Path

from knowledge.errors import BadInput
from knowledge.ingest.extract import ACCEPTED, sniff
from knowledge.ingest.layout import Page
from knowledge.ingest.library import Reader
from tools.sandbox import MIB, run_limited

READER_BYTES = 1024 * MIB
READER_SECONDS = 120.0


def _count(path: Path, name: str, kind: str) -> int:
    if kind != "pdf":
        return 1
    found = run_limited(
        "knowledge.ingest.pdf:count_pages",
        {"path": str(path.resolve()), "name": name},
        memory_bytes=READER_BYTES,
        seconds=READER_SECONDS,
        reads=(path.resolve(),),
        file=name,
        imports=("pypdfium2",),
    )
    return int(found)


_IMPORTS: dict[str, tuple[str, ...]] = {"docx": ("docx",), "html": ("lxml.html",), "markdown": ("markdown_it",)}


def _pages(path: Path, name: str, kind: str, first: int, last: int) -> list[Page]:
    is_pdf = kind == "pdf"
    arguments: dict[str, str | int] = {"path": str(path.resolve()), "name": name}
    arguments |= {"first": first, "last": last} if is_pdf else {"kind": kind}
    made = run_limited(
        "knowledge.ingest.pdf:extract_range" if is_pdf else "knowledge.ingest.extract:extract_pages",
        arguments,
        memory_bytes=READER_BYTES,
        seconds=READER_SECONDS,
        reads=(path.resolve(),),
        file=name,
        imports=("pdfplumber",) if is_pdf else _IMPORTS.get(kind, ()),
    )
    return [Page.model_validate(page) for page in made]


LIMITED_READER = Reader(_count, _pages)


def document_text(path: Path, name: str, most_pages: int, most_characters: int) -> str:
    """The text of a whole document, its pages one after the other.

    Raises:
        BadInput: the file cannot be read, holds no text, or more pages or characters than are allowed.
    """
    kind = sniff(path, name)
    count = LIMITED_READER.count_pages(path, name, kind)
    if count > most_pages:
        raise BadInput(name, "the whole file", f"it has {count} pages", f"at most {most_pages} pages")
    text = "\n\n".join(page.text for page in LIMITED_READER.read_pages(path, name, kind, 1, count))
    if len(text) > most_characters:
        raise BadInput(name, "the whole file", f"it holds {len(text)} characters", f"at most {most_characters}")
    if not text.strip():
        raise BadInput(name, "the whole file", "it holds no text (a scan without a text layer?)", ACCEPTED)
    return text
