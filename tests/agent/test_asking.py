"""A weak or broken model cannot break a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from email.utils import format_datetime

import httpx
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, InvalidToolCall
from langchain_core.messages.ai import UsageMetadata

from agent.asking import CHECK_EVERY, MAX_TRIES, Manner, ModelFailed, ask, recover_calls
from agent.localmodel import call_pieces
from agent.scripted import ScriptedModel

ASKED = [HumanMessage("How large is the nodule?")]
TOOLS = frozenset({"segment_lesion"})


class _ServerError(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


def _broken(name: str) -> AIMessage:
    call = InvalidToolCall(name=name, args="{", id="1", error=None, type="invalid_tool_call")
    return AIMessage("", invalid_tool_calls=[call])


def _ask(*script: object) -> tuple[AIMessage, ScriptedModel, list[float]]:
    model, waits = ScriptedModel(script=list(script)), []
    return ask(model.bind_tools([]), ASKED, TOOLS, Manner(sleep=waits.append)), model, waits


@pytest.mark.parametrize(
    "error", [_ServerError(429), _ServerError(500), _ServerError(503), TimeoutError(), httpx.ReadTimeout("slow")]
)
def test_what_may_pass_is_tried_again_with_growing_waits(error: Exception) -> None:
    answer, model, waits = _ask(error, error, AIMessage("READY"))
    assert answer.text == "READY"
    assert len(model.heard) == 3
    assert waits == [0.5, 1.0]


def test_an_error_that_stays_is_given_up_after_the_last_try() -> None:
    model = ScriptedModel(script=[TimeoutError()])
    with pytest.raises(ModelFailed, match="TimeoutError after 3 tries"):
        ask(model.bind_tools([]), ASKED, TOOLS, Manner(sleep=lambda _: None))
    assert len(model.heard) == MAX_TRIES


@pytest.mark.parametrize("error", [_ServerError(400), _ServerError(401), ValueError("patient name in here")])
def test_an_error_that_cannot_pass_is_not_repeated_and_its_text_is_not_shown(error: Exception) -> None:
    model = ScriptedModel(script=[error])
    with pytest.raises(ModelFailed) as caught:
        ask(model.bind_tools([]), ASKED, TOOLS, Manner(sleep=lambda _: None))
    assert len(model.heard) == 1
    assert "patient" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "segment_lesion", "arguments": {"imaging": "imaging-1"}}\n</tool_call>',
        'I will call it:\n```json\n{"name": "segment_lesion", "parameters": {"imaging": "imaging-1"}}\n```',
        '{"name": "segment_lesion", "arguments": "{\\"imaging\\": \\"imaging-1\\"}"}',
    ],
)
def test_a_call_written_as_text_is_made_into_a_call(text: str) -> None:
    recovered = recover_calls(AIMessage(text), TOOLS)
    assert [(call["name"], call["args"]) for call in recovered.tool_calls] == [
        ("segment_lesion", {"imaging": "imaging-1"})
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "delete_case", "arguments": {}}',
        '{"name": "segment_lesion", "arguments": ["imaging-1"]}',
        '{"name": "segment_lesion", "arguments": "{broken"}',
        '{"broken',
        "{} and some words",
        "The nodule measures 14 mm.",
    ],
)
def test_text_that_is_no_call_of_an_offered_tool_stays_text(text: str) -> None:
    assert recover_calls(AIMessage(text), TOOLS).tool_calls == []


def test_malformed_arguments_are_sent_back_and_the_mended_call_is_taken() -> None:
    broken = AIMessage(
        "",
        invalid_tool_calls=[
            InvalidToolCall(name="segment_lesion", args="{", id="1", error=None, type="invalid_tool_call")
        ],
    )
    good = AIMessage("", tool_calls=[{"name": "segment_lesion", "args": {}, "id": "2"}])
    answer, model, _ = _ask(broken, good)
    assert answer.tool_calls[0]["name"] == "segment_lesion"
    assert "not a JSON object" in model.heard[1][-1].text


def test_malformed_arguments_that_are_never_mended_end_in_model_failed() -> None:
    with pytest.raises(ModelFailed, match="not valid JSON"):
        _ask(_broken("x"))


class _Garbage(ScriptedModel):
    """Streams arguments that stop being JSON, a character a piece, as a small model does when it has lost itself."""

    written: int = 0

    def pieces(self, messages: list[BaseMessage], offered: frozenset[str]) -> Iterator[AIMessageChunk]:
        text = '{"statements": [{"text": "x"' + " y z" * 5000
        for piece in call_pieces(0, "segment_lesion", "1", text):
            self.written += 1
            yield piece


def test_arguments_that_cannot_become_json_are_not_heard_to_their_end() -> None:
    model = _Garbage(script=[])
    with pytest.raises(ModelFailed, match="not valid JSON"):
        ask(model.bind_tools([]), ASKED, TOOLS, Manner(listener=Silent()))
    assert model.written < 3 * 2 * CHECK_EVERY


class Silent:
    """Listens and says nothing."""

    def begin(self) -> None:
        return None

    def more(self, piece: str) -> None:
        return None


def test_a_call_in_pieces_is_put_together_with_its_usage() -> None:
    usage = UsageMetadata(input_tokens=3, output_tokens=4, total_tokens=7)
    whole = AIMessage(
        "so", tool_calls=[{"name": "a", "args": {"x": 1}, "id": "1"}, {"name": "b", "args": {}, "id": "2"}],
        usage_metadata=usage, response_metadata={"finish_reason": "stop"},
    )  # fmt: skip
    model = ScriptedModel(script=[whole])
    heard = ask(model.bind_tools([]), ASKED, TOOLS, Manner(listener=Silent()))
    assert (heard.text, heard.tool_calls, heard.usage_metadata) == ("so", whole.tool_calls, usage)
    assert heard.response_metadata["finish_reason"] == "stop"


class _Busy(Exception):
    status_code = 429

    def __init__(self, retry_after: str) -> None:
        self.response = httpx.Response(429, headers={"Retry-After": retry_after})


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [("7", 7, 7), ("0", 0.5, 0.5), ("soon", 0.5, 0.5), ("-3", 0.5, 0.5), ("Fri, 01 Jan 2021 00:00:00 GMT", 0.5, 0.5)],
)
def test_the_wait_is_what_the_server_asks_for_and_never_shorter_than_our_own(
    retry_after: str, least: float, most: float
) -> None:
    _, _, waits = _ask(_Busy(retry_after), AIMessage("READY"))
    assert least <= waits[0] <= most


def test_a_wait_until_a_day_is_understood() -> None:
    then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=20)
    _, _, waits = _ask(_Busy(format_datetime(then)), AIMessage("READY"))
    assert 15 < waits[0] <= 20
