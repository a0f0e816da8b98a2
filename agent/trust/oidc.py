"""Logins by an OpenID Connect provider: the authorisation code flow with PKCE for people, bearer tokens for programs.

The flow is Authlib's, tokens are checked by PyJWT; what is accepted is decided here (OpenID Connect Core 1.0, RFC 7636,
RFC 8725, RFC 9068, RFC 9207). Settings, all by environment: `CONSILIUM_OIDC_ISSUER`, `CONSILIUM_OIDC_CLIENT_ID`,
`CONSILIUM_OIDC_SECRET_FILE` (for a confidential client), `CONSILIUM_OIDC_AUDIENCE` (of bearer tokens; without it none
is taken), `CONSILIUM_OIDC_ROLE_CLAIM` (`roles`; dots lead into objects), `CONSILIUM_OIDC_ROLES`
(`oncologists=physician,it=admin`; who has no role, or several, is not let in).
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from agent.trust.egress import client, require
from agent.trust.identity import OIDC_USER, ROLES, Role
from agent.trust.oidc_keys import ProviderKeys, verified
from agent.trust.policy import SCOPES
from knowledge.errors import ToolFailed, ToolRetry

PREFIX = "CONSILIUM_OIDC_"
PENDING_S = 600.0
MOST_PENDING = 1000
TIMEOUT_S = 10.0
SCOPE = "openid profile"


class LoginDenied(ToolFailed):
    """The provider's answer, or a token, is not accepted. The text says why, and nothing of the token."""


@dataclass(frozen=True)
class Settings:
    """How the provider is asked, and what its roles mean here."""

    issuer: str
    client_id: str
    client_secret: str = ""
    audience: str = ""
    role_claim: str = "roles"
    roles: Mapping[str, Role] | None = None

    @classmethod
    def from_environment(cls) -> Settings | None:
        """The settings; None if no issuer is named. Raises `ToolRetry` if they cannot be used."""
        given = {k.removeprefix(PREFIX).lower(): v.strip() for k, v in os.environ.items() if k.startswith(PREFIX)}
        issuer, client_id = given.get("issuer", ""), given.get("client_id", "")
        if not issuer:
            return None
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
            raise ToolRetry(f"{PREFIX}ISSUER must be an https address.")
        if not client_id or given.get("audience") == client_id:
            raise ToolRetry(f"{PREFIX}CLIENT_ID is needed, and {PREFIX}AUDIENCE must differ from it.")
        return cls(
            issuer=issuer,
            client_id=client_id,
            client_secret=_secret(given.get("secret_file", "")),
            audience=given.get("audience", ""),
            role_claim=given.get("role_claim") or "roles",
            roles=_roles(given.get("roles", "")),
        )


@dataclass(frozen=True)
class Person:
    """Whom the provider vouches for. `signed_in` is when they proved it (seconds since 1970; 0 if it is not said)."""

    user: str
    name: str
    role: Role
    signed_in: float = 0.0
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pending:
    """A login that was begun. `again` asks the provider to have the password given anew; `origin` is where from."""

    state: str
    nonce: str
    verifier: str
    redirect: str
    started: float
    again: bool
    origin: str = ""


