"""A real HTTP model server that fails in the ways servers do: the command line says so and the draft is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.asking import MAX_TRIES
from knowledge.paths import cache_dir
from tests.agent.conftest import run
from tests.agent.model_server import NAME, ModelServer, model_server

pytestmark = pytest.mark.hazard("HAZ-25")
CASE = """
format: consilium-case/1
synthetic: true
patient: {id: T-2, age_years: 54, sex: male}
date: 2026-10-12
question: Can he start amoxicillin?
allergies: [{substance: penicillin}]
medications: [{drug: amoxicillin, status: proposed}]
"""
SILENCE_SECONDS = 1.0
# Fault: what is said when it stays, and how often the server is asked before that.
FAULTS = {
    "busy": ("too many requests (HTTP 429)", MAX_TRIES),
    "broken": ("error of its own (HTTP 500)", MAX_TRIES),
    "refuses_key": ("refused the key (HTTP 401)", 1),
    "hangs": ("did not answer in time", MAX_TRIES),
    "hangs_up": ("connection to its server was lost", MAX_TRIES),
    "ends_early": ("cannot be read", MAX_TRIES),
    "no_json": ("cannot be read", MAX_TRIES),
    "another_page": ("cannot be read", MAX_TRIES),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all, with the search index of the session, which takes a while to build."""
    made = tmp_path_factory.mktemp("home")
    (made / "cache").symlink_to(cache_dir())
    return made


@pytest.fixture
def server(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv("CONSILIUM_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agent.asking.FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr("agent.llm.TIMEOUT_SECONDS", SILENCE_SECONDS)
    with model_server() as made:
        monkeypatch.setenv("CONSILIUM_MODEL_URL", made.url)
        yield made


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(CASE, encoding="utf-8")
    return folder


def worked_up(case: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The report that the command line prints as JSON."""
    assert run("run", case, "--model", f"vllm:{NAME}", "--json") == 0
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    report: dict[str, Any] = json.loads(said.out)
    return report


def of_the_model(report: dict[str, Any]) -> list[str]:
    return [text for text in report["warnings"] if NAME in text]


def says_the_allergy(report: dict[str, Any]) -> bool:
    texts = [item["text"].lower() for item in report["statements"]]
    return any("penicillin" in text and "amoxicillin" in text for text in texts)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_said_and_the_built_in_model_writes_the_draft(
    fault: str, case: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault = fault
    report = worked_up(case, capsys)
    said, asked = FAULTS[fault]
    (warning,) = of_the_model(report)
    assert said in warning
    assert "the built-in model went on" in warning
    assert len(server.asked) == asked
    assert says_the_allergy(report)


def test_a_busy_server_is_asked_again_when_it_says(
    case: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault, server.times, server.retry_after = "busy", 1, "2"
    assert of_the_model(worked_up(case, capsys)) == []
    assert server.asked[1] - server.asked[0] >= 2


def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    case: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault, server.retry_after = "busy", "3600"
    (warning,) = of_the_model(worked_up(case, capsys))
    assert "asks to wait 3600 s" in warning
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", ["broken", "hangs", "hangs_up", "ends_early", "no_json", "another_page"])
def test_a_draft_that_breaks_off_while_it_is_streamed_is_asked_for_again(
    fault: str, case: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault, server.times, server.only_streams = fault, 1, True
    report = worked_up(case, capsys)
    assert server.struck == 1
    assert of_the_model(report) == []
    assert says_the_allergy(report)
