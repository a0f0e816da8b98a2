"""The audit record: who saw, ran, changed, exported or signed what. Rows are only ever added.

Each row holds the SHA-256 of the row before it and is signed (Ed25519, RFC 8032); the number and hash of the last row
are signed as the head. The signing key is derived from the store's data key, which the keyring wraps, so that it
outlives a change of the key-encryption key and says nothing without it. Destroying a case leaves its rows.

A row holds identifiers and words of fixed lists, and no clinical content. The one free text, the reason of an emergency
access, is kept beside the row, encrypted as its case is; the row holds the SHA-256 of that.

A row is written before the answer leaves. Where it cannot be written, `AuditUnavailable` is raised and nothing is done.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.storage import storage_words
from agent.trust.identity import ACCOUNT_NAME, OIDC_USER
from agent.trust.keys import write_private
from agent.trust.vault import Vault
from knowledge.errors import ToolFailed
from tools.evidence import Record

FIRST = "0" * 64
WAIT_SECONDS = 15.0
CASE = re.compile(r"^(|case-[0-9a-f]{16}|folder-[0-9a-f]{24}|run-\d{8}-\d{6}-[0-9a-f]{6})$")
_RUN = re.compile(r"^(|\d{8}-\d{6}-[0-9a-f]{6})$")
_WORD = re.compile(r"^[a-z0-9_.-]{0,60}$")
_ACCOUNT = re.compile(rf"^(|{ACCOUNT_NAME}|{OIDC_USER})$")
_USER_LENGTH = 300
_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL, sign BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, hash TEXT NOT NULL, sign BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS reasons (number INTEGER PRIMARY KEY, scope TEXT NOT NULL, body BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS rows_stay BEFORE UPDATE ON rows BEGIN SELECT RAISE(ABORT, 'rows are only added'); END;
CREATE TRIGGER IF NOT EXISTS rows_are_kept BEFORE DELETE ON rows BEGIN SELECT RAISE(ABORT, 'rows are only added'); END;
"""
_LATEST = """
SELECT number, body, hash, sign FROM rows
WHERE (? IS NULL OR (json_valid(body) AND json_extract(body, '$.case') = ?)) AND (? IS NULL OR number < ?)
ORDER BY number DESC LIMIT ?
"""
Outcome = Literal["allowed", "denied", "failed"]


class AuditUnavailable(ToolFailed):
    """The record of access cannot be written; what was asked for was not done."""


class Action(StrEnum):
    """What was done."""

    BEGAN = "record_begun"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGIN_FAILED = "login_failed"
    SAW = "saw"
    RAN = "ran"
    CHANGED = "changed"
    SIGNED = "signed"
    EXPORTED = "exported"
    DEIDENTIFIED = "deidentified"
    REMOVED = "removed"
    SHREDDED = "shredded"
    KEY_ROTATED = "key_rotated"
    EMERGENCY = "emergency_access"
    ACCESS_CHANGED = "access_changed"
    READ_RECORD = "read_record"


class Who(Protocol):
    """Who acts (`agent.trust.identity.Actor`)."""

    @property
    def user(self) -> str:
        """Name of the account; empty if nobody was recognised."""

    @property
    def role(self) -> str:
        """What the account may do."""

    @property
    def session(self) -> str:
        """Tells sessions of an account apart."""

    @property
    def address(self) -> str:
        """Network address; empty on this machine's terminal."""


@dataclass(frozen=True)
class Somebody:
    """Who acts, where there is no more than this to say."""

    user: str
    role: str = ""
    session: str = ""
    address: str = ""


class Entry(Record):
    """One row.

    `what` is the name of a route or command, `account` the one whose rights or password were changed, `reason` the
    SHA-256 of an encrypted reason.
    """

    number: int
    at: str
    user: str
    role: str
    session: str
    address: str
    action: Action
    what: str
    outcome: Outcome
    case: str
    run: str
    account: str = ""
    reason: str
    previous: str


class Signed(Record):
    """A row as it is kept: canonical JSON of the `Entry`, its hash, and the signature of the hash in hexadecimal."""

    number: int
    body: str
    hash: str
    signature: str

    def entry(self) -> Entry:
        """What the row says."""
        return Entry.model_validate_json(self.body)


class Head(Record):
    """Number and hash of the last row, signed together."""

    number: int
    hash: str
    signature: str


