"""How well the lesion model does, against readers' outlines; and the fit of its confidence on validation patients.

python -m tools.imaging.training.assess --data ../shared/data/imaging --fit calibration.json --table fit.json
python -m tools.imaging.training.assess --data ../shared/data/imaging --calibration calibration.json --table test.json
"""

from __future__ import annotations

import argparse
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed
from tools.imaging import confidence
from tools.imaging.segmenter import LesionSegmenter, Prompt, Segmentation, keep_at
from tools.imaging.specialists import Part
from tools.imaging.training.lesion import embedded_samples
from tools.imaging.training.samples import Sample, human_click
from tools.imaging.volume import Volume, volume_from_array

PARTS: tuple[Part, ...] = ("lung", "body")
LEVEL = 0.9
SURFACE_TOLERANCE_MM = 2.0
Mask = npt.NDArray[np.bool_]


def as_volume(sample: Sample) -> Volume:
    """The sample as a scan."""
    return volume_from_array(sample.image, sample.spacing_mm, sample.modality, name=sample.name)


def dice(one: Mask, other: Mask) -> float:
    """Dice coefficient."""
    return 2 * float((one & other).sum()) / max(float(one.sum() + other.sum()), 1.0)


def scores(found: Mask, truth: Mask, spacing_mm: tuple[float, float, float]) -> dict[str, float]:
    """Dice, surface Dice at 2 mm, 95 % Hausdorff distance (mm) and signed volume error (percent)."""
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    made = {"dice": dice(found, truth), "volume_error": 100 * (float(found.sum()) / float(truth.sum()) - 1)}
    if not found.any():
        return {**made, "surface_dice": 0.0, "hd95": float("nan")}
    where = np.argwhere(found | truth)
    low, high = np.maximum(where.min(0) - 2, 0), where.max(0) + 3
    view = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    pair = [torch.from_numpy(np.pad(m[view], 1)[None, None].astype(np.float32)) for m in (found, truth)]
    surface = compute_surface_dice(*pair, [SURFACE_TOLERANCE_MM], include_background=True, spacing=spacing_mm)
    far = compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=spacing_mm)
    return {**made, "surface_dice": float(surface), "hd95": float(far)}


def clicks(sample: Sample, count: int, salt: str = "") -> list[tuple[float, float, float]]:
    """The same jittered clicks for a sample on every run."""
    rng = np.random.default_rng(zlib.crc32(f"{sample.name}{salt}".encode()))
    found = [human_click(sample, rng) for _ in range(count)]
    return [(float(x), float(y), float(z)) for x, y, z in found]


def from_click(segmenter: LesionSegmenter, sample: Sample, point: tuple[float, float, float]) -> Segmentation | None:
    """The segmentation from one click, or None where nothing was found."""
    try:
        return segmenter.segment(as_volume(sample), Prompt(point=point))
    except ToolFailed:
        return None


def jittered_box(sample: Sample, salt: str = "box") -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A box drawn around the lesion with an error of 6 % of its sides (standard deviation) at each face."""
    rng = np.random.default_rng(zlib.crc32(f"{sample.name}{salt}".encode()))
    where = sample.lesion_voxels[0]
    low, high = where.min(0), where.max(0) + 1
    move = rng.normal(0, 0.06, (2, 3)) * (high - low)
    return low + move[0] - 0.5, high + move[1] - 0.5


def region_growing(sample: Sample, point: tuple[float, float, float]) -> Mask:
    """SimpleITK's confidence-connected region growing from the click, after edge-preserving smoothing."""
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.ascontiguousarray(sample.image.T))
    image.SetSpacing(sample.spacing_mm)
    smooth = sitk.CurvatureFlow(image, timeStep=0.05, numberOfIterations=5)
    seed = [int(v) for v in point]
    grown = sitk.ConfidenceConnected(
        smooth, seedList=[seed], numberOfIterations=3, multiplier=2.5, initialNeighborhoodRadius=1, replaceValue=1
    )
    return np.asarray(sitk.GetArrayFromImage(grown).T > 0)


def otsu_in_box(sample: Sample) -> Mask:
    """Otsu's threshold within the drawn box, the side of the box's middle, its connected part."""
    from skimage.filters import threshold_otsu

    low, high = jittered_box(sample)
    a = np.clip(np.rint(low), 0, np.array(sample.mask.shape) - 2).astype(int)
    b = np.clip(np.rint(high) + 1, a + 2, sample.mask.shape).astype(int)
    view = tuple(slice(i, j) for i, j in zip(a, b, strict=True))
    part = sample.image[view]
    level = float(threshold_otsu(part)) if np.ptp(part) > 0 else float(part.min())
    middle = (b - a) // 2
    core = part[tuple(slice(max(0, m - 1), m + 2) for m in middle)]
    bright = float(np.median(core)) > level
    out = np.zeros_like(sample.mask)
    out[view] = keep_at((part > level) == bright, middle)
    return out


