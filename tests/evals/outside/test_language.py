"""Benchmarks of text: the verifier as judge, multiple choice, and the dialogue with a scripted patient."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from evals.outside import agentclinic, choice
from evals.outside.attribution import macro_f1
from evals.outside.diagnosis import same_diagnosis
from evals.outside.entailment import judge
from evals.outside.registry import BENCHMARKS, Settings, benchmark
from evals.outside.result import finished
from evals.outside.rows import Row, read_rows
from evals.run import without_tools
from knowledge.errors import BadInput

SAMPLES = Path(__file__).parents[1] / "samples"
ASPIRIN = (
    "Aspirin irreversibly inhibits platelet cyclooxygenase. It lowers the risk of a second heart attack by about "
    "20 percent. It should not be given to children with viral infections. Side effects include bleeding.",
)


def figures(result):
    return {figure.name: figure.estimate.value for figure in result.figures}


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("Aspirin lowers the risk of a second heart attack by about 20 percent.", "supported"),
        ("Aspirin reduces the risk of another myocardial infarction by about 20%.", "supported"),
        ("Side effects of aspirin include bleeding.", "supported"),
        ("Aspirin lowers the risk of a second heart attack by about 40 percent.", "not_supported"),
        ("Aspirin should be given to children with viral infections.", "contradicted"),
        ("Ibuprofen lowers the risk of a second heart attack by about 20 percent.", "not_supported"),
        ("Aspirin cures malaria.", "not_supported"),
        ("Side effects include bleeding. Aspirin cures malaria.", "not_supported"),
    ],
)
def test_the_verifier_judges_a_sentence_by_a_reference(sentence, status):
    assert judge(sentence, ASPIRIN).status == status


def test_attribution_is_scored_by_macro_f1_and_a_row_without_references_is_not():
    result = benchmark("AttributionBench").run(SAMPLES / "attribution.jsonl", Settings())
    assert [item.verdict for item in result.items] == ["right", "right", "right", "not_scored"]
    assert figures(result)["macro-F1"] == 1.0


def test_macro_f1_by_hand():
    pairs = [(True, True), (True, False), (True, True), (False, True), (False, False)]
    assert macro_f1(pairs) == pytest.approx((2 * 2 / 6 + 2 * 1 / 4) / 2)


def test_the_judge_is_measured_on_answers_that_hold_their_statements_and_not_those_of_others():
    result = benchmark("k-qa").run(SAMPLES / "kqa.jsonl", Settings())
    assert [item.verdict for item in result.items] == ["right", "right"]
    assert figures(result)["foreign held"] == 0.0


def test_an_answer_of_a_model_is_judged_where_there_is_one(tmp_path):
    row = json.loads((SAMPLES / "kqa.jsonl").read_text().splitlines()[0])
    row["prediction"] = "Metformin is not contraindicated at an eGFR under 30. Eat well."
    file = tmp_path / "kqa.jsonl"
    file.write_text(json.dumps(row))
    found = figures(benchmark("kqa").run(file, Settings()))
    assert found["comprehensiveness"] == 0.0
    assert found["hallucination"] == 1.0


def test_a_choice_is_made_where_something_decides_it_and_not_elsewhere(monkeypatch):
    monkeypatch.setattr(choice, "passages_on", lambda text: [])
    result = benchmark("mirage").run(SAMPLES / "mirage.json", Settings())
    assert [item.verdict for item in result.items] == ["right", "abstained"]
    assert result.items[0].reason.startswith("calculated")
    assert figures(result)["right, of all"] == 0.5


@pytest.mark.parametrize(
    ("passage", "letter"),
    [
        ("Mercury is the planet nearest to the sun.", "B"),
        ("Venus and Mercury are nearer to the sun than Earth.", None),
        ("Planets are bodies.", None),
    ],
)
def test_a_passage_decides_only_where_it_holds_one_option(monkeypatch, passage, letter):
    monkeypatch.setattr(choice, "passages_on", lambda text: [(passage, 0.9)])
    question = choice.question_of(read_rows(SAMPLES / "mirage.json")[1], 2)
    assert choice.by_rule(question)[0] == letter


@pytest.mark.parametrize(
    ("values", "first", "letter"),
    [
        ({"options": {"A": "x", "B": "y"}, "answer": "B"}, 0, "B"),
        ({"options": ["x", "y"], "answer": "y"}, 0, "B"),
        ({"opa": "x", "opb": "y", "cop": 1}, 0, "B"),
        ({"opa": "x", "opb": "y", "cop": 2}, 1, "B"),
        ({"A": "x", "B": "y", "answer": "(b)"}, 0, "B"),
        ({"options": "A: x; B: y", "answer": "B"}, 0, "B"),
        ({"options": "{'A': 'x', 'B': 'y'}", "answer_idx": "B", "answer": "y"}, 0, "B"),
        ({"options": {"A": "x", "B": "y"}, "answer": "z"}, 0, None),
    ],
)
def test_options_and_answers_are_read_in_every_usual_form(values, first, letter):
    row = Row("f", "row 1", {"question": "?", **values})
    read = choice.question_of(row, 1, first)
    assert read.options == {"A": "x", "B": "y"}
    assert read.answer == letter


def test_a_question_without_options_names_its_row():
    with pytest.raises(BadInput, match="row 7"):
        choice.question_of(Row("f", "row 7", {"question": "?"}), 1)


def test_another_model_chooses_and_may_abstain(monkeypatch):
    from agent.scripted import ScriptedModel

    lines = [AIMessage("It is so.\nAnswer: B"), AIMessage("Answer: ?")]
    monkeypatch.setattr("agent.llm.chat_model", lambda name: ScriptedModel(script=lines))
    monkeypatch.setattr(choice, "passages_on", lambda text: [("words", 0.5)])
    result = benchmark("mirage").run(SAMPLES / "mirage.json", Settings(model="vllm:x"))
    assert [item.verdict for item in result.items] == ["right", "abstained"]


@pytest.mark.parametrize(
    ("said", "diagnosis", "same"),
    [
        ("Primary lung cancer: for it haemoptysis; CT would tell.", "Lung cancer", True),
        ("Most likely: myasthenia gravis.", "Myasthenia gravis", True),
        ("No sign of myasthenia gravis.", "Myasthenia gravis", False),
        ("Pulmonary embolism is likely.", "Acute pulmonary embolism (PE)", True),
        ("Deep vein thrombosis is likely.", "Pulmonary embolism", False),
        ("Chronic disease of the lung.", "Chronic kidney disease", False),
    ],
)
def test_a_diagnosis_is_known_by_its_terms_and_not_by_empty_words(said, diagnosis, same):
    assert same_diagnosis(said, diagnosis) is same


def test_the_patient_says_what_is_asked_for_and_unknown_tests_are_normal():
    scenario = agentclinic.scenario_of(read_rows(SAMPLES / "agentclinic.jsonl")[0], 1)
    assert "40 pack-years" in scenario.says("Do you smoke?")
    assert "40 pack-years" not in scenario.says("What brings you in?")
    assert scenario.says("Do you like music?") == "I don't know anything about that."
    assert "right upper lobe" in scenario.measured("REQUEST TEST: Chest X-ray")
    assert scenario.measured("REQUEST TEST: Troponin") == "RESULTS: NORMAL READINGS"
    assert len(agentclinic.by_protocol(scenario, 3)) == 3


def test_the_agent_sees_the_patients_and_abstains_where_it_knows_no_candidate():
    with without_tools(["search_guidelines"]):
        result = benchmark("agentclinic").run(SAMPLES / "agentclinic.jsonl", Settings())
    assert [item.verdict for item in result.items] == ["right", "abstained"]


def test_a_scenario_without_a_diagnosis_names_its_line():
    row = Row("f.jsonl", "line 3", {"OSCE_Examination": {"Patient_Actor": {"History": "x"}}})
    with pytest.raises(BadInput, match=r"line 3.*Correct_Diagnosis"):
        agentclinic.scenario_of(row, 1)


def test_every_benchmark_has_its_page_of_the_manual():
    page = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in BENCHMARKS)
    assert finished("x", "y", [], [], 0.0).items == ()
