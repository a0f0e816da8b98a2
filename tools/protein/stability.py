"""Change of folding stability by one mutation (ΔΔG), from the trained network.

Sign: positive destabilises. ΔΔG = ΔG(unfolding, wild type) − ΔG(unfolding, mutant), kcal/mol.
The prediction is (f(old, new) − f(new, old)) / 2, so the reverse mutation in the same surroundings has exactly the
opposite value.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import ToolFailed
from knowledge.yamlfile import load_yaml
from tools.protein.features import forward_and_reverse
from tools.protein.rotamers import Fit

_ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = Path(__file__).parent / "weights" / "stability.npz"
CLIP = 5.0


@dataclass(frozen=True)
class Network:
    """An ensemble of small networks as plain arrays.

    Attributes:
        names: features, in the order of the columns.
        centre, scale: standardisation of each feature.
        members: for each network, its layers as (weight (out, in), bias (out,)).
        interval_kcal_per_mol: half-width around a prediction that held 80 % of held-out proteins' measurements.
    """

    names: tuple[str, ...]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    members: tuple[tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...], ...]
    interval_kcal_per_mol: float
    sha256: str = ""

    def predict(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """ΔΔG in kcal/mol, shape (n,), of feature rows (n, 2, features): each mutation and its reverse."""
        scaled = np.clip((rows - self.centre) / self.scale, -CLIP, CLIP)
        outputs = [_forward(member, scaled) for member in self.members]
        return np.asarray(np.mean([(out[:, 0] - out[:, 1]) / 2 for out in outputs], axis=0))


@dataclass(frozen=True)
class Stability:
    """Predicted ΔΔG in kcal/mol (positive destabilises) with the ends of its 80 % interval."""

    ddg_kcal_per_mol: float
    low_kcal_per_mol: float
    high_kcal_per_mol: float


def predict_stability(place: Mapping[str, float], old: str, new: str, fits: Mapping[str, Fit]) -> Stability:
    """ΔΔG of one mutation at a place described by `features.environment`.

    Raises:
        ToolFailed: the weights are missing or are not those of the manifest.
    """
    network = load_network()
    names, rows = forward_and_reverse(place, old, new, fits)
    if tuple(names) != network.names:
        raise ToolFailed("The stability model was trained on other features; train it again.")
    value = float(network.predict(rows[None])[0])
    half = network.interval_kcal_per_mol
    return Stability(value, value - half, value + half)


@lru_cache(maxsize=1)
def load_network() -> Network:
    """The embedded network, after the check of its SHA-256 against the manifest. Raises `ToolFailed`."""
    wanted = {row["path"]: row["sha256"] for row in load_yaml(_ROOT / "knowledge" / "manifest.yaml")["files"]}
    place = WEIGHTS.relative_to(_ROOT).as_posix()
    if not WEIGHTS.is_file() or place not in wanted:
        raise ToolFailed("The stability model is not installed.")
    data = WEIGHTS.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != wanted[place]:
        raise ToolFailed("The stability model is not the one in the manifest; install Consilium again.")
    return unpack(data, found)


def unpack(data: bytes, sha256: str = "") -> Network:
    """The network in the bytes of an npz file; nothing in it is ever unpickled."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        count, layers = int(stored["members"]), int(stored["layers"])
        members = tuple(
            tuple(
                (stored[f"weight_{m}_{k}"].astype(np.float64), stored[f"bias_{m}_{k}"].astype(np.float64))
                for k in range(layers)
            )
            for m in range(count)
        )
        return Network(
            names=tuple(str(name) for name in stored["names"]),
            centre=stored["centre"].astype(np.float64),
            scale=stored["scale"].astype(np.float64),
            members=members,
            interval_kcal_per_mol=float(stored["interval_kcal_per_mol"]),
            sha256=sha256,
        )


def pack(network: Network) -> bytes:
    """The bytes of the npz file that `unpack` reads; weights in single precision."""
    arrays: dict[str, NDArray[np.generic]] = {
        "names": np.array(network.names),
        "centre": network.centre.astype(np.float32),
        "scale": network.scale.astype(np.float32),
        "members": np.array(len(network.members)),
        "layers": np.array(len(network.members[0])),
        "interval_kcal_per_mol": np.array(network.interval_kcal_per_mol),
    }
    for m, member in enumerate(network.members):
        for k, (weight, bias) in enumerate(member):
            arrays[f"weight_{m}_{k}"] = weight.astype(np.float32)
            arrays[f"bias_{m}_{k}"] = bias.astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _forward(
    member: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.special import erf

    values = rows
    for k, (weight, bias) in enumerate(member):
        values = values @ weight.T + bias
        if k < len(member) - 1:
            values = values * 0.5 * (1 + erf(values / np.sqrt(2)))  # GELU
    return values[..., 0]
