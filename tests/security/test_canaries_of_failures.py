"""Planted identifiers turn up nowhere when a model server fails and sends the prompt back, or a worker is killed."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.server import create_app
from agent.server.hands import ProcessHand
from agent.service import Consilium
from tests.agent.conftest import Counter, counter, scripted  # noqa: F401
from tests.agent.server.conftest import ORIGIN, at_rest, opened  # noqa: F401
from tests.jsonserver import JsonHandler
from tests.security.canaries import CONTENT, QUESTION, SAID, ProcessWatch, found_in, found_under, good_files
from tests.security.test_canaries import places, spans, upload  # noqa: F401

Opened = Callable[..., TestClient]


class EchoingServer(ThreadingHTTPServer):
    """An OpenAI-compatible server that answers each prompt with an error that holds it."""

    prompts: list[str]


class _Handler(JsonHandler):
    server: EchoingServer

    def do_GET(self) -> None:
        self.send_json(200, {"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.prompts.append(body)
        self.send_json(500, {"error": {"message": f"cannot answer: {body}", "type": "server_error", "param": body}})


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[EchoingServer]:
    """The model server, which `vllm:tiny` names."""
    server = EchoingServer(("127.0.0.1", 0), _Handler)
    server.prompts = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CONSILIUM_MODEL_URL", f"http://127.0.0.1:{server.server_port}/v1")
    yield server
    server.shutdown()
    server.server_close()


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(caplog.handler.formatter.format(record) for record in caplog.records)  # type: ignore[union-attr]


@pytest.mark.hazard("HAZ-26")
def test_a_model_server_that_sends_the_prompt_back_with_its_error(
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    failing: EchoingServer,
    places: Path,  # noqa: F811
    spans: InMemorySpanExporter,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    client = opened(consilium=Consilium(places / "runs"))
    asked = {"case": upload(client, good_files()), "model": "vllm:tiny", "question": f"{QUESTION} how large?"}
    run_id = str(client.post("/api/runs", json=asked).json()["id"])
    state = at_rest(client, run_id)["state"]
    assert state == "to_review", "the built-in model went on"
    answers = [client.post(f"/api/runs/{run_id}/ask", json={"question": f"{SAID}?"})]
    at_rest(client, run_id)
    body = {"model": run_id, "messages": [{"role": "user", "content": f"{SAID}?"}]}
    answers.append(client.post("/v1/chat/completions", json=body))
    assert all("cannot answer" not in answer.text for answer in answers)
    sent = "".join(failing.prompts)
    assert QUESTION in sent, "the server was asked, with content"
    told = [span.to_json() for span in spans.get_finished_spans()]
    assert told
    assert found_in("".join(told)) == []
    assert "cannot answer" not in "".join(told)
    assert found_in(logged(caplog)) == []
    printed = capfd.readouterr()
    assert found_in(printed.out + printed.err) == []
    detail = client.get(f"/api/runs/{run_id}").text + client.get(f"/api/runs/{run_id}/report.json").text
    assert "cannot answer" not in detail, "what the server said is not told as if it were a reason"
    assert found_under(places) == []


@pytest.mark.hazard("HAZ-26")
def test_a_worker_that_is_killed_in_the_middle_of_its_work(
    places: Path,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    app = create_app(Consilium(places / "runs"), own_process=True)
    hand: ProcessHand = app.state.office.worker._hand
    with ProcessWatch() as processes, TestClient(app, base_url="http://127.0.0.1") as client:
        client.get("/login", params={"token": app.state.sessions.link_token}, follow_redirects=False)
        client.headers.update(ORIGIN | {"X-CSRF-Token": client.cookies["consilium_csrf"]})
        asked = {"case": upload(client, good_files()), "question": f"{QUESTION} how large is the nodule?"}
        run_id = str(client.post("/api/runs", json=asked).json()["id"])
        until = time.monotonic() + 60
        while not client.get(f"/api/runs/{run_id}").json()["steps"]:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert hand._process is not None
        os.killpg(hand._process.pid, signal.SIGKILL)
        at_rest(client, run_id)
        killed = client.get(f"/api/runs/{run_id}").json()["run"]
    assert found_in(str(killed["note"]), CONTENT) == []
    assert processes.found == set()
    assert found_in(logged(caplog)) == []
    printed = capfd.readouterr()
    assert found_in(printed.out + printed.err) == []
    assert found_under(places) == []
