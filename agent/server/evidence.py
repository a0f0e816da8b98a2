"""What a citation leads to: evidence, notes, and risks with inputs changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter, HTTPException

from agent.server.office import TheOffice, TheRun
from agent.server.records import FactInfo, NoteText, WhatIf, WhatIfRequest
from knowledge.facts import FactSpec, vocabulary
from tools.artifacts import Artifacts
from tools.case import Language
from tools.evidence import Evidence
from tools.registry import ToolContext, call_tool
from tools.risk.tool import RiskPayload

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
    with tempfile.TemporaryDirectory() as scratch:
        context = ToolContext(
            case=consilium.case(run.id),
            artifacts=Artifacts(Path(scratch)),
            ledger=consilium.store.evidence(run.id),
            language=run.language,
        )
        arguments = {
            "models": list(asked.models),
            "overrides": [override.model_dump() for override in asked.overrides],
            "explain": asked.explain,
        }
        result = call_tool("predict_risk", arguments, context)
    payload = RiskPayload.model_validate(result.payload.model_dump())
    names = {item.fact for one in (*payload.estimates, *payload.what_if) for item in one.inputs}
    specs = vocabulary()
    return WhatIf(
        payload=payload,
        evidence=result.evidence,
        warnings=result.warnings,
        facts={name: _info(specs.spec(name), name, run.language) for name in sorted(names)},
    )


def _info(spec: FactSpec, name: str, language: Language) -> FactInfo:
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
