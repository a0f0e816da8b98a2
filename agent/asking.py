"""Asking a chat model so that a weak, broken or unreachable one cannot break a run.

`ask` retries what may pass (timeouts, 429, 5xx), recovers tool calls that were written as text, sends malformed calls
back to be mended, and gives up with `ModelFailed`, upon which the graph goes on with the built-in model and says so.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable

MAX_TRIES = 3
MAX_MENDS = 2
FIRST_WAIT_SECONDS = 0.5

_TAGGED = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call)?\s*(\{.*?\})\s*```", re.DOTALL)


class ModelFailed(Exception):
    """The model did not give a usable answer. The text says what happened, without any content of the case."""


def ask(
    model: Runnable[LanguageModelInput, AIMessage],
    messages: Sequence[BaseMessage],
    tools: frozenset[str],
    sleep: Callable[[float], None] = time.sleep,
) -> AIMessage:
    """The model's answer, with well-formed tool calls only.

    Args:
        tools: names that may be called; a JSON object in the text that names one of them is taken for a call.

    Raises:
        ModelFailed: no answer after `MAX_TRIES` tries, or calls still malformed after `MAX_MENDS` requests to mend.
    """
    said = list(messages)
    for _ in range(MAX_MENDS + 1):
        answer = recover_calls(_invoke(model, said, sleep), tools)
        if not answer.invalid_tool_calls:
            return answer
        broken = ", ".join(str(call.get("name")) for call in answer.invalid_tool_calls)
        request = f"The arguments of {broken} are not a JSON object. Send the call again with valid JSON."
        said.append(HumanMessage(request, name="consilium"))
    raise ModelFailed("its tool calls were not valid JSON")


def _invoke(
    model: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage], sleep: Callable[[float], None]
) -> AIMessage:
    wait = FIRST_WAIT_SECONDS
    for tried in range(1, MAX_TRIES + 1):
        try:
            return model.invoke(messages)
        except Exception as error:
            if tried == MAX_TRIES or not _may_pass(error):
                raise ModelFailed(f"{type(error).__name__} after {tried} {'try' if tried == 1 else 'tries'}") from error
            sleep(wait)
            wait *= 2
    raise AssertionError("unreachable")


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later: time-outs, lost connections, 429 and 5xx."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return status == 429 or status >= 500
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"TimeoutError", "ConnectionError", "TimeoutException", "TransportError", "APIConnectionError"})


def recover_calls(answer: AIMessage, tools: frozenset[str]) -> AIMessage:
    """The answer with calls that were written as text made into calls. Only names in `tools` count."""
    if answer.tool_calls or answer.invalid_tool_calls:
        return answer
    text = answer.text
    candidates = _TAGGED.findall(text) or _FENCED.findall(text) or ([text] if text.lstrip().startswith("{") else [])
    calls = [call for call in map(_as_call, candidates) if call is not None and call["name"] in tools]
    if not calls:
        return answer
    named = [{**call, "id": f"recovered-{i}", "type": "tool_call"} for i, call in enumerate(calls)]
    return AIMessage(content="", tool_calls=named, usage_metadata=answer.usage_metadata)


def _as_call(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
        arguments = body.get("arguments", body.get("parameters", body.get("args")))
        arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, AttributeError):
        return None
    if not isinstance(body.get("name"), str) or not isinstance(arguments, dict):
        return None
    return {"name": body["name"], "args": arguments}
