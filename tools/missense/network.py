"""The network: a small Transformer over the residues around a change, joined with numbers about the exchange."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tools.missense.features import NUMBERS, OUTSIDE, SIDE, Inputs

TOKENS = 2 * SIDE + 1


@dataclass(frozen=True)
class Size:
    """Size and dropout of the network."""

    width: int = 32
    heads: int = 4
    layers: int = 1
    hidden: int = 64
    dropout: float = 0.2


class MissenseNetwork(nn.Module):
    """Logit of "pathogenic" for each change of a batch, shape (n,).

    Each residue is a token: its letter, its place, and what relatives have there. The new residue is added to the
    token in the middle. The output of that token and the mean of all tokens join the numbers in a two-layer head.
    """

    def __init__(self, size: Size | None = None) -> None:
        super().__init__()
        size = size or Size()
        width = size.width
        self.letter = nn.Embedding(OUTSIDE + 1, width)
        self.new = nn.Embedding(20, width)
        self.relatives = nn.Linear(21, width)
        self.place = nn.Parameter(torch.randn(TOKENS, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, size.heads, 2 * width, size.dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, size.layers, enable_nested_tensor=False)
        self.centre = nn.Parameter(torch.zeros(NUMBERS), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(NUMBERS), requires_grad=False)
        self.head = nn.Sequential(
            nn.Linear(2 * width + NUMBERS, size.hidden), nn.GELU(), nn.Dropout(size.dropout),
            nn.Linear(size.hidden, size.hidden), nn.GELU(), nn.Dropout(size.dropout), nn.Linear(size.hidden, 1),
        )  # fmt: skip

    def forward(self, letters: Tensor, shares: Tensor, depth: Tensor, new: Tensor, numbers: Tensor) -> Tensor:
        """Arguments as the arrays of `features.Inputs`."""
        tokens = self.letter(letters) + self.place + self.relatives(torch.cat([shares, depth[..., None]], dim=-1))
        middle = torch.zeros_like(tokens)
        middle[:, SIDE] = self.new(new)
        out = self.encoder(tokens + middle)
        scaled = ((numbers - self.centre) / self.scale).clamp(-5, 5)
        joined = torch.cat([out[:, SIDE], out.mean(dim=1), scaled], dim=1)
        result: Tensor = self.head(joined)[:, 0]
        return result


def tensors(inputs: Inputs, device: torch.device | None = None) -> tuple[Tensor, ...]:
    """The arrays of a batch as tensors, in the order of `MissenseNetwork.forward`."""
    arrays = (inputs.letters, inputs.shares, inputs.depth, inputs.new, inputs.numbers)
    return tuple(torch.as_tensor(array, device=device) for array in arrays)


@torch.inference_mode()
def logits(network: MissenseNetwork, inputs: Inputs, batch: int = 512) -> Tensor:
    """Logits of a batch on the network's own device, returned on the CPU, shape (n,)."""
    network.eval()
    device = next(network.parameters()).device
    parts = []
    for first in range(0, len(inputs), batch):
        part = inputs.part(slice(first, first + batch))
        parts.append(network(*tensors(part, device)).float().cpu())
    return torch.cat(parts) if parts else torch.zeros(0)
