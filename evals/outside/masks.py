"""Folders of scans and lesion masks: the segmenter from a click and from a box that are drawn from the mask.

Each separate lesion of a mask (26-connected, at least `SMALLEST` voxels and 5 % of the largest) is one item. The click
is the voxel deepest inside it, the box its bounding box. Dice is of that lesion; a refusal counts as a Dice of 0.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, mean_figure, scored_one
from evals.scoring.intervals import wilson
from knowledge.errors import BadInput, ConsiliumError

FORM = "scans and masks side by side (x_image, x_mask), in imagesTr and labelsTr, or in images and masks"
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
SMALLEST, SMALL_SHARE = 10, 0.05
GOOD_DICE = 0.5
_MASK_WORD = re.compile(r"(?i)(?:^|[_\-. ])(?:mask|label|labels|seg|segmentation|gtv\d*|lesion|annotation|gt)$")
_IMAGE_WORD = re.compile(r"(?i)(?:^|[_\-. ])(?:image|img|scan|volume|vol|0000)$")
_MASK_FOLDERS = re.compile(r"(?i)^(?:masks?|labels?(?:tr|ts)?|seg(?:mentations?)?|annotations?|gt)$")
_IMAGE_FOLDERS = re.compile(r"(?i)^(?:images?(?:tr|ts)?|scans?|volumes?|imgs?)$")
Mask = npt.NDArray[np.bool_]


class Pair(NamedTuple):
    """A scan and its mask, and what they are called."""

    name: str
    image: Path
    mask: Path


def run(path: Path, settings: Settings) -> Result:
    """Segment every lesion of every pair; `limit` is of pairs."""
    started = time.perf_counter()
    found = pairs(path)
    items = [item for pair in found[: settings.limit] for item in _items(pair)]
    notes = [f"An item is right where the click gives a Dice of at least {GOOD_DICE}.",
             "The weights in the repository were trained on public lesions (`consilium models list`): on the same "
             "patients the figures are not those of unseen scans."]  # fmt: skip
    return finished("masks", path.name, items, _figures(items), started, notes)


def pairs(folder: Path) -> list[Pair]:
    """Every scan that has a mask. Raises `BadInput` where there is none, or a mask has no scan."""
    if not folder.is_dir():
        raise BadInput(folder.name, "the path", "it is not a folder", FORM)
    images: dict[str, Path] = {}
    masks: dict[str, Path] = {}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    inside = {file: "" if file.parent == folder else file.parent.name for file in files}
    apart = any(_MASK_FOLDERS.match(name) for name in inside.values())
    for file in files:
        stem = _stem(file)
        if stem is None:
            continue
        in_masks, in_images = _MASK_FOLDERS.match(inside[file]), _IMAGE_FOLDERS.match(inside[file])
        is_mask = bool(in_masks) or (bool(_MASK_WORD.search(stem)) and not (apart and in_images))
        bare = _IMAGE_WORD.sub("", _MASK_WORD.sub("", stem) if is_mask else stem)
        above = file.parent.parent if in_masks or in_images else file.parent
        key = f"{above.relative_to(folder)}/{bare}".removeprefix("./")
        (masks if is_mask else images)[key] = file
    alone = sorted(set(masks) - set(images))
    if not masks or alone:
        problem = f"the mask {masks[alone[0]].name} has no scan" if alone else "it holds no masks"
        raise BadInput(folder.name, "the folder", problem, FORM)
    return [Pair(key, images[key], masks[key]) for key in sorted(masks)]


def _stem(file: Path) -> str | None:
    lower = file.name.lower()
    suffix = next((s for s in SUFFIXES if lower.endswith(s)), None)
    return None if suffix is None else file.name[: -len(suffix)]


def _modality(name: str) -> Literal["CT", "MR"] | None:
    words = re.split(r"[^A-Za-z0-9]+", name.upper())
    if any(word in ("MR", "MRI", "T1", "T2", "FLAIR", "DWI", "ADC") for word in words):
        return "MR"
    return "CT" if "CT" in words else None


def _items(pair: Pair) -> Iterator[Item]:
    from tools.imaging.intake import load_volume
    from tools.imaging.study import Study

    try:
        volume = load_volume(pair.image, pair.image.name, _modality(f"{pair.name} {pair.image.name}"))
        mask = load_volume(pair.mask, pair.mask.name, volume.meta.modality).voxels > 0.5
        if mask.shape != volume.shape:
            raise BadInput(pair.mask.name, "its size", f"{mask.shape}, the scan {volume.shape}", "the scan's grid")
    except ConsiliumError as error:
        yield Item(id=pair.name, verdict="not_scored", reason=str(error))
        return
    lesions = separate(mask)
    if not lesions:
        yield Item(id=pair.name, verdict="not_scored", reason="the mask is empty")
        return
    study = Study(volume)
    group = str(volume.meta.modality)
    for number, lesion in enumerate(lesions, start=1):
        name = pair.name if len(lesions) == 1 else f"{pair.name} lesion {number}"
        yield scored_one(name, group, lambda n=name, x=lesion: _lesion(n, group, study, x))  # type: ignore[misc]


def separate(mask: Mask) -> list[Mask]:
    """The lesions of a mask, largest first."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = ndimage.sum_labels(mask, labels, range(1, count + 1)) if count else np.zeros(0)
    least = max(SMALLEST, SMALL_SHARE * float(sizes.max(initial=0.0)))
    kept = [place for place in np.argsort(-sizes, kind="stable") if sizes[place] >= least]
    return [labels == place + 1 for place in kept]


