"""`consilium eval`: run scripted cases, print a table with intervals, write RESULTS.md, compare with the baseline."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from agent.cli.common import err, new_app, print_json, print_table
from knowledge.errors import ToolFailed, ToolRetry

if TYPE_CHECKING:
    from evals.cases.model import Suite
    from evals.report.html import Run
    from evals.report.summary import Summary
    from evals.scoring.case_score import CaseScore

app = new_app()
HERE = Path(__file__).parent
INSTALL = "The evaluations need inspect_ai. Install it with: pip install 'consilium[evals]' -c constraints.txt"


@app.command("eval")
def evaluate(
    suite: Annotated[str, typer.Argument(help="A suite, a suite file, all, or new-case.")] = "all",
    file: Annotated[Path | None, typer.Argument(help="With new-case: where to write the template.")] = None,
    model: Annotated[str, typer.Option(help="The chat model: builtin, scripted:FAULT, or provider:name.")] = "builtin",
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be repeated.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave out a tool, or retrieval, or tools; may be repeated.")
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Write the page here.")] = None,
    baseline: Annotated[Path, typer.Option(help="Compare with this file.")] = HERE / "baseline.json",
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="Keep this run as the baseline.")] = False,
    log_dir: Annotated[Path | None, typer.Option(help="Where inspect_ai keeps its logs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    list_only: Annotated[bool, typer.Option("--list", help="List suites and cases and stop.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a suite and stop.")] = False,
    benchmark: Annotated[str | None, typer.Option(help="Run an outside benchmark; `list` names them.")] = None,
    data: Annotated[Path | None, typer.Option(help="Its data (docs/benchmarks.md).")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that compares runs here.")] = None,
    compare: Annotated[
        list[Path] | None, typer.Option(help="A run kept with --json, for the page; repeatable.")
    ] = None,
    kept_run: Annotated[Path | None, typer.Option("--from", help="Take this kept run in place of running.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="A model on this machine, vllm:NAME, that says what the evidence entails.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that share the cases out.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many of its items.")] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Each case also put differently: what stays?")
    ] = False,
    turns: Annotated[int, typer.Option(min=1, help="Turns of a dialogue benchmark.")] = 20,
) -> None:
    """Run scripted cases, or an outside benchmark. Exit code 1 where a suite is worse than its baseline."""
    if benchmark is not None:
        from evals.outside.registry import Settings
        from evals.outside.show import run_outside

        return run_outside(benchmark, data, Settings(limit, model, turns), as_json, results)
    if schema:
        from evals.cases.model import Suite

        return print_json(Suite.model_json_schema())
    if suite == "new-case":
        return _new_case(file)
    if list_only:
        return _list(suite)
    wanted = Wanted(suite, model, tuple(case or ()), tuple(sorted(without or ())), log_dir, jobs, judge)
    if robustness:
        return _robustness(wanted, results, as_json)
    pages = Pages(results, html, tuple(compare or ()), baseline, update_baseline, as_json)
    return _suites(wanted, pages, kept_run)


class Wanted(NamedTuple):
    """Which suites and cases to run, with which model, and without which tools."""

    suite: str
    model: str
    cases: tuple[str, ...]
    without: tuple[str, ...]
    log_dir: Path | None
    jobs: int = 1
    judge: str | None = None

    @property
    def label(self) -> str:
        """What the run is called in tables and in the baseline."""
        return " without ".join([self.model, *self.without])


class Pages(NamedTuple):
    """What is written of a run, and what it is compared with."""

    results: Path | None
    html: Path | None
    compare: tuple[Path, ...]
    baseline: Path
    update: bool
    as_json: bool


def _list(suite: str) -> None:
    from evals.cases.loading import load_suites

    rows = [(s.suite, c.id, c.job, c.language, c.title) for s in load_suites(suite) for c in s.cases]
    print_table(("suite", "case", "job", "language", "title"), rows)


def _chosen(wanted: Wanted) -> tuple[Suite, ...]:
    """The suites. Raises `ToolRetry` for an unknown case, `ToolFailed` where inspect_ai is not installed."""
    from evals.cases.loading import load_suites

    suites = load_suites(wanted.suite)
    if importlib.util.find_spec("inspect_ai") is None:
        raise ToolFailed(INSTALL)
    unknown = set(wanted.cases) - {c.id for s in suites for c in s.cases}
    if unknown:
        raise ToolRetry(f"No case is named {', '.join(sorted(unknown))}. `consilium eval --list` lists them.")
    return suites


def _suites(wanted: Wanted, pages: Pages, kept_run: Path | None) -> None:
    """Run suites (or take a kept run), print it, write the pages, and keep it or compare it with the one kept."""
    from evals.report.html import comparison_page, read_run
    from evals.report.markdown import results_page, table_rows
    from evals.report.summary import read_baselines, write_baseline

    others = [read_run(path) for path in pages.compare]
    run = read_run(kept_run) if kept_run is not None else _run(wanted)
    summary, scores = run.summary, tuple(run.cases.values())
    kept = read_baselines(pages.baseline)
    if pages.results is not None:
        beside = (*kept.values(), *(other.summary for other in others))
        pages.results.write_text(results_page(summary, scores, beside), encoding="utf-8")
    if pages.html is not None:
        pages.html.write_text(comparison_page([run, *others]), encoding="utf-8")
    if pages.as_json:
        print_json({"summary": summary.model_dump(mode="json"), "cases": [s.model_dump(mode="json") for s in scores]})
    else:
        print_table(("dimension", "value (95 % interval)", "items", "published"), table_rows(summary))
    if pages.update:
        return write_baseline(pages.baseline, summary)
    return _compare(summary, scores, kept.get(summary.model))


def _run(wanted: Wanted) -> Run:
    """Run the suites."""
    from evals.jobs import run_all
    from evals.report.html import Run
    from evals.report.summary import summarise
    from evals.scoring.entailed import local_judge
    from knowledge.paths import home

    suites = _chosen(wanted)
    logs = wanted.log_dir or home() / "eval-logs"
    if wanted.judge is not None:
        local_judge(wanted.judge)
    scores = run_all(wanted.suite, wanted.model, logs, wanted.cases, wanted.without, wanted.jobs, wanted.judge)
    summary = summarise(scores, wanted.label, [suite.suite for suite in suites])
    return Run(summary, {score.case_id: score for score in scores})


def _robustness(wanted: Wanted, results: Path | None, as_json: bool) -> None:
    """Run every case as written and changed, and print what stays."""
    from evals.jobs import compare_all
    from evals.robustness.show import show

    suites = _chosen(wanted)
    compared = compare_all(wanted.suite, wanted.model, wanted.cases, wanted.without, wanted.jobs)
    show(compared, suites, wanted.label, as_json, results)


def _compare(summary: Summary, scores: Sequence[CaseScore], before: Summary | None) -> None:
    """Name what ended in a bug and what got worse than the kept run, and leave with 1 where there is anything."""
    from evals.report.summary import regressions

    worse = [f"Did not end: {item.case_id}: {item.error}" for item in scores if (item.error or "").startswith("a bug")]
    if before is not None:
        ran = {item.case_id for item in scores}
        before = before.model_copy(update={"correct": tuple(name for name in before.correct if name in ran)})
        worse += [f"Worse than the baseline: {line}" for line in regressions(summary, before)]
    for line in worse:
        err.print(line, markup=False, highlight=False)
    if worse:
        sys.exit(1)


def _new_case(file: Path | None) -> None:
    """Write the template of a suite. Raises `ToolRetry` where there is no file name or the file is there already."""
    if file is None:
        raise ToolRetry("Name the file to write: consilium eval new-case FILE.yaml")
    if file.exists():
        raise ToolRetry(f"{file} is there already. Name a new file.")
    file.write_text((HERE / "cases" / "template.yaml").read_text(encoding="utf-8"), encoding="utf-8")
