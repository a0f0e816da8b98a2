"""The base of chat models that answer in this process: they are offered tools and give one message, in pieces."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

PIECE_CHARACTERS = 240


class LocalModel(BaseChatModel):
    """A chat model with tool calling, without weights and without a network."""

    @abstractmethod
    def answer(self, messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
        """The answer to `messages` when the tools named in `offered` may be called."""

    def pieces(self, messages: list[BaseMessage], offered: frozenset[str]) -> Iterator[AIMessageChunk]:
        """The same answer in pieces, as a server streams it."""
        yield from in_pieces(self.answer(messages, offered))

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
        answer = self.answer(messages, frozenset(kwargs.get("offered", ())))
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self.pieces(messages, frozenset(kwargs.get("offered", ()))):
            yield ChatGenerationChunk(message=piece)


def call_pieces(index: int, name: str, call_id: str | None, arguments: Iterable[str]) -> Iterator[AIMessageChunk]:
    """One tool call in pieces: first its name, then its arguments as they come."""
    yield AIMessageChunk(content="", tool_call_chunks=[_chunk(index, name, call_id, "")])
    for piece in arguments:
        yield AIMessageChunk(content="", tool_call_chunks=[_chunk(index, None, None, piece)])


def _chunk(index: int, name: str | None, call_id: str | None, args: str) -> ToolCallChunk:
    return ToolCallChunk(name=name, args=args, id=call_id, index=index, type="tool_call_chunk")


def in_pieces(message: AIMessage) -> Iterator[AIMessageChunk]:
    """A whole message as a stream of pieces."""
    text = message.content if isinstance(message.content, str) else message.text
    for piece in _cut(text):
        yield AIMessageChunk(content=piece)
    given = [(call["name"], call["id"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    given += [(call["name"] or "", call["id"], call["args"] or "") for call in message.invalid_tool_calls]
    for index, (name, call_id, arguments) in enumerate(given):
        yield from call_pieces(index, name, call_id, _cut(arguments))
    yield AIMessageChunk(
        content="", usage_metadata=message.usage_metadata, response_metadata=dict(message.response_metadata)
    )


def _cut(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]
