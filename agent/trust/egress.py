"""What this program may reach over a network: nothing but this machine and the servers that were set up.

Those are the hosts of `CONSILIUM_MODEL_URL`, `CONSILIUM_OIDC_ISSUER` and `CONSILIUM_CHROMA_URL`, and what
`CONSILIUM_EGRESS` lists (host names, separated by commas), such as the host of a model provider. `enforce` puts the
rule under every socket of the process, whatever library opens it; our own clients come from `client`, which says why.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from knowledge.errors import ToolFailed

if TYPE_CHECKING:
    import httpx

SETTING = "CONSILIUM_EGRESS"
ADDRESSES = ("CONSILIUM_MODEL_URL", "CONSILIUM_OIDC_ISSUER", "CONSILIUM_CHROMA_URL")
_RESOLVE_AGAIN_S = 5.0
_LOCAL_NAMES = frozenset({"", "localhost", "ip6-localhost"})


class EgressRefused(PermissionError):
    """A connection to a host that is not on the list."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} may not be reached; {SETTING} lists the hosts that may.")


def allowed_hosts() -> frozenset[str]:
    """The names of the hosts that may be reached, besides this machine."""
    hosts = [urlsplit(os.environ.get(name, "")).hostname or "" for name in ADDRESSES]
    hosts += [part.strip().lower() for part in os.environ.get(SETTING, "").split(",")]
    return frozenset(host for host in hosts if host)


def allows(host: str) -> bool:
    """Whether a host, by name or address, may be reached."""
    name = host.lower().rstrip(".").strip("[]")
    return name in _LOCAL_NAMES or name in allowed_hosts() or _is_local(name)


def require(host: str) -> None:
    """Raises `ToolFailed` for a host that may not be reached."""
    if not allows(host):
        raise ToolFailed(str(EgressRefused(host)))


def client(timeout_s: float = 10.0) -> httpx.Client:
    """A client that asks allowed hosts only, follows no redirect and no proxy of the environment.

    It raises `ToolFailed` for any other host, before a connection is opened.
    """

    import httpx

    def check(request: httpx.Request) -> None:
        require(request.url.host)

    return httpx.Client(timeout=timeout_s, trust_env=False, follow_redirects=False, event_hooks={"request": [check]})


def enforce() -> None:
    """From here on, and for good, refuse connections and look-ups of this process that are not allowed."""
    global _ENFORCED  # noqa: PLW0603
    with _LOCK:
        if not _ENFORCED:
            _ENFORCED = True
            sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if name and not _is_address(name) and not allows(name):
            raise EgressRefused(name)
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _reachable(str(address[0])):
            raise EgressRefused(str(address[0]))


def _reachable(host: str) -> bool:
    return allows(host) or host in _addresses(host)


def _addresses(wanted: str) -> frozenset[str]:
    """The addresses of the allowed hosts, looked up again when `wanted` is not among those known."""
    known, at = _RESOLVED.get("all", (frozenset(), 0.0))
    if wanted in known or time.monotonic() - at < _RESOLVE_AGAIN_S:
        return known
    found: set[str] = set()
    for name in allowed_hosts():
        try:
            found |= {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
        except OSError:
            continue
    _RESOLVED["all"] = (frozenset(found), time.monotonic())
    return _RESOLVED["all"][0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_local(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback


_LOCK = threading.Lock()
_ENFORCED = False
_RESOLVED: dict[str, tuple[frozenset[str], float]] = {}
