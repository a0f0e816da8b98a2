"""The reader of added documents: every parser runs in a limited process."""

from __future__ import annotations

from pathlib import Path

from knowledge.ingest.layout import Page
from knowledge.ingest.library import Reader
from tools.sandbox import MIB, run_limited

_MEMORY = 1024 * MIB
_SECONDS = 120.0


def _count(path: Path, name: str, kind: str) -> int:
    if kind != "pdf":
        return 1
    found = run_limited(
        "knowledge.ingest.pdf:count_pages",
        {"path": str(path.resolve()), "name": name},
        memory_bytes=_MEMORY,
        seconds=_SECONDS,
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
        memory_bytes=_MEMORY,
        seconds=_SECONDS,
        file=name,
        imports=("pdfplumber",) if is_pdf else _IMPORTS.get(kind, ()),
    )
    return [Page.model_validate(page) for page in made]


LIMITED_READER = Reader(_count, _pages)
