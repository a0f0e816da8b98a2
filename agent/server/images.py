"""Pictures and scans: stored pictures, volumes for the viewer, outlining what is clicked on, explaining a finding."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from agent.server.bus import AT_REST
from agent.server.office import Office, Owner, TheOffice, TheRun
from agent.server.queueing import Full, Job
from agent.server.records import LesionViews, Outlined, OutlineRequest
from knowledge.errors import ToolFailed
from tools.artifacts import Artifacts
from tools.case import Case
from tools.evidence import DocumentPassage, Evidence, ImageRegion, StructureSite

router = APIRouter(prefix="/api", tags=["images"])
SHORT_SECONDS = 240.0
_PNG = b"\x89PNG\r\n\x1a\n"
_DRAWING = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_BINARY = "application/octet-stream"
_NIFTI = (".nii", ".nii.gz")


@router.get("/runs/{run_id}/pictures/{name}", response_class=Response)
def show_picture(run: TheRun, office: TheOffice, name: str) -> Response:
    """A stored picture (PNG)."""
    artifacts = office.consilium.artifacts(run.id)
    if not name.endswith(".png") or name not in artifacts.names():
        raise HTTPException(404, "There is no such picture.")
    data = artifacts.read(name)
    if not data.startswith(_PNG):
        raise HTTPException(404, "There is no such picture.")
    return Response(data, media_type="image/png")


@router.get("/runs/{run_id}/volumes/{name}", response_class=Response)
def show_volume(run: TheRun, office: TheOffice, name: str) -> Response:
    """A scan of the case by its handle, or a stored mask by its name (NIfTI; any other format is converted once)."""
    artifacts = office.consilium.artifacts(run.id)
    attachment = office.consilium.store.case(run.id).attachment(name)
    stored = name
    if attachment is not None and attachment.kind == "imaging":
        stored = f"{attachment.handle}-viewer.nii"
        if stored not in artifacts.names():
            with office.consilium.opened(run.id) as case:
                return Response(_volume(case, name, artifacts), media_type=_BINARY)
    if stored not in artifacts.names() or not stored.endswith(_NIFTI):
        raise HTTPException(404, "There is no such volume.")
    return Response(artifacts.read(stored), media_type=_BINARY)


def _volume(case: Case, handle: str, artifacts: Artifacts) -> bytes:
    """The bytes of a NIfTI scan; another format is converted and the result kept."""
    from tools.imaging.intake import load_volume
    from tools.imaging.viewer import volume_nifti

    attachment = case.attachment(handle)
    if attachment is None or not attachment.path.exists():
        raise HTTPException(404, "There is no such volume.")
    if attachment.path.is_file() and attachment.path.name.endswith(_NIFTI):
        return attachment.path.read_bytes()
    made = volume_nifti(load_volume(attachment.path, attachment.handle, attachment.modality))
    artifacts.write(f"{handle}-viewer.nii", made)
    return made


@router.post("/runs/{run_id}/outline")
async def outline(asked: OutlineRequest, run: TheRun, office: TheOffice, owner: Owner) -> Outlined:
    """Outline and measure what is clicked on; 429 with Retry-After when too much waits. The draft is not touched."""
    found = await _done(office, Job(run.id, owner=owner, arguments=asked.model_dump(mode="json", exclude_none=True)))
    evidence = tuple(Evidence.model_validate(item) for item in found["evidence"])
    return Outlined(evidence=evidence, warnings=tuple(found["warnings"]))


@router.post("/runs/{run_id}/evidence/{evidence_id}/views")
async def explain(evidence_id: str, run: TheRun, office: TheOffice, owner: Owner) -> LesionViews:
    """Pictures that explain an image finding (saliency, slices, before and after a step), and its DICOM-SEG."""
    job = Job(run.id, owner=owner, arguments={"evidence": evidence_id}, task="views")
    found = await _done(office, job)
    return LesionViews(pictures=found["pictures"], dicom_seg=found["dicom_seg"], notes=found["notes"])


@router.get("/runs/{run_id}/segmentations/{name}", response_class=Response)
def show_segmentation(run: TheRun, office: TheOffice, name: str) -> Response:
    """A stored DICOM Segmentation object."""
    artifacts = office.consilium.artifacts(run.id)
    if not name.endswith(".seg.dcm") or name not in artifacts.names():
        raise HTTPException(404, "There is no such segmentation.")
    kept = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(artifacts.read(name), media_type="application/dicom", headers=kept)


@router.get("/runs/{run_id}/evidence/{evidence_id}/picture", response_class=Response)
def show_evidence_picture(evidence_id: str, run: TheRun, office: TheOffice) -> Response:
    """What a piece of evidence looks like (PNG): an outline, a site, a passage on its page; of a what-if, its SVG."""
    item = office.consilium.store.evidence(run.id).get(evidence_id)
    passage = item.provenance.parameters.get("passage") if item is not None else None
    if item is not None and isinstance(item.locator, DocumentPassage) and isinstance(passage, str):
        from tools.guidelines.documents import passage_image

        return Response(passage_image(passage).png, media_type="image/png")
    artifacts = office.consilium.artifacts(run.id)
    name = _picture_of(item, artifacts.names()) if item is not None else None
    if name is None or name not in artifacts.names():
        raise HTTPException(404, "There is no picture of this.")
    if name.endswith(".svg"):
        return Response(artifacts.read(name), media_type="image/svg+xml", headers={"Content-Security-Policy": _DRAWING})
    return Response(artifacts.read(name), media_type="image/png")


def _picture_of(item: Evidence, names: list[str]) -> str | None:
    at = item.locator
    if isinstance(at, ImageRegion):
        return at.picture
    if item.kind == "risk_estimate":
        drawn = item.provenance.parameters.get("picture")
        return drawn if isinstance(drawn, str) else None
    if isinstance(at, StructureSite):
        start = re.escape(f"protein-{at.handle}-{at.chain}-")
        wanted = re.compile(rf"{start}[A-Z]{re.escape(at.residue)}[A-Z]\.png")
        return next((name for name in names if wanted.fullmatch(name)), None)
    return None


async def _done(office: Office, job: Job) -> dict[str, Any]:
    """The result of short work in the queue. Raises `Full`, or `ToolFailed` if it fails or takes too long."""
    if not office.worker.has_room():
        raise Full
    office.worker.submit(job)
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(SHORT_SECONDS):
            async for _, event in office.bus.follow(job.key, None):
                if event["event"] == AT_REST:
                    break
                found = event
    except TimeoutError:
        office.worker.cancel(job.key)
        raise ToolFailed("This took too long and was stopped.") from None
    finally:
        office.bus.forget(job.key)
    if found.get("event") not in ("outlined", "viewed"):
        raise ToolFailed(str(found.get("message") or "This was stopped."))
    return found
