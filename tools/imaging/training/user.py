"""Training on a user's own folder: `consilium train segmenter` and `consilium train classifier`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.imaging.lesion_model import Modality, Scale, build_network
from tools.imaging.training.runs import Checkpoints, TrainOptions


def run_classifier(folder: Path, out: Path, size: int, options: TrainOptions, quiet: bool = False) -> dict[str, Any]:
    """Train a classifier on an ImageFolder, with its baselines; writes bundle, card, metrics and plots into `out`.

    Raises:
        BadInput: the folder is not laid out as pictures by class.
        ToolRetry: an option makes no sense.
    """
    from tools.imaging.training.classifier import build_classifier, evaluate, save_metrics, train_classifier
    from tools.imaging.training.pictures import read_folder
    from tools.imaging.training.products import classifier_bundle, classifier_card, plot_classifier, plot_history

    pictures = read_folder(folder, size)
    best = train_classifier(pictures, out, options, quiet)
    net = build_classifier(len(pictures.classes))
    net.load_state_dict(best["model"])
    result = evaluate(pictures, net, options.seed)
    save_metrics(result, out)
    counts = {part: len(items) for part, items in pictures.parts.items()}
    card = classifier_card(result, counts, pictures.split_by, best)
    (out / "card.md").write_text(card)
    classifier_bundle(out / "bundle", best["model"], pictures.classes, size, card)
    plot_classifier(result, out)
    plot_history(_history(out, options), out / "learning.png", "auroc")
    return result


def run_segmenter(
    folder: Path, out: Path, modality: Modality, options: TrainOptions, quiet: bool = False
) -> list[dict[str, Any]]:
    """Train a promptable lesion network on CASE/image.nii.gz and CASE/mask.nii.gz; writes bundle and card.

    Returns:
        mean scores with intervals on the test cases (or, without any, the validation cases).

    Raises:
        BadInput: the folder is not laid out so, or too few cases are there.
    """
    from tools.imaging.segmenter import LesionSegmenter, Specialist
    from tools.imaging.training.assess import assess_sample, table
    from tools.imaging.training.lesion import train_lesion_network
    from tools.imaging.training.products import lesion_bundle, lesion_card, plot_history
    from tools.imaging.training.samples import folder_samples, split_cases

    parts = split_cases(folder_samples(folder, modality))
    best = train_lesion_network(parts["train"], parts["validation"], out, options, quiet)
    net = build_network()
    net.load_state_dict(best["model"])
    segmenter = LesionSegmenter(Specialist(net.eval(), Scale(*best["scale"])))
    held = parts["test"] or parts["validation"]
    rows = table([row for sample in held for row in assess_sample(segmenter, sample, 2)])
    counts = {part: len(items) for part, items in parts.items()}
    card = lesion_card(rows, counts, best, modality)
    (out / "card.md").write_text(card)
    lesion_bundle(out / "bundle", best, modality, card)
    plot_history(_history(out, options), out / "learning.png", "dice")
    return rows


def _history(out: Path, options: TrainOptions) -> list[dict[str, float]]:
    state = Checkpoints(out, options).load("last.pt")
    rows: list[dict[str, float]] = state["history"] if state is not None else []
    return rows
