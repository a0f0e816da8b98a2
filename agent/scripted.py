"""A chat model that says what a script says: for tests, evaluations and demonstrations. It reaches no network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

Line = AIMessage | Exception | Callable[[list[BaseMessage], frozenset[str]], AIMessage]


class ScriptedModel(BaseChatModel):
    """Answers with the lines of `script` in order: a message, an error to raise, or a function of what it was sent.

    When the script is used up it repeats the last line.
    """

    script: list[Any]
    _place: int = PrivateAttr(default=0)
    _heard: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "consilium-scripted"

    @property
    def heard(self) -> list[list[BaseMessage]]:
        """The messages of every request so far."""
        return self._heard

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
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
        with self._lock:
            line: Line = self.script[min(self._place, len(self.script) - 1)]
            self._place += 1
            self._heard.append(list(messages))
        if isinstance(line, Exception):
            raise line
        answer = line if isinstance(line, AIMessage) else line(messages, frozenset(kwargs.get("offered", ())))
        return ChatResult(generations=[ChatGeneration(message=answer)])
