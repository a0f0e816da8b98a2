"""Pictures and scans: stored overlays, volumes for the viewer, and outlining what is clicked on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from agent.server.office import Office, Owner, TheOffice, TheRun
from agent.server.queueing import Full, Job
from agent.server.records import Outlined, OutlineRequest
from knowledge.errors import ToolFailed
from tools.case import Attachment
from tools.evidence import Evidence

router = APIRouter(prefix="/api", tags=["images"])
OUTLINE_SECONDS = 240.0
_PNG = b"\x89PNG\r\n\x1a\n"
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


@router.get("/runs/{run_id}/volumes/{name}", response_class=FileResponse)
def show_volume(run: TheRun, office: TheOffice, name: str) -> FileResponse:
    """A scan of the case by its handle, or a stored mask by its name (NIfTI; any other format is converted once)."""
    attachment = office.consilium.store.case(run.id).attachment(name)
    artifacts = office.consilium.artifacts(run.id)
    if attachment is not None and attachment.kind == "imaging":
        path = attachment.path if attachment.path.name.endswith(_NIFTI) else _converted(office, run.id, attachment)
    else:
        path = artifacts.path(name) if name in artifacts.names() else Path()
    if not path.is_file() or not path.name.endswith(_NIFTI):
        raise HTTPException(404, "There is no such volume.")
    return FileResponse(path, media_type="application/octet-stream")


def _converted(office: Office, run_id: str, attachment: Attachment) -> Path:
    from tools.imaging.intake import load_volume
    from tools.imaging.viewer import volume_nifti

    artifacts = office.consilium.artifacts(run_id)
    name = f"{attachment.handle}-viewer.nii"
    if name not in artifacts.names():
        volume = load_volume(attachment.path, attachment.handle, attachment.modality)
        artifacts.write(name, volume_nifti(volume))
    return artifacts.path(name)


@router.post("/runs/{run_id}/outline")
async def outline(asked: OutlineRequest, run: TheRun, office: TheOffice, owner: Owner) -> Outlined:
    """Outline and measure what is clicked on; 429 with Retry-After when too much waits. The draft is not touched."""
    arguments = asked.model_dump(mode="json", exclude_none=True)
    job = Job(run.id, owner=owner, arguments=arguments)
    if not office.worker.has_room():
        raise Full
    office.worker.submit(job)
    found: dict[str, object] = {}
    try:
        async with asyncio.timeout(OUTLINE_SECONDS):
            async for _, event in office.bus.follow(job.key, None):
                found = event if event["event"] in ("outlined", "failed", "stopped") else found
                if event["event"] == "idle":
                    break
    except TimeoutError:
        office.worker.cancel(job.key)
        raise ToolFailed("The outline took too long and was stopped.") from None
    finally:
        office.bus.forget(job.key)
    if found.get("event") != "outlined":
        raise ToolFailed(str(found.get("message") or "The outline was stopped."))
    evidence = [Evidence.model_validate(item) for item in found["evidence"]]  # type: ignore[attr-defined]
    return Outlined(evidence=tuple(evidence), warnings=tuple(found["warnings"]))  # type: ignore[arg-type]
