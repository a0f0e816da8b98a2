"""The report as JSON: what the HTML shows, for programs. The schema is exported to `docs/schema`."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from agent.draft import Confidence, Decision, Problem, Report, Section, StatementKind
from agent.report.view import Line, Source, View, build_view
from tools.case import Case, Patient
from tools.evidence import Evidence, Record

FORMAT = "consilium-report/1"


class ReportedStatement(Record):
    """One statement as shown: `text` is the reviewer's where it was edited."""

    index: int
    section: Section
    kind: StatementKind
    text: str
    draft_text: str
    evidence: tuple[str, ...]
    confidence: Confidence | None = None
    confidence_basis: str | None = None
    status: Literal["supported", "unsupported", "cannot_check"]
    problems: tuple[Problem, ...] = ()
    decision: Decision | None = None


class ReportedSource(Record):
    """One piece of evidence with the number it has in the report and the statements that cite it."""

    number: int
    id: str
    place: str
    cited_in: tuple[int, ...]
    evidence: Evidence


class ReportDocument(Record):
    """A report, whole. `synthetic` is true for a case made up for demonstration or testing."""

    format: Literal["consilium-report/1"] = "consilium-report/1"
    run_id: str
    state: Literal["preliminary", "signed", "amended"]
    synthetic: bool
    case_id: str
    patient: Patient
    question: str
    language: Literal["en", "zh"]
    draft_hash: str
    reviewer: str | None = None
    signed_at: dt.datetime | None = None
    statements: tuple[ReportedStatement, ...]
    sources: tuple[ReportedSource, ...]
    warnings: tuple[str, ...] = ()
    settings: dict[str, str]


def report_document(report: Report, case: Case) -> ReportDocument:
    """The report as one record."""
    view = build_view(report, case)
    signature = report.review.signature if report.review else None
    lines = sorted((*view.rejected, *(x for section in view.sections.values() for x in section)), key=lambda x: x.index)
    return ReportDocument(
        run_id=report.run_id,
        state=report.state,
        synthetic=is_synthetic(view),
        case_id=report.draft.case_id,
        patient=case.patient,
        question=report.draft.question,
        language=report.draft.language,
        draft_hash=report.draft.hash,
        reviewer=signature.reviewer if signature else None,
        signed_at=signature.signed_at if signature else None,
        statements=tuple(_statement(line) for line in lines),
        sources=tuple(_source(source) for source in view.sources),
        warnings=report.warnings,
        settings=report.settings,
    )


def render_json(report: Report, case: Case) -> str:
    """The report as indented JSON (UTF-8, no escapes for letters)."""
    return report_document(report, case).model_dump_json(indent=2) + "\n"


def is_synthetic(view: View) -> bool:
    """Whether the case or the draft is marked as synthetic."""
    return view.case.synthetic or view.report.draft.synthetic


def _statement(line: Line) -> ReportedStatement:
    statement = line.statement
    return ReportedStatement(
        index=line.index,
        section=statement.section,
        kind=statement.kind,
        text=line.text,
        draft_text=statement.text,
        evidence=statement.evidence,
        confidence=line.statement.confidence,
        confidence_basis=line.statement.confidence_basis,
        status=line.status,
        problems=line.problems,
        decision=line.decision,
    )


def _source(source: Source) -> ReportedSource:
    item = source.evidence
    return ReportedSource(number=source.number, id=item.id, place=source.place, cited_in=source.cited_in, evidence=item)
