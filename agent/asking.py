"""Asking a chat model so that a weak, broken or unreachable one cannot break a run.

`ask` retries what may pass (timeouts, 429, 5xx, a lost stream), recovers tool calls that were written as text, sends
malformed or cut-off calls back to be mended, and gives up with `ModelFailed`, upon which the graph goes on with the
built-in model and says so.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    ToolCall,
    ToolCallChunk,
)
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import Runnable

from agent.failing import asked_to_wait, in_words, may_pass

MAX_TRIES = 3
MAX_MENDS = 2
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0  # a server that asks for more (Retry-After) is not waited for
CHECK_EVERY = 1000
LONGEST_TOKEN = 8  # characters of a literal or escape that may stand unfinished at the end

_TAGGED = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call)?\s*(\{.*?\})\s*```", re.DOTALL)


class ModelFailed(Exception):
    """The model did not give a usable answer. The text says what happened, without any content of the case."""


class _Broke(Exception):
    """The model, and nothing of ours, raised `cause`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


class Listener(Protocol):
    """Hears an answer while it is written."""

    def begin(self) -> None:
        """An answer begins; what was heard before no longer counts."""

    def more(self, piece: str) -> None:
        """A further piece of the text, or of the arguments of a tool call."""


@dataclass(frozen=True)
class Manner:
    """How to ask: who listens to the answer as it is written, and how long all tries may take together."""

    listener: Listener | None = None
    seconds: float = float("inf")
    sleep: Callable[[float], None] = time.sleep


def ask(
    model: Runnable[LanguageModelInput, AIMessage],
    messages: Sequence[BaseMessage],
    tools: frozenset[str],
    manner: Manner | None = None,
) -> AIMessage:
    """The model's answer, with well-formed tool calls only.

    Args:
        tools: names that may be called; a JSON object in the text that names one of them is taken for a call.

    Raises:
        ModelFailed: no answer after `MAX_TRIES` tries or in the time given, or calls still malformed after
            `MAX_MENDS` requests to mend.
    """
    manner = manner or Manner()
    said, until = list(messages), time.monotonic() + manner.seconds
    for _ in range(MAX_MENDS + 1):
        answer = recover_calls(_invoke(model, said, manner, until), tools)
        cut = answer.response_metadata.get("finish_reason") == "length"
        if not answer.invalid_tool_calls and not (cut and not answer.tool_calls):
            return answer
        said.append(HumanMessage(_mend(answer, cut=cut), name="consilium"))
    raise ModelFailed("its tool calls were cut off or not valid JSON")


def _mend(answer: AIMessage, *, cut: bool) -> str:
    if cut:
        return "Your answer was cut off because it was too long. Answer again with fewer and shorter statements."
    broken = ", ".join(str(call.get("name")) for call in answer.invalid_tool_calls)
    return f"The arguments of {broken} are not a JSON object. Send the call again with valid JSON."


def _invoke(
    model: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage], manner: Manner, until: float
) -> AIMessage:
    wait = FIRST_WAIT_SECONDS
    for tried in range(1, MAX_TRIES + 1):
        try:
            return _whole(model, messages) if manner.listener is None else _stream(model, messages, manner, until)
        except _Broke as broke:
            error = broke.cause
            pause = max(wait, asked_to_wait(error))
            late = pause > LONGEST_WAIT_SECONDS or time.monotonic() + pause > until
            if tried == MAX_TRIES or late or not may_pass(error):
                tries = f"{type(error).__name__} after {tried} {'try' if tried == 1 else 'tries'}"
                words = in_words(error)
                raise ModelFailed(f"{words}; {tries}" if words else tries) from error
            manner.sleep(pause)
            wait *= 2
    raise AssertionError("unreachable")


def _whole(model: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage]) -> AIMessage:
    try:
        return model.invoke(messages)
    except Exception as error:
        raise _Broke(error) from error


def _pieces(model: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage]) -> Iterator[AIMessageChunk]:
    try:
        for piece in model.stream(messages):
            assert isinstance(piece, AIMessageChunk)
            yield piece
    except Exception as error:
        raise _Broke(error) from error