def prompts(lesion: Mask, spacing: Sequence[float]) -> dict[str, Any]:
    """A click in the voxel that is deepest inside, and the bounding box."""
    from scipy import ndimage

    from tools.imaging.segmenter import Prompt

    depth = ndimage.distance_transform_edt(np.pad(lesion, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    point = np.unravel_index(int(depth.argmax()), lesion.shape)
    where = np.argwhere(lesion)
    low, high = where.min(0), where.max(0)
    return {
        "click": Prompt(point=(float(point[0]), float(point[1]), float(point[2]))),
        "box": Prompt(box=(tuple(float(v) for v in low), tuple(float(v) for v in high))),  # type: ignore[arg-type]
    }


def _lesion(name: str, group: str, study: Any, lesion: Mask) -> Item:
    values: dict[str, float] = {}
    reasons = []
    for way, prompt in prompts(lesion, study.volume.spacing_mm).items():
        try:
            finding = study.work_up(prompt)
        except ConsiliumError as error:
            values |= {f"{way} dice": 0.0, f"{way} refused": 1.0}
            reasons.append(f"{way}: {error}")
            continue
        found = np.zeros(lesion.shape, bool)
        view = tuple(slice(o, o + n) for o, n in zip(finding.offset, finding.mask.shape, strict=True))
        found[view] = finding.mask
        values |= {f"{way} {key}": value for key, value in compared(found, lesion, study.volume.spacing_mm).items()}
        values[f"{way} refused"] = 0.0
    if values["click refused"] and values["box refused"]:
        return Item(id=name, verdict="failed", reason="; ".join(reasons), group=group, values=values)
    right = values["click dice"] >= GOOD_DICE
    shown = f"Dice {values['click dice']:.2f} by click, {values['box dice']:.2f} by box"
    return Item(id=name, verdict="right" if right else "wrong", given=shown, reason="; ".join(reasons), group=group,
                values=values)  # fmt: skip


def compared(found: Mask, truth: Mask, spacing: Sequence[float]) -> dict[str, float]:
    """Dice, the 95th percentile of surface distances in mm (MONAI), and the signed error of the volume."""
    import torch
    from monai.metrics import compute_hausdorff_distance

    overlap, both = float((found & truth).sum()), float(found.sum() + truth.sum())
    made = {"dice": 2 * overlap / both, "volume error": float(found.sum()) / float(truth.sum()) - 1}
    if found.any():
        where = np.argwhere(found | truth)
        view = tuple(slice(int(a), int(b) + 1) for a, b in zip(where.min(0), where.max(0), strict=True))
        one, other = (torch.from_numpy(np.pad(x[view], 1))[None, None].float() for x in (found, truth))
        sides = [float(v) for v in spacing]
        with warnings.catch_warnings():  # MONAI warns of a parameter that it passes to itself
            warnings.simplefilter("ignore", FutureWarning)
            made["hd95 mm"] = float(compute_hausdorff_distance(one, other, True, percentile=95, spacing=sides))
    return made


def _figures(items: Sequence[Item]) -> list[Figure]:
    kept = [item for item in items if item.values]
    made = []
    for way in ("click", "box"):
        dice = [item.values[f"{way} dice"] for item in kept]
        volumes = [abs(i.values[f"{way} volume error"]) for i in kept if f"{way} volume error" in i.values]
        distances = [i.values[f"{way} hd95 mm"] for i in kept if f"{way} hd95 mm" in i.values]
        refused = round(sum(item.values[f"{way} refused"] for item in kept))
        made += [
            mean_figure(f"{way} Dice", dice, "mean over lesions; a refusal is 0"),
            Figure(name=f"{way} Dice >= {GOOD_DICE}", estimate=wilson(sum(d >= GOOD_DICE for d in dice), len(dice)),
                   about="share of lesions"),
            mean_figure(f"{way} HD95, mm", distances, "mean over lesions that were outlined", digits=1),
            mean_figure(f"{way} volume error", volumes, "mean of the absolute share", percent=True),
            Figure(name=f"{way} refused", estimate=wilson(refused, len(kept)), about="nothing was outlined"),
        ]  # fmt: skip
    return made
