"""Who a request comes from, and which cases are open to them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import Headers

from agent.casefiles import CaseFiles, scope_of
from agent.runs import RunStore
from agent.server.security import Sessions
from agent.trust.accounts import Account, Accounts
from agent.trust.audit import Action, AuditLog
from agent.trust.careteam import CareTeams
from agent.trust.identity import OIDC_USER, Actor, local_actor, nobody
from agent.trust.oidc import Provider
from agent.trust.quota import Quota
from agent.trust.rows import SealedRows
from agent.trust.sessions import Session, StoredSessions, session_name
from knowledge.errors import ToolFailed, ToolRetry

SIGNING_S = 300.0
NOT_OPEN = "There is no such case or run, or it is not open to you."


@dataclass(frozen=True)
class Access:
    """Everything that decides whether a request is answered.

    Attributes:
        audit: the record of who did what.
        oidc: the provider that people may log in with; None if none is set up.
        link: the one-time link and the key of this machine's user, void once there is an account (`open_link`); None
            where there were accounts from the start.
        secure: whether the service speaks TLS, so that cookies are marked for it.
        hosts: the names under which the service answers.
    """

    store: RunStore
    accounts: Accounts
    sessions: StoredSessions
    teams: CareTeams
    quota: Quota
    audit: AuditLog
    link: Sessions | None
    oidc: Provider | None = None
    secure: bool = False
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"})

    @classmethod
    def of(
        cls,
        store: RunStore,
        link: Sessions | None,
        *,
        oidc: Provider | None = None,
        secure: bool = False,
        hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"}),
    ) -> Access:
        """The access to a store, with what is kept in it."""
        rows, seal = SealedRows(store.directory / "access.sqlite"), store.vault.store
        return cls(
            store=store,
            accounts=Accounts(rows, seal),
            sessions=StoredSessions(rows, seal),
            teams=CareTeams(rows, store.vault),
            quota=Quota(),
            audit=AuditLog(store.directory, store.vault),
            link=link,
            oidc=oidc,
            secure=secure,
            hosts=hosts,
        )

    @property
    def has_people(self) -> bool:
        """Whether somebody can log in without the link."""
        return self.oidc is not None or self.accounts.any()

    @property
    def open_link(self) -> Sessions | None:
        """The link and the key of this machine's user; None as soon as somebody can log in with an account."""
        return None if self.link is None or self.accounts.any() else self.link

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. `__Host-`: browsers take it from this host by TLS only."""
        return "__Host-consilium_session" if self.secure else "consilium_session"

    @property
    def csrf_cookie(self) -> str:
        """The name of the cookie from which the page reads what it sends with every change."""
        return "__Host-consilium_csrf" if self.secure else "consilium_csrf"

    def session_secret(self, headers: Headers) -> str:
        """The secret in the session's cookie; empty if there is none."""
        cookies = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return ""
        morsel = cookies.get(self.cookie)
        return morsel.value if morsel is not None else ""

    def recognise(self, headers: Headers, address: str, *, used: bool = True) -> Actor:
        """Who a request comes from. An Authorization header counts alone: a wrong one is not mended by a cookie.

        Args:
            used: whether this counts as use of the session, which keeps it from idling.
        """
        given = headers.get("authorization")
        if given is not None:
            scheme, _, secret = given.partition(" ")
            return self._program(secret.strip(), address) if scheme.lower() == "bearer" else nobody(address)
        secret, link = self.session_secret(headers), self.open_link
        if link is not None and link.knows(secret):
            return local_actor(session_name(secret), address)
        session = self.sessions.find(secret, used=used) if secret else None
        return nobody(address) if session is None else self._person(session, session_name(secret), address)

    def _program(self, secret: str, address: str) -> Actor:
        link = self.open_link
        if link is not None and link.is_key(secret):
            return local_actor("key", address)
        if self.oidc is not None and secret.count(".") == 2:
            return _by_token(self.oidc, secret, address)
        account = self.accounts.of_key(secret)
        if account is None:
            return nobody(address)
        return Actor(
            user=account.name,
            role="service",
            session=session_name(secret),
            address=address,
            name=account.shown_name,
            means="token",
            scopes=account.scopes,
        )

    def _person(self, session: Session, name: str, address: str) -> Actor:
        """The person of a session, with the role that their account has at this moment."""
        role, shown = session.role, session.shown_name
        if session.means == "password":
            account = self.accounts.find(session.user)
            if account is None or account.disabled:
                return nobody(address)
            role, shown = account.role, account.shown_name
        return Actor(
            user=session.user,
            role=role,
            session=name,
            address=address,
            name=shown,
            means=session.means,
            signed_in=session.signed_in,
        )

    def scope_of_run(self, run_id: str) -> str | None:
        """The name in the vault of the case that a run is of; None if there is no such run."""
        return self.store.scope(run_id) if self.store.find(run_id) is not None else None

    def scope_of_case(self, case_id: str) -> str | None:
        """The name in the vault of an uploaded case; None if there is no such case."""
        files = CaseFiles(self.store.directory / "cases", self.store.vault)
        return scope_of(case_id) if files.exists(case_id) else None

    def allows(self, actor: Actor, scope: str | None) -> bool:
        """Whether a case is there and open to an actor."""
        try:
            return scope is not None and self.teams.allows(actor, scope)
        except ToolFailed:
            return False

    def record(
        self,
        actor: Actor,
        action: Action,
        name: str,
        *,
        case: str = "",
        run: str = "",
        account: str = "",
        reason: str = "",
    ) -> None:
        """Add a row to the audit record, where only the route knows of what. Raises `AuditUnavailable`."""
        self.audit.append(actor, action, name, case=case, run=run, account=account, reason=reason)

    def change_team(self, actor: Actor, scope: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Enter people into the care team of a case, and take people out; each stands in the audit record.

        Raises:
            ToolRetry, ToolFailed: somebody cannot be entered, or the last one taken out.
        """
        for user in add:
            self.known_member(user)
        for user in add:
            self.record(actor, Action.ACCESS_CHANGED, "team.add", case=scope, account=user)
            self.teams.add(scope, user)
        for user in remove:
            team = self.teams.team(scope)
            if user in (*team.members, *(one.user for one in team.emergencies)):
                self.record(actor, Action.ACCESS_CHANGED, "team.remove", case=scope, account=user)
                self.teams.remove(scope, user)

    def known_member(self, user: str) -> None:
        """Raises `ToolRetry` for somebody who cannot belong to a care team."""
        account = self.accounts.find(user)
        if re.fullmatch(OIDC_USER, user) is None and (account is None or account.role == "admin"):
            raise ToolRetry(f"There is no account {user!r} that may belong to a care team.")

    def signer(self, actor: Actor, given: str, password: str | None) -> str:
        """The name that is put under a draft, after the person has proved again who they are.

        On this machine it is the name that was given; an account signs with its own.
        """
        if actor.local:
            return given
        if actor.means == "password":
            account: Account = self.accounts.log_in(actor.user, password or "")
            return account.shown_name
        if actor.means == "oidc" and abs(time.time() - actor.signed_in) < SIGNING_S:
            return actor.name or actor.user
        if actor.means == "oidc":
            raise HTTPException(401, "Log in again at your provider; a signature needs a login within five minutes.")
        raise HTTPException(403, "A program does not sign.")


def _by_token(oidc: Provider, token: str, address: str) -> Actor:
    try:
        found = oidc.bearer(token)
    except ToolFailed:
        return nobody(address)
    return Actor(
        user=found.user,
        role=found.role,
        session=session_name(token),
        address=address,
        name=found.name,
        means="token",
        scopes=found.scopes,
    )


def access_of(request: Request) -> Access:
    """The access of the application that a request came to."""
    access: Access = request.app.state.access
    return access


TheAccess = Annotated[Access, Depends(access_of)]
