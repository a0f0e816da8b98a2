"""The store that everybody uses: what it indexes, building it on first use, and keeping it up to date."""

from __future__ import annotations

import threading
from functools import lru_cache

from knowledge.errors import ToolFailed
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
    from filelock import FileLock

    with FileLock(str(store_folder() / "writer.lock")):
        wanted = sources()
        key = content_key(wanted)
        if current_key() != key:
            passages = {p.id: p for source in wanted for p in source.load()}
            write_generation(list(passages.values()), key, progress)
        else:
            restore_vectors(key)
    return _opened()


def ready_index(progress: Progress | None = None) -> Index:
    """The index, up to date. While another process builds, the one in use serves.

    Raises:
        ToolFailed: it cannot be built, for instance because the Chroma server does not answer.
    """
    from filelock import FileLock, Timeout

    key = content_key(sources())
    current = current_key()
    if current == key:
        return _opened()
    if current is not None:
        try:
            with FileLock(str(store_folder() / "writer.lock"), timeout=0):
                pass
        except Timeout:
            return _opened()
    return build(progress)


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
