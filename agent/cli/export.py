"""`consilium export`: a report for other systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.cli.common import new_app, out, output_folder

app = new_app()
NAMES = {"fhir": "report.fhir.json", "json": "report.json", "html": "report.html"}


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, its beginning, or `last`.")],
    form: Annotated[
        Literal["fhir", "json", "html"], typer.Option("--format", help="fhir: a FHIR R4 document.")
    ] = "fhir",
    output: Annotated[
        Path | None, typer.Option("--out", help="The file to write; - writes to standard output.")
    ] = None,
) -> None:
    """Write the report of a run, signed or preliminary. Requests in FHIR are proposals, never orders."""
    from agent.cli.recording import record
    from agent.service import Consilium
    from agent.trust.audit import Action

    consilium = Consilium()
    run = consilium.store.run(run_id)
    record(consilium, Action.EXPORTED, "export", run=run.id)
    body = rendered(consilium, run.id, form)
    if output is not None and str(output) == "-":
        typer.echo(body, nl=False)
        return
    target = output or Path("consilium-out") / run.id / NAMES[form]
    output_folder(target.parent)
    target.write_text(body, encoding="utf-8")
    out.print(str(target), highlight=False, markup=False)


def rendered(consilium: object, run_id: str, form: str) -> str:
    """The report of a run in one of the formats."""
    from agent.export.fhir import render_fhir
    from agent.report.data import render_json
    from agent.report.html import render_html
    from agent.service import Consilium

    assert isinstance(consilium, Consilium)
    report, case = consilium.report(run_id), consilium.case(run_id)
    if form == "json":
        return render_json(report, case)
    page = render_html(report, case, consilium.artifacts(run_id))
    return page if form == "html" else render_fhir(report, case, page)
