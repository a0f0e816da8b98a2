"""The link and the key of this machine's user, and the headers of every answer.

The link works once and for a quarter of an hour; it gives a session cookie that no script can read and no other site
can send.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from typing import Literal

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse

LINK_S = 15 * 60.0
LOCAL_SESSION_S = 12 * 3600.0
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STRICT_TRANSPORT = "max-age=31536000"


class Sessions:
    """The link, the key and the sessions of one process; nothing of it is stored."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock, self._clock = threading.Lock(), clock
        self._link: str | None = secrets.token_urlsafe(32)
        self._made = clock()
        self._sessions: dict[str, float] = {}
        self.key = secrets.token_urlsafe(32)

    @property
    def link_token(self) -> str | None:
        """What the link carries; None once it was used."""
        return self._link

    def log_in(self, token: str) -> str | None:
        """A new session for the link's token, which is void from then on; None for any other token, or a late one."""
        with self._lock:
            if self._link is None or not hmac.compare_digest(token.encode(), self._link.encode()):
                return None
            self._link = None
            if self._clock() - self._made > LINK_S:
                return None
            session = secrets.token_urlsafe(32)
            self._sessions[session] = self._clock()
            return session

    def knows(self, secret: str) -> bool:
        """Whether a session of this process has that secret; it lasts twelve hours."""
        started = self._sessions.get(secret)
        return started is not None and self._clock() - started < LOCAL_SESSION_S

    def end(self, secret: str) -> None:
        """End a session."""
        self._sessions.pop(secret, None)

    def is_key(self, given: str) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(given.encode(), self.key.encode())


def trouble(
    status: int,
    kind: Literal["retry", "failed", "bad_input", "unknown", "busy", "refused", "bug"],
    message: str,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error as the service sends it."""
    return JSONResponse({"kind": kind, "message": message}, status_code=status, headers=headers)


def add_headers(headers: MutableHeaders, path: str, *, secure: bool) -> None:
    """What every answer carries; `secure`: the service speaks TLS and is to be spoken to by nothing else."""
    for name, value in HEADERS.items():
        headers[name] = value
    if secure:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    if not path.startswith("/assets/"):
        headers["Cache-Control"] = "no-store"
