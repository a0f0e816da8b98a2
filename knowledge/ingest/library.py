"""The library of documents that the user added: one folder a document under the user's data folder.

A document is read into `.adding-<hash>` batch by batch, so that adding it again goes on where it stopped, and becomes
visible by one rename. Its id starts with the SHA-256 of its bytes, so the same file is never held twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from knowledge.errors import BadInput, ToolRetry
from knowledge.ingest.chunk import Chunk, chunk
from knowledge.ingest.extract import ACCEPTED, sniff
from knowledge.ingest.layout import Block, Page
from knowledge.manifest import file_sha256
from knowledge.paths import home
from knowledge.store.index import Source, passages_digest
from knowledge.store.passages import Passage

_ID = re.compile(r"^doc-[0-9a-f]{12}$")
Progress = Callable[[str, int, int], None]


class Description(BaseModel):
    """What the user says of a document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str | None = None
    licence: str = Field(min_length=2)
    organisation: str | None = None
    year: int | None = Field(default=None, ge=1900, le=2100)
    identifier: str | None = None
    diseases: tuple[str, ...] = ()


class Document(BaseModel):
    """One added document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    licence: str
    file_name: str
    kind: str
    sha256: str
    text_sha256: str
    added: dt.datetime
    pages: int
    passages: int
    passages_sha256: str
    organisation: str | None = None
    year: int | None = None
    identifier: str | None = None
    diseases: tuple[str, ...] = ()


class Added(NamedTuple):
    """The document, and whether it (or the same text in another file) was there before."""

    document: Document
    was_there: bool


class Reader(NamedTuple):
    """How to read a hostile file: both functions run it in a limited process."""

    count_pages: Callable[[Path, str, str], int]
    read_pages: Callable[[Path, str, str, int, int], list[Page]]


def library_folder() -> Path:
    """Where documents are kept."""
    folder = home() / "documents"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def documents() -> list[Document]:
    """All documents, by title."""
    found = []
    for folder in [f for f in library_folder().iterdir() if _ID.match(f.name)]:
        try:
            found.append(Document.model_validate_json((folder / "document.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue  # removed by another process in this very moment
    return sorted(found, key=lambda d: (d.title.casefold(), d.id))


def find_document(name: str) -> Document | None:
    """The document with that id."""
    return next((d for d in documents() if d.id == name), None)


def add_document(path: Path, about: Description, reader: Reader, progress: Progress | None = None) -> Added:
    """Read one file into the library.

    Raises:
        BadInput: the file cannot be read, holds no text, or is hostile; nothing is added then.
    """
    from filelock import FileLock

    kind = sniff(path, path.name)
    sha256 = file_sha256(path)
    name = f"doc-{sha256[:12]}"
    with FileLock(str(library_folder() / "writer.lock")):
        held = find_document(name)
        if held is not None:
            return Added(held, True)
        work = library_folder() / f".adding-{sha256[:12]}"
        work.mkdir(exist_ok=True)
        pages = _read(path, kind, work, reader, progress)
        text_sha256 = _text_hash(pages)
        same = next((d for d in documents() if d.text_sha256 == text_sha256), None)
        if same is not None:
            shutil.rmtree(work)
            return Added(same, True)
        document = _store(path, kind, name, sha256, text_sha256, pages, about, work)
        os.replace(work, library_folder() / name)
    return Added(document, False)


_BATCH = 20


def _read(path: Path, kind: str, work: Path, reader: Reader, progress: Progress | None) -> list[Page]:
    """All pages, going on after those that an earlier, stopped attempt has kept."""
    kept = work / "pages.jsonl"
    pages = _complete_lines(kept)
    total = reader.count_pages(path, path.name, kind)
    while len(pages) < total:
        first = len(pages) + 1
        batch = reader.read_pages(path, path.name, kind, first, min(first + _BATCH - 1, total))
        if not batch:
            raise BadInput(path.name, f"page {first}", "it cannot be read", ACCEPTED)
        pages.extend(batch)
        _write_atomically(kept, "".join(page.model_dump_json() + "\n" for page in pages))
        if progress is not None:
            progress(f"reading {path.name}: page", len(pages), total)
    if not any(page.text.strip() for page in pages):
        shutil.rmtree(work)
        raise BadInput(path.name, "the whole file", "it holds no text (a scan without a text layer?)", ACCEPTED)
    return pages


def _complete_lines(path: Path) -> list[Page]:
    if not path.is_file():
        return []
    return [Page.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _store(
    path: Path,
    kind: str,
    name: str,
    sha256: str,
    text_sha256: str,
    pages: list[Page],
    about: Description,
    work: Path,
) -> Document:
    title = about.title or _title(pages) or path.stem
    given = about.model_dump(exclude={"title"})
    passages = list(_passages(name, title, pages, about))
    if not passages:
        shutil.rmtree(work)
        raise BadInput(path.name, "the whole file", "it holds no passage worth keeping", ACCEPTED)
    document = Document(
        id=name,
        title=title,
        file_name=path.name,
        kind=kind,
        sha256=sha256,
        text_sha256=text_sha256,
        added=dt.datetime.now(dt.UTC).replace(microsecond=0),
        pages=len(pages),
        passages=len(passages),
        passages_sha256=passages_digest(passages),
        **given,
    )
    shutil.copyfile(path, work / f"original.{kind}")
    _write_atomically(work / "passages.jsonl", "".join(p.model_dump_json() + "\n" for p in passages))
    _write_atomically(work / "document.json", document.model_dump_json(indent=1))
    return document


def _passages(name: str, title: str, pages: list[Page], about: Description) -> Iterator[Passage]:
    seen: set[str] = set()
    for number, piece in enumerate(_worth_keeping(pages)):
        folded = " ".join(piece.text.casefold().split())
        if folded in seen:
            continue
        seen.add(folded)
        yield Passage(
            id=f"{name}#{number}",
            kind="document",
            text=piece.text,
            document=title,
            document_id=name,
            section=piece.section,
            hints=piece.hints,
            identifier=about.identifier,
            organisation=about.organisation,
            year=about.year,
            page=piece.page,
            start=piece.start,
            end=piece.end,
            diseases=about.diseases,
        )


def _worth_keeping(pages: list[Page]) -> Iterator[Chunk]:
    """The chunks, without running heads and feet: short blocks at a page's edge that most pages share."""
    edges: Counter[str] = Counter()
    for page in pages:
        if len(page.blocks) > 2 * _EDGE:
            edges.update({face for block in _at_edge(page) for face in _faces(page, block)})
    running = {face for face, count in edges.items() if count >= 3 and count > 0.4 * len(pages)}
    cleaned = []
    for page in pages:
        heads = [block for block in _at_edge(page) if _faces(page, block) & running]
        cleaned.append(page.model_copy(update={"blocks": tuple(b for b in page.blocks if b not in heads)}))
    return chunk(page for page in cleaned if page.blocks)


