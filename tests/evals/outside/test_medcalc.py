"""MedCalc-Bench by its own columns: made-up notes, hand-made answers, grading as the release grades."""

from __future__ import annotations

import json

import pytest

from agent.cli import main
from evals.outside.medcalc import within
from evals.outside.registry import Settings, benchmark
from knowledge.errors import BadInput, ToolRetry

HEAD = (
    "Row Number,Calculator ID,Calculator Name,Category,Output Type,Note ID,Patient Note,Question,Relevant Entities,"
    "Ground Truth Answer,Lower Limit,Upper Limit,Ground Truth Explanation\n"
)
NOTE = '"A 60-year-old man. Blood pressure 120/60 mmHg. Height 180 cm, weight 81 kg."'
END = ",{{}},{answer},{low},{high},x\n"
MAP = "1,5,Mean Arterial Pressure (MAP),lab test,decimal,n1,{note},What is the mean arterial pressure?" + END
BMI = "2,6,Body Mass Index (BMI),physical,decimal,n1,{note},What is the body mass index in kg/m2?" + END


def _file(folder, *rows):
    file = folder / "medcalc.csv"
    file.write_text(HEAD + "".join(rows))
    return file


def test_a_right_answer_a_wrong_one_and_one_that_cannot_be_compared(tmp_path):
    file = _file(
        tmp_path,
        MAP.format(note=NOTE, answer=80, low=76, high=84),
        BMI.format(note=NOTE, answer=30, low=28.5, high=31.5),
        BMI.format(note=NOTE, answer="", low="", high="").replace("2,6", "3,6"),
    )
    result = benchmark("MedCalc-Bench").run(file, Settings())
    assert [item.verdict for item in result.items] == ["right", "wrong", "not_scored"]
    assert result.not_scored == 1
    assert result.figures[0].estimate.value == pytest.approx(0.5)
    assert result.figures[0].estimate.number == 2
    assert result.items[1].given == "25"


def test_an_abstention_is_right_where_it_is_asked_for_and_is_not_right_elsewhere(tmp_path):
    bare = '"A 60-year-old man feels well."'
    file = _file(
        tmp_path,
        MAP.format(note=bare, answer="N/A", low="N/A", high="N/A"),
        MAP.format(note=bare, answer=80, low=76, high=84),
        MAP.format(note=NOTE, answer="N/A", low="N/A", high="N/A"),
    )
    verdicts = [item.verdict for item in benchmark("medcalc").run(file, Settings()).items]
    assert verdicts == ["right", "abstained", "wrong"]


def test_a_calculator_that_is_not_known_is_an_abstention(tmp_path):
    file = _file(
        tmp_path, MAP.format(note=NOTE, answer=1, low=1, high=1).replace("Mean Arterial Pressure (MAP)", "Zog")
    )
    assert benchmark("medcalc").run(file, Settings()).items[0].verdict == "abstained"


@pytest.mark.parametrize(
    ("answer", "expected", "low", "high", "right"),
    [
        ("25.2", "25", "24", "26", True),
        ("23.9", "25", "24", "26", False),
        ("2007-07-27", "07/27/2007", "07/27/2007", "07/27/2007", True),
        ("07/28/2007", "07/27/2007", "07/27/2007", "07/27/2007", False),
        ("100", "('14 weeks', '2 days')", "", "", True),
        ("101", "('14 weeks', '2 days')", "", "", False),
        ("(14 weeks, 2 days)", "('14 weeks', '2 days')", "", "", True),
        ("(14 weeks, 2 days)", "100", "100", "100", False),
        ("1,250", "1250", None, None, True),
        ("1,000", "1250", None, None, False),
        ("-4.1", "-4", "-4.2", "-3.8", True),
        ("-4.1", "-4", "-3.8", "-4.2", True),
        ("5", "n/a", None, None, False),
    ],
)
def test_grading_is_that_of_the_release(answer, expected, low, high, right):
    assert within(answer, expected, low, high) is right


def test_without_limits_a_whole_number_has_no_tolerance():
    assert within("20.5", "20") is True
    assert within("20.5", "20", whole=True) is False
    assert within("20", "20.0", whole=True) is True


def test_a_missing_column_is_named_before_anything_runs(tmp_path):
    file = tmp_path / "m.csv"
    file.write_text("Row Number,Calculator Name,Question\n1,BMI,what\n")
    with pytest.raises(BadInput, match="Patient Note"):
        benchmark("medcalc").run(file, Settings())


def test_the_command_prints_json_and_names_an_unknown_benchmark(tmp_path, capsys):
    file = _file(tmp_path, MAP.format(note=NOTE, answer=80, low=76, high=84))
    with pytest.raises(SystemExit) as done:
        main(["eval", "--benchmark", "medcalc", "--data", str(file), "--json"])
    assert done.value.code == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["verdict"] == "right"
    with pytest.raises(SystemExit):
        main(["eval", "--benchmark", "list"])
    assert "pharmcat" in capsys.readouterr().out
    with pytest.raises(ToolRetry, match="medcalc"):
        benchmark("nothing")
