"""Explanations of trained models: SHAP values, and LIME on request, on the scale of the predicted risk.

SHAP: Lundberg SM, Lee SI 2017 (package shap, exact or permutation explainer). LIME: Ribeiro MT et al. 2016,
doi 10.1145/2939672.2939778 (package captum).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.evidence import Record
from tools.risk.train.store import TrainedModel


class FeatureEffect(Record):
    """What one encoded feature adds to the predicted risk (0 to 1) of one row."""

    feature: str
    value: float
    effect: float


class RowExplanation(Record):
    """Effects of features, largest first. With SHAP, base + effects = risk."""

    method: str
    base: float
    risk: float
    effects: tuple[FeatureEffect, ...]


def shap_row(model: TrainedModel, background: Any, row: Any, seed: int = 0) -> RowExplanation:
    """SHAP values of one row (a data frame of one row) against a sample of up to 100 background rows."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # raised by shap's colour maps
        import shap

    sample = background.sample(min(100, len(background)), random_state=seed)
    base, point = model.encoder.transform(sample), model.encoder.transform(row)
    masker = shap.maskers.Independent(base, max_samples=100)
    explainer = shap.explainers.Permutation(model.encoded_risk, masker, seed=seed)
    found = explainer(point, max_evals=2 * point.shape[1] * 5 + 1, silent=True)
    return _row(model, "SHAP", float(np.ravel(found.base_values)[0]), point, np.ravel(found.values))


def lime_row(model: TrainedModel, background: Any, row: Any, seed: int = 0, samples: int = 2000) -> RowExplanation:
    """LIME: a weighted linear model around one row, with features switched to background medians."""
    import torch
    from captum._utils.models.linear_model import SkLearnLinearRegression
    from captum.attr import Lime

    torch.manual_seed(seed)
    point = model.encoder.transform(row)
    baseline = np.median(model.encoder.transform(background), axis=0, keepdims=True)

    def forward(values: Any) -> Any:
        return torch.tensor(model.encoded_risk(values.numpy().astype(float)), dtype=torch.float32)

    # The default Lasso of captum would shrink effects on a 0-1 scale to nothing.
    effects = Lime(forward, interpretable_model=SkLearnLinearRegression()).attribute(
        torch.tensor(point, dtype=torch.float32),
        baselines=torch.tensor(baseline, dtype=torch.float32),
        n_samples=samples,
        perturbations_per_eval=250,
    )
    return _row(model, "LIME", float(model.encoded_risk(baseline)[0]), point, effects.numpy().ravel())


def _row(model: TrainedModel, method: str, base: float, point: Any, effects: Any) -> RowExplanation:
    names = model.encoder.names()
    rows = [
        FeatureEffect(feature=n, value=float(v), effect=float(e))
        for n, v, e in zip(names, point[0], effects, strict=True)
    ]
    rows.sort(key=lambda r: -abs(r.effect))
    return RowExplanation(method=method, base=base, risk=float(model.encoded_risk(point)[0]), effects=tuple(rows))
