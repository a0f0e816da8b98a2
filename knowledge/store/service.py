"""The store that everybody uses: what it indexes, building it on first use, and keeping it up to date."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.recommendations import recommendations
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
    """Build the index if what it should hold has changed, or Chroma has lost its part, and open it.

    One process builds; others wait.
    """
    with _writer(wait=True):
        _bring_up_to_date(progress)
    return _opened()


def ready_index(progress: Progress | None = None) -> Index:
    """The index, up to date. While another process builds, the one in use serves without waiting.

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
    return _opened()


def _writer(wait: bool) -> AbstractContextManager[Any]:
    """The lock of the one writer. Raises `Timeout` if it is held and is not to be waited for."""
    from filelock import FileLock

    return FileLock(str(store_folder() / "writer.lock"), timeout=-1 if wait else 0)


def _bring_up_to_date(progress: Progress | None) -> None:
    for attempt in range(_ATTEMPTS):
        wanted = sources()
        key = content_key(wanted)
        if current_key() == key:
            restore_vectors(key)
            return
        try:
            passages = {p.id: p for source in wanted for p in source.load()}
        except ToolRetry:
            # A document was removed since its source was listed.
            if attempt + 1 == _ATTEMPTS:
                raise
            continue
        write_generation(list(passages.values()), key, progress)
        return


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
