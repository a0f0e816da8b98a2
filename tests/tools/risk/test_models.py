"""What holds for every published model: declared facts, one value for one or many patients, exact explanations."""

from __future__ import annotations

import math

import pytest

from evals.benchmarks.risk import measure, patients
from knowledge.facts import vocabulary
from tools.risk.catalogue import models
from tools.risk.explain import explain, influences, on_scale, sweep
from tools.risk.model import RiskModel
from tools.risk.resolve import Resolution

ALL = list(models().values())
NAMES = [m.name for m in ALL]


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_facts_codes_and_rules_are_declared(model: RiskModel) -> None:
    known = vocabulary()
    names = [f for i in model.inputs for f in (i.fact, *i.also)]
    names += [o.fact for o in model.outputs if o.fact] + [r.fact for r in model.rules] + list(model.relevant)
    assert [n for n in names if n not in known] == []
    for item in model.inputs:
        if known[item.fact].kind == "code":
            assert item.codes
            assert set(item.codes) <= set(known[item.fact].values)
    assert len({i.name for i in model.inputs}) == len(model.inputs)


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_many_patients_at_once_get_the_value_of_one_at_a_time(model: RiskModel) -> None:
    assert measure(model, 600)["worst"] < 1e-12


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_a_model_says_where_it_comes_from(model: RiskModel) -> None:
    assert len(model.source) > 10
    assert model.limits.endswith(".")
    assert model.purpose
    assert model.population


EXPLAINED = ["prevent", "pce", "brock", "plcom2012", "kfre", "score2", "qrisk3", "chads_vasc", "curb65", "meld3"]


@pytest.mark.parametrize("name", EXPLAINED)
def test_contributions_add_up_on_both_scales(name: str) -> None:
    model = models()[name]
    output = model.outputs[0]
    for i in range(5):
        columns = patients(model, 5, seed=3)
        numbers = {k: float(v[i]) for k, v in columns.items()}
        made = explain(model, Resolution(numbers=numbers))
        total = math.fsum(c.on_result_scale for c in made.contributions)
        assert made.reference_result + total == pytest.approx(made.result, abs=1e-9)
        scaled = math.fsum(c.on_model_scale for c in made.contributions)
        start = on_scale(made.reference_result, output.link)
        assert start + scaled == pytest.approx(on_scale(made.result, output.link), abs=1e-8)


def test_an_additive_model_gives_each_input_its_own_term() -> None:
    model = models()["brock_parsimonious"]
    numbers = {"sex": 0.0, "diameter": 14.0, "upper_lobe": 1.0, "spiculated": 1.0}
    made = {c.key: c.on_model_scale for c in explain(model, Resolution(numbers=numbers)).contributions}
    assert made["upper_lobe"] == pytest.approx(0.6009)
    assert made["spiculated"] == pytest.approx(0.9309)
    assert made["diameter"] == pytest.approx(-5.5537 * (1.4**-0.5 - 0.6**-0.5))


def test_the_most_influential_changeable_input_comes_first() -> None:
    model = models()["prevent"]
    numbers = {k: float(v[0]) for k, v in patients(model, 1).items()}
    numbers |= {
        "systolic_bp": 190.0,
        "smoker": 0.0,
        "total_cholesterol": 195.0,
        "hdl_cholesterol": 50.0,
        "treated": 0.0,
    }
    made = influences(model, Resolution(numbers=numbers))
    assert made[0].key == "systolic_bp"
    assert made[0].difference < 0


def test_a_sweep_runs_over_the_range() -> None:
    model = models()["brock_parsimonious"]
    numbers = {"sex": 0.0, "diameter": 14.0, "upper_lobe": 1.0, "spiculated": 1.0}
    made = sweep(model, Resolution(numbers=numbers), "diameter", [4, 8, 16, 30])
    results = [point.result for point in made]
    assert results == sorted(results)
    assert len(results) == 4
