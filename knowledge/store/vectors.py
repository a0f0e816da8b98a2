"""Nearest vectors by Chroma: embedded in the generation's folder, or on a server.

`CONSILIUM_CHROMA_URL` (such as `http://chroma.example:8000`) makes all processes use that server. Telemetry is off and
no embedding function of Chroma's is ever used.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed

SETTING = "CONSILIUM_CHROMA_URL"
_BATCH = 2000
_SPACE = {"hnsw": {"space": "cosine", "ef_construction": 128, "ef_search": 128, "max_neighbors": 24}}
_UNUSABLE = (
    "Chroma cannot use the vectors of the guideline index ({}). Look at the disk's free space and rights; "
    "`consilium knowledge build` makes the index anew."
)

Metadata = Mapping[str, str | int | float | bool]


def _client(folder: Path) -> Any:
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    url = os.environ.get(SETTING)
    if not url:
        try:
            return chromadb.PersistentClient(path=str(folder / "chroma"), settings=settings)
        except chromadb.errors.ChromaError as error:
            # Chroma keeps what failed to start under this path, and would hand it out again.
            chromadb.api.client.SharedSystemClient.clear_system_cache()
            raise ToolFailed(_UNUSABLE.format(error)) from error
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ToolFailed(f"{SETTING} is not an address such as http://chroma.example:8000.")
    try:
        return chromadb.HttpClient(
            host=parts.hostname,
            port=parts.port or (443 if parts.scheme == "https" else 8000),
            ssl=parts.scheme == "https",
            settings=settings,
        )
    except Exception as error:
        raise ToolFailed(f"The Chroma server that {SETTING} names does not answer.") from error


def place() -> str:
    """Where vectors are kept by the present setting: `embedded`, or the server's address."""
    return (os.environ.get(SETTING) or "embedded").rstrip("/").lower()


def _name(key: str) -> str:
    return f"consilium-{key}"


class VectorIndex:
    """The vectors of one generation, by passage number."""

    def __init__(self, client: Any, collection: Any) -> None:
        self._collection = collection
        self.is_remote = bool(os.environ.get(SETTING))
        self._close = weakref.finalize(self, client.close)

    def close(self) -> None:
        """Let go of files and connections."""
        self._close()

    def count(self) -> int:
        """How many vectors there are."""
        return int(self._collection.count())

    def nearest(
        self, vector: npt.NDArray[np.float32], count: int, where: Mapping[str, Any] | None = None
    ) -> list[tuple[int, float]]:
        """Numbers and cosine similarities of the `count` nearest passages, nearest first.

        Raises `ToolFailed` where Chroma cannot read its files, or its server does not answer.
        """
        from chromadb.errors import ChromaError

        try:
            found = self._collection.query(
                query_embeddings=[vector], n_results=count, where=where or None, include=["distances"]
            )
        except ChromaError as error:
            raise ToolFailed(_UNUSABLE.format(error)) from error
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [(int(number), 1.0 - float(distance)) for number, distance in pairs]


def fill_vectors(folder: Path, key: str, embedded: npt.NDArray[np.float32], metadata: Sequence[Metadata]) -> None:
    """Write the vectors of a generation that is being built; on a server, under a name of its own."""
    client = _client(folder)
    if os.environ.get(SETTING) and _name(key) in {c.name for c in client.list_collections()}:
        client.delete_collection(_name(key))
    collection = client.create_collection(_name(key), configuration=_SPACE, embedding_function=None)
    for at in range(0, len(embedded), _BATCH):
        numbers = range(at, min(at + _BATCH, len(embedded)))
        collection.add(
            ids=[str(number) for number in numbers],
            embeddings=embedded[at : at + _BATCH],
            metadatas=[dict(metadata[number]) for number in numbers],
        )
    client.close()


def are_held(folder: Path, key: str) -> bool:
    """Whether Chroma holds the vectors of a generation. Raises `ToolFailed` where the server does not answer."""
    client = _client(folder)
    try:
        return _name(key) in {c.name for c in client.list_collections()}
    finally:
        client.close()


def open_vectors(folder: Path, key: str) -> VectorIndex:
    """Open the vectors of a generation. Raises `ToolFailed` where the server lacks them."""
    client = _client(folder)
    try:
        return VectorIndex(client, client.get_collection(_name(key), embedding_function=None))
    except Exception as error:
        client.close()
        raise ToolFailed("Chroma does not hold the guideline index; run `consilium knowledge build`.") from error


def drop_vectors(key: str) -> None:
    """Remove a generation's collection from the server, if one is set."""
    if os.environ.get(SETTING):
        client = _client(Path())
        if _name(key) in {c.name for c in client.list_collections()}:
            client.delete_collection(_name(key))
        client.close()
