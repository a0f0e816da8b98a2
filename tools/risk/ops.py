"""The few numeric functions that formulas use, for one patient (floats) and for many (float64 tensors).

A formula is written once, with Python arithmetic and these functions, and gives the same value either way.
Conditions go through `flag` and `where`, never through `if`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

Number = Any  # a float, or a float64 tensor of shape (n,)


def known(x: Number) -> Any:
    """Where an input is recorded: an optional one that is not comes as NaN."""
    return x == x  # noqa: PLR0124


class Ops(Protocol):
    """What a formula may call. Every function takes and returns `Number`."""

    def exp(self, x: Number) -> Number: ...
    def log(self, x: Number) -> Number: ...
    def sqrt(self, x: Number) -> Number: ...
    def power(self, x: Number, exponent: Number) -> Number: ...
    def floor(self, x: Number) -> Number: ...
    def round(self, x: Number) -> Number: ...
    def minimum(self, x: Number, y: Number) -> Number: ...
    def maximum(self, x: Number, y: Number) -> Number: ...
    def flag(self, condition: Any) -> Number: ...
    def where(self, condition: Any, x: Number, y: Number) -> Number: ...
    def pick(self, index: Number, table: Sequence[float]) -> Number: ...
    def linear(self, terms: Sequence[Number], weights: Sequence[Sequence[float]]) -> list[Number]: ...


class FloatOps:
    """Plain floats. Logarithms and powers outside of their domain give NaN, as tensors do."""

    def exp(self, x: float) -> float:
        try:
            return math.exp(x)
        except OverflowError:
            return math.inf

    def log(self, x: float) -> float:
        if x > 0:
            return math.log(x)
        return -math.inf if x == 0 else math.nan

    def sqrt(self, x: float) -> float:
        return math.sqrt(x) if x >= 0 else math.nan

    def power(self, x: float, exponent: float) -> float:
        try:
            return math.pow(x, exponent)
        except (ValueError, OverflowError, ZeroDivisionError):
            return math.nan

    def floor(self, x: float) -> float:
        return float(math.floor(x)) if math.isfinite(x) else x

    def round(self, x: float) -> float:
        """Nearest whole number; halves go up (2.5 gives 3)."""
        return self.floor(x + 0.5)

    def minimum(self, x: float, y: float) -> float:
        return min(x, y)

    def maximum(self, x: float, y: float) -> float:
        return max(x, y)

    def flag(self, condition: Any) -> float:
        return 1.0 if condition else 0.0

    def where(self, condition: Any, x: float, y: float) -> float:
        return x if condition else y

    def pick(self, index: float, table: Sequence[float]) -> float:
        return float(table[int(index)])

    def linear(self, terms: Sequence[float], weights: Sequence[Sequence[float]]) -> list[float]:
        """One weighted sum of `terms` for each row of `weights`."""
        return [math.fsum(t * w for t, w in zip(terms, row, strict=True)) for row in weights]


class TensorOps:
    """float64 tensors on any device; scalars are accepted wherever a tensor is."""

    def __init__(self, device: str = "cpu") -> None:
        import torch

        self._torch = torch
        self._device = device

    def _tensor(self, x: Number) -> Any:
        return self._torch.as_tensor(x, dtype=self._torch.float64, device=self._device)

    def exp(self, x: Number) -> Number:
        return self._torch.exp(self._tensor(x))

    def log(self, x: Number) -> Number:
        return self._torch.log(self._tensor(x))

    def sqrt(self, x: Number) -> Number:
        return self._torch.sqrt(self._tensor(x))

    def power(self, x: Number, exponent: Number) -> Number:
        return self._torch.pow(self._tensor(x), self._tensor(exponent))

    def floor(self, x: Number) -> Number:
        return self._torch.floor(self._tensor(x))

    def round(self, x: Number) -> Number:
        return self._torch.floor(self._tensor(x) + 0.5)

    def minimum(self, x: Number, y: Number) -> Number:
        return self._torch.minimum(self._tensor(x), self._tensor(y))

    def maximum(self, x: Number, y: Number) -> Number:
        return self._torch.maximum(self._tensor(x), self._tensor(y))

    def flag(self, condition: Any) -> Number:
        return self._tensor(condition)

    def where(self, condition: Any, x: Number, y: Number) -> Number:
        if not isinstance(condition, self._torch.Tensor):
            return x if condition else y
        return self._torch.where(condition, self._tensor(x), self._tensor(y))

    def pick(self, index: Number, table: Sequence[float]) -> Number:
        return self._tensor(list(table))[self._tensor(index).long()]

    def linear(self, terms: Sequence[Number], weights: Sequence[Sequence[float]]) -> list[Number]:
        columns = self._torch.broadcast_tensors(*(self._tensor(t) for t in terms))  # type: ignore[no-untyped-call]
        return list((self._tensor([list(row) for row in weights]) @ self._torch.stack(columns)).unbind(0))


FLOATS = FloatOps()
