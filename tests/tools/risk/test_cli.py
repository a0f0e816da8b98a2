"""`consilium risk`: exit codes, JSON and nothing else, quotes from a note."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import main

PREVENT = [
    *("age=50", "sex=female", "systolic_bp=160", "hypertension_treated=yes", "total_cholesterol=200 mg/dL"),
    *("hdl_cholesterol=45 mg/dL", "statin=no", "diabetes=yes", "smoker=never", "egfr=90", "bmi=35 kg/m2"),
]


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(["risk", *arguments])
    captured = capsys.readouterr()
    return int(leaving.value.code or 0), captured.out, captured.err


def inputs(texts: list[str]) -> list[str]:
    return [part for text in texts for part in ("-i", text)]


def test_compute_prints_json_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["compute", "prevent", *inputs(PREVENT), "--what-if", "systolic_bp=120", "--json"], capsys)
    body = json.loads(out)
    assert code == 0
    assert body["estimate"]["outputs"][0]["shown"] == 14.7
    assert body["what_if"]["outputs"][0]["shown"] < 10


def test_explain_writes_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "p.svg"
    code, out, _ = run(["compute", "prevent", *inputs(PREVENT), "--explain", "--plot", str(picture)], capsys)
    assert code == 0
    assert "systolic" in out
    assert "<svg" in picture.read_text()


def test_what_if_prints_the_difference_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "p.svg"
    code, out, _ = run(
        ["compute", "prevent", *inputs(PREVENT), "--what-if", "systolic_bp=120", "--plot", str(picture)], capsys
    )
    assert code == 0
    assert "difference" in out
    assert "systolic blood pressure 120 mmHg" in picture.read_text()


def test_a_sweep_prints_choices_by_name_and_draws_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "p.svg"
    code, out, _ = run(["compute", "prevent", *inputs(PREVENT), "--sweep", "smoker", "--plot", str(picture)], capsys)
    assert code == 0
    assert "current" in out
    assert "current" in picture.read_text()


def test_several_pictures_get_names_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--explain", "--sweep", "systolic_bp", "--what-if", "systolic_bp=120", "--plot", str(tmp_path / "p.svg")]
    code, out, _ = run(["compute", "prevent", *inputs(PREVENT), *asked, "--json"], capsys)
    assert code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["p-contributions.svg", "p-sweep.svg", "p-what-if.svg"]
    assert len(json.loads(out)["pictures"]) == 3


def test_contributions_are_printed_with_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(["compute", "prevent", *inputs(PREVENT), "--explain"], capsys)
    _, body, _ = run(["compute", "prevent", *inputs(PREVENT), "--explain", "--json"], capsys)
    explained = json.loads(body)["explanation"]
    total = sum(row["on_result_scale"] for row in explained["contributions"])
    assert explained["reference_result"] + total == pytest.approx(explained["result"], abs=1e-9)
    assert f"{total:+.2f}" in out
    assert "changeable input" in out


def test_a_stage_that_cannot_be_explained_is_printed_first(capsys: pytest.CaptureFixture[str]) -> None:
    facts = ["lesion_count=1", "tumour.size=18 mm", "vascular_invasion=no", "metastatic=no", "ecog=0", "child_pugh=A"]
    code, out, err = run(["compute", "bclc", *inputs(facts), "--explain"], capsys)
    assert code == 1
    assert "BCLC stage is 0" in out
    assert "no contributions" in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("systolic_bp=300", "outside of the range"),
        ("condition.gout=yes", "does not use"),
        ("systolic_bp=high", "number"),
    ],
)
def test_a_what_if_that_cannot_be_answered_says_why(change: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(["compute", "prevent", *inputs(PREVENT), "--what-if", change], capsys)
    assert code != 0
    assert told in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "prevent"], 0),
        (["list", "--field", "cancer"], 0),
        (["list", "--field", "astrology"], 2),
        (["show", "no_model"], 2),
        (["compute", "ckd_epi_2021", "-i", "age=50", "-i", "sex=female"], 2),
        (["compute", "ckd_epi_2021", "-i", "age=5", "-i", "sex=female", "-i", "creatinine=1 mg/dL"], 1),
        (["compute", "ckd_epi_2021", "-i", "age=50", "-i", "sex=female", "-i", "creatinine=88 mg/dL"], 2),
        (["cohort", "none.csv", "--model", "bmi"], 1),
        (["ask", "--note", "none.txt", "--model", "bmi"], 1),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    found, _, err = run(arguments, capsys)
    assert found == code
    assert "Traceback" not in err


def test_every_model_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(["list", "--json"], capsys)
    names = [row["name"] for row in json.loads(out)]
    assert len(names) >= 70
    for name in names:
        _, shown, _ = run(["show", name, "--json"], capsys)
        assert json.loads(shown)["inputs"]


def test_a_note_is_answered_with_exact_quotes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "A 62-year-old woman. Serum creatinine 1.4 mg/dL. Height 165 cm, weight 80 kg."
    note = tmp_path / "note.txt"
    note.write_text(text)
    code, out, _ = run(["ask", "--note", str(note), "--model", "cockcroft_gault", "--json"], capsys)
    body = json.loads(out)
    assert code == 0
    assert body["estimate"]["outputs"][0]["value"] == pytest.approx((140 - 62) * 80 / (72 * 1.4) * 0.85)
    assert {q["input"] for q in body["quotes"]} == {"creatinine", "age", "sex", "weight", "height"}
    for quote in body["quotes"]:
        assert text[quote["start"] : quote["end"]] == quote["quote"]


def test_a_note_without_what_is_needed_abstains_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("A 62-year-old woman.")
    code, out, _ = run(["ask", "--note", str(note), "--model", "ckd_epi_2021", "--json"], capsys)
    body = json.loads(out)
    assert code == 2
    assert body["missing"] == ["lab.creatinine"]
    assert body["estimate"]["outputs"] == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--target", "e", "--time", "t", "--event", "e"], "Give --target"),
        (["--time", "t", "--event", "e", "--learner", "svm"], "Learners: cox, cox_network"),
        (["--target", "e", "--learner", "cox"], "Learners: logistic"),
        (["--time", "t", "--event", "e", "--by", "ward"], "no column 'ward'"),
        (["--time", "when", "--event", "e"], "no column 'when'"),
        (["--time", "t", "--event", "e", "--explain", "101"], "rows 1 to 100"),
        (["--time", "t", "--event", "e", "--horizon", "0"], "outside of the follow-up"),
    ],
)
def test_training_refuses_what_does_not_fit_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,t,e\n" + "".join(f"{i * 37 % 11},{i + 1},{i % 2}\n" for i in range(100)))
    with pytest.raises(SystemExit) as leaving:
        main(["train", "risk", str(path), *options, "--out", str(tmp_path / "out")])
    assert leaving.value.code in (1, 2)
    assert says in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
