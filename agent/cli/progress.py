"""Progress of a run in the terminal: each tool with what it found, and each sentence as it is written and checked."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from agent.cli.common import err

MAX_SHOWN_CHARACTERS = 90
_MARKS = {"supported": ("✓", "green"), "unsupported": ("✗", "red"), "cannot_check": ("?", "yellow")}


def follow(events: Iterable[dict[str, Any]], *, sentences: bool = False) -> None:
    """Show events as they come, on standard error, until they end.

    Args:
        sentences: print each sentence of an answer as it is written; else only the newest one is shown, in passing.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        shown = _Shown(progress, sentences=sentences)
        for event in events:
            shown.take(event)
    if shown.spent:
        err.print(_spent(shown.spent), style="dim", highlight=False, markup=False)


class _Shown:
    def __init__(self, progress: Progress, *, sentences: bool) -> None:
        self.progress, self.sentences = progress, sentences
        self.started: dict[str, float] = {}
        self.tasks: dict[str, Any] = {}
        self.current = progress.add_task("Reading the case and deciding what to look at")
        self.spent: dict[str, Any] | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Show one event."""
        kind = event["event"]
        if kind == "tool_started":
            self.started[event["call"]] = time.monotonic()
            self.tasks[event["call"]] = self.progress.add_task(escape(event["tool"]))
        elif kind == "tool_progress" and event["call"] in self.tasks:
            text = escape(f"{event['tool']}: {event['text']}")
            self.progress.update(self.tasks[event["call"]], description=text)
        elif kind == "tool_finished" and event["call"] in self.tasks:
            self.progress.remove_task(self.tasks.pop(event["call"]))
            self.progress.console.print(_line(event, time.monotonic() - self.started[event["call"]]))
        elif kind == "draft_started":
            text = "Writing" if event["attempt"] == 1 else "Writing again what was not supported"
            self.progress.update(self.current, description=text)
        elif kind == "statement":
            self._statement(event)
        elif kind == "budget":
            self.spent = event

    def _statement(self, event: dict[str, Any]) -> None:
        mark, style = _MARKS[event["status"]]
        if self.sentences and event["mode"] == "answer":
            self.progress.console.print(Text.assemble((f"{mark} ", style), event["text"]))
            return
        text = event["text"]
        short = text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"
        self.progress.update(self.current, description=escape(f"{event['number'] + 1} {mark} {short}"))


def _line(event: dict[str, Any], seconds: float) -> str:
    if event["failed"]:
        return f"[yellow]–[/] {escape(event['tool'])}: {escape(event['text'])}"
    return f"[green]✓[/] {escape(event['tool'])}: {len(event['evidence'])} findings ({seconds:.1f} s)"


def _spent(event: dict[str, Any]) -> str:
    spent, limits = event["spent"], event["limits"]
    return (
        f"Model {event['model']}: {spent['calls']:.0f} of {limits['calls']} calls, "
        f"{spent['tokens']:,.0f} of {limits['tokens']:,} tokens, "
        f"{spent['seconds']:.0f} of {limits['seconds']:.0f} s."
    )
