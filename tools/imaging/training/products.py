"""What a training run leaves behind: a MONAI bundle that the registry loads, a model card, plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.imaging.bundles import PROMPTABLE
from tools.imaging.lesion_model import NETWORK, PATCH
from tools.imaging.specialists import SCALE
from tools.imaging.training.classifier import NETWORK as CLASSIFIER

SCORES = {"auroc": "AUROC", "dice": "Dice"}
LESION_NETWORK: dict[str, Any] = {"_target_": "SegResNet", **NETWORK}


def write_bundle(folder: Path, network: dict[str, Any], state: dict[str, Any], metadata: dict[str, Any]) -> Path:
    """Write a MONAI bundle: `configs/metadata.json`, `configs/inference.json`, `models/model.pt` in half precision."""
    import monai
    import torch

    for part in ("configs", "models", "docs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    whole = {
        "version": "1.0.0",
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__,
        "authors": "trained with Consilium",
        **metadata,
    }
    (folder / "configs" / "metadata.json").write_text(json.dumps(whole, indent=1) + "\n")
    (folder / "configs" / "inference.json").write_text(json.dumps({"network_def": network}, indent=1) + "\n")
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    torch.save(half, folder / "models" / "model.pt")
    return folder


def lesion_bundle(folder: Path, best: dict[str, Any], modality: str, card: str) -> Path:
    """The bundle of a promptable lesion network, from what `train_lesion_network` returns.

    Its inputs and outputs are blocks of 2x2x2 samples (`lesion_model.logits_of`).
    """
    image = {"type": "image", "modality": modality, "num_channels": NETWORK["in_channels"]}
    image["spatial_shape"] = [PATCH // 2] * 3
    pred = {"type": "image", "num_channels": NETWORK["out_channels"]}
    metadata = {
        "task": "outline a lesion from a point or a box",
        "description": "promptable lesion network",
        "consilium_input": PROMPTABLE,
        **dict(zip(SCALE, best["scale"], strict=True)),
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": pred}},
    }
    made = write_bundle(folder, LESION_NETWORK, best["model"], metadata)
    (made / "docs" / "README.md").write_text(card)
    return made


def classifier_bundle(folder: Path, state: dict[str, Any], classes: tuple[str, ...], size: int, card: str) -> Path:
    """The bundle of a picture classifier."""
    image = {"type": "image", "modality": "unknown", "num_channels": 1, "spatial_shape": [size, size]}
    metadata = {
        "task": "classification of pictures",
        "description": "classifier: " + ", ".join(classes),
        "network_data_format": {
            "inputs": {"image": image},
            "outputs": {"pred": {"type": "probabilities", "channel_def": {str(i): c for i, c in enumerate(classes)}}},
        },
    }
    made = write_bundle(folder, {**CLASSIFIER, "num_classes": len(classes)}, state, metadata)
    (made / "docs" / "README.md").write_text(card)
    return made


def classifier_card(result: dict[str, Any], counts: dict[str, int], split_by: str, best: dict[str, Any]) -> str:
    """The model card of a classifier run."""
    lines = [
        "# Model card: picture classifier",
        "",
        f"Classes: {', '.join(result['classes'])}; figures are for `{result['positive']}` as the positive class.",
        f"Pictures: {', '.join(f'{n} {part}' for part, n in counts.items())}; split by {split_by}.",
        f"Best epoch {best['epoch'] + 1}, validation AUROC {best['auroc']:.3f}.",
        "",
        f"Figures on the {result['part']} part ({result['pictures']} pictures), with 95 % bootstrap intervals:",
        "",
        "| model | accuracy | precision | recall | F1 | AUROC |",
        "|---|---|---|---|---|---|",
    ]
    for name, item in result["models"].items():
        cells = [f"{v:.3f} ({a:.3f}–{b:.3f})" for v, a, b in item["figures"].values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if result["part"] == "validation":
        lines += ["", "There was no test part: the best epoch was chosen on the pictures that these figures are from."]
    lines += [
        "",
        "Limits: holds for pictures made and cropped like the training pictures. Not for clinical use unchecked.",
    ]
    return "\n".join(lines) + "\n"


def lesion_card(rows: list[dict[str, Any]], counts: dict[str, int], best: dict[str, Any], modality: str) -> str:
    """The model card of a segmenter run."""
    lines = [
        "# Model card: promptable lesion network",
        "",
        f"Modality: {modality}. Cases: {', '.join(f'{n} {part}' for part, n in counts.items())}; split by patient.",
        f"Best epoch {best['epoch'] + 1}, validation Dice on training cubes {best['dice']:.3f}.",
        "",
        "Held-out cases, mean and 95 % bootstrap interval over patients:",
        "",
        "| data | method | Dice | surface Dice at 2 mm | HD95 (mm) | volume error (%) |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [
            f"{row[k][0]:.2f} ({row[k][1]:.2f}–{row[k][2]:.2f})"
            for k in ("dice", "surface_dice", "hd95", "volume_error")
        ]
        lines.append(f"| {row['data_set']} | {row['method']} | " + " | ".join(cells) + " |")
    lines += ["", "Limits: holds for lesions and scanners like those trained on."]
    return "\n".join(lines) + "\n"


def plot_history(history: list[dict[str, float]], out: Path, score: str) -> None:
    """Learning curves: loss and validation score by epoch."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    left.plot(epochs, [row["loss"] for row in history])
    left.set(xlabel="epoch", ylabel="training loss")
    right.plot(epochs, [row[score] for row in history])
    right.set(xlabel="epoch", ylabel=f"validation {SCORES.get(score, score)}")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(out, dpi=120)


def plot_classifier(result: dict[str, Any], folder: Path) -> None:
    """ROC curves of all models for the positive class, and the confusion matrix of the network."""
    _roc(result, folder / "roc.png")
    _confusion(result, folder / "confusion.png")


def _roc(result: dict[str, Any], out: Path) -> None:
    import numpy as np
    from matplotlib.figure import Figure
    from sklearn.metrics import auc, roc_curve

    labels = np.array(result["labels"])
    positive = result["classes"].index(result["positive"])
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    for name, chance in result["chances"].items():
        false, true, _ = roc_curve(labels == positive, np.array(chance)[:, positive])
        axes.plot(false, true, label=f"{name} ({auc(false, true):.3f})")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title=f"positive: {result['positive']}")
    axes.legend(title="AUROC", fontsize=8)
    figure.savefig(out, dpi=120)


def _confusion(result: dict[str, Any], out: Path) -> None:
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    matrix = np.array(result["models"]["network"]["confusion"])
    axes.imshow(matrix, cmap="Blues", vmin=0)
    for (i, j), count in np.ndenumerate(matrix):
        axes.text(j, i, str(count), ha="center", va="center", color="black" if count < matrix.max() / 2 else "white")
    axes.set(xticks=range(len(matrix)), yticks=range(len(matrix)), xlabel="said", ylabel="true")
    axes.set_xticklabels(result["classes"])
    axes.set_yticklabels(result["classes"])
    figure.savefig(out, dpi=120)
