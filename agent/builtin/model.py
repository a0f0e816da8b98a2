"""The built-in model as a LangChain chat model with tool calling."""

from __future__ import annotations

from langchain_core.messages import AIMessage, BaseMessage

from agent.builtin import answers, protocol
from agent.builtin.compose import compose
from agent.builtin.reading import Situation, read
from agent.localmodel import LocalModel
from agent.writing import as_call


class BuiltinModel(LocalModel):
    """A rule-driven chat model. The same messages and tools always give the same answer."""

    @property
    def _llm_type(self) -> str:
        return "consilium-builtin"

    def answer(self, messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
        """The next calls of the protocol, or the draft where `write_draft` is offered."""
        situation = read(messages)
        return _write(situation, len(messages)) if "write_draft" in offered else _plan(situation, offered)


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


def _write(situation: Situation, stamp: int) -> AIMessage:
    statements = compose(situation) if situation.follow_up is None else answers.compose(situation)
    return as_call(statements, f"builtin-draft-{stamp}")
