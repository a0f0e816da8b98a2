"""What segmenting one lesion in a whole chest CT costs, and how it compares with the plain way.

    python -m evals.benchmarks.imaging --ct FOLDER --rtstruct FOLDER --out evals/RESULTS-imaging.md

Each way runs in a process of its own, on a scan that is already read, and is repeated; the median counts. Seconds are
those of the processor (which another job on the machine changes little) and of the clock.

- segment: the segmenter alone, from one click in the middle of the tumour (`GTV-1` of the RTSTRUCT) to the mask;
- floor: the bare forward passes of `segment`, in batches of the same size;
- click: `segment` with everything around it: quality check, lungs, measurements, confidence, place;
- search: lungs, candidates, scores, outline and measurements, without a click;
- plain: MONAI's SlidingWindowInferer with the same network over the whole scan, windows of the same size, overlap 0.25.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.errors import BadInput, ConsiliumError, ToolFailed


class Scan(NamedTuple):
    """What every way is given: the scan, the outline of its tumour, a click in its middle, and where to compute."""

    volume: Any
    truth: npt.NDArray[np.bool_]
    prompt: Any
    device: str


def tumour_mask(volume: Any, folder: Path, name: str = "GTV-1") -> npt.NDArray[np.bool_]:
    """A structure of an RTSTRUCT as a mask over the volume.

    Raises:
        BadInput: the folder holds no RTSTRUCT, or not this structure.
    """
    import pydicom
    from skimage.draw import polygon

    file = next(folder.glob("*.dcm"), None)
    if file is None:
        raise BadInput(folder.name, "the folder", "there is no *.dcm in it", "the folder of an RTSTRUCT file")
    data = pydicom.dcmread(file)
    if "StructureSetROISequence" not in data:
        raise BadInput(file.name, "StructureSetROISequence", "it is not there", "an RTSTRUCT file")
    numbers = {item.ROINumber for item in data.StructureSetROISequence if item.ROIName == name}
    if not numbers:
        raise BadInput(file.name, "StructureSetROISequence", f"no structure is named {name}", f"one named {name}")
    mask = np.zeros(volume.shape, bool)
    for contours in data.ROIContourSequence:
        if contours.ReferencedROINumber in numbers:
            for contour in contours.ContourSequence:
                points = volume.voxel_of(np.array(contour.ContourData, float).reshape(-1, 3))
                x, y = polygon(points[:, 0], points[:, 1], volume.shape[:2])
                mask[x, y, round(points[0, 2])] ^= True
    return mask


def _dice(found: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    return 2 * float((found & truth).sum()) / float(found.sum() + truth.sum())


def _outline(finding: Any, volume: Any, truth: npt.NDArray[np.bool_]) -> dict[str, Any]:
    from tools.imaging.measure import measure

    mask = np.zeros(volume.shape, bool)
    view = tuple(slice(o, o + n) for o, n in zip(finding.offset, finding.mask.shape, strict=True))
    mask[view] = finding.mask
    report = finding.report
    return {
        "dice": _dice(mask, truth),
        "volume_ml": report.measurements.volume_mm3 / 1000,
        "true_ml": float(truth.sum()) * volume.voxel_volume_mm3 / 1000,
        "interval_ml": [(report.volume_low_mm3 or 0) / 1000, (report.volume_high_mm3 or 0) / 1000],
        "confidence": report.confidence,
        "longest_mm": report.measurements.diameters.longest_mm,
        "true_longest_mm": measure(volume, (0, 0, 0), truth).diameters.longest_mm,
        "passes": report.network_passes,
    }


def _middle(truth: npt.NDArray[np.bool_]) -> Any:
    from tools.imaging.segmenter import Prompt

    where = np.argwhere(truth)
    middle = where[np.abs(where - where.mean(0)).sum(1).argmin()].astype(float)
    return Prompt(point=(middle[0], middle[1], middle[2]))


def _segment(scan: Scan) -> dict[str, Any]:
    from tools.imaging.segmenter import LesionSegmenter

    found = LesionSegmenter(device=scan.device).segment(scan.volume, scan.prompt)
    return {"passes": found.forwards}


def _click(scan: Scan) -> dict[str, Any]:
    from tools.imaging.segmenter import LesionSegmenter
    from tools.imaging.study import Study

    study = Study(scan.volume, LesionSegmenter(device=scan.device))
    return _outline(study.work_up(scan.prompt), scan.volume, scan.truth)


def _search(scan: Scan) -> dict[str, Any]:
    from tools.imaging.finder import find_nodules
    from tools.imaging.segmenter import LesionSegmenter, Prompt
    from tools.imaging.study import Study

    study = Study(scan.volume, LesionSegmenter(device=scan.device))
    assert study.lungs is not None
    found = find_nodules(scan.volume, study.lungs)
    hits = [c for c in found if scan.truth[tuple(int(v) for v in c.centre)]]
    made: dict[str, Any] = {"candidates": len(found), "in_tumour": len(hits)}
    if hits:
        prompt = Prompt(point=hits[0].centre) if hits[0].box is None else Prompt(box=hits[0].box, drawn=False)
        made |= _outline(study.work_up(prompt), scan.volume, scan.truth)
    return made


def _plain(scan: Scan) -> dict[str, Any]:
    import torch
    from monai.inferers import SlidingWindowInferer

    from tools.imaging.lesion_model import CHANNELS, CT_WIDE_HU, PATCH, logits_of
    from tools.imaging.specialists import embedded

    net = embedded("body", scan.device).network
    wide = np.clip((scan.volume.voxels - CT_WIDE_HU[0]) / (CT_WIDE_HU[1] - CT_WIDE_HU[0]), 0, 1)
    data = torch.from_numpy(wide.astype(np.float32))[None, None].expand(1, CHANNELS, -1, -1, -1)
    windows = SlidingWindowInferer((PATCH,) * 3, sw_batch_size=4, overlap=0.25, sw_device=scan.device, device="cpu")
    passes = 0

    def run(cubes: Any) -> Any:
        nonlocal passes
        passes += len(cubes)
        with torch.autocast(scan.device, enabled=scan.device == "cuda"):
            return logits_of(net, cubes)[:, None]

    with torch.inference_mode():
        windows(data, run)
    return {"passes": passes}


def _floor(scan: Scan) -> dict[str, Any]:
    """The passes of `segment`: its first look, its looks at the box, its views of the last cube."""
    import torch

    from tools.imaging.lesion_model import CHANNELS, PATCH, logits_of
    from tools.imaging.segmenter import LesionSegmenter
    from tools.imaging.specialists import embedded

    if not _BATCHES:
        segmenter = LesionSegmenter(device=scan.device)
        segmenter.segment(scan.volume, scan.prompt)
        _BATCHES.extend(segmenter.batches)
        return {"passes": sum(_BATCHES)}
    net = embedded("body", scan.device).network
    with torch.inference_mode(), torch.autocast(scan.device, enabled=scan.device == "cuda"):
        for count in _BATCHES:
            logits_of(net, torch.zeros(count, CHANNELS, PATCH, PATCH, PATCH, device=scan.device))
    return {"passes": sum(_BATCHES)}


_BATCHES: list[int] = []
WAYS = {"segment": _segment, "floor": _floor, "click": _click, "search": _search, "plain": _plain}


def _measure(way: str, given: argparse.Namespace) -> dict[str, Any]:
    import torch

    from tools.imaging.intake import load_volume
    from tools.imaging.specialists import embedded

    torch.set_num_threads(given.threads)
    volume = load_volume(given.ct, "scan")
    truth = tumour_mask(volume, given.rtstruct)
    scan = Scan(volume, truth, _middle(truth), given.device)
    for part in ("lung", "body"):
        embedded(part, given.device)
    if way != "plain":
        WAYS[way](scan)
    times, made = [], {}
    for _ in range(1 if way == "plain" else given.repeats):
        clock, processor = time.monotonic(), time.process_time()
        made = WAYS[way](scan)
        times.append((time.process_time() - processor, time.monotonic() - clock))
    middle = np.median(np.array(times), axis=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"way": way, "processor_s": middle[0], "clock_s": middle[1], "peak_mib": peak, **made}


def _alone(way: str, given: argparse.Namespace) -> dict[str, Any]:
    """`_measure` in a process of its own. Raises what was raised there, and `ToolFailed` where the process died."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_measure, way, given).result()
        except BrokenProcessPool:
            raise ToolFailed(f"{way}: the process that was measured ended before it answered.") from None


