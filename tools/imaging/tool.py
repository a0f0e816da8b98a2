"""The `segment_lesion` tool: outline and measure lesions in a scan of the case."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from knowledge.errors import ToolFailed, ToolRetry
from tools.case import Attachment, ImagePrompt
from tools.evidence import Evidence, ImageRegion, Provenance, ToolResult
from tools.imaging.person import other_person
from tools.registry import Arguments, ToolContext, ToolSpec

if TYPE_CHECKING:
    from tools.imaging.segmenter import Prompt
    from tools.imaging.study import Finding, Study
    from tools.imaging.volume import Volume

VERSION = "1.1.0"
EMBEDDED = "lesion"


class SegmentArguments(Arguments):
    """Where to look. Without a point or a box the case's own prompts are used, else a chest CT is searched."""

    imaging: str | None = Field(
        default=None, description="handle of the scan, such as imaging-1; the only one if left out"
    )
    point_voxel: tuple[float, float, float] | None = Field(
        default=None, description="a point in the lesion: voxel indices (x, y, z) of the file"
    )
    point_world_mm: tuple[float, float, float] | None = Field(
        default=None, description="a point in the lesion: patient millimetres (x to the left, y to the back, z up)"
    )
    box_voxels: tuple[int, int, int, int, int, int] | None = Field(
        default=None, description="a box around the lesion: x, y, z of the first voxel and of the last plus one"
    )
    model: str | None = Field(default=None, description="name of a registered model; the embedded one if left out")


class StoredLesion(BaseModel):
    """One lesion of the payload: measurements and the names of its artifacts."""

    model_config = ConfigDict(frozen=True)

    evidence_id: str
    report: dict[str, Any]
    mask: str
    picture: str


class SegmentPayload(BaseModel):
    """What the tool found."""

    model_config = ConfigDict(frozen=True)

    imaging: str
    modality: str
    spacing_mm: tuple[float, float, float]
    acquired: dt.date | None
    quality: dict[str, Any]
    searched: bool
    lesions: tuple[StoredLesion, ...]


def run(context: ToolContext, arguments: SegmentArguments) -> ToolResult:
    """Read, check, segment, measure and store. Errors as `ToolSpec` says."""
    from tools.imaging.study import opened
    from tools.imaging.words import say

    attachment = _attachment(context, arguments.imaging)
    began = time.monotonic()
    context.progress(f"Reading {attachment.handle}.")
    study = opened(attachment.path, attachment.handle, attachment.modality, attachment.body_part)
    volume = study.volume
    study.require_trust(context.language)
    warnings = list(study.quality.sentences("warning", language=context.language))
    prompts = _prompts(volume, arguments, attachment)
    searched = not prompts and arguments.model in (None, EMBEDDED)
    findings = _find(context, study, arguments, prompts, warnings)
    dominant = max(findings, key=lambda f: f.report.measurements.volume_mm3, default=None)
    stored, evidence = [], []
    for finding in findings:
        item, made = _store(context, attachment, study, finding, arguments, finding is dominant, began)
        stored.append(item)
        evidence.append(made)
        if finding.report.low_confidence:
            warnings.append(say("uncertain_outline", context.language, evidence=made.id))
    made_by = Provenance(tool="segment_lesion", tool_version=VERSION)
    if (other := other_person(volume.meta, context.case, attachment, made_by)) is not None:
        evidence.append(other)
        warnings.append(say("other_person", context.language, claim=other.claim, scan=attachment.handle))
    payload = SegmentPayload(
        imaging=attachment.handle,
        modality=volume.meta.modality or "unknown",
        spacing_mm=volume.spacing_mm,
        acquired=attachment.acquired or volume.meta.acquired_on,
        quality=study.quality.model_dump(mode="json"),
        searched=searched,
        lesions=tuple(stored),
    )
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=tuple(warnings))