def assess_sample(segmenter: LesionSegmenter, sample: Sample, count: int) -> list[dict[str, Any]]:
    """One row a method and click: scores, and what the confidence is made from."""
    rows: list[dict[str, Any]] = []

    def add(method: str, mask: Mask, found: Segmentation | None = None) -> None:
        row: dict[str, Any] = {
            "data_set": sample.data_set,
            "name": sample.name,
            "patient": sample.patient,
            "method": method,
        }
        row |= scores(mask, sample.mask, sample.spacing_mm)
        if found is not None:
            row["features"] = confidence.features(found).tolist()
            row["volume_mm3"] = float(mask.sum() * np.prod(sample.spacing_mm))
        row["true_mm3"] = float(sample.mask.sum() * np.prod(sample.spacing_mm))
        rows.append(row)

    shape = sample.mask.shape
    points = clicks(sample, count)
    results = [from_click(segmenter, sample, point) for point in points]
    for found in results:
        add("one click", _mask(found, shape), found)
    if count > 1:
        add("mean of two clicks", mean_of(results[:2], shape))
    low, high = jittered_box(sample)
    box = ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    try:
        boxed = segmenter.segment(as_volume(sample), Prompt(box=box))
    except ToolFailed:
        boxed = None
    add("box", _mask(boxed, shape), boxed)
    add("region growing", region_growing(sample, points[0]))
    add("Otsu in the box", otsu_in_box(sample))
    return rows


def _mask(found: Segmentation | None, shape: tuple[int, ...]) -> Mask:
    return np.zeros(shape, bool) if found is None else found.full_mask((shape[0], shape[1], shape[2]))


def mean_of(results: list[Segmentation | None], shape: tuple[int, ...]) -> Mask:
    """Mean of the probabilities of several segmentations, cut at one half."""
    total = np.zeros(shape, np.float32)
    for found in results:
        if found is not None:
            view = tuple(slice(o, o + n) for o, n in zip(found.offset, found.mask.shape, strict=True))
            total[view] += np.where(found.mask | (found.probability < 0.5), found.probability, 0)
    return np.asarray(total / len(results) >= 0.5)


def bootstrap(values: dict[str, list[float]], seed: int = 0) -> tuple[float, float, float]:
    """Mean over patients with its 95 % interval from 2,000 bootstrap draws of patients."""
    means = np.array([np.nanmean(v) for v in values.values() if not np.isnan(v).all()])
    rng = np.random.default_rng(seed)
    draws = means[rng.integers(0, len(means), (2000, len(means)))].mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(means.mean()), float(low), float(high)


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and 95 % interval of each score by data set and method."""
    made = []
    for data_set, method in dict.fromkeys((r["data_set"], r["method"]) for r in rows):
        chosen = [r for r in rows if r["data_set"] == data_set and r["method"] == method]
        row: dict[str, Any] = {"data_set": data_set, "method": method}
        for key in ("dice", "surface_dice", "hd95", "volume_error"):
            by_patient: dict[str, list[float]] = {}
            for item in chosen:
                value = abs(item[key]) if key == "volume_error" else item[key]
                by_patient.setdefault(item["patient"], []).append(value)
            row[key] = bootstrap(by_patient)
        row["patients"], row["runs"] = len({r["patient"] for r in chosen}), len(chosen)
        made.append(row)
    return made


def fit(rows: list[dict[str, Any]], voxels: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> dict[str, Any]:
    """Calibration constants from rows of validation patients (see `confidence`), for clicks and for drawn boxes."""
    logit = np.log(voxels[0] / (1 - voxels[0]))
    grid = np.linspace(0.5, 4, 71)
    cross = [float(np.mean(np.logaddexp(0, logit / t) - voxels[1] * logit / t)) for t in grid]
    return {
        "level_percent": 100 * LEVEL,
        "point": _fit_prompt([r for r in rows if "features" in r and r["method"] != "box"]),
        "box": _fit_prompt([r for r in rows if "features" in r and r["method"] == "box"]),
        "voxel": {"temperature": float(grid[int(np.argmin(cross))])},
    }


def _fit_prompt(usable: list[dict[str, Any]]) -> dict[str, Any]:
    from scipy.optimize import minimize

    x = np.array([r["features"] for r in usable])
    y = np.array([r["dice"] >= 0.7 for r in usable], float)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    unit = (x - mean) / scale

    def loss(w: npt.NDArray[np.float64]) -> float:
        z = unit @ w[:-1] + w[-1]
        return float(np.mean(np.logaddexp(0, z) - y * z) + 0.02 * (w[:-1] @ w[:-1]))

    weights = minimize(loss, np.zeros(4)).x
    error = np.abs(np.log([r["volume_mm3"] / r["true_mm3"] for r in usable]))
    ratio = error / np.array([r["features"][2] for r in usable])
    patients = len({r["patient"] for r in usable})
    # The runs of one patient are not exchangeable: the finite-sample correction counts patients.
    rank = min(1.0, LEVEL * (1 + 1 / patients))
    return {
        "lesion": {
            "mean": mean.tolist(),
            "scale": scale.tolist(),
            "weights": weights[:-1].tolist(),
            "bias": float(weights[-1]),
        },
        "volume": {"quantile": float(np.quantile(ratio, rank))},
        "fitted_on": {"patients": patients, "runs": len(usable)},
    }


def expected_calibration_error(chance: npt.NDArray[Any], truth: npt.NDArray[Any], bins: int = 10) -> float:
    """Mean gap between stated chance and observed share over equal-width bins, weighted by count."""
    place = np.minimum((chance * bins).astype(int), bins - 1)
    gaps = [abs(chance[place == b].mean() - truth[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(sum(gaps))


def voxel_pairs(segmenter: LesionSegmenter, samples: list[Sample]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Probabilities and truth of voxels near the lesion, up to 4,000 a sample."""
    rng = np.random.default_rng(3)
    chances, truths = [], []
    for sample in samples:
        found = from_click(segmenter, sample, clicks(sample, 1)[0])
        if found is None:
            continue
        view = tuple(slice(o, o + n) for o, n in zip(found.offset, found.mask.shape, strict=True))
        p, t = np.clip(found.probability.ravel(), 1e-4, 1 - 1e-4), sample.mask[view].ravel()
        pick = rng.choice(len(p), min(4000, len(p)), replace=False)
        chances.append(p[pick])
        truths.append(t[pick])
    return np.concatenate(chances), np.concatenate(truths).astype(float)


