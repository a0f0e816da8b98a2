"""`consilium eval`: run scripted cases, print a table with intervals, write RESULTS.md, compare with the baseline."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, new_app, print_json, print_table
from knowledge.errors import ToolFailed, ToolRetry

app = new_app()
HERE = Path(__file__).parent
INSTALL = "The evaluations need inspect_ai. Install it with: pip install 'consilium[evals]' -c constraints.txt"


@app.command("eval")
def evaluate(
    suite: Annotated[str, typer.Argument(help="A suite, a suite file, all, or new-case.")] = "all",
    file: Annotated[Path | None, typer.Argument(help="With new-case: where to write the template.")] = None,
    model: Annotated[str, typer.Option(help="The chat model: builtin, or provider:name.")] = "builtin",
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be repeated.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave this tool out; may be repeated.")] = None,
    results: Annotated[Path | None, typer.Option(help="Write the page here.")] = None,
    baseline: Annotated[Path, typer.Option(help="Compare with this file.")] = HERE / "baseline.json",
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="Keep this run as the baseline.")] = False,
    log_dir: Annotated[Path | None, typer.Option(help="Where inspect_ai keeps its logs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    list_only: Annotated[bool, typer.Option("--list", help="List suites and cases and stop.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a suite and stop.")] = False,
) -> None:
    """Run scripted cases with a model. Exit code 1 where the run is worse than the baseline."""
    from evals.cases.loading import load_suites

    if schema:
        from evals.cases.model import Suite

        return print_json(Suite.model_json_schema())
    if suite == "new-case":
        return _new_case(file)
    suites = load_suites(suite)
    if list_only:
        rows = [(s.suite, c.id, c.job, c.language, c.title) for s in suites for c in s.cases]
        return print_table(("suite", "case", "job", "language", "title"), rows)
    if importlib.util.find_spec("inspect_ai") is None:
        raise ToolFailed(INSTALL)
    unknown = set(case or ()) - {c.id for s in suites for c in s.cases}
    if unknown:
        raise ToolRetry(f"No case is named {', '.join(sorted(unknown))}. `consilium eval --list` lists them.")
    from evals.report.markdown import results_page, table_rows
    from evals.report.summary import read_baselines, regressions, summarise, write_baseline
    from evals.run import without_tools
    from evals.task import run_suites
    from knowledge.paths import home

    label = " without ".join([model, *sorted(without or ())])
    kept = read_baselines(baseline)
    before = kept.get(label)
    with without_tools(without or ()):
        scores = run_suites(suites, model, log_dir or home() / "eval-logs", tuple(case or ()))
    summary = summarise(scores, label, [s.suite for s in suites])
    if results is not None:
        results.write_text(results_page(summary, scores, tuple(kept.values())), encoding="utf-8")
    if as_json:
        print_json({"summary": summary.model_dump(mode="json"), "cases": [s.model_dump(mode="json") for s in scores]})
    else:
        print_table(("dimension", "value (95 % interval)", "items", "published"), table_rows(summary))
    if update_baseline:
        write_baseline(baseline, summary)
        return None
    if before is not None:
        ran = {s.case_id for s in scores}
        before = before.model_copy(update={"correct": tuple(name for name in before.correct if name in ran)})
        worse = regressions(summary, before)
        for line in worse:
            err.print(f"Worse than the baseline: {line}", markup=False, highlight=False)
        if worse:
            sys.exit(1)
    return None


def _new_case(file: Path | None) -> None:
    """Write the template of a suite. Raises `ToolRetry` where there is no file name or the file is there already."""
    if file is None:
        raise ToolRetry("Name the file to write: consilium eval new-case FILE.yaml")
    if file.exists():
        raise ToolRetry(f"{file} is there already. Name a new file.")
    file.write_text((HERE / "cases" / "template.yaml").read_text(encoding="utf-8"), encoding="utf-8")
