"""The built-in model as a LangChain chat model with tool calling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from agent.builtin import answers, protocol
from agent.builtin.compose import compose
from agent.builtin.reading import Situation, read
from agent.draft import Statement
from agent.localmodel import LocalModel, call_pieces
from agent.writing import as_call


class BuiltinModel(LocalModel):
    """A rule-driven chat model. The same messages and tools always give the same answer."""

    @property
    def _llm_type(self) -> str:
        return "consilium-builtin"

    def answer(self, messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
        """The next calls of the protocol, or the draft where `write_draft` is offered."""
        situation = read(messages)
        if "write_draft" in offered:
            return as_call(list(_statements(situation)), f"builtin-draft-{len(messages)}")
        return _plan(situation, offered)

    def pieces(self, messages: list[BaseMessage], offered: frozenset[str]) -> Iterator[AIMessageChunk]:
        """The same in pieces: a draft comes statement by statement."""
        if "write_draft" not in offered:
            yield from super().pieces(messages, offered)
            return
        call_id = f"builtin-draft-{len(messages)}"
        yield from call_pieces(0, "write_draft", call_id, _draft_json(_statements(read(messages))))


def _plan(situation: Situation, offered: frozenset[str]) -> AIMessage:
    if situation.follow_up is None:
        calls = protocol.next_calls(situation, offered)
    else:
        calls = answers.next_calls(situation, offered)
    if not calls:
        return AIMessage(content="READY")
    stamp = len(situation.answered)
    return AIMessage(
        content="",
        tool_calls=[{"name": n, "args": a, "id": f"builtin-{stamp}-{i}"} for i, (n, a) in enumerate(calls)],
    )


def _statements(situation: Situation) -> Iterator[Statement]:
    yield from compose(situation) if situation.follow_up is None else answers.compose(situation)


def _draft_json(statements: Iterable[Statement]) -> Iterator[str]:
    """The arguments of `write_draft`, a piece a statement."""
    joint = '{"statements": ['
    for item in statements:
        yield joint + json.dumps(item.model_dump(mode="json"), ensure_ascii=False)
        joint = ", "
    yield "]}"
