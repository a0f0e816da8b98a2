"""The promptable lesion network: what it sees of a scan, and the network itself.

The network looks at a cube of `PATCH` samples a side around the prompt. The sampling distance is chosen so that
the lesion fills a fair part of the cube, so one network serves a 5 mm nodule and a 20 cm sarcoma.

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

PATCH = 56
CHANNELS = 4
FEATURES = (20, 40, 80, 144)
# Wide CT window: level -600, width 1600 HU, the usual lung window; the lung-nodule cubes were scaled by it.
CT_WIDE_HU = (-1200.0, 400.0)
# Narrow CT window: level 40, width 400 HU, the usual soft-tissue window.
CT_NARROW_HU = (-160.0, 240.0)
CT_CONTRAST_HU = 150.0
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


def build_network() -> torch.nn.Module:
    """The untrained network: a 3-D U-Net with residual units, (N, 4, P, P, P) to logits (N, 1, P, P, P)."""
    from monai.networks.nets import UNet

    net: torch.nn.Module = UNet(
        spatial_dims=3,
        in_channels=CHANNELS,
        out_channels=1,
        channels=FEATURES,
        strides=(2, 2, 2),
        num_res_units=2,
        norm=("INSTANCE", {"affine": True}),
    )
    return net


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


def prompt_channel(grid: Grid, point: npt.ArrayLike | None, box: tuple[npt.ArrayLike, npt.ArrayLike] | None) -> Array:
    """The prompt as an image: a Gaussian at the click, or ones inside the box (corners in voxel coordinates)."""
    axis = np.arange(PATCH, dtype=np.float32)
    if box is not None:
        corners = np.sort(np.stack([grid.to_samples(box[0]), grid.to_samples(box[1])]), axis=0)
        sides = [((axis >= a - 0.5) & (axis <= b + 0.5)).astype(np.float32) for a, b in corners.T]
        made: Array = sides[0][:, None, None] * sides[1][None, :, None] * sides[2][None, None, :]
        return made
    where = grid.to_samples(np.zeros(3) if point is None else point)
    lines = [np.exp(-((axis - w) ** 2) / (2 * CLICK_SIGMA_SAMPLES**2)).astype(np.float32) for w in where]
    return np.asarray(lines[0][:, None, None] * lines[1][None, :, None] * lines[2][None, None, :], dtype=np.float32)


def network_input(raw: Array, modality: Modality, prompt: Array, is_box: bool) -> Array:
    """The four channels from raw samples (HU for CT, any scale for MR), shape (4, P, P, P)."""
    weight = prompt > (0.5 if is_box else 0.6)
    near = raw[weight] if weight.any() else raw[PATCH // 2 - 1 : PATCH // 2 + 2].ravel()
    reference = float(np.median(near))
    if modality == "CT":
        wide = np.clip((raw - CT_WIDE_HU[0]) / (CT_WIDE_HU[1] - CT_WIDE_HU[0]), 0, 1)
        narrow = np.clip((raw - CT_NARROW_HU[0]) / (CT_NARROW_HU[1] - CT_NARROW_HU[0]), 0, 1)
        contrast = (np.clip(raw, *CT_WIDE_HU) - reference) / CT_CONTRAST_HU
    else:
        low, high = np.percentile(raw, [1, 99])
        span = max(float(high - low), 1e-6)
        wide = np.clip((raw - low) / span, 0, 1)
        narrow = np.clip(0.5 + (raw - raw.mean()) / (4 * max(float(raw.std()), 1e-6)), 0, 1)
        contrast = (raw - reference) / (0.25 * span)
    return np.stack([wide, narrow, np.clip(contrast, -2, 2) / 2, prompt]).astype(np.float32)
