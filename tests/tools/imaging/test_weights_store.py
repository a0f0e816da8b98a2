"""Weights on disk: packed in 8 bits, given back within half a step."""

from __future__ import annotations

import torch

from tools.imaging.weights_store import packed, unpacked


def test_packed_weights_come_back_within_half_a_step_and_small_ones_in_half_precision():
    torch.manual_seed(3)
    state = {
        "conv.weight": torch.randn(32, 8, 3, 3, 3) * torch.logspace(-3, 1, 32).reshape(-1, 1, 1, 1, 1),
        "norm.weight": torch.randn(16),
        "count": torch.tensor(7),
    }
    small = packed(state)
    assert sum(v.numel() * v.element_size() for v in small.values()) < 0.3 * 4 * state["conv.weight"].numel()
    back = unpacked(small)
    assert set(back) == set(state)
    largest = state["conv.weight"].abs().amax(dim=(1, 2, 3, 4), keepdim=True)
    assert ((back["conv.weight"] - state["conv.weight"]).abs() <= 0.51 * largest / 127).all()
    assert torch.allclose(back["norm.weight"], state["norm.weight"], rtol=1e-3)
    assert back["count"] == 7


def test_a_channel_of_zeros_stays_zero():
    assert (unpacked(packed({"w": torch.zeros(4, 2048)}))["w"] == 0).all()
