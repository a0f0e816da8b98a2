"""Intervals against published values and known properties."""

from __future__ import annotations

import pytest

from evals.scoring.intervals import clustered, wilson


def test_wilson_interval_equals_the_published_example():
    """Newcombe 1998, Stat Med 17:857, table I: 81 of 263, score method without continuity correction."""
    found = wilson(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_wilson_interval_of_none_in_twenty_equals_the_published_example():
    """Newcombe 1998, table I: 0 of 20."""
    assert wilson(0, 20).high == pytest.approx(0.1611, abs=5e-5)


def test_nothing_to_count_gives_no_value():
    assert wilson(0, 0).value is None
    assert clustered([(0, 0)]).value is None


def test_the_pooled_share_weighs_items_and_its_interval_draws_cases():
    found = clustered([(10, 10), (0, 10)] * 20)
    assert found.value == pytest.approx(0.5)
    assert found.number == 400
    assert found.low < wilson(200, 400).low, "items of one case are alike, so the interval is wider than the plain one"


def test_the_interval_is_the_same_each_time():
    assert clustered([(1, 2), (2, 3), (0, 4)]) == clustered([(1, 2), (2, 3), (0, 4)])
