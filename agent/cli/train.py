"""`consilium train`: models on your own data."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.common import new_app, out, print_json, print_table
from knowledge.errors import ToolRetry

app = new_app("Train a model on your own data. A run that was stopped goes on when the same command is given again.")
if importlib.util.find_spec("agent.cli.train_risk"):
    app.command("risk")(importlib.import_module("agent.cli.train_risk").risk)

Out = Annotated[Path, typer.Option("--out", help="Folder of the run: checkpoints, bundle, card, figures.")]
Epochs = Annotated[int, typer.Option(help="Passes over the training images.")]
Patience = Annotated[int, typer.Option(help="Stop after this many epochs without a better validation score.")]
Minutes = Annotated[float, typer.Option(help="Stop after this many minutes.")]
Batch = Annotated[int, typer.Option("--batch", help="Images a step.")]
Rate = Annotated[float, typer.Option("--rate", help="Peak learning rate.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and no progress bar.")]


@app.command()
def classifier(
    folder: Annotated[Path, typer.Argument(help="CLASS/FILE, or train|val|test/CLASS/FILE: PNG, JPEG, DICOM, NIfTI.")],
    out_dir: Out,
    size: Annotated[int, typer.Option(help="Side that pictures are resized to, pixels.")] = 64,
    epochs: Epochs = 30,
    patience: Patience = 8,
    minutes: Minutes = 120,
    batch: Batch = 32,
    rate: Rate = 1e-3,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train a network on pictures by class, with logistic regression and a support vector machine beside it."""
    from tools.imaging.training.runs import TrainOptions
    from tools.imaging.training.user import run_classifier

    if not 32 <= size <= 512:
        raise ToolRetry("--size is 32 to 512 pixels.")
    options = TrainOptions(
        epochs=epochs, batch_size=batch, learning_rate=rate, weight_decay=1e-3, patience=patience,
        minutes=minutes, seed=seed, device=device,
    )  # fmt: skip
    result = run_classifier(folder, out_dir, size, options, quiet=as_json)
    if as_json:
        print_json({k: v for k, v in result.items() if k not in ("chances", "labels")})
        return
    figures = ("accuracy", "precision", "recall", "F1", "AUROC")
    columns = ("", *result["models"])
    rows = zip(figures, *(_cells(item["figures"].values()) for item in result["models"].values()), strict=True)
    print_table(
        columns, rows, title=f"{result['part']} part, {result['pictures']} pictures, positive: {result['positive']}"
    )
    out.print(f"Written to {out_dir}. `consilium models add {out_dir / 'bundle'} --name …` registers it.", markup=False)


@app.command()
def segmenter(
    folder: Annotated[Path, typer.Argument(help="CASE/image.nii.gz with CASE/mask.nii.gz.")],
    out_dir: Out,
    modality: Annotated[str, typer.Option(help="CT or MR.")] = "CT",
    epochs: Epochs = 40,
    patience: Patience = 12,
    minutes: Minutes = 120,
    batch: Batch = 4,
    rate: Rate = 2e-3,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train a promptable lesion network on images with masks."""
    from tools.imaging.training.runs import TrainOptions
    from tools.imaging.training.user import run_segmenter

    if modality not in ("CT", "MR"):
        raise ToolRetry("--modality is CT or MR.")
    options = TrainOptions(
        epochs=epochs,
        batch_size=batch,
        learning_rate=rate,
        patience=patience,
        minutes=minutes,
        seed=seed,
        device=device,
    )
    rows = run_segmenter(folder, out_dir, "CT" if modality == "CT" else "MR", options, quiet=as_json)
    if as_json:
        print_json(rows)
        return
    keys = ("dice", "surface_dice", "hd95", "volume_error")
    body = [(row["method"], *(f"{v:.3g}\n({a:.3g}–{b:.3g})" for v, a, b in (row[k] for k in keys))) for row in rows]
    print_table(("method", "Dice", "surface Dice 2 mm", "HD95 mm", "volume error %"), body)
    out.print(f"Written to {out_dir}. `consilium models add {out_dir / 'bundle'} --name …` registers it.", markup=False)


def _cells(values: Any) -> list[str]:
    return [f"{value:.3f} ({low:.3f}–{high:.3f})" for value, low, high in values]
