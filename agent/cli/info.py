"""`consilium info`: what this installation is made of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.common import new_app, print_json, print_table

app = new_app()


@app.command()
def info(as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False) -> None:
    """Versions, device, data releases and model hashes."""
    from agent.versions import data_releases, device, package_versions, tool_versions
    from knowledge.paths import home

    found: dict[str, Any] = {
        "device": device(),
        "home": str(home()),
        "packages": package_versions(),
        "tools": tool_versions(),
        "data": data_releases(),
    }
    if as_json:
        print_json(found)
        return
    print_table(("", ""), [("device", found["device"]), ("home", found["home"]), *found["packages"].items()])
    print_table(("tool", "version"), found["tools"].items())
    rows = [(item["path"], item["release"], item["sha256"][:12]) for item in found["data"]]
    print_table(("data or weights", "release", "sha256"), rows)
