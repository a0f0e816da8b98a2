"""Cases of suites shared out over several processes, each with the same tools left out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from evals.cases.loading import load_suites
from evals.run import without_tools
from evals.scoring.case_score import CaseScore


def run_part(suite: str, model: str, log_dir: Path, cases: Sequence[str], without: Sequence[str]) -> list[CaseScore]:
    """Run some cases of a suite (or file, or `all`) in this process."""
    from evals.task import run_suites

    suites = load_suites(suite)  # before tools are left out, because cases name them
    with without_tools(without):
        return run_suites(suites, model, log_dir, tuple(cases))


def run_all(
    suite: str, model: str, log_dir: Path, cases: Sequence[str], without: Sequence[str], jobs: int
) -> list[CaseScore]:
    """Run the cases (all of them where none is named) in `jobs` processes; scores in the order of the suites."""
    names = [case.id for one in load_suites(suite) for case in one.cases if not cases or case.id in cases]
    if jobs < 2 or len(names) < 2:
        return run_part(suite, model, log_dir, cases, without)
    parts = [part for first in range(jobs) if (part := names[first::jobs])]
    with ProcessPoolExecutor(len(parts), multiprocessing.get_context("spawn")) as pool:
        running = [
            pool.submit(run_part, suite, model, log_dir / f"job-{i}", part, without) for i, part in enumerate(parts, 1)
        ]
        found = {score.case_id: score for work in running for score in work.result()}
    return [found[name] for name in names]
