"""Typed inputs: units are converted, never guessed; nonsense is refused with what would be accepted."""

from __future__ import annotations

import pytest

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from tools.risk.catalogue import get_model
from tools.risk.compute import estimate
from tools.risk.inputs import facts_from, parse_fact


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("creatinine=88.4 umol/L", "lab.creatinine", 1.0),
        ("creatinine=88.4 µmol/L", "lab.creatinine", 1.0),
        ("patient.height=5'8\"", "patient.height", 172.72),
        ("patient.height=5 ft 8 in", "patient.height", 172.72),
        ("patient.height=1.72 m", "patient.height", 172.0),
        ("patient.weight=150 lb", "patient.weight", 68.0389),
        ("hba1c=48 mmol/mol", "lab.hba1c", 6.543),
        ("sodium=140 mEq/L", "lab.sodium", 140.0),
        ("total_cholesterol=5.17 mmol/L", "lab.total_cholesterol", 199.898),
        ("temperature=98.6 F", "vital.temperature", 37.0),
        ("white_cells=7.5 K/uL", "lab.white_cells", 7.5),
        ("white_cells=7500 cells/uL", "lab.white_cells", 7.5),
        ("platelets=150000 /uL", "lab.platelets", 150.0),
        ("urea_nitrogen=7 mmol/L", "lab.urea_nitrogen", 19.607),
        ("albumin=35 g/L", "lab.albumin", 3.5),
        ("calcium=2.5 mmol/L", "lab.calcium", 10.0195),
        ("calcium=5 mEq/L", "lab.calcium", 10.0195),
        ("bilirubin=34.2 umol/L", "lab.bilirubin", 1.99954),
        ("insulin=60 pmol/L", "lab.insulin", 10.0),
        ("systolic_bp=16 kPa", "vital.systolic_bp", 120.01),
        ("patient.age=6 mo", "patient.age", 0.5),
        ("pao2=8 kPa", "lab.pao2", 60.0),
    ],
)
def test_units_are_converted(text: str, name: str, value: float) -> None:
    fact = parse_fact(text)
    assert fact.name == name
    assert fact.canonical() == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "creatinine=1.0",
        "creatinine=one mg/dL",
        "creatinine=1.0 mg/dLx",
        "creatinine=1 kg",
        "creatinine=inf mg/dL",
        "creatinine=nan mg/dL",
        "sex=both",
        "diabetes=maybe",
        "gcs=14.5",
        "nothing=1",
        "creatinine",
        "creatinine=",
        "=1",
    ],
)
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ToolRetry):
        parse_fact(text, get_model("prevent"))


def test_swapped_units_are_caught_and_the_likely_unit_is_named() -> None:
    found = estimate("ckd_epi_2021", facts_from(["age=60", "sex=male", "creatinine=88 mg/dL"]))
    assert found.status == "implausible"
    assert "umol/L" in found.problems[0].text


@pytest.mark.parametrize(("age", "status"), [(-1, "implausible"), (300, "implausible"), (17, "not_applicable")])
def test_impossible_or_unfitting_ages(age: int, status: str) -> None:
    assert estimate("ckd_epi_2021", facts_from([f"age={age}", "sex=male", "creatinine=1 mg/dL"])).status == status


def test_an_input_may_be_derived_and_says_so() -> None:
    inputs = ["age=60", "sex=male", "creatinine=2 mg/dL", "acr=300 mg/g"]
    found = estimate("kfre", facts_from(inputs, get_model("kfre")))
    assert found.status == "computed"
    assert next(i for i in found.inputs if i.key == "egfr").how == "derived"


@pytest.mark.parametrize(
    ("tumour", "score"),
    [("pancreatic_cancer", 3), ("gastric_cancer", 3), ("lung_adenocarcinoma", 2), ("ovarian_high_grade_serous", 2),
     ("testicular_germ_cell", 2), ("breast_cancer", 1)],
)  # fmt: skip
def test_the_khorana_site_follows_from_the_tumour(tumour: str, score: int) -> None:
    """Khorana 2008, Table 1: two for stomach and pancreas, one for lung, gynaecological, testis; platelets add one."""
    facts = [("tumour.type", tumour, None), ("lab.platelets", 380, "10*9/L"), ("lab.haemoglobin", 11.6, "g/dL"),
             ("lab.white_cells", 8.1, "10*9/L"), ("patient.bmi", 24, "kg/m2")]  # fmt: skip
    book = FactBook(SourcedFact(Fact(name=n, value=v, unit=u), "x", Authority.STRUCTURED) for n, v, u in facts)
    assert estimate("khorana", book).main().value == score


def test_the_khorana_score_asks_for_the_site() -> None:
    assert "tumour.khorana_site" in [p.fact for p in estimate("khorana", FactBook()).problems]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        (["creatinine=1 mg/dL", "creatinine=2 mg/dL"], "given twice: 1.0 and 2.0"),
        (["creatinine=1,1 mg/dL"], "a point, not a comma"),
        (["foo=3"], "takes creatinine, age, sex"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(inputs: list[str], says: str) -> None:
    with pytest.raises(ToolRetry, match=says):
        facts_from(inputs, get_model("ckd_epi_2021"))
