"""Figures of risks at a horizon: as other libraries or a calculation by hand give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from knowledge.errors import ToolRetry
from tools.risk.train import survival_metrics as metrics
from tools.risk.train.data import load_training_table
from tools.risk.train.run import folds
from tools.risk.train.run_survival import horizon_of, train_survival
from tools.risk.train.store import TrainedModel

HORIZON = 1.0


def simulated(rows: int = 4000, seed: int = 0) -> tuple[Any, Any, Any]:
    """Exponential times with the log hazard `lp`, censored at random: time, event, lp."""
    random = np.random.default_rng(seed)
    lp = random.normal(-0.5, 1, rows)
    time = random.exponential(np.exp(-lp))
    censored = random.exponential(2.0, rows)
    return np.minimum(time, censored), (time <= censored).astype(int), lp


def test_survival_curve_of_lifelines_with_ties() -> None:
    from lifelines import KaplanMeierFitter

    random = np.random.default_rng(1)
    time, event = random.integers(1, 20, 150).astype(float), random.integers(0, 2, 150)
    at = np.arange(0, 25, 0.5)
    peer = KaplanMeierFitter().fit(time, event).survival_function_at_times(at).to_numpy()
    np.testing.assert_allclose(metrics.surviving(time, event, at), peer, rtol=1e-12)
    assert metrics.surviving(time, event, 1.0, before=True) == 1.0


def test_slope_is_the_cox_coefficient_of_lifelines() -> None:
    from lifelines import CoxPHFitter

    time, event, lp = simulated(400)
    frame = pd.DataFrame({"x": lp + 3, "time": time, "event": event})
    peer = CoxPHFitter().fit(frame, "time", "event").params_["x"]
    assert metrics.cox_slope(time, event, lp + 3) == pytest.approx(peer, rel=1e-4)
    assert np.isnan(metrics.cox_slope(time, event, np.ones(400)))


@pytest.mark.parametrize(("factor", "slope"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_slope_finds_predictions_that_are_too_extreme(factor: float, slope: float) -> None:
    time, event, lp = simulated()
    risk = 1 - np.exp(-HORIZON * np.exp(factor * lp))
    assert metrics.calibration_slope(time, event, risk, HORIZON) == pytest.approx(slope, rel=0.08)


@pytest.mark.parametrize(("factor", "intercept"), [(1.0, 0.0), (0.5, np.log(2)), (2.0, -np.log(2))])
def test_intercept_finds_predictions_that_are_too_low(factor: float, intercept: float) -> None:
    time, event, lp = simulated()
    expected = factor * np.minimum(time, HORIZON) * np.exp(lp)
    assert metrics.calibration_intercept(time, event, expected, HORIZON) == pytest.approx(intercept, abs=0.08)
    risk = 1 - np.exp(-HORIZON * np.exp(lp))
    assert metrics.observed_to_expected(time, event, risk, HORIZON) == pytest.approx(1, abs=0.05)


def test_without_censoring_they_are_the_figures_of_a_yes_no_outcome() -> None:
    from tools.risk.train.metrics import brier, net_benefits

    random = np.random.default_rng(2)
    time, risk = random.exponential(1.0, 500), random.random(500)
    event, outcome = np.ones(500, dtype=int), (time <= HORIZON).astype(int)
    assert metrics.censored_brier(time, event, risk, HORIZON) == pytest.approx(brier(outcome, risk))
    np.testing.assert_allclose(metrics.net_benefits(time, event, risk, HORIZON), net_benefits(outcome, risk))
    for row in metrics.observed_by_group(time, event, risk, HORIZON):
        assert row["low"] < row["observed"] < row["high"]


def study(tmp_path: Path, change: Any = None, **names: Any) -> Any:
    time, event, lp = simulated(500)
    frame = pd.DataFrame({"x": lp, "site": np.where(np.arange(500) % 3, "a", "b"), "age": 40 + np.arange(500) % 37})
    frame = frame.assign(days=time, died=event)
    path = tmp_path / "t.csv"
    (frame if change is None else change(frame)).to_csv(path, index=False)
    return load_training_table(path, None, "days", "died", **names)


@pytest.mark.slow
def test_a_model_of_time_to_event_reports_calibration_with_intervals_and_by_group(tmp_path: Path) -> None:
    made = study(tmp_path)
    model, report = train_survival(made, "died", HORIZON, 0, lambda _: None, ["site", "age"], ["cox"])
    found = report["learners"]["cox"]["metrics"]
    assert set(found) == {
        "c_index", "brier_at_horizon", "calibration_intercept", "calibration_slope", "observed_to_expected",
    }  # fmt: skip
    assert found["calibration_slope"]["low"] < 1 < found["calibration_slope"]["high"]
    assert found["calibration_intercept"]["low"] < 0 < found["calibration_intercept"]["high"]
    groups = [(row["column"], row["level"]) for row in report["subgroups"]]
    assert groups == [("site", "a"), ("site", "b"), ("age", "40 to 51"), ("age", "51 to 64"), ("age", "64 to 76")]
    assert all("calibration_slope" in row["metrics"] for row in report["subgroups"])
    assert {"low", "high"} <= set(report["calibration_curve"][0]) & set(report["decision_curve"][0])
    model.save(tmp_path / "run")
    np.testing.assert_array_equal(TrainedModel.load(tmp_path / "run").risk(made.frame), model.risk(made.frame))


def test_a_copy_of_the_event_or_of_the_time_is_left_out(tmp_path: Path) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        vital = np.where(frame.died, "deceased", "alive")
        return frame.assign(vital=vital, log_months=np.log(frame.days / 30), early=frame.days / 30)

    assert set(study(tmp_path, change).dropped) == {"vital", "log_months", "early"}


def test_rows_of_one_patient_never_lie_on_both_sides_of_a_split(tmp_path: Path) -> None:
    made = study(tmp_path, lambda frame: frame.assign(patient_id=np.arange(500) // 4))
    assert "identifies" in made.dropped["patient_id"]
    assert len(np.unique(made.groups)) == 125
    patients = np.arange(500) // 4
    for train, test in folds(made, 5, 0):
        assert set(patients[train]).isdisjoint(patients[test])


@pytest.mark.parametrize(("horizon", "says"), [(1e9, "outside"), (float("nan"), "outside"), (1e-3, "events before")])
def test_a_horizon_at_which_nothing_can_be_measured_is_refused(tmp_path: Path, horizon: float, says: str) -> None:
    with pytest.raises(ToolRetry, match=says):
        horizon_of(study(tmp_path), horizon)
