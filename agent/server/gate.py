"""Every request passes here before the application sees it: host, limits, who it is, the policy table, the case."""

from __future__ import annotations

import hmac
import logging
import math
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.server.access import NOT_OPEN, Access
from agent.server.deidentified import Deidentifying
from agent.server.passage import Passage
from agent.server.security import add_headers, trouble
from agent.trust.audit import AuditUnavailable
from agent.trust.identity import nobody
from agent.trust.policy import Listed, listed, permits
from agent.trust.quota import MIB, TooMany, origin
from agent.trust.sessions import csrf_token

LOG = logging.getLogger("consilium.server")
CSRF_HEADER = "x-csrf-token"
GUARDED = ("/api/", "/v1/")
UPLOAD = ("PUT", "/api/cases/{case_id}/file")
_SAFE = ("GET", "HEAD")
_WORK = ("case.run", "case.compute")
_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1
WATCHED_EVERY_S = 1.0
MOST_BODY_BYTES = 8 * MIB  # of a request that carries no file
MOST_PUBLIC_BODY_BYTES = 64 * 1024  # of one that needs no login


class Gate:
    """ASGI middleware. What it found stands in the state of each request, refused or not: `actor`, `passage`.

    `record` is told of each request before it is let in (its status is 0), and of refusals and failures before they are
    answered. If it raises `AuditUnavailable` the request is not let in.
    """

    def __init__(self, app: ASGIApp, access: Access, record: Callable[[Passage], None]) -> None:
        self._app, self._access, self._record = app, access, record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Decide on the request, pass it on, and add headers to the answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        passage = Passage(nobody(_address(scope)), scope["method"])
        answered = Answered(scope["path"], send, self._access.secure, passage, self._record)
        state = scope.setdefault("state", {})
        state["passage"] = passage
        refusal = await run_in_threadpool(self._refusal, scope, passage)
        state["actor"] = passage.actor
        try:
            if refusal is not None:
                passage.refused = True
                await refusal(scope, receive, answered.send)
                return
            await run_in_threadpool(self._record, passage)
            onward = Watched(scope, self._access, passage, answered).send
            if passage.actor.role == "researcher" and passage.permission.startswith("case."):
                onward = Deidentifying(self._access.store, passage.named.get("run_id"), answered.send).send
            await self._app(scope, self._counted(receive, passage), onward)
        except TooMany as error:
            await _too_many(error)(scope, receive, answered.send)
        except AuditUnavailable as error:
            await trouble(503, "failed", str(error))(scope, receive, answered.send)
        except Exception as error:
            if not answered.ended:
                await _bug(error, answered)(scope, receive, answered.send)

    def _refusal(self, scope: Scope, passage: Passage) -> JSONResponse | None:
        """Why the request is not answered, or None; fills `passage`."""
        headers, access = Headers(scope=scope), self._access
        host = headers.get("host", "").lower()
        if len(headers.getlist("host")) != 1 or host.rsplit(":", 1)[0] not in access.hosts:
            return trouble(421, "refused", f"This service answers to {' and '.join(sorted(access.hosts))} only.")
        found = listed(scope["method"], scope["path"])
        if isinstance(found, Listed):
            passage.template, passage.rule, passage.named = found.template, found.rule, found.named
        try:
            passage.actor = access.recognise(headers, passage.actor.address)
            self._count(passage)
        except TooMany as error:
            return _too_many(error)
        public = isinstance(found, Listed) and found.rule.permission == "public"
        if passage.actor.role == "none" and not public and scope["path"].startswith(GUARDED):
            return trouble(401, "refused", _how_to_log_in(access))
        if not isinstance(found, Listed):
            known = found is not None
            return trouble(405 if known else 404, "unknown", "There is nothing of that kind here.")
        return (
            _too_long(headers, passage) or self._foreign(scope, headers, host, passage) or self._closed(found, passage)
        )

    def _foreign(self, scope: Scope, headers: Headers, host: str, passage: Passage) -> JSONResponse | None:
        """A change that a browser sends must come from the page itself."""
        if scope["method"] in _SAFE or "authorization" in headers:
            return None
        if headers.get("origin") != f"{scope['scheme']}://{host}":
            return trouble(403, "refused", "This request does not come from the page.")
        secret = self._access.session_secret(headers)
        if passage.actor.role == "none" or hmac.compare_digest(
            headers.get(CSRF_HEADER, "").encode(), csrf_token(secret).encode()
        ):
            return None
        return trouble(403, "refused", "This request does not carry the token of the page. Load the page again.")

    def _closed(self, found: Listed, passage: Passage) -> JSONResponse | None:
        """What the policy says against the request."""
        access, named, subject = self._access, found.named, found.rule.subject
        scope = None
        if subject in ("run", "case"):
            by_run = subject == "run"
            scope = access.scope_of_run(named["run_id"]) if by_run else access.scope_of_case(named["case_id"])
            passage.case = scope or ""
        if not permits(passage.actor, found.rule):
            return trouble(403, "refused", f"As {passage.actor.role} you may not do this.")
        if subject not in ("run", "case") or access.allows(passage.actor, scope):
            return None
        return trouble(404, "unknown", NOT_OPEN)

    def _count(self, passage: Passage) -> None:
        """Raises `TooMany`."""
        actor, quota = passage.actor, self._access.quota
        if actor.local:
            return
        where = origin(actor.address)
        quota.use("address", where)
        if passage.template in ("/login", "/oidc/callback") or (passage.method, passage.template) == (
            "POST",
            "/api/session",
        ):
            quota.use("login", where)
        quota.use("requests", actor.user)
        if passage.permission in _WORK and passage.method == "POST":
            quota.use("work", actor.user)

    def _counted(self, receive: Receive, passage: Passage) -> Receive:
        """`receive`, which ends where more comes than the route takes; what is uploaded is counted MiB by MiB."""
        most, actor = _most_bytes(passage), passage.actor
        left = total = 0

        async def counted() -> Message:
            nonlocal left, total
            message = await receive()
            got = len(message.get("body", b""))
            total += got
            if total > most:
                raise HTTPException(413, _too_large(passage))
            full, left = divmod(left + got, MIB)
            if full and not actor.local:
                self._access.quota.use("upload", actor.user or origin(actor.address), full)
            return message

        return counted


