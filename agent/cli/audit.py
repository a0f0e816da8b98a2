"""`consilium audit`: check, show and copy the record of who saw, ran, changed, exported and signed what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.common import err, new_app, out, print_json, print_table

app = new_app("The record of access: check it, show it, copy what it says of one case.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
CaseOption = typer.Option("--case", help="A run, `last`, an uploaded case, or a case folder.")


@app.command()
def verify(
    expect: Annotated[str | None, typer.Option(help="NUMBER:HASH of a head that was noted earlier.")] = None,
    file: Annotated[Path | None, typer.Option(help="Check a copy that `export` wrote, not the record.")] = None,
    as_json: Json = False,
) -> None:
    """Find any row that was altered, removed, moved or cut off. Exit code 1 if there is one."""
    from agent.cli.recording import home_log
    from agent.trust.audit_check import check, check_copy
    from knowledge.errors import BadInput

    if file is not None and not file.is_file():
        raise BadInput(file.name, "the path", "there is no such file", "a file that `consilium audit export` wrote")
    found = check(home_log(), expect) if file is None else check_copy(file.read_bytes(), file.name)
    if as_json:
        print_json(found)
    else:
        for fault in found.faults:
            out.print(f"Row {fault.number}: {fault.problem}.", markup=False, highlight=False)
        for number in found.clock_went_back:
            out.print(f"Row {number}: the clock stood earlier than at the row before.", markup=False, highlight=False)
        words = f"{len(found.faults)} faults" if found.faults else "whole and in order"
        out.print(f"{found.rows} rows, {words}.", highlight=False)
        out.print(f"Head, to note elsewhere: {found.head}", highlight=False, soft_wrap=True)
    if found.faults:
        raise typer.Exit(1)


@app.command()
def show(
    case: Annotated[str | None, CaseOption] = None,
    last: Annotated[int, typer.Option(help="How many rows, from the end; 0 shows all.", min=0)] = 50,
    as_json: Json = False,
) -> None:
    """Print rows, oldest first. That they were shown is recorded."""
    from agent.service import Consilium
    from agent.trust.audit_check import readable

    consilium = Consilium()
    scope = _scope(consilium, case) if case else None
    _read(consilium, scope)
    rows = [entry for _, entry in readable(consilium.audit.entries(scope))][-last or None :]
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    columns = ("row", "at (UTC)", "who", "role", "from", "did", "by", "outcome", "account", "run", "case")
    shown = [
        (
            r.number,
            r.at[:19].replace("T", " "),
            r.user,
            r.role,
            r.address,
            r.action,
            r.what,
            r.outcome,
            r.account,
            r.run,
            r.case,
        )
        for r in rows
    ]
    filled = [place for place in range(len(columns)) if any(row[place] for row in shown)]
    print_table([columns[place] for place in filled], [[row[place] for place in filled] for row in shown])


@app.command()
def export(
    case: Annotated[str, CaseOption],
    output: Annotated[Path | None, typer.Option("--out", help="The file to write; by default standard output.")] = None,
) -> None:
    """Copy the rows of a case with their signatures. Readable reasons of emergency access are in it."""
    from agent.service import Consilium
    from agent.trust.audit_check import copy_of_case

    consilium = Consilium()
    scope = _scope(consilium, case)
    _read(consilium, scope)
    body = copy_of_case(consilium.audit, scope).model_dump_json(indent=1) + "\n"
    if output is None:
        sys.stdout.write(body)
        return
    output.write_text(body, encoding="utf-8")
    err.print(f"{output}. The key to compare: {consilium.audit.public_key.hex()}", highlight=False, soft_wrap=True)


def _read(consilium: Any, scope: str | None) -> None:
    from agent.trust.audit import Action
    from agent.trust.identity import local_actor

    consilium.audit.append(local_actor(), Action.READ_RECORD, "cli.audit", case=scope or "")


def _scope(consilium: Any, named: str) -> str:
    """The name in the vault of the case that is meant. One that was destroyed is found by what the record says."""
    from agent.casefiles import scope_of
    from agent.trust.audit_check import readable
    from knowledge.errors import ToolRetry

    if Path(named).is_dir():
        return str(consilium.store.vault.folder_scope(Path(named)))
    if named == "last":
        return str(consilium.store.scope(consilium.store.run(named).id))
    for _, entry in readable(consilium.audit.entries()):
        if entry.case and named in (entry.case, entry.run, entry.case.removeprefix(scope_of(""))):
            return str(entry.case)
    raise ToolRetry(f"The record has no case or run {named!r}. `consilium audit show` lists them.")
