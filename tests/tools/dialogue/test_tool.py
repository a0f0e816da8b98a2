"""Only what the physician really said becomes a fact of the highest authority."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority
from tools.artifacts import Artifacts
from tools.case import Case, Patient
from tools.evidence import Evidence, NoteSpan
from tools.registry import ToolContext, call_tool

SAID = "Her ECOG performance status is 1 and the creatinine is 0.9 mg/dL."


def record(tmp_path: Path, text: str, *spoken: str) -> list[Evidence]:
    context = ToolContext(Case(id="c", patient=Patient(id="P")), Artifacts(tmp_path), spoken=spoken)
    return list(call_tool("record_statement", {"text": text}, context).evidence)


def test_each_fact_quotes_the_physician_and_counts_above_other_sources(tmp_path: Path) -> None:
    found = record(tmp_path, SAID, SAID)
    values = {fact.name: fact.value for item in found for fact in item.facts}
    assert values["patient.ecog"] == 1
    assert values["lab.creatinine"] == 0.9
    for item in found:
        assert item.authority is Authority.PHYSICIAN
        assert isinstance(item.locator, NoteSpan)
        kept = Artifacts(tmp_path).read(f"{item.locator.handle}.txt").decode()
        assert kept[item.locator.start : item.locator.end] == item.locator.quote


@pytest.mark.parametrize("spoken", [(), ("What now?",), ("Her ECOG performance status is 0.",)])
def test_words_that_a_model_or_a_note_puts_into_the_physicians_mouth_are_refused(
    tmp_path: Path, spoken: tuple[str, ...]
) -> None:
    with pytest.raises(ToolRetry, match="did not say"):
        record(tmp_path, SAID, *spoken)
    assert Artifacts(tmp_path).names() == []


def test_a_message_without_a_fact_is_sent_back(tmp_path: Path) -> None:
    with pytest.raises(ToolRetry, match="No fact was understood"):
        record(tmp_path, "Thank you.", "Thank you.")
