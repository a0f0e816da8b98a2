"""Local accounts: Argon2id password hashes, lock-out with back-off, keys for programs. Stored encrypted.

A person has one role, so that nobody who administers reads cases. Passwords follow NIST SP 800-63B-4 (length over
composition, no periodic change); hashes RFC 9106 by argon2-cffi's defaults.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from agent.trust.identity import ACCOUNT_NAME, Role
from agent.trust.rows import SealedRows
from agent.trust.vault import CaseSeal
from knowledge.errors import ToolFailed, ToolRetry
from tools.evidence import Record

KIND = "account"
FREE_FAILURES = 5
FIRST_LOCK_S = 60.0
LONGEST_LOCK_S = 15 * 60.0
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
_FEWEST_CHARACTERS = 5
_NAME = re.compile(rf"^{ACCOUNT_NAME}\Z")
_OBVIOUS = ("password", "passwort", "consilium", "qwerty", "123456", "letmein")
_KEY_START = "consilium_"


class Refused(ToolFailed):
    """The login was refused. The text is the same whatever the reason."""

    def __init__(self) -> None:
        super().__init__(
            f"The name or the password is wrong. After {FREE_FAILURES} failures an account is closed for a while."
        )


class Account(Record):
    """One account. Times are seconds since 1970; `key_hash` is set for a program (role `service`)."""

    name: str
    shown_name: str
    role: Role
    password_hash: str = ""
    key_hash: str = ""
    scopes: frozenset[str] = frozenset()
    disabled: bool = False
    failures: int = 0
    locked_until: float = 0.0
    created: dt.datetime
    password_set: float = 0.0


class Accounts:
    """All accounts of a store."""

    def __init__(self, rows: SealedRows, seal: CaseSeal, clock: Callable[[], float] = time.time) -> None:
        self._rows, self._seal, self._clock = rows, seal, clock

    def all(self) -> list[Account]:
        """Every account, by name."""
        found = (self._rows.get(self._seal, KIND, key) for key in self._rows.keys(KIND))
        return sorted((Account.model_validate_json(body) for body in found if body), key=lambda account: account.name)

    def any(self) -> bool:
        """Whether somebody can log in with an account."""
        return any(not account.disabled for account in self.all())

    def find(self, name: str) -> Account | None:
        """The account of that name."""
        body = self._rows.get(self._seal, KIND, self._key(name)) if _NAME.match(name) else None
        return None if body is None else Account.model_validate_json(body)

    def add(self, name: str, role: Role, password: str, shown_name: str = "") -> Account:
        """A new account of a person. Raises `ToolRetry` if the name is taken or name or password do not do."""
        check_password(password, name)
        made = self._new(name, role, shown_name).model_copy(
            update={"password_hash": _hasher().hash(password), "password_set": self._clock()}
        )
        return self._insert(made)

    def add_program(self, name: str, scopes: frozenset[str], shown_name: str = "") -> tuple[Account, str]:
        """A new account of a program, with its key, which is stored as a hash only."""
        secret = secrets.token_urlsafe(32)
        account = self._new(name, "service", shown_name)
        made = account.model_copy(update={"key_hash": _hash(secret), "scopes": scopes})
        return self._insert(made), f"{_KEY_START}{name}_{secret}"

    def log_in(self, name: str, password: str) -> Account:
        """The account, if the password is right and it is open. Raises `Refused`; each failure counts."""
        account = self.find(name)
        if account is None or not account.password_hash:
            _matches(_nobody(), password)  # takes as long as for an account that is there
            raise Refused
        if account.disabled or account.locked_until > self._clock():
            _matches(_nobody(), password)
            raise Refused
        if not _matches(account.password_hash, password):
            self._change(name, self._failed)
            raise Refused
        changes: dict[str, object] = {"failures": 0, "locked_until": 0.0}
        if _hasher().check_needs_rehash(account.password_hash):
            changes["password_hash"] = _hasher().hash(password)
        return self._change(name, lambda found: found.model_copy(update=changes))

    def of_key(self, key: str) -> Account | None:
        """The account of the program that holds a key, if it is open."""
        name, _, secret = key.removeprefix(_KEY_START).partition("_")
        account = self.find(name) if key.startswith(_KEY_START) else None
        if account is None or account.disabled or not account.key_hash:
            return None
        return account if hmac.compare_digest(account.key_hash, _hash(secret)) else None

    def set_password(self, name: str, password: str) -> Account:
        """Set another password, which also ends a lock-out. Raises `ToolRetry`."""
        check_password(password, name)
        changes = {
            "password_hash": _hasher().hash(password),
            "password_set": self._clock(),
            "failures": 0,
            "locked_until": 0.0,
        }
        return self._change(name, lambda found: _person(found).model_copy(update=changes))

    def set_role(self, name: str, role: Role) -> Account:
        """Give a person another role. Raises `ToolRetry` if a program would become a person or the reverse."""
        if role == "service":
            raise ToolRetry("A program has an account of its own: accounts add NAME --role service.")
        return self._change(name, lambda found: _person(found).model_copy(update={"role": role}))

    def disable(self, name: str, *, disabled: bool = True) -> Account:
        """Close an account, or open it again."""
        return self._change(name, lambda found: found.model_copy(update={"disabled": disabled}))

    def unlock(self, name: str) -> Account:
        """End a lock-out."""
        return self._change(name, lambda found: found.model_copy(update={"failures": 0, "locked_until": 0.0}))

    def _new(self, name: str, role: Role, shown_name: str) -> Account:
        check_name(name)
        if role == "service" and "_" in name:
            raise ToolRetry("The name of a program holds no underscore.")
        created = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        return Account(name=name, shown_name=shown_name.strip() or name, role=role, created=created)

    def _insert(self, made: Account) -> Account:
        def change(before: str | None) -> str:
            if before is not None:
                raise ToolRetry(f"There is an account {made.name!r} already.")
            return made.model_dump_json()

        self._rows.change(self._seal, KIND, self._key(made.name), change)
        return made

    def _failed(self, account: Account) -> Account:
        failures = account.failures + 1
        over = failures - FREE_FAILURES
        lock = 0.0 if over < 0 else self._clock() + min(FIRST_LOCK_S * 2**over, LONGEST_LOCK_S)
        return account.model_copy(update={"failures": failures, "locked_until": lock})

    def _change(self, name: str, change: Callable[[Account], Account]) -> Account:
        made: list[Account] = []

        def changed(before: str | None) -> str:
            if before is None:
                raise ToolRetry(f"There is no account {name!r}. `consilium accounts list` shows them.")
            made.append(change(Account.model_validate_json(before)))
            return made[-1].model_dump_json()

        self._rows.change(self._seal, KIND, self._key(name), changed)
        return made[-1]

    def _key(self, name: str) -> str:
        return self._seal.blind(f"account {name}")


def check_name(name: str) -> None:
    """Raises `ToolRetry` if this cannot be the name of an account."""
    if not _NAME.match(name):
        raise ToolRetry(f"{name!r} is no account name: small letters, digits, dot, hyphen, underscore, at most 64.")


def check_password(password: str, name: str) -> None:
    """Raises `ToolRetry` if a password is too short, too long or obvious."""
    lowered = password.lower()
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ToolRetry(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; any are allowed.")
    if len(set(lowered)) < _FEWEST_CHARACTERS or name in lowered or any(word in lowered for word in _OBVIOUS):
        raise ToolRetry("This password is easy to guess; take several unrelated words.")


def _person(account: Account) -> Account:
    if account.role == "service":
        raise ToolRetry(f"{account.name} is a program: it has a key, and its role cannot be changed.")
    return account


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
