"""Logging in and out: by the link of this machine, by an account, or by an OpenID Connect provider."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from agent.server.access import Access, TheAccess
from agent.server.records import LoggedOut, LogIn, NewPassword, SessionState, SignedIn
from agent.server.security import trouble
from agent.trust.accounts import Refused
from agent.trust.audit import Action
from agent.trust.identity import Actor, TheActor, local_actor
from agent.trust.policy import ROUTES, permits
from agent.trust.quota import origin
from agent.trust.sessions import csrf_token, session_name
from knowledge.errors import ToolFailed

router = APIRouter(tags=["session"])
_PAGE = "<!doctype html><html lang=en><meta charset=utf-8><title>Consilium</title>"
LINK_VOID = (
    f"{_PAGE}<p>This link was used already, is too old, or is not "
    "from this service. Start <code>consilium serve</code> again and open the link that it prints."
)
_NOT_IN = _PAGE + '<p>{why} <a href="/">Back</a>'
_STATE = "consilium_oidc"


@router.get("/login", include_in_schema=False)
def log_in_by_link(access: TheAccess, actor: TheActor, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Open a session by the link that `consilium serve` printed."""
    link = access.open_link
    session = link.log_in(token) if link is not None else None
    if session is None:
        return HTMLResponse(LINK_VOID, status_code=403)
    access.record(local_actor(session_name(session), actor.address), Action.LOGGED_IN, "link")
    return opened(RedirectResponse("/", status_code=303), access, session)


@router.get("/api/session")
def show_session(access: TheAccess, actor: TheActor) -> SessionState:
    """How one logs in here, and who is logged in."""
    there: dict[Literal["link", "password", "oidc"], bool] = {
        "link": access.open_link is not None,
        "password": access.accounts.any(),
        "oidc": access.oidc is not None,
    }
    return SessionState(ways=tuple(way for way, known in there.items() if known), actor=_signed_in(actor))


@router.get("/oidc/start", include_in_schema=False)
def begin_at_provider(request: Request, access: TheAccess, actor: TheActor, again: bool = False) -> Response:
    """Send the browser to the provider; `again` has the person prove anew who they are, to sign."""
    if access.oidc is None:
        raise HTTPException(404, "No provider is set up.")
    redirect = str(request.url.replace(path="/oidc/callback", query="", fragment=""))
    url, state = access.oidc.start(redirect, again=again, origin=origin(actor.address))
    answer = RedirectResponse(url, status_code=303)
    # Lax: the provider's page sends the browser back here, which a strict cookie would not survive.
    answer.set_cookie(
        _STATE, state, max_age=600, httponly=True, samesite="lax", secure=access.secure, path="/oidc/callback"
    )
    return answer


@router.get("/oidc/callback", include_in_schema=False)
def come_from_provider(request: Request, access: TheAccess, actor: TheActor) -> Response:
    """Open a session for whom the provider vouches."""
    if access.oidc is None:
        raise HTTPException(404, "No provider is set up.")
    try:
        person = access.oidc.finish(request.url.query, request.cookies.get(_STATE, ""))
    except ToolFailed as error:
        return HTMLResponse(_NOT_IN.format(why=html.escape(str(error))), status_code=403)
    access.record(replace(actor, user=person.user, role=person.role), Action.LOGGED_IN, "oidc")
    session = access.sessions.start(person.user, person.name, person.role, "oidc", person.signed_in)
    answer = opened(RedirectResponse("/", status_code=303), access, session)
    answer.delete_cookie(_STATE, path="/oidc/callback", secure=access.secure)
    return answer


@router.post("/api/session", status_code=204)
def log_in(given: LogIn, request: Request, access: TheAccess, actor: TheActor) -> Response:
    """Log in with an account; the session is in a cookie that no script can read."""
    try:
        account = access.accounts.log_in(given.name, given.password)
    except Refused as error:
        if access.accounts.find(given.name) is not None:
            request.state.passage.actor = replace(actor, user=given.name)  # who was tried, for the audit record
        return trouble(403, "refused", str(error))
    access.record(replace(actor, user=account.name, role=account.role), Action.LOGGED_IN, "log_in")
    session = access.sessions.start(account.name, account.shown_name, account.role, "password")
    return opened(Response(status_code=204), access, session)


@router.delete("/api/session")
def log_out(request: Request, answer: Response, access: TheAccess, actor: TheActor) -> LoggedOut:
    """End the session. Who logged in at a provider is sent there to end the session that it keeps."""
    secret = access.session_secret(request.headers)
    access.sessions.end(secret)
    if access.link is not None:
        access.link.end(secret)
    for name in (access.cookie, access.csrf_cookie):
        answer.delete_cookie(name, path="/", secure=access.secure, samesite="strict")
    if actor.means != "oidc" or access.oidc is None:
        return LoggedOut(go_to=None)
    return LoggedOut(go_to=access.oidc.leave(str(request.url.replace(path="/", query="", fragment=""))))


@router.put("/api/password", status_code=204)
def change_password(given: NewPassword, request: Request, access: TheAccess, actor: TheActor) -> Response:
    """Change the own password. All other sessions of the account end."""
    if actor.means != "password":
        raise ToolFailed("Only an account of this service has a password here.")
    try:
        access.accounts.log_in(actor.user, given.old)
    except Refused as error:
        return trouble(403, "refused", str(error))
    access.accounts.set_password(actor.user, given.new)
    access.sessions.end_all(actor.user, but=access.session_secret(request.headers))
    return Response(status_code=204)


def opened(answer: Response, access: Access, secret: str) -> Response:
    """`answer` with the cookies of a session."""
    answer.set_cookie(access.cookie, secret, httponly=True, samesite="strict", secure=access.secure, path="/")
    token = csrf_token(secret)
    answer.set_cookie(access.csrf_cookie, token, samesite="strict", secure=access.secure, path="/")
    return answer


def _signed_in(actor: Actor) -> SignedIn | None:
    if actor.role == "none":
        return None
    signing: dict[str, Literal["name", "password", "login"]]
    signing = {"local": "name", "password": "password", "oidc": "login"}
    may = tuple(sorted({rule.permission for rule in ROUTES.values() if permits(actor, rule)}))
    by = signing.get(actor.means, "nothing") if "case.sign" in may else "nothing"
    return SignedIn(user=actor.user, name=actor.name or actor.user, role=actor.role, permissions=may, signs_by=by)