def report(rows: dict[str, dict[str, Any]], given: argparse.Namespace, load: tuple[float, float]) -> str:
    """The table, the two ratios and what was found, as Markdown."""
    import torch

    once = " (plain: once)" if "plain" in rows else ""
    lines = [
        "# Outlining one lesion in a whole chest CT",
        "",
        f"`python -m evals.benchmarks.imaging`, median of {given.repeats}{once}, device {given.device}, "
        f"{given.threads} threads, {platform.machine()}, torch {torch.__version__}; load of the machine "
        f"{load[0]:.1f} before and {load[1]:.1f} after, on {os.cpu_count()} processors.",
        "",
        "| way | processor s | clock s | peak MiB | cubes through the network |",
        "|---|---|---|---|---|",
    ]
    for way, row in rows.items():
        seconds = f"{row['processor_s']:.2f} | {row['clock_s']:.2f}"
        lines.append(f"| {way} | {seconds} | {row['peak_mib']:.0f} | {row.get('passes', '')} |")
    lines.append("")
    if {"segment", "floor", "plain", "click"} <= rows.keys():
        own, least, plain = (rows[way]["processor_s"] for way in ("segment", "floor", "plain"))
        lines += [
            f"The segmenter takes {plain / own:.0f} times less processor time than the plain way; with everything "
            f"around it, {plain / rows['click']['processor_s']:.1f} times less. Over its bare forward passes it adds "
            f"{100 * (own / least - 1):.0f} % ({own - least:.2f} s).",
            "",
        ]
    for way in ("click", "search"):
        if "dice" in rows.get(way, {}):
            row = rows[way]
            lines.append(
                f"- {way}: Dice {row['dice']:.2f} with GTV-1; {row['volume_ml']:.0f} mL (interval "
                f"{row['interval_ml'][0]:.0f} to {row['interval_ml'][1]:.0f}; GTV-1 {row['true_ml']:.0f} mL), longest "
                f"diameter {row['longest_mm']:.0f} mm (GTV-1 {row['true_longest_mm']:.0f} mm), confidence "
                f"{100 * row['confidence']:.0f} %."
            )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure every way and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ct", type=Path, required=True)
    parser.add_argument("--rtstruct", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    if unknown := set(given.ways.split(",")) - WAYS.keys():
        parser.error(f"--ways: {', '.join(sorted(unknown))}: one of {', '.join(WAYS)}")
    rows, before = {}, os.getloadavg()[0]
    try:
        for way in given.ways.split(","):
            rows[way] = _alone(way, given)
            print(json.dumps(rows[way]), flush=True)
    except ConsiliumError as error:
        print(error, file=sys.stderr)
        return 1
    given.out.write_text(report(rows, given, (before, os.getloadavg()[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
