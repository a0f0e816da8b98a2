"""What is written beside the mask on request: DICOM-SEG, saliency, montage, before/after pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.errors import ToolFailed

if TYPE_CHECKING:
    from tools.imaging.segmenter import LesionSegmenter
    from tools.registry import ToolContext


def export_extras(
    context: ToolContext,
    payload: dict[str, Any],
    *,
    dicom_seg: bool,
    explain: bool,
    views: list[str],
    model: str | None = None,
) -> dict[str, Any]:
    """Write the extras for the lesions of a `segment_lesion` payload; returns their artifact names and notes.

    Args:
        model: the registered model that made the outlines; the embedded one if left out.

    Raises:
        ToolRetry: a view is not a known step.
    """
    import nibabel as nib

    from tools.imaging.enhance import step_named
    from tools.imaging.measure import diameters
    from tools.imaging.render import Lesion, before_after, montage
    from tools.imaging.study import opened

    steps = {name: step_named(name) for name in views}
    made: dict[str, Any] = {"pictures": [], "dicom_seg": [], "steps": [], "notes": []}
    scan = context.case.attachment(payload["imaging"])
    if scan is None:
        return made
    volume = opened(scan.path, scan.handle, scan.modality, scan.body_part).volume  # still in memory
    plane = volume.shape[2] // 2
    segmenter = _segmenter(model) if explain else None
    if explain and segmenter is None:
        made["notes"].append(f"{model} takes no point or box: there is no picture of its saliency")
    for number, stored in enumerate(payload["lesions"], start=1):
        source = np.asarray(nib.Nifti1Image.from_bytes(_gunzip(context.artifacts.read(stored["mask"]))).dataobj) > 0
        mask = _canonical(source, volume.meta.orientation)
        where = np.argwhere(mask)
        low, high = where.min(0), where.max(0) + 1
        cut = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        offset = (int(low[0]), int(low[1]), int(low[2]))
        plane = plane if number > 1 else int(np.argmax(mask.sum(axis=(0, 1))))
        lesion = Lesion(offset, cut, diameters(cut, volume.spacing_mm))
        made["pictures"].append(context.artifacts.write(f"lesion-{number}-montage.png", montage(volume, lesion)))
        if segmenter is not None:
            made["pictures"].append(_saliency(context, volume, mask, lesion, number, segmenter))
        if dicom_seg:
            _seg(context, scan.path, volume, mask, stored["report"], number, made, model)
    for name, step in steps.items():
        after, taken = step(volume)
        made["steps"].append({"name": taken.name, "parameters": taken.parameters})
        if after.shape != volume.shape:
            made["notes"].append(f"{name} changes the grid from {volume.shape} to {after.shape} voxels: no picture")
            continue
        picture = before_after(volume, after, plane, ("as stored", taken.name))
        made["pictures"].append(context.artifacts.write(f"step-{name}.png", picture))
    return made


def _gunzip(data: bytes) -> bytes:
    import gzip

    return gzip.decompress(data)


def _canonical(source: Any, orientation: list[tuple[int, int]]) -> Any:
    """An array in the file's axes turned to the canonical axes."""
    for axis, (_, direction) in enumerate(orientation):
        if direction < 0:
            source = np.flip(source, axis)
    order = [0, 0, 0]
    for axis, (target, _) in enumerate(orientation):
        order[target] = axis
    return np.transpose(source, order)


def _segmenter(model: str | None) -> LesionSegmenter | None:
    """The segmenter behind a model's outlines; None for a bundle that takes no prompt."""
    from tools.imaging.bundles import promptable
    from tools.imaging.segmenter import LesionSegmenter
    from tools.imaging.tool import EMBEDDED

    if model in (None, EMBEDDED):
        return LesionSegmenter()
    specialist = promptable(str(model))
    return None if specialist is None else LesionSegmenter(specialist)


def _saliency(
    context: ToolContext, volume: Any, mask: Any, lesion: Any, number: int, segmenter: LesionSegmenter
) -> str:
    from tools.imaging.render import map_picture
    from tools.imaging.saliency import lesion_saliency

    values = lesion_saliency(volume, mask, segmenter)
    plane = int(np.argmax(mask.sum(axis=(0, 1))))
    return context.artifacts.write(f"lesion-{number}-saliency.png", map_picture(volume, plane, values, lesion))


def _seg(
    context: ToolContext, path: Any, volume: Any, mask: Any, report: Any, number: int, made: Any, model: str | None
) -> None:
    from tools.imaging.dicom_seg import label_named, write_dicom_seg
    from tools.scratch import scratch_folder

    longest = report["measurements"]["diameters"]["longest_mm"]
    kind = "lesion" if report["organ"] != "lung" else "lung nodule" if longest <= 30 else "lung mass"
    name = f"lesion-{number}.seg.dcm"
    try:
        with scratch_folder() as scratch:
            write_dicom_seg(volume, path, mask, label_named(kind), scratch / name, f"Consilium {model or 'lesion'}")
            context.artifacts.write(name, (scratch / name).read_bytes())
        made["dicom_seg"].append(name)
    except ToolFailed as error:
        made["notes"].append(str(error))