class AuditLog:
    """The record of one store. Safe for several threads and several processes."""

    def __init__(self, directory: Path, vault: Vault, clock: Callable[[], dt.datetime] | None = None) -> None:
        self.path, self.anchor = directory / "audit.sqlite", directory / "vault" / "audit.begun"
        self.vault = vault
        self._key = Ed25519PrivateKey.from_private_bytes(vault.store.signing_seed())
        self._clock = clock or (lambda: dt.datetime.now(dt.UTC))

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that signatures are checked with."""
        return self._key.public_key().public_bytes_raw()

    def append(
        self,
        who: Who,
        action: Action,
        what: str = "",
        *,
        outcome: Outcome = "allowed",
        case: str = "",
        run: str = "",
        account: str = "",
        reason: str = "",
    ) -> int:
        """Add a row; returns its number once it is on the disk.

        Args:
            what: name of the route or command.
            case: name of the case in the vault; `run`: id of the run.
            account: whose rights or password are changed.
            reason: free text, kept encrypted with the key of `case`, which then has to be given.

        Raises:
            AuditUnavailable: the row could not be written.
        """
        fields = {
            "user": _user(who.user), "role": _checked(who.role, _WORD), "session": _checked(who.session, _WORD),
            "address": _address(who.address), "action": action.value, "what": _checked(what, _WORD),
            "outcome": outcome, "case": _checked(case, CASE), "run": _checked(run, _RUN),
            "account": _checked(account, _ACCOUNT),
        }  # fmt: skip
        try:
            with self._writing() as connection:
                number, previous = self._last(connection)
                if number == 0:
                    number, previous = 1, self._add(connection, 1, previous, self._beginning())
                sealed = self._sealed(connection, number + 1, case, reason)
                self._add(connection, number + 1, previous, fields | {"reason": sealed})
            self._keep_anchor()
        except (sqlite3.Error, OSError) as error:
            raise AuditUnavailable(
                f"The record of access cannot be written ({storage_words(error)}), so nothing was done. "
                "Nothing that was stored is lost."
            ) from None
        return number + 1

    def entries(self, case: str | None = None) -> list[Signed]:
        """All rows, or those of a case (its name in the vault), in order. They are not checked."""
        where = "" if case is None else "WHERE json_valid(body) AND json_extract(body, '$.case') = ?"
        query = f"SELECT number, body, hash, sign FROM rows {where} ORDER BY number"  # noqa: S608
        with self._reading() as connection:
            found = connection.execute(query, () if case is None else (case,)).fetchall()
        return [_signed(row) for row in found]

    def latest(self, count: int, *, before: int | None = None, case: str | None = None) -> list[Signed]:
        """At most `count` rows, the last one first; of a case, or with a number below `before`. Not checked."""
        given = (case, case, before, before, count)
        with self._reading() as connection:
            return [_signed(row) for row in connection.execute(_LATEST, given)]

    def head(self) -> Head | None:
        """The signed head; None if there is none."""
        with self._reading() as connection:
            row = connection.execute("SELECT number, hash, sign FROM head").fetchone()
        return None if row is None else Head(number=row[0], hash=str(row[1]), signature=_hex(row[2]))

    def reason(self, number: int) -> tuple[str, bytes] | None:
        """Case and encrypted reason that belong to a row."""
        with self._reading() as connection:
            row = connection.execute("SELECT scope, body FROM reasons WHERE number=?", (number,)).fetchone()
        return None if row is None else (str(row[0]), bytes(row[1]))

    def _last(self, connection: sqlite3.Connection) -> tuple[int, str]:
        """Number and hash to go on from. Where rows or the head were taken away, a gap in the numbers stays."""
        row = connection.execute("SELECT number, hash FROM rows ORDER BY number DESC LIMIT 1").fetchone()
        number, digest = (0, FIRST) if row is None else (int(row[0]), str(row[1]))
        head = connection.execute("SELECT number, hash, sign FROM head").fetchone()
        if head is None:
            return (number + 1 if number else 0), digest
        try:
            self._key.public_key().verify(bytes(head[2]), head_message(head[0], head[1]))
        except (InvalidSignature, TypeError):
            return number + 1, digest
        return (int(head[0]), str(head[1])) if head[0] > number else (number, digest)

    def _beginning(self) -> dict[str, str]:
        empty = dict.fromkeys(("user", "role", "session", "address", "what", "case", "run", "account", "reason"), "")
        return empty | {"action": Action.BEGAN.value, "outcome": "allowed"}

    def _add(self, connection: sqlite3.Connection, number: int, previous: str, fields: dict[str, str]) -> str:
        at = self._clock().astimezone(dt.UTC).isoformat(timespec="microseconds")
        body = canonical({**fields, "number": number, "at": at, "previous": previous})
        digest = hashlib.sha256(body.encode()).hexdigest()
        row = (number, body, digest, self._key.sign(row_message(digest)))
        connection.execute("INSERT INTO rows VALUES (?,?,?,?)", row)
        head = (number, digest, self._key.sign(head_message(number, digest)))
        connection.execute("INSERT OR REPLACE INTO head VALUES (1,?,?,?)", head)
        return digest

    def _sealed(self, connection: sqlite3.Connection, number: int, case: str, reason: str) -> str:
        if not reason:
            return ""
        body = self.vault.seal_of(case).seal_text(reason, f"reason|{number}")
        connection.execute("INSERT INTO reasons VALUES (?,?,?)", (number, case, body))
        return hashlib.sha256(body).hexdigest()

    def _keep_anchor(self) -> None:
        """Keep the hash of the first row beside the keys, so that a record that was begun again is noticed."""
        if self.anchor.exists():
            return
        with self._reading() as connection:
            first = connection.execute("SELECT hash FROM rows WHERE number=1").fetchone()[0]
        write_private(self.anchor, str(first).encode())

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer can be in."""
        with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _statements():
                    connection.execute(statement)
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            with self._writing():
                pass
        with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as connection:
            yield connection


def canonical(fields: dict[str, object]) -> str:
    """JSON with sorted keys, no spaces and ASCII only."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def row_message(digest: str) -> bytes:
    """What is signed for a row."""
    return b"consilium-audit-row|" + digest.encode()


def head_message(number: int, digest: str) -> bytes:
    """What is signed for the head."""
    return f"consilium-audit-head|{number}|{digest}".encode()


def _statements() -> Iterator[str]:
    """The statements of the schema, each by itself: `executescript` would end the transaction."""
    waiting = ""
    for line in _SCHEMA.splitlines(keepends=True):
        waiting += line
        if sqlite3.complete_statement(waiting):
            yield waiting
            waiting = ""


def _signed(row: tuple[int, str, str, bytes]) -> Signed:
    number, body, digest, sign = row
    return Signed(number=number, body=body, hash=digest, signature=_hex(sign))


def _hex(signature: object) -> str:
    return signature.hex() if isinstance(signature, bytes) else ""


def _checked(text: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(text) is None:
        raise ValueError("not an identifier that may stand in the audit record")
    return text


def _user(text: str) -> str:
    if len(text) > _USER_LENGTH or not text.isprintable():
        raise ValueError("not an account that may stand in the audit record")
    return text


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
