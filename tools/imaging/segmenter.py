"""The embedded lesion model at work: from a click or a box to a mask with its probability.

A click says where, not how large. A click in aerated lung is first turned into a box by contrast (`nodule_box`).
Elsewhere the cube around it is tried at several sizes; the network's own answer
then sets the size along each axis, until it stops changing. The last cube is seen several times, mirrored and
with the click moved a little: the mean is the probability, the spread is the uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed, ToolRetry
from tools.imaging.lesion_model import (
    PATCH,
    Grid,
    build_network,
    inside,
    network_input,
    prompt_channel,
    sample_volume,
)
from tools.imaging.nodule_box import box_in_lung
from tools.imaging.volume import Volume
from tools.imaging.weights_store import load_weights

if TYPE_CHECKING:
    import torch

LESION_WEIGHTS = "lesion.pt"
FIRST_FIELDS_MM = (20.0, 36.0, 64.0, 110.0, 190.0)
_MOST_FILL, _SCORE_MARGIN = 0.85, 0.03
FILL = 0.62
_FIELD_LIMITS_MM = (12.0, 420.0)
_MAX_REFINEMENTS = 3
_JITTER_SAMPLES = 1.5


@dataclass(frozen=True)
class Prompt:
    """A click or a box, in canonical voxel coordinates. `drawn` is false for a box that was made from a click."""

    point: tuple[float, float, float] | None = None
    box: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    drawn: bool = True

    def seed(self) -> npt.NDArray[np.float64]:
        """The click, or the middle of the box."""
        if self.point is not None:
            return np.asarray(self.point, dtype=float)
        if self.box is None:
            raise ToolRetry("A prompt is a point or a box.")
        return np.asarray(np.array(self.box, float).mean(axis=0), dtype=float)


@dataclass(frozen=True)
class Segmentation:
    """A lesion in a region of a volume.

    Attributes:
        offset: voxel index of the region's first voxel.
        mask: the lesion in the region.
        probability: mean over the views, same shape.
        volumes_mm3: volume in each view.
        agreement: mean Dice of the single views with the mask.
        forwards: cubes that went through the network.
        drawn_box: whether a person drew a box; a click, also one that was turned into a box, is less certain.
    """

    offset: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float32]
    volumes_mm3: tuple[float, ...]
    agreement: float
    forwards: int
    weights_sha256: str | None
    drawn_box: bool = False

    def full_mask(self, shape: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
        """The mask over the whole volume."""
        out = np.zeros(shape, bool)
        view = tuple(slice(o, o + n) for o, n in zip(self.offset, self.mask.shape, strict=True))
        out[view] = self.mask
        return out


@lru_cache(maxsize=2)
def _network(device: str) -> tuple[torch.nn.Module, str]:
    import torch

    state, digest = load_weights(LESION_WEIGHTS)
    net = build_network()
    net.load_state_dict(state)
    net.eval().to(device)
    if device == "cuda":
        net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return net, digest


class LesionSegmenter:
    """Segments one lesion a call. `network` replaces the embedded weights (for training and tests)."""

    def __init__(self, network: torch.nn.Module | None = None, device: str = "cpu") -> None:
        self._given, self._device = network, device
        self.forwards = 0

    def segment(self, volume: Volume, prompt: Prompt, views: int = 4) -> Segmentation:
        """Find the lesion at `prompt`.

        Args:
            views: mirrored and moved looks at the last cube, 1 to 8.

        Raises:
            ToolRetry: the prompt lies outside the scan.
            ToolFailed: nothing like a lesion is at the prompt.
        """
        self.forwards = 0
        seed = prompt.seed()
        if not volume.contains(seed):
            raise ToolRetry(f"The prompt lies outside the scan, which has {volume.shape} voxels.")
        if prompt.point is not None and volume.meta.modality == "CT":
            box = box_in_lung(volume, seed)
            prompt = prompt if box is None else Prompt(box=box, drawn=False)
        centre, field = self._scale(volume, prompt, prompt.seed())
        return self._final(volume, prompt, centre, field, views)

    def _scale(
        self, volume: Volume, prompt: Prompt, seed: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        spacing = np.array(volume.spacing_mm)
        if prompt.box is not None:
            sides = np.abs(np.diff(np.sort(np.array(prompt.box, float), axis=0), axis=0)[0]) + 1
            return seed, _field(sides * spacing)
        looks = [self._look(volume, prompt, seed, np.full(3, field)) for field in FIRST_FIELDS_MM]
        best = _best_look(looks)
        if best is None:
            raise ToolFailed("Nothing at the point stands out as a lesion. Click nearer to its middle, or draw a box.")
        centre, extent = best[1], best[2]
        for _ in range(_MAX_REFINEMENTS):
            field = _field(extent)
            _, new_centre, new_extent = self._look(volume, prompt, centre, field)
            if new_centre is None:
                break
            change = np.abs(np.log(new_extent / extent)).max()
            centre, extent = new_centre, new_extent
            if change < 0.15:
                break
        return centre, _field(extent)

    def _look(self, volume: Volume, prompt: Prompt, centre: Any, field: Any) -> tuple[float, Any, Any]:
        """One pass: mean probability inside, the lesion's middle (voxels) and extent (mm), or None for both."""
        grid = _grid(volume, centre, field)
        chance = self._forward(volume, [(grid, prompt)])[0]
        mask = keep_at(chance > 0.5, grid.to_samples(prompt.seed()))
        if not mask.any():
            return -1.0, None, None
        where = np.argwhere(mask)
        low, high = where.min(0), where.max(0) + 1
        step_mm = np.array(grid.step) * volume.spacing_mm
        middle = np.array(centre) + ((low + high - 1) / 2 - (PATCH - 1) / 2) * grid.step
        return float(chance[mask].mean()), middle, (high - low) * step_mm

    def _forward(self, volume: Volume, looks: list[tuple[Grid, Prompt]]) -> npt.NDArray[np.float32]:
        import torch

        net, _ = (self._given, None) if self._given is not None else _network(self._device)
        made = []
        for grid, prompt in looks:
            voxels = grid.to_voxels()
            raw = sample_volume(volume.voxels, voxels, grid.step, True)
            channel = prompt_channel(grid, prompt.point, prompt.box)
            made.append(network_input(raw, volume.meta.modality or "CT", channel, prompt.box is not None))
        self.forwards += len(made)
        with torch.inference_mode(), torch.autocast(self._device, enabled=self._device == "cuda"):
            logits = [net(torch.from_numpy(np.stack(made[i : i + 4])).to(self._device)) for i in range(0, len(made), 4)]
        chance: npt.NDArray[np.float32] = torch.cat(logits)[:, 0].float().sigmoid().cpu().numpy()
        return chance

    def _final(self, volume: Volume, prompt: Prompt, centre: Any, field: Any, views: int) -> Segmentation:
        grid = _grid(volume, centre, field)
        looks = [(_mirrored(grid, flips), moved) for flips, moved in _views(prompt, grid, views)]
        chances = self._forward(volume, looks)
        low, shape = _region(volume, grid)
        if min(shape) < 1:
            raise ToolFailed("The lesion lies outside the scan.")
        maps = np.stack([_to_region(chance, look[0], low, shape) for chance, look in zip(chances, looks, strict=True)])
        probability = maps.mean(0)
        mask = keep_at(probability > 0.5, prompt.seed() - low)
        if not mask.any():
            raise ToolFailed("Nothing at the point stands out as a lesion. Click nearer to its middle, or draw a box.")
        overlaps, volumes = [], []
        for single in maps:
            one = keep_at(single > 0.5, prompt.seed() - low)
            overlaps.append(2 * float((one & mask).sum()) / float(one.sum() + mask.sum()))
            volumes.append(float(one.sum()) * volume.voxel_volume_mm3)
        digest = None if self._given is not None else _network(self._device)[1]
        offset = (int(low[0]), int(low[1]), int(low[2]))
        drawn = prompt.box is not None and prompt.drawn
        agreement = float(np.mean(overlaps))
        return Segmentation(offset, mask, probability, tuple(volumes), agreement, self.forwards, digest, drawn)


