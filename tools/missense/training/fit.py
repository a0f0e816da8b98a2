"""Training of the networks: folds by family, weights, and one network."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tools.missense.features import Inputs
from tools.missense.network import MissenseNetwork, Size, logits, tensors

FOLDS = 5
TEST_FOLD = 4  # no setting was chosen on the families of this fold
SEED = 20261126


@dataclass(frozen=True)
class Settings:
    """Training of one network."""

    size: Size = field(default_factory=Size)
    epochs: int = 5
    batch: int = 256
    rate: float = 3e-3
    weight_decay: float = 0.05
    ranking: float = 0.5  # weight of the loss on pairs of one gene
    members: int = 1


def folds(family: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fold of each change: whole families, the largest first, each to the fold with the fewest changes so far."""
    filled = [0] * FOLDS
    fold: dict[int, int] = {}
    for name, count in sorted(Counter(family.tolist()).items(), key=lambda item: (-item[1], item[0])):
        fold[name] = filled.index(min(filled))
        filled[fold[name]] += count
    return np.array([fold[name] for name in family.tolist()])


def weights(gene: NDArray[np.str_], label: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weight of each change: both classes alike in sum, and a gene's sum grows with the root of its number only."""
    counts = Counter(zip(gene.tolist(), label.tolist(), strict=True))
    raw = np.array([counts[key] ** -0.5 for key in zip(gene.tolist(), label.tolist(), strict=True)])
    for value in (0, 1):
        raw[label == value] /= raw[label == value].sum()
    return (raw * len(raw) / 2).astype(np.float32)


def fit(
    inputs: Inputs, gene: NDArray[np.str_], label: NDArray[np.int64], settings: Settings, seed: int
) -> MissenseNetwork:
    """One network trained on all of `inputs`, on a GPU where there is one."""
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = MissenseNetwork(settings.size)
    numbers = torch.as_tensor(inputs.numbers)
    network.centre.data = numbers.mean(dim=0)
    network.scale.data = numbers.std(dim=0) + 1e-3
    network.to(device).train()
    data = [item.to(device) for item in tensors(inputs)]
    wanted = torch.as_tensor(label, dtype=torch.float32, device=device)
    weight = torch.as_tensor(weights(gene, label), device=device)
    pairs = _Pairs(gene, label, np.random.default_rng(seed))
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * -(-len(label) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=steps)
    for _ in range(settings.epochs):
        for rows in torch.split(torch.randperm(len(label)), settings.batch):
            harmful, harmless = pairs.draw(settings.batch // 4)
            chosen = torch.cat([rows, harmful, harmless]).to(device)
            out = network(*(item[chosen] for item in data))
            loss = _loss(out, wanted[chosen], weight[chosen], len(rows), settings.ranking)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return network.cpu().eval()


def _loss(out: Tensor, wanted: Tensor, weight: Tensor, rows: int, ranking: float) -> Tensor:
    """Weighted cross-entropy on the first `rows`; on the pairs that follow, the pathogenic has to score higher."""
    soft = wanted[:rows] * 0.96 + 0.02
    entropy = nn.functional.binary_cross_entropy_with_logits(out[:rows], soft, weight=weight[:rows])
    half = (len(out) - rows) // 2
    order = nn.functional.softplus(out[rows + half :] - out[rows : rows + half]).mean() if half else out.sum() * 0
    return entropy + ranking * order


class _Pairs:
    """Draws pairs of a pathogenic and a benign change of one gene, genes alike."""

    def __init__(self, gene: NDArray[np.str_], label: NDArray[np.int64], random: np.random.Generator) -> None:
        held: dict[str, tuple[list[int], list[int]]] = {}
        for row, (name, value) in enumerate(zip(gene.tolist(), label.tolist(), strict=True)):
            held.setdefault(name, ([], []))[value].append(row)
        self._sides = [sides for _, sides in sorted(held.items()) if sides[0] and sides[1]]
        size = np.array([min(len(zero), len(one)) for zero, one in self._sides], dtype=float) ** 0.5
        self._chance = size / size.sum() if len(size) else size
        self._random = random

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Rows of `count` pathogenic and as many benign changes, pair by pair; empty where no gene has both."""
        if not self._sides:
            return torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
        places = self._random.choice(len(self._sides), size=count, p=self._chance)
        rows = [tuple(int(self._random.choice(side)) for side in self._sides[k]) for k in places]
        return torch.tensor([row[1] for row in rows]), torch.tensor([row[0] for row in rows])


def out_of_fold(
    networks: dict[int, list[MissenseNetwork]], inputs: Inputs, fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean logit of each change by the networks that saw no protein of its family, shape (n,)."""
    scores = np.full(len(fold), np.nan)
    for held, members in networks.items():
        rows = np.flatnonzero(fold == held)
        part = inputs.part(rows)
        scores[rows] = np.mean([logits(network, part).numpy() for network in members], axis=0)
    return scores
