"""The embedded lesion model at work: from a click or a box to a mask with its probability.

A click says where, not how large. A first look at a cube of a fixed size around it finds the extent; that box and the
click are the prompt of the second look. A drawn box is taken as it is. The last cube is seen several times, mirrored
and with the prompt moved a little: the mean is the probability, the spread is the uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed, ToolRetry
from tools.imaging.lesion_model import (
    PATCH,
    Grid,
    field_around,
    logits_of,
    network_input,
    prompt_channel,
    sample_volume,
)
from tools.imaging.memory import halves, in_smaller_pieces
from tools.imaging.specialists import Specialist, embedded, part_at
from tools.imaging.volume import Volume

_FIRST_VIEWS = 4
_CLOSEST_FIELD_MM = 25.0
# From here on a closer look counts, if it also stands out twice as far as the first. Of 72 closer looks at clicks on
# sarcomas of validation patients two reach it and neither is twice the first; spheres of 10 to 40 mm do.
STANDS_OUT = 1.0
# Distance of the quartiles of a normal distribution, in standard deviations.
_QUARTILES_OF_A_NORMAL = 1.349
_JITTER_SAMPLES = 1.0
_BATCH = 4
_NOTHING = "Nothing at the point stands out as a lesion. Click nearer to its middle, or draw a box."
_FLIPS = [(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)]
Corner = tuple[float, float, float]
Box = tuple[Corner, Corner]


@dataclass(frozen=True)
class Prompt:
    """A click or a box, in canonical voxel coordinates; a box that was made from a click comes with it.

    `drawn` is false for a box that no person drew.
    """

    point: Corner | None = None
    box: Box | None = None
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


class LesionSegmenter:
    """Segments one lesion a call. `given` replaces the embedded networks.

    `batches` holds the sizes of the batches that the last call put through the network.
    """

    def __init__(self, given: Specialist | None = None, device: str = "cpu") -> None:
        self._given, self._device = given, device
        self.batches: list[int] = []

    def segment(self, volume: Volume, prompt: Prompt, views: int = 8) -> Segmentation:
        """Find the lesion at `prompt`.

        Args:
            views: mirrored and moved looks at the last cube, 1 to 8.

        Raises:
            ToolRetry: the prompt lies outside the scan.
            ToolFailed: nothing like a lesion is at the prompt.
        """
        self.batches = []
        seed = prompt.seed()
        if not volume.contains(seed):
            raise ToolRetry(f"The prompt lies outside the scan, which has {volume.shape} voxels.")
        specialist = self.specialist(volume, prompt)
        if prompt.box is None:
            prompt = self._made_box(specialist, volume, prompt)
        return self._final(specialist, volume, prompt, views)

    def specialist(self, volume: Volume, prompt: Prompt) -> Specialist:
        """The network for this prompt: by what surrounds it, unless one was given."""
        if self._given is not None:
            return self._given
        part = part_at(volume, prompt.seed())
        found = embedded(part, self._device)
        if prompt.box is not None and _extent_mm(volume, prompt.box).max() > found.scale.first_field_mm:
            found = embedded("body", self._device)
        return found

    def _made_box(self, specialist: Specialist, volume: Volume, prompt: Prompt) -> Prompt:
        """The click with the box around what the first look shows at it.

        The look is of the size of the lesions that the network was trained on. Where it shows nothing that stands out,
        as with one much smaller, closer looks are taken; one counts if what it shows stands out clearly.
        """
        field_mm = specialist.scale.first_field_mm
        best = self._shown(specialist, volume, prompt, field_mm)
        closer = [field_mm / n for n in (2, 4, 8) if field_mm / n >= _CLOSEST_FIELD_MM]
        if best is None or (closer and best[0] < STANDS_OUT):
            looks = [look for field in closer if (look := self._shown(specialist, volume, prompt, field)) is not None]
            clear = [look for look in looks if look[0] >= max(STANDS_OUT, 2 * best[0] if best else 0.0)]
            best = max(clear, key=itemgetter(0), default=best)
        if best is None:
            raise ToolFailed(_NOTHING)
        return Prompt(prompt.point, best[1], drawn=False)

    def _shown(
        self, specialist: Specialist, volume: Volume, prompt: Prompt, field_mm: float
    ) -> tuple[float, Box] | None:
        """How far what a first look shows stands out, and the box around it; None where it shows nothing."""
        grid = _grid(volume, prompt.seed(), np.full(3, field_mm))
        chance = self._forward(specialist, volume, grid, [(flips, prompt) for flips in _FLIPS[:_FIRST_VIEWS]]).mean(0)
        shown = _outlined(volume, grid, chance, prompt.seed())
        if shown is None:
            return None
        low, mask, _ = shown
        return standing_out(volume, mask, low), box_of(mask, low)

    def _forward(
        self, specialist: Specialist, volume: Volume, grid: Grid, views: list[tuple[tuple[int, int, int], Prompt]]
    ) -> npt.NDArray[np.float32]:
        """Probabilities (views, P, P, P) of one cube, each view mirrored on its way in and back on its way out."""
        import torch

        raw = sample_volume(volume.voxels, grid.to_voxels(), grid.step, True)
        modality, contrast = volume.meta.modality or "CT", specialist.scale.contrast_hu
        turns = [(slice(None, None, a), slice(None, None, b), slice(None, None, c)) for (a, b, c), _ in views]
        made = [network_input(raw, modality, prompt_channel(grid, p.point, p.box), contrast) for _, p in views]
        x = np.stack([one[(slice(None), *turn)] for one, turn in zip(made, turns, strict=True)])
        net = specialist.network

        def chances(batch: int) -> npt.NDArray[np.float32]:
            pieces = [torch.from_numpy(x[i : i + batch]) for i in range(0, len(x), batch)]
            logits = torch.cat([logits_of(net, piece.to(self._device)).cpu() for piece in pieces])
            self.batches += [len(piece) for piece in pieces]
            return np.asarray(logits.sigmoid().numpy())

        with torch.inference_mode(), torch.autocast(self._device, enabled=self._device == "cuda"):
            chance = in_smaller_pieces(chances, halves(_BATCH))
        return np.stack([one[turn] for one, turn in zip(chance, turns, strict=True)])

    def _final(self, specialist: Specialist, volume: Volume, prompt: Prompt, views: int) -> Segmentation:
        grid = grid_around(volume, prompt)
        chances = self._forward(specialist, volume, grid, _views(prompt, grid, views))
        shown = _outlined(volume, grid, chances.mean(0), prompt.seed())
        if shown is None:
            raise ToolFailed(_NOTHING)
        low, mask, probability = shown
        seed = grid.to_samples(prompt.seed())
        whole, singles = keep_at(chances.mean(0) > 0.5, seed), [keep_at(one > 0.5, seed) for one in chances]
        overlaps = [2 * float((one & whole).sum()) / max(float(one.sum() + whole.sum()), 1.0) for one in singles]
        sample_mm3 = float(np.prod(grid.step)) * volume.voxel_volume_mm3
        return Segmentation(
            (int(low[0]), int(low[1]), int(low[2])),
            mask,
            probability,
            tuple(float(one.sum()) * sample_mm3 for one in singles),
            float(np.mean(overlaps)),
            sum(self.batches),
            specialist.sha256,
            prompt.drawn and prompt.point is None,
        )


def _extent_mm(volume: Volume, box: Box) -> npt.NDArray[np.float64]:
    """Side lengths of a box whose corners are in voxel coordinates."""
    return np.asarray(np.maximum(np.abs(np.array(box[1]) - np.array(box[0])), 1) * volume.spacing_mm, dtype=float)


def grid_around(volume: Volume, prompt: Prompt) -> Grid:
    """The cube around the box of a prompt. Raises `ToolRetry` where it has none."""
    if prompt.box is None:
        raise ToolRetry("The prompt has no box.")
    return _grid(volume, np.array(prompt.box, float).mean(axis=0), field_around(_extent_mm(volume, prompt.box)))


def standing_out(volume: Volume, mask: npt.NDArray[np.bool_], offset: npt.NDArray[np.int64]) -> float:
    """How far a lesion stands out from a shell around it: difference of medians over mean spread.

    The spread is a standard deviation estimated from the quartiles. The shell is as thick as 0.15 of the cube root of
    the lesion's volume, at least 2 mm.

    Args:
        mask: the lesion in a region of the volume whose first voxel is at `offset`.
    """
    from scipy import ndimage

    thick = max(2.0, 0.15 * float(mask.sum() * volume.voxel_volume_mm3) ** (1 / 3))
    reach = np.ceil((thick + 1) / np.array(volume.spacing_mm)).astype(int) + 1
    where = np.argwhere(mask) + offset
    low, high = np.maximum(where.min(0) - reach, 0), np.minimum(where.max(0) + reach + 1, volume.shape)
    inside = np.zeros(high - low, bool)
    inside[tuple((where - low).T)] = True
    apart = ndimage.distance_transform_edt(~inside, sampling=volume.spacing_mm)
    shell = (apart > 0) & (apart <= thick)
    if not shell.any():
        return 0.0
    values = volume.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    parts = [np.percentile(values[part], (25, 50, 75)) for part in (inside, shell)]
    spread = sum(high - low for low, _, high in parts) / 2 / _QUARTILES_OF_A_NORMAL
    return float(abs(parts[0][1] - parts[1][1]) / max(float(spread), 1e-3))


def prompt_of_mask(mask: npt.NDArray[np.bool_]) -> Prompt:
    """The prompt whose answer a mask is: a click at its middle and the box around it."""
    middle = np.argwhere(mask).mean(0)
    return Prompt((float(middle[0]), float(middle[1]), float(middle[2])), box_of(mask, np.zeros(3)), drawn=False)


def box_of(mask: npt.NDArray[np.bool_], offset: npt.ArrayLike) -> Box:
    """The box around a mask whose first voxel is at `offset`; its corners lie on the faces of voxels."""
    where = np.argwhere(mask) + np.asarray(offset)
    low, high = where.min(0) - 0.5, where.max(0) + 0.5
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def _grid(volume: Volume, centre: npt.ArrayLike, field_mm: npt.ArrayLike) -> Grid:
    step = np.asarray(field_mm, float) / PATCH / np.array(volume.spacing_mm)
    middle = np.asarray(centre, float)
    return Grid((middle[0], middle[1], middle[2]), (step[0], step[1], step[2]))


def _views(prompt: Prompt, grid: Grid, count: int) -> list[tuple[tuple[int, int, int], Prompt]]:
    """Mirrorings with prompts moved a little, the plain view first."""
    flips = _FLIPS[: max(1, min(count, 8))]
    rng = np.random.default_rng(7)
    made: list[tuple[tuple[int, int, int], Prompt]] = []
    for index, flip in enumerate(flips):
        move = np.zeros(3) if index == 0 else rng.normal(0, _JITTER_SAMPLES, 3) * grid.step
        point, box = prompt.point, prompt.box
        if point is not None:
            at = np.array(point) + move
            point = (float(at[0]), float(at[1]), float(at[2]))
        if box is not None:
            low, high = np.array(box[0]) + move * 0.5, np.array(box[1]) - move * 0.5
            box = ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        made.append((flip, Prompt(point, box, prompt.drawn)))
    return made


def _outlined(
    volume: Volume, grid: Grid, chance: npt.NDArray[np.float32], seed: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.float32]] | None:
    """The lesion at a seed in voxels: first voxel of its region, mask, probability. None where there is none.

    It is found on the samples of the cube, so that only the voxels around it are computed.
    """
    at = grid.to_samples(seed)
    kept = keep_at(chance > 0.5, at)
    if not kept.any():
        return None
    where = np.argwhere(kept)
    nearest = where[((where - at) ** 2).sum(1).argmin()]
    middle, step = np.array(grid.centre), np.array(grid.step)
    low, high = (middle + (place - (PATCH - 1) / 2) * step for place in (where.min(0) - 2, where.max(0) + 2))
    half = step * (PATCH - 1) / 2
    start = np.clip(np.ceil(np.maximum(low, middle - half)), 0, volume.shape).astype(int)
    stop = np.clip(np.floor(np.minimum(high, middle + half)) + 1, start, volume.shape).astype(int)
    if (stop <= start).any():
        return None
    probability = _to_region(chance, grid, start, tuple(int(n) for n in stop - start))
    mask = keep_at(probability > 0.5, middle + (nearest - (PATCH - 1) / 2) * step - start)
    return (start, mask, probability) if mask.any() else None


def _to_region(
    chance: npt.NDArray[np.float32], grid: Grid, low: npt.NDArray[np.int64], shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Trilinear values of the cube at the voxels of a region, one axis after the other."""
    values = chance
    for axis in range(3):
        voxels = np.arange(low[axis], low[axis] + shape[axis])
        place = np.clip((voxels - grid.centre[axis]) / grid.step[axis] + (PATCH - 1) / 2, 0, PATCH - 1)
        before = np.minimum(place.astype(int), PATCH - 2)
        share = (place - before).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        values = values.take(before, axis) * (1 - share) + values.take(before + 1, axis) * share
    return values


def keep_at(mask: npt.NDArray[np.bool_], seed: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """The connected part of `mask` at `seed`, or the nearest one within a sixth of the region; holes filled."""
    from scipy import ndimage

    if not mask.any():
        return mask
    labels, _ = ndimage.label(mask)
    at = tuple(np.clip(np.rint(np.asarray(seed, float)), 0, np.array(mask.shape) - 1).astype(int))
    label = int(labels[at])
    if label == 0:
        where = np.argwhere(mask)
        apart = np.linalg.norm((where - np.array(at)) / np.array(mask.shape), axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] > 1 / 6:
            return np.zeros_like(mask)
        label = int(labels[tuple(where[nearest])])
    kept = np.zeros_like(mask)
    view = ndimage.find_objects(labels, label)[label - 1]
    kept[view] = ndimage.binary_fill_holes(labels[view] == label)
    return kept


__all__ = ["LesionSegmenter", "Prompt", "Segmentation", "Specialist", "grid_around", "keep_at", "prompt_of_mask"]
