"""Planted identifiers go down every path, every kind of error included, and turn up nowhere but with the physician."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from langchain_core.messages import AIMessage
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent import tracing
from agent.cli import main
from knowledge.errors import ToolFailed
from tests.agent.conftest import Counter, calls, counter, scripted  # noqa: F401
from tests.agent.server.conftest import READY, answered, at_rest, measured, opened  # noqa: F401
from tests.security.canaries import (
    ALL,
    CONTENT,
    FILE,
    MODEL,
    NAME,
    NUMBER,
    QUESTION,
    SAID,
    TOOL,
    ProcessWatch,
    bad_files,
    found_in,
    found_under,
    good_files,
)  # fmt: skip

Opened = Callable[..., TestClient]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where the spans of model and tool calls go."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_TRACER", trace.get_tracer("consilium", tracer_provider=provider))
    return exporter


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that holds home, temporary files and scratch of what runs in a test."""
    for name, variable in (("home", "CONSILIUM_HOME"), ("tmp", "TMPDIR"), ("scratch", "CONSILIUM_SCRATCH")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield tmp_path
    tempfile.tempdir = None


def upload(client: TestClient, files: dict[str, bytes]) -> str:
    case_id = str(client.post("/api/cases").json()["id"])
    for name, body in files.items():
        client.put(f"/api/cases/{case_id}/file", params={"path": name}, content=body)
    return case_id


def a_whole_review(client: TestClient) -> str:
    """From the files to a signed report; returns the run."""
    case_id = upload(client, good_files())
    assert NUMBER in client.get(f"/api/cases/{case_id}").text, "the physician sees what was understood"
    asked = {"case": case_id, "question": f"{QUESTION}: how large is the nodule of {NAME}?"}
    run_id = str(client.post("/api/runs", json=asked).json()["id"])
    at_rest(client, run_id)
    client.post(f"/api/runs/{run_id}/ask", json={"question": f"{SAID} {NAME}?"})
    at_rest(client, run_id)
    draft = client.get(f"/api/runs/{run_id}/draft").json()
    body = {"draft_hash": draft["draft_hash"], "decisions": [{"index": 0, "action": "edit", "text": f"{NAME}: 14 mm"}]}
    client.put(f"/api/runs/{run_id}/decisions", json=body)
    for path in ("events", "evidence", "notes/note-1", "report.html", "report.json", "report.fhir.json"):
        client.get(f"/api/runs/{run_id}/{path}")
    client.post(f"/api/runs/{run_id}/sign", json={**body, "reviewer": "Dr A"})
    return run_id


def every_error(client: TestClient, run_id: str) -> list[str]:
    """The bodies of answers to requests that are wrong in every way that there is."""
    answers = []
    for name, body in bad_files().items():
        case_id = upload(client, good_files() | {name: body})
        client.get(f"/api/cases/{case_id}")
        answers.append(client.post("/api/runs", json={"case": case_id}))
    wrong: list[tuple[str, str, Any]] = [
        ("GET", f"/api/runs/{NAME}", None),
        ("GET", f"/api/runs/{NUMBER}/draft", None),
        ("GET", f"/api/nothing/{NAME}?q={NUMBER}", None),
        ("POST", "/api/runs", {"case": NUMBER, "question": {QUESTION: NAME}}),
        ("POST", "/api/runs", {"case": NUMBER, "model": f"{NAME}:{NUMBER}", NUMBER: NAME}),
        ("POST", f"/api/runs/{run_id}/ask", {"question": [NAME]}),
        ("POST", f"/api/runs/{run_id}/ask", {"question": f"{SAID} {NAME}"}),
        ("POST", f"/api/runs/{run_id}/what-if", {"models": [NAME], "overrides": [{"fact": NUMBER, "value": NAME}]}),
        ("POST", f"/api/runs/{run_id}/sign", {"draft_hash": NUMBER, "decisions": [{"index": NAME}], "reviewer": NAME}),
        ("GET", f"/api/runs/{run_id}/pictures/{FILE}.png", None),
        ("GET", f"/api/runs/{run_id}/evidence/{NUMBER}/picture", None),
        ("POST", "/v1/chat/completions", {"model": NAME, "messages": [{"role": "user", "content": SAID}]}),
        ("POST", "/v1/chat/completions", {"model": run_id, "messages": [{"role": NAME, "content": 7}]}),
    ]
    answers += [client.request(method, path, json=body) for method, path, body in wrong]
    answers.append(client.post("/api/runs", content=f'{{"case": "{NAME}"'.encode()))
    answers.append(client.get("/login", params={"token": NUMBER}))
    assert {answer.status_code for answer in answers} <= {202, 403, 404, 409, 422}
    return [answer.text for answer in answers if answer.status_code != 409] + [
        answer.text.replace(FILE, "") for answer in answers if answer.status_code == 409
    ]


def _raise(error: Exception) -> Callable[..., Any]:
    def raising(*_: object, **__: object) -> Any:
        raise error

    return raising


@pytest.mark.hazard("HAZ-26")
def test_planted_identifiers_turn_up_nowhere(
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    places: Path,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    unknown = AIMessage("", tool_calls=[{"name": f"{TOOL}-{NAME}", "args": {NAME: NUMBER}, "id": "x"}])
    first = (calls("measure"), calls("refuse"), unknown, READY, measured, READY, answered)
    broken = RuntimeError(f"{MODEL} {NAME} {NUMBER}")
    with ProcessWatch() as processes:
        client = opened(*first)
        monkeypatch.setattr(Counter, "refuse", _raise(ToolFailed(f"{TOOL} {NAME} is not in the file.")))
        run_id = a_whole_review(client)
        answers = every_error(client, run_id)
        client = opened(calls("refuse"), broken, broken, broken, broken)
        monkeypatch.setattr(Counter, "refuse", _raise(RuntimeError(f"{TOOL} {NAME} {NUMBER}")))
        run_id = str(client.post("/api/runs", json={"case": upload(client, good_files())}).json()["id"])
        at_rest(client, run_id)
        for place in ("agent.server.runs.note_heads", "agent.server.review.draft_view", "agent.server.cases.read_case"):
            monkeypatch.setattr(place, _raise(RuntimeError(f"{NAME} {NUMBER}")))
        case_id = upload(client, good_files())
        bugs = [client.get(path) for path in (f"/api/runs/{run_id}", f"/api/cases/{case_id}")]
        assert [answer.status_code for answer in bugs] == [500, 500]
    printed = capfd.readouterr()
    assert processes.seen, "parsers ran in processes of their own"
    assert processes.found == set()
    assert found_in("\n".join([*answers, *(answer.text for answer in bugs)]), CONTENT) == []
    assert found_in("".join(caplog.handler.formatter.format(r) for r in caplog.records)) == []  # type: ignore[union-attr]
    assert found_in(printed.out + printed.err) == []
    told = [span.to_json() for span in spans.get_finished_spans()]
    assert len(told) > 5
    assert found_in("".join(told)) == []
    assert found_under(places) == []


@pytest.mark.hazard("HAZ-26")
def test_errors_of_the_command_line_say_no_content(
    counter: Counter,  # noqa: F811
    places: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The terminal is the physician's, and file names are said there; values of the case are not."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(places / "tmp")
    work = tmp_path.parent / f"{tmp_path.name}-cases"
    for number, (bad, body) in enumerate(bad_files().items()):
        folder = work / str(number)
        for name, content in (good_files() | {bad: body}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    commands: list[list[str]] = [
        ["run", str(work / str(n)), "--out", str(work / "out")] for n in range(len(bad_files()))
    ]
    commands += [["review", "last", "--decisions", str(work / "0" / "case.yaml"), "--reviewer", "A"]]
    commands += [["variants", str(work / "2" / f"{FILE}.vcf"), "--assembly", "GRCh38"]]
    commands += [["segment", str(work / "5" / "imaging" / f"{FILE}.nii"), "--out", str(work / "seg")]]
    with ProcessWatch() as processes:
        for command in commands:
            with pytest.raises(SystemExit):
                main(command)
        printed = capfd.readouterr()
        with pytest.raises(SystemExit):
            main(["trace", "last"])
    assert processes.found == set()
    assert found_in(printed.err.replace(FILE, ""), CONTENT) == []
    assert found_in(capfd.readouterr().out) == []
    assert found_in(caplog.text, ALL) == []
    assert found_under(places) == []
