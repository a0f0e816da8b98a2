"""Train the promptable lesion network.

    python -m tools.imaging.training.lesion --data ../shared/data/imaging --part lung --run RUN_FOLDER

trains an embedded network: `lung` on the nodules, `body` on the sarcomas. `train_lesion_network` serves
`consilium train segmenter` too.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import BadInput
from tools.imaging.lesion_model import Scale, build_network, logits_of
from tools.imaging.specialists import Part, embedded
from tools.imaging.training.runs import Checkpoints, TrainOptions, epoch_bar, pick_device, seed_everything
from tools.imaging.training.samples import Sample, draw, nodule_samples, sarcoma_samples, scale_of, split_of

EMA_DECAY = 0.997


def train_lesion_network(
    train: list[Sample],
    validation: list[Sample],
    run: Path,
    options: TrainOptions,
    quiet: bool = False,
    start: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train from scratch or from `start`, or go on from `run/last.pt`; the best weights go to `run/best.pt`.

    Loss: Dice plus cross-entropy. AdamW; the learning rate rises for a tenth of the run and falls as a cosine, by
    epochs or minutes, whichever is further on; mixed precision on a GPU, an exponential
    moving average of the weights, early stopping on the validation Dice.

    Args:
        start: `model` and `scale` of an earlier result, which are gone on from with a new optimiser.

    Returns:
        the state of the best epoch: `model` (weights), `scale` (fields of `Scale`), `epoch`, `dice` (validation).

    Raises:
        BadInput: no training or no validation image.
    """
    import torch

    if not train or not validation:
        raise BadInput("the data", "the split", "one part is empty", "enough patients for training and validation")
    options = options.checked()
    device = pick_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    seed_everything(options.seed)
    checkpoints = Checkpoints(run, options)
    trainer = _Trainer(train, validation, options, device, start)
    history = trainer.resume(checkpoints.load("last.pt"))
    bar, advance = epoch_bar(options.epochs, len(history), quiet)
    with bar:
        for epoch in range(len(history), options.epochs):
            row = trainer.epoch(epoch)
            history.append(row)
            if row["dice"] >= max(item["dice"] for item in history):
                checkpoints.save("best.pt", {**trainer.result(), "epoch": epoch, "dice": row["dice"]})
            checkpoints.save("last.pt", {**trainer.state(), "history": history})
            checkpoints.write_history(history)
            advance(f"loss {row['loss']:.3f}  validation Dice {row['dice']:.3f}")
            best = int(np.argmax([item["dice"] for item in history]))
            if epoch - best >= options.patience or trainer.elapsed_s > 60 * options.minutes:
                break
    found = checkpoints.load("best.pt")
    assert found is not None
    return found


class _Trainer:
    def __init__(
        self,
        train: list[Sample],
        validation: list[Sample],
        options: TrainOptions,
        device: str,
        start: dict[str, Any] | None,
    ) -> None:
        import torch

        self.options, self.device, self.samples = options, device, train
        self.scale = scale_of(train) if start is None else Scale(*start["scale"])
        self.half, self.half_type = half_precision(device)
        self.net = build_network()
        if start is not None:
            self.net.load_state_dict(start["model"])
        self.net.to(device)
        self.steps = options.steps_per_epoch or -(-len(train) // options.batch_size)
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.scaler = torch.amp.GradScaler(enabled=device == "cuda")
        self.average = {k: v.detach().clone().cpu() for k, v in self.net.state_dict().items()}
        rng = np.random.default_rng(20261123)
        self.checks = [draw(sample, self.scale, rng) for sample in validation for _ in range(4)]
        self.seen, self.elapsed_s = 0, 0.0

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average,
            "seen": self.seen,
            "elapsed_s": self.elapsed_s,
        }

    def result(self) -> dict[str, Any]:
        return {"model": self.average, "scale": astuple(self.scale)}

    def resume(self, state: dict[str, Any] | None) -> list[dict[str, float]]:
        if state is None:
            return []
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.average, self.seen, self.elapsed_s = state["average"], state["seen"], state["elapsed_s"]
        history: list[dict[str, float]] = state["history"]
        return history

    def epoch(self, number: int) -> dict[str, float]:
        import torch

        rng = np.random.default_rng([self.options.seed, number])
        self.net.train()
        losses = []
        order = rng.permutation(len(self.samples))
        for step in range(self.steps):
            began = time.monotonic()
            self._set_learning_rate()
            picks = [order[(step * self.options.batch_size + i) % len(order)] for i in range(self.options.batch_size)]
            batch = [draw(self.samples[i], self.scale, rng) for i in picks]
            x, y, w = (torch.from_numpy(np.stack(part)).to(self.device) for part in zip(*batch, strict=True))
            with torch.autocast(self.device, dtype=self.half_type, enabled=self.half):
                logits = logits_of(self.net, x)
            loss = lesion_loss(logits, y, w)
            self.optimizer.zero_grad()
            self.scaler.scale(loss).backward()
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 3.0)
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self._average()
            self.elapsed_s += time.monotonic() - began
            losses.append(float(loss.detach()))
        return {"loss": float(np.mean(losses)), "dice": self._validate()}

    def _set_learning_rate(self) -> None:
        done = max(self.seen / (self.steps * self.options.epochs), self.elapsed_s / (60 * self.options.minutes))
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * learning_rate_factor(done)

    def _average(self) -> None:
        self.seen += 1
        decay = min(EMA_DECAY, (1 + self.seen) / (10 + self.seen))
        for key, value in self.net.state_dict().items():
            self.average[key].lerp_(value.detach().cpu().to(self.average[key].dtype), 1 - decay)

    def _validate(self) -> float:
        import torch

        net = build_network()
        net.load_state_dict(self.average)
        net.to(self.device).eval()
        scores = []
        with torch.inference_mode():
            for x, y, w in self.checks:
                mask = (logits_of(net, torch.from_numpy(x)[None].to(self.device))[0].cpu().numpy() > 0) & (w > 0)
                total = mask.sum() + (y * w).sum()
                scores.append(2 * (mask * y).sum() / total if total else 1.0)
        return float(np.mean(scores))