def _best_look(looks: list[tuple[float, Any, Any]]) -> tuple[float, Any, Any] | None:
    """The smallest cube whose answer is about as sure as the surest and does not fill the cube."""
    found = [(look, field) for look, field in zip(looks, FIRST_FIELDS_MM, strict=True) if look[1] is not None]
    if not found:
        return None
    fitting = [(look, field) for look, field in found if look[2].max() <= _MOST_FILL * field] or found
    surest = max(look[0] for look, _ in fitting)
    return next(look for look, _ in fitting if look[0] >= surest - _SCORE_MARGIN)


def _field(extent_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Side lengths of the cube for a lesion of this extent; no side is under half of the longest."""
    sides = np.clip(extent_mm, extent_mm.max() / 2, None) / FILL
    return np.clip(sides, *_FIELD_LIMITS_MM)


def _grid(volume: Volume, centre: npt.ArrayLike, field_mm: npt.ArrayLike) -> Grid:
    step = np.asarray(field_mm, float) / PATCH / np.array(volume.spacing_mm)
    middle = np.asarray(centre, float)
    return Grid((middle[0], middle[1], middle[2]), (step[0], step[1], step[2]))


def _mirrored(grid: Grid, flips: tuple[int, int, int]) -> Grid:
    return Grid(grid.centre, grid.step, 0.0, flips)


def _views(prompt: Prompt, grid: Grid, count: int) -> list[tuple[tuple[int, int, int], Prompt]]:
    """Mirrorings with prompts moved a little, the plain view first."""
    flips = [(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)][: max(1, min(count, 8))]
    rng = np.random.default_rng(7)
    made: list[tuple[tuple[int, int, int], Prompt]] = []
    for index, flip in enumerate(flips):
        move = np.zeros(3) if index == 0 else rng.normal(0, _JITTER_SAMPLES, 3) * grid.step
        if prompt.box is not None:
            low, high = np.array(prompt.box[0]) + move * 0.5, np.array(prompt.box[1]) - move * 0.5
            made.append((flip, Prompt(box=((low[0], low[1], low[2]), (high[0], high[1], high[2])))))
        else:
            at = prompt.seed() + move
            made.append((flip, Prompt(point=(at[0], at[1], at[2]))))
    return made


def _region(volume: Volume, grid: Grid) -> tuple[npt.NDArray[np.int64], tuple[int, ...]]:
    half = np.array(grid.step) * (PATCH - 1) / 2
    low = np.clip(np.ceil(np.array(grid.centre) - half), 0, volume.shape).astype(int)
    high = np.clip(np.floor(np.array(grid.centre) + half) + 1, low, volume.shape).astype(int)
    return low, tuple(int(n) for n in high - low)


def _to_region(
    chance: npt.NDArray[np.float32], grid: Grid, low: npt.NDArray[np.int64], shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Trilinear values of the cube at the voxels of a region."""
    from scipy import ndimage

    axes = []
    for axis in range(3):
        voxel = np.arange(low[axis], low[axis] + shape[axis])
        axes.append((voxel - grid.centre[axis]) / grid.step[axis] * grid.flips[axis] + (PATCH - 1) / 2)
    points = np.stack(np.meshgrid(*axes, indexing="ij"))
    values: npt.NDArray[np.float32] = ndimage.map_coordinates(chance, points, order=1, mode="nearest")
    return values


def keep_at(mask: npt.NDArray[np.bool_], seed: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """The connected part of `mask` at `seed`, or the nearest one within a sixth of the region; holes filled."""
    from scipy import ndimage

    if not mask.any():
        return mask
    labels, count = ndimage.label(mask)
    at = tuple(np.clip(np.rint(np.asarray(seed, float)), 0, np.array(mask.shape) - 1).astype(int))
    label = int(labels[at])
    if label == 0:
        where = np.argwhere(mask)
        apart = np.linalg.norm((where - np.array(at)) / np.array(mask.shape), axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] > 1 / 6:
            return np.zeros_like(mask)
        label = int(labels[tuple(where[nearest])])
    kept: npt.NDArray[np.bool_] = ndimage.binary_fill_holes(labels == label) if count else mask
    return kept


__all__ = ["LesionSegmenter", "Prompt", "Segmentation", "inside", "keep_at"]
