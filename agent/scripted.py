"""A chat model that says what a script says: for tests, evaluations, demonstrations and replays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import PrivateAttr

from agent.localmodel import LocalModel

Line = AIMessage | Exception | Callable[[list[BaseMessage], frozenset[str]], AIMessage]


class ScriptedModel(LocalModel):
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

    def answer(self, messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
        """The next line of the script."""
        with self._lock:
            line: Line = self.script[min(self._place, len(self.script) - 1)]
            self._place += 1
            self._heard.append(list(messages))
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, AIMessage) else line(messages, offered)
