"""Encrypted files that can be longer than memory and that an upload can go on with.

Format: `CVF1`, 16 random bytes (the salt of the file's key), then chunks of 1 MiB, each as 12-byte nonce, ciphertext,
16-byte tag (AES-256-GCM). The name of the file, the number of the chunk and whether it is the last one are
authenticated (after the STREAM construction, Hoang et al., CRYPTO 2015); the last chunk is always shorter than 1 MiB,
so a file that was cut is refused.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent.trust.keys import NONCE_BYTES
from agent.trust.vault import CaseSeal, NotSealed

MAGIC = b"CVF1"
SALT_BYTES = 16
HEAD_BYTES = len(MAGIC) + SALT_BYTES
CHUNK_BYTES = 1024 * 1024
EXTRA_BYTES = NONCE_BYTES + 16


class SealedFile:
    """One encrypted file of a case; `name` is what it is called there, and is authenticated."""

    def __init__(self, path: Path, seal: CaseSeal, name: str) -> None:
        self.path, self._seal, self.name = path, seal, name

    def size_bytes(self) -> int:
        """How many bytes are stored, by the length of the file; 0 if there is none."""
        if not self.path.is_file():
            return 0
        rest = self.path.stat().st_size - HEAD_BYTES
        full, tail = divmod(max(rest, 0), CHUNK_BYTES + EXTRA_BYTES)
        return full * CHUNK_BYTES + max(tail - EXTRA_BYTES, 0)

    def stored_bytes(self) -> int:
        """How many bytes are stored and can be gone on from; a last chunk that was cut off does not count."""
        if not self.path.is_file():
            return 0
        with self.path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            if len(head) < HEAD_BYTES:
                return 0
            full, tail = self._tail(stream, self._cipher(head))
        return full * CHUNK_BYTES + len(tail or b"")

    def chunks(self) -> Iterator[bytes]:
        """The content, chunk by chunk. Raises `NotSealed` if it is not encrypted, was altered or is not complete."""
        with self.path.open("rb") as stream:
            cipher = self._cipher(stream.read(HEAD_BYTES))
            number = 0
            while True:
                sealed = stream.read(CHUNK_BYTES + EXTRA_BYTES)
                last = len(sealed) < CHUNK_BYTES + EXTRA_BYTES
                yield self._opened(cipher, sealed, number, last)
                if last:
                    return
                number += 1

    def read(self) -> bytes:
        """The whole content."""
        return b"".join(self.chunks())

    def write(self, data: bytes) -> None:
        """Store `data` in place of what is there."""
        with SealedWriter(self, 0) as writer:
            writer.write(data)

    def _cipher(self, head: bytes) -> AESGCM:
        if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
            raise NotSealed("A stored file is not encrypted; it is refused.")
        return AESGCM(self._seal.file_key(head[len(MAGIC) :]))

    def _opened(self, cipher: AESGCM, sealed: bytes, number: int, last: bool) -> bytes:
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._bound(number, last))
        except (InvalidTag, ValueError):
            raise NotSealed("A stored file is not complete, was altered or was moved; it is refused.") from None

    def _tail(self, stream: IO[bytes], cipher: AESGCM) -> tuple[int, bytes | None]:
        """How many chunks are full, and the content of the last one (None if it was cut off)."""
        length = os.fstat(stream.fileno()).st_size - HEAD_BYTES
        full = length // (CHUNK_BYTES + EXTRA_BYTES)
        stream.seek(HEAD_BYTES + full * (CHUNK_BYTES + EXTRA_BYTES))
        try:
            return full, self._opened(cipher, stream.read(), full, True)
        except NotSealed:
            return full, None

    def _bound(self, number: int, last: bool) -> bytes:
        return f"{self._seal.scope}|file|{self.name}|{number}|{last}".encode()


class SealedWriter:
    """Writes a file from `offset` on, which is 0 or `stored_bytes()`. What was written stays when it is left early."""

    def __init__(self, target: SealedFile, offset: int) -> None:
        self._target, self._offset = target, offset
        self._buffer = bytearray()

    def __enter__(self) -> SealedWriter:
        """Open the file and find the place to go on from."""
        path = self._target.path
        if self._offset:
            self._stream = path.open("r+b")
            self._cipher = self._target._cipher(self._stream.read(HEAD_BYTES))
            self._number, tail = self._target._tail(self._stream, self._cipher)
            self._buffer += tail or b""
            self._stream.seek(HEAD_BYTES + self._number * (CHUNK_BYTES + EXTRA_BYTES))
            return self
        salt = secrets.token_bytes(SALT_BYTES)
        self._stream = path.open("w+b")
        self._stream.write(MAGIC + salt)
        self._cipher, self._number = self._target._cipher(MAGIC + salt), 0
        return self

    def write(self, data: bytes) -> None:
        """Take in more of the content."""
        self._buffer += data
        while len(self._buffer) >= CHUNK_BYTES:
            self._put(bytes(self._buffer[:CHUNK_BYTES]), last=False)
            del self._buffer[:CHUNK_BYTES]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the last chunk and bring everything to the disk."""
        try:
            self._put(bytes(self._buffer), last=True)
            self._stream.truncate()
            self._stream.flush()
            os.fsync(self._stream.fileno())
        finally:
            self._stream.close()

    def _put(self, data: bytes, *, last: bool) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        self._stream.write(nonce + self._cipher.encrypt(nonce, data, self._target._bound(self._number, last)))
        self._number += 1