def _attachment(context: ToolContext, handle: str | None) -> Attachment:
    scans = context.case.of_kind("imaging")
    if handle is None and len(scans) == 1:
        return scans[0]
    found = next((item for item in scans if item.handle == handle), None)
    if found is None:
        raise ToolRetry(f"Name one of the scans: {', '.join(item.handle for item in scans) or 'there is none'}.")
    return found


def _prompts(volume: Volume, arguments: SegmentArguments, attachment: Attachment) -> list[tuple[Prompt, str | None]]:
    given = [p for p in (arguments.point_voxel, arguments.point_world_mm, arguments.box_voxels) if p is not None]
    if len(given) > 1:
        raise ToolRetry("Give one of point_voxel, point_world_mm and box_voxels.")
    if given:
        own = ImagePrompt(
            point_voxel=arguments.point_voxel,
            point_world_mm=arguments.point_world_mm,
            box_voxels=arguments.box_voxels,
        )
        return [(to_prompt(volume, own), None)]
    return [(to_prompt(volume, item), item.label) for item in attachment.prompts]


def to_prompt(volume: Volume, given: ImagePrompt) -> Prompt:
    """A click or a box of the case in canonical voxels. Raises `ToolRetry` where it lies outside the scan."""
    import numpy as np

    from tools.imaging.segmenter import Prompt

    if given.box_voxels is not None:
        low, high = np.array(given.box_voxels[:3], float) - 0.5, np.array(given.box_voxels[3:], float) - 0.5
        if (high <= low).any():
            raise ToolRetry("A box is x, y, z of its first voxel and then x, y, z of its last voxel plus one.")
        ends = np.sort(np.stack([volume.from_source(low), volume.from_source(high)]), axis=0)
        if not (volume.contains(ends[0]) and volume.contains(ends[1])):
            raise ToolRetry(f"The box lies outside the scan, which has {_size(volume)} voxels.")
        (a, b, c), (d, e, f) = ends.tolist()
        return Prompt(box=((a, b, c), (d, e, f)))
    if given.point_world_mm is not None:
        where = volume.voxel_of(given.point_world_mm)
    elif given.point_voxel is not None:
        where = volume.from_source(given.point_voxel)
    else:
        raise ToolRetry("A prompt is a point or a box.")
    if not volume.contains(where):
        raise ToolRetry(f"The point lies outside the scan, which has {_size(volume)} voxels.")
    x, y, z = where.tolist()
    return Prompt(point=(x, y, z))


def _size(volume: Volume) -> str:
    return " × ".join(map(str, volume.meta.source_shape))


def _find(
    context: ToolContext,
    study: Study,
    arguments: SegmentArguments,
    prompts: list[tuple[Prompt, str | None]],
    warnings: list[str],
) -> list[Finding]:
    if arguments.model not in (None, EMBEDDED):
        from tools.imaging.bundles import promptable, segment_with_bundle
        from tools.imaging.segmenter import LesionSegmenter
        from tools.imaging.words import say

        context.progress(f"Running the model {arguments.model}.")
        specialist = promptable(str(arguments.model))
        if specialist is None:
            found, left = study.of_parts(segment_with_bundle(str(arguments.model), study.volume))
            if left:
                warnings.append(say("more_parts", context.language, count=left, model=arguments.model))
            return found
        study.segmenter = LesionSegmenter(specialist)
    if not prompts:
        return _search(context, study, warnings)
    found, failures = [], []
    for prompt, label in prompts:
        context.progress("Outlining a lesion.")
        try:
            found.append(study.work_up(prompt, label))
        except ToolFailed as error:
            failures.append(f"{label}: {error}" if label else str(error))
    if not found:
        raise ToolFailed(" ".join(dict.fromkeys(failures)))
    warnings += failures
    return found


