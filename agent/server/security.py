"""Who may speak to the service: one person on this machine, by a link that works once, or by a key.

The link gives a session cookie that no script can read and no other site can send. Requests that change something
must come from the page itself (Origin), unless they carry the key. Only 127.0.0.1 and localhost are answered to, so
that no other name can be made to point here.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import traceback
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.trust.identity import Actor, local_actor

LOG = logging.getLogger("consilium.server")
COOKIE = "consilium_session"
HOSTS = frozenset({"127.0.0.1", "localhost"})
GUARDED = ("/api/", "/v1/")
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


class Sessions:
    """The link, the key and the sessions of one process; nothing of it is stored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._link: str | None = secrets.token_urlsafe(32)
        self._sessions: set[str] = set()
        self.key = secrets.token_urlsafe(32)

    @property
    def link_token(self) -> str | None:
        """What the link carries; None once it was used."""
        return self._link

    def log_in(self, token: str) -> str | None:
        """A new session for the link's token, which is void from then on; None for any other token."""
        with self._lock:
            if self._link is None or not hmac.compare_digest(token.encode(), self._link.encode()):
                return None
            self._link = None
            session = secrets.token_urlsafe(32)
            self._sessions.add(session)
            return session

    def session_of(self, header: str) -> str | None:
        """The name of the session of this process that a Cookie header holds, or None."""
        cookies = SimpleCookie()
        try:
            cookies.load(header)
        except CookieError:
            return None
        morsel = cookies.get(COOKIE)
        return session_name(morsel.value) if morsel is not None and morsel.value in self._sessions else None

    def knows_key(self, header: str) -> bool:
        """Whether an Authorization header holds the key."""
        scheme, _, given = header.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.key.encode())


def session_name(secret: str) -> str:
    """What a session is called in records: it tells sessions apart and opens none."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


class Guard:
    """ASGI middleware: host, session, origin, headers; an unexpected error becomes a 500 without its text."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request, pass it on, and add headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}, line {where.lineno}"
            LOG.error("%s in %s", type(error).__name__, place)
            if started:
                raise ConnectionAbortedError from None
            message = (
                f"This is a bug in Consilium ({type(error).__name__} in {place}). Nothing that was stored is lost."
            )
            await trouble(500, "bug", message)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host.rsplit(":", 1)[0] not in HOSTS:
            return trouble(421, "refused", "This service answers to 127.0.0.1 and localhost only.")
        if not scope["path"].startswith(GUARDED):
            return None
        address = scope["client"][0] if scope.get("client") else ""
        if self._sessions.knows_key(headers.get("authorization", "")):
            _let_in(scope, local_actor("key", address))
            return None
        session = self._sessions.session_of(headers.get("cookie", ""))
        if session is None:
            return trouble(401, "refused", "Open the link that `consilium serve` printed.")
        if scope["method"] not in ("GET", "HEAD") and headers.get("origin") != f"http://{host}":
            return trouble(403, "refused", "This request does not come from the page.")
        _let_in(scope, local_actor(session, address))
        return None


def _let_in(scope: Scope, actor: Actor) -> None:
    scope.setdefault("state", {})["actor"] = actor


def trouble(
    status: int,
    kind: Literal["retry", "failed", "bad_input", "unknown", "busy", "refused", "bug"],
    message: str,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error as the service sends it."""
    return JSONResponse({"kind": kind, "message": message}, status_code=status, headers=headers)


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    if not path.startswith("/assets/"):
        headers["Cache-Control"] = "no-store"
