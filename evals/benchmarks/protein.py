"""Figures of the protein room: `python -m evals.benchmarks.protein --data ../shared/data/protein`.

Stability network against baselines on families that it never saw, secondary structure and accessibility against
DSSP's columns in the same table. Prints a Markdown table, which is kept in evals/RESULTS-protein.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.protein.reading import read_structure
from tools.protein.residues import MAX_AREA_A2
from tools.protein.secondary import SIMPLE
from tools.protein.surroundings import SiteFinder
from tools.protein.training import TABLE, Dataset, collect, cross_validate, fit, intervals, is_test, metrics

_BASELINES = {
    "BLOSUM62 (negated)": ("blosum62", -1.0),
    "hydropathy lost": ("change_hydropathy", -1.0),
    "volume lost": ("change_volume", -1.0),
    "volume lost × burial": ("buried_volume", -1.0),
}


def main(arguments: list[str] | None = None) -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(arguments)
    write = sys.stdout.write
    write(dssp_table(given.data))
    sys.stdout.flush()
    data = collect(given.data)
    test = is_test(data)
    write(f"\n{len(data.measured)} mutations, {len(np.unique(data.protein))} proteins, "
          f"{len(np.unique(data.family))} families; test: {int(test.sum())} mutations, "
          f"{len(np.unique(data.family[test]))} families.\n")  # fmt: skip
    held = data.part(test)
    write(stability_table("Test families (trained on the development families)", held,
                          fit(data.part(~test)).predict(held.rows)))  # fmt: skip
    sys.stdout.flush()
    predicted = cross_validate(data)
    write(stability_table("All families, each held out in five folds", data, predicted))
    write(f"\nMean over proteins with 15 mutations or more: Pearson {_by_protein(data, predicted):.3f}.\n")
    write(sign_table(data, predicted))
    write(antisymmetry(data))
    return 0


def stability_table(title: str, data: Dataset, predicted: NDArray[np.float64]) -> str:
    """Metrics of the network and of the baselines, with 95 % intervals over families."""
    rows = [f"\n### {title}\n", "| model | Pearson | Spearman | RMSE, kcal/mol | sign right (≥ 0.5 kcal/mol) |",
            "|---|---|---|---|---|"]  # fmt: skip
    rows.append(_row("network", intervals(predicted, data)))
    rows += (
        [_row("ridge on the same features", intervals(_ridge(data), data))] if len(np.unique(data.family)) > 30 else []
    )
    for name, (feature, sign) in _BASELINES.items():
        values = sign * data.rows[:, 0, data.names.index(feature)]
        slope, shift = np.polyfit(values, data.measured, 1)
        found = intervals(slope * values + shift, data)
        rows.append(_row(f"{name}, line fitted on these data", found))
    constant = np.sqrt(np.mean((data.measured - data.measured.mean()) ** 2))
    share = float(np.mean(data.measured[np.abs(data.measured) >= 0.5] > 0))
    rows.append(f"| always the mean | 0 | 0 | {constant:.2f} | {share:.3f} |")
    return "\n".join(rows) + "\n"


def _row(name: str, found: dict[str, tuple[float, float, float]]) -> str:
    cells = [f"{value:.3f} ({low:.3f} to {high:.3f})" for value, low, high in found.values()]
    return f"| {name} | " + " | ".join(cells) + " |"


def _ridge(data: Dataset) -> NDArray[np.float64]:
    """Ridge regression on the differences between a mutation and its reverse, in the same folds."""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold

    difference = data.rows[:, 0] - data.rows[:, 1]
    predicted = np.zeros(len(difference))
    for train, held in GroupKFold(5).split(difference, groups=data.family):
        scale = difference[train].std(axis=0) + 1e-9
        model = Ridge(alpha=30, fit_intercept=False).fit(difference[train] / scale, data.measured[train])
        predicted[held] = model.predict(difference[held] / scale)
    return predicted


def _by_protein(data: Dataset, predicted: NDArray[np.float64]) -> float:
    found = []
    for protein in np.unique(data.protein):
        here = data.protein == protein
        if here.sum() >= 15:
            found.append(metrics(predicted[here], data.measured[here])["pearson"])
    return float(np.mean(found))


def sign_table(data: Dataset, predicted: NDArray[np.float64]) -> str:
    """How often stabilising and destabilising mutations are told apart."""
    rows = ["\n| measured | mutations | predicted above 0 |", "|---|---|---|"]
    for name, keep in (
        ("destabilising by 1 kcal/mol or more", data.measured >= 1),
        ("within 0.5 kcal/mol of none", np.abs(data.measured) < 0.5),
        ("stabilising by 0.5 kcal/mol or more", data.measured <= -0.5),
    ):
        rows.append(f"| {name} | {int(keep.sum())} | {100 * float(np.mean(predicted[keep] > 0)):.1f} % |")
    return "\n".join(rows) + "\n"


def antisymmetry(data: Dataset) -> str:
    """Forward against reverse in the same surroundings, and in the structure of the variant where it is here."""
    from tools.protein.stability import load_network

    network = load_network()
    forward = network.predict(data.rows)
    reverse = network.predict(data.rows[:, ::-1])
    bias = float(np.mean(forward + reverse) / 2)
    correlation = float(np.corrcoef(forward, reverse)[0, 1])
    return (
        f"\nAntisymmetry in the same surroundings (by construction): correlation {correlation:.3f}, "
        f"bias {bias:.1e} kcal/mol.\n"
    )


def dssp_table(folder: Path) -> str:
    """Agreement of secondary structure and accessibility with the DSSP columns of the table."""
    wanted = {"H": "helix", "S": "strand", "O": "other"}
    rows = [line.split(",") for line in (folder / TABLE).read_text().splitlines() if line[:1].isdigit()]
    counts: dict[tuple[str, str], int] = {}
    ours, theirs = [], []
    finders: dict[str, SiteFinder] = {}
    seen: set[tuple[str, str, str]] = set()
    for cells in rows:
        code, (chain, old, label, _) = cells[1], cells[2].split(" ")
        if (code, chain, label) in seen:
            continue
        seen.add((code, chain, label))
        if code not in finders:
            finders = {code: SiteFinder(read_structure(folder / "pdb" / f"{code}.pdb.gz", code))}
        finder = finders[code]
        index = finder.index(chain, label)
        if index is None:
            continue
        pair = (wanted[cells[6]], SIMPLE.get(finder.secondary[index], "other"))
        counts[pair] = counts.get(pair, 0) + 1
        ours.append(finder.site(index).area_a2 / MAX_AREA_A2[old])
        theirs.append(float(cells[4]))
    right = sum(n for (a, b), n in counts.items() if a == b)
    return (
        f"\nSecondary structure, helix / strand / other, against DSSP 2.2.1: {right} of {sum(counts.values())} "
        f"residues agree ({100 * right / sum(counts.values()):.2f} %).\n"
        f"Relative accessibility against DSSP's: correlation {np.corrcoef(ours, theirs)[0, 1]:.4f} "
        "(the table normalises by other maxima).\n"
    )


if __name__ == "__main__":
    sys.exit(main())
