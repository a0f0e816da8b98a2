"""Sessions of people who logged in. A session is stored under the hash of its secret, encrypted, and expires."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from agent.trust.identity import Means, Role
from agent.trust.rows import SealedRows
from agent.trust.vault import CaseSeal
from tools.evidence import Record

KIND = "session"
IDLE_S = 30 * 60.0
LONGEST_S = 12 * 3600.0
_TOUCH_S = 30.0
_NAME_CHARACTERS = 12


class Session(Record):
    """One session. `signed_in` is when its person last gave proof of who they are (seconds since 1970)."""

    user: str
    shown_name: str
    role: Role
    means: Means
    started: float
    seen: float
    signed_in: float

    def over(self, now: float) -> bool:
        """Whether it has expired: unused for half an hour, or twelve hours old."""
        return not (now - IDLE_S < self.seen <= now + _TOUCH_S and now - self.started < LONGEST_S)


class StoredSessions:
    """The sessions of a store."""

    def __init__(self, rows: SealedRows, seal: CaseSeal, clock: Callable[[], float] = time.time) -> None:
        self._rows, self._seal, self._clock = rows, seal, clock

    def start(self, user: str, shown_name: str, role: Role, means: Means, signed_in: float | None = None) -> str:
        """A new session; returns its secret, which is stored nowhere. Sessions that are over are removed."""
        now, secret = self._clock(), secrets.token_urlsafe(32)
        for key in self._rows.keys(KIND):
            self._open(key, now)
        proved = now if signed_in is None else signed_in
        made = Session(
            user=user, shown_name=shown_name, role=role, means=means, started=now, seen=now, signed_in=proved
        )
        self._rows.change(self._seal, KIND, _hash(secret), lambda _: made.model_dump_json())
        return secret

    def find(self, secret: str, *, used: bool = True) -> Session | None:
        """The session with that secret, unless it is over; using it (`used`) keeps it from idling."""
        key, now = _hash(secret), self._clock()
        found = self._open(key, now)
        if used and found is not None and now - found.seen > _TOUCH_S:
            self._replace(key, {"seen": now})
        return found

    def proved(self, secret: str) -> None:
        """Note that the person gave their password again."""
        self._replace(_hash(secret), {"signed_in": self._clock()})

    def end(self, secret: str) -> None:
        """End a session."""
        self._rows.remove(KIND, _hash(secret))

    def end_all(self, user: str, but: str = "") -> None:
        """End every session of a person, except the one with the secret `but`."""
        kept = _hash(but) if but else ""
        for key in self._rows.keys(KIND):
            found = self._open(key, self._clock())
            if found is not None and found.user == user and key != kept:
                self._rows.remove(KIND, key)

    def _open(self, key: str, now: float) -> Session | None:
        body = self._rows.get(self._seal, KIND, key)
        found = None if body is None else Session.model_validate_json(body)
        if found is not None and found.over(now):
            self._rows.remove(KIND, key)
            return None
        return found

    def _replace(self, key: str, changes: dict[str, float]) -> None:
        def changed(before: str | None) -> str | None:
            if before is None:
                return None
            return Session.model_validate_json(before).model_copy(update=changes).model_dump_json()

        self._rows.change(self._seal, KIND, key, changed)


def session_name(secret: str) -> str:
    """What a session is called in records: it tells sessions apart and opens none."""
    return _hash(secret)[:_NAME_CHARACTERS]


def csrf_token(secret: str) -> str:
    """What a page of that session sends with every change; another site can neither read nor make it."""
    return hmac.new(secret.encode(), b"consilium csrf", hashlib.sha256).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
