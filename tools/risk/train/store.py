"""A trained model on disk: `model.json` (plain data) and `model.safetensors` (arrays). Loading runs no code.

The JSON holds the SHA-256 of the arrays, which is checked before they are read.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import BadInput
from tools.risk.train.data import Encoder
from tools.risk.train.learners import LEARNERS, Arrays, network_score
from tools.risk.train.survival import cox_score, risk_at

FORMAT = "consilium-risk/1"


def _need_numbers(column: Any, name: str) -> None:
    """Refuse text and infinities in a column of numbers; what is empty is filled in as in training."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = np.flatnonzero(np.isinf(values) | (np.isnan(values) & column.notna().to_numpy()))
    if len(bad):
        raise BadInput("the table", f"column {name}, row {int(bad[0]) + 1}", "it is not a finite number", "a number")


@dataclass
class TrainedModel:
    """A fitted model and all that is needed to use it on new rows.

    Attributes:
        learner: `logistic`, `svm`, `boosting`, `network`, `cox` or `cox_network`.
        calibration: slope and offset from score to log-odds; with a time to event, the slope of the log hazard and 0.
        horizon: time at which risks are given (time to event).
    """

    learner: str
    encoder: Encoder
    arrays: Arrays
    target: str
    calibration: tuple[float, float] = (1.0, 0.0)
    horizon: float | None = None

    def encoded_risk(self, features: Any) -> Any:
        """Predicted risk, 0 to 1, for encoded features of shape (rows, features)."""
        if self.horizon is not None:
            score = cox_score(self.arrays, features) if self.learner == "cox" else network_score(self.arrays, features)
            return risk_at(self.calibration[0] * score, self.arrays["times"], self.arrays["hazard"], self.horizon)
        score = LEARNERS[self.learner].score(self.arrays, features)
        slope, offset = self.calibration
        return 1 / (1 + np.exp(-np.clip(slope * score + offset, -35, 35)))

    def risk(self, frame: Any) -> Any:
        """Predicted risk, 0 to 1, for a data frame with the columns of training.

        Raises:
            BadInput: a column is missing, or a cell of a number's column is none (with its row).
        """
        for name in (*self.encoder.numeric, *self.encoder.levels):
            if name not in frame.columns:
                raise BadInput("the table", "the header", f"there is no column {name!r}", "the columns of training")
        for name in self.encoder.numeric:
            _need_numbers(frame[name], name)
        return self.encoded_risk(self.encoder.transform(frame))

    def save(self, folder: Path) -> str:
        """Write both files; returns the SHA-256 of the arrays."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        data = save({k: np.ascontiguousarray(v) for k, v in self.arrays.items()})
        digest = hashlib.sha256(data).hexdigest()
        (folder / "model.safetensors").write_bytes(data)
        body = {
            "format": FORMAT,
            "learner": self.learner,
            "target": self.target,
            "calibration": list(self.calibration),
            "horizon": self.horizon,
            "encoder": self.encoder.as_dict(),
            "arrays_sha256": digest,
        }
        (folder / "model.json").write_text(json.dumps(body, indent=1), encoding="utf-8")
        return digest

    @classmethod
    def load(cls, folder: Path) -> TrainedModel:
        """Read back a saved model. Raises `BadInput` where a file is missing, changed or not of this format."""
        from safetensors.numpy import load

        try:
            body = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            data = (folder / "model.safetensors").read_bytes()
            if body["format"] != FORMAT:
                raise BadInput("model.json", "format", f"it is {body['format']!r}", FORMAT)
            if hashlib.sha256(data).hexdigest() != body["arrays_sha256"]:
                raise BadInput("model.safetensors", "the whole file", "it was changed after saving", "the saved file")
            return cls(
                learner=str(body["learner"]),
                encoder=Encoder.from_dict(body["encoder"]),
                arrays=load(data),
                target=str(body["target"]),
                calibration=(float(body["calibration"][0]), float(body["calibration"][1])),
                horizon=None if body["horizon"] is None else float(body["horizon"]),
            )
        except (OSError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            problem = f"it cannot be read ({type(error).__name__})"
            raise BadInput(folder.name, "model.json", problem, "a folder that `consilium train risk` wrote") from None
