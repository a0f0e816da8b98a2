"""A drug is checked against what is known of this patient, and nothing is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from knowledge.facts import Fact
from tools.artifacts import Artifacts
from tools.case import Case, Patient
from tools.evidence import CaseField, Evidence, Provenance
from tools.registry import ToolContext, call_tool
from tools.safety.tool import SafetyPayload

CASE = Case(id="c", patient=Patient(id="P"))


def known(**facts: bool) -> dict[str, Evidence]:
    made = [
        Evidence(
            kind="observation",
            claim=f"{name} is {value}.",
            facts=(Fact(name=name.replace("__", "."), value=value),),
            locator=CaseField(handle="case.yaml", path=name),
            provenance=Provenance(tool="test", tool_version="1"),
        )
        for name, value in facts.items()
    ]
    return {item.id: item for item in made}


def check(tmp_path: Path, *drugs: str, language: str = "en", **facts: bool) -> tuple[SafetyPayload, list[Evidence]]:
    context = ToolContext(CASE, Artifacts(tmp_path), known(**facts), language="zh" if language == "zh" else "en")
    result = call_tool("check_drugs", {"drugs": list(drugs)}, context)
    assert isinstance(result.payload, SafetyPayload)
    return result.payload, list(result.evidence)


def test_a_penicillin_is_contraindicated_with_a_penicillin_allergy(tmp_path: Path) -> None:
    payload, evidence = check(tmp_path, "amoxicillin", allergy__penicillins=True)
    assert [(f.drug, f.kind, f.severity) for f in payload.findings] == [
        ("medication.amoxicillin", "allergy", "contraindicated")
    ]
    assert payload.findings[0].because == tuple(known(allergy__penicillins=True))
    assert "penicillin allergy" in evidence[0].claim


def test_an_interaction_is_found_from_either_side(tmp_path: Path) -> None:
    one, _ = check(tmp_path, "omeprazole", medication__clopidogrel=True)
    other, _ = check(tmp_path, "clopidogrel", medication__omeprazole=True)
    assert [f.row for f in one.findings if f.kind == "interaction"] == [
        f.row for f in other.findings if f.kind == "interaction"
    ]
    assert one.findings


def test_a_brand_name_is_understood(tmp_path: Path) -> None:
    payload, _ = check(tmp_path, "Plavix", medication__omeprazole=True)
    assert payload.findings[0].drug == "medication.clopidogrel"


def test_an_allergy_that_is_not_known_is_not_assumed(tmp_path: Path) -> None:
    payload, evidence = check(tmp_path, "amoxicillin")
    assert payload.findings == ()
    assert payload.clear == ("medication.amoxicillin",)
    assert "for what is known of this patient" in evidence[0].claim


def test_an_answer_in_chinese(tmp_path: Path) -> None:
    _, evidence = check(tmp_path, "amoxicillin", language="zh", allergy__penicillins=True)
    assert "阿莫西林" in evidence[0].claim


@pytest.mark.parametrize("name", ["unobtainium", "penicillin allergy", "../etc/passwd"])
def test_what_is_no_drug_is_sent_back(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolRetry):
        check(tmp_path, name)


def test_drugs_that_are_to_be_given_together_are_checked_against_one_another(tmp_path: Path) -> None:
    context = ToolContext(CASE, Artifacts(tmp_path), known())
    drugs = ["apixaban", "carbamazepine"]
    apart = call_tool("check_drugs", {"drugs": drugs}, context).payload
    together = call_tool("check_drugs", {"drugs": drugs, "together": True}, context).payload
    assert isinstance(apart, SafetyPayload)
    assert isinstance(together, SafetyPayload)
    assert not apart.findings
    assert {(f.drug, f.kind) for f in together.findings} == {
        ("medication.apixaban", "interaction"), ("medication.carbamazepine", "interaction"),
    }  # fmt: skip