def _search(context: ToolContext, study: Study, warnings: list[str]) -> list[Finding]:
    """Search a chest CT; anything else needs a point."""
    from tools.imaging.finder import find_nodules
    from tools.imaging.segmenter import Prompt
    from tools.imaging.words import say

    if study.lungs is None:
        raise ToolRetry(say("not_marked", context.language, scan=study.volume.meta.name))
    context.progress("Searching the lungs.")
    candidates = find_nodules(study.volume, study.lungs)
    found = []
    for candidate in candidates:
        context.progress("Outlining a lesion.")
        try:
            score = None if candidate.kind == "mass" else candidate.score
            finding = study.work_up(Prompt(point=candidate.centre), None, score)
        except ToolFailed:
            continue
        if finding.report.organ == "lung":  # an outline that left the lung is not of what was found
            found.append(finding)
    if not found:
        raise ToolFailed(say("nothing_in_lungs", context.language))
    warnings.append(say("found_without_mark", context.language))
    return _distinct(found)


def _distinct(findings: list[Finding]) -> list[Finding]:
    """Findings whose boxes do not lie in those of an earlier one."""
    kept: list[Finding] = []
    for finding in findings:
        box = finding.report.box_voxels
        middle = [(box[i] + box[i + 3]) / 2 for i in range(3)]
        boxes = [other.report.box_voxels for other in kept]
        if not any(all(b[i] <= middle[i] <= b[i + 3] for i in range(3)) for b in boxes):
            kept.append(finding)
    return kept


def _store(
    context: ToolContext,
    attachment: Attachment,
    study: Study,
    finding: Finding,
    arguments: SegmentArguments,
    dominant: bool,
    began: float,
) -> tuple[StoredLesion, Evidence]:
    from tools.imaging.nifti import mask_nifti
    from tools.imaging.sentences import claim, lesion_facts, nodule_facts, scan_named

    report, modality = finding.report, study.volume.meta.modality or "CT"
    key = hashlib.sha256(
        json.dumps([attachment.sha256, report.box_voxels, round(report.measurements.volume_mm3, 3)]).encode()
    ).hexdigest()[:10]
    mask = context.artifacts.write(
        f"{attachment.handle}-{key}-mask.nii.gz", mask_nifti(study.volume, finding.mask, finding.offset)
    )
    picture = context.artifacts.write(f"{attachment.handle}-{key}-overlay.png", study.picture(finding))
    facts = lesion_facts(report, modality, attachment.acquired)
    if dominant:
        facts += nodule_facts(report, attachment.acquired)
    among_several = len(context.case.of_kind("imaging")) > 1
    evidence = Evidence(
        kind="image_finding",
        claim=claim(report, modality, scan_named(modality, attachment.acquired) if among_several else None),
        facts=tuple(facts),
        locator=ImageRegion(
            handle=attachment.handle,
            slice_index=report.slice_index,
            box_voxels=report.box_voxels,
            series_uid=study.volume.meta.series_uid,
            artifact=mask,
            picture=picture,
        ),
        provenance=Provenance(
            tool="segment_lesion",
            tool_version=VERSION,
            weights_sha256=finding.weights_sha256,
            parameters={
                "model": arguments.model or EMBEDDED,
                "prompt": "point" if arguments.box_voxels is None else "box",
                "label": report.label,
                "intake": study.volume.meta.format,
                "noise": round(study.quality.noise, 1),
                "network_passes": report.network_passes,
            },
            seconds=round(time.monotonic() - began, 3),
        ),
    )
    stored = StoredLesion(evidence_id=evidence.id, report=report.model_dump(mode="json"), mask=mask, picture=picture)
    return stored, evidence


SPEC = ToolSpec(
    name="segment_lesion",
    version=VERSION,
    summary=(
        "Outline and measure a lesion in a CT or T1 MR scan: diameters, volume, side, confidence, mask and picture. "
        "Give a point or a box in the lesion; without one, the points recorded in the case are used, "
        "else a chest CT is searched."
    ),
    arguments=SegmentArguments,
    payload=SegmentPayload,
    run=run,
    needs=frozenset({"imaging"}),
    slow=True,
)
