"""The events of a run, for who follows it."""

from __future__ import annotations

import asyncio

from agent.server.bus import AT_REST, Bus


def _followed(bus: Bus, last_id: str | None = None) -> list[str]:
    async def read() -> list[str]:
        return [event["event"] async for _, event in bus.follow("run", last_id)]

    return asyncio.run(read())


def test_a_run_that_goes_on_is_not_told_to_be_at_rest_because_it_once_was() -> None:
    bus = Bus()
    for turn in ("first", "second"):
        bus.open("run")
        bus.publish("run", {"event": turn})
        if turn == "first":
            bus.publish("run", {"event": AT_REST})
            bus.close("run")
            assert _followed(bus) == ["first", AT_REST]
    assert [event["event"] for _, event in bus.after("run", None)[0]] == ["first", "second"]
    bus.publish("run", {"event": AT_REST})
    bus.close("run")
    assert _followed(bus) == ["first", "second", AT_REST]


def test_who_was_cut_off_goes_on_after_the_last_event_seen() -> None:
    bus = Bus()
    bus.open("run")
    bus.publish("run", {"event": "first"})
    seen = bus.last_id("run")
    bus.publish("run", {"event": AT_REST})
    bus.close("run")
    assert _followed(bus, seen) == [AT_REST]
