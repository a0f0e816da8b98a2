"""The key-encryption key: from a key file, the environment, or a key-management service.

Looked for in this order: `CONSILIUM_KMS` (`module:factory`, see `KeyProvider`), `CONSILIUM_KEY` (32 bytes in base64;
earlier keys in `CONSILIUM_KEYS_BEFORE`, separated by commas), `CONSILIUM_KEY_FILE` (a key file), and
`config/keyring.json` under the home, which is made on first use. A key file that others may read is refused.

Data keys are wrapped with AES-256-GCM (NIST SP 800-38D); a key is named by the first 12 hexadecimal digits of a
SHA-256 of it, so that a store can say which key it needs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from knowledge.errors import ToolFailed
from knowledge.paths import home

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = "consilium-keyring/1"


class KeyMissing(ToolFailed):
    """There is no key, or not the one that a store was encrypted with. Nothing was changed."""


@runtime_checkable
class KeyProvider(Protocol):
    """Wraps data keys. A key-management service is named by `CONSILIUM_KMS=module:factory`; the factory gives this."""

    @property
    def active(self) -> str:
        """The name of the key that new data keys are wrapped with."""
        ...

    def holds(self, key_id: str) -> bool:
        """Whether data keys wrapped with that key can be unwrapped."""
        ...

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """`data_key` under the active key, bound to `context`."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key again. Raises `KeyMissing`."""
        ...


class Keyring:
    """Key-encryption keys that are held in memory: one active, others only for unwrapping."""

    def __init__(self, active: bytes, before: tuple[bytes, ...] = (), path: Path | None = None) -> None:
        self._keys = {key_name(key): key for key in (*before, active)}
        self._active = key_name(active)
        self.path = path

    @property
    def active(self) -> str:
        """The name of the active key."""
        return self._active

    def holds(self, key_id: str) -> bool:
        """Whether the ring has that key."""
        return key_id in self._keys

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """`data_key` under the active key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._keys[self._active]).encrypt(nonce, data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key again."""
        if key_id not in self._keys:
            raise KeyMissing(f"Key {key_id} is needed; the key in use is {self._active}. Nothing was changed.")
        try:
            return AESGCM(self._keys[key_id]).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise KeyMissing(f"A data key does not open with key {key_id}: it was altered.") from None

    def renewed(self) -> Keyring:
        """A ring with a new active key that can still unwrap with the keys so far."""
        return Keyring(secrets.token_bytes(KEY_BYTES), tuple(self._keys.values()), self.path)

    def only_active(self) -> Keyring:
        """A ring without the keys that are not used any more."""
        return Keyring(self._keys[self._active], (), self.path)

    def save(self, path: Path) -> None:
        """Write the ring to a file that only its owner can read, whole or not at all."""
        body = {
            "format": FORMAT,
            "active": self._active,
            "keys": {name: base64.b64encode(key).decode() for name, key in self._keys.items()},
        }
        write_private(path, json.dumps(body, indent=1).encode())


def key_name(key: bytes) -> str:
    """The name of a key: it tells keys apart and says nothing of them."""
    return hashlib.sha256(b"consilium-key" + key).hexdigest()[:12]


def default_key_file() -> Path:
    """The key file that is made on first use."""
    return home() / "config" / "keyring.json"


def key_provider(*, create: bool, environment: Mapping[str, str] | None = None) -> KeyProvider:
    """The provider that the environment names.

    Args:
        create: make the default key file if there is none; only right where nothing is encrypted yet.

    Raises:
        KeyMissing: there is no key and none may be made, or the key file cannot be used.
    """
    given = os.environ if environment is None else environment
    if given.get("CONSILIUM_KMS"):
        return _service(given["CONSILIUM_KMS"])
    if given.get("CONSILIUM_KEY"):
        before = [_decoded(text, "CONSILIUM_KEYS_BEFORE") for text in _listed(given.get("CONSILIUM_KEYS_BEFORE", ""))]
        return Keyring(_decoded(given["CONSILIUM_KEY"], "CONSILIUM_KEY"), tuple(before))
    path = Path(given["CONSILIUM_KEY_FILE"]).expanduser() if given.get("CONSILIUM_KEY_FILE") else default_key_file()
    if not path.exists():
        if given.get("CONSILIUM_KEY_FILE") or not create:
            raise KeyMissing(
                f"There is no key file {path.name}. Put back the one that this store was made with, or name it with "
                "CONSILIUM_KEY_FILE. Nothing was changed."
            )
        _make(path)
    return read_keyring(path)


def _make(path: Path) -> None:
    """Make a key file; if another process made it at the same time, its file stays."""
    made = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    Keyring(secrets.token_bytes(KEY_BYTES)).save(made)
    try:
        os.link(made, path)
    except FileExistsError:
        return
    finally:
        made.unlink()


def read_keyring(path: Path) -> Keyring:
    """The keys in a key file. Raises `KeyMissing` if it is not a key file, or if others may read it."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise KeyMissing(f"{path.name} is not a plain file, so it is no key file of Consilium ({FORMAT}).")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise KeyMissing(f"Others may read the key file {path.name}; it is not used. Mend it: chmod 600 {path.name}")
    if found.st_uid != os.geteuid():
        raise KeyMissing(f"The key file {path.name} belongs to another user; it is not used.")
    try:
        body = json.loads(path.read_bytes())
        keys = {name: _decoded(text, path.name) for name, text in body["keys"].items()}
        active = keys.pop(body["active"])
        if body["format"] != FORMAT:
            raise KeyError("format")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeyMissing(f"{path.name} is not a key file of Consilium ({FORMAT}).") from None
    return Keyring(active, tuple(keys.values()), path)


def _service(named: str) -> KeyProvider:
    module, _, factory = named.partition(":")
    try:
        made = getattr(importlib.import_module(module), factory or "provider")()
    except (ImportError, AttributeError, ValueError):
        raise KeyMissing(f"CONSILIUM_KMS names {named!r}, which cannot be imported (module:factory).") from None
    if not isinstance(made, KeyProvider):
        raise KeyMissing(f"CONSILIUM_KMS: {named!r} does not give active, holds, wrap and unwrap.")
    return made


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMissing(f"{where} does not hold a key: {KEY_BYTES} bytes in base64 are expected.")
    return key


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, and on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring names that were made or removed in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