class Watched:
    """Sends an answer on that comes in pieces for as long as its case is open to who asked.

    An answer that takes long (events, a streamed chat) ends within a second or two of its next piece after the person
    was taken out of the care team, lost their role, logged out, or emergency access ran out.
    """

    def __init__(self, scope: Scope, access: Access, passage: Passage, answered: Answered) -> None:
        self._headers, self._access, self._passage = Headers(scope=scope), access, passage
        self._answered, self._checked = answered, time.monotonic()

    async def send(self, message: Message) -> None:
        """Pass one message on. Raises `NoLongerOpen`, after the answer was ended, once it may not go on."""
        if self._answered.ended:
            raise NoLongerOpen
        if message.get("more_body") and time.monotonic() - self._checked > WATCHED_EVERY_S:
            if not await run_in_threadpool(self._open):
                self._answered.ended = True
                await self._answered.send({"type": "http.response.body", "body": b""})
                raise NoLongerOpen
            self._checked = time.monotonic()
        await self._answered.send(message)

    def _open(self) -> bool:
        passage, access = self._passage, self._access
        now = access.recognise(self._headers, passage.actor.address, used=False)
        same = now.user == passage.actor.user and passage.rule is not None and permits(now, passage.rule)
        return same and (not passage.case or access.allows(now, passage.case))


class NoLongerOpen(Exception):
    """The case of an answer was closed to who asked while it was being sent."""


class Answered:
    """Sends the answer on with headers, and notes its status."""

    def __init__(
        self, path: str, send: Send, secure: bool, passage: Passage, record: Callable[[Passage], None]
    ) -> None:
        self._path, self._send, self._secure, self._passage, self._record = path, send, secure, passage, record
        self.started = self.ended = False

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.started = True
            self._passage.status = message["status"]
            if message["status"] >= 400:
                await run_in_threadpool(self._record, self._passage)
            add_headers(MutableHeaders(scope=message), self._path, secure=self._secure)
        await self._send(message)


def _bug(error: Exception, answered: Answered) -> JSONResponse:
    """A 500 without the text of the error, which may quote the case."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}, line {where.lineno}"
    LOG.error("%s in %s", type(error).__name__, place)
    if answered.started:
        raise ConnectionAbortedError from None
    message = f"This is a bug in Consilium ({type(error).__name__} in {place}). Nothing that was stored is lost."
    return trouble(500, "bug", message)


def _most_bytes(passage: Passage) -> float:
    """How long the body of a request may be; of a file the route says so itself."""
    if (passage.method, passage.template) == UPLOAD:
        return math.inf
    return MOST_PUBLIC_BODY_BYTES if passage.permission == "public" else MOST_BODY_BYTES


def _too_long(headers: Headers, passage: Passage) -> JSONResponse | None:
    """A refusal of a body that says itself that it is too long."""
    length = headers.get("content-length", "")
    long = length.isdecimal() and int(length) > _most_bytes(passage)
    return trouble(413, "retry", _too_large(passage)) if long else None


def _too_large(passage: Passage) -> str:
    return f"The body of this request may have at most {_most_bytes(passage)} bytes."


def _too_many(error: TooMany) -> JSONResponse:
    message = "Too much was asked in a short time. Try again later."
    return trouble(429, "busy", message, {"Retry-After": str(error.retry_after_s)})


def _how_to_log_in(access: Access) -> str:
    return "Log in." if access.open_link is None else "Open the link that `consilium serve` printed."


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
