"""Envelope encryption of everything that is stored of a patient.

Each case has a data key of its own (AES-256-GCM, NIST SP 800-38D; file names AES-SIV, RFC 5297), derived keys by HKDF
(RFC 5869). The data key is stored wrapped by the key-encryption key (`agent.trust.keys`), one small file a case.
Destroying that file makes the content of the case unreadable wherever copies of it may be (crypto-shredding).

What is sealed carries its case and its context as authenticated data: bytes that were moved to another row, run or
case do not open, and neither does anything that is not sealed.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agent.trust.keys import KEY_BYTES, NONCE_BYTES, KeyMissing, KeyProvider, key_provider, sync_folder, write_private
from knowledge.errors import ToolFailed

MAGIC = b"CV1\x00"
STORE = "store"
_SCOPE = re.compile(r"^[a-z0-9-]{1,80}$")


class NotSealed(ToolFailed):
    """Stored content is not encrypted, was altered, or belongs elsewhere."""


class Shredded(ToolFailed):
    """The content of a case was destroyed."""


class CaseSeal:
    """The seal of one case (`tools.sealing.Seal`)."""

    def __init__(self, scope: str, data_key: bytes) -> None:
        self.scope = scope
        self._rows = AESGCM(_derived(data_key, b"rows"))
        self._names = AESSIV(_derived(data_key, b"names", 64))
        self._files = _derived(data_key, b"files")
        self._blind = _derived(data_key, b"blind")
        self._signing = _derived(data_key, b"signing")

    def seal(self, data: bytes, context: str) -> bytes:
        """`data`, encrypted and bound to this case and to `context`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return MAGIC + nonce + self._rows.encrypt(nonce, data, self._bound(context))

    def open(self, data: bytes, context: str) -> bytes:
        """The bytes again. Raises `NotSealed`."""
        if not isinstance(data, bytes) or not data.startswith(MAGIC):
            raise NotSealed(f"Stored content ({context.split('|', maxsplit=1)[0]}) is not encrypted; it is refused.")
        start = len(MAGIC) + NONCE_BYTES
        try:
            return self._rows.decrypt(data[len(MAGIC) : start], data[start:], self._bound(context))
        except (InvalidTag, ValueError):  # the latter: cut off within the nonce
            what = context.split("|", maxsplit=1)[0]
            raise NotSealed(f"Stored content ({what}) was altered or moved; it is refused.") from None

    def seal_text(self, text: str, context: str) -> bytes:
        """`seal` for text."""
        return self.seal(text.encode(), context)

    def open_text(self, data: bytes, context: str) -> str:
        """`open` for text."""
        return self.open(data, context).decode()

    def seal_name(self, name: str) -> str:
        """A file name that hides `name`."""
        sealed = self._names.encrypt(name.encode(), [self.scope.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open_name(self, sealed: str) -> str | None:
        """The name again; None if this case did not seal it."""
        try:
            raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._names.decrypt(raw, [self.scope.encode()]).decode()
        except (InvalidTag, ValueError, binascii.Error):
            return None

    def blind(self, text: str) -> str:
        """A key to find a row by, which says nothing of `text` to who has not the data key."""
        return hmac.new(self._blind, text.encode(), hashlib.sha256).hexdigest()[:40]

    def file_key(self, salt: bytes) -> bytes:
        """The key of one file."""
        return _derived(self._files, b"file" + salt)

    def signing_seed(self) -> bytes:
        """The secret from which a signing key is made."""
        return self._signing

    def _bound(self, context: str) -> bytes:
        return f"{self.scope}|{context}".encode()


class Vault:
    """The data keys of one store, in the folder `vault` of it."""

    def __init__(self, directory: Path, keys: KeyProvider | None = None) -> None:
        """Opens or makes the vault.

        Raises:
            KeyMissing: the key in use is not the one that the vault was made with; nothing was touched.
        """
        self._directory = directory / "vault"
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[float, CaseSeal]] = {}
        known = self._wrapped(STORE)
        self.keys = keys or key_provider(create=known is None)
        if known is not None and not self.keys.holds(known[0]):
            raise KeyMissing(
                f"{directory} was encrypted with key {known[0]}; the key in use is {self.keys.active}. "
                "Name the right one with CONSILIUM_KEY_FILE. Nothing was changed."
            )
        self.store = self.make(STORE)

    def make(self, scope: str) -> CaseSeal:
        """The seal of a case; its data key is made if there is none. Raises `Shredded`, `KeyMissing`."""
        path = self._path(scope)
        if self._gone(scope) is None and not path.exists():
            self._require_current()
            data_key = secrets.token_bytes(KEY_BYTES)
            self._write(scope, data_key, keep=True)
        return self.seal_of(scope)

    def _require_current(self) -> None:
        """Raises `KeyMissing` where the key was changed since this process started: what it wraps would be lost."""
        known = self._wrapped(STORE)
        if known is not None and not self.keys.holds(known[0]):
            raise KeyMissing("The key of this store was changed. Start this program again. Nothing was changed.")

    def seal_of(self, scope: str) -> CaseSeal:
        """The seal of a case. Raises `Shredded`, or `KeyMissing` if its data key is gone or does not open."""
        gone = self._gone(scope)
        if gone is not None:
            raise Shredded(f"The content of this case was destroyed on {gone}.")
        path = self._path(scope)
        try:
            changed = path.stat().st_mtime
        except FileNotFoundError:
            raise KeyMissing("The data key of this case is missing; its content cannot be read.") from None
        with self._lock:
            known = self._opened.get(scope)
            if known is not None and known[0] == changed:
                return known[1]
        found = self._wrapped(scope)
        assert found is not None
        seal = CaseSeal(scope, self.keys.unwrap(found[0], found[1], _context(scope)))
        with self._lock:
            self._opened[scope] = (changed, seal)
        return seal

    def scopes(self) -> list[str]:
        """All cases that have a data key."""
        found = sorted(path.stem for path in self._directory.glob("*.key"))
        return [scope for scope in found if scope != STORE]

    def folder_scope(self, folder: Path) -> str:
        """The name under which runs of a case folder of this machine are kept together."""
        return f"folder-{self.store.blind(str(folder.resolve()))[:24]}"

    def shred(self, scope: str) -> None:
        """Destroy the data key of a case. Its content cannot be read any more, by anybody."""
        path = self._path(scope)
        now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
        write_private(path.with_suffix(".shredded"), now.encode())
        if path.exists():
            with path.open("r+b") as stream:
                stream.write(secrets.token_bytes(path.stat().st_size))
                stream.flush()
                os.fsync(stream.fileno())
            path.unlink()
            sync_folder(self._directory)
        with self._lock:
            self._opened.pop(scope, None)

    def rewrap(self, keys: KeyProvider) -> int:
        """Wrap every data key with the active key of `keys`; returns how many were changed.

        Content is not touched. If this is cut off, both keys are needed until it is run again.
        """
        changed = 0
        for scope in [*self.scopes(), STORE]:
            found = self._wrapped(scope)
            assert found is not None
            if found[0] == keys.active:
                continue
            self._write(scope, keys.unwrap(found[0], found[1], _context(scope)), keep=False, keys=keys)
            changed += 1
        self.keys = keys
        return changed

    def key_ids(self) -> dict[str, int]:
        """Which key-encryption keys are needed, with the number of data keys that each wraps."""
        counts: dict[str, int] = {}
        for scope in [*self.scopes(), STORE]:
            found = self._wrapped(scope)
            if found is not None:
                counts[found[0]] = counts.get(found[0], 0) + 1
        return counts

    def _write(self, scope: str, data_key: bytes, *, keep: bool, keys: KeyProvider | None = None) -> None:
        provider = keys or self.keys
        wrapped = provider.wrap(data_key, _context(scope))
        body = json.dumps({"key": provider.active, "wrapped": base64.b64encode(wrapped).decode()}).encode()
        path = self._path(scope)
        if not keep:
            write_private(path, body)
            return
        made = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        write_private(made, body)
        try:
            os.link(made, path)  # another process may have made it at the same time: the first one stays
        except FileExistsError:
            return
        finally:
            made.unlink()
            sync_folder(self._directory)

    def _wrapped(self, scope: str) -> tuple[str, bytes] | None:
        path = self._path(scope)
        if not path.exists():
            return None
        try:
            body = json.loads(path.read_bytes())
            return str(body["key"]), base64.b64decode(body["wrapped"], validate=True)
        except (ValueError, KeyError, TypeError):
            raise KeyMissing(f"The data key {path.name} was altered; what it protects cannot be read.") from None

    def _gone(self, scope: str) -> str | None:
        path = self._path(scope).with_suffix(".shredded")
        return path.read_text(encoding="utf-8") if path.exists() else None

    def _path(self, scope: str) -> Path:
        if not _SCOPE.match(scope):
            raise KeyMissing("That is not the name of a case in this store.")
        return self._directory / f"{scope}.key"


def _context(scope: str) -> bytes:
    return b"consilium-data-key|" + scope.encode()


def _derived(key: bytes, purpose: bytes, length: int = KEY_BYTES) -> bytes:
    return HKDF(SHA256(), length, None, b"consilium/1/" + purpose).derive(key)
