"""The store that everybody uses: what it indexes, building it on first use, and keeping it up to date."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.recommendations import recommendations
from knowledge.store import vectors
from knowledge.store.index import (
    Index,
    Progress,
    Source,
    content_key,
    current_key,
    open_current,
    passages_digest,
    restore_vectors,
    store_folder,
    write_generation,
)
from knowledge.store.passages import Passage, recommendation_passages

# What opening or reading a generation raises whose files are damaged.
UNREADABLE = (ToolFailed, OSError, EOFError, sqlite3.Error, ValueError, KeyError)
_OPEN: dict[str, Index] = {}
_GUARD = threading.Lock()
_ATTEMPTS = 5


@lru_cache(maxsize=1)
def _guideline_passages() -> list[Passage]:
    return recommendation_passages(recommendations())


@lru_cache(maxsize=1)
def _guideline_source() -> Source:
    return Source("guidelines", passages_digest(_guideline_passages()), _guideline_passages)


def sources() -> list[Source]:
    """Everything that is to be indexed: the guidelines, and each document of the user's library."""
    from knowledge.ingest.library import document_sources

    return [_guideline_source(), *document_sources()]


def build(progress: Progress | None = None) -> Index:
    """Build the index if what it should hold has changed, or a part of it is lost or damaged, and open it.

    One process builds; others wait.
    """
    with _writer(wait=True):
        _bring_up_to_date(progress)
    return _opened()


def ready_index(progress: Progress | None = None) -> Index:
    """The index, up to date. While another process builds, the one in use serves without waiting.

    An index that cannot be opened is built anew.

    Raises:
        ToolFailed: it cannot be built, for instance because the Chroma server does not answer.
    """
    from filelock import Timeout

    current = current_key()
    if current != content_key(sources()):
        try:
            with _writer(wait=current is None):
                _bring_up_to_date(progress)
        except Timeout:
            pass
    try:
        return _opened()
    except UNREADABLE:
        return build(progress)


def _writer(wait: bool) -> AbstractContextManager[Any]:
    """The lock of the one writer. Raises `Timeout` if it is held and is not to be waited for."""
    from filelock import FileLock

    return FileLock(str(store_folder() / "writer.lock"), timeout=-1 if wait else 0)


def _bring_up_to_date(progress: Progress | None) -> None:
    for attempt in range(_ATTEMPTS):
        wanted = sources()
        key = content_key(wanted)
        damaged = current_key() == key and not _is_whole(key)
        if current_key() == key and not damaged:
            return
        try:
            passages = {p.id: p for source in wanted for p in source.load()}
        except ToolRetry:
            # A document was removed since its source was listed.
            if attempt + 1 == _ATTEMPTS:
                raise
            continue
        write_generation(list(passages.values()), key, progress, anew=damaged)
        return


def _is_whole(key: str) -> bool:
    """Whether the generation in use can be read and is what was built; what only Chroma has lost is put back.

    Raises `ToolFailed` where a Chroma server does not answer.
    """
    try:
        restore_vectors(key)
        index = open_current()
    except UNREADABLE:
        if vectors.place() != "embedded":
            raise
        return False
    try:
        return not index.problems()
    except UNREADABLE:
        return False
    finally:
        index.close()


def _opened() -> Index:
    with _GUARD:
        key = current_key()
        if key is None:
            raise ToolFailed("The guideline index is not built yet; run `consilium knowledge build`.")
        if key not in _OPEN or not (_OPEN[key].folder / "meta.json").is_file():
            _OPEN.clear()
            index = open_current()
            _OPEN[index.key] = index
            return index
        return _OPEN[key]
