"""`consilium run`: from a case folder to a cited, verified draft."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.cli.common import err, new_app, out, output_folder

app = new_app()


@app.command()
def run(
    case: Annotated[Path, typer.Argument(help="The case folder.")],
    question: Annotated[str | None, typer.Option(help="What to answer; by default the question in case.yaml.")] = None,
    model: Annotated[str | None, typer.Option(help="builtin, vllm:NAME, or PROVIDER:NAME.")] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the draft.")] = "en",
    output: Annotated[Path | None, typer.Option("--out", help="Folder for report.html and report.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Work up a case: call the tools, look up the guidelines, write and verify a draft."""
    from agent.cli.progress import follow
    from agent.cli.recording import record
    from agent.service import Consilium
    from agent.trust.audit import Action

    with err.status("Reading the case"):
        consilium = Consilium()
        record(consilium, Action.RAN, "run", folder=case)
        started = consilium.start(case, question, model, lang)
    try:
        follow(consilium.work(started.id))
    except KeyboardInterrupt:
        err.print(f"Stopped. `consilium runs --resume {started.id}` goes on with it.")
        raise
    folder = output or Path("consilium-out") / started.id
    write_report(consilium, started.id, folder, as_json=as_json)


def write_report(consilium: object, run_id: str, folder: Path, *, as_json: bool) -> None:
    """Write report.html and report.json of a run into `folder`, and print the report or its JSON."""
    from agent.cli.recording import record
    from agent.report.data import render_json
    from agent.report.html import render_html
    from agent.report.terminal import print_report
    from agent.service import Consilium
    from agent.trust.audit import Action

    assert isinstance(consilium, Consilium)
    record(consilium, Action.EXPORTED, "report", run=run_id)
    report, case = consilium.report(run_id), consilium.case(run_id)
    output_folder(folder)
    body = render_json(report, case)
    (folder / "report.json").write_text(body, encoding="utf-8")
    (folder / "report.html").write_text(render_html(report, case, consilium.artifacts(run_id)), encoding="utf-8")
    if as_json:
        typer.echo(body)
        return
    print_report(report, case, out)
    out.print(f"\n{folder / 'report.html'}\n{folder / 'report.json'}", highlight=False, markup=False)
    if report.review is None:
        out.print(f"Review and sign it: consilium review {run_id}", highlight=False, markup=False)
