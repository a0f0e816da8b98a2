"""The networks behind the embedded lesion model: one for nodules in aerated lung, one for the rest of the body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from tools.imaging.lesion_model import Scale, build_network
from tools.imaging.volume import Volume
from tools.imaging.weights_store import load_weights

if TYPE_CHECKING:
    import torch

LESION_WEIGHTS = "lesion.pt"
SCALE = ("first_field_mm", "contrast_hu")
# Aerated lung lies above the air outside of the body and below fat; its share within 20 mm was at least 0.30 around
# the nodules and at most 0.33 (99 %: 0.29) around the sarcomas, over clicks in training and validation patients.
_REACH_MM, _LUNG_HU, _LUNG_SHARE = 20.0, (-970.0, -600.0), 0.25

Part = Literal["lung", "body"]


@dataclass(frozen=True)
class Specialist:
    """A network, what it was trained to see, and the SHA-256 of its file if it is an embedded one."""

    network: torch.nn.Module
    scale: Scale
    sha256: str | None = None


@lru_cache(maxsize=4)
def embedded(part: Part, device: str = "cpu") -> Specialist:
    """The embedded network for a part of the body. Raises `ToolFailed` where its file is not the pinned one."""
    import torch

    everything, digest = load_weights(LESION_WEIGHTS)
    state = {key.removeprefix(f"{part}."): value for key, value in everything.items() if key.startswith(f"{part}.")}
    scale = Scale(*(float(state.pop(name)) for name in SCALE))
    net = build_network()
    net.load_state_dict(state)
    net.eval().to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return Specialist(net, scale, digest)


def part_at(volume: Volume, seed: npt.NDArray[np.float64]) -> Part:
    """`lung` where a good part of the surroundings of a point is aerated lung on CT, else `body`."""
    if volume.meta.modality != "CT":
        return "body"
    reach = _REACH_MM / np.array(volume.spacing_mm)
    low = np.maximum(np.floor(seed - reach), 0).astype(int)
    high = np.minimum(np.ceil(seed + reach) + 1, volume.shape).astype(int)
    near = volume.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    share = float(((near > _LUNG_HU[0]) & (near < _LUNG_HU[1])).mean())
    return "lung" if share >= _LUNG_SHARE else "body"
