"""How much a person, and an address, may ask of the service (`limits`, moving windows, in memory).

`CONSILIUM_LIMITS` sets other amounts: `requests=1200/minute,work=60/hour`. The user of this machine, who came by the
link of `consilium serve`, is not limited.
"""

from __future__ import annotations

import ipaddress
import math
import os
import time
from collections.abc import Mapping

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from knowledge.errors import ToolRetry

SETTING = "CONSILIUM_LIMITS"
AMOUNTS = {
    "requests": "1200/minute",  # of one person
    "address": "3000/minute",  # from one address, by whomever
    "login": "20/5 minute",  # attempts from one address
    "work": "120/hour",  # runs, questions and outlines of one person
    "upload": "65536/day",  # MiB of one person
}
MIB = 1024 * 1024


class TooMany(Exception):
    """The amount is used up; `retry_after_s` says when to come again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many requests")
        self.retry_after_s = retry_after_s


class Quota:
    """Counts. One for a process of the service."""

    def __init__(self, amounts: Mapping[str, str] | None = None) -> None:
        """Raises `ToolRetry` if an amount is not written as in `AMOUNTS`."""
        given = _from_environment() if amounts is None else amounts
        unknown = set(given) - set(AMOUNTS)
        if unknown:
            raise ToolRetry(f"{SETTING}: {', '.join(sorted(unknown))} is not one of {', '.join(AMOUNTS)}.")
        self._items = {name: _item(name, given.get(name, amount)) for name, amount in AMOUNTS.items()}
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def use(self, name: str, who: str, cost: int = 1) -> None:
        """Count something that `who` does. Raises `TooMany`; what is refused does not count."""
        if not who or self._limiter.hit(self._items[name], name, who, cost=cost):
            return
        reset = self._limiter.get_window_stats(self._items[name], name, who).reset_time
        raise TooMany(max(1, math.ceil(reset - time.time())))


def origin(address: str) -> str:
    """What an address is counted as: one of IPv6 as its /64, of which a single machine has all (RFC 8981)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def _item(name: str, amount: str) -> RateLimitItem:
    try:
        return parse(amount)
    except ValueError:
        raise ToolRetry(f"{SETTING}: {name}={amount} is not an amount such as {AMOUNTS[name]}.") from None


def _from_environment() -> dict[str, str]:
    text = os.environ.get(SETTING, "")
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): amount.strip() for name, _, amount in pairs}
