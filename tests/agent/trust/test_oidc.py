"""Logins by a provider: what is accepted, and everything that is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.trust.oidc import LoginDenied, Provider, Settings
from agent.trust.oidc_keys import FETCH_AT_MOST_EVERY_S, LEEWAY_S
from knowledge.errors import ToolRetry
from tests.agent.trust.conftest import Hospital
from tests.agent.trust.oidc_provider import AUDIENCE, CLIENT, NOW, FakeProvider, elliptic, running

REDIRECT = "http://127.0.0.1/oidc/callback"


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with running() as provider:
        yield provider


def provider_of(fake: FakeProvider, clock: Callable[[], float] = Clock(), **more: Any) -> Provider:  # noqa: B008
    roles: dict[str, Any] = {"oncologists": "physician", "it": "admin"}
    settings = Settings(fake.issuer, CLIENT, audience=AUDIENCE, roles=roles, **more)
    return Provider(settings, clock)


def unsigned(fake: FakeProvider, algorithm: str, sign: Callable[[bytes], bytes]) -> str:
    """A token that no library would make."""
    parts = [{"alg": algorithm, "typ": "JWT", "kid": fake.kid}, fake.claims()]
    body = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return (body + b"." + base64.urlsafe_b64encode(sign(body)).rstrip(b"=")).decode()


def test_a_good_token_stands_for_a_person(fake: FakeProvider) -> None:
    found = provider_of(fake).bearer(fake.token())
    assert (found.user, found.name, found.role) == ("oidc:u-1", "Dr Olga", "physician")
    assert provider_of(fake).bearer(fake.token(aud=["other", AUDIENCE], header={"typ": "at+jwt"})).role == "physician"


@pytest.mark.hazard("HAZ-19")
def test_a_token_without_a_signature_or_signed_with_the_public_key_is_refused(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    pem = fake.public_pem()
    signers: dict[str, Callable[[bytes], bytes]] = {
        "none": lambda _: b"",
        "None": lambda _: b"",
        "HS256": lambda body: hmac.digest(pem, body, "sha256"),
        "HS512": lambda body: hmac.digest(pem, body, "sha512"),
        "RS256": lambda body: hashlib.sha256(body).digest(),
    }
    for algorithm, sign in signers.items():
        with pytest.raises(LoginDenied):
            provider.bearer(unsigned(fake, algorithm, sign))
    provider.bearer(fake.token())


@pytest.mark.hazard("HAZ-19")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "other"}, {"aud": CLIENT}, {"aud": None},
        {"aud": [AUDIENCE + "x"]}, {"exp": NOW - LEEWAY_S}, {"exp": None}, {"exp": "9999999999"}, {"iat": NOW + 60},
        {"iat": None}, {"nbf": NOW + 60}, {"sub": None}, {"sub": 7}, {"sub": "u" * 256},
        {"sub": "u\n1"}, {"roles": ["unknown"]}, {"roles": None},
        {"roles": ["oncologists", "it"]}, {"header": {"kid": "key-9"}}, {"header": {"kid": ""}},
        {"header": {"crit": ["x"], "x": 1}}, {"header": {"typ": "logout+jwt"}},
        {"header": {"jku": "http://127.0.0.1:9/keys", "kid": "evil"}},
        {"scope": "case.list", "roles": ["unknown", "it", "oncologists"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_wrong_in_one_thing_is_refused(fake: FakeProvider, changes: dict[str, Any]) -> None:
    with pytest.raises((LoginDenied, ToolRetry)):
        provider_of(fake).bearer(fake.token(**changes))


def test_times_have_a_small_leeway(fake: FakeProvider) -> None:
    assert provider_of(fake).bearer(fake.token(exp=NOW - LEEWAY_S + 1, nbf=NOW + LEEWAY_S - 1))


def test_a_token_that_was_altered_or_signed_by_another_key_is_refused(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    head, body, signature = fake.token().split(".")
    forged = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged["roles"] = ["it"]
    other = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    for token in (f"{head}.{other}.{signature}", f"{head}.{body}.", f"{head}.{body}", "x.y.z", "", "a" * 20_000):
        with pytest.raises(LoginDenied):
            provider.bearer(token)
    evil = FakeProvider(issuer=fake.issuer)
    evil.rotate("key-1")
    with pytest.raises(LoginDenied):
        provider.bearer(evil.token())
    evil.keys = {"key-1": elliptic()}
    with pytest.raises(LoginDenied):
        provider.bearer(evil.token(algorithm="ES256"))


def test_rotated_keys_are_fetched_once_and_old_ones_are_forgotten(fake: FakeProvider) -> None:
    clock = Clock()
    provider = provider_of(fake, clock)
    old = fake.token(exp=NOW + 10_000)
    provider.bearer(old)
    fake.rotate("key-2")
    clock.now += FETCH_AT_MOST_EVERY_S + 1
    assert provider.bearer(fake.token()).user == "oidc:u-1"
    assert fake.fetches == 2
    with pytest.raises(LoginDenied):
        provider.bearer(old)
    for number in range(20):
        with pytest.raises(LoginDenied):
            provider.bearer(fake.token(header={"kid": f"guess-{number}"}))
    assert fake.fetches == 2, "unknown keys do not make it ask again and again"


def test_keys_that_are_secret_or_not_for_signing_are_passed_over(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_set = fake.key_set()
    hostile = {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "key-1"}, {"kty": "RSA"}, 5]}
    encrypting = {"keys": [key_set["keys"][0] | {"use": "enc"}]}
    for given in (hostile, encrypting, {"keys": []}, {}):
        monkeypatch.setattr(FakeProvider, "key_set", lambda _, given=given: given)
        with pytest.raises(LoginDenied):
            provider_of(fake).bearer(fake.token())


def test_a_program_gets_its_scopes_and_no_more(fake: FakeProvider) -> None:
    found = provider_of(fake).bearer(fake.token(roles=None, scope="openid case.list case.sign accounts case.run"))
    assert (found.role, found.scopes) == ("service", {"case.list", "case.run"})


def test_the_flow_uses_pkce_state_and_nonce(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    url, state = provider.start(REDIRECT)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert len(asked["nonce"]) > 40
    assert (asked["state"], asked["redirect_uri"]) == (state, REDIRECT)
    person = provider.finish(fake.consent(url), state)
    assert (person.user, person.role, person.signed_in) == ("oidc:u-1", "physician", NOW - 20)


@pytest.mark.hazard("HAZ-19")
def test_an_answer_that_does_not_belong_to_the_request_is_refused(fake: FakeProvider) -> None:
    clock = Clock()
    provider = provider_of(fake, clock)

    def refused(query: Callable[[str], str], cookie: str | None = None, **spoil: Any) -> str:
        url, state = provider.start(REDIRECT)
        fake.spoil = spoil
        with pytest.raises(LoginDenied) as denied:
            provider.finish(query(url), state if cookie is None else cookie)
        return str(denied.value)

    assert "another browser" in refused(fake.consent, cookie="")
    assert "not begun" in refused(lambda _: "code=code-1&state=guessed")
    assert "another provider" in refused(lambda url: fake.consent(url) + "&iss=https://evil.example")
    assert "did not log" in refused(lambda url: fake.consent(url).replace("code=", "error=denied&x="))
    assert "redeem" in refused(lambda url: fake.consent(url).replace("code-1", "stolen"))
    assert "does not belong" in refused(fake.consent, nonce="replayed")
    assert "not accepted" in refused(fake.consent, aud=AUDIENCE)
    assert "not accepted" in refused(fake.consent, iss="https://evil.example")
    assert "another client" in refused(fake.consent, aud=[CLIENT, "other"])
    fake.spoil = {}
    url, state = provider.start(REDIRECT)
    answer = fake.consent(url)
    provider.finish(answer, state)
    with pytest.raises(LoginDenied):
        provider.finish(answer, state)
    url, state = provider.start(REDIRECT)
    clock.now += 601
    with pytest.raises(LoginDenied):
        provider.finish(fake.consent(url), state)


@pytest.mark.hazard("HAZ-30")
def test_who_begins_logins_without_end_keeps_nobody_else_out(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.trust.oidc.MOST_PENDING", 20)
    provider = provider_of(fake)
    begun = [provider.start(REDIRECT, origin=f"192.0.2.{number}") for number in range(3)]
    flood = [provider.start(REDIRECT, origin="203.0.113.9") for _ in range(100)]
    begun.append(provider.start(REDIRECT, origin="192.0.2.9"))
    for url, state in begun:
        assert provider.finish(fake.consent(url), state).user == "oidc:u-1"
    assert len(provider._pending) <= 20
    with pytest.raises(LoginDenied):
        provider.finish(fake.consent(flood[0][0]), flood[0][1])
    assert provider.finish(fake.consent(flood[-1][0]), flood[-1][1]).user == "oidc:u-1"


def test_leaving_ends_the_session_at_the_provider_where_it_can(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = urlsplit(str(provider_of(fake).leave("http://127.0.0.1/")))
    assert left.path == "/end_session"
    assert parse_qs(left.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": ["http://127.0.0.1/"]}
    without = provider_of(fake)
    monkeypatch.setattr(without, "_metadata", {"issuer": fake.issuer})
    assert without.leave("http://127.0.0.1/") is None
    gone = Provider(Settings("http://127.0.0.1:9", CLIENT))
    assert gone.leave("http://127.0.0.1/") is None


def test_another_verifier_does_not_redeem_the_code(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    url, state = provider.start(REDIRECT)
    answer = fake.consent(url)
    fake.codes["code-1"]["code_challenge"] = "of-another-login"
    with pytest.raises(LoginDenied, match="redeem"):
        provider.finish(answer, state)


def test_to_sign_the_provider_must_have_asked_again(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    url, state = provider.start(REDIRECT, again=True)
    assert parse_qs(urlsplit(url).query)["prompt"] == ["login"]
    fake.spoil = {"auth_time": NOW - 3600}
    with pytest.raises(LoginDenied, match="again"):
        provider.finish(fake.consent(url), state)


def test_settings_that_cannot_be_used_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment() is None
    monkeypatch.setenv("CONSILIUM_OIDC_ISSUER", "http://provider.example")
    monkeypatch.setenv("CONSILIUM_OIDC_CLIENT_ID", CLIENT)
    with pytest.raises(ToolRetry, match="https"):
        Settings.from_environment()
    monkeypatch.setenv("CONSILIUM_OIDC_ISSUER", "https://provider.example")
    monkeypatch.setenv("CONSILIUM_OIDC_ROLES", "oncologists=physician,it=root")
    with pytest.raises(ToolRetry, match="root"):
        Settings.from_environment()
    monkeypatch.setenv("CONSILIUM_OIDC_ROLES", "oncologists=physician, it=admin")
    monkeypatch.setenv("CONSILIUM_OIDC_AUDIENCE", CLIENT)
    with pytest.raises(ToolRetry, match="differ"):
        Settings.from_environment()
    monkeypatch.delenv("CONSILIUM_OIDC_AUDIENCE")
    found = Settings.from_environment()
    assert found is not None
    assert found.roles == {"oncologists": "physician", "it": "admin"}


def test_the_page_logs_in_by_the_provider_and_a_program_by_its_token(
    hospital: Callable[..., Hospital], fake: FakeProvider
) -> None:
    made = hospital()
    made.now = NOW
    object.__setattr__(made.access, "oidc", provider_of(fake, lambda: made.now))
    begun = made.as_(None, "GET", "/oidc/start")
    assert begun.status_code == 303
    state = begun.headers["set-cookie"].split(";")[0]
    assert "SameSite=lax" in begun.headers["set-cookie"]
    answer = fake.consent(begun.headers["location"])
    assert made.as_(None, "GET", f"/oidc/callback?{answer}&state=x").status_code == 403
    begun = made.as_(None, "GET", "/oidc/start")
    state, answer = begun.headers["set-cookie"].split(";")[0], fake.consent(begun.headers["location"])
    made.client.cookies.clear()
    back = made.client.get(f"/oidc/callback?{answer}", headers={"Cookie": state}, follow_redirects=False)
    assert back.status_code == 303, back.text
    secret = back.headers.get_list("set-cookie")[0].split(";")[0].split("=", 1)[1]
    made.client.cookies.clear()
    shown = made.client.get("/api/session", headers=made.headers(secret)).json()
    assert (shown["actor"]["user"], shown["actor"]["signs_by"]) == ("oidc:u-1", "login")
    assert shown["ways"] == ["password", "oidc"]
    assert made.client.get("/api/runs", headers=made.headers(secret)).json() == []
    made.access.teams.add(made.access.store.scope(made.own_run), "oidc:u-1")
    token = {"Authorization": f"Bearer {fake.token()}"}
    assert [run["id"] for run in made.client.get("/api/runs", headers=token).json()] == [made.own_run]
    draft = made.client.get(f"/api/runs/{made.own_run}/draft", headers=token).json()
    signing = {"draft_hash": draft["draft_hash"], "decisions": [{"index": 0, "action": "accept"}], "reviewer": "x"}
    url = f"/api/runs/{made.own_run}/sign"
    assert made.client.post(url, headers=token, json=signing).status_code == 403, "a token does not sign"
    for ago, expected in ((-3600, 401), (301, 401), (200, 200)):
        proved = made.access.sessions.start("oidc:u-1", "Dr Olga", "physician", "oidc", time.time() - ago)
        assert made.client.post(url, headers=made.headers(proved), json=signing).status_code == expected, ago
    assert made.client.get(f"/api/runs/{made.own_run}/draft", headers=token).json()["reviewer"] == "Dr Olga"
    wrong = {"Authorization": f"Bearer {fake.token(exp=NOW - 60)}", "Cookie": made.headers(secret)["Cookie"]}
    assert made.client.get("/api/runs", headers=wrong).status_code == 401
