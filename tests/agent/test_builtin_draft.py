"""What the built-in model puts into a draft, and what it only counts, warns of or leaves for later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agent.test_builtin import AGE, FIRST_STEP, TAKES, TUMOUR, Pair, answered, matched, recommendation, write


def section(statements: list[dict[str, Any]], name: str) -> list[str]:
    return [item["text"] for item in statements if item["section"] == name]


def condition(name: str, number: int = 1) -> dict[str, Any]:
    return {
        "id": f"E00000001{number}0",
        "kind": "observation",
        "claim": f"The case records {name}.",
        "facts": {f"condition.{name}": True},
    }


def anybody(number: int) -> Pair:
    """Screening that age alone calls for."""
    own, item = recommendation(number, diseases=["colorectal_cancer_screening"], strength="A", type="test")
    because = [{"fact": "patient.age", "value": 66, "unit": "a", "evidence_id": AGE["id"]}]
    return own, item | {"topic": "screening", "because": because}


def checked(*findings: dict[str, Any]) -> list[Any]:
    evidence = [
        {"id": f["evidence_id"], "kind": "database_record", "claim": f.pop("claim"), "facts": {}} for f in findings
    ]
    payload = {"findings": list(findings), "clear": [], "clear_evidence": [], "open": [], "not_in_tables": []}
    return answered("check_drugs", {"drugs": []}, evidence=evidence, payload=payload)


def finding(number: int, drug: str, claim: str, severity: str = "contraindicated", row: str = "row") -> dict[str, Any]:
    return {
        "drug": f"medication.{drug}", "row": row, "evidence_id": f"E00000002{number}0", "kind": "contraindication",
        "severity": severity, "because": [AGE["id"]], "claim": claim,
    }  # fmt: skip


def test_what_is_taken_already_is_said_and_cited_and_is_not_the_news() -> None:
    held = recommendation(1, diseases=["nsclc"], strength="strong", drugs=["medication.clopidogrel"])
    new = recommendation(2, diseases=["nsclc"], strength="weak", drugs=["medication.osimertinib"])
    said = write(*FIRST_STEP, *matched(held, new))
    (first,) = [item for item in said if item["section"] == "treatment" and "number 1" in item["text"]]
    assert first["text"].endswith("Taken already: clopidogrel.")
    assert TAKES["id"] in first["evidence"]
    assert next(text for text in section(said, "summary") if "Advice" in text).startswith("Advice number 2")


def test_screening_for_anybody_is_counted_for_an_ill_patient() -> None:
    said = write(*FIRST_STEP, *matched(anybody(1)))
    assert not any("Advice number 1" in item["text"] for item in said)
    assert section(said, "follow_up")[0].startswith("1 general recommendation")


@pytest.mark.parametrize(
    ("question", "evidence"),
    [("Which screening does she need?", (AGE, TUMOUR)), ("What now?", (AGE,))],
    ids=["asked for", "nothing is wrong with her"],
)
def test_screening_for_anybody_is_listed_where_it_matters(question: str, evidence: Any) -> None:
    said = write(*FIRST_STEP, *matched(anybody(1)), question=question, evidence=evidence)
    assert section(said, "follow_up")[0].startswith("Advice number 1")


def test_surveillance_of_a_carrier_stays_beside_a_tumour_of_another_organ() -> None:
    own, item = anybody(1)
    carrier = {"fact": "germline.MSH2", "value": True, "evidence_id": AGE["id"]}
    said = write(*FIRST_STEP, *matched((own, item | {"because": [carrier]})))
    assert section(said, "follow_up")[0].startswith("Advice number 1")


def test_what_is_on_record_is_the_diagnosis_where_nothing_else_is_thought_of() -> None:
    said = write(*FIRST_STEP, *matched(), evidence=(AGE, condition("heart_failure"), condition("gout", 2)))
    assert section(said, "most_likely") == ["On record: heart failure and gout."]


def test_one_caution_for_several_drugs_is_said_once() -> None:
    drugs = ["medication.nivolumab", "medication.ipilimumab"]
    why = "with Crohn disease: Autoimmune disease: flares."
    found = (
        finding(1, "nivolumab", f"Nivolumab {why}", "caution"),
        finding(2, "ipilimumab", f"Ipilimumab {why}", "caution"),
    )
    said = write(
        *FIRST_STEP, *matched(recommendation(1, diseases=["nsclc"], strength="A", drugs=drugs)), *checked(*found)
    )
    cautions = [item for item in said if "flares" in item["text"]]
    assert [item["text"] for item in cautions] == [f"Nivolumab and ipilimumab {why}"]
    assert {"E0000000210", "E0000000220"} <= set(cautions[0]["evidence"])


def test_an_option_that_waits_for_a_diagnosis_says_what_bars_its_drugs_and_a_free_one_comes_first() -> None:
    pairs = [
        recommendation(n, diseases=["nsclc"], strength="A", drugs=[f"medication.{drug}"])
        for n, drug in ((1, "apixaban"), (2, "enoxaparin"))
    ]
    waiting = [item | {"missing": ["condition.pulmonary_embolism"], "fit": 0.5} for _, item in pairs]
    evidence = [own for own, _ in pairs]
    open_ = answered("match_recommendations", {}, evidence=evidence, payload={"applies": [], "cannot_tell": waiting})
    said = write(
        *FIRST_STEP, *open_, *checked(finding(1, "apixaban", "Apixaban with pregnancy: crosses the placenta."))
    )
    first, second = section(said, "treatment")
    assert first == "Advice number 2."
    assert second == "Advice number 1. Against apixaban here: Apixaban with pregnancy: crosses the placenta."


@pytest.mark.parametrize(("field", "asked"), [("cardiovascular", True), ("laboratory", False)])
def test_what_a_risk_model_lacks_is_asked_for_and_what_a_formula_lacks_is_not(field: str, asked: bool) -> None:
    lacking = {"model": "m", "title": "Risk of M", "field": field, "missing": ["lab.hdl_cholesterol"]}
    said = write(
        *FIRST_STEP, *answered("predict_risk", evidence=[], payload={"estimates": [], "incomplete": [lacking]})
    )
    assert any(text.startswith("For the Risk of M, please give:") for text in section(said, "missing")) == asked


def test_a_nodule_of_a_note_stands_in_the_summary_and_comes_before_what_is_not_about_it() -> None:
    nodule = {
        "id": "E0000000310", "kind": "note_span", "claim": "The note gives the nodule as 12 mm.",
        "facts": {"nodule.longest_diameter": "12 mm"},
    }  # fmt: skip
    statin = recommendation(1, diseases=["cardiovascular_prevention"], strength="A", drugs=["medication.atorvastatin"])
    scan = recommendation(2, diseases=["pulmonary_nodule"], strength="C", type="test")
    said = section(write(*FIRST_STEP, *matched(statin, scan), evidence=(AGE, nodule)), "summary")
    assert said[-2:] == [nodule["claim"], "Advice number 2 (Society 2024; strength: C)."]


def test_an_emergency_leads_in_the_order_of_action_and_long_term_care_is_only_counted() -> None:
    surgery, drug = (recommendation(n, diseases=["aortic_dissection"], strength=s) for n, s in ((1, "2b"), (2, "1")))
    chronic, screening = (recommendation(n, diseases=["hypertension"], strength="1") for n in (3, 4))
    for place, (_, item) in enumerate((surgery, drug)):
        item.update(id=f"aorta.{place}", acute=True, place=place)
    chronic[1]["long_term"], screening[1]["topic"] = True, "prevention"
    said = write(*FIRST_STEP, *matched(chronic, screening, drug, surgery))
    advised = [text for text in section(said, "treatment") if text.startswith("Advice")]
    assert [text.split(" (")[0] for text in advised] == ["Advice number 1", "Advice number 2"]
    assert any(text.startswith("Advice number 1") for text in section(said, "summary"))
    assert not any("number 3" in item["text"] or "number 4" in item["text"] for item in said)
    assert any(text.startswith("2 recommendations on long-term care") for text in section(said, "follow_up"))


def nodule(number: int, day: str, longest: str, claim: str) -> dict[str, Any]:
    facts = {"lesion.organ": "lung", "lesion.longest_diameter": longest}
    return {
        "id": f"E00000003{number}0", "kind": "image_finding", "claim": claim, "facts": facts,
        **({"at": day} if day else {}),
    }  # fmt: skip


OLDER = nodule(1, "2025-03-02", "8.1 mm", "On the CT of 2025-03-02, a nodule measures 8.1 mm.")
NEWER = nodule(2, "2026-09-14", "12.4 mm", "On the CT of 2026-09-14, a nodule measures 12.4 mm.")
UNDATED = nodule(3, "", "20.0 mm", "On an undated CT, a nodule measures 20.0 mm.")


@pytest.mark.parametrize(
    ("scans", "leads"),
    [((OLDER, NEWER), NEWER), ((NEWER, OLDER), NEWER), ((UNDATED, OLDER), OLDER), ((UNDATED, NEWER, OLDER), NEWER)],
    ids=["older read first", "newer read first", "one undated", "three"],
)
def test_the_newest_scan_leads_the_summary_and_the_findings(scans: Any, leads: dict[str, Any]) -> None:
    said = write(
        *FIRST_STEP, *(m for scan in scans for m in answered("segment_lesion", {"x": scan["id"]}, evidence=[scan]))
    )
    assert [text for text in section(said, "summary") if "nodule measures" in text] == [leads["claim"]]
    assert next(text for text in section(said, "findings") if "nodule measures" in text) == leads["claim"]


def test_in_chinese_the_day_of_each_of_several_scans_is_said() -> None:
    scans = answered("segment_lesion", {}, evidence=[OLDER, NEWER])
    said = write(*FIRST_STEP, *scans, language="zh")
    assert any(text.startswith("2026-09-14影像：") and "12.4" in text for text in section(said, "summary"))
    assert any(text.startswith("2025-03-02影像：") and "8.1" in text for text in section(said, "findings"))


def test_the_day_of_a_single_scan_is_not_said_before_its_measures() -> None:
    said = write(*FIRST_STEP, *answered("segment_lesion", {}, evidence=[NEWER]), language="zh")
    assert not any("影像：" in item["text"] for item in said)