def _stream(
    model: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage], manner: Manner, until: float
) -> AIMessage:
    """The whole answer, each piece told to the listener as it comes; arguments that are no JSON end it at once."""
    listener = manner.listener
    assert listener is not None
    listener.begin()
    heard = _Heard()
    for piece in _pieces(model, messages):
        if time.monotonic() > until:
            raise ModelFailed("the time for the model was used up")
        listener.more(heard.add(piece))
        if heard.hopeless():
            break
    if heard.empty:
        raise _Broke(ConnectionError("an empty stream"))
    return heard.message()


@dataclass
class _Written:
    """One tool call as far as it has come."""

    name: str = ""
    call_id: str | None = None
    pieces: list[str] = field(default_factory=list)


class _Heard:
    """An answer as it comes. Its pieces are joined once: LangChain's sum of pieces reads all arguments at each."""

    def __init__(self) -> None:
        self.empty = True
        self._text: list[str] = []
        self._calls: dict[int, _Written] = {}
        self._usage: UsageMetadata | None = None
        self._metadata: dict[str, Any] = {}
        self._unchecked = 0

    def add(self, piece: AIMessageChunk) -> str:
        """Take in a piece; returns what it holds for a listener."""
        self.empty = False
        self._text.append(piece.text)
        self._usage = add_usage(self._usage, piece.usage_metadata)
        self._metadata |= piece.response_metadata
        arguments = [self._add_call(chunk) for chunk in piece.tool_call_chunks]
        self._unchecked += sum(map(len, arguments))
        return "".join([piece.text, *arguments])

    def _add_call(self, chunk: ToolCallChunk) -> str:
        place = chunk.get("index")
        call = self._calls.setdefault(len(self._calls) if place is None else place, _Written())
        call.name = call.name or chunk["name"] or ""
        call.call_id = call.call_id or chunk["id"]
        call.pieces.append(chunk["args"] or "")
        return call.pieces[-1]

    def hopeless(self) -> bool:
        """Whether arguments so far can no longer become JSON; looked at every `CHECK_EVERY` characters."""
        if self._unchecked < CHECK_EVERY:
            return False
        self._unchecked = 0
        return not all(_may_become_json("".join(call.pieces)) for call in self._calls.values())

    def message(self) -> AIMessage:
        """The whole. Arguments that broke off are no arguments, whatever of them can be read."""
        good: list[ToolCall] = []
        bad: list[InvalidToolCall] = []
        for call in self._calls.values():
            text = "".join(call.pieces)
            try:
                arguments = json.loads(text or "{}")
            except ValueError:
                arguments = None
            if call.name and isinstance(arguments, dict):
                good.append(ToolCall(name=call.name, args=arguments, id=call.call_id, type="tool_call"))
            else:
                bad.append(
                    InvalidToolCall(name=call.name, args=text, id=call.call_id, error=None, type="invalid_tool_call")
                )
        return AIMessage(
            content="".join(self._text),
            tool_calls=good,
            invalid_tool_calls=bad,
            usage_metadata=self._usage,
            response_metadata=self._metadata,
        )


def _may_become_json(text: str) -> bool:
    """Whether JSON that is still being written can end well: what is wrong with it is that it ends."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()) - LONGEST_TOKEN
    return True


def recover_calls(answer: AIMessage, tools: frozenset[str]) -> AIMessage:
    """The answer with calls that were written as text made into calls. Only names in `tools` count."""
    if answer.tool_calls or answer.invalid_tool_calls:
        return answer
    text = answer.text
    candidates = _TAGGED.findall(text) or _FENCED.findall(text) or ([text] if text.lstrip().startswith("{") else [])
    calls = [call for call in (_as_call(item, tools) for item in candidates) if call is not None]
    if not calls:
        return answer
    named = [{**call, "id": f"recovered-{i}", "type": "tool_call"} for i, call in enumerate(calls)]
    return AIMessage(content="", tool_calls=named, usage_metadata=answer.usage_metadata)


def _as_call(text: str, tools: frozenset[str]) -> dict[str, Any] | None:
    """A call that was written as text; where one tool only may be called, its bare arguments will do."""
    try:
        body = json.loads(text)
        arguments = body.get("arguments", body.get("parameters", body.get("args")))
        arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, AttributeError):
        return None
    if len(tools) == 1 and "name" not in body and arguments is None:
        return {"name": next(iter(tools)), "args": body}
    if body.get("name") not in tools or not isinstance(arguments, dict):
        return None
    return {"name": body["name"], "args": arguments}
