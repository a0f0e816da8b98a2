"""Every request passes here before the application sees it: host, limits, who it is, the policy table, the case."""

from __future__ import annotations

import hmac
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.server.access import NOT_OPEN, Access
from agent.server.deidentified import Deidentifying
from agent.server.security import add_headers, trouble
from agent.trust.audit import AuditUnavailable
from agent.trust.identity import Actor, nobody
from agent.trust.policy import Listed, listed, permits
from agent.trust.quota import MIB, TooMany
from agent.trust.sessions import csrf_token

LOG = logging.getLogger("consilium.server")
CSRF_HEADER = "x-csrf-token"
GUARDED = ("/api/", "/v1/")
_SAFE = ("GET", "HEAD")
_WORK = ("case.run", "case.compute")


@dataclass
class Passage:
    """One request: who, what, on which case (its name in the vault), and whether it was refused here, and with what."""

    actor: Actor
    method: str
    template: str = ""
    permission: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    case: str = ""
    status: int = 0
    refused: bool = False


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
        if scope["type"] != "http":
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
            onward = answered.send
            if passage.actor.role == "researcher" and passage.permission.startswith("case."):
                onward = Deidentifying(self._access.store, passage.named.get("run_id"), answered.send).send
            await self._app(scope, self._counted(receive, passage.actor), onward)
        except TooMany as error:
            await _too_many(error)(scope, receive, answered.send)
        except AuditUnavailable as error:
            await trouble(503, "failed", str(error))(scope, receive, answered.send)
        except Exception as error:
            await _bug(error, answered)(scope, receive, answered.send)

    def _refusal(self, scope: Scope, passage: Passage) -> JSONResponse | None:
        """Why the request is not answered, or None; fills `passage`."""
        headers, access = Headers(scope=scope), self._access
        host = headers.get("host", "").lower()
        if host.rsplit(":", 1)[0] not in access.hosts:
            return trouble(421, "refused", f"This service answers to {' and '.join(sorted(access.hosts))} only.")
        found = listed(scope["method"], scope["path"])
        if isinstance(found, Listed):
            passage.template, passage.permission, passage.named = found.template, found.rule.permission, found.named
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
        return self._foreign(scope, headers, host, passage) or self._closed(found, passage)

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
        if not permits(passage.actor, found.rule):
            return trouble(403, "refused", f"As {passage.actor.role} you may not do this.")
        if found.rule.subject not in ("run", "case"):
            return None
        by_run = found.rule.subject == "run"
        access, named = self._access, found.named
        scope = access.scope_of_run(named["run_id"]) if by_run else access.scope_of_case(named["case_id"])
        passage.case = scope or ""
        return None if access.allows(passage.actor, scope) else trouble(404, "unknown", NOT_OPEN)

    def _count(self, passage: Passage) -> None:
        """Raises `TooMany`."""
        actor, quota = passage.actor, self._access.quota
        if actor.local:
            return
        quota.use("address", actor.address)
        if passage.template in ("/login", "/oidc/callback") or (passage.method, passage.template) == (
            "POST",
            "/api/session",
        ):
            quota.use("login", actor.address)
        quota.use("requests", actor.user)
        if passage.permission in _WORK and passage.method == "POST":
            quota.use("work", actor.user)

    def _counted(self, receive: Receive, actor: Actor) -> Receive:
        """`receive`, with what is uploaded counted MiB by MiB."""
        if actor.local:
            return receive
        left = 0

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left += len(message.get("body", b""))
            full, left = divmod(left, MIB)
            if full:
                self._access.quota.use("upload", actor.user or actor.address, full)
            return message

        return counted


class Answered:
    """Sends the answer on with headers, and notes its status."""

    def __init__(
        self, path: str, send: Send, secure: bool, passage: Passage, record: Callable[[Passage], None]
    ) -> None:
        self._path, self._send, self._secure, self._passage, self._record = path, send, secure, passage, record
        self.started = False

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


def _too_many(error: TooMany) -> JSONResponse:
    message = "Too much was asked in a short time. Try again later."
    return trouble(429, "busy", message, {"Retry-After": str(error.retry_after_s)})


def _how_to_log_in(access: Access) -> str:
    return "Log in." if access.link is None else "Open the link that `consilium serve` printed."


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
