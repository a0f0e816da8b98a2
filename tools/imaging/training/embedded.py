"""The embedded lesion model's files from its two training runs and its assessment.

python -m tools.imaging.training.embedded weights --lung LUNG_RUN --body BODY_RUN
python -m tools.imaging.training.embedded card --lung LUNG_RUN --body BODY_RUN --fit fit.json --table test.json

The SHA-256 of what is written belongs into `knowledge/manifest.yaml`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tools.imaging.specialists import LESION_WEIGHTS, SCALE
from tools.imaging.training.runs import Checkpoints, TrainOptions
from tools.imaging.weights_store import FOLDER, file_sha256, packed

_HEADER = ("dice", "surface_dice", "hd95", "volume_error")


def write_weights(runs: dict[str, Path], out: Path) -> str:
    """Both networks in one file, 8 bits a weight, keys `lung.…` and `body.…` with their scales; its SHA-256."""
    import torch

    made: dict[str, Any] = {}
    for part, run in runs.items():
        best = Checkpoints(run, TrainOptions()).load("best.pt")
        assert best is not None
        made |= {f"{part}.{key}": value for key, value in packed(best["model"]).items()}
        made |= {f"{part}.{key}": torch.tensor(value) for key, value in zip(SCALE, best["scale"], strict=True)}
    torch.save(made, out)
    return file_sha256(out)


def _run_line(part: str, run: Path) -> str:
    history = json.loads((run / "history.json").read_text())
    options, epochs = history["options"], history["epochs"]
    best = max(range(len(epochs)), key=lambda i: epochs[i]["dice"])
    steps = options["steps_per_epoch"] * len(epochs)
    return (
        f"- `{part}`: {steps:,} steps of {options['batch_size']} cubes; best epoch {best + 1} of {len(epochs)} "
        f"by the Dice on cubes of validation patients, {epochs[best]['dice']:.3f}."
    )


def _cell(row: dict[str, Any], key: str) -> str:
    digits = 2 if "dice" in key else 1 if key == "hd95" else 0
    value, low, high = (f"{v:.{digits}f}" for v in row[key])
    return f"{value} ({low}-{high})"


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| data | prompt or method | Dice | surface Dice 2 mm | HD95, mm | volume error, % |",
        "|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda r: r["data_set"]):
        lines.append(f"| {row['data_set']} | {row['method']} | " + " | ".join(_cell(row, k) for k in _HEADER) + " |")
    return lines


def _trust(name: str, numbers: dict[str, float]) -> str:
    return (
        f"{name} patients: expected calibration error {numbers['lesion_ece']:.2f} for the lesion; the 90 % interval "
        f"holds the true volume in {100 * numbers['volume_interval_coverage']:.0f} % of runs; voxels "
        f"{numbers['voxel_ece_before']:.3f} before and {numbers['voxel_ece_after']:.3f} after the temperature."
    )


def card(runs: dict[str, Path], fitted: dict[str, Any], tested: dict[str, Any] | None) -> str:
    """The model card; without `tested` it says that the test patients were not looked at."""
    lines = [(Path(__file__).parent / "card_head.md").read_text().rstrip(), ""]
    lines += [_run_line(part, run) for part, run in runs.items()]
    lines += ["", "## Test patients", ""]
    lines += ["Not measured yet."] if tested is None else _table(tested["table"])
    lines += ["", "## Validation patients (every choice was made on them)", "", *_table(fitted["table"])]
    lines += ["", "## Confidence", "", _trust("Validation", fitted["reliability"])]
    lines += [] if tested is None else [_trust("Test", tested["reliability"])]
    return "\n".join([*lines, "", (Path(__file__).parent / "card_foot.md").read_text().rstrip(), ""])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("weights", "card"))
    parser.add_argument("--lung", type=Path, required=True)
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--fit", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    runs = {"lung": given.lung, "body": given.body}
    if given.what == "weights":
        print(write_weights(runs, FOLDER / LESION_WEIGHTS))
        return
    tested = json.loads(given.table.read_text()) if given.table else None
    text = card(runs, json.loads(given.fit.read_text()), tested)
    (FOLDER / "lesion.card.md").write_text(text)


if __name__ == "__main__":
    main()
