"""What segmenting one lesion in a whole chest CT costs, and how it compares with the plain way.

    python -m evals.benchmarks.imaging --ct FOLDER --rtstruct FOLDER --out table.md

Each way runs in a process of its own; seconds of processor time (which another job on the machine does not change
much) and of the clock, and the peak of memory, are those of that process after the scan is read.

- click: the segmenter from one click in the middle of the tumour (`GTV-1` of the RTSTRUCT);
- search: lungs, candidates, scores, outline, without a click;
- plain: MONAI's SlidingWindowInferer with the same network over the whole scan, windows of the same size, overlap 0.25;
- floor: the bare forward passes of `click`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def tumour_mask(volume: Any, folder: Path, name: str = "GTV-1") -> npt.NDArray[np.bool_]:
    """A structure of an RTSTRUCT as a mask over the volume."""
    import pydicom
    from skimage.draw import polygon

    data = pydicom.dcmread(next(folder.glob("*.dcm")))
    numbers = {item.ROINumber for item in data.StructureSetROISequence if item.ROIName == name}
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
        "passes": report.network_passes,
    }


def _click(volume: Any, truth: npt.NDArray[np.bool_]) -> dict[str, Any]:
    from tools.imaging.segmenter import Prompt
    from tools.imaging.study import Study

    where = np.argwhere(truth)
    middle = where[np.abs(where - where.mean(0)).sum(1).argmin()].astype(float)
    finding = Study(volume).work_up(Prompt(point=(middle[0], middle[1], middle[2])))
    return _outline(finding, volume, truth)


def _search(volume: Any, truth: npt.NDArray[np.bool_]) -> dict[str, Any]:
    from tools.imaging.finder import find_nodules
    from tools.imaging.segmenter import Prompt
    from tools.imaging.study import Study

    study = Study(volume)
    assert study.lungs is not None
    found = find_nodules(volume, study.lungs)
    hits = [bool(truth[tuple(int(v) for v in c.centre)]) for c in found]
    made: dict[str, Any] = {"found": len(found), "in_tumour": hits, "kinds": [c.kind for c in found]}
    if any(hits):
        made |= _outline(study.work_up(Prompt(point=found[hits.index(True)].centre)), volume, truth)
    return made


def _plain(volume: Any, truth: npt.NDArray[np.bool_]) -> dict[str, Any]:
    import torch
    from monai.inferers import SlidingWindowInferer

    from tools.imaging.lesion_model import CHANNELS, CT_WIDE_HU, PATCH
    from tools.imaging.segmenter import _network

    net = _network("cpu")[0]
    wide = np.clip((volume.voxels - CT_WIDE_HU[0]) / (CT_WIDE_HU[1] - CT_WIDE_HU[0]), 0, 1)
    data = torch.from_numpy(wide.astype(np.float32))[None, None].expand(1, CHANNELS, -1, -1, -1)
    with torch.inference_mode():
        SlidingWindowInferer((PATCH,) * 3, sw_batch_size=4, overlap=0.25)(data, net)
    del truth
    return {}


def _floor(volume: Any, truth: npt.NDArray[np.bool_], passes: int = 12) -> dict[str, Any]:
    import torch

    from tools.imaging.lesion_model import CHANNELS, PATCH
    from tools.imaging.segmenter import _network

    del volume, truth
    net = _network("cpu")[0]
    with torch.inference_mode():
        for _ in range(passes):
            net(torch.zeros(1, CHANNELS, PATCH, PATCH, PATCH))
    return {"passes": passes}


WAYS = {"click": _click, "search": _search, "plain": _plain, "floor": _floor}


def _measure(way: str, ct: Path, rtstruct: Path, channel: Any) -> None:
    import torch

    from tools.imaging.intake import load_volume
    from tools.imaging.segmenter import _network

    torch.set_num_threads(2)
    began = time.monotonic()
    volume = load_volume(ct, "scan")
    reading = time.monotonic() - began
    truth = tumour_mask(volume, rtstruct)
    _network("cpu")
    clock, processor = time.monotonic(), time.process_time()
    made = WAYS[way](volume, truth)
    channel.put(
        {
            "way": way,
            "processor_s": time.process_time() - processor,
            "clock_s": time.monotonic() - clock,
            "reading_s": reading,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            **made,
        }
    )


def main() -> None:
    """Measure every way and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ct", type=Path, required=True)
    parser.add_argument("--rtstruct", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ways", default=",".join(WAYS))
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    rows = []
    for way in given.ways.split(","):
        channel = context.SimpleQueue()
        process = context.Process(target=_measure, args=(way, given.ct, given.rtstruct, channel))
        process.start()
        rows.append(channel.get())
        process.join()
        print(json.dumps(rows[-1]), flush=True)
    lines = ["| way | processor s | clock s | reading s | peak MiB |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (row["processor_s"], row["clock_s"], row["reading_s"])
        lines.append(f"| {row['way']} | " + " | ".join(f"{v:.1f}" for v in cells) + f" | {row['peak_mib']:.0f} |")
    given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