def reliability(rows: list[dict[str, Any]], numbers: dict[str, Any], voxels: Any) -> dict[str, float]:
    """Calibration errors and interval coverage of these rows under these constants."""
    usable = [r for r in rows if "features" in r]
    kinds = [numbers["box" if r["method"] == "box" else "point"] for r in usable]
    chance = np.array([_chance(r["features"], kind["lesion"]) for r, kind in zip(usable, kinds, strict=True)])
    good = np.array([r["dice"] >= 0.7 for r in usable], float)
    quantiles = np.array([kind["volume"]["quantile"] for kind in kinds])
    reach = quantiles * np.array([r["features"][2] for r in usable])
    error = np.abs(np.log([r["volume_mm3"] / r["true_mm3"] for r in usable]))
    after = confidence.calibrated(voxels[0].astype(np.float32), numbers)
    return {
        "lesion_ece": expected_calibration_error(chance, good),
        "lesion_brier": float(np.mean((chance - good) ** 2)),
        "lesion_good_share": float(good.mean()),
        "volume_interval_coverage": float((error <= reach).mean()),
        "voxel_ece_before": expected_calibration_error(voxels[0], voxels[1]),
        "voxel_ece_after": expected_calibration_error(after, voxels[1]),
    }


def _chance(features: list[float], fitted: dict[str, Any]) -> float:
    scaled = (np.array(features) - fitted["mean"]) / np.array(fitted["scale"])
    return float(1 / (1 + np.exp(-(scaled @ np.array(fitted["weights"]) + fitted["bias"]))))


def main() -> None:
    """Command line: fit the confidence on validation patients, or tabulate the test patients."""

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fit", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--clicks", type=int, default=4)
    given = parser.parse_args()
    segmenter = LesionSegmenter()
    part = "validation" if given.fit else "test"
    samples = [sample for body_part in PARTS for sample in embedded_samples(given.data, body_part)[part]]
    rows = [row for sample in samples for row in assess_sample(segmenter, sample, given.clicks)]
    voxels = voxel_pairs(segmenter, samples)
    result: dict[str, Any] = {"table": table(rows)}
    if given.fit:
        given.fit.write_text(json.dumps(fit(rows, voxels), indent=1) + "\n")
        result["reliability"] = reliability(rows, json.loads(given.fit.read_text()), voxels)
    elif given.calibration:
        result["reliability"] = reliability(rows, json.loads(given.calibration.read_text()), voxels)
    if given.table:
        given.table.write_text(json.dumps({**result, "rows": rows}, indent=1) + "\n")
    for row in result["table"]:
        print(
            row["data_set"],
            "|",
            row["method"],
            *(
                f"{k} {row[k][0]:.3f} [{row[k][1]:.3f}, {row[k][2]:.3f}]"
                for k in ("dice", "surface_dice", "hd95", "volume_error")
            ),
        )
    print(json.dumps(result.get("reliability", {})))


if __name__ == "__main__":
    main()
