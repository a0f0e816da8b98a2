"""A graphics card whose memory is exhausted gets smaller pieces; when those do not fit either, that is said."""

from __future__ import annotations

import pytest
import torch

from knowledge.errors import ToolFailed
from tests.tools.imaging.test_segmenter import BRIGHT, Threshold
from tools.imaging.memory import halves, in_smaller_pieces, smaller_windows
from tools.imaging.segmenter import LesionSegmenter, Prompt, Specialist


class Small(Threshold):
    """A network whose card holds `most` cubes at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        if len(blocks) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(blocks)


def test_smaller_batches_give_the_same_outline(nodule_scan):
    volume, _ = nodule_scan
    whole = LesionSegmenter(BRIGHT).segment(volume, Prompt(point=(24, 24, 12)))
    segmenter = LesionSegmenter(Specialist(Small(1), BRIGHT.scale))
    found = segmenter.segment(volume, Prompt(point=(24, 24, 12)))
    assert set(segmenter.batches) == {1}
    assert (found.mask == whole.mask).all()


def test_a_card_that_is_too_small_for_anything_is_said_and_not_raised(nodule_scan):
    with pytest.raises(ToolFailed, match=r"too little free memory.*Nothing that was finished is lost"):
        LesionSegmenter(Specialist(Small(0), BRIGHT.scale)).segment(nodule_scan[0], Prompt(point=(24, 24, 12)))


def test_windows_shrink_to_sides_that_a_network_can_halve():
    assert halves(4) == [4, 2, 1]
    assert smaller_windows((192, 192, 64)) == [(192, 192, 64), (96, 96, 32), (32, 32, 32)]
    assert smaller_windows((32, 32, 16)) == [(32, 32, 16)]
    seen = []

    def work(window):
        seen.append(window)
        if window[0] > 32:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return window

    assert in_smaller_pieces(work, smaller_windows((96, 96, 96))) == (32, 32, 32)
    assert seen == [(96, 96, 96), (32, 32, 32)]
