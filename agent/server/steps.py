"""The finished tool calls of a run: how long they took, what they were asked, and what they found."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage

from agent.server.records import Step
from agent.service import Consilium
from agent.toolbox import call_mark


def steps(consilium: Consilium, run_id: str) -> tuple[Step, ...]:
    """The calls by the time at which they began. Times are those of the spans, the rest is in the conversation."""
    spans = [span for span in consilium.store.spans(run_id) if "gen_ai.tool.name" in span.attributes]
    said = _said(consilium.messages(run_id)) if spans else {}
    found = []
    for span in spans:
        failed = span.attributes.get("error.type")
        mark = str(span.attributes.get("consilium.call", ""))
        step = Step(
            tool=str(span.attributes["gen_ai.tool.name"]),
            seconds=span.seconds,
            evidence=int(span.attributes.get("consilium.evidence", 0)),
            failed=str(failed) if failed else None,
        )
        found.append(step.model_copy(update=said.get(mark, {})))
    return tuple(found)


def _said(messages: list[Any]) -> dict[str, dict[str, Any]]:
    """By the mark of a call: its id, its arguments, the evidence that it gave, or why it failed."""
    made: dict[str, dict[str, Any]] = {}
    for message in messages:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                made[call_mark(call["id"])] = {"call": call["id"], "arguments": call["args"]}
        elif isinstance(message, ToolMessage) and (known := made.get(call_mark(message.tool_call_id))) is not None:
            if message.status == "error":
                known["message"] = message.text
            else:
                known["found"] = _evidence(message.text)
    return made


def _evidence(content: str) -> tuple[str, ...]:
    """Ids of the evidence in an answer of a tool; none where a model's own tool answered in words."""
    try:
        answer = json.loads(content)
    except ValueError:
        return ()
    listed = answer.get("evidence", ()) if isinstance(answer, dict) else ()
    return tuple(str(item["id"]) for item in listed if isinstance(item, dict) and "id" in item)
