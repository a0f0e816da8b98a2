"""Weak chat models on purpose: the built-in model with one fault, as `scripted:FAULT` or `scripted:FAULT:N`.

They show what a run makes of a model that answers badly. The fault strikes every answer that it applies to, or the
first N of them; after that the model does its work, as one that mends what it is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall

from agent.scripted import Broken, Said, ScriptedModel
from knowledge.errors import ToolRetry

Heard = list[BaseMessage]
Fault = Callable[[AIMessage, Heard], Said | None]
PREFIX = "scripted"
INVENTED = "E0123456789"


class ServerError(Exception):
    """An answer of a model server with an HTTP status instead of a message."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"HTTP {status_code}")
        self.status_code = status_code


def _malformed(answer: AIMessage, _: Heard) -> Said | None:
    """Arguments without their last bracket."""
    if not answer.tool_calls:
        return None
    broken = [
        InvalidToolCall(
            name=call["name"], args=json.dumps(call["args"])[:-1], id=call["id"], error=None, type="invalid_tool_call"
        )
        for call in answer.tool_calls
    ]
    return AIMessage("", invalid_tool_calls=broken)


def _renamed(answer: AIMessage, _: Heard) -> Said | None:
    """Calls of a tool that there is not."""
    if not answer.tool_calls:
        return None
    return AIMessage("", tool_calls=[{**call, "name": f"{call['name']}_v2"} for call in answer.tool_calls])


def _repeated(answer: AIMessage, heard: Heard) -> Said | None:
    """Every call twice in one answer, beside all calls that were made before."""
    if not answer.tool_calls or _writes(answer):
        return None
    calls = [*_earlier(heard), *answer.tool_calls, *answer.tool_calls]
    return AIMessage("", tool_calls=[{**call, "id": f"again-{len(heard)}-{i}"} for i, call in enumerate(calls)])


def _endless(answer: AIMessage, heard: Heard) -> Said | None:
    """The first call again and again, and never a word that nothing is left to call."""
    if answer.tool_calls or not (earlier := _earlier(heard)):
        return None
    return AIMessage("", tool_calls=[{**earlier[0], "id": f"loop-{len(heard)}"}])


def _as_text(answer: AIMessage, _: Heard) -> Said | None:
    """Calls written into the text."""
    if not answer.tool_calls:
        return None
    calls = (json.dumps({"name": call["name"], "arguments": call["args"]}) for call in answer.tool_calls)
    return AIMessage("I will do this.\n" + "\n".join(f"<tool_call>\n{call}\n</tool_call>" for call in calls))


def _truncated(answer: AIMessage, _: Heard) -> Said | None:
    """A stream that ends in the middle of a draft, without a word."""
    return Broken(answer, 3) if _writes(answer) else None


def _statements(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """A fault in the statements of a draft."""

    def made(answer: AIMessage, _: Heard) -> Said | None:
        if not _writes(answer):
            return None
        call = answer.tool_calls[0]
        items = [change(item) for item in call["args"]["statements"]]
        return AIMessage("", tool_calls=[{**call, "args": {**call["args"], "statements": items}}])

    return made


def _other_language(item: dict[str, Any]) -> dict[str, Any]:
    chinese = re.search(r"[\u4e00-\u9fff]", item["text"]) is not None
    return {**item, "text": "The patient needs further work-up." if chinese else "患者需要进一步检查。"}


def _other_numbers(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "text": re.sub(r"\d+(?!\.?\d)", lambda found: str(int(found[0]) + 7), item["text"])}


def _writes(answer: AIMessage) -> bool:
    return bool(answer.tool_calls) and answer.tool_calls[0]["name"] == "write_draft"


def _earlier(heard: Heard) -> list[dict[str, Any]]:
    """The tool calls of the conversation so far, those that write a draft left out."""
    calls = [dict(call) for message in heard if isinstance(message, AIMessage) for call in message.tool_calls]
    return [call for call in calls if call["name"] != "write_draft"]


FAULTS: dict[str, Fault] = {
    "malformed-json": _malformed,
    "unknown-tool": _renamed,
    "invented-evidence": _statements(lambda item: {**item, "evidence": [INVENTED] if item["evidence"] else []}),
    "altered-numbers": _statements(_other_numbers),
    "repeated-call": _repeated,
    "empty-answer": lambda _, __: AIMessage(""),
    "endless-loop": _endless,
    "wrong-language": _statements(_other_language),
    "refusal": lambda _, __: AIMessage("I am sorry, but I cannot help with medical questions."),
    "call-in-text": _as_text,
    "truncated-stream": _truncated,
    "rate-limit": lambda _, __: ServerError(429),
    "server-error": lambda _, __: ServerError(500),
    "timeout": lambda _, __: TimeoutError(),
}


def weak_model(setting: str) -> ScriptedModel:
    """The model that `FAULT` or `FAULT:N` names; `none` is without a fault.

    Raises:
        ToolRetry: there is no such fault, or N is not a positive whole number.
    """
    name, _, number = setting.partition(":")
    if name != "none" and name not in FAULTS:
        raise ToolRetry(f"No scripted model is named {name!r}. There are: none, {', '.join(FAULTS)}.")
    if number and not (number.isascii() and number.isdigit() and int(number) > 0):
        raise ToolRetry(f"{PREFIX}:{setting}: how often the fault strikes has to be a positive whole number.")
    return ScriptedModel(script=[_faulty(FAULTS.get(name), int(number) if number else None)])


def _faulty(fault: Fault | None, left: int | None) -> Callable[[Heard, frozenset[str]], Said]:
    """The built-in model whose answers `fault` damages, `left` of them where that is not None."""
    from agent.builtin.model import BuiltinModel

    model, remaining = BuiltinModel(), left

    def say(heard: Heard, offered: frozenset[str]) -> Said:
        nonlocal remaining
        answer = model.answer(heard, offered)
        damaged = fault(answer, heard) if fault is not None and remaining != 0 else None
        if damaged is None:
            return answer
        remaining = None if remaining is None else remaining - 1
        return damaged

    return say
