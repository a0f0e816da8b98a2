"""A Chroma server in place of the embedded store, by one setting."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from knowledge.errors import ToolFailed
from knowledge.store.index import write_generation
from knowledge.store.vectors import SETTING
from tests.knowledge.store.test_durability import run
from tests.knowledge.store.words import passages

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_home", "word_encoder")]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server on the loopback address; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = shutil.which("chroma", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the program chroma is not here")
    child = subprocess.Popen(
        [program, "run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"ANONYMIZED_TELEMETRY": "False"},
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        monkeypatch.setenv(SETTING, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(timeout=20)


def test_the_server_answers_as_the_embedded_store_does(server, tmp_path):
    done = run(tmp_path, "served")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "served"


def test_a_server_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(SETTING, "http://127.0.0.1:9")
    done = run(tmp_path, "unserved")
    assert SETTING in done.stdout, done.stderr[-2000:]


@pytest.mark.parametrize("address", ["chroma", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(address, monkeypatch):
    monkeypatch.setenv(SETTING, address)
    with pytest.raises(ToolFailed, match="is not an address"):
        write_generation(passages(5), "a" * 24)
