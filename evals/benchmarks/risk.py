"""A million patients for every published model: torch, plain NumPy, and one row at a time.

`python -m evals.benchmarks.risk [--rows N] [--out FILE]` prints and writes a table. Values of the three ways are
compared. The NumPy peer runs the same formulas on NumPy arrays, without loops over patients.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.facts import vocabulary
from tools.risk.catalogue import models
from tools.risk.cohort import evaluate_columns
from tools.risk.model import Input, RiskModel
from tools.risk.ops import FLOATS

SINGLE_ROWS = 500


class ArrayOps:
    """The functions of formulas on NumPy arrays."""

    exp, log, sqrt, floor = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.sqrt), staticmethod(np.floor)
    minimum, maximum, where, power = (
        staticmethod(np.minimum),
        staticmethod(np.maximum),
        staticmethod(np.where),
        staticmethod(np.power),
    )

    def round(self, x: Any) -> Any:
        return np.floor(x + 0.5)

    def flag(self, condition: Any) -> Any:
        return np.asarray(condition, dtype=float)

    def pick(self, index: Any, table: Sequence[float]) -> Any:
        return np.asarray(table, dtype=float)[np.asarray(index).astype(int)]

    def linear(self, terms: Sequence[Any], weights: Sequence[Sequence[float]]) -> list[Any]:
        return list(np.asarray(weights) @ np.stack(np.broadcast_arrays(*terms)))


def patients(model: RiskModel, rows: int, seed: int = 7) -> dict[str, Any]:
    """Random inputs inside of the model's ranges, float64 arrays of shape (rows,)."""
    random = np.random.default_rng(seed)
    return {item.name: _values(item, rows, random) for item in model.inputs}


def _values(item: Input, rows: int, random: np.random.Generator) -> Any:
    spec = vocabulary()[item.fact]
    if item.codes:
        return random.choice(sorted(set(item.codes.values())), rows)
    if spec.kind == "boolean":
        return random.integers(0, 2, rows).astype(float)
    if item.date:
        return random.integers(737000, 739000, rows).astype(float)
    low, high = spec.plausible or (0.0, 100.0)
    low = low if item.low is None else max(low, item.low) if item.unit is None else item.low
    high = high if item.high is None else min(high, item.high) if item.unit is None else item.high
    if spec.kind == "integer":
        return random.integers(int(low), int(high) + 1, rows).astype(float)
    return random.uniform(low, high, rows)


def measure(model: RiskModel, rows: int) -> dict[str, Any]:
    """Seconds for `rows` patients in three ways, and the largest relative difference between them."""
    columns = patients(model, rows)
    evaluate_columns(model, {k: v[:1000] for k, v in columns.items()})
    started, cpu = time.perf_counter(), time.process_time()
    fast = evaluate_columns(model, columns)
    torch_seconds, torch_cpu = time.perf_counter() - started, time.process_time() - cpu
    with np.errstate(all="ignore"):
        started = time.perf_counter()
        plain = model.evaluate(columns, ArrayOps())
        numpy_seconds = time.perf_counter() - started
    started = time.perf_counter()
    single = [model.evaluate({k: float(v[i]) for k, v in columns.items()}, FLOATS) for i in range(SINGLE_ROWS)]
    row_seconds = (time.perf_counter() - started) * rows / SINGLE_ROWS
    worst = 0.0
    for key, values in fast.items():
        array = values.numpy()
        worst = max(worst, _difference(array, np.broadcast_to(plain[key], array.shape)))
        worst = max(worst, _difference(array[:SINGLE_ROWS], np.array([s[key] for s in single], dtype=float)))
    return {
        "model": model.name,
        "torch": torch_seconds,
        "cpu": torch_cpu,
        "numpy": numpy_seconds,
        "rows": row_seconds,
        "worst": worst,
    }


def _difference(one: Any, other: Any) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if (np.isfinite(one) != np.isfinite(other)).any():
        return float("inf")
    return float(np.max(np.abs(one[both] - other[both]) / np.maximum(1.0, np.abs(one[both])), initial=0.0))


def main() -> None:
    """Measure every model and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--model", action="append")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = [
        f"machine: {platform.machine()}, Python {platform.python_version()}, {options.rows} patients, one thread; "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the start",
        "model\ttorch_s\ttorch_cpu_s\tnumpy_s\trow_at_a_time_s\tlargest_relative_difference",
    ]
    for name, model in models().items():
        if options.model and name not in options.model:
            continue
        row = measure(model, options.rows)
        lines.append(
            f"{name}\t{row['torch']:.3f}\t{row['cpu']:.3f}\t{row['numpy']:.3f}\t{row['rows']:.1f}\t{row['worst']:.1e}"
        )
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
