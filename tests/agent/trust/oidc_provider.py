"""A small OpenID Connect provider on this machine, with real keys. It checks what a provider has to check (PKCE)."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CLIENT, AUDIENCE = "consilium-page", "consilium-api"
NOW = 1_800_000_000


@dataclass
class FakeProvider:
    """What the provider knows. Tests change it to be rotated, wrong or hostile."""

    issuer: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    fetches: int = 0
    spoil: dict[str, Any] = field(default_factory=dict)

    def rotate(self, kid: str) -> None:
        """Sign with a new key from here on; the old ones are gone."""
        self.keys = {kid: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    @property
    def kid(self) -> str:
        """The key in use."""
        return next(iter(self.keys))

    def public_pem(self) -> bytes:
        """The public key as a file, which an attacker has too."""
        public: bytes = self.keys[self.kid].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return public

    def key_set(self) -> dict[str, Any]:
        """The public keys."""
        found = []
        for kid, key in self.keys.items():
            algorithm = (
                jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
            )
            found.append(json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"})
        return {"keys": found}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a good token, with changes; None leaves one out."""
        made = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": "u-1", "name": "Dr Olga", "roles": ["oncologists"],
            "iat": NOW - 10, "exp": NOW + 300, "auth_time": NOW - 20,
        }  # fmt: skip
        return {name: value for name, value in (made | changes).items() if value is not None}

    def token(self, header: dict[str, Any] | None = None, algorithm: str = "RS256", **changes: Any) -> str:
        """A token signed with the key in use."""
        headers = {"kid": self.kid} | (header or {})
        return jwt.encode(self.claims(**changes), self.keys[self.kid], algorithm=algorithm, headers=headers)

    def consent(self, url: str, code: str = "code-1") -> str:
        """What the browser is sent back with after the person logged in at the address `url`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.codes[code] = asked
        return f"code={code}&state={asked['state']}"


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("openid-configuration"):
                named = {f"{n}_endpoint": f"{provider.issuer}/{n}" for n in ("authorization", "token")}
                self._send(200, {"issuer": provider.issuer, "jwks_uri": f"{provider.issuer}/keys", **named})
            else:
                provider.fetches += 1
                self._send(200, provider.key_set())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            given = {name: values[0] for name, values in parse_qs(body).items()}
            asked = provider.codes.pop(given["code"], None)
            digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if asked is None or challenge != asked["code_challenge"] or asked["code_challenge_method"] != "S256":
                self._send(400, {"error": "invalid_grant"})
                return
            made = provider.token(**({"aud": CLIENT, "nonce": asked["nonce"]} | provider.spoil))
            self._send(200, {"access_token": "opaque", "token_type": "Bearer", "id_token": made})

        def _send(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def running() -> Iterator[FakeProvider]:
    """The provider, listening."""
    provider = FakeProvider()
    provider.rotate("key-1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def elliptic() -> Any:
    """A key of another family."""
    return ec.generate_private_key(ec.SECP256R1())
