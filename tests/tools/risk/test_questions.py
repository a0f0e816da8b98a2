"""A question in words finds its model and result; the answer is written as the question wants it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from knowledge.errors import ToolRetry
from tools.risk.ask import ask
from tools.risk.catalogue import get_model
from tools.risk.questions import Target, target_of

CALCULATORS = Path(__file__).resolve().parents[2] / "golden" / "risk_calculator_names.tsv"
with CALCULATORS.open(encoding="utf-8", newline="") as _stream:
    NAMES = list(csv.DictReader(_stream, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", NAMES, ids=lambda row: row["name"])
def test_the_name_of_a_bedside_calculator_finds_its_model_and_a_result_of_it(row: dict[str, str]) -> None:
    target = target_of(row["name"])
    assert target == Target(row["model"], row["output"])
    assert target.output in {output.key for output in get_model(target.model).outputs}


@pytest.mark.parametrize(
    ("words", "model", "output"),
    [
        ("CURB-65 Score for Pneumonia Severity", "curb65", "score"),
        ("What is the patient's Pneumonia Severity Index (PSI)?", "psi", "score"),
        ("Framingham Risk Score for Hard Coronary Heart Disease", "framingham_chd", "risk"),
        ("QTc Framingham Calculator", "qtc_framingham", "qtc"),
        ("Using the Framingham Formula for corrected QT interval, what is it in msec?", "qtc_framingham", "qtc"),
        ("What is the patient's albumin corrected delta ratio?", "delta_ratio_albumin", "ratio"),
        ("What is the estimated date of conception?", "due_date", "conception"),
        ("Wells' Criteria for DVT", "wells_dvt", "score"),
        ("framingham_cvd", "framingham_cvd", "risk"),
    ],
)
def test_words_find_the_model_and_the_result(words: str, model: str, output: str) -> None:
    assert target_of(words) == Target(model, output)


def test_a_question_chooses_among_the_results_of_a_named_model() -> None:
    assert target_of("due_date", "What is the estimated date of conception?").output == "conception"


def test_words_that_name_no_model_are_refused() -> None:
    with pytest.raises(ToolRetry, match="names no risk model"):
        target_of("What is the weather?")


def test_a_date_is_written_as_the_question_wants_it() -> None:
    note = "The patient's last menstrual period was on 03/02/2000. Her cycle length is 28 days."
    question = "Using Naegele's rule, what is the due date? Answer in the format of M/D/Y."
    answer = ask(note, get_model("due_date"), question=question, output="due")
    assert answer.answer == "12/09/2000"


def test_what_the_question_gives_is_used() -> None:
    question = "What is the equivalent dosage in mg of PrednisoLONE PO?"
    answer = ask("Patient has taken 4 mg of MethylPrednisoLONE IV.", get_model("steroid_conversion"), question=question,
                 output="dose")  # fmt: skip
    assert answer.answer == "5"


def test_without_an_input_there_is_no_answer() -> None:
    answer = ask("A 60-year-old man.", get_model("mdrd"), question="MDRD?", output="egfr")
    assert answer.answer is None
    assert "lab.creatinine" in answer.missing


def test_a_span_is_written_in_weeks_and_days_where_the_question_asks_for_them() -> None:
    note = "Her last menstrual period began on 03/02/2000. Today's date is 06/10/2000."
    question = "What is the estimated gestational age? Answer in the format of (X weeks, Y days)."
    model = get_model("gestational_age")
    assert ask(note, model, question=question, output="days").answer == "(14 weeks, 2 days)"
    assert ask(note, model, question="What is it in total number of days?", output="days").answer == "100"
