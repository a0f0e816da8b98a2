"""`predict_risk` on a case: evidence, what-if, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority
from knowledge.facts import Fact
from tools.artifacts import Artifacts
from tools.case import Case, Patient
from tools.evidence import Calculation, CaseField, Evidence, Provenance, ToolResult, fact_book
from tools.registry import ToolContext, call_tool

PATIENT: dict[str, tuple[object, str | None]] = {
    "patient.age": (62, "a"),
    "patient.sex": ("female", None),
    "patient.height": (165, "cm"),
    "patient.weight": (80, "kg"),
    "lab.creatinine": (80, "umol/L"),
    "nodule.longest_diameter": (14, "mm"),
    "nodule.spiculated": (True, None),
    "nodule.upper_lobe": (True, None),
    "nodule.density": ("solid", None),
    "nodule.count": (1, None),
}


def context(tmp_path: Path, **changes: object) -> ToolContext:
    made = []
    for name, (value, unit) in {**PATIENT, **changes}.items():  # type: ignore[dict-item]
        fact = Fact(name=name.replace("__", "."), value=value, unit=unit)
        made.append(
            Evidence(
                kind="observation",
                claim=f"{name} is known.",
                facts=(fact,),
                locator=CaseField(handle="case", path=name),
                provenance=Provenance(tool="test", tool_version="1"),
                authority=Authority.STRUCTURED,
            )
        )
    case = Case(id="c", patient=Patient(id="p"))
    return ToolContext(case=case, artifacts=Artifacts(tmp_path), ledger={e.id: e for e in made})


def by_model(result: ToolResult) -> dict[str, Evidence]:
    return {e.locator.model: e for e in result.evidence if isinstance(e.locator, Calculation)}


def test_unasked_it_runs_the_models_that_fit(tmp_path: Path) -> None:
    found = by_model(call_tool("predict_risk", {}, context(tmp_path)))
    assert {"brock", "ckd_epi_2021", "bmi"} <= set(found)
    assert "chads_vasc" not in found
    assert "meld" not in found


def test_the_claim_states_the_number_that_its_facts_hold(tmp_path: Path) -> None:
    evidence = by_model(call_tool("predict_risk", {"models": ["brock"]}, context(tmp_path)))["brock"]
    fact = evidence.fact("risk.probability")
    assert fact is not None
    assert f"{fact.value} %" in evidence.claim
    assert evidence.locator.inputs  # type: ignore[union-attr]
    assert evidence.locator.identifier == "10.1056/NEJMoa1214726"  # type: ignore[union-attr]


def test_results_become_patient_facts_for_criteria(tmp_path: Path) -> None:
    result = call_tool("predict_risk", {}, context(tmp_path))
    facts = fact_book(result.evidence)
    assert facts.value("risk_score.brock") == pytest.approx(36.67, abs=0.05)
    assert facts.value("lab.egfr") is not None


def test_a_what_if_states_before_after_and_difference(tmp_path: Path) -> None:
    arguments = {"models": ["brock"], "overrides": [{"name": "nodule.longest_diameter", "value": 0.8, "unit": "cm"}]}
    result = call_tool("predict_risk", arguments, context(tmp_path))
    evidence = result.evidence[-1]
    before, after = evidence.fact("risk.probability_before"), evidence.fact("risk.probability_after")
    assert before is not None
    assert after is not None
    assert before.value == 36.7
    assert float(after.value) < 15
    assert "instead of 36.7 %" in evidence.claim
    assert all(f.spec.scope == "item" for f in evidence.facts)


def test_a_what_if_names_its_stored_picture_which_is_the_same_each_time(tmp_path: Path) -> None:
    arguments: dict[str, object] = {
        "models": ["brock"],
        "overrides": [{"name": "nodule.longest_diameter", "value": 8.0, "unit": "mm"}],
    }
    first, second = (context(tmp_path / name) for name in ("a", "b"))
    evidence = call_tool("predict_risk", arguments, first).evidence[-1]
    name = str(evidence.provenance.parameters["picture"])
    svg = first.artifacts.read(name).decode()
    for part in ("36.7 now", "with the changes", "what each input adds", "longest diameter"):
        assert part in svg
    assert call_tool("predict_risk", arguments, second).evidence[-1].provenance.parameters["picture"] == name
    bare = call_tool("predict_risk", {**arguments, "pictures": False}, context(tmp_path / "c")).evidence[-1]
    assert bare.id == evidence.id
    assert "picture" not in bare.provenance.parameters


def test_a_what_if_that_moves_nothing_has_no_picture(tmp_path: Path) -> None:
    arguments = {"models": ["bmi"], "overrides": [{"name": "nodule.longest_diameter", "value": 8.0, "unit": "mm"}]}
    result = call_tool("predict_risk", arguments, context(tmp_path))
    assert not [e for e in result.evidence if "picture" in e.provenance.parameters]


def test_a_what_if_on_weight_reaches_the_body_mass_index_that_was_computed_before(tmp_path: Path) -> None:
    first = context(tmp_path)
    ledger = dict(first.ledger)
    for evidence in call_tool("predict_risk", {"models": ["bmi"]}, first).evidence:
        ledger[evidence.id] = evidence
    later = ToolContext(case=first.case, artifacts=first.artifacts, ledger=ledger)
    arguments = {"models": ["caprini"], "overrides": [{"name": "patient.weight", "value": 60, "unit": "kg"}]}
    payload = call_tool("predict_risk", arguments, later).payload
    before, after = payload.estimates[0], payload.what_if[0]  # type: ignore[attr-defined]
    assert before.main().value - after.main().value == 1


def test_a_model_that_does_not_fit_says_why(tmp_path: Path) -> None:
    child = context(tmp_path, **{"patient.age": (8, "a")})
    result = call_tool("predict_risk", {"models": ["ckd_epi_2021"]}, child)
    assert result.evidence == ()
    assert "outside of the range" in result.warnings[0]


def test_prior_disease_makes_a_model_not_applicable(tmp_path: Path) -> None:
    known = context(tmp_path, **{"condition.lung_cancer": (True, None)})
    result = call_tool("predict_risk", {"models": ["brock"]}, known)
    assert any("does not apply" in text for text in result.warnings)


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    result = call_tool("predict_risk", {"models": ["prevent"]}, context(tmp_path))
    assert any("lab.total_cholesterol" in text for text in result.warnings)


@pytest.mark.parametrize(
    "arguments",
    [
        {"models": ["no_such_model"]},
        {"overrides": [{"name": "no.such", "value": 1}]},
        {"overrides": [{"name": "lab.creatinine", "value": 1}]},
        {"overrides": [{"name": "lab.creatinine", "value": 1, "unit": "Cel"}]},
        {"models": "brock"},
    ],
)
def test_wrong_arguments_are_mendable(tmp_path: Path, arguments: dict[str, object]) -> None:
    with pytest.raises(ToolRetry):
        call_tool("predict_risk", arguments, context(tmp_path))


def test_an_explanation_is_stored_as_a_picture_and_adds_up(tmp_path: Path) -> None:
    case = context(tmp_path)
    arguments = {"models": ["brock"], "explain": True, "sweep": "diameter"}
    made = call_tool("predict_risk", arguments, case).payload.explanations[0]  # type: ignore[attr-defined]
    assert b"<svg" in case.artifacts.read(made.picture)
    total = sum(c.on_result_scale for c in made.explanation.contributions)
    assert made.explanation.reference_result + total == pytest.approx(made.explanation.result)
    assert len(made.sweep) == 25
    assert made.sweep[0].result < made.sweep[-1].result


CHOLESTEROL: dict[str, tuple[object, str | None]] = {
    "lab.total_cholesterol": (200, "mg/dL"),
    "lab.hdl_cholesterol": (50, "mg/dL"),
    "vital.systolic_bp": (140, "mm[Hg]"),
    "smoking.status": ("never", None),
}


@pytest.mark.parametrize(
    ("known", "model"),
    [({}, "prevent"), ({"lab.hba1c": (6.1, "%")}, "prevent_hba1c"),
     ({"lab.hba1c": (6.1, "%"), "lab.urine_albumin_creatinine_ratio": (40, "mg/g")}, "prevent_full")],
)  # fmt: skip
def test_unasked_only_the_equation_that_uses_most_of_what_is_known_is_given(
    tmp_path: Path, known: dict[str, object], model: str
) -> None:
    found = by_model(call_tool("predict_risk", {}, context(tmp_path, **CHOLESTEROL, **known)))
    assert {name for name in found if name.startswith("prevent")} == {model}


def test_unasked_a_model_that_lacks_little_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    known = {**CHOLESTEROL}
    del known["smoking.status"]
    payload = call_tool("predict_risk", {}, context(tmp_path, **known)).payload
    lacking = {item.model: item.missing for item in payload.incomplete}  # type: ignore[attr-defined]
    assert lacking["prevent"] == ("smoking.status",)


def test_kidney_equations_are_not_applied_in_pregnancy_and_the_answer_says_so(tmp_path: Path) -> None:
    changes = {"patient.age": (31, "a"), "patient.pregnant": (True, None)}
    result = call_tool("predict_risk", {}, context(tmp_path, **changes))
    assert not {"lab.egfr", "lab.creatinine_clearance"} & {f.name for e in result.evidence for f in e.facts}
    assert any("do not apply in pregnancy (E" in warning for warning in result.warnings)


def _result(number: float) -> Evidence:
    return Evidence(
        kind="risk_estimate",
        claim=f"The CHA2DS2-VASc is {number:g}.",
        facts=(Fact(name="risk_score.chads_vasc", value=int(number)),),
        locator=Calculation(model="chads_vasc"),
        provenance=Provenance(tool="predict_risk", tool_version="1", parameters={"model": "chads_vasc"}),
    )


def test_of_two_results_of_one_model_the_last_computed_counts_without_a_conflict() -> None:
    book = fact_book([_result(3), _result(1)])
    assert book.value("risk_score.chads_vasc") == 1
    assert book.conflicts() == []


def test_what_a_score_is_made_of_is_said_once_for_what_follows_from_the_same_fact(tmp_path: Path) -> None:
    patient = {"condition__atrial_fibrillation": (True, None), "condition__transient_ischaemic_attack": (True, None)}
    result = call_tool("predict_risk", {"models": ["chads_vasc"], "explain": True}, context(tmp_path, **patient))
    said = next(e.claim for e in result.evidence if "made up of" in e.claim)
    assert "transient ischaemic attack +2" in said
    assert said.count("ischaemic attack") == 1
