"""Thresholds of PP3 and BP4 on scores whose likelihood ratio is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tools.missense.calibrate import ODDS, Threshold, strength_of, thresholds, within_gene_weights


def drawn(distance: float, count: int = 12_000):
    """Scores of two normal distributions `distance` apart: the ratio at s is exp(distance · (s − distance / 2))."""
    random = np.random.default_rng(5)
    label = random.integers(0, 2, count)
    return random.normal(label * distance, 1), label, random.integers(0, 60, count).astype(str)


def test_thresholds_lie_where_the_known_ratio_reaches_the_odds_or_beyond():
    reached = thresholds(*drawn(2.5), rounds=60)
    assert {(item.code, item.strength) for item in reached} >= {("PP3", "moderate"), ("BP4", "moderate")}
    for item in reached:
        exact = math.log(ODDS[item.strength]) / 2.5
        place = 1.25 + exact if item.code == "PP3" else 1.25 - exact
        beyond = item.score - place if item.code == "PP3" else place - item.score
        assert -0.15 < beyond < (1.2 if item.strength == "strong" else 0.6), item


def test_a_score_without_meaning_reaches_no_strength():
    assert thresholds(*drawn(0.0), rounds=60) == ()


def test_a_gene_of_one_class_counts_nothing_and_both_classes_of_the_others_alike():
    gene, label = np.array(["A", "A", "A", "B", "B"]), np.array([1, 1, 0, 1, 1])
    assert within_gene_weights(gene, label).tolist() == [0.5, 0.5, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("score", "expected"), [(3.0, "PP3 strong"), (1.5, "PP3 supporting"), (0.0, ""), (-2, "BP4 supporting")]
)
def test_the_strongest_threshold_that_is_reached_counts(score, expected):
    held = (Threshold("PP3", "supporting", 1.0), Threshold("PP3", "strong", 2.5), Threshold("BP4", "supporting", -1.0))
    found = strength_of(score, held)
    assert (f"{found.code} {found.strength}" if found else "") == expected
