"""An outside benchmark run from the command line: its figures as a table, groups, and items to a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from agent.cli.common import err, print_json, print_table
from evals.outside.registry import BENCHMARKS, Settings, benchmark
from evals.outside.result import Figure, Result, scorable
from knowledge.errors import ToolRetry

SHOWN_GROUPS = 40


def run_outside(name: str, data: Path | None, settings: Settings, as_json: bool, results: Path | None) -> None:
    """Run a benchmark and print it; `results` also gets everything as JSON.

    Raises:
        ToolRetry: there is no such benchmark, or no data were named.
        BadInput: the data are not what the benchmark reads.
    """
    if name == "list":
        return list_benchmarks()
    chosen = benchmark(name)
    if data is None:
        raise ToolRetry(f"Name the data: --benchmark {name} --data PATH ({chosen.data}; docs/benchmarks.md).")
    result = chosen.run(data, settings)
    if results is not None:
        results.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if as_json:
        return print_json(result)
    return _show(result)


def list_benchmarks() -> None:
    """The benchmarks that there are."""
    print_table(("benchmark", "data", "measures"), [(n, b.data, b.about) for n, b in BENCHMARKS.items()])


def shown(figure: Figure) -> str:
    """`71.3 % (64.1 to 77.5)`, a plain number with its interval, or that nothing could be scored."""
    found = figure.estimate
    if found.value is None or found.low is None or found.high is None:
        return "could not be scored"
    if figure.percent:
        return f"{100 * found.value:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f})"
    return f"{found.value:.{figure.digits}f} ({found.low:.{figure.digits}f} to {found.high:.{figure.digits}f})"


def _show(result: Result) -> None:
    rows = [(f.name, shown(f), f.estimate.number, f.about) for f in result.figures]
    title = f"{result.benchmark}: {result.data}, {len(result.items)} items, {result.seconds} s"
    print_table(("figure", "value (95 % interval)", "number", "counts"), rows, title=title)
    groups = Counter(item.group for item in scorable(result.items) if item.group)
    if 1 < len(groups) <= SHOWN_GROUPS * 4:
        table = []
        for group, number in groups.most_common(SHOWN_GROUPS):
            verdicts = Counter(item.verdict for item in result.items if item.group == group)
            counts = [str(verdicts[v]) for v in ("right", "wrong", "abstained", "failed")]
            table.append((f"{counts[0]} of {number}", *counts[1:], group))
        print_table(("right", "wrong", "abstained", "failed", "group"), table)
    say = [f"Could not be scored: {result.not_scored}."] if result.not_scored else []
    reasons = Counter(item.reason for item in result.items if item.verdict == "not_scored")
    say += [f"  {number} x {reason}" for reason, number in reasons.most_common(5)]
    broken = Counter(item.reason for item in result.items if item.verdict == "failed")
    say += [f"Failed, {number} x: {reason}" for reason, number in broken.most_common(5)]
    for line in (*say, *result.notes):
        err.print(line, markup=False, highlight=False)