def half_precision(device: str) -> tuple[bool, Any]:
    """Whether mixed precision pays on a device, and in what type: float16 on a GPU, bfloat16 on a CPU that has it."""
    import torch

    if device == "cuda":
        return True, torch.float16
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()), torch.bfloat16


def learning_rate_factor(done: float) -> float:
    """Share of the peak learning rate when the fraction `done` of the run is over: linear rise, then a cosine."""
    if done < 0.1:
        return 0.1 + 9 * done
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min((done - 0.1) / 0.9, 1.0)))


def lesion_loss(logits: Any, target: Any, weight: Any) -> Any:
    """Soft Dice plus cross-entropy over the samples inside the image, (N, P, P, P) each; a scalar."""
    import torch.nn.functional as fn

    axes = (1, 2, 3)
    chance = logits.sigmoid() * weight
    overlap = (chance * target).sum(axes)
    dice = 1 - (2 * overlap + 10) / (chance.sum(axes) + (target * weight).sum(axes) + 10)
    cross = fn.binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="none").sum(axes)
    return (dice + 2 * cross / weight.sum(axes).clamp(min=1)).mean()


def embedded_samples(data: Path, part: str) -> dict[str, list[Sample]]:
    """The samples of one embedded network by split; `data` is the imaging data folder.

    `part` is `lung` (nodules) or `body` (sarcomas; the nodules too, in a sixth of the training samples, so that a box
    around a mass in the lung is not new to it).

    Raises:
        BadInput: no such part.
    """
    if part not in ("lung", "body"):
        raise BadInput("the part", part, "there is no such network", "lung or body")
    nodules, sarcomas = (
        _by_split(found) for found in (nodule_samples(data / "lung_nodules"), sarcoma_samples(data / "sarcoma"))
    )
    if part == "lung":
        return nodules
    return {**sarcomas, "train": sarcomas["train"] * 6 + nodules["train"]}


def _by_split(samples: list[Sample]) -> dict[str, list[Sample]]:
    parts: dict[str, list[Sample]] = {"train": [], "validation": [], "test": []}
    for sample in samples:
        parts[split_of(sample.patient)].append(sample)
    return parts


def _shipped(part: Part) -> dict[str, Any]:
    found = embedded(part)
    return {"model": found.network.state_dict(), "scale": astuple(found.scale)}


def main() -> None:
    """Command line of the embedded networks' training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", required=True, choices=("lung", "body"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--learning-rate", type=float, default=TrainOptions.learning_rate)
    parser.add_argument("--from-embedded", action="store_true", help="begin with the embedded weights of this part")
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    parts = embedded_samples(given.data, given.part)
    options = replace(
        TrainOptions(),
        epochs=given.epochs,
        steps_per_epoch=40,
        batch_size=6,
        minutes=given.minutes,
        learning_rate=given.learning_rate,
        weight_decay=0.02,
        patience=given.epochs,
        threads=given.threads,
    )
    start = _shipped(given.part) if given.from_embedded else None
    best = train_lesion_network(parts["train"], parts["validation"], given.run, options, quiet=True, start=start)
    print(f"best epoch {best['epoch']}: validation Dice {best['dice']:.4f}")


if __name__ == "__main__":
    main()
