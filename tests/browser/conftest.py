"""A real Chromium against a real service in this process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from fastapi import FastAPI

from agent.casefiles import scope_of
from agent.server import create_app
from agent.server.security import Sessions
from agent.service import Consilium
from tests.agent.conftest import CASE_YAML

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "ui" / "dist"


@dataclass
class Served:
    """A running service: its address and its link."""

    address: str
    link: str


@pytest.fixture
def chromium() -> str:
    """The path of Chromium. Skipped, with a warning, where it is absent; `make test` builds the page first."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("THE PAGE IS NOT TESTED: chromium is not installed (apt-get install chromium)")
    if not (PAGE / "index.html").is_file():
        pytest.skip("THE PAGE IS NOT TESTED: it is not built (make ui)")
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The service on a free port, with the built-in model and its own store."""
    sessions = Sessions()
    with serving(create_app(Consilium(tmp_path / "runs"), sessions, PAGE, None)) as address:
        yield Served(address, f"{address}/login?token={sessions.link_token}")


def stopped_case(consilium: Consilium) -> tuple[str, str]:
    """An uploaded case with a run that was stopped: its scope and the id of the run."""
    case_id = consilium.files.create()
    consilium.files.file(case_id, PurePosixPath("case.yaml")).write(CASE_YAML.encode())
    with consilium.files.opened(case_id) as folder:
        run = consilium.start(folder, uploaded=case_id)
    consilium.store.set_state(run.id, "failed", "stopped")
    return scope_of(case_id), run.id


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """An application on a port, by default a free one; its address. Stopped as SIGTERM would stop it."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(15)


class Server:
    """`consilium serve` in a process of its own."""

    def __init__(self, port: int) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            found = re.search(r"http://\S+/login\?token=\S+", line)
            if found:
                self.link = found.group()
                return
        raise AssertionError("the service did not start")

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def serve() -> Iterator[Callable[[int], Server]]:
    """Starts servers on a port; whatever still runs at the end is ended."""
    made: list[Server] = []

    def start(port: int) -> Server:
        made.append(Server(port))
        return made[-1]

    yield start
    for server in made:
        server.kill()
