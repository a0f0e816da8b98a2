"""`consilium tools`: the registry, for people and for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.common import new_app, print_json, print_table
from tools.registry import get_tool, tool_names

app = new_app()


@app.command()
def tools(as_json: Annotated[bool, typer.Option("--json", help="Print JSON with argument schemas.")] = False) -> None:
    """List the tools, what each needs, and what it takes."""
    specs = [get_tool(name) for name in tool_names()]
    if as_json:
        print_json(
            [
                {
                    "name": spec.name,
                    "version": spec.version,
                    "summary": spec.summary,
                    "needs": sorted(spec.needs),
                    "arguments": spec.arguments.model_json_schema(),
                }
                for spec in specs
            ]
        )
        return
    rows = [(spec.name, spec.version, ", ".join(sorted(spec.needs)) or "—", spec.summary) for spec in specs]
    print_table(("tool", "version", "needs", "what it does"), rows)