_EDGE = 2


def _at_edge(page: Page) -> tuple[Block, ...]:
    return (*page.blocks[:_EDGE], *page.blocks[-_EDGE:])


def _faces(page: Page, block: Block) -> set[str]:
    """How a short block reads: as it is, and with one of its numbers counted from that of the page.

    Pages that share a face share a running head or foot ("page 3 of 12"); lines that differ in a dose do not.
    None for what is long, a table or a large heading.
    """
    if block.end - block.start > 120 or block.kind == "table" or block.level in (1, 2):
        return set()
    text = page.text[block.start : block.end].strip().casefold()
    numbers = re.finditer(r"\d{1,5}", text)
    counted = (f"{text[: n.start()]}<{int(n[0]) - page.number}>{text[n.end() :]}" for n in numbers)
    return {text, *counted} - {""}


def _title(pages: Iterable[Page]) -> str | None:
    for page in pages:
        for block in page.blocks:
            if block.kind == "heading":
                return " ".join(page.text[block.start : block.end].split())[:200]
        return None
    return None


def _text_hash(pages: Iterable[Page]) -> str:
    text = " ".join(" ".join(page.text.casefold().split()) for page in pages)
    return hashlib.sha256(text.encode()).hexdigest()


def remove_document(name: str) -> Document:
    """Take a document out of the library. Raises `ToolRetry` where there is none of that id."""
    from filelock import FileLock

    with FileLock(str(library_folder() / "writer.lock")):
        document = find_document(name)
        if document is None:
            raise ToolRetry(f"No document has the id {name!r}; `consilium knowledge list` shows them.")
        going = library_folder() / f".removing-{name}"
        shutil.rmtree(going, ignore_errors=True)
        os.replace(library_folder() / name, going)
        shutil.rmtree(going)
    return document


def document_page(document_id: str, page: int) -> str:
    """The text of a page (from 1), in which a passage's offsets count. Raises `ToolRetry` where there is none."""
    pages = _complete_lines(library_folder() / document_id / "pages.jsonl") if _ID.match(document_id) else []
    if not 1 <= page <= len(pages):
        raise ToolRetry(f"{document_id} has no page {page}.")
    return pages[page - 1].text


def document_original(document_id: str) -> Path:
    """The file as it was added. Raises `ToolRetry` where there is no such document."""
    document = find_document(document_id)
    if document is None:
        raise ToolRetry(f"No document has the id {document_id!r}.")
    return library_folder() / document.id / f"original.{document.kind}"


def find_passage(passage_id: str) -> Passage:
    """A passage of a document by its id (`<document id>#<number>`). Raises `ToolRetry` where there is none."""
    found = (p for p in document_passages(passage_id.partition("#")[0]) if p.id == passage_id)
    passage = next(found, None)
    if passage is None:
        raise ToolRetry(f"No passage has the id {passage_id!r}.")
    return passage


def document_passages(document_id: str) -> list[Passage]:
    """The passages of a document. Raises `ToolRetry` where there is none of that id."""
    path = library_folder() / document_id / "passages.jsonl"
    if not _ID.match(document_id) or not path.is_file():
        raise ToolRetry(f"No document has the id {document_id!r}.")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ToolRetry(f"The document {document_id} was removed in this very moment.") from None
    return [Passage.model_validate_json(line) for line in lines]


def document_sources() -> list[Source]:
    """One source for each document."""
    return [Source(d.id, d.passages_sha256, lambda name=d.id: document_passages(name)) for d in documents()]  # type: ignore[misc]


def library_problems() -> list[str]:
    """Documents whose files were changed or lost, one line each."""
    found = []
    for document in documents():
        folder = library_folder() / document.id
        original = folder / f"original.{document.kind}"
        if not original.is_file() or file_sha256(original) != document.sha256:
            found.append(f"{document.id}: the original file is missing or was changed")
        if passages_digest(document_passages(document.id)) != document.passages_sha256:
            found.append(f"{document.id}: its passages were changed")
        if _text_hash(_complete_lines(folder / "pages.jsonl")) != document.text_sha256:
            found.append(f"{document.id}: the text of its pages is missing or was changed")
    return found


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_suffix(".writing")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
