"""Statements are told with their verdicts while the model is still writing, and a budget ends what would not end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from agent.live import StatementReader
from agent.localmodel import call_pieces
from agent.scripted import Broken, ScriptedModel
from agent.service import Consilium
from knowledge.errors import ToolRetry
from tests.agent.conftest import Counter, calls, nodule_id, writes
from tests.agent.test_graph import GOOD, READY, good_draft, work

Scripted = Callable[..., Consilium]
AWKWARD = [
    {"section": "summary", "text": 'He said "{[}]" \\ and } went. 左肺结节'},
    {"section": "risk", "text": "", "evidence": ["E1"], "x": {"y": [1, {"z": "]"}]}},
]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=200))
def test_statements_are_found_wherever_the_stream_is_cut(widths: list[int]) -> None:
    text = json.dumps({"statements": AWKWARD}, ensure_ascii=False)
    reader, found, place = StatementReader(), [], 0
    for width in [*widths, len(text)]:
        found += reader.feed(text[place : place + width])
        place += width
    assert found == AWKWARD


def test_text_that_never_becomes_a_list_of_statements_gives_none() -> None:
    reader = StatementReader()
    assert reader.feed('{"name": "x", "text": "statements"}') == []
    assert StatementReader().feed('{"statements": [{"a": 1,}, {"b": 2}]} {"c": 3}') == [{"b": 2}]


class Slow(ScriptedModel):
    """Writes one statement, then waits to be let on before the next."""

    def pieces(self, messages: list[BaseMessage], offered: frozenset[str]) -> Iterator[AIMessageChunk]:
        if "write_draft" not in offered:
            yield from super().pieces(messages, offered)
            return
        item = writes(GOOD, nodule_id(messages)).tool_calls[0]["args"]["statements"][0]
        other = {**item, "text": GOOD.replace("14", "41")}
        parts = ['{"statements": [' + json.dumps(item), ", " + json.dumps(other), "]}"]
        for place, piece in enumerate(call_pieces(0, "write_draft", "w", parts)):
            if place == 2:
                self._heard.append([])
            yield piece


def test_a_statement_is_told_before_the_model_has_written_the_next(
    tmp_path: Path, case_folder: Path, counter: Counter
) -> None:
    model = Slow(script=[calls("measure"), READY])
    consilium = Consilium(tmp_path / "runs", model)
    run = consilium.start(case_folder)
    told = []
    for event in consilium.work(run.id):
        if event["event"] == "statement":
            told.append((event["text"], event["status"], event["number"], event["attempt"]))
        if event["event"] == "verified":
            break
    assert told == [(GOOD, "supported", 0, 1), (GOOD.replace("14", "41"), "unsupported", 1, 1)]


def test_what_was_told_is_what_the_draft_holds(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    def two(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
        item = writes(GOOD, nodule_id(messages)).tool_calls[0]["args"]["statements"][0]
        items = [{**item, "section": "risk"}, {**item, "section": "summary", "text": "The nodule measures 14 mm."}]
        return AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": items}, "id": "w"}])

    _, events, report = work(scripted(calls("measure"), READY, two), case_folder)
    told = [e for e in events if e["event"] == "statement"]
    assert [e["number"] for e in told] == [0, 1]
    assert {(e["section"], e["text"], tuple(e["evidence"])) for e in told} == {  # type: ignore[arg-type]
        (s.section, s.text, s.evidence) for s in report.draft.statements
    }


def test_a_draft_written_as_text_is_told_too(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    def as_text(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
        return AIMessage(json.dumps(writes(GOOD, nodule_id(messages)).tool_calls[0]["args"]))

    _, events, report = work(scripted(calls("measure"), READY, as_text), case_folder)
    assert [e["text"] for e in events if e["event"] == "statement"] == [GOOD]
    assert not report.warnings


@pytest.mark.parametrize("error", [ConnectionError("lost"), None], ids=["broken", "truncated"])
def test_a_draft_whose_stream_broke_off_is_asked_for_again_and_not_taken_in_half(
    scripted: Scripted, case_folder: Path, counter: Counter, error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.asking.FIRST_WAIT_SECONDS", 0)
    half = AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": [{"text": "x" * 900}]}, "id": "w"}])
    consilium = scripted(calls("measure"), READY, Broken(half, 3, error), good_draft)
    _, events, report = work(consilium, case_folder)
    assert [s.text for s in report.draft.statements] == [GOOD]
    assert not report.warnings
    assert sum(e["event"] == "draft_started" for e in events) == 2


def test_an_answer_that_was_cut_for_its_length_is_asked_for_shorter(
    scripted: Scripted, case_folder: Path, counter: Counter
) -> None:
    cut = AIMessage('{"statements": [{"te', response_metadata={"finish_reason": "length"})
    consilium = scripted(calls("measure"), READY, cut, good_draft)
    _, _, report = work(consilium, case_folder)
    model = consilium._model
    assert isinstance(model, ScriptedModel)
    assert "too long" in model.heard[-1][-1].text
    assert [s.text for s in report.draft.statements] == [GOOD]


@pytest.mark.parametrize(
    ("limit", "words"),
    [("CONSILIUM_MAX_MODEL_CALLS", "2 calls"), ("CONSILIUM_MAX_TOKENS", "2 tokens")],
)
def test_a_model_that_has_used_up_its_budget_is_replaced_and_the_report_says_so(
    scripted: Scripted, case_folder: Path, counter: Counter, limit: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limit, "2")
    costly = calls("measure")
    costly.usage_metadata = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    _, events, report = work(scripted(costly), case_folder)
    assert any(words in warning for warning in report.warnings)
    assert any(e["event"] == "budget" for e in events)
    assert any("14 mm" in s.text for s in report.draft.statements)


def test_a_model_that_drips_is_cut_off_when_its_time_is_over(
    scripted: Scripted, case_folder: Path, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_MAX_MODEL_SECONDS", "0.000001")
    _, _, report = work(scripted(calls("measure"), READY, good_draft), case_folder)
    assert any("seconds was used up" in warning for warning in report.warnings)


def test_a_budget_that_is_no_number_is_wrong_use(
    scripted: Scripted, case_folder: Path, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_MAX_TOKENS", "many")
    with pytest.raises(ToolRetry, match="CONSILIUM_MAX_TOKENS"):
        work(scripted(READY), case_folder)