class Provider:
    """One provider. Its addresses and keys are fetched when they are first needed."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._pending: dict[str, Pending] = {}
        self._keys = ProviderKeys(lambda: _json(self._endpoint("jwks_uri")), clock)

    def start(self, redirect: str, *, again: bool = False, origin: str = "") -> tuple[str, str]:
        """The address at the provider to send the browser to, and the state that its cookie has to hold.

        Of too many logins under way the oldest is dropped, of those of the `origin` that began most of them: who
        begins logins without end keeps nobody else out.
        """
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        state, nonce, verifier = (secrets.token_urlsafe(length) for length in (32, 32, 48))
        made = Pending(state, nonce, verifier, redirect, self._clock(), again, origin)
        asked = {"nonce": made.nonce} | ({"prompt": "login", "max_age": "0"} if again else {})
        url = prepare_grant_uri(  # no client is made for it: anybody may ask for this address
            self._endpoint("authorization_endpoint"),
            self.settings.client_id,
            "code",
            redirect,
            SCOPE,
            made.state,
            code_challenge=create_s256_code_challenge(made.verifier),
            code_challenge_method="S256",
            **asked,
        )
        with self._lock:
            over = self._clock() - PENDING_S
            self._pending = {k: p for k, p in self._pending.items() if p.started > over}
            self._pending[made.state] = made
            if len(self._pending) > MOST_PENDING:
                most = Counter(p.origin for p in self._pending.values()).most_common(1)[0][0]
                del self._pending[next(k for k, p in self._pending.items() if p.origin == most)]
        return str(url), made.state

    def finish(self, query: str, cookie: str) -> Person:
        """Whom the provider sent back. Raises `LoginDenied`; a state works once and in the browser that began."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        with self._lock:
            pending = self._pending.pop(given.get("state", ""), None)
        if pending is None or self._clock() - pending.started > PENDING_S:
            raise LoginDenied("This login was not begun here, or too long ago.")
        if not hmac.compare_digest(pending.state.encode(), cookie.encode()):
            raise LoginDenied("This login was begun in another browser.")
        if given.get("iss", self.settings.issuer) != self.settings.issuer:
            raise LoginDenied("The answer comes from another provider.")
        if "error" in given or "code" not in given:
            raise LoginDenied("The provider did not log you in.")
        return self._redeem(given["code"], pending)

    def leave(self, back: str) -> str | None:
        """The address at which the browser ends its session at the provider too; None if the provider has none.

        OpenID Connect RP-Initiated Logout 1.0; `back` is where the provider sends the browser afterwards.
        """
        try:
            url = self._endpoint("end_session_endpoint")
        except ToolFailed:
            return None
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"

    def bearer(self, token: str) -> Person:
        """Who or what a bearer token stands for. Raises `LoginDenied`."""
        if not self.settings.audience:
            raise LoginDenied("No bearer tokens are taken.")
        return self._person(self._claims(token, self.settings.audience), program=True)

    def _redeem(self, code: str, pending: Pending) -> Person:
        from authlib.integrations.base_client import OAuthError

        with self._session(pending.redirect) as session:
            try:
                answer = session.fetch_token(
                    self._endpoint("token_endpoint"), code=code, code_verifier=pending.verifier, withhold_token=True
                )
            except (OAuthError, OSError, ValueError) as error:
                raise LoginDenied(f"The provider did not redeem the login ({type(error).__name__}).") from None
            except Exception as error:  # what the HTTP client of Authlib raises depends on which one is installed
                raise LoginDenied(f"The provider cannot be reached ({type(error).__name__}).") from None
        claims = self._claims(str(answer.get("id_token", "")), self.settings.client_id)
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if len(audiences) > 1 and claims.get("azp") != self.settings.client_id:
            raise LoginDenied("The login was made for another client.")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), pending.nonce.encode()):
            raise LoginDenied("The login does not belong to this request.")
        person = self._person(claims, program=False)
        if pending.again and person.signed_in < pending.started - 60:
            raise LoginDenied("The provider did not ask for the password again.")
        return person

    def _claims(self, token: str, audience: str) -> dict[str, Any]:
        try:
            return verified(token, self._keys, issuer=self.settings.issuer, audience=audience, now=self._clock())
        except ValueError as error:
            raise LoginDenied(f"The token is not accepted: {error}.") from None

    def _person(self, claims: Mapping[str, Any], *, program: bool) -> Person:
        found = _at(claims, self.settings.role_claim)
        named = {str(item) for item in (found if isinstance(found, list) else [found])}
        roles = {role for name, role in (self.settings.roles or {}).items() if name in named}
        scopes = frozenset(str(claims.get("scope", "")).split()) & SCOPES
        if program and not roles and scopes:
            roles = {"service"}
        if len(roles) != 1:
            raise LoginDenied("Your provider gives you no role here, or several.")
        user = f"oidc:{claims['sub']}"
        if re.fullmatch(OIDC_USER, user) is None:
            raise LoginDenied("Your provider's name for you is not an accepted one.")
        role, signed_in = roles.pop(), claims.get("auth_time", 0)
        return Person(
            user=user,
            name=str(claims.get("name") or claims.get("preferred_username") or "")[:200],
            role=role,
            signed_in=float(signed_in) if isinstance(signed_in, int | float) else 0.0,
            scopes=scopes if role == "service" else frozenset(),
        )

    def _endpoint(self, name: str) -> str:
        with self._lock:
            if not self._metadata:
                found = _json(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.settings.issuer:
                    raise LoginDenied("The provider names another issuer than was set up.")
                self._metadata = found
            url = str(self._metadata.get(name, ""))
        require(urlsplit(url).hostname or "an address without a host")
        return url

    def _session(self, redirect: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        secret = self.settings.client_secret
        return OAuth2Client(
            client_id=self.settings.client_id,
            client_secret=secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=SCOPE,
            redirect_uri=redirect,
            trust_env=False,
            timeout=TIMEOUT_S,
        )


def _json(url: str) -> dict[str, Any]:
    import httpx

    try:
        with client(TIMEOUT_S) as asking:
            answer = asking.get(url)
            answer.raise_for_status()
            found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise LoginDenied(f"The provider cannot be reached ({type(error).__name__}).") from None
    if not isinstance(found, dict):
        raise LoginDenied("The provider's answer cannot be read.")
    return found


def _at(claims: Mapping[str, Any], path: str) -> Any:
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _secret(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except (OSError, ValueError):
        raise ToolRetry(f"{PREFIX}SECRET_FILE names a file that cannot be read as text.") from None


def _roles(text: str) -> dict[str, Role]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    found = {name.strip(): role.strip() for name, _, role in pairs}
    wrong = sorted({role for role in found.values() if role not in ROLES})
    if wrong:
        raise ToolRetry(f"{PREFIX}ROLES: {', '.join(wrong)} is none of {', '.join(ROLES)}.")
    return cast("dict[str, Role]", found)
