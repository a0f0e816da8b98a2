"""Who acts: a person or a program that was recognised, or the user of this machine.

A request that was let in has its actor in `request.state.actor` (`actor_of`). The command line acts as the user of the
operating system (`local_actor`): who can read the key file of the store can read the store.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

from fastapi import Depends, Request

Role = Literal["physician", "reviewer", "researcher", "admin", "service"]
ROLES: tuple[Role, ...] = get_args(Role)
# Patterns: the name of an account, and `Actor.user` of a person of a provider (a subject has at most 255 ASCII
# characters, OpenID Connect Core 1.0, section 2).
ACCOUNT_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
OIDC_USER = r"oidc:[!-~]{1,255}"
Means = Literal["local", "password", "oidc", "token", "none"]


@dataclass(frozen=True)
class Actor:
    """Who acts, as it stands in the audit trail. It holds no secret: `session` names a session and does not open it.

    Attributes:
        user: name of the account, `oidc:SUBJECT`, `local:NAME` for the user of this machine, or empty for nobody.
        role: what the actor may do (`agent.trust.policy`); `none` for somebody who is not logged in.
        session: the first characters of the hash of the session; empty on the command line.
        address: the network address of the request; empty on the command line.
        name: the name under which the actor signs; empty if it is not known.
        means: how the actor was recognised.
        scopes: of a program (`service`): the permissions that it was given.
        signed_in: seconds since 1970 at which the actor last proved who it is; 0 if that is not known.
    """

    user: str
    role: Role | Literal["none"]
    session: str = ""
    address: str = ""
    name: str = ""
    means: Means = "local"
    scopes: frozenset[str] = frozenset()
    signed_in: float = 0.0

    @property
    def local(self) -> bool:
        """Whether this is the user of this machine, to whom every case in the store belongs."""
        return self.means == "local"


def local_actor(session: str = "", address: str = "") -> Actor:
    """The user of this machine, who works as a physician."""
    return Actor(user=f"local:{_system_user()}", role="physician", session=session, address=address)


def nobody(address: str = "") -> Actor:
    """Somebody who is not logged in."""
    return Actor(user="", role="none", address=address, means="none")


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def actor_of(request: Request) -> Actor:
    """The actor of a request; `nobody` on a public route to which nobody is logged in."""
    return cast(Actor, request.state.actor)


TheActor = Annotated[Actor, Depends(actor_of)]
