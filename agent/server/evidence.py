"""What a citation leads to: evidence, notes, and risks with inputs changed."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from agent.report.view import fact_row
from agent.server.office import TheOffice, TheRun
from agent.server.records import (
    FactChange,
    FactInfo,
    FactRow,
    NoteText,
    TurnedBy,
    WhatIf,
    WhatIfRequest,
    WhatWouldChange,
)
from knowledge.facts import Fact, FactSpec, vocabulary
from knowledge.nearest import Change, latest_day, nearest
from knowledge.recommendations import in_language, recommendations
from prompts.loader import phrases
from tools.artifacts import Artifacts
from tools.case import Language
from tools.evidence import Evidence, fact_book
from tools.registry import ToolContext, call_tool
from tools.risk.tool import RiskPayload
from tools.scratch import scratch_folder

router = APIRouter(prefix="/api", tags=["evidence"])


@router.get("/runs/{run_id}/evidence")
def list_evidence(run: TheRun, office: TheOffice) -> list[Evidence]:
    """All evidence so far, also while the run is worked on."""
    return list(office.consilium.store.evidence(run.id).values())


@router.get("/runs/{run_id}/notes/{handle}")
def show_note(run: TheRun, office: TheOffice, handle: str) -> NoteText:
    """A note, whole; what the physician said counts as a note."""
    note = office.consilium.case(run.id).note(handle)
    if note is None:
        raise HTTPException(404, "There is no such note.")
    return NoteText(handle=note.handle, title=note.title, date=note.date, text=note.text)


@router.post("/runs/{run_id}/what-if")
def what_if(asked: WhatIfRequest, run: TheRun, office: TheOffice) -> WhatIf:
    """Risk models with facts changed, compared with the patient as recorded. The draft is not touched."""
    consilium = office.consilium
    with scratch_folder() as scratch, consilium.opened(run.id) as case:
        context = ToolContext(
            case=case,
            artifacts=Artifacts(scratch),
            ledger=consilium.store.evidence(run.id),
            language=run.language,
        )
        arguments = {
            "models": list(asked.models),
            "overrides": [override.model_dump() for override in asked.overrides],
            "explain": asked.explain,
            "pictures": False,
        }
        result = call_tool("predict_risk", arguments, context)
    payload = RiskPayload.model_validate(result.payload.model_dump())
    names = {item.fact for one in (*payload.estimates, *payload.what_if) for item in one.inputs}
    specs = vocabulary()
    return WhatIf(
        payload=payload,
        evidence=result.evidence,
        warnings=result.warnings,
        facts={name: fact_info(specs.spec(name), name, run.language) for name in sorted(names)},
    )


@router.get("/runs/{run_id}/evidence/{evidence_id}/nearest")
def what_would_change(evidence_id: str, run: TheRun, office: TheOffice) -> WhatWouldChange:
    """What would change a recommendation: the fewest facts that turn its own criteria, for the facts of this run."""
    ledger = office.consilium.store.evidence(run.id)
    item = ledger.get(evidence_id)
    fact = item.fact("rec.id") if item is not None else None
    found = recommendations().by_id.get(str(fact.value)) if fact is not None else None
    if found is None:
        raise HTTPException(404, "This evidence is no recommendation with criteria.")
    facts, case = fact_book(ledger.values()), office.consilium.case(run.id)
    now, turns = nearest(found.criterion, facts, case.as_of or latest_day(facts))
    texts = phrases("report", run.language)
    shown = ((entry.fact.name, *fact_row(entry.fact, texts)) for entry in now.because)
    return WhatWouldChange(
        recommendation=found.id,
        text=in_language(found.text, run.language),
        now=now.truth.value,
        because=tuple(FactRow(name=name, label=label, value=value) for name, label, value in shown),
        assumed_absent=tuple(_label(name, run.language) for name in now.assumed),
        turned_by=tuple(
            TurnedBy(changes=tuple(_change(c, run.language) for c in turn.changes), then=turn.then.value)
            for turn in turns
        ),
    )


def _label(name: str, language: Language) -> str:
    label = vocabulary().spec(name).label
    return label.get(language) or label.get("en") or name


def _change(change: Change, language: Language) -> FactChange:
    texts = phrases("report", language)
    shown = [
        None if value is None else fact_row(Fact(name=change.fact, value=value, unit=change.unit), texts)[1]
        for value in (change.now, change.then)
    ]
    return FactChange(fact=change.fact, label=_label(change.fact, language), now=shown[0], then=str(shown[1]))


def fact_info(spec: FactSpec, name: str, language: Language) -> FactInfo:
    """What a fact may be, in the words of a language."""
    low, high = spec.plausible or (None, None)
    return FactInfo(
        name=name,
        label=spec.label.get(language) or spec.label.get("en") or name,
        kind=spec.kind,
        unit=spec.unit,
        low=low,
        high=high,
        choices={key: v.label.get(language) or v.label.get("en") or key for key, v in spec.values.items()},
    )
