"""A small OpenID Connect provider on this machine, with real keys. It checks what a provider has to check (PKCE)."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.jsonserver import JsonHandler

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
    now: float = NOW
    logins: int = 0

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
            "iat": int(self.now) - 10, "exp": int(self.now) + 300, "auth_time": int(self.now) - 20,
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


FORM = (
    '<!doctype html><html lang="en"><title>Provider</title><form method="post" action="/consent">'
    '<input type="hidden" name="asked" value="{asked}"><button>Log in as Dr Olga</button></form></html>'
)


class _Handler(JsonHandler):
    provider: FakeProvider

    def do_GET(self) -> None:
        page = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(page.query).items()}
        if page.path.endswith("openid-configuration"):
            names = ("authorization", "token", "end_session")
            named = {f"{name}_endpoint": f"{self.provider.issuer}/{name}" for name in names}
            self.send_json(200, {"issuer": self.provider.issuer, "jwks_uri": f"{self.provider.issuer}/keys", **named})
        elif page.path == "/authorization" and "provider=open" in self.headers.get("Cookie", ""):
            self._go(f"{asked['redirect_uri']}?{self.provider.consent(self.path)}")
        elif page.path == "/authorization":
            self._page(FORM.format(asked=html.escape(self.path, quote=True)))
        elif page.path == "/end_session":
            self._go(asked["post_logout_redirect_uri"], "provider=; Max-Age=0; Path=/")
        else:
            self.provider.fetches += 1
            self.send_json(200, self.provider.key_set())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path == "/consent":
            self.provider.logins += 1
            back = parse_qs(urlsplit(given["asked"]).query)["redirect_uri"][0]
            self._go(f"{back}?{self.provider.consent(given['asked'])}", "provider=open; HttpOnly; Path=/")
            return
        asked = self.provider.codes.pop(given["code"], None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or challenge != asked["code_challenge"] or asked["code_challenge_method"] != "S256":
            self.send_json(400, {"error": "invalid_grant"})
            return
        made = self.provider.token(**({"aud": CLIENT, "nonce": asked["nonce"]} | self.provider.spoil))
        self.send_json(200, {"access_token": "opaque", "token_type": "Bearer", "id_token": made})

    def _page(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def _go(self, where: str, cookie: str = "") -> None:
        self.send_response(303)
        self.send_header("Location", where)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()


@contextmanager
def running(name: str = "127.0.0.1") -> Iterator[FakeProvider]:
    """The provider, listening; `name` is that of its address."""
    provider = FakeProvider()
    provider.rotate("key-1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    provider.issuer = f"http://{name}:{server.server_port}"
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
