"""What the audit record says: of a case to its physicians and reviewers, of everything to administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from agent.server.office import Office, TheOffice, TheRun
from agent.server.records import AuditPage, AuditRow
from agent.trust.audit import CASE, Action
from agent.trust.audit_check import readable
from agent.trust.identity import TheActor

router = APIRouter(prefix="/api", tags=["people"])
Before = Annotated[int | None, Query(ge=1, le=2**62, description="Rows with a number below this one.")]
Count = Annotated[int, Query(ge=1, le=500, description="At most so many rows.")]
Case = Annotated[str, Query(pattern=CASE.pattern, description="The number of a case; without it, all rows.")]


@router.get("/runs/{run_id}/audit")
def record_of_run(run: TheRun, office: TheOffice, before: Before = None, count: Count = 100) -> AuditPage:
    """Who saw, changed, exported or signed the case of a run; the last row first."""
    return _page(office, office.consilium.store.scope(run.id), before, count)


@router.get("/audit")
def show_record(
    office: TheOffice, actor: TheActor, case: Case = "", before: Before = None, count: Count = 100
) -> AuditPage:
    """The audit record, or what it says of one case, which may have been destroyed; the last row first."""
    office.access.record(actor, Action.READ_RECORD, "list_record", case=case)
    return _page(office, case or None, before, count)


def _page(office: Office, case: str | None, before: int | None, count: int) -> AuditPage:
    found = office.access.audit.latest(count + 1, before=before, case=case)
    shown = found[:count]
    kept = AuditRow.model_fields
    rows = tuple(AuditRow(**entry.model_dump(include=set(kept))) for _, entry in readable(shown))
    return AuditPage(rows=rows, before=shown[-1].number if len(found) > count else None)
