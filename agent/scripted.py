"""A chat model that says what a script says: for tests, evaluations, demonstrations and replays."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from pydantic import PrivateAttr

from agent.localmodel import LocalModel, in_pieces


@dataclass(frozen=True)
class Broken:
    """A message whose stream ends after `pieces` pieces: with `error`, or, where that is None, without a word."""

    message: AIMessage
    pieces: int
    error: Exception | None = None


Said = AIMessage | Exception | Broken
Line = Said | Callable[[list[BaseMessage], frozenset[str]], Said]


class ScriptedModel(LocalModel):
    """Answers with the lines of `script` in order: a message, an error to raise, or a function of what it was sent.

    When the script is used up it repeats the last line. It remembers the messages of its last `remembers` requests, or
    of all of them where that is None.
    """

    script: list[Any]
    remembers: int | None = None
    _place: int = PrivateAttr(default=0)
    _heard: deque[list[BaseMessage]] = PrivateAttr(default_factory=deque)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any) -> None:
        """Bounds what it remembers."""
        super().model_post_init(context)
        self._heard = deque(maxlen=self.remembers)

    @property
    def _llm_type(self) -> str:
        return "consilium-scripted"

    @property
    def heard(self) -> list[list[BaseMessage]]:
        """The messages of each request that is remembered, in order."""
        return list(self._heard)

    def answer(self, messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
        """The next line of the script."""
        said = self._next(messages, offered)
        if isinstance(said, Broken):
            raise said.error or ConnectionError("the stream broke off")
        return _spoken(said)

    def pieces(self, messages: list[BaseMessage], offered: frozenset[str]) -> Iterator[AIMessageChunk]:
        """The next line of the script in pieces."""
        said = self._next(messages, offered)
        if not isinstance(said, Broken):
            yield from in_pieces(_spoken(said))
            return
        yield from itertools.islice(in_pieces(said.message), said.pieces)
        if said.error is not None:
            raise said.error

    def _next(self, messages: list[BaseMessage], offered: frozenset[str]) -> Said:
        with self._lock:
            line: Line = self.script[min(self._place, len(self.script) - 1)]
            self._place += 1
            self._heard.append(list(messages))
        return line if isinstance(line, AIMessage | Exception | Broken) else line(messages, offered)


def _spoken(said: AIMessage | Exception) -> AIMessage:
    if isinstance(said, Exception):
        raise said
    return said
