"""Notes of another person than the patient."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tools.artifacts import Artifacts
from tools.case import Case, Note, Patient
from tools.registry import ToolContext, call_tool

TODAY = dt.date(2026, 11, 7)


@pytest.mark.hazard("HAZ-14")
@pytest.mark.parametrize(
    ("text", "written", "used"),
    [
        ("Female, 39 years. CT: acute pulmonary embolism.", TODAY, False),
        ("Male, 39 years. CT: acute pulmonary embolism.", TODAY, True),
        ("Female, 72 years. CT: acute pulmonary embolism.", TODAY, True),
        ("CT: acute pulmonary embolism.", TODAY, True),
        ("Male, 62 years. Pulmonary embolism.", dt.date(2016, 11, 7), True),
        ("Female, 72 years. Pulmonary embolism.", dt.date(2016, 11, 7), False),
    ],
)
def test_nothing_is_used_of_a_note_whose_sex_and_age_are_both_anothers(
    tmp_path: Path, text: str, written: dt.date, used: bool
) -> None:
    note = Note(handle="n", title="report", text=text, date=written, language="en")
    case = Case(id="c", patient=Patient(id="P", age_years=72, sex="male"), notes=(note,), as_of=TODAY)
    result = call_tool("read_notes", {}, ToolContext(case=case, artifacts=Artifacts(tmp_path)))
    facts = {fact.name for item in result.evidence for fact in item.facts}
    assert ("condition.pulmonary_embolism" in facts) is used
    assert any("another person" in warning for warning in result.warnings) is not used
    assert "patient.sex" in facts or "emale" not in text
