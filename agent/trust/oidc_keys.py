"""The keys of a provider, and the check of a token that they signed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jwt

# Signatures that only the provider can make. With an HMAC its public key would be the secret (RFC 8725, 2.1).
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
LEEWAY_S = 30.0
KEYS_KEPT_S = 3600.0
FETCH_AT_MOST_EVERY_S = 60.0
_TYPES = frozenset({None, "JWT", "at+jwt", "application/at+jwt"})
_LONGEST_TOKEN = 16_384
# Times are checked by `_in_time`, against a clock that can be set.
_OPTIONS: Any = {
    "require": ["exp", "iat", "iss", "aud", "sub"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class ProviderKeys:
    """The public keys by their id. A key id that is not known has them fetched again, at most once a minute."""

    def __init__(self, fetch: Callable[[], dict[str, Any]], clock: Callable[[], float]) -> None:
        self._fetch, self._clock, self._lock = fetch, clock, threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = float("-inf")

    def find(self, kid: str) -> jwt.PyJWK:
        """The key with that id. Raises `ValueError`."""
        with self._lock:
            age = self._clock() - self._fetched
            if age > KEYS_KEPT_S or (kid not in self._keys and age > FETCH_AT_MOST_EVERY_S):
                self._fetched = self._clock()
                self._keys = dict(_usable(self._fetch()))
            found = self._keys.get(kid)
        if found is None:
            raise ValueError("it was signed with a key that the provider does not have")
        return found


def verified(token: str, keys: ProviderKeys, *, issuer: str, audience: str, now: float) -> dict[str, Any]:
    """The claims of a token. Raises `ValueError` with the reason if anything about it is not as it must be."""
    if len(token) > _LONGEST_TOKEN:
        raise ValueError("it is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise ValueError("it is not a signed token") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise ValueError("its algorithm is not an accepted one")
    if header.get("typ") not in _TYPES or "crit" in header or not isinstance(kid, str):
        raise ValueError("its header is not an accepted one")
    key = keys.find(kid)
    if key.key_type != _FAMILIES[algorithm[:2]] or key._jwk_data.get("alg", algorithm) != algorithm:
        raise ValueError("its algorithm is not that of its key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            options=_OPTIONS,
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise ValueError(f"its check failed ({type(error).__name__})") from None
    _in_time(claims, now)
    return claims


def _in_time(claims: dict[str, Any], now: float) -> None:
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    if not all(isinstance(value, int | float) for value in times.values()):
        raise ValueError("its times are no numbers")
    if times["exp"] + LEEWAY_S <= now:
        raise ValueError("it has expired")
    if max(times["iat"], times.get("nbf", 0)) - LEEWAY_S > now:
        raise ValueError("it is not valid yet")


def _usable(found: dict[str, Any]) -> list[tuple[str, jwt.PyJWK]]:
    """The signing keys of a key set that have an id; secret keys and keys for encryption are passed over."""
    made = []
    for item in found.get("keys", ()):
        usable = isinstance(item, dict) and item.get("kty") in ("RSA", "EC", "OKP") and item.get("use", "sig") == "sig"
        if usable and isinstance(item.get("kid"), str) and "d" not in item:
            try:
                made.append((item["kid"], jwt.PyJWK(item)))
            except jwt.PyJWTError:
                continue
    return made
