"""The trained network without torch: the same logits from NumPy, so that a command does not wait for torch to load.

The form is that of `network.MissenseNetwork`, in inference: dropout is off, and the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tools.missense.features import SIDE, Inputs

Array = NDArray[np.float32]
BATCH = 512
_EPSILON = 1e-5  # torch's LayerNorm


class Network:
    """One trained network.

    Args:
        weights: the parameters under the names that torch gives them, any floating type.
        heads: attention heads of the encoder.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.generic]], heads: int) -> None:
        self._held: dict[str, Array] = {name: value.astype(np.float32) for name, value in weights.items()}
        self._heads = heads
        self._layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layers."))

    def logits(self, inputs: Inputs) -> NDArray[np.float64]:
        """Logit of "pathogenic" for each change, shape (n,)."""
        parts = [self._forward(inputs.part(slice(k, k + BATCH))) for k in range(0, len(inputs), BATCH)]
        return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)

    def _forward(self, inputs: Inputs) -> Array:
        held = self._held
        relatives = np.concatenate([inputs.shares, inputs.depth[..., None]], axis=-1)
        tokens: Array = held["letter.weight"][inputs.letters] + held["place"] + self._linear("relatives", relatives)
        tokens[:, SIDE] += held["new.weight"][inputs.new]
        for layer in range(self._layers):
            name = f"encoder.layers.{layer}"
            tokens = tokens + self._attention(f"{name}.self_attn", self._norm(f"{name}.norm1", tokens))
            inner = _gelu(self._linear(f"{name}.linear1", self._norm(f"{name}.norm2", tokens)))
            tokens = tokens + self._linear(f"{name}.linear2", inner)
        scaled = np.clip((inputs.numbers - held["centre"]) / held["scale"], -5, 5)
        joined = np.concatenate([tokens[:, SIDE], tokens.mean(axis=1), scaled], axis=1)
        for step in ("head.0", "head.3"):
            joined = _gelu(self._linear(step, joined))
        return self._linear("head.6", joined)[:, 0]

    def _linear(self, name: str, values: Array) -> Array:
        found: Array = values @ self._held[f"{name}.weight"].T + self._held[f"{name}.bias"]
        return found

    def _norm(self, name: str, values: Array) -> Array:
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        found: Array = centred / spread * self._held[f"{name}.weight"] + self._held[f"{name}.bias"]
        return found

    def _attention(self, name: str, values: Array) -> Array:
        rows, places, width = values.shape
        joined = values @ self._held[f"{name}.in_proj_weight"].T + self._held[f"{name}.in_proj_bias"]
        query, key, value = joined.reshape(rows, places, 3, self._heads, width // self._heads).transpose(2, 0, 3, 1, 4)
        weight = query @ key.swapaxes(-1, -2) / np.float32(np.sqrt(width // self._heads))
        weight = np.exp(weight - weight.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        mixed = (weight @ value).transpose(0, 2, 1, 3).reshape(rows, places, width)
        return self._linear(f"{name}.out_proj", mixed)


def _gelu(values: Array) -> Array:
    return np.asarray(values * (1 + _erf(values / np.float32(np.sqrt(2)))) / 2, dtype=np.float32)


def _erf(values: Array) -> Array:
    """The error function to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26); SciPy's takes longer to load."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(values))
    terms = np.array([1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592, 0.0], dtype=np.float32)
    return np.asarray(np.copysign(1 - np.polyval(terms, t) * np.exp(-(values**2)), values), dtype=np.float32)


__all__ = ["Network"]
