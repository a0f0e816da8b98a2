"""The promptable lesion network: what it sees of a scan, and the network itself.

The network looks at a cube of `PATCH` samples a side. A click says where, not how large: the first look is a cube
of a fixed size in millimetres around it, whose answer gives a box. The second look is a cube around a box, made
so or drawn by a person, in which the lesion fills the share `FILL`.

Channels: (0) wide intensity, (1) narrow intensity, (2) difference to the intensity at the prompt, (3) the prompt.
CT uses fixed windows in Hounsfield units; MR, which has no absolute scale, uses percentiles of the cube.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

PATCH = 40
CHANNELS = 4
# A residual U-Net (Myronenko 2018, arXiv 1810.11654) of MONAI. It works on blocks of 2x2x2 samples: each block's
# values are channels on its way in and out, which costs an eighth of a network on single samples.
NETWORK: dict[str, Any] = {
    "spatial_dims": 3,
    "init_filters": 32,
    "in_channels": 8 * CHANNELS,
    "out_channels": 8,
    "blocks_down": [1, 1, 2],
    "blocks_up": [1, 1],
    "upsample_mode": "deconv",
}
# Share of the cube that a box fills along its longest side; the other sides are at least half of the longest.
FILL = 0.62
FIELD_LIMITS_MM = (12.0, 420.0)
# Value of the prompt channel inside a box that was made from a click; 1 inside a drawn one.
MADE_BOX = 0.5
# Wide CT window: level -600, width 1600 HU, the usual lung window; the lung-nodule cubes were scaled by it.
CT_WIDE_HU = (-1200.0, 400.0)
# Narrow CT window: level 40, width 400 HU, the usual soft-tissue window.
CT_NARROW_HU = (-160.0, 240.0)
CLICK_SIGMA_SAMPLES = 2.0

Modality = Literal["CT", "MR"]
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """A cube of `PATCH`³ samples in a volume.

    Attributes:
        centre: voxel coordinates (x, y, z) of the middle of the cube.
        step: voxels between neighbouring samples along each axis.
        angle: rotation of the cube in the x-y plane, radians (used in training only).
        flips: mirror factors, +1 or -1, along each axis (used in training and test-time augmentation).
    """

    centre: tuple[float, float, float]
    step: tuple[float, float, float]
    angle: float = 0.0
    flips: tuple[int, int, int] = (1, 1, 1)

    def to_samples(self, voxel: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Sample coordinates (0 … PATCH-1) of voxel coordinates, shape (…, 3)."""
        shift = np.asarray(voxel, float) - self.centre
        c, s = np.cos(self.angle), np.sin(self.angle)
        x = c * shift[..., 0] / self.step[0] + s * shift[..., 1] / self.step[1]
        y = -s * shift[..., 0] / self.step[0] + c * shift[..., 1] / self.step[1]
        z = shift[..., 2] / self.step[2]
        return np.stack([x, y, z], -1) * self.flips + (PATCH - 1) / 2

    def to_voxels(self) -> Array:
        """Voxel coordinates of every sample, shape (PATCH, PATCH, PATCH, 3)."""
        axis = np.arange(PATCH) - (PATCH - 1) / 2
        x, y, z = np.meshgrid(*(axis * flip for flip in self.flips), indexing="ij")
        c, s = np.cos(self.angle), np.sin(self.angle)
        moved = ((c * x - s * y) * self.step[0], (s * x + c * y) * self.step[1], z * self.step[2])
        return (np.stack(moved, -1) + self.centre).astype(np.float32)


@dataclass(frozen=True)
class Scale:
    """What a network was trained to see: the side of its first look (mm), and the CT difference that it takes as one.

    Both come from the training lesions (`training.samples.scale_of`).
    """

    first_field_mm: float
    contrast_hu: float


def build_network() -> torch.nn.Module:
    """The untrained network; `logits_of` runs it."""
    from monai.networks.nets import SegResNet

    net: torch.nn.Module = SegResNet(**NETWORK)
    return net


