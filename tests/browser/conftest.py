"""A real Chromium against a real service in this process."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.server import create_app
from agent.server.security import Sessions
from agent.service import Consilium

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "ui" / "dist"


@dataclass
class Served:
    """A running service: its address, its link, and how to stop it."""

    address: str
    link: str
    stop: object


@pytest.fixture
def chromium() -> str:
    """The path of Chromium. Skipped where it, or the built page, is absent."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("chromium is not installed")
    if not (PAGE / "index.html").is_file():
        pytest.skip("the page is not built: make ui")
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The service on a free port, with the built-in model and its own store."""
    import uvicorn

    sessions = Sessions()
    app = create_app(Consilium(tmp_path / "runs"), sessions, PAGE, None)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.05)
    address = f"http://127.0.0.1:{port}"
    yield Served(address, f"{address}/login?token={sessions.link_token}", server)
    server.should_exit = True
    thread.join(15)
    listener.close()
