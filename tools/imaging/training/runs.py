"""What every training run shares: options, device, checkpoints that survive a kill, seeds, the history file."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import BadInput, ToolRetry


@dataclass(frozen=True)
class TrainOptions:
    """Settings of a run.

    Attributes:
        steps_per_epoch: batches an epoch; 0 takes one pass over the training images.
        patience: epochs without a better validation score after which training stops.
        minutes: wall-clock limit; the best model so far is kept.
    """

    epochs: int = 40
    steps_per_epoch: int = 0
    batch_size: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    patience: int = 12
    minutes: float = 60.0
    seed: int = 0
    threads: int = 0
    device: str = "auto"

    def checked(self) -> TrainOptions:
        """The same options. Raises `ToolRetry` for a value that makes no sense."""
        if min(self.epochs, self.batch_size, self.patience) < 1 or self.learning_rate <= 0 or self.minutes <= 0:
            raise ToolRetry("epochs, batch size, patience, minutes and learning rate must be positive.")
        return self


def pick_device(name: str) -> str:
    """`cuda` where one is there and `name` is `auto`, else the CPU. Raises `ToolRetry` for a device not here."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ToolRetry("There is no CUDA device here; use --device cpu.")
    if name not in ("cpu", "cuda"):
        raise ToolRetry("The device is auto, cpu or cuda.")
    return name


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


class Checkpoints:
    """`last.pt` and `best.pt` in a folder, written whole or not at all; `history.json` beside them."""

    def __init__(self, folder: Path, options: TrainOptions) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._options = json.loads(json.dumps(asdict(options)))

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Write `state` under `name`."""
        import torch

        temporary = self.folder / f".{name}.writing"
        torch.save(state, temporary)
        os.replace(temporary, self.folder / name)

    def load(self, name: str) -> dict[str, Any] | None:
        """Read `name` back, weights only, or None where there is none. Raises `BadInput` for a damaged file."""
        import torch

        path = self.folder / name
        if not path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except Exception as error:
            raise BadInput(name, "the file", f"it cannot be read ({type(error).__name__})", "a checkpoint") from None
        return state

    def write_history(self, history: list[dict[str, float]]) -> None:
        """Write options and one row an epoch."""
        text = json.dumps({"options": self._options, "epochs": history}, indent=1)
        temporary = self.folder / ".history.json.writing"
        temporary.write_text(text + "\n")
        os.replace(temporary, self.folder / "history.json")


def epoch_bar(total: int, done: int, quiet: bool) -> tuple[Any, Callable[[str], None]]:
    """A progress bar over epochs, `done` of them before, on standard error, and what advances it with a short text."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("epoch"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), disable=quiet)
    task = progress.add_task("", total=total, completed=done)

    def advance(text: str) -> None:
        progress.update(task, advance=1, description=text)

    return progress, advance
