"""Read a document into pages: HTML, DOCX, Markdown and plain text here, PDF in `knowledge.ingest.pdf`.

These functions run in a limited process (see `tools.documents`): they take what they are given at its word.
The kind of a file is told from its content, not from its name, except Markdown.
"""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput
from knowledge.ingest.layout import Page, PageWriter, table_text

ACCEPTED = "PDF, HTML, DOCX, Markdown or plain text, up to 200 MB"
LARGEST_BYTES = 200_000_000
_LARGEST_UNPACKED = 400_000_000
_LARGEST_DIRECTORY = 4_000_000
_END_BYTES, _LOCATOR_BYTES = 22, 20
_MOST_COLUMNS = 1000
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])", re.I)
_DROPPED = re.compile("script|style|noscript|template|nav|header|footer|aside|form|iframe|object|svg|button|head")
_BLOCK_LEVEL = (
    ".//p|.//li|.//table|.//div|.//section|.//article|.//blockquote|.//pre|.//dl|.//h1|.//h2|.//h3|.//h4|.//h5|.//h6"
)
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?P<number>\d+(?:\.\d+){0,3})\.?\s+\S")


def sniff(path: Path, name: str) -> str:
    """`pdf`, `docx`, `html`, `markdown` or `text`. Raises `BadInput` for anything else."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise BadInput(name, "the whole file", f"it has {size / 1e6:.0f} MB", ACCEPTED)
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head.strip():
        raise BadInput(name, "the whole file", "it is empty", ACCEPTED)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path, name)
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")) or b"<html" in start or b"<body" in start:
        return "html"
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(name, "the whole file", "it is not a document that can be read", ACCEPTED)
    return "markdown" if path.suffix.lower() in (".md", ".markdown") else "text"


def _directory_bytes(path: Path) -> int:
    """How long the directory of an archive says that it is, which is read as a whole; -1 where that is not told.

    The record at the end of the archive (APPNOTE 4.3.16), where the standard library looks for it too; the form for
    archives over 4 GB is not taken.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _END_BYTES - 65535 - _LOCATOR_BYTES))
        tail = stream.read()
    at = len(tail) - _END_BYTES
    if at < 0 or not (tail.startswith(b"PK\x05\x06", at) and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END_BYTES > len(tail) or tail.startswith(b"PK\x06\x07", max(0, at - _LOCATOR_BYTES)):
        return -1
    return int(struct.unpack_from("<I", tail, at + 12)[0])


def _zip_kind(path: Path, name: str) -> str:
    if not 0 <= _directory_bytes(path) <= _LARGEST_DIRECTORY:
        raise BadInput(name, "the directory of the archive", "it is damaged or too long", ACCEPTED)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # the last: a version to come
        raise BadInput(name, "the whole file", "it is a damaged archive", ACCEPTED) from error
    if sum(info.file_size for info in infos) > _LARGEST_UNPACKED or len(infos) > 20_000:
        raise BadInput(name, "the whole file", "it unpacks to too much", ACCEPTED)
    if not any(info.filename == "word/document.xml" for info in infos):
        raise BadInput(name, "the whole file", "it is an archive, and no DOCX", ACCEPTED)
    return "docx"


def extract_pages(path: str, name: str, kind: str) -> list[dict[str, Any]]:
    """Pages of an HTML, DOCX, Markdown or text file, as plain data. Raises `BadInput` where there is no text."""
    readers = {"html": _html, "docx": _docx, "markdown": _markdown, "text": _text}
    page = readers[kind](Path(path), name)
    if not page.blocks:
        raise BadInput(name, "the whole file", "it holds no text", ACCEPTED)
    return [page.model_dump(mode="json")]


def _decoded(raw: bytes, name: str) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or len(re.findall(r"[\u4e00-\u9fff]", text)) > 0.05 * len(text):
            return text
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise BadInput(name, f"byte {error.start}", "its text encoding is not known", "UTF-8") from None


def _text(path: Path, name: str) -> Page:
    writer = PageWriter()
    text = _decoded(path.read_bytes(), name).replace("\r\n", "\n").replace("\x00", "")
    for part in re.split(r"\n\s*\n", text):
        lines = part.strip("\n").split("\n")
        if len(lines) > 1 and (level := _heading_level(lines[0])):
            writer.add("heading", lines[0].strip(), level)
            lines = lines[1:]
        level = _heading_level(lines[0]) if len(lines) == 1 else 0
        writer.add("heading" if level else "paragraph", "\n".join(lines), level)
    return writer.page()


def _heading_level(line: str) -> int:
    """1 to 4 for a line that looks like a heading (numbered, or in capitals, without a full stop), else 0."""
    text = line.strip()
    if not 2 < len(text) <= 100 or text.endswith((".", ";", ",", "。", "；", "，")):
        return 0
    numbered = _NUMBERED.match(text)
    if numbered:
        return numbered["number"].count(".") + 1
    return 1 if text.isupper() and len(re.findall(r"[A-Z]", text)) > 3 else 0


def _markdown(path: Path, name: str) -> Page:
    from markdown_it import MarkdownIt

    writer = PageWriter()
    tokens = MarkdownIt("commonmark").enable("table").parse(_decoded(path.read_bytes(), name))
    rows: list[list[str]] = []
    level = 0
    in_table = False
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "table_open":
            rows, in_table = [], True
        elif token.type == "table_close":
            writer.add("table", table_text(rows))
            in_table = False
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            text = "".join(c.content if c.content else "\n" for c in token.children or [] if c.type != "html_inline")
            if in_table:
                rows[-1].append(text)
            else:
                writer.add("heading" if level else "paragraph", text, level)
        elif token.type in ("fence", "code_block"):
            writer.add("paragraph", token.content)
    return writer.page()


def _html(path: Path, name: str) -> Page:
    from lxml import etree, html  # type: ignore[import-untyped]

    body = path.read_bytes()
    # Without a declaration libxml takes Latin-1, which most pages of today are not.
    encoding = None if _CHARSET.search(body[:1024]) or not _is_utf8(body) else "utf-8"
    try:
        root = html.document_fromstring(
            body, parser=html.HTMLParser(huge_tree=False, no_network=True, encoding=encoding)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        raise BadInput(name, "the whole file", "it is not HTML that can be read", ACCEPTED) from None
    writer = PageWriter()
    _walk_html(root, writer)
    return writer.page()


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _walk_html(root: Any, writer: PageWriter) -> None:
    """Blocks in document order, without recursion, because a hostile page can be nested deeply."""
    todo: list[Any] = [root]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            writer.add("paragraph", " ".join(item.split()))
            continue
        tag = item.tag if isinstance(item.tag, str) else ""
        if not tag or _is_dropped(item, tag):
            continue
        if re.fullmatch(r"h[1-6]", tag):
            writer.add("heading", _inline(item), int(tag[1]))
        elif tag == "table" and not item.xpath(".//table"):
            rows = [[_inline(cell) for cell in row.xpath("./td|./th")] for row in item.xpath(".//tr")]
            writer.add("table", table_text(rows))
        elif not item.xpath(_BLOCK_LEVEL):
            writer.add("paragraph", _inline(item))
        else:
            parts = [item.text or ""]
            for child in item:
                parts.extend((child, child.tail or ""))
            todo.extend(reversed(parts))


def _is_dropped(element: Any, tag: str) -> bool:
    if _DROPPED.fullmatch(tag) or element.get("hidden") is not None:
        return True
    return bool(_HIDDEN.search(element.get("style") or ""))


def _inline(element: Any) -> str:
    texts = element.xpath(".//text()[not(ancestor::script or ancestor::style)]")
    return " ".join("".join(texts).split())


def _docx(path: Path, name: str) -> Page:
    import docx

    try:
        return _docx_page(docx.Document(str(path)))
    except MemoryError:
        raise
    except Exception:  # python-docx raises many kinds on a damaged file, some of them only when a part is read
        raise BadInput(name, "the whole file", "it is not a DOCX that can be read", ACCEPTED) from None


def _docx_page(document: Any) -> Page:
    from docx.table import Table

    writer = PageWriter()
    for item in document.iter_inner_content():
        if isinstance(item, Table):
            writer.add("table", table_text([_docx_cells(row) for row in item.rows]))
        else:
            style = (item.style.name or "") if item.style is not None else ""
            found = re.match(r"(?:Heading|标题)\s*(\d)", style)
            level = 1 if style == "Title" else min(int(found[1]), 6) if found else 0
            writer.add("heading" if level else "paragraph", item.text, level)
    return writer.page()


def _docx_cells(row: Any) -> list[str]:
    """The texts of a row; a cell that spans several columns comes once for each, so that it may not claim too many."""
    spanned = sum(max(cell.grid_span, 0) for cell in row._tr.tc_lst)
    if spanned + row.grid_cols_before + row.grid_cols_after > _MOST_COLUMNS:
        raise ValueError("too many columns")
    return [cell.text for cell in row.cells]
