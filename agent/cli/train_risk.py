"""`consilium train risk`: a risk model from the user's own table, and its use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.common import err, out, print_json, print_table
from knowledge.errors import ToolRetry

if TYPE_CHECKING:
    from tools.risk.train.explain import RowExplanation
    from tools.risk.train.store import TrainedModel

Out = Annotated[Path, typer.Option("--out", help="Folder for the model, its card and figures.")]
_LEARNERS = ("logistic", "svm", "boosting", "network")


def risk(
    table: Annotated[Path, typer.Argument(help="A .csv or .parquet table, one row a patient.")],
    target: Annotated[str | None, typer.Option(help="Column of a yes/no outcome.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of the time to event or censoring.")] = None,
    event: Annotated[str | None, typer.Option(help="Column that says whether the event happened.")] = None,
    out_dir: Out = Path("risk-model"),
    learner: Annotated[list[str] | None, typer.Option(help="Learners to compare; all by default.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Columns that are not to be used.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Columns by which to report subgroups.")] = None,
    horizon: Annotated[float | None, typer.Option(help="Time at which risks are wanted.")] = None,
    explain: Annotated[int | None, typer.Option(help="Explain this row of the table (1 is the first).")] = None,
    lime: Annotated[bool, typer.Option("--lime", help="Explain with LIME too.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Train and measure risk models: yes/no (--target) or time to event (--time and --event)."""
    from tools.risk.train.data import load_training_table
    from tools.risk.train.run import train_binary, train_survival, write_run

    if (target is None) == (time is None or event is None):
        raise ToolRetry("Give --target COLUMN, or both --time COLUMN and --event COLUMN.")
    chosen = learner or list(_LEARNERS)
    if unknown := [name for name in chosen if name not in _LEARNERS]:
        raise ToolRetry(f"There is no learner {unknown[0]!r}. Learners: {', '.join(_LEARNERS)}.")
    made = load_training_table(table, target, time, event, exclude or [])
    if explain is not None and not 1 <= explain <= len(made.frame):
        raise ToolRetry(f"The table has rows 1 to {len(made.frame)}.")
    progress = _silent if as_json else _progress
    for name, why in made.dropped.items():
        progress(f"left out {name}: {why}")
    if target is not None:
        model, report = train_binary(made, target, chosen, seed, progress, by or [])
    else:
        model, report = train_survival(made, str(event), horizon, seed, progress)
    write_run(out_dir, model, report, made, table.name)
    explanations = [] if explain is None else _explained(model, made.frame, explain, seed, lime=lime)
    if as_json:
        print_json({**report, "explanations": [e.model_dump(mode="json") for e in explanations]})
    else:
        _show(report, out_dir, explanations)


def _progress(text: str) -> None:
    err.print(text, markup=False, highlight=False)


def _silent(_: str) -> None:
    """For JSON, nothing else is printed."""


def _explained(model: TrainedModel, frame: Any, number: int, seed: int, *, lime: bool) -> list[RowExplanation]:
    """What moves the risk of one row of the table (1 is the first)."""
    from tools.risk.train.explain import lime_row, shap_row

    row = frame.iloc[[number - 1]]
    return [shap_row(model, frame, row, seed), *([lime_row(model, frame, row, seed)] if lime else [])]


def _show(report: Mapping[str, Any], out_dir: Path, explanations: Sequence[RowExplanation]) -> None:
    names = list(next(iter(report["learners"].values()))["metrics"])
    rows = [
        (name, *(f"{m['value']:.3f} ({m['low']:.3f}-{m['high']:.3f})" for m in entry["metrics"].values()))
        for name, entry in report["learners"].items()
    ]
    print_table(("learner", *names), rows)
    out.print(f"Chosen: {report['chosen']}. Written to {out_dir}: model, card, report, figures.", markup=False)
    for item in explanations:
        print_table(
            (f"{item.method}: feature", "effect on the risk"),
            [(e.feature, f"{e.effect:+.4f}") for e in item.effects[:12]],
        )
