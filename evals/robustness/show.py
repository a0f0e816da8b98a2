"""The robustness of a suite as a table, with every case that came out otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from agent.cli.common import print_json, print_table
from evals.cases.model import Suite
from evals.report.markdown import shown
from evals.robustness.compare import Compared, Row, table

HEAD = ("change", "cases the same", "conclusions kept", "recommendations agree", "new harms", "not scored")


def rows_of(found: Sequence[Row]) -> list[tuple[str, ...]]:
    """Cells of the table."""
    return [
        (r.change, *map(shown, (r.cases, r.conclusions, r.recommendations)), str(r.harms), str(r.not_scored))
        for r in found
    ]


def show(
    compared: Sequence[Compared], suites: Sequence[Suite], model: str, as_json: bool, results: Path | None
) -> None:
    """Print the table and what differs; `results` gets the page."""
    found = table(compared)
    if results is not None:
        results.write_text(page(compared, suites, model), encoding="utf-8")
    if as_json:
        body = {"table": found, "cases": compared}
        return print_json({key: [item.model_dump(mode="json") for item in value] for key, value in body.items()})
    print_table(HEAD, rows_of(found))
    return print_table(("case", "change", "lost", "gained"), differences(compared))


def differences(compared: Sequence[Compared]) -> list[tuple[str, str, str, str]]:
    """The cases that came out otherwise, with what was lost and gained."""
    return [
        (item.case_id, item.change, item.error or "; ".join([*item.lost, *(f"HARM {h}" for h in item.harms)]),
         "; ".join(item.gained))
        for item in compared
        if not item.same
    ]  # fmt: skip


def page(compared: Sequence[Compared], suites: Sequence[Suite], model: str) -> str:
    """The same as Markdown, with the day, the model, and how many cases of each suite were put differently."""
    ran = {item.case_id for item in compared}
    counts = [(suite.suite, sum(case.id in ran for case in suite.cases), len(suite.cases)) for suite in suites]
    parts = ", ".join(f"{name} {some} of {whole}" for name, some, whole in counts if some)
    lines = [
        "# Robustness of the scripted cases",
        "",
        f"Written by `consilium eval --robustness` on {dt.datetime.now(dt.UTC).date()}, model `{model}`: {len(ran)} "
        f"cases ({parts}), as written and put differently (docs/evals.md).",
        "",
        f"| {' | '.join(HEAD)} |",
        "|---" * len(HEAD) + "|",
        *(f"| {' | '.join(row)} |" for row in rows_of(table(compared))),
        "",
        "## What came out otherwise",
        "",
        *(f"- {case}, {change}: lost {lost or 'nothing'}; gained {gained or 'nothing'}"
          for case, change, lost, gained in differences(compared)),
    ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"
