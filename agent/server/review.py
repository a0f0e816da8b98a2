"""The draft: shown, checked, decided on, signed, exported."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from agent.draft import Report
from agent.export.fhir import render_fhir
from agent.report.data import ReportedStatement, render_json
from agent.report.html import render_html
from agent.report.view import Line, build_view, fact_row
from agent.report.view import Source as ShownSource
from agent.server.office import Office, TheOffice, TheRun
from agent.server.records import CheckedEdit, Decisions, DraftView, Edit, FactRow, SignRequest, Source
from agent.trust.identity import TheActor
from knowledge.errors import ToolFailed

router = APIRouter(prefix="/api", tags=["review"])
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


@router.get("/runs/{run_id}/draft")
def show_draft(run: TheRun, office: TheOffice) -> DraftView:
    """The draft as it stands; 409 while there is none."""
    return draft_view(office, office.consilium.report(run.id))


@router.post("/runs/{run_id}/check-edit")
def check_edit(edit: Edit, run: TheRun, office: TheOffice) -> CheckedEdit:
    """What the verifier says of a statement with its text changed. Nothing is kept."""
    count = len(office.consilium.report(run.id).draft.statements)
    if edit.index >= count:
        raise HTTPException(404, "There is no such statement.")
    return CheckedEdit(verdict=office.consilium.check_edit(run.id, edit.index, edit.text))


@router.get("/runs/{run_id}/decisions")
def show_decisions(run: TheRun, office: TheOffice) -> Decisions:
    """Decisions so far. Those on an earlier draft are gone."""
    current = office.consilium.report(run.id).draft.hash
    kept = office.desk.decisions(run.id)
    return kept if kept is not None and kept.draft_hash == current else Decisions(draft_hash=current)


@router.put("/runs/{run_id}/decisions")
def keep_decisions(given: Decisions, run: TheRun, office: TheOffice) -> Decisions:
    """Keep decisions, so that a review can be interrupted. Nothing is signed."""
    _same_draft(given, office.consilium.report(run.id))
    office.desk.keep_decisions(run.id, given)
    return given


@router.post("/runs/{run_id}/sign")
def sign(given: SignRequest, run: TheRun, office: TheOffice, actor: TheActor) -> DraftView:
    """Sign the draft with that hash, with a decision on every statement. Who signs proves again who they are."""
    _same_draft(given, office.consilium.report(run.id))
    reviewer = office.access.signer(actor, given.reviewer, given.password)
    decisions = [decision.model_dump() for decision in given.decisions]
    report = office.consilium.sign(run.id, decisions, reviewer)
    return draft_view(office, report)


@router.get("/runs/{run_id}/report.html", response_class=HTMLResponse)
def report_html(run: TheRun, office: TheOffice) -> HTMLResponse:
    """The report to print or keep: one file, no script, no outside request."""
    report = office.consilium.report(run.id)
    body = render_html(report, office.consilium.case(run.id), office.consilium.artifacts(run.id))
    return HTMLResponse(body, headers={"Content-Security-Policy": _REPORT_POLICY})


@router.get("/runs/{run_id}/report.json", response_class=Response)
def report_json(run: TheRun, office: TheOffice) -> Response:
    """The report for programs (docs/schema/report.schema.json)."""
    body = render_json(office.consilium.report(run.id), office.consilium.case(run.id))
    name = f'attachment; filename="consilium-{run.id}.json"'
    return Response(body, media_type="application/json", headers={"Content-Disposition": name})


@router.get("/runs/{run_id}/report.fhir.json", response_class=Response)
def report_fhir(run: TheRun, office: TheOffice) -> Response:
    """The report as a FHIR R4 document; what is recommended stands in it as proposals, marked as machine-made."""
    report, case = office.consilium.report(run.id), office.consilium.case(run.id)
    body = render_fhir(report, case, render_html(report, case, office.consilium.artifacts(run.id)))
    name = f'attachment; filename="consilium-{run.id}.fhir.json"'
    return Response(body, media_type="application/fhir+json", headers={"Content-Disposition": name})


def draft_view(office: Office, report: Report) -> DraftView:
    """A report as the page shows it."""
    view = build_view(report, office.consilium.case(report.run_id))
    shown = sorted((*view.rejected, *(line for lines in view.sections.values() for line in lines)), key=_index)
    signature = report.review.signature if report.review else None
    return DraftView(
        state=report.state,
        draft_hash=report.draft.hash,
        question=report.draft.question,
        language=report.draft.language,
        statements=tuple(map(_statement, shown)),
        sources=tuple(_source(source, view.texts) for source in view.sources),
        warnings=report.warnings,
        settings=report.settings,
        reviewer=signature.reviewer if signature else None,
        signed_at=signature.signed_at if signature else None,
    )


def _index(line: Line) -> int:
    return line.index


def _statement(line: Line) -> ReportedStatement:
    return ReportedStatement(
        index=line.index,
        section=line.statement.section,
        kind=line.statement.kind,
        text=line.text,
        draft_text=line.statement.text,
        evidence=line.statement.evidence,
        status=line.status,
        problems=line.problems,
        decision=line.decision,
    )


def _source(source: ShownSource, texts: object) -> Source:
    rows = []
    for fact in source.evidence.facts:
        label, value = fact_row(fact, texts)  # type: ignore[arg-type]
        rows.append(FactRow(name=fact.name, label=label, value=value))
    return Source(
        number=source.number,
        kind_label=source.kind,
        place=source.place,
        link=source.link,
        facts=tuple(rows),
        provenance=source.provenance,
        cited_in=source.cited_in,
        evidence=source.evidence,
    )


def _same_draft(given: Decisions, report: Report) -> None:
    if given.draft_hash != report.draft.hash:
        raise ToolFailed("The draft has changed since it was loaded. Load it again; decisions are on one draft only.")
