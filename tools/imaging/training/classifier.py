"""Train a classifier of pictures, with logistic regression and a support vector machine beside it.

consilium train classifier DIR --out RUN
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.training.pictures import Pictures, PictureSet, augmentation, hand_features
from tools.imaging.training.runs import Checkpoints, TrainOptions, epoch_bar, pick_device, seed_everything

NETWORK: dict[str, Any] = {
    "_target_": "ResNet",
    "block": "basic",
    "layers": [1, 1, 1, 1],
    "block_inplanes": [16, 32, 64, 128],
    "spatial_dims": 2,
    "n_input_channels": 1,
    "conv1_t_size": 5,
    "conv1_t_stride": 1,
}


def build_classifier(classes: int) -> Any:
    """A small 2-D residual network, (N, 1, S, S) to logits (N, classes); works for any size of 32 and more."""
    from monai.networks.nets import ResNet

    arguments = {k: v for k, v in NETWORK.items() if k != "_target_"}
    return ResNet(**arguments, num_classes=classes)


def train_classifier(pictures: PictureSet, run: Path, options: TrainOptions, quiet: bool = False) -> dict[str, Any]:
    """Train the network, or go on from `run/last.pt`; the best weights by validation AUROC go to `run/best.pt`.

    Returns:
        the state of the best epoch: `model`, `epoch`, `auroc`.
    """
    options = options.checked()
    seed_everything(options.seed)
    checkpoints = Checkpoints(run, options)
    trainer = _ClassifierTrainer(pictures, options, pick_device(options.device))
    history = trainer.resume(checkpoints.load("last.pt"))
    bar, advance = epoch_bar(options.epochs, len(history), quiet)
    with bar:
        for epoch in range(len(history), options.epochs):
            row = trainer.epoch(epoch)
            history.append(row)
            if row["auroc"] >= max(item["auroc"] for item in history):
                best_state = {"model": trainer.net.state_dict(), "epoch": epoch, "auroc": row["auroc"]}
                checkpoints.save("best.pt", best_state)
            checkpoints.save("last.pt", {**trainer.state(), "history": history})
            checkpoints.write_history(history)
            advance(f"loss {row['loss']:.3f}  validation AUROC {row['auroc']:.3f}")
            best = int(np.argmax([item["auroc"] for item in history]))
            if epoch - best >= options.patience or trainer.elapsed_s > 60 * options.minutes:
                break
    found = checkpoints.load("best.pt")
    assert found is not None
    return found


class _ClassifierTrainer:
    def __init__(self, pictures: PictureSet, options: TrainOptions, device: str) -> None:
        import torch

        if options.threads:
            torch.set_num_threads(options.threads)
        self.pictures, self.options, self.device = pictures, options, device
        self.net = build_classifier(len(pictures.classes)).to(device)
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.scaler = torch.amp.GradScaler(enabled=device == "cuda")
        counts = np.bincount(pictures.parts["train"].labels, minlength=len(pictures.classes))
        weight = np.sqrt(counts.sum() / np.maximum(counts, 1))
        self.weight = torch.tensor(weight / weight.mean(), dtype=torch.float32, device=device)
        self.elapsed_s = 0.0

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "elapsed_s": self.elapsed_s,
        }

    def resume(self, state: dict[str, Any] | None) -> list[dict[str, float]]:
        if state is None:
            return []
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.elapsed_s = state["elapsed_s"]
        history: list[dict[str, float]] = state["history"]
        return history

    def epoch(self, number: int) -> dict[str, float]:
        import time

        import torch

        from tools.imaging.training.lesion import learning_rate_factor

        began = time.monotonic()
        train, batch = self.pictures.parts["train"], self.options.batch_size
        rng = np.random.default_rng([self.options.seed, number])
        order, change = rng.permutation(len(train)), augmentation(int(rng.integers(2**31)))
        steps = self.options.steps_per_epoch or -(-len(train) // batch)
        self.net.train()
        losses = []
        for step in range(steps):
            for group in self.optimizer.param_groups:
                done = (number + step / steps) / self.options.epochs
                group["lr"] = self.options.learning_rate * learning_rate_factor(done)
            picks = order[np.arange(step * batch, (step + 1) * batch) % len(order)]
            x = torch.stack([torch.as_tensor(change(train.pixels[i][None].astype(np.float32))) for i in picks])
            y = torch.from_numpy(train.labels[picks]).to(self.device)
            with torch.autocast(self.device, enabled=self.device == "cuda"):
                logits = self.net(x.float().to(self.device))
                loss = torch.nn.functional.cross_entropy(logits.float(), y, weight=self.weight, label_smoothing=0.02)
            self.optimizer.zero_grad()
            scaled: Any = self.scaler.scale(loss)
            scaled.backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            losses.append(float(loss.detach()))
        self._settle_norms(train.pixels[order], batch)
        held = self.pictures.parts["validation"]
        chance = network_chances(self.net, held.pixels, self.device)
        self.elapsed_s += time.monotonic() - began
        return {"loss": float(np.mean(losses)), "auroc": auroc(chance, held.labels)}

    def _settle_norms(self, pixels: npt.NDArray[Any], batch: int) -> None:
        """Statistics of the batch norms from up to 32 batches as they are: a short run's averages lag behind."""
        import torch

        starts = range(0, min(len(pixels), 32 * batch), batch)
        batches = [torch.from_numpy(pixels[i : i + batch].astype(np.float32))[:, None] for i in starts]
        torch.optim.swa_utils.update_bn(batches, self.net, device=torch.device(self.device))


