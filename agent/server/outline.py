"""Imaging work on request: a click prompts the segmenter, a finding is explained. Nothing of it enters the draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.service import Consilium
from knowledge.errors import ToolFailed
from tools.artifacts import Artifacts
from tools.evidence import ImageRegion
from tools.registry import ToolContext, call_tool
from tools.scratch import scratch_folder

VIEWS = ("denoise", "contrast")


def outline(consilium: Consilium, run_id: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run `segment_lesion` on a scan of the run; the mask and picture are kept with the run's own.

    Yields one event `outlined` with the evidence, the warnings and how it was asked for.
    """
    run = consilium.store.run(run_id)
    with consilium.opened(run.id) as case:
        context = ToolContext(
            case=case,
            artifacts=consilium.artifacts(run.id),
            ledger=consilium.store.evidence(run.id),
            language=run.language,
        )
        result = call_tool("segment_lesion", arguments, context)
    yield {
        "event": "outlined",
        "evidence": [item.model_dump(mode="json") for item in result.evidence],
        "warnings": list(result.warnings),
    }


def views(consilium: Consilium, run_id: str, evidence_id: str) -> Iterator[dict[str, Any]]:
    """Pictures that explain an image finding (saliency, slices, before and after a step), and its DICOM-SEG.

    Yields one event `viewed` with the names under which they are kept, and notes on what could not be made.
    """
    from tools.imaging.export import export_extras

    run = consilium.store.run(run_id)
    item = consilium.store.evidence(run.id).get(evidence_id)
    at = item.locator if item is not None else None
    if item is None or not isinstance(at, ImageRegion) or at.artifact is None:
        raise ToolFailed("This evidence has no outline in a scan.")
    kept = consilium.artifacts(run.id)
    organ, longest = item.fact("lesion.organ"), item.fact("lesion.longest_diameter")
    report = {
        "organ": None if organ is None else organ.value,
        "measurements": {"diameters": {"longest_mm": 0.0 if longest is None else longest.value}},
    }
    with scratch_folder() as scratch, consilium.opened(run.id) as case:
        own = Artifacts(scratch)
        own.write(at.artifact, kept.read(at.artifact))
        context = ToolContext(case=case, artifacts=own, language=run.language)
        payload = {"imaging": at.handle, "lesions": [{"mask": at.artifact, "report": report}]}
        model = str(item.provenance.parameters.get("model") or "") or None
        made = export_extras(context, payload, dicom_seg=True, explain=True, views=list(VIEWS), model=model)
        found = {}
        for name in own.names():
            if name != at.artifact:
                found[name] = kept.write(f"{evidence_id}-{name.replace('lesion-1', 'lesion')}", own.read(name))
    pictures = [found[name] for name in made["pictures"]]
    yield {
        "event": "viewed",
        "pictures": pictures,
        "dicom_seg": next((found[name] for name in made["dicom_seg"]), None),
        "notes": made["notes"],
    }