def logits_of(net: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Logits (N, P, P, P) of cubes (N, 4, P, P, P)."""
    import torch
    from monai.networks.utils import pixelshuffle, pixelunshuffle

    blocks = pixelunshuffle(x, 3, 2).contiguous(memory_format=torch.channels_last_3d)
    found: torch.Tensor = pixelshuffle(net(blocks), 3, 2)[:, 0].float()
    return found


def field_around(extent_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Side lengths (mm) of the cube for a box of this extent; no side is under half of the longest."""
    sides = np.clip(extent_mm, extent_mm.max() / 2, None) / FILL
    return np.clip(sides, *FIELD_LIMITS_MM)


def sample_volume(volume: npt.NDArray[Any], voxels: Array, step: tuple[float, float, float], smooth: bool) -> Array:
    """Trilinear samples of `volume` at `voxels` (P, P, P, 3), from `Grid.to_voxels`; the border repeats outside.

    Args:
        step: voxels between samples; with `smooth`, steps of two voxels and more are averaged first,
            so that a coarse cube does not alias.
    """
    import torch
    import torch.nn.functional as fn

    corners = voxels[:: PATCH - 1, :: PATCH - 1, :: PATCH - 1].reshape(-1, 3)
    low = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, np.array(volume.shape) - 1)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + 3, low + 1, volume.shape)
    crop = np.ascontiguousarray(volume[low[0] : high[0], low[1] : high[1], low[2] : high[2]], dtype=np.float32)
    data = torch.from_numpy(crop)[None, None]
    factor = np.ones(3)
    if smooth:
        factor = np.minimum(np.maximum(np.floor(step), 1), crop.shape)
        if (factor > 1).any():
            data = fn.avg_pool3d(data, tuple(int(f) for f in factor), ceil_mode=True, count_include_pad=False)
    size = np.array(data.shape[2:])
    local = (voxels - low - (factor - 1) / 2) / factor
    unit = 2 * local / np.maximum(size - 1, 1) - 1
    points = torch.from_numpy(np.ascontiguousarray(unit[..., ::-1], dtype=np.float32))[None]
    out = fn.grid_sample(data, points, mode="bilinear", padding_mode="border", align_corners=True)
    result: Array = out[0, 0].numpy()
    return result


def inside(volume_shape: tuple[int, ...], voxels: Array) -> npt.NDArray[np.bool_]:
    """Which samples lie within the volume."""
    return np.asarray(((voxels >= -0.5) & (voxels <= np.array(volume_shape) - 0.5)).all(-1), dtype=bool)


def click_channel(where: npt.ArrayLike) -> Array:
    """A Gaussian at a click, given in sample coordinates."""
    axis = np.arange(PATCH, dtype=np.float32)
    lines = [np.exp(-((axis - w) ** 2) / (2 * CLICK_SIGMA_SAMPLES**2)) for w in np.asarray(where, np.float32)]
    return np.asarray(lines[0][:, None, None] * lines[1][None, :, None] * lines[2][None, None, :], dtype=np.float32)


def box_channel(one: npt.ArrayLike, other: npt.ArrayLike) -> Array:
    """Ones at the samples inside a box, given by two opposite corners (on its faces) in sample coordinates."""
    axis = np.arange(PATCH, dtype=np.float32)
    corners = np.sort(np.stack([np.asarray(one, float), np.asarray(other, float)]), axis=0)
    sides = [((axis >= a) & (axis <= b)).astype(np.float32) for a, b in corners.T]
    made: Array = sides[0][:, None, None] * sides[1][None, :, None] * sides[2][None, None, :]
    return made


def prompt_channel(grid: Grid, point: npt.ArrayLike | None, box: tuple[npt.ArrayLike, npt.ArrayLike] | None) -> Array:
    """The prompt as an image, from voxel coordinates: a click, a drawn box, or both: a box that was made from a click.

    Raises:
        ValueError: neither is given.
    """
    if box is None and point is None:
        raise ValueError("a prompt is a point or a box")
    if box is None:
        return click_channel(grid.to_samples(np.asarray(point, float)))
    inside_box = box_channel(grid.to_samples(box[0]), grid.to_samples(box[1]))
    if point is None:
        return inside_box
    made: Array = np.maximum(MADE_BOX * inside_box, click_channel(grid.to_samples(point)))
    return made


def network_input(raw: Array, modality: Modality, prompt: Array, contrast_hu: float) -> Array:
    """The four channels from raw samples (HU for CT, any scale for MR), shape (4, P, P, P)."""
    weight = prompt > 0.6
    near = raw[weight] if weight.any() else raw[PATCH // 2 - 1 : PATCH // 2 + 2].ravel()
    reference = float(np.median(near))
    if modality == "CT":
        wide = np.clip((raw - CT_WIDE_HU[0]) / (CT_WIDE_HU[1] - CT_WIDE_HU[0]), 0, 1)
        narrow = np.clip((raw - CT_NARROW_HU[0]) / (CT_NARROW_HU[1] - CT_NARROW_HU[0]), 0, 1)
        contrast = (np.clip(raw, *CT_WIDE_HU) - reference) / contrast_hu
    else:
        low, high = np.percentile(raw, [1, 99])
        span = max(float(high - low), 1e-6)
        wide = np.clip((raw - low) / span, 0, 1)
        narrow = np.clip(0.5 + (raw - raw.mean()) / (4 * max(float(raw.std()), 1e-6)), 0, 1)
        contrast = (raw - reference) / (0.25 * span)
    return np.stack([wide, narrow, np.clip(contrast, -2, 2) / 2, prompt]).astype(np.float32)