def network_chances(net: Any, pixels: npt.NDArray[Any], device: str = "cpu") -> npt.NDArray[np.float64]:
    """Class probabilities (n, classes) of pictures (n, size, size)."""
    import torch

    net.eval()
    made = []
    with torch.inference_mode():
        for start in range(0, len(pixels), 64):
            x = torch.from_numpy(pixels[start : start + 64].astype(np.float32))[:, None].to(device)
            made.append(net(x).float().softmax(1).cpu().numpy())
    return np.concatenate(made).astype(float)


def baseline_chances(train: Pictures, held: Pictures, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    """Class probabilities of logistic regression and of an RBF support vector machine on hand-made features."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    x, y = hand_features(train.pixels), train.labels
    held_x = hand_features(held.pixels)
    folds = int(min(3, np.bincount(y).min()))
    machine: Any = SVC(C=3.0, class_weight="balanced")
    if folds >= 2:
        machine = CalibratedClassifierCV(machine, cv=folds, ensemble=False)
    models = {
        "logistic regression": LogisticRegression(max_iter=2000, C=0.1, class_weight="balanced", random_state=seed),
        "support vector machine": machine,
    }
    made = {}
    for name, model in models.items():
        fitted = make_pipeline(StandardScaler(), model).fit(x, y)
        if hasattr(fitted, "predict_proba"):
            made[name] = np.asarray(fitted.predict_proba(held_x))
        else:
            made[name] = np.eye(int(y.max()) + 1)[fitted.predict(held_x)]
    return made


def auroc(chance: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Area under the ROC curve; for more than two classes the mean of one against the rest."""
    from sklearn.metrics import roc_auc_score

    if chance.shape[1] == 2:
        return float(roc_auc_score(labels, chance[:, 1]))
    return float(roc_auc_score(labels, chance, multi_class="ovr"))


def figures(chance: npt.NDArray[Any], labels: npt.NDArray[Any], positive: int = 1) -> dict[str, float]:
    """Accuracy, precision, recall, F1 (for two classes: of class `positive`; else macro) and AUROC."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    guess = chance.argmax(1)
    how: dict[str, Any] = {"average": "binary", "pos_label": positive} if chance.shape[1] == 2 else {"average": "macro"}
    precision, recall, f1, _ = precision_recall_fscore_support(labels, guess, zero_division=0.0, **how)
    return {
        "accuracy": float(accuracy_score(labels, guess)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "auroc": auroc(chance, labels),
    }


def figures_with_intervals(
    chance: npt.NDArray[Any], labels: npt.NDArray[Any], positive: int = 1, draws: int = 300, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """Each figure with its 95 % interval from bootstrap draws of pictures."""
    rng = np.random.default_rng(seed)
    whole = figures(chance, labels, positive)
    drawn: list[list[float]] = []
    while len(drawn) < draws:
        pick = rng.integers(0, len(labels), len(labels))
        if len(np.unique(labels[pick])) == len(np.unique(labels)):
            drawn.append(list(figures(chance[pick], labels[pick], positive).values()))
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {key: (value, float(a), float(b)) for (key, value), a, b in zip(whole.items(), low, high, strict=True)}


def evaluate(pictures: PictureSet, net: Any, seed: int = 0) -> dict[str, Any]:
    """Figures of the network and of both baselines on the held-out part, with confusion matrices.

    Of two classes the rarer one in training is the positive one.
    """
    from sklearn.metrics import confusion_matrix

    part = pictures.held_out()
    held = pictures.parts[part]
    positive, every = int(np.bincount(pictures.parts["train"].labels).argmin()), range(len(pictures.classes))
    chances = {"network": network_chances(net, held.pixels)}
    chances |= baseline_chances(pictures.parts["train"], held, seed)
    return {
        "part": part,
        "pictures": len(held),
        "classes": list(pictures.classes),
        "positive": pictures.classes[positive],
        "models": {
            name: {
                "figures": figures_with_intervals(chance, held.labels, positive),
                "confusion": confusion_matrix(held.labels, chance.argmax(1), labels=every).tolist(),
            }
            for name, chance in chances.items()
        },
        "chances": {name: np.round(chance, 5).tolist() for name, chance in chances.items()},
        "labels": held.labels.tolist(),
    }


def save_metrics(result: dict[str, Any], run: Path) -> None:
    """Write `metrics.json` (without the single probabilities)."""
    kept = {k: v for k, v in result.items() if k not in ("chances", "labels")}
    (run / "metrics.json").write_text(json.dumps(kept, indent=1) + "\n")
