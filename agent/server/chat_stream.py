"""The streamed form of an answer: each sentence goes out once it is verified, footnotes come last."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.server.footnotes import Footnotes, literal
from agent.server.records import AnsweredStatement


@dataclass
class Stream:
    """Makes OpenAI's chunks for one answer. What was sent cannot be taken back, so only supported sentences are
    sent before the answer is final.
    """

    model: str
    number: int
    sent: list[str] = field(default_factory=list)
    marks: Footnotes = field(default_factory=Footnotes)

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        """One event of the stream."""
        body = {
            "id": f"chatcmpl-{self.model}-{self.number}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

    def early(self, event: dict[str, Any]) -> str:
        """What an event of the run adds to the answer; empty for most."""
        fits = event.get("event") == "statement" and event.get("mode") == "answer"
        if not fits or event.get("status") != "supported" or event["text"] in self.sent:
            return ""
        return self._sentence(event["text"], event["evidence"], "supported")

    def _sentence(self, text: str, evidence: Sequence[str], status: str) -> str:
        before = "\n\n" if self.sent else ""
        self.sent.append(text)
        return self.chunk({"content": before + self.marks.sentence(text, evidence, status)})

    def rest(self, statements: Sequence[AnsweredStatement], claims: dict[str, str]) -> list[str]:
        """What the final answer holds beyond what was sent, the footnotes, and the end."""
        final = {s.text for s in statements}
        replaced = [text for text in self.sent if text not in final]
        found = [self._sentence(s.text, s.evidence, s.status) for s in statements if s.text not in self.sent]
        if replaced:
            lines = "".join(f"\n\n(REPLACED in the final answer: {literal(text)})" for text in replaced)
            found.append(self.chunk({"content": lines}))
        notes = self.marks.notes(claims)
        if notes:
            found.append(self.chunk({"content": "\n\n" + "\n\n".join(notes)}))
        return [*found, self.chunk({}, "stop"), "data: [DONE]\n\n"]

    def failed(self, message: str) -> list[str]:
        """The end of an answer that cannot be given, in OpenAI's form of an error."""
        body = {"error": {"message": message, "type": "server_error", "code": None}}
        return [f"data: {json.dumps(body, ensure_ascii=False)}\n\n", "data: [DONE]\n\n"]


async def relayed(stream: Stream, events: AsyncIterator[tuple[str, dict[str, Any]]]) -> AsyncIterator[str]:
    """The role first, then a piece for each verified sentence; other events keep the connection alive as comments."""
    yield stream.chunk({"role": "assistant", "content": ""})
    async for _, event in events:
        yield stream.early(event) or ": working\n\n"
