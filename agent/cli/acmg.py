"""`consilium acmg classify`: ACMG/AMP codes to a class, by the table of 2015 and the points of 2020."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.common import new_app, print_json, print_table

app = new_app("Combine ACMG/AMP evidence codes into a class.")


@app.callback()
def _group() -> None:
    """Combine ACMG/AMP evidence codes into a class."""


@app.command()
def classify(
    codes: Annotated[list[str], typer.Argument(help="Codes that are met, such as PVS1 PM2_Supporting PP1.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say the class of a set of codes, the rule that gives it, and what the neighbouring class lacks."""
    from tools.variants.acmg import WORDS, parse_codes
    from tools.variants.acmg import classify as classify_codes

    found = classify_codes(parse_codes(" ".join(codes)))
    if as_json:
        print_json(found)
        return
    rows = [
        ("2015 table", WORDS[found.by_table], found.rule),
        ("2020 points", WORDS[found.by_points], f"{found.points} points"),
    ]
    print_table(("rule", "class", "because"), rows, title=" ".join(code.text for code in found.codes))
    for text in (found.why_not_higher, found.why_not_lower, *found.notes):
        if text:
            typer.echo(f"{text}.")
    if found.conflicting:
        typer.echo("Codes speak for both sides.")
