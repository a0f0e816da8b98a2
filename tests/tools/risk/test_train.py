"""Models trained on the user's table: no leakage, honest figures, saved without code, same risks after loading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from knowledge.errors import BadInput
from tools.risk.train import survival
from tools.risk.train.data import Encoder, load_training_table
from tools.risk.train.learners import LEARNERS
from tools.risk.train.metrics import auroc, calibration, decision_curve
from tools.risk.train.run import folds, train_binary, write_run
from tools.risk.train.run_survival import train_survival
from tools.risk.train.store import TrainedModel


def make(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x, z = random.normal(size=rows), random.normal(size=rows)
    site = random.choice(["a", "b", "c"], rows)
    risk = 1 / (1 + np.exp(-(1.5 * x - 0.8 * (site == "b") - 0.5)))
    frame = pd.DataFrame({"x": x, "z": z, "site": site, "sick": random.random(rows) < risk})
    frame.loc[::11, "x"] = np.nan
    return frame


def table(tmp_path: Path, frame: pd.DataFrame, **names: Any) -> Any:
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    return load_training_table(path, **{"target": "sick", **names})


def test_identifiers_copies_and_constants_are_left_out_and_said(tmp_path: Path) -> None:
    frame = make()
    frame["patient"] = [f"p{i}" for i in range(len(frame))]
    frame["row"] = np.arange(len(frame))
    frame["diagnosis"] = np.where(frame.sick, "ill", "well")
    frame["score"] = frame.sick * 3.0 + 1
    frame["hospital"] = "one"
    made = table(tmp_path, frame)
    assert set(made.dropped) == {"patient", "row", "diagnosis", "score", "hospital"}
    assert made.features == ["x", "z", "site"]


def test_copies_of_a_row_never_lie_on_both_sides_of_a_split(tmp_path: Path) -> None:
    made = table(tmp_path, pd.concat([make(150), make(150)], ignore_index=True))
    assert any("copies stay in one fold" in text for text in made.warnings)
    for train, test in folds(made, 5, 0):
        assert set(made.groups[train]).isdisjoint(made.groups[test])


def test_nothing_is_learnt_from_test_rows() -> None:
    frame = make()
    one = Encoder.fit(frame.iloc[:100], ["x", "z", "site"])
    changed = frame.copy()
    changed.loc[100:, "x"] = 1e6
    assert Encoder.fit(changed.iloc[:100], ["x", "z", "site"]) == one


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(columns="sick"), "no column"),
        (lambda f: f.assign(sick=1), "two values"),
        (lambda f: f.assign(sick=np.arange(len(f)) % 3), "two values"),
        (lambda f: f.head(30), "rows"),
        (lambda f: f[["sick"]].assign(c=1), "no feature"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, change: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        table(tmp_path, change(make()))


@pytest.mark.parametrize("name", LEARNERS)
def test_a_saved_learner_gives_the_scores_of_its_library(name: str) -> None:
    frame = make(160)
    features, outcome = Encoder.fit(frame, ["x", "z", "site"]).transform(frame), frame.sick.to_numpy().astype(int)
    learner = LEARNERS[name]
    options = learner.grid[0]
    found = learner.score(learner.fit(features, outcome, options, 0), features)
    if name == "logistic":
        from sklearn.linear_model import LogisticRegression

        expected = LogisticRegression(max_iter=3000, **options).fit(features, outcome).decision_function(features)
    elif name == "svm":
        from sklearn.svm import SVC

        gamma = options["gamma"] / features.shape[1]
        peer = SVC(C=options["C"], gamma=gamma, class_weight=options["class_weight"]).fit(features, outcome)
        expected = peer.decision_function(features)
    elif name == "boosting":
        from sklearn.ensemble import GradientBoostingClassifier

        peer = GradientBoostingClassifier(subsample=0.7, random_state=0, **options)
        expected = peer.fit(features.astype(np.float32), outcome).decision_function(features.astype(np.float32))
    else:
        assert auroc(outcome, found) > 0.7
        return
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_training_measures_saves_and_loads(tmp_path: Path) -> None:
    made = table(tmp_path, make(400))
    model, report = train_binary(made, "sick", ["logistic"], 0, lambda _: None, by=["site"])
    metrics = report["learners"]["logistic"]["metrics"]
    assert 0.7 < metrics["auroc"]["value"] < 0.95
    assert metrics["auroc"]["low"] < metrics["auroc"]["value"] < metrics["auroc"]["high"]
    assert abs(metrics["calibration_intercept"]["value"]) < 0.4
    assert {row["level"] for row in report["subgroups"]} == {"a", "b", "c"}
    write_run(tmp_path / "run", model, report, made, "t.csv")
    loaded = TrainedModel.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.risk(made.frame), model.risk(made.frame))
    assert "nested cross-validation" in (tmp_path / "run" / "model.card.md").read_text()
    assert (tmp_path / "run" / "calibration.svg").read_text().startswith("<?xml")


def test_noise_is_reported_as_noise(tmp_path: Path) -> None:
    frame = make(300)
    frame["sick"] = np.random.default_rng(5).random(300) < 0.5
    _, report = train_binary(table(tmp_path, frame), "sick", ["logistic"], 0, lambda _: None)
    entry = report["learners"]["logistic"]["metrics"]["auroc"]
    assert entry["low"] < 0.5 + 0.06
    assert entry["value"] < 0.6


def test_a_changed_or_foreign_file_is_not_loaded(tmp_path: Path) -> None:
    frame = make(160)
    encoder = Encoder.fit(frame, ["x", "z"])
    features = encoder.transform(frame)
    arrays = LEARNERS["logistic"].fit(features, frame.sick.to_numpy().astype(int), {"C": 1.0}, 0)
    TrainedModel("logistic", encoder, arrays, "sick").save(tmp_path)
    data = bytearray((tmp_path / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(bytes(data))
    with pytest.raises(BadInput, match="changed"):
        TrainedModel.load(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(BadInput, match="consilium-risk"):
        TrainedModel.load(tmp_path)


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    outcome, score = random.integers(0, 2, 300), random.normal(size=300).round(1)
    assert auroc(outcome, score) == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)


def test_calibration_finds_a_known_miscalibration() -> None:
    random = np.random.default_rng(2)
    log_odds = random.normal(size=20000)
    outcome = (random.random(20000) < 1 / (1 + np.exp(-(0.5 + 0.5 * log_odds)))).astype(int)
    risk = 1 / (1 + np.exp(-log_odds))
    intercept, slope = calibration(outcome, risk)
    assert slope == pytest.approx(0.5, abs=0.05)
    assert intercept > 0.4


def test_net_benefit_by_hand() -> None:
    outcome, risk = np.array([1, 1, 0, 0]), np.array([0.9, 0.3, 0.6, 0.1])
    row = next(r for r in decision_curve(outcome, risk) if r["threshold"] == 0.5)
    assert row["model"] == pytest.approx(1 / 4 - 1 / 4)
    assert row["all"] == pytest.approx(0.0)


@pytest.mark.slow
def test_time_to_event_on_a_table_of_lifelines(tmp_path: Path) -> None:
    from lifelines.datasets import load_rossi

    path = tmp_path / "rossi.csv"
    load_rossi().to_csv(path, index=False)
    made = load_training_table(path, None, "week", "arrest")
    model, report = train_survival(made, "arrest", 40, 0, lambda _: None)
    assert report["learners"]["cox"]["metrics"]["c_index"]["value"] > 0.55
    model.save(tmp_path / "run")
    risk = TrainedModel.load(tmp_path / "run").risk(made.frame)
    assert ((risk > 0) & (risk < 1)).all()
    np.testing.assert_array_equal(risk, model.risk(made.frame))


def test_the_baseline_hazard_is_nelson_aalen_without_features() -> None:
    from lifelines import NelsonAalenFitter

    random = np.random.default_rng(3)
    time, event = random.integers(1, 30, 200).astype(float), random.integers(0, 2, 200)
    times, hazard = survival.baseline_hazard(np.zeros(200), time, event)
    peer = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event)
    np.testing.assert_allclose(hazard, peer.cumulative_hazard_.loc[times].to_numpy()[:, 0], rtol=1e-9)


@pytest.mark.slow
def test_shap_values_add_up_and_lime_finds_the_cause() -> None:
    from tools.risk.train.explain import lime_row, shap_row

    frame = make(200).fillna(0.0)
    encoder = Encoder.fit(frame, ["x", "z"])
    arrays = LEARNERS["logistic"].fit(encoder.transform(frame), frame.sick.to_numpy().astype(int), {"C": 1.0}, 0)
    model = TrainedModel("logistic", encoder, arrays, "sick")
    row = frame[frame.x > 1.2].head(1)
    made = shap_row(model, frame, row)
    assert made.base + sum(e.effect for e in made.effects) == pytest.approx(made.risk, abs=1e-6)
    assert made.effects[0].feature == "x"
    local = lime_row(model, frame, row, samples=300)
    assert local.effects[0].feature == "x"
    assert local.effects[0].effect > 0.1


@pytest.mark.parametrize("cell", ["thick", float("inf")])
def test_text_or_infinity_in_a_column_of_numbers_is_refused_with_its_row(cell: object) -> None:
    frame = make(80)
    encoder = Encoder.fit(frame, ["x"])
    model = TrainedModel("logistic", encoder, {"coef": np.ones(2), "intercept": np.zeros(1)}, "sick")
    assert len(model.risk(frame)) == 80
    column = frame["x"].astype(object)
    column.iloc[3] = cell
    with pytest.raises(BadInput, match="column x, row 4"):
        model.risk(frame.assign(**{"x": column}))


def test_rows_outside_of_the_training_are_pointed_out(tmp_path: Path) -> None:
    frame = make(80)
    encoder = Encoder.fit(frame, ["x", "site"])
    assert encoder.outside(frame) == []
    frame.loc[5, "x"], frame.loc[7, "site"] = 88.0, "elsewhere"
    again = Encoder.from_dict(json.loads(json.dumps(encoder.as_dict())))
    first, second = again.outside(frame)
    assert first.startswith("x: 1 rows outside of the training (")
    assert first.endswith("first row 6")
    assert second == "site: 1 rows with a value that the training did not have, first row 8"
