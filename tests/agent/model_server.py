"""A model server on loopback that speaks the OpenAI protocol, as the built-in model or with a fault of real servers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage, convert_to_messages

from agent.builtin.model import BuiltinModel
from tests.jsonserver import JsonHandler

NAME = "tiny"
_HEAD = {"id": "answer", "object": "chat.completion.chunk", "created": 0, "model": NAME}


class ModelServer(ThreadingHTTPServer):
    """`fault` strikes the first `times` requests (that want a stream); `asked` holds when each request came."""

    fault: str = "none"
    times: int = 1_000
    only_streams: bool = False
    struck: int = 0
    retry_after: str = "0"
    asked: list[float]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(JsonHandler):
    server: ModelServer

    def do_GET(self) -> None:
        self.send_json(200, {"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(time.monotonic())
        strikes = self.server.struck < self.server.times and (body.get("stream") or not self.server.only_streams)
        self.server.struck += strikes
        getattr(self, f"_{self.server.fault if strikes else 'none'}")(body)

    def _none(self, body: dict[str, Any]) -> None:
        self._send(_rendered(body))

    def _busy(self, _: dict[str, Any]) -> None:
        self.send_response(429)
        self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _broken(self, _: dict[str, Any]) -> None:
        self.send_json(500, {"error": {"message": "out of memory", "type": "server_error"}})

    def _refuses_key(self, _: dict[str, Any]) -> None:
        self.send_json(401, {"error": {"message": "no such key", "type": "invalid_request_error"}})

    def _hangs(self, _: dict[str, Any]) -> None:
        time.sleep(3)

    def _hangs_up(self, body: dict[str, Any]) -> None:
        """Says that more will come than does."""
        data = _rendered(body)
        self._send(data[: len(data) // 2], length=len(data))

    def _ends_early(self, body: dict[str, Any]) -> None:
        """Ends as if it were the end: half of a plain answer, or of the events of a stream."""
        data = _rendered(body)
        events = data.split(b"\n\n")
        self._send(b"\n\n".join([*events[:-3], b""]) if len(events) > 1 else data[: len(data) // 2])

    def _no_json(self, body: dict[str, Any]) -> None:
        """JSON that stops in the middle, and then the proper end."""
        broken = b'{"id": "answer", "choices": [{"index": 0, "delta": '
        self._send(b"data: " + broken + b"\n\ndata: [DONE]\n\n" if body.get("stream") else broken)

    def _another_page(self, _: dict[str, Any]) -> None:
        """A proxy's page in place of an answer."""
        self._send(b"<html><body>Please log in</body></html>", kind="text/html")

    def _send(self, data: bytes, length: int | None = None, kind: str | None = None) -> None:
        self.send_response(200)
        streamed = data.startswith(b"data: ")
        self.send_header("Content-Type", kind or ("text/event-stream" if streamed else "application/json"))
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True


def _rendered(body: dict[str, Any]) -> bytes:
    """The answer to a request as it goes over the wire, in one piece or as a stream."""
    answer = _answer(body)
    calls = [
        {
            "id": f"call-{i}-{time.monotonic_ns()}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)},
        }
        for i, call in enumerate(answer.tool_calls)
    ]
    reason = "tool_calls" if calls else "stop"
    if not body.get("stream"):
        said = {"role": "assistant", "content": answer.text, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": said, "finish_reason": reason}
        return json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice]}).encode()
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": answer.text}, None)]
    deltas += [({"tool_calls": [{"index": i, **call}]}, None) for i, call in enumerate(calls)]
    deltas += [({}, reason)]
    shown = ({**_HEAD, "choices": [{"index": 0, "delta": d, "finish_reason": r}]} for d, r in deltas)
    events = [*map(json.dumps, shown), "[DONE]"]
    return "".join(f"data: {event}\n\n" for event in events).encode()


def _answer(body: dict[str, Any]) -> AIMessage:
    """What the built-in model says to the messages of a request."""
    messages = convert_to_messages(body["messages"])
    calls = {call["id"]: call["name"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls}
    heard: list[BaseMessage] = [
        m.model_copy(update={"name": calls.get(m.tool_call_id)}) if isinstance(m, ToolMessage) else m for m in messages
    ]
    return BuiltinModel().answer(heard, frozenset(tool["function"]["name"] for tool in body.get("tools", [])))


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """The server, while it runs."""
    server = ModelServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
