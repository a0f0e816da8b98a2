"""Figures of the missense predictor: `python -m evals.benchmarks.missense --data ../shared/data/genomics`.

The shipped networks score ClinVar's missense changes, each change by the networks that saw no label of its family.
Prints evals/RESULTS-missense.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.tables.store import require_table
from tools.missense.calibrate import ODDS, Threshold, strength_of, within_gene_weights
from tools.missense.features import PLACE_NAMES, Inputs
from tools.missense.proteins import ProteinTable
from tools.missense.scorer import EmbeddedScorer, embedded
from tools.missense.substitution import INDEX, NAMES, blosum62, grantham
from tools.missense.training.__main__ import load
from tools.missense.training.dataset import Labelled
from tools.missense.training.figures import LEAST_OF_EACH, figures, per_gene
from tools.missense.training.fit import TEST_FOLD

_HEAD = """# Missense changes: measured figures

Made by `python -m evals.benchmarks.missense --data ../shared/data/genomics` with the shipped weights
(SHA-256 {sha256}…). Labels: ClinVar 2016-05, {changes:,} missense changes in {genes:,} genes, {pathogenic:,} pathogenic
or likely pathogenic, {benign:,} benign or likely benign, contradicted ones left out. Every change is scored by networks
that saw no label of its gene family (families: shared 6-residue pieces, single linkage). No setting was chosen on the
test families. In brackets: 95 % interval, whole families drawn 200 times with replacement. Averages over genes: genes
with at least {least} changes of either class.
"""


def baselines(data: Labelled, inputs: Inputs) -> dict[str, NDArray[np.float64]]:
    """Scores without training, all turned so that higher is more harmful."""
    pairs = list(zip(data.old.tolist(), data.new.tolist(), strict=True))
    column = len(NAMES) + PLACE_NAMES.index("profile_log_odds")
    return {
        "profile of relatives, log odds": -inputs.numbers[:, column].astype(float),
        "BLOSUM62 (negated)": np.array([-blosum62()[INDEX[old], INDEX[new]] for old, new in pairs]),
        "Grantham's distance": np.array([float(grantham(old, new)) for old, new in pairs]),
    }


def score_table(
    title: str, data: Labelled, columns: dict[str, NDArray[np.float64]], rows: NDArray[np.bool_]
) -> str:  # fmt: skip
    """AUROC and AUPRC of each score on the changes at `rows`, with intervals."""
    label, gene, family = data.label[rows], data.gene[rows], data.family[rows]
    counted = len(per_gene(np.zeros(len(label)), label, gene))
    lines = [
        f"\n### {title}: {len(label):,} changes, {int(label.sum()):,} pathogenic, {len(np.unique(family))} families\n",
        f"| score | AUROC, mean over {counted} genes | AUROC, pooled | AUPRC, pooled |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, column in columns.items():
        found = figures(column[rows], label, gene, family)
        cells = " | ".join(found[key].text() for key in ("auroc_per_gene", "auroc", "auprc"))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines) + "\n"


def strength_table(data: Labelled, score: NDArray[np.float64], reached: tuple[Threshold, ...]) -> str:
    """How many changes reach each strength, and the likelihood ratio among them."""
    weight = within_gene_weights(data.gene, data.label)
    whole = [float((weight * (data.label == value)).sum()) for value in (1, 0)]
    met = [strength_of(float(value), reached) for value in score]
    lines = [
        "\n### Strengths of PP3 and BP4\n",
        "| code | from score | odds asked | pathogenic that reach it | benign that reach it | likelihood ratio |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for item in reached:
        rows = np.array([found == item for found in met])
        inside = [float((weight * rows * (data.label == value)).sum()) for value in (1, 0)]
        ratio = ((inside[0] + 0.5) / (whole[0] + 0.5)) / ((inside[1] + 0.5) / (whole[1] + 0.5))
        asked = ODDS[item.strength] if item.code == "PP3" else 1 / ODDS[item.strength]
        shares = [f"{100 * rows[data.label == value].mean():.1f} %" for value in (1, 0)]
        lines.append(
            f"| {item.code} {item.strength} | {item.score:+.2f} | {asked:.3g} | {' | '.join(shares)} | {ratio:.3g} |"
        )
    none = np.array([found is None for found in met])
    lines.append(f"\nNo code: {100 * none.mean():.1f} % of the changes.")
    return "\n".join(lines) + "\n"


def held_out(model: EmbeddedScorer, inputs: Inputs, fold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean logit of each change by the shipped networks that saw no protein of its family, shape (n,)."""
    scores = np.full(len(fold), np.nan)
    for held, members in model.networks.items():
        rows = np.flatnonzero(fold == held)
        scores[rows] = np.mean([network.logits(inputs.part(rows)) for network in members], axis=0)
    return scores


def added(folder: Path, model: EmbeddedScorer) -> str:
    """AUROC on the table's further proteins, leaving out genes and sequences of which a network saw a label."""
    table = ProteinTable(require_table("proteins"), refseq=False)
    data, inputs = load(folder, refseq=False)
    known = {p.accession for p in table.proteins() if model.fold(p) is not None}
    keep = ~np.isin(data.accession, sorted(known))
    members = [network for held in model.networks.values() for network in held]
    score = np.mean([network.logits(inputs) for network in members], axis=0)
    columns = {"mean of all networks": score, **baselines(data, inputs)}
    text = score_table("Further proteins (Swiss-Prot), no label of the gene seen", data, columns, keep)
    return text + strength_table(data.take(np.flatnonzero(keep)), score[keep], model.thresholds)


def main(arguments: list[str] | None = None) -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(arguments)
    model: EmbeddedScorer = embedded()
    data, inputs = load(given.data)
    fold = np.array([model.fold_of[name] for name in data.accession.tolist()])
    columns = {"network": held_out(model, inputs, fold), **baselines(data, inputs)}
    pathogenic = int(data.label.sum())
    write = sys.stdout.write
    write(
        _HEAD.format(
            sha256=model.sha256[:12], changes=len(data), genes=len(np.unique(data.gene)), pathogenic=pathogenic,
            benign=len(data) - pathogenic, least=LEAST_OF_EACH,
        )
    )  # fmt: skip
    write(score_table("Test families", data, columns, fold == TEST_FOLD))
    write(score_table("All families, each held out", data, columns, fold >= 0))
    write(strength_table(data, columns["network"], model.thresholds))
    write(added(given.data, model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
