"""An answer that is still being sent ends when its case is closed to who asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from agent.casefiles import scope_of
from agent.trust.careteam import EMERGENCY_S
from agent.trust.sessions import IDLE_S
from tests.agent.trust.conftest import Hospital

Made = Callable[..., Hospital]


class Stream:
    """One request to the application whose answer can be read while it comes."""

    def __init__(self, made: Hospital, path: str, headers: dict[str, str]) -> None:
        self.body, self.done, self.status = b"", False, 0
        raw = [(name.lower().encode(), value.encode()) for name, value in ({"Host": "127.0.0.1"} | headers).items()]
        self._scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "headers": raw, "root_path": "",
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        self._thread = threading.Thread(target=lambda: asyncio.run(self._asked(made.client.app)), daemon=True)
        self._thread.start()

    async def _asked(self, app: Any) -> None:
        given = False

        async def receive() -> dict[str, Any]:
            nonlocal given
            if given:
                await asyncio.sleep(60)
            given = True
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            assert not self.done, "nothing is sent after the end"
            self.status = message.get("status", self.status)
            self.body += message.get("body", b"")
            self.done = message["type"] == "http.response.body" and not message.get("more_body")

        await app(self._scope, receive, send)

    def until(self, met: Callable[[], bool]) -> None:
        """Wait for something."""
        end = time.monotonic() + 20
        while not met():
            assert time.monotonic() < end, self.body
            time.sleep(0.01)

    def ended(self) -> bool:
        """Whether the answer is over and the application has let go of it."""
        return self.done and not self._thread.is_alive()


def _leaves(made: Hospital) -> None:
    made.access.teams.remove(scope_of(made.own_case), "rita")


def _closed(made: Hospital) -> None:
    made.access.accounts.disable("rita")


def _logged_out(made: Hospital) -> None:
    made.access.sessions.end_all("rita")


def _other_role(made: Hospital) -> None:
    made.access.accounts.set_role("rita", "researcher")


def _idle(made: Hospital) -> None:
    made.now += IDLE_S + 1


@pytest.mark.hazard("HAZ-19")
@pytest.mark.parametrize("happens", [_leaves, _closed, _logged_out, _other_role, _idle])
def test_events_end_when_the_case_is_closed_to_who_follows_them(
    hospital: Made, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Hospital], None]
) -> None:
    monkeypatch.setattr("agent.server.gate.WATCHED_EVERY_S", 0.0)
    made = hospital()
    bus = made.client.app.state.office.bus  # type: ignore[attr-defined]
    bus.open(made.own_run)
    path = f"/api/runs/{made.own_run}/events"
    theirs = Stream(made, path, made.headers(made.login("rita")))
    others = Stream(made, path, {"Authorization": f"Bearer {made.keys['lab']}"})
    bus.publish(made.own_run, {"event": "node", "node": "before"})
    for stream in (theirs, others):
        stream.until(lambda stream=stream: b"before" in stream.body)  # type: ignore[misc]
    happens(made)
    bus.publish(made.own_run, {"event": "node", "node": "afterwards"})
    theirs.until(theirs.ended)
    assert b"afterwards" not in theirs.body
    others.until(lambda: b"afterwards" in others.body)
    bus.close(made.own_run)
    others.until(others.ended)


def test_events_end_with_emergency_access(hospital: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.server.gate.WATCHED_EVERY_S", 0.0)
    made = hospital()
    bus = made.client.app.state.office.bus  # type: ignore[attr-defined]
    reason = {"run": made.other_run, "reason": "Found unconscious in the ward"}
    assert made.as_("pia", "POST", "/api/emergency", json=reason).status_code == 200
    bus.open(made.other_run)
    stream = Stream(made, f"/api/runs/{made.other_run}/events", made.headers(made.login("pia")))
    bus.publish(made.other_run, {"event": "node", "node": "before"})
    stream.until(lambda: b"before" in stream.body)
    monkeypatch.setattr(made.access.teams, "_clock", lambda: made.now + EMERGENCY_S + 1)
    bus.publish(made.other_run, {"event": "node", "node": "afterwards"})
    stream.until(stream.ended)
    assert b"afterwards" not in stream.body


def test_following_events_is_no_use_of_the_session(hospital: Made) -> None:
    made = hospital()
    secret = made.login("pia")
    made.now += IDLE_S - 1
    assert made.access.sessions.find(secret, used=False) is not None
    made.now += 2
    assert made.access.sessions.find(secret) is None
