"""Uploaded cases: files in, what was understood out."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from pydantic import Field

from agent.casefiles import scope_of
from agent.server.office import Office, TheOffice, note_heads
from agent.server.packed import check_packed
from agent.server.records import Hello, NewCase, StoredFile, Trouble, Understood, UnderstoodFact
from agent.trust.identity import Actor, TheActor
from knowledge.errors import BadInput, ToolFailed
from tools.case import Case
from tools.evidence import CaseField
from tools.intake import case_evidence, read_case

router = APIRouter(prefix="/api", tags=["cases"])
FileName = Annotated[str, Query(max_length=1200, description="path of the file inside the case folder")]


def known_case(case_id: str, office: TheOffice) -> str:
    """The id of an uploaded case; 404 if there is none."""
    if not office.consilium.files.exists(case_id):
        raise HTTPException(404, "There is no such case.")
    return case_id


TheCase = Annotated[str, Depends(known_case)]


@router.get("/hello")
def hello(office: TheOffice) -> Hello:
    """Version, and whether there is an example case."""
    return Hello(version=version("consilium"), example=office.example is not None, models=("builtin",))


@router.post("/cases", status_code=201)
def create_case(office: TheOffice, actor: TheActor) -> NewCase:
    """A new case without files. Who makes it is its care team until others are entered."""
    return _entered(office, office.consilium.files.create(), actor)


@router.post("/cases/example", status_code=201)
def open_example(office: TheOffice, actor: TheActor) -> NewCase:
    """A new case with the files of the example."""
    if office.example is None:
        raise ToolFailed("There is no example case in this installation.")
    return _entered(office, office.consilium.files.copy_of(office.example), actor)


def _entered(office: Office, case_id: str, actor: Actor) -> NewCase:
    if not actor.local:
        office.access.teams.add(scope_of(case_id), actor.user)
    return NewCase(id=case_id)


@router.put("/cases/{case_id}/file")
async def put_file(
    request: Request,
    case: TheCase,
    office: TheOffice,
    path: FileName,
    upload_offset: Annotated[int, Header(ge=0), Field(description="bytes that are stored already")] = 0,
) -> StoredFile:
    """Store a file (the body is its bytes). An upload that broke off goes on with Upload-Offset."""
    name, size = await office.folders.store(case, path, upload_offset, request.stream())
    return StoredFile(path=name, size_bytes=size)


@router.delete("/cases/{case_id}", status_code=204)
def remove_case(case: TheCase, office: TheOffice) -> None:
    """Remove an uploaded case. Refused once a run was made of it: its scans are needed."""
    if office.consilium.store.of_scope(scope_of(case)):
        raise ToolFailed("A run uses this case; it is kept.")
    office.consilium.files.remove(case)
    office.access.teams.forget(scope_of(case))


@router.get("/cases/{case_id}")
def understand(case: TheCase, office: TheOffice) -> Understood:
    """What was understood from the files, with places and warnings. A file that cannot be used is named."""
    files = tuple(StoredFile(path=path, size_bytes=size) for path, size in office.consilium.files.files(case))
    try:
        with office.consilium.files.opened(case) as folder:
            check_packed(folder)
            read = read_case(folder)
    except BadInput as error:
        problem = Trouble(
            kind="bad_input",
            message=str(error),
            file=error.file,
            place=error.place,
            problem=error.problem,
            accepted=error.accepted,
        )
        return Understood(id=case, files=files, problem=problem)
    return Understood(
        id=case,
        files=files,
        patient=read.patient,
        synthetic=read.synthetic,
        question=read.question,
        attachments=read.attachments,
        notes=note_heads(read),
        facts=_facts(read),
        warnings=read.warnings,
    )


def _facts(case: Case) -> tuple[UnderstoodFact, ...]:
    found = []
    for item in case_evidence(case):
        at = item.locator
        handle = getattr(at, "handle", "")
        found.append(
            UnderstoodFact(claim=item.claim, handle=handle, place=at.path if isinstance(at, CaseField) else "")
        )
    return tuple(found)
