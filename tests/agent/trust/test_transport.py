"""TLS, what may be served to whom, and what this program may reach itself."""

from __future__ import annotations

import datetime as dt
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from agent.cli import main
from agent.llm import chat_model
from agent.runs import RunStore
from agent.server.access import Access
from agent.trust import egress
from agent.trust.tls import VALID_DAYS, given, self_signed
from knowledge.errors import BadInput, ToolFailed
from tests.agent.trust.conftest import PASSWORD

ROOT = Path(__file__).resolve().parents[3]
NAMES = frozenset({"127.0.0.1", "localhost"})


def test_a_certificate_is_made_once_and_again_when_it_does_not_do(tmp_path: Path) -> None:
    made = self_signed(NAMES, tmp_path)
    assert made.key.stat().st_mode & 0o777 == 0o600
    first = made.fingerprint()
    assert self_signed(NAMES, tmp_path).fingerprint() == first
    second = self_signed(NAMES | {"ward.example"}, tmp_path).fingerprint()
    assert second != first
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=VALID_DAYS - 5)
    assert self_signed(NAMES, tmp_path, later).fingerprint() not in (first, second)


def test_a_key_that_others_read_or_that_is_of_another_certificate_is_refused(tmp_path: Path) -> None:
    one, two = self_signed(NAMES, tmp_path / "a"), self_signed(NAMES, tmp_path / "b")
    assert given(one.certificate, one.key) == one
    with pytest.raises(BadInput, match="together"):
        given(one.certificate, two.key)
    one.key.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        given(one.certificate, one.key)


@pytest.mark.hazard("HAZ-29")
@pytest.mark.parametrize(
    ("arguments", "lacking"),
    [
        (["--host", "0.0.0.0"], ["--name"]),
        (["--host", "0.0.0.0", "--name", "ward.example"], ["TLS", "accounts"]),
        (["--host", "192.0.2.1", "--tls-self-signed"], ["accounts"]),
        (["--host", "192.0.2.1", "--tls-cert", "x.pem"], ["belong together"]),
    ],
)
def test_others_are_not_served_without_tls_and_accounts(
    arguments: list[str], lacking: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as leaving:
        main(["serve", *arguments])
    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert [word for word in lacking if word not in said] == []


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Starts `consilium serve` with an account in a home of its own; gives the address that it prints."""
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    Access.of(RunStore(tmp_path / "runs"), None).accounts.add("pia", "physician", PASSWORD)
    command = [sys.executable, "-m", "agent.cli"]
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> str:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", *arguments], env=environment, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stderr is not None
        return next(found[0] for line in process.stderr if (found := re.search(r"https?://\S+", line)))

    yield start
    for process in processes:
        process.terminate()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.hazard("HAZ-29")
def test_over_tls_with_an_account(served: Callable[..., str], tmp_path: Path) -> None:
    address = served("--tls-self-signed")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "config" / "tls" / "certificate.pem"))
    with httpx.Client(base_url=address, verify=trusting, headers={"Origin": address.rstrip("/")}) as client:
        login = {"name": "pia", "password": PASSWORD}
        answer = client.post("/api/session", json=login, timeout=120)
        assert answer.status_code == 204, answer.text
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        for cookie in answer.headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-consilium_")
            assert "Secure" in cookie
        assert client.get("/api/runs").json() == []
        assert client.get("/login?token=x").status_code == 403, "with accounts there is no link"
    old = ssl.create_default_context(cafile=str(tmp_path / "config" / "tls" / "certificate.pem"))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, verify=old)


@pytest.mark.hazard("HAZ-29")
def test_only_listed_hosts_and_this_machine_may_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [egress.allows(host) for host in ("127.0.0.1", "::1", "localhost", "model.example", "192.0.2.1")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    monkeypatch.setenv("CONSILIUM_MODEL_URL", "https://model.example:8443/v1")
    monkeypatch.setenv("CONSILIUM_EGRESS", "api.provider.example, 192.0.2.1")
    listed = ("model.example", "MODEL.example.", "api.provider.example", "192.0.2.1")
    assert all(map(egress.allows, listed))
    for host in ("evil.example", "model.example.evil.example", "notmodel.example", "192.0.2.11"):
        assert not egress.allows(host), host


@pytest.mark.hazard("HAZ-29")
def test_no_library_opens_a_connection_that_is_not_listed() -> None:
    script = """
import socket, urllib.request, httpx, requests
from agent.trust import egress
egress.enforce()
def refused(open):
    try:
        open()
    except Exception as error:
        chain = []
        while error is not None:
            chain.append(type(error).__name__)
            error = getattr(error, "reason", None) or error.__cause__ or error.__context__
        return "EgressRefused" in chain
    return False
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(refused(lambda: socket.create_connection(("192.0.2.1", 80), 1)),
      refused(lambda: urllib.request.urlopen("http://evil.example", timeout=1)),
      refused(lambda: httpx.get("http://evil.example", timeout=1)),
      refused(lambda: requests.get("http://192.0.2.1", timeout=1)),
      refused(lambda: udp.sendto(b"x", ("192.0.2.1", 53))),
      refused(lambda: socket.gethostbyname("evil.example")))
with socket.create_server(("127.0.0.1", 0)) as here:
    socket.create_connection(here.getsockname(), 1).close()
print(refused(lambda: socket.create_connection(("192.0.2.9", 80), 0.2)))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CONSILIUM_EGRESS": "192.0.2.9"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 6 + ["False"]


def test_our_own_client_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with egress.client() as client, pytest.raises(ToolFailed, match=r"evil\.example .*CONSILIUM_EGRESS"):
        client.get("http://evil.example/")
    with pytest.raises(ToolFailed, match="CONSILIUM_EGRESS"):
        chat_model("openai:any")
