"""Masked-marginal scores of an ESM-2 checkpoint that the user has on disk.

Score = −[log p(new) − log p(old)] at the masked place (Meier 2021, doi 10.1101/2021.07.09.450648), so that higher is
more harmful, as in the embedded model. A protein longer than the model reads is cut to the stretch around the place.
It is not calibrated here: such a score supports no ACMG code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput
from knowledge.manifest import file_sha256
from tools.missense.calibrate import Threshold
from tools.missense.proteins import Protein
from tools.missense.scorer import Change

ACCEPTED = "a folder with config.json (model_type esm), vocab.txt and model.safetensors, as transformers saves it"


class EsmScorer:
    """An ESM-2 checkpoint behind the interface `scorer.Scorer`; on a GPU where there is one."""

    thresholds: tuple[Threshold, ...] = ()

    def __init__(self, folder: Path) -> None:
        """Raises `BadInput` where the folder holds no ESM checkpoint. Pickled weights are not read."""
        import torch
        from transformers import AutoTokenizer, EsmForMaskedLM

        weights = folder / "model.safetensors"
        for needed in (folder / "config.json", folder / "vocab.txt", weights):
            if not needed.is_file():
                raise BadInput(folder.name, needed.name, "it is not there", ACCEPTED)
        try:
            kind = json.loads((folder / "config.json").read_text()).get("model_type")
            if kind != "esm":
                raise BadInput(folder.name, "config.json", f"model_type is {kind!r}", ACCEPTED)
            self._tokens: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model: Any = EsmForMaskedLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        except (OSError, ValueError, RuntimeError, AttributeError):
            raise BadInput(folder.name, "the whole folder", "it cannot be loaded", ACCEPTED) from None
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.to(self._device).eval()
        self._longest = int(model.config.max_position_embeddings) - 4
        self.name = f"ESM checkpoint {folder.name}"
        self.sha256 = file_sha256(weights)

    def calibrated(self, protein: Protein) -> bool:  # noqa: ARG002 - the interface's
        """Never: its scores support no code."""
        return False

    def scores(self, protein: Protein, changes: Sequence[Change]) -> NDArray[np.float64]:
        """Masked-marginal score of each change, shape (n,); one pass for each place."""
        import torch

        found: dict[int, Any] = {}
        letters = protein.sequence
        values = []
        for place, new in changes:
            if place not in found:
                first = max(0, min(place - 1 - self._longest // 2, len(letters) - self._longest))
                cut = letters[first : first + self._longest]
                encoded = self._tokens(cut, return_tensors="pt").to(self._device)
                at = place - first  # the start token stands before the first residue
                encoded["input_ids"][0, at] = self._tokens.mask_token_id
                with torch.inference_mode():
                    found[place] = self._model(**encoded).logits[0, at].float().log_softmax(dim=-1).cpu()
            log_p = found[place]
            old = letters[place - 1]
            one, other = (self._tokens.convert_tokens_to_ids(letter) for letter in (new, old))
            values.append(float(log_p[other] - log_p[one]))
        return np.array(values)
