"""Runs: start, follow, ask, stop, go on."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from agent.casefiles import scope_of
from agent.server.office import Owner, TheOffice, TheRun, note_heads
from agent.server.packed import check_packed
from agent.server.passage import ThePassage
from agent.server.queueing import Full, Job
from agent.server.records import Accepted, Question, RunDetail, RunHead, StartRun
from agent.server.steps import steps
from agent.trust.audit import Action
from agent.trust.identity import TheActor
from knowledge.errors import ToolFailed

router = APIRouter(prefix="/api", tags=["runs"])


@router.get("/runs")
def list_runs(office: TheOffice, actor: TheActor) -> list[RunHead]:
    """All runs that are open to who asks, newest first."""
    return [office.head(run) for run in office.runs_of(actor)]


@router.post("/runs", status_code=202)
def start_run(asked: StartRun, office: TheOffice, passage: ThePassage, owner: Owner) -> Accepted:
    """Record a run of an uploaded case and queue it; 429 with Retry-After when too many wait."""
    files = office.consilium.files
    passage.open_case(office.access, office.access.scope_of_case(asked.case))
    if not office.worker.has_room():
        raise Full
    office.access.record(passage.actor, Action.RAN, "start_run", case=scope_of(asked.case))
    with files.opened(asked.case) as folder:
        check_packed(folder)
        run = office.consilium.start(folder, asked.question, asked.model, asked.language, asked.case)
    return Accepted(id=run.id, place=office.worker.submit(Job(run.id, owner=owner)))


@router.get("/runs/{run_id}")
def show_run(run: TheRun, office: TheOffice) -> RunDetail:
    """A run with its steps and its conversation."""
    store = office.consilium.store
    case = store.case(run.id)
    return RunDetail(
        run=office.head(run),
        notes=note_heads(case),
        attachments=case.attachments,
        steps=steps(office.consilium, run.id),
        turns=office.desk.turns(run.id),
        warnings=case.warnings,
    )


@router.get("/runs/{run_id}/events", response_class=EventSourceResponse)
async def follow_run(
    run: TheRun, office: TheOffice, last_event_id: Annotated[str | None, Header(max_length=80)] = None
) -> AsyncIterable[ServerSentEvent]:
    """Events of a run (server-sent events). Goes on after Last-Event-ID; ends when the run is at rest."""
    async for number, event in office.bus.follow(run.id, last_event_id):
        yield ServerSentEvent(data=event, id=number, event="run")


@router.post("/runs/{run_id}/ask", status_code=202)
def ask(asked: Question, run: TheRun, office: TheOffice, owner: Owner) -> Accepted:
    """Queue a follow-up question; the answer is a turn of the run's conversation."""
    if run.state == "signed":
        raise ToolFailed("The draft is signed; nothing more can be asked of this run.")
    if office.worker.place(run.id) is not None:
        raise ToolFailed("The run is being worked on; ask when it is done.")
    if not office.worker.has_room():
        raise Full
    turn = office.desk.add_turn(run.id, asked.question.strip())
    return Accepted(id=run.id, place=office.worker.submit(Job(run.id, turn, owner=owner)))


@router.post("/runs/{run_id}/stop", status_code=202)
def stop(run: TheRun, office: TheOffice) -> Accepted:
    """Stop a run, whether it waits or is worked on. What was finished stays; `resume` goes on with it."""
    if not office.worker.cancel(run.id):
        raise ToolFailed("The run is not being worked on.")
    return Accepted(id=run.id, place=office.worker.place(run.id))


@router.post("/runs/{run_id}/resume", status_code=202)
def resume(run: TheRun, office: TheOffice, owner: Owner) -> Accepted:
    """Go on with a run that was stopped or failed; finished steps are not repeated."""
    if run.state == "signed":
        raise ToolFailed("The draft is signed.")
    if not office.worker.has_room():
        raise Full
    return Accepted(id=run.id, place=office.worker.submit(Job(run.id, owner=owner)))
