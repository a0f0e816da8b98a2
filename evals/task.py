"""The suites as inspect_ai tasks: our agent as the solver, one scorer with all dimensions, logs for inspect's viewer.

inspect_ai is an optional dependency (`pip install 'consilium[evals]'`); it is imported by this module only.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from evals.cases.model import ScriptedCase, Suite
from evals.run import run_case
from evals.scoring.case_score import SHARES, CaseScore, score
from evals.scoring.entailed import entailed, local_judge
from evals.scoring.outcome import Outcome
from knowledge.errors import ToolFailed

_OUTCOME = "outcome"


@solver(name="consilium")  # type: ignore[untyped-decorator]
def consilium_agent(model: str = "builtin") -> Solver:
    """The whole agent, with the chat model that `model` names; the outcome is kept in the sample's store."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001
        case = ScriptedCase.model_validate(state.metadata)
        outcome = await asyncio.to_thread(run_case, case, model)
        state.store.set(_OUTCOME, outcome.model_dump_json())
        text = "\n".join(item.text for turn in outcome.turns for item, _ in turn.statements())
        state.output = ModelOutput.from_content("consilium", text or outcome.error or "")
        return state

    return solve


@scorer(metrics={"*": [mean(), stderr()]})  # type: ignore[untyped-decorator]
def dimensions(judge: str | None = None) -> Any:
    """Every dimension as a share of 1; what could not be scored is NaN, which inspect leaves out.

    `judge` names a chat model on this machine that says what the evidence entails.
    """
    model = local_judge(judge) if judge else None

    async def scored(state: TaskState, target: Target) -> Score:  # noqa: ARG001
        case = ScriptedCase.model_validate(state.metadata)
        outcome = Outcome.model_validate_json(state.store.get(_OUTCOME))
        made = score(case, outcome, await asyncio.to_thread(entailed, outcome, model) if model else None)
        values: dict[str, Any] = {name: _share(made.shares[name]) for name in SHARES}
        values["harms"] = float(len(made.harms)) if made.error is None else math.nan
        lost = "\n".join(f"{item.role} {item.check}: {item.why}" for item in made.judged if not item.met)
        return Score(value=values, explanation=lost or "All met.", metadata={"score": made.model_dump_json()})

    return scored


def _share(pair: tuple[int, int] | None) -> float:
    return math.nan if pair is None else pair[0] / pair[1]


def suite_task(suite: Suite, model: str = "builtin", only: Sequence[str] = (), judge: str | None = None) -> Task:
    """A suite as an inspect_ai task; `only` names the cases to keep, `judge` a model that judges entailment."""
    samples = [
        Sample(input=case.question, id=case.id, metadata=case.model_dump(mode="json"))
        for case in suite.cases
        if not only or case.id in only
    ]
    return Task(
        dataset=MemoryDataset(samples, name=suite.suite),
        solver=consilium_agent(model),
        scorer=dimensions(judge),
        name=f"consilium-{suite.suite}",
    )


def run_suites(
    suites: Sequence[Suite], model: str, log_dir: Path, only: Sequence[str] = (), judge: str | None = None
) -> list[CaseScore]:
    """Run suites one case after the other and return the score of each case, in their order.

    Raises:
        ToolFailed: a case ended in a bug; the inspect log in `log_dir` holds the trace.
    """
    made: list[CaseScore] = []
    chosen = [suite for suite in suites if not only or {case.id for case in suite.cases} & set(only)]
    for suite in chosen:
        logs = inspect_eval(
            suite_task(suite, model, only, judge),
            model="none/none",
            log_dir=str(log_dir),
            max_samples=1,
            display="none",
            log_samples=True,
            fail_on_error=False,
        )
        for sample in logs[0].samples or []:
            if sample.error is not None or not sample.scores:
                where = sample.error.message if sample.error else "no score"
                raise ToolFailed(f"Case {sample.id} ended in a bug ({where}); the log is in {log_dir}.")
            kept = next(iter(sample.scores.values())).metadata or {}
            made.append(CaseScore.model_validate_json(kept["score"]))
    return made
