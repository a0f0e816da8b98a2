"""The library of documents that the user added."""

from __future__ import annotations

from knowledge.store.index import Source


def document_sources() -> list[Source]:
    """One source for each document."""
    return []
