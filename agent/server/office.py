"""What every route works with, and what they share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from agent.runs import Run
from agent.server.access import Access
from agent.server.bus import Bus
from agent.server.desk import DeskStore
from agent.server.folders import CaseFolders
from agent.server.records import EmergencyAccess, NoteHead, RunHead
from agent.server.worker import Worker
from agent.service import Consilium
from agent.trust.careteam import Team
from agent.trust.identity import Actor, TheActor
from tools.case import Case


@dataclass(frozen=True)
class Office:
    """The parts of the service."""

    consilium: Consilium
    folders: CaseFolders
    desk: DeskStore
    bus: Bus
    worker: Worker
    access: Access
    example: Path | None

    def head(self, run: Run) -> RunHead:
        """A run as listed."""
        case = self.consilium.store.case(run.id)
        return RunHead(
            **run.model_dump(exclude={"case_id"}),
            case_id=run.case_id,
            patient=case.patient,
            synthetic=case.synthetic,
            place=self.worker.place(run.id),
            emergency=emergencies(self.access.teams.team(self.consilium.store.scope(run.id))),
        )

    def runs_of(self, actor: Actor) -> list[Run]:
        """The runs of cases that are open to an actor, newest first."""
        store = self.consilium.store
        return [run for run in store.runs() if self.access.allows(actor, store.scope(run.id))]


def office_of(request: Request) -> Office:
    """The office of the application that a request came to."""
    office: Office = request.app.state.office
    return office


TheOffice = Annotated[Office, Depends(office_of)]


def owner_of(actor: TheActor) -> str:
    """Who asks, for taking turns."""
    return actor.user


Owner = Annotated[str, Depends(owner_of)]


def run_of(run_id: str, office: TheOffice) -> Run:
    """The run with exactly that id; 404 if there is none."""
    found = office.consilium.store.find(run_id)
    if found is None:
        raise HTTPException(404, "There is no such run.")
    return found


TheRun = Annotated[Run, Depends(run_of)]


def emergencies(team: Team) -> tuple[EmergencyAccess, ...]:
    """All emergency access to a case, running or over."""
    return tuple(
        EmergencyAccess(name=e.shown_name, reason=e.reason, started=_time(e.started), until=_time(e.until))
        for e in team.emergencies
    )


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def note_heads(case: Case) -> tuple[NoteHead, ...]:
    """The notes of a case without their text."""
    return tuple(
        NoteHead(handle=n.handle, title=n.title, date=n.date, language=n.language, characters=len(n.text))
        for n in case.notes
    )
