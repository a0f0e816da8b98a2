"""Options with what speaks against them, what was checked, and how sure the source is."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage

from tests.agent.test_builtin import answered, matched, recommendation, write

WARFARIN, APIXABAN = "medication.warfarin", "medication.apixaban"
BARS = {
    "id": "E0000000bad",
    "kind": "database_record",
    "claim": "Warfarin with clopidogrel (bleeding): Avoid.",
}
CLEAR = {
    "id": "E0000000c1e",
    "kind": "database_record",
    "claim": "The safety tables hold nothing that speaks against apixaban for what is known of this patient.",
}


def _checked(*drugs: str, missing: tuple[str, ...] = ()) -> list[BaseMessage]:
    findings = [
        {"drug": d, "row": "w", "evidence_id": BARS["id"], "kind": "interaction", "severity": "contraindicated"}
        for d in drugs
    ]
    payload: dict[str, Any] = {
        "findings": findings,
        "clear": [APIXABAN],
        "clear_evidence": [CLEAR["id"]],
        "open": [{"drug": APIXABAN, "missing": list(missing)}] if missing else [],
    }
    return answered("check_drugs", {"drugs": [WARFARIN, APIXABAN]}, evidence=[BARS, CLEAR], payload=payload)


def _advice(*drugs: str, **more: Any) -> list[BaseMessage]:
    own, item = recommendation(1, diseases=["lung_cancer"], strength="strong", drugs=list(drugs))
    return matched((own, {**item, **more}))


def _in(section: str, *messages: BaseMessage) -> list[dict[str, Any]]:
    return [s for s in write(*messages) if s["section"] == section]


def test_advice_that_names_a_barred_drug_says_so_and_cites_why() -> None:
    first = _in("treatment", *_advice(WARFARIN, APIXABAN), *_checked(WARFARIN))[0]
    assert first["kind"] == "recommendation"
    assert "Against warfarin here: Warfarin with clopidogrel (bleeding): Avoid." in first["text"]
    assert BARS["id"] in first["evidence"]


def test_an_option_all_of_whose_drugs_are_barred_is_no_recommendation() -> None:
    treatment = _in("treatment", *_advice(WARFARIN), *_checked(WARFARIN))
    assert [s["kind"] for s in treatment if "Advice number 1" in s["text"]] == ["finding"]
    summary = _in("summary", *_advice(WARFARIN), *_checked(WARFARIN))
    assert not [s for s in summary if s["kind"] == "recommendation"]
    assert [s for s in summary if s["text"] == BARS["claim"]]


def test_what_was_checked_and_found_clear_is_said_with_what_is_still_to_check() -> None:
    answers = (*_advice(APIXABAN), *_checked(missing=("lab.egfr",)))
    assert CLEAR["claim"] in [s["text"] for s in _in("treatment", *answers)]
    asked = _in("missing", *answers)[0]["text"]
    assert asked.startswith("Before giving apixaban")
    assert "eGFR" in asked


def test_confidence_is_the_certainty_that_the_source_gives_or_none() -> None:
    graded = _in("treatment", *_advice(APIXABAN, certainty="Moderate"))[0]
    assert graded["confidence"] == "moderate"
    assert "Society: Moderate" in graded["confidence_basis"]
    bare = _in("treatment", *_advice(APIXABAN))[0]
    assert bare["confidence"] is None
    assert "no grade" in bare["confidence_basis"]
