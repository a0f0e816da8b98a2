"""`consilium review`: a physician walks through the statements of a draft and signs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.prompt import Prompt
from rich.text import Text

from agent.cli.common import err, new_app, out

app = new_app()


@app.command()
def review(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, its beginning, or `last`.")],
    decisions: Annotated[
        Path | None, typer.Option(help="A JSON list of {index, action, text, reason} instead of asking.")
    ] = None,
    reviewer: Annotated[str | None, typer.Option(help="Who signs.")] = None,
    output: Annotated[Path | None, typer.Option("--out", help="Folder for report.html and report.json.")] = None,
) -> None:
    """Accept, edit or reject (with a reason) each statement; then sign. Nothing is kept before the signature."""
    from agent.cli.recording import record
    from agent.cli.run import write_report
    from agent.service import Consilium
    from agent.trust.audit import Action

    consilium = Consilium()
    current = consilium.store.run(run_id).id
    record(consilium, Action.SAW, "review", run=current)
    given = _from_file(decisions) if decisions else _ask(consilium, current)
    signer = (reviewer or Prompt.ask("Sign as (empty line: do not sign)", console=err, default="") or "").strip()
    if not signer:
        err.print("Not signed.")
        raise typer.Exit(1)
    record(consilium, Action.SIGNED, "review", run=current)
    consilium.sign(current, given, signer)
    write_report(consilium, current, output or Path("consilium-out") / current, as_json=False)
    out.print(f"Signed by {signer}.", markup=False)


def _from_file(path: Path) -> list[dict[str, Any]]:
    from knowledge.errors import BadInput

    accepted = "a JSON list of objects with index, action (accept, edit, reject), text and reason"
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(path.name, "the file", "it is not there", accepted) from None
    except ValueError as error:
        raise BadInput(path.name, str(error), "it is not JSON", accepted) from None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise BadInput(path.name, "the whole file", "it is not a list of objects", accepted)
    return given


def _ask(consilium: Any, run_id: str) -> list[dict[str, Any]]:
    report = consilium.report(run_id)
    verdicts = {verdict.index: verdict for verdict in report.verification.verdicts}
    ledger = report.ledger()
    decided: list[dict[str, Any]] = []
    for index, statement in enumerate(report.draft.statements):
        out.rule(f"{index + 1} of {len(report.draft.statements)} · {statement.section}", style="dim")
        out.print(Text(statement.text, style="bold"))
        for item in statement.evidence:
            out.print(Text(f"  {item}  {ledger[item].claim}" if item in ledger else f"  {item}  unknown", style="dim"))
        for problem in verdicts[index].problems:
            out.print(Text(f"  not supported: {problem.message}", style="red"))
        decided.append(_decide(consilium, run_id, index, statement.text))
    return decided


def _decide(consilium: Any, run_id: str, index: int, text: str) -> dict[str, Any]:
    choice = Prompt.ask("accept, edit or reject", choices=["a", "e", "r"], default="a", console=err)
    if choice == "r":
        reason = ""
        while not reason.strip():
            reason = Prompt.ask("Reason", console=err)
        return {"index": index, "action": "reject", "reason": reason}
    if choice == "e":
        new = Prompt.ask("New text", default=text, console=err)
        verdict = consilium.check_edit(run_id, index, new)
        for problem in verdict.problems:
            out.print(Text(f"  not supported: {problem.message}", style="red"))
        return {"index": index, "action": "edit", "text": new}
    return {"index": index, "action": "accept"}
