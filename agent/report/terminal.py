"""The report in the terminal: sections, sentences with citation marks, and the sources."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agent.draft import SECTIONS, Report
from agent.report.data import is_synthetic
from agent.report.view import Line, Source, View, build_view
from tools.case import Case

_MARKS = {"supported": ("", "default"), "unsupported": ("✗ ", "bold red"), "cannot_check": ("? ", "yellow")}


def print_report(report: Report, case: Case, console: Console) -> None:
    """Write the report to `console`. Texts are never read as markup."""
    view = build_view(report, case)
    _header(view, console)
    for name in SECTIONS:
        lines = view.sections[name]
        console.print()
        console.print(Text(view.texts["sections"][name], style="bold cyan"))
        if not lines:
            console.print(Padding(Text(view.texts["none"][name], style="dim"), (0, 0, 0, 2)))
        for line in lines:
            console.print(Padding(_sentence(line), (0, 0, 0, 2)))
            _confidence(view, line, console)
            style = "red" if line.status == "unsupported" else "yellow"
            for problem in line.problems:
                console.print(Padding(Text(problem.message, style=style), (0, 0, 0, 6)))
    for line in view.rejected:
        console.print(Text(view.texts["rejected"], style="bold"))
        console.print(Padding(Text(line.text, style="strike dim"), (0, 0, 0, 2)))
    _sources(view, console)
    _warnings(view, console)


def _warnings(view: View, console: Console) -> None:
    if view.report.warnings:
        console.print()
        console.print(Text(view.texts["warnings"], style="bold cyan"))
    for text in view.report.warnings:
        console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2)))


def _header(view: View, console: Console) -> None:
    state = view.texts["states"][view.report.state]
    title = view.texts["title"] if view.report.state == "preliminary" else view.texts["title_signed"]
    console.print(Text(f"{title} · {view.report.draft.case_id}", style="bold"))
    console.print(Text(state, style="yellow" if view.report.state == "preliminary" else "green"))
    if is_synthetic(view):
        console.print(Text(view.texts["synthetic"], style="bold magenta"))
    console.print(Text(view.say("counts", **view.counts), style="dim"))


def _sentence(line: Line) -> Text:
    mark, style = _MARKS[line.status]
    text = Text(mark, style=style)
    text.append(line.text, style=style)
    cited = " ".join(f"[{mark.number if mark.number is not None else mark.evidence_id + '?'}]" for mark in line.marks)
    if cited:
        text.append(f" {cited}", style="cyan")
    return text


def _confidence(view: View, line: Line, console: Console) -> None:
    """The confidence in a conclusion with what it rests on. A grade that is missing is told in the other reports."""
    said = line.statement
    if said.confidence_basis and (said.confidence or said.kind == "inference"):
        level = view.texts["confidence"][said.confidence or "none"]
        console.print(Padding(Text(f"{level}: {said.confidence_basis}", style="dim"), (0, 0, 0, 6)))


def _sources(view: View, console: Console) -> None:
    console.print()
    console.print(Text(view.texts["sources"], style="bold cyan"))
    for source in view.sources:
        if source.cited_in:
            console.print(Padding(_source(source), (0, 0, 0, 2)))


def _source(source: Source) -> Text:
    text = Text(f"[{source.number}] ", style="cyan")
    text.append(f"{source.kind} · {source.place} · {source.evidence.id}\n", style="dim")
    text.append(f"    {source.evidence.claim}", style="default")
    return text
