"""The built-in model as a LangChain chat model with tool calling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent.builtin import answers, protocol
from agent.builtin.compose import compose
from agent.builtin.reading import Situation, read
from agent.writing import as_call


class BuiltinModel(BaseChatModel):
    """A rule-driven chat model. The same messages and tools always give the same answer."""

    @property
    def _llm_type(self) -> str:
        return "consilium-builtin"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, in any form that LangChain accepts."""
        names = [convert_to_openai_tool(tool)["function"]["name"] for tool in tools]
        return self.bind(offered=names, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        offered = frozenset(kwargs.get("offered", ()))
        situation = read(messages)
        answer = _write(situation, len(messages)) if "write_draft" in offered else _plan(situation, offered)
        return ChatResult(generations=[ChatGeneration(message=answer)])


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
