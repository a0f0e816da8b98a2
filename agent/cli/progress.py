"""Progress of a run in the terminal: one line a tool, what it is doing, and what it found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from agent.cli.common import err

_STEPS = {"think": "Deciding what to look at", "write": "Writing the draft", "verify": "Checking every sentence"}


def follow(events: Iterable[dict[str, Any]]) -> None:
    """Show events as they come, on standard error, until they end."""
    started: dict[str, float] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        tasks: dict[str, Any] = {}
        current = progress.add_task("Reading the case")
        for event in events:
            kind = event["event"]
            if kind == "tool_started":
                started[event["call"]] = time.monotonic()
                tasks[event["call"]] = progress.add_task(escape(event["tool"]))
            elif kind == "tool_progress" and event["call"] in tasks:
                text = escape(f"{event['tool']}: {event['text']}")
                progress.update(tasks[event["call"]], description=text)
            elif kind == "tool_finished" and event["call"] in tasks:
                progress.remove_task(tasks.pop(event["call"]))
                progress.console.print(_line(event, time.monotonic() - started[event["call"]]))
            elif kind == "node" and event["node"] in _STEPS:
                progress.update(current, description=_STEPS[event["node"]])


def _line(event: dict[str, Any], seconds: float) -> str:
    if event["failed"]:
        return f"[yellow]–[/] {escape(event['tool'])}: {escape(event['text'])}"
    return f"[green]✓[/] {escape(event['tool'])}: {len(event['evidence'])} findings ({seconds:.1f} s)"
