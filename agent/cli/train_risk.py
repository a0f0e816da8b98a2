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
_SURVIVAL_LEARNERS = ("cox", "cox_network")


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
    from tools.risk.train.run import train_binary, write_run
    from tools.risk.train.run_survival import train_survival

    if (target is None) == (time is None or event is None):
        raise ToolRetry("Give --target COLUMN, or both --time COLUMN and --event COLUMN.")
    names = _LEARNERS if target is not None else _SURVIVAL_LEARNERS
    chosen = list(dict.fromkeys(learner or names))
    if unknown := [name for name in chosen if name not in names]:
        raise ToolRetry(f"There is no learner {unknown[0]!r} for this outcome. Learners: {', '.join(names)}.")
    made = load_training_table(table, target, time, event, exclude or [])
    if absent := [name for name in by or [] if name not in made.frame.columns]:
        raise ToolRetry(f"There is no column {absent[0]!r} to compare by.")
    if explain is not None and not 1 <= explain <= len(made.frame):
        raise ToolRetry(f"The table has rows 1 to {len(made.frame)}.")
    progress = _silent if as_json else _progress
    for name, why in made.dropped.items():
        progress(f"left out {name}: {why}")
    if target is not None:
        model, report = train_binary(made, target, chosen, seed, progress, by or [])
    else:
        model, report = train_survival(made, str(event), horizon, seed, progress, by or [], chosen)
    write_run(out_dir, model, report, made, table.name)
    explanations = [] if explain is None else _explained(model, made.frame, explain, seed, lime=lime)
    if as_json:
        print_json({**report, "explanations": [e.model_dump(mode="json") for e in explanations]})
    else:
        _show(report, out_dir, explanations)


def _heading(name: str) -> str:
    return {"c_index": "C-index", "auroc": "AUROC", "auprc": "AUPRC"}.get(name, name.replace("_", " "))


def _title(report: Mapping[str, Any]) -> str:
    return f"at {report['horizon']:g}, 95 % interval" if "horizon" in report else "95 % interval"


def _interval(entry: Mapping[str, float]) -> str:
    return f"{entry['value']:.3f} ({entry['low']:.3f} to {entry['high']:.3f})"


def _group(row: Mapping[str, Any], shown: Sequence[str]) -> tuple[str, ...]:
    measured = row.get("metrics")
    cells = (_interval(measured[name]) if measured else "too few events" for name in shown)
    return f"{row['column']} = {row['level']}", str(row["rows"]), str(row["events"]), *cells


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
    learners = report["learners"]
    names = list(next(iter(learners.values()))["metrics"])
    rows = [(_heading(name), *(_interval(entry["metrics"][name]) for entry in learners.values())) for name in names]
    print_table((_title(report), *learners), rows)
    if report["subgroups"]:
        shown = ("c_index" if "c_index" in names else "auroc", "calibration_slope")
        print_table(
            ("subgroup", "rows", "events", *map(_heading, shown)),
            [_group(row, shown) for row in report["subgroups"]],
        )
    out.print(f"Chosen: {report['chosen']}. Written to {out_dir}: model, card, report, figures.", markup=False)
    for item in explanations:
        print_table(
            (f"{item.method}: feature", "effect on the risk"),
            [(e.feature, f"{e.effect:+.4f}") for e in item.effects[:12]],
        )
