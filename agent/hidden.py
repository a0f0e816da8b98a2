"""A chat model that is not on this machine sees stand-ins for everything that identifies the patient.

`HidingModel` wraps such a model: names, places, numbers and dates of each message are replaced before it is sent
(`tools.deid`), and put back into what comes back, before the verifier and the physician see it. What cannot be judged,
such as a note in a third language or a picture, is not sent: the run goes on with the built-in model and says so.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from agent.asking import ModelFailed
from agent.localmodel import in_pieces

_HERE = re.compile(r"^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$", re.IGNORECASE)
_JUDGED_FROM_CHARACTERS = 400


def on_this_machine(url: str) -> bool:
    """Whether a server's address is a loopback address."""
    return _HERE.match(urlsplit(url).hostname or "") is not None


class HidingModel(BaseChatModel):
    """`inner` behind de-identification. One instance keeps the same stand-ins through its life."""

    inner: Any
    _surrogates: Any = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "consilium-hiding"

    def _stand_ins(self) -> Any:
        if self._surrogates is None:
            from tools.deid.surrogates import Surrogates

            self._surrogates = Surrogates(today=dt.date.today())
        return self._surrogates

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The wrapped model with tools offered, behind the same stand-ins."""
        bound = HidingModel(inner=self.inner.bind_tools(tools, tool_choice=tool_choice, **kwargs))
        bound._surrogates = self._stand_ins()
        return bound

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        answer = self.inner.invoke([self._hidden(message) for message in messages], **kwargs)
        return ChatResult(generations=[ChatGeneration(message=self._restored(answer))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """The whole answer, restored, in pieces: a stand-in that is cut in two could not be put back."""
        message = self._generate(messages, stop, run_manager, **kwargs).generations[0].message
        assert isinstance(message, AIMessage)
        for piece in in_pieces(message):
            yield ChatGenerationChunk(message=piece)

    def _hidden(self, message: BaseMessage) -> BaseMessage:
        changes: dict[str, Any] = {"content": self._content(message.content)}
        if isinstance(message, AIMessage):
            changes["tool_calls"] = [call | {"args": self._walk(call["args"])} for call in message.tool_calls]
            changes["additional_kwargs"] = {}
        return message.model_copy(update=changes)

    def _content(self, content: Any) -> Any:
        if isinstance(content, str):
            return self._lines(content)
        made = []
        for block in content:
            if isinstance(block, str):
                made.append(self._lines(block))
            elif block.get("type") == "text":
                made.append(block | {"text": self._lines(block["text"])})
            else:
                raise ModelFailed("the case was not sent to it: a message holds something that is not text")
        return made

    def _lines(self, text: str) -> str:
        """Text and JSON lines, hidden; a JSON line is walked, so that it stays JSON."""
        made: list[str] = []
        plain: list[str] = []
        for line in text.split("\n"):
            data = _json(line)
            if data is None:
                plain.append(line)
                continue
            made += [self._hide("\n".join(plain))] if plain else []
            made.append(json.dumps(self._walk(data), ensure_ascii=False))
            plain = []
        made += [self._hide("\n".join(plain))] if plain else []
        return "\n".join(made)

    def _walk(self, value: Any, key: str = "") -> Any:
        from tools.deid.ages import OVER, capped, is_age_key

        if isinstance(value, dict):
            return {name: self._walk(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self._walk(one, key) for one in value]
        if is_age_key(key):
            value = capped(value, OVER)
        return self._hide(value) if isinstance(value, str) else value

    def _hide(self, text: str) -> str:
        from tools.deid.unsure import why_unsure

        reason = why_unsure(text) if len(text) >= _JUDGED_FROM_CHARACTERS else None
        if reason is not None:
            raise ModelFailed(f"the case was not sent to it: {reason}")
        hidden: str = self._stand_ins().hide(text)
        return hidden

    def _restored(self, answer: AIMessage) -> AIMessage:
        restore = self._stand_ins().restore
        content = restore(answer.content) if isinstance(answer.content, str) else answer.text
        calls = [call | {"args": _over_strings(call["args"], restore)} for call in answer.tool_calls]
        broken = [call | {"args": restore(call["args"] or "")} for call in answer.invalid_tool_calls]
        return AIMessage(
            content=content if isinstance(answer.content, str) else restore(content),
            tool_calls=calls,
            invalid_tool_calls=broken,
            usage_metadata=answer.usage_metadata,
            response_metadata=answer.response_metadata,
        )


def _over_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _over_strings(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_over_strings(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def _json(line: str) -> Any | None:
    """The JSON object or list that a whole line is, or None."""
    if not line.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(line)
    except ValueError:
        return None
