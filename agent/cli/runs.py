"""`consilium runs`: the runs on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, new_app, print_json, print_table

app = new_app()


@app.command()
def runs(
    resume: Annotated[str | None, typer.Option(help="Go on with this run.", metavar="RUN")] = None,
    show: Annotated[str | None, typer.Option(help="Print the report of this run again.", metavar="RUN")] = None,
    output: Annotated[Path | None, typer.Option("--out", help="Folder for report.html and report.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """List runs, newest first; go on with one that stopped; show one again."""
    from agent.cli.progress import follow
    from agent.cli.recording import record
    from agent.cli.run import write_report
    from agent.service import Consilium
    from agent.trust.audit import Action

    consilium = Consilium()
    if resume or show:
        run_id = consilium.store.run(resume or show or "").id
        if resume:
            record(consilium, Action.RAN, "runs", run=run_id)
            follow(consilium.work(run_id))
        write_report(consilium, run_id, output or Path("consilium-out") / run_id, as_json=as_json)
        return
    record(consilium, Action.SAW, "runs")
    found = consilium.store.runs()
    if as_json:
        print_json([run.model_dump(mode="json") for run in found])
    elif not found:
        err.print("There are no runs yet. `consilium run CASE` makes one.")
    else:
        rows = [(r.id, f"{r.created:%Y-%m-%d %H:%M}", r.case_id, r.state, r.question[:60]) for r in found]
        print_table(("run", "created (UTC)", "case", "state", "question"), rows)
