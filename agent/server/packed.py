"""Uploaded gzip files that unpack to far more than they should are refused before anything reads them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from knowledge.errors import BadInput

MIB = 1024 * 1024
MAX_RATIO = 200
FREE_BYTES = 256 * MIB
MAX_UNPACKED_BYTES = 8192 * MIB
_ACCEPTED = f"gzip files that unpack to at most {MAX_RATIO} times their size and {MAX_UNPACKED_BYTES // MIB} MiB"


def check_packed(folder: Path) -> None:
    """Unpack every gzip file of the folder in pieces, keeping nothing. Raises `BadInput` for one that is a bomb."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name.lower().endswith((".gz", ".bgz")):
            found = path.stat()
            if _over(path, found.st_size, found.st_mtime_ns):
                raise BadInput(path.name, "the file", "it unpacks to far more than its size", _ACCEPTED)


@lru_cache(maxsize=4096)
def _over(path: Path, size: int, _changed: int) -> bool:
    """Whether the file passes the limits. A file that is no gzip is left to its reader to refuse."""
    limit = min(max(FREE_BYTES, MAX_RATIO * size), MAX_UNPACKED_BYTES)
    total = 0
    for count in _unpacked(path):
        total += count
        if total > limit:
            return True
    return False


def _unpacked(path: Path) -> Iterator[int]:
    """Lengths of the pieces that the file unpacks to; ends where it is not gzip. Members follow one another."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        with path.open("rb") as stream:
            while piece := stream.read(MIB):
                while piece:
                    yield len(unpacker.decompress(piece, MIB))
                    piece = unpacker.unconsumed_tail
                    if unpacker.eof:
                        piece = unpacker.unused_data
                        unpacker = zlib.decompressobj(wbits=31)
    except zlib.error:
        return
