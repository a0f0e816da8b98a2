"""The agent on a real vLLM server: tool calls, streaming, guided JSON, and clear words where the server is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from agent.llm import chat_model
from agent.service import Consilium
from agent.writing import WriteDraft, schema
from evals.cases.loading import load_suites
from evals.task import run_suites
from knowledge.errors import ToolFailed, ToolRetry
from tests.agent.conftest import Counter, case_folder, counter  # noqa: F401

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(2400)]


@pytest.fixture(autouse=True)
def _at(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_MODEL_URL", server)


def test_a_case_is_worked_up_with_tool_calls_and_streamed_statements(
    tmp_path: Path,
    case_folder: Path,  # noqa: F811
    counter: Counter,  # noqa: F811
) -> None:
    consilium = Consilium(tmp_path / "runs")
    run = consilium.start(case_folder, model="vllm:tiny")
    events = list(consilium.work(run.id))
    report = consilium.report(run.id)
    said = [
        (message.type, message.text, getattr(message, "tool_calls", None)) for message in consilium.messages(run.id)
    ]
    assert counter.calls == 1, f"the model did not call the tool: {said[1]}"
    assert not [warning for warning in report.warnings if "built-in" in warning]
    told = [event for event in events if event["event"] == "statement"]
    assert told
    assert {event["text"] for event in told} >= {s.text for s in report.draft.statements}
    spent = [event["spent"] for event in events if event["event"] == "budget"][-1]
    assert spent["calls"] >= 3
    assert spent["tokens"] > 100
    used = [span.attributes.get("gen_ai.usage.output_tokens") for span in consilium.store.spans(run.id)]
    assert any(isinstance(number, int) and number > 0 for number in used)


def test_a_named_tool_is_called_with_arguments_that_fit_its_schema(server: str) -> None:
    model = chat_model("vllm:tiny").bind_tools([schema()], tool_choice="write_draft")
    answer = model.invoke([HumanMessage("What nobody has taught it.")], max_tokens=2000)
    cut = answer.response_metadata.get("finish_reason") == "length"
    assert cut or WriteDraft.model_validate(answer.tool_calls[0]["args"])


def test_pieces_come_one_by_one(server: str) -> None:
    pieces = [p for p in chat_model("vllm:tiny").stream([HumanMessage("Say something.")], max_tokens=16)]  # noqa: C416
    assert len(pieces) > 2
    assert any(piece.usage_metadata for piece in pieces)


def test_a_model_that_is_not_served_is_named_with_those_that_are(server: str) -> None:
    with pytest.raises(ToolRetry, match="tiny"):
        chat_model("vllm:large")


def test_a_server_that_is_not_there_is_said_with_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_MODEL_URL", "http://127.0.0.1:1/v1")
    with pytest.raises(ToolFailed, match="make serve-llm"):
        chat_model("vllm:tiny")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_evaluation_runs_on_the_served_model(tmp_path: Path) -> None:
    suites = load_suites("risk")
    case = suites[0].cases[0].id
    scored = run_suites(suites, "vllm:tiny", tmp_path, (case,), judge="vllm:tiny")[0]
    assert scored.error is None
    assert scored.model_calls >= 1
    assert scored.shares["verified"] is not None
    judged = scored.shares["entailed"]  # weights drawn at random may say neither yes nor no
    assert judged is None or 0 <= judged[0] <= judged[1]
