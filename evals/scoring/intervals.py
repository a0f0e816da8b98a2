"""95 % intervals: Wilson for shares of cases or items, percentile bootstrap over cases for means of shares."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from tools.evidence import Record

T = TypeVar("T")
_Z = 1.959963984540054


class Estimate(Record):
    """A value with its 95 % interval and the number of things behind it; all None where nothing could be scored."""

    value: float | None
    low: float | None
    high: float | None
    number: int


def wilson(successes: int, trials: int) -> Estimate:
    """A share with Wilson's score interval (Wilson 1927, J Am Stat Assoc 22:209)."""
    if trials == 0:
        return Estimate(value=None, low=None, high=None, number=0)
    p, z2 = successes / trials, _Z * _Z
    middle = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    return Estimate(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), number=trials)


def clustered(pairs: Sequence[tuple[int, int]], draws: int = 2000, seed: int = 1) -> Estimate:
    """A pooled share (sum of hits over sum of items) with a percentile bootstrap interval that draws whole cases.

    Items of one case are not independent, so a case is drawn or left out as a whole. `pairs` are (hits, items).
    """
    scored = [(hits, items) for hits, items in pairs if items]
    total = sum(items for _, items in scored)
    if not total:
        return Estimate(value=None, low=None, high=None, number=0)
    value = sum(hits for hits, _ in scored) / total
    generator = random.Random(seed)
    means = []
    for _ in range(draws):
        drawn = generator.choices(scored, k=len(scored))
        means.append(sum(hits for hits, _ in drawn) / sum(items for _, items in drawn))
    means.sort()
    low, high = means[int(0.025 * draws)], means[int(0.975 * draws) - 1]
    if value in (0.0, 1.0):
        plain = wilson(round(value * len(scored)), len(scored))
        low, high = plain.low or 0.0, plain.high or 0.0
    return Estimate(value=value, low=low, high=high, number=total)


def averaged(values: Sequence[float], draws: int = 2000, seed: int = 1) -> Estimate:
    """A mean with a percentile bootstrap interval over its items (Efron 1979, doi 10.1214/aos/1176344552)."""
    if not len(values):
        return Estimate(value=None, low=None, high=None, number=0)
    held = np.asarray(values, dtype=float)
    generator = np.random.default_rng(seed)
    means = [held[generator.integers(0, len(held), len(held))].mean() for _ in range(draws)]
    low, high = (float(q) for q in np.quantile(means, (0.025, 0.975)))
    return Estimate(value=float(held.mean()), low=low, high=high, number=len(held))


def drawn(items: Sequence[T], statistic: Callable[[Sequence[T]], float], draws: int = 1000, seed: int = 1) -> Estimate:
    """Any statistic of a sample with a percentile bootstrap interval over its items."""
    if not items:
        return Estimate(value=None, low=None, high=None, number=0)
    generator = random.Random(seed)
    found = sorted(statistic(generator.choices(items, k=len(items))) for _ in range(draws))
    low, high = found[int(0.025 * draws)], found[int(0.975 * draws) - 1]
    return Estimate(value=statistic(items), low=low, high=high, number=len(items))
