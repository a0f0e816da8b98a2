"""Cases of suites shared out over several processes, each with the same tools left out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from evals.cases.loading import load_suites
from evals.run import run_case, without_tools

if TYPE_CHECKING:
    from evals.robustness.compare import Compared
    from evals.scoring.case_score import CaseScore

Scored = TypeVar("Scored", "CaseScore", "Compared")


def run_all(
    suite: str,
    model: str,
    log_dir: Path,
    cases: Sequence[str],
    without: Sequence[str],
    jobs: int,
    judge: str | None = None,
) -> list[CaseScore]:
    """Run the cases (all of them where none is named) in `jobs` processes; scores in the order of the suites.

    `judge` names a chat model on this machine that says whether the cited evidence entails each statement.
    """
    return _shared_out(partial(_run_part, suite, model, without, log_dir, judge), suite, cases, jobs)


def compare_all(suite: str, model: str, cases: Sequence[str], without: Sequence[str], jobs: int) -> list[Compared]:
    """The same with each case also put differently (`evals/robustness`)."""
    return _shared_out(partial(_compare_part, suite, model, without), suite, cases, jobs)


def _run_part(
    suite: str, model: str, without: Sequence[str], log_dir: Path, judge: str | None, cases: Sequence[str]
) -> list[CaseScore]:
    from evals.task import run_suites

    suites = load_suites(suite)  # before tools are left out, because cases name them
    with without_tools(without):
        return run_suites(suites, model, log_dir, tuple(cases), judge)


def _compare_part(suite: str, model: str, without: Sequence[str], cases: Sequence[str]) -> list[Compared]:
    from evals.robustness.compare import compare_suites

    suites = load_suites(suite)
    with without_tools(without):
        return compare_suites(suites, partial(run_case, model=model), cases)


def _shared_out(
    part: Callable[[Sequence[str]], list[Scored]], suite: str, cases: Sequence[str], jobs: int
) -> list[Scored]:
    names = [case.id for one in load_suites(suite) for case in one.cases if not cases or case.id in cases]
    parts = [own for first in range(jobs) if (own := names[first::jobs])]
    if len(parts) < 2:
        found = part(names)
    else:
        with ProcessPoolExecutor(len(parts), multiprocessing.get_context("spawn")) as pool:
            found = [item for scored in pool.map(part, parts) for item in scored]
    return sorted(found, key=lambda item: names.index(item.case_id))
