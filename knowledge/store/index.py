"""The index on disk: built aside, put in place by one rename, read by many processes.

A generation is a folder named after the hash of what it indexes: passages in SQLite, their vectors, BM25, and (unless a
server is set) Chroma. `current` names the generation in use and is replaced atomically, so a build that is killed at
any point leaves the old one serving. Readers hold a shared lock on their generation; the one writer removes only
generations that nobody reads.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed
from knowledge.manifest import file_sha256
from knowledge.paths import cache_dir
from knowledge.store import vectors
from knowledge.store.embedding import EmbeddingCache, Vectors, model_id
from knowledge.store.kinds import answer_kinds, kinds_id
from knowledge.store.lexical import LexicalIndex, tokens
from knowledge.store.passages import Passage

FORMAT = 9
_LEXICAL = ("bm25", "bm25-text", "bm25-title")
_SAME = 0.99  # cosine similarity of a vector to itself, rounding allowed
Progress = Callable[[str, int, int], None]


class Filters(NamedTuple):
    """What a passage must have. Empty means any."""

    diseases: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    documents: tuple[str, ...] = ()

    def any(self) -> bool:
        """Whether it asks for anything."""
        return self != Filters()


class Source(NamedTuple):
    """A set of passages that is indexed: its name, the hash of its content, and how to read it."""

    name: str
    sha256: str
    load: Callable[[], list[Passage]]


def content_key(sources: Iterable[Source]) -> str:
    """Name of the generation that indexes these sources with the model in use, in the place that is set for vectors."""
    digest = hashlib.sha256(f"{FORMAT} {model_id()} {kinds_id()} {vectors.place()}".encode())
    for source in sorted(sources):
        digest.update(f"{source.name} {source.sha256}\n".encode())
    return digest.hexdigest()[:24]


def passages_digest(passages: Iterable[Passage]) -> str:
    """Hash of a set of passages."""
    digest = hashlib.sha256()
    for line in sorted(passage.sha256() for passage in passages):
        digest.update(line.encode())
    return digest.hexdigest()


def store_folder() -> Path:
    """Where generations are kept."""
    folder = cache_dir() / "store"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Index:
    """One generation, open for reading. Safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder.name
        descriptor = os.open(folder / "lock", os.O_RDONLY)
        self._unlock = weakref.finalize(self, os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        self.meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        address = f"{(folder / 'passages.sqlite').as_uri()}?mode=ro"
        self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._guard = threading.Lock()
        self.lexical, self.text, self.title = (LexicalIndex.open(folder / name) for name in _LEXICAL)
        self.embeddings: npt.NDArray[np.float16] = np.load(folder / "vectors.npy", mmap_mode="r")
        self.kinds: npt.NDArray[np.float16] = np.load(folder / "kinds.npy", mmap_mode="r")
        self.opens: npt.NDArray[np.bool_] = np.load(folder / "opens.npy", mmap_mode="r")
        self._dense: Vectors | None = None
        self._rows(
            "SELECT COUNT(*) FROM passage"
        )  # a damaged database is noticed here, not in the middle of a question
        self.vectors = vectors.open_vectors(folder, self.key)

    def __len__(self) -> int:
        return self.lexical.size

    def close(self) -> None:
        """Let go of the generation."""
        self._database.close()
        self.vectors.close()
        self._unlock()

    def dense(self) -> Vectors:
        """All vectors in memory, float32 (1.5 kB a passage), read on first use."""
        if self._dense is None:
            self._dense = np.asarray(self.embeddings, dtype=np.float32)
        return self._dense

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """The passages with these numbers, in the order given."""
        marks = ",".join("?" * len(numbers))
        query = f"SELECT number, body FROM passage WHERE number IN ({marks})"  # noqa: S608 - only marks
        bodies = dict(self._rows(query, [int(n) for n in numbers]))
        return [Passage.model_validate_json(bodies[int(n)]) for n in numbers]

    def number_of(self, passage_id: str) -> int | None:
        """The number of a passage by its id."""
        rows = self._rows("SELECT number FROM passage WHERE id = ?", (passage_id,))
        return int(rows[0][0]) if rows else None

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Rows of the passages' database. Raises `ToolFailed` where it is damaged."""
        try:
            with self._guard:
                return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise ToolFailed(
                f"The guideline index is damaged ({error}); `consilium knowledge build` makes it anew."
            ) from error

    def allowed(self, filters: Filters) -> npt.NDArray[np.bool_] | None:
        """A mask of the passages that pass, or None if all do."""
        if not filters.any():
            return None
        mask = np.ones(len(self), dtype=np.bool_)
        for kind, wanted in (
            ("disease", filters.diseases),
            ("drug", filters.drugs),
            ("organisation", filters.organisations),
            ("document", filters.documents),
        ):
            if wanted:
                marks = ",".join("?" * len(wanted))
                query = f"SELECT number FROM tag WHERE kind = ? AND value IN ({marks})"  # noqa: S608 - only marks
                mask &= self._mask(query, (kind, *wanted))
        if filters.years is not None:
            mask &= self._mask("SELECT number FROM passage WHERE year BETWEEN ? AND ?", filters.years)
        return mask

    def _mask(self, query: str, values: Sequence[Any]) -> npt.NDArray[np.bool_]:
        numbers = [row[0] for row in self._rows(query, values)]
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[numbers] = True
        return mask

    def _finds_itself(self) -> bool:
        """Whether Chroma finds the first passage's vector by that vector."""
        try:
            found = self.vectors.nearest(np.asarray(self.embeddings[0], dtype=np.float32), 1)
        except ToolFailed:
            return False
        return bool(found) and found[0][1] > _SAME

    def problems(self) -> list[str]:
        """What is wrong with the stored generation, one line each."""
        found = self._rows("PRAGMA integrity_check")
        bodies = [row[0] for row in self._rows("SELECT body FROM passage ORDER BY number")]
        lines = [] if found == [("ok",)] else ["the passages' database is damaged"]
        sizes = {
            "passages": len(bodies),
            "vectors": len(self.embeddings),
            "kinds": len(self.kinds),
            "opens": len(self.opens),
        }
        sizes |= {name: part.size for name, part in zip(_LEXICAL, (self.lexical, self.text, self.title), strict=True)}
        sizes["Chroma"] = self.vectors.count()
        if len(self.embeddings) and not self._finds_itself():
            lines.append("Chroma does not find a passage by its own vector")
        if set(sizes.values()) != {self.meta["passages"]}:
            lines.append(f"the parts differ in size: {sizes}, expected {self.meta['passages']}")
        if passages_digest(Passage.model_validate_json(body) for body in bodies) != self.meta["passages_sha256"]:
            lines.append("the passages are not those that the index was built from")
        hashes = _hashes(self.folder)
        lines += [
            f"{name} was changed since" for name, sha256 in self.meta["files"].items() if hashes.get(name) != sha256
        ]
        return lines


def write_generation(
    passages: Sequence[Passage],
    key: str,
    progress: Progress | None = None,
    embedded: Vectors | None = None,
    *,
    anew: bool = False,
) -> None:
    """Build a generation aside, put it in place and make it current. The caller holds the writer's lock.

    Args:
        anew: also where it is there already, since what is there is damaged.
        embedded: vectors of the passages, one row each, where the caller has them; else they are made.
    """
    parent = store_folder()
    target = parent / key
    if anew or not (target / "meta.json").is_file():
        building = Path(tempfile.mkdtemp(dir=parent, prefix="building-"))
        try:
            _fill(building, passages, key, progress, embedded)
            if target.exists():
                shutil.rmtree(target)
            os.rename(building, target)
            _sync_folder(parent)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    make_current(key)
    remove_unused(keep=key)


def restore_vectors(key: str) -> None:
    """Put the vectors of a generation back where Chroma has lost them. The caller holds the writer's lock."""
    folder = store_folder() / key
    if vectors.are_held(folder, key):
        return
    with closing(sqlite3.connect(f"{(folder / 'passages.sqlite').as_uri()}?mode=ro", uri=True)) as database:
        bodies = [row[0] for row in database.execute("SELECT body FROM passage ORDER BY number")]
    embedded = np.load(folder / "vectors.npy").astype(np.float32)
    vectors.fill_vectors(folder, key, embedded, [_metadata(Passage.model_validate_json(body)) for body in bodies])


def _fill(
    folder: Path, passages: Sequence[Passage], key: str, progress: Progress | None, embedded: Vectors | None
) -> None:
    def told(stage: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(stage, done, total) if progress is not None else None

    if embedded is None:
        embedded = EmbeddingCache().encode([f"{p.title}. {p.text}" for p in passages], told("embedding"))
    np.save(folder / "vectors.npy", embedded.astype(np.float16))
    told("indexing")(0, len(passages))
    titles, texts = [tokens(p.title) for p in passages], [tokens(p.text) for p in passages]
    np.save(folder / "kinds.npy", answer_kinds().probabilities(texts, titles))
    np.save(folder / "opens.npy", opening(passages))
    whole = [[*t, *t, *w, *tokens(p.hints)] for p, t, w in zip(passages, titles, texts, strict=True)]
    for name, words in zip(_LEXICAL, (whole, texts, titles), strict=True):
        LexicalIndex.build(words, folder / name)
    _write_passages(folder / "passages.sqlite", passages)
    vectors.fill_vectors(folder, key, embedded, [_metadata(p) for p in passages])
    told("indexing")(len(passages), len(passages))
    (folder / "lock").touch()
    meta = {
        "format": FORMAT,
        "key": key,
        "passages": len(passages),
        "passages_sha256": passages_digest(passages),
        "model_sha256": model_id(),
        "files": _hashes(folder),
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    _sync_files(folder)


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of what is ranked by: vectors, kinds, openings and BM25, by path within the generation."""
    kept = [
        *folder.glob("*.npy"),
        *(path for name in _LEXICAL for path in (folder / name).rglob("*") if path.is_file()),
    ]
    return {str(path.relative_to(folder)): file_sha256(path) for path in sorted(kept)}


def opening(passages: Iterable[Passage]) -> npt.NDArray[np.bool_]:
    """Which passages are the first of their section of their document; every recommendation stands by itself."""
    seen: set[tuple[str, str]] = set()
    found = []
    for passage in passages:
        place = (passage.recommendation or passage.document_id, passage.section)
        found.append(place not in seen)
        seen.add(place)
    return np.asarray(found, dtype=np.bool_)


def _write_passages(path: Path, passages: Sequence[Passage]) -> None:
    database = sqlite3.connect(path)
    with database:
        database.executescript(
            "CREATE TABLE passage"
            " (number INTEGER PRIMARY KEY, id TEXT UNIQUE, document_id TEXT, year INTEGER, body TEXT);"
            "CREATE TABLE tag (number INTEGER, kind TEXT, value TEXT);"
        )
        rows = ((n, p.id, p.document_id, p.year, p.model_dump_json()) for n, p in enumerate(passages))
        database.executemany("INSERT INTO passage VALUES (?, ?, ?, ?, ?)", rows)
        tags = ((n, kind, value) for n, p in enumerate(passages) for kind, value in _tags(p))
        database.executemany("INSERT INTO tag VALUES (?, ?, ?)", tags)
        # Filters are answered from these alone: a scan of the table would read every body.
        database.execute("CREATE INDEX tag_value ON tag (kind, value, number)")
        database.execute("CREATE INDEX passage_year ON passage (year)")
    database.close()


def _tags(passage: Passage) -> Iterable[tuple[str, str]]:
    yield from (("disease", slug) for slug in passage.diseases)
    yield from (("drug", name) for name in passage.drugs)
    yield "document", passage.document_id
    if passage.organisation:
        yield "organisation", passage.organisation


def _metadata(passage: Passage) -> dict[str, str | int | float | bool]:
    """What Chroma filters by: one boolean a tag, and the year."""
    found: dict[str, str | int | float | bool] = {f"{kind}:{value}": True for kind, value in _tags(passage)}
    found["year"] = passage.year or 0
    return found


def make_current(key: str) -> None:
    """Name the generation that new readers open, atomically."""
    parent = store_folder()
    descriptor, temporary = tempfile.mkstemp(dir=parent, prefix="naming-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, parent / "current")
    _sync_folder(parent)


def current_key() -> str | None:
    """The generation in use, or None before the first build."""
    try:
        key = (store_folder() / "current").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return key if (store_folder() / key / "meta.json").is_file() else None


def open_current() -> Index:
    """Open the generation in use. Raises `ToolFailed` if there is none, or it was removed at that very moment twice."""
    for _ in range(3):
        key = current_key()
        if key is None:
            raise ToolFailed("The guideline index is not built yet; run `consilium knowledge build`.")
        try:
            return Index(store_folder() / key)
        except FileNotFoundError:
            continue
    raise ToolFailed("The guideline index is being replaced again and again; try once more.")


def remove_unused(keep: str) -> None:
    """Remove left-overs of killed builds, and generations other than `keep` that nobody reads."""
    for folder in store_folder().iterdir():
        if folder.is_dir() and folder.name.startswith("building-"):
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir() and folder.name != keep and (folder / "lock").exists():
            with (folder / "lock").open("rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                vectors.drop_vectors(folder.name)
                shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_file() and folder.name.startswith("naming-"):
            folder.unlink(missing_ok=True)


def _sync_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
