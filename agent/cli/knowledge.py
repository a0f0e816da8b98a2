"""`consilium knowledge`: search, show, add to and verify the guidelines."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from agent.cli.common import new_app, out, print_json

app = new_app("Search, show, add to and verify the guidelines.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command()
def verify(as_json: Json = False) -> None:
    """Check manifest, hashes, vocabulary, recommendations with their examples, and safety tables."""
    from knowledge.verify import verify_all

    report = verify_all()
    if as_json:
        print_json({"problems": report.problems, "counts": report.counts})
    else:
        for problem in report.problems:
            out.print(problem, markup=False, highlight=False)
        out.print(", ".join(f"{count} {name}" for name, count in report.counts.items()), highlight=False)
        out.print(f"{len(report.problems)} problems." if report.problems else "All is well.")
    if report.problems:
        raise typer.Exit(1)


if importlib.util.find_spec("agent.cli.knowledge_import"):
    from agent.cli.knowledge_import import add_commands

    add_commands(app)
