"""When the memory of the graphics card is exhausted: the same work in smaller pieces, then a clear refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from knowledge.errors import ToolFailed

Size = TypeVar("Size")
Result = TypeVar("Result")


def in_smaller_pieces(work: Callable[[Size], Result], sizes: Iterable[Size]) -> Result:
    """`work` with the first of `sizes` (largest first) for which the memory suffices.

    Raises:
        ToolFailed: it does not suffice for the smallest.
    """
    import torch

    for size in sizes:
        try:
            return work(size)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
    raise ToolFailed(
        "The graphics card has too little free memory for this scan, in the smallest pieces as well. Nothing that was "
        "finished is lost. End what else uses the card, or set CUDA_VISIBLE_DEVICES to nothing to work without it, and "
        "go on with the run."
    )


def halves(largest: int) -> list[int]:
    """A size and its halves down to one."""
    return [largest >> n for n in range(largest.bit_length())]


def smaller_windows(largest: tuple[int, ...]) -> list[tuple[int, ...]]:
    """A window and smaller ones, whose sides are multiples of 32 (networks halve them several times) or unchanged."""
    found = [largest]
    while max(found[-1]) > 32:
        found.append(tuple(side if side <= 32 else max(32, side // 64 * 32) for side in found[-1]))
    return found
