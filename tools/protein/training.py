"""Train and assess the ΔΔG network: `python -m tools.protein.training --data ../shared/data/protein [--fit]`.

Data: single mutations of ProTherm as compiled by the Kortemme lab, with the PDB structures. Proteins are grouped
into families (Smith-Waterman expectation below 0.01, or 30 % identity over 80 residues or more), and a family is
never on both sides of a split. Settings were chosen by cross-validation without the families of `TEST_PROTEINS`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput
from tools.protein.features import environment, forward_and_reverse
from tools.protein.reading import read_structure
from tools.protein.stability import CLIP, WEIGHTS, Network, pack
from tools.protein.surroundings import SiteFinder, letters

TABLE = "curatedprotherm.csv"
SEED = 20261123
# Proteins of 15 families, drawn by chance among those with fewer than 300 mutations; no setting was chosen on them.
TEST_PROTEINS = frozenset((
    "1AZP", "1BNZ", "1C9O", "1CLW", "1CSP", "1DYJ", "1EL1", "1HFY", "1HFZ", "1IGV", "1IO2", "1IR3", "1IRO", "1L63",
    "1LZ1", "1MJC", "1RRO", "1RTP", "1SUP", "219L", "2A01", "2AFG", "2BQA", "2CRK", "2LZM", "2ZTA", "4LYZ",
))  # fmt: skip
_KCAL_RANGE = (-5.0, 8.0)  # measurements beyond it are held at the border while training, not while testing


@dataclass(frozen=True)
class Settings:
    """Size and training of the network."""

    hidden: int = 64
    dropout: float = 0.5
    weight_decay: float = 0.3
    rate: float = 3e-3
    epochs: int = 15
    batch: int = 64
    members: int = 5
    huber_kcal_per_mol: float = 1.5


@dataclass(frozen=True)
class Dataset:
    """Features (n, 2, features), measured ΔΔG (n,) in kcal/mol, and protein, family and mutation of each."""

    names: tuple[str, ...]
    rows: NDArray[np.float64]
    measured: NDArray[np.float64]
    protein: NDArray[np.str_]
    family: NDArray[np.int64]
    mutation: NDArray[np.str_]

    def part(self, keep: NDArray[np.bool_]) -> Dataset:
        """The mutations for which `keep` is true."""
        return Dataset(self.names, self.rows[keep], self.measured[keep], self.protein[keep], self.family[keep],
                       self.mutation[keep])  # fmt: skip


def read_table(path: Path) -> Iterator[tuple[str, str, str, str, str, float]]:
    """Rows of the ProTherm table with one mutation: PDB code, chain, old, residue number, new, ΔΔG (kcal/mol).

    Raises:
        BadInput: a row is not of that form.
    """
    if not path.is_file():
        raise BadInput(path.name, "the path", "it is not there", "the folder with the table and pdb/")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split(",")
        try:
            code, mutations, value = cells[1], cells[2], float(cells[3])
            if "_" in mutations:
                continue
            chain, old, label, new = mutations.split(" ")
        except (IndexError, ValueError):
            raise BadInput(
                path.name, f"line {number}", "it is not a record", "RecordID,PDB,Chain Old Id New,DDG"
            ) from None
        yield code, chain, old, label, new, value


def collect(folder: Path, say: Callable[[str], None] = lambda _: None) -> Dataset:
    """Features of every single mutation of the table, with the families of its proteins."""
    by_code: dict[str, list[tuple[str, str, str, str, float]]] = {}
    for code, *rest in read_table(folder / TABLE):
        by_code.setdefault(code, []).append(tuple(rest))  # type: ignore[arg-type]
    rows, measured, protein, mutation = [], [], [], []
    sequences: dict[tuple[str, str], str] = {}
    names: list[str] = []
    for done, (code, mutations) in enumerate(by_code.items(), 1):
        finder = SiteFinder(read_structure(folder / "pdb" / f"{code}.pdb.gz", f"{code}.pdb.gz"))
        for chain, old, label, new, value in mutations:
            index = finder.index(chain, label)
            if index is None or finder.structure.residues[index].letter != old:
                raise BadInput(TABLE, f"{code} {chain} {old}{label}", "the structure has another residue", "the same")
            place = environment(finder.site(index))
            fits = {letter: finder.fit(index, letter) for letter in (old, new)}
            names, row = forward_and_reverse(place, old, new, fits)
            rows.append(row)
            measured.append(value)
            protein.append(code)
            mutation.append(f"{chain}:{old}{label}{new}")
            sequences.setdefault((code, chain), letters(finder.structure.chain(chain)))
        say(f"{done} of {len(by_code)} structures read")
    family = families(sequences)
    return Dataset(tuple(names), np.array(rows), np.array(measured), np.array(protein),
                   np.array([family[code] for code in protein]), np.array(mutation))  # fmt: skip


def families(sequences: dict[tuple[str, str], str]) -> dict[str, int]:
    """Protein -> number of its family, by single linkage over homologous chains.

    Two chains are homologous when their Smith-Waterman score (BLOSUM62, gaps 11 and 1; λ 0.267 and K 0.041, Altschul
    1997, doi 10.1093/nar/25.17.3389) is expected less than 0.01 times by chance in a search of all chains, or when
    they are at least 30 % identical over 80 aligned residues or more.
    """
    from Bio.Align import PairwiseAligner, substitution_matrices

    aligner = PairwiseAligner(mode="local", open_gap_score=-11, extend_gap_score=-1)
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    parent = {code: code for code, _ in sequences}

    def root(code: str) -> str:
        while parent[code] != code:
            code = parent[code]
        return code

    for (one, first), (two, second) in itertools.combinations(sequences.items(), 2):
        if root(one[0]) == root(two[0]):
            continue
        score = aligner.score(first, second)
        chance = 0.041 * len(first) * len(second) * len(sequences) * np.exp(-0.267 * score)
        same = chance < 0.01
        if not same and score > 60:
            counts = aligner.align(first, second)[0].counts()
            aligned = counts.identities + counts.mismatches
            same = aligned >= 80 and counts.identities / aligned >= 0.30
        if same:
            parent[root(one[0])] = root(two[0])
    roots = sorted({root(code) for code in parent})
    return {code: roots.index(root(code)) for code in parent}


def is_test(data: Dataset) -> NDArray[np.bool_]:
    """Which mutations belong to the test proteins. Raises `ValueError` where a family would be on both sides."""
    chosen = np.isin(data.protein, sorted(TEST_PROTEINS))
    both = set(data.family[chosen].tolist()) & set(data.family[~chosen].tolist())
    if both:
        names = sorted(set(data.protein[np.isin(data.family, sorted(both))].tolist()))
        raise ValueError(f"families on both sides of the split: {', '.join(names)}")
    return chosen


def fit(data: Dataset, settings: Settings | None = None, interval_kcal_per_mol: float = 0.0) -> Network:
    """Train the ensemble on all of `data`, each network from its own seed."""
    import torch

    chosen = settings or Settings()
    torch.set_num_threads(1)
    both = np.concatenate([data.rows[:, 0], data.rows[:, 1]])
    centre, scale = both.mean(axis=0), both.std(axis=0) + 1e-6
    x = torch.tensor(np.clip((data.rows - centre) / scale, -CLIP, CLIP), dtype=torch.float32)
    y = torch.tensor(np.clip(data.measured, *_KCAL_RANGE), dtype=torch.float32)
    members = tuple(_fit_member(x, y, chosen, seed) for seed in range(chosen.members))
    return Network(data.names, centre, scale, members, interval_kcal_per_mol)


def _fit_member(
    x: object, y: object, settings: Settings, seed: int
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    import torch
    from torch import nn

    assert isinstance(x, torch.Tensor)
    assert isinstance(y, torch.Tensor)
    torch.manual_seed(seed)
    sizes = (x.shape[2], settings.hidden, settings.hidden, 1)
    layers: list[nn.Module] = []
    for k in range(3):
        layers.append(nn.Linear(sizes[k], sizes[k + 1]))
        layers += [nn.GELU(), nn.Dropout(settings.dropout)] if k < 2 else []
    network = nn.Sequential(*layers)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * -(-len(y) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=steps)
    for _ in range(settings.epochs):
        for batch in torch.split(torch.randperm(len(y)), settings.batch):
            both = network(x[batch])
            predicted = (both[:, 0, 0] - both[:, 1, 0]) / 2
            loss = nn.functional.huber_loss(predicted, y[batch], delta=settings.huber_kcal_per_mol)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    return tuple(
        (layer.weight.detach().numpy().astype(np.float64), layer.bias.detach().numpy().astype(np.float64))
        for layer in linear
    )


def cross_validate(data: Dataset, settings: Settings | None = None, folds: int = 5) -> NDArray[np.float64]:
    """Prediction of each mutation by networks that saw no protein of its family, kcal/mol."""
    from sklearn.model_selection import GroupKFold

    predicted = np.zeros(len(data.measured))
    for train, held in GroupKFold(folds).split(data.rows, groups=data.family):
        keep = np.zeros(len(predicted), dtype=bool)
        keep[train] = True
        predicted[held] = fit(data.part(keep), settings).predict(data.rows[held])
    return predicted


def metrics(predicted: NDArray[np.float64], measured: NDArray[np.float64]) -> dict[str, float]:
    """Pearson, Spearman, RMSE (kcal/mol), and the share of right signs where 0.5 kcal/mol or more was measured."""
    from scipy.stats import pearsonr, spearmanr

    clear = np.abs(measured) >= 0.5
    return {
        "pearson": float(pearsonr(predicted, measured).statistic),
        "spearman": float(spearmanr(predicted, measured).statistic),
        "rmse_kcal_per_mol": float(np.sqrt(np.mean((predicted - measured) ** 2))),
        "sign_accuracy": float(np.mean(np.sign(predicted[clear]) == np.sign(measured[clear]))),
    }


def intervals(
    predicted: NDArray[np.float64], data: Dataset, rounds: int = 1000
) -> dict[str, tuple[float, float, float]]:
    """Each metric with its 95 % interval, by drawing whole families with replacement."""
    random = np.random.default_rng(SEED)
    members = [np.flatnonzero(data.family == family) for family in np.unique(data.family)]
    drawn: list[dict[str, float]] = []
    for _ in range(rounds):
        places = np.concatenate([members[k] for k in random.integers(0, len(members), len(members))])
        drawn.append(metrics(predicted[places], data.measured[places]))
    found: dict[str, tuple[float, float, float]] = {}
    for name, value in metrics(predicted, data.measured).items():
        low, high = np.percentile([one[name] for one in drawn], (2.5, 97.5))
        found[name] = (value, float(low), float(high))
    return found


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: list[str] | None = None) -> int:
    """Train on all families, after a cross-validation that gives the interval; print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Train the stability network on ProTherm.")
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {TABLE} and pdb/")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    data = collect(given.data, _say)
    predicted = cross_validate(data)
    half = float(np.percentile(np.abs(predicted - data.measured), 80))
    network = fit(data, interval_kcal_per_mol=half)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(pack(network))
    sys.stdout.write(json.dumps({"mutations": len(predicted), **metrics(predicted, data.measured)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
