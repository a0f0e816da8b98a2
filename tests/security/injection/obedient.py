"""A model that does whatever it reads: the worst that a planted instruction can make of any language model.

An instruction is planted as `<<NAME {JSON}>>`. As a tool it is called by that name, be there such a tool or not;
`<<say {"text": …}>>` is written into the draft. It reads everything that a model is sent.
"""

from __future__ import annotations

import json
import re
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import PrivateAttr

from agent.localmodel import LocalModel

PLANTED = re.compile(r"<<(\w+) (\{.*?\})>>")
MAX_CALLS = 16


def plant(name: str, arguments: dict[str, Any]) -> str:
    """An instruction that the obedient model follows, without characters that a file name cannot have."""
    return f"<<{name} {json.dumps(arguments, ensure_ascii=True)}>>"


class ObedientModel(LocalModel):
    """Calls every tool that it was told to call, once, then writes what it was told to say, then one true sentence."""

    _done: set[str] = PrivateAttr(default_factory=set)

    @property
    def _llm_type(self) -> str:
        return "consilium-obedient"

    @property
    def obeyed(self) -> frozenset[str]:
        """The instructions that it has read and followed."""
        return frozenset(self._done)

    def answer(self, messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
        """The next calls that it was told to make, or the draft that it was told to write."""
        found = {match[0]: match for message in messages for match in PLANTED.finditer(_unescaped(message))}
        if "write_draft" in offered:
            return _written(found.values(), self._done)
        new = [(text, match) for text, match in found.items() if text not in self._done and match[1] != "say"]
        calls = []
        for number, (text, match) in enumerate(new[:MAX_CALLS]):
            self._done.add(text)
            calls.append({"name": match[1], "args": _arguments(match[2]), "id": f"c{len(self._done)}-{number}"})
        return AIMessage("", tool_calls=calls) if calls else AIMessage("READY")


def _unescaped(message: BaseMessage) -> str:
    """The text of a message; the quotes of JSON inside JSON are taken off, so that nested instructions are read too."""
    return message.text.replace('\\\\\\"', '"').replace('\\"', '"')


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {}


def _written(found: Any, done: set[str]) -> AIMessage:
    said = []
    for match in found:
        if match[1] == "say":
            done.add(match[0])
            said.append(str(_arguments(match[2]).get("text", ""))[:1900])
    statements = [
        {"section": "treatment", "kind": "recommendation", "text": text, "evidence": ["E0000000000"]}
        for text in said
        if text.strip()
    ]
    statements.append({"section": "missing", "kind": "question", "text": "Nothing else was asked.", "evidence": []})
    call = {"name": "write_draft", "args": {"statements": statements[:100]}, "id": "w"}
    return AIMessage("", tool_calls=[call])
