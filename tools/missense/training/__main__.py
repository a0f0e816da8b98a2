"""Train the missense predictor: `python -m tools.missense.training --data GENOMICS`.

GENOMICS holds `clinvar/` with the ClinVar table; the profiles are those that `alignments` wrote. Writes the weights
with the calibration; `python -m evals.benchmarks.missense` measures them.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from knowledge.errors import BadInput
from knowledge.paths import ROOT
from knowledge.tables.store import require_table
from tools.missense.calibrate import Threshold, thresholds
from tools.missense.features import Inputs, describe, join
from tools.missense.network import MissenseNetwork
from tools.missense.profiles import stored
from tools.missense.proteins import ProteinTable
from tools.missense.scorer import WEIGHTS
from tools.missense.training.dataset import Labelled, collect
from tools.missense.training.fit import FOLDS, SEED, Settings, fit, folds, out_of_fold


def load(data: Path, refseq: bool = True) -> tuple[Labelled, Inputs]:
    """Labelled changes of the ClinVar file in `data`/clinvar, and their inputs, row by row.

    Args:
        data: the folder.
        refseq: changes in RefSeq's proteins, which the networks are trained on; else in the others of the table.

    Raises:
        BadInput: the folder has no table.
    """
    files = sorted((data / "clinvar").glob("*.tsv.gz"))
    if not files:
        raise BadInput("clinvar", "the whole folder", "it has no table", "the folder with clinvar/*.tsv.gz")
    table = ProteinTable(require_table("proteins"), refseq)
    found = collect(files[0], table)
    inputs, rows = inputs_of(found, table)
    return found.take(rows), inputs


def inputs_of(data: Labelled, table: ProteinTable) -> tuple[Inputs, NDArray[np.int64]]:
    """Inputs of all changes, protein by protein, and the row of `data` of each."""
    parts, rows = [], []
    for accession in sorted(set(data.accession.tolist())):
        sequence = table.by_accession(accession).sequence
        profile = stored(sequence)
        if profile is None:
            raise BadInput("profiles", accession, "it has no profile", "the table that alignments wrote")
        places = np.flatnonzero(data.accession == accession)
        changes = [(int(data.place[k]), str(data.new[k])) for k in places]
        parts.append(describe(sequence, profile, changes))
        rows.append(places)
    return join(parts), np.concatenate(rows)


def fold_names(data: Labelled, fold: NDArray[np.int64]) -> dict[str, int]:
    """Fold of each protein and gene that has labels, and of each other protein of their families."""
    by_family = dict(zip(data.family.tolist(), fold.tolist(), strict=True))
    found = {name: by_family[family] for name, family in data.family_of.items() if family in by_family}
    found.update(zip(data.gene.tolist(), fold.tolist(), strict=True))
    return found


def save(
    path: Path, networks: dict[int, list[MissenseNetwork]], settings: Settings, fold_of: dict[str, int],
    reached: tuple[Threshold, ...],
) -> None:  # fmt: skip
    """Write all networks, in half precision, with what is needed to use them."""
    from safetensors.torch import save_file

    tensors = {
        f"{fold}.{number}/{key}": value.half().contiguous()
        for fold, members in networks.items()
        for number, network in enumerate(members)
        for key, value in network.state_dict().items()
    }
    meta = {
        "size": json.dumps(dataclasses.asdict(settings.size)), "fold_of": json.dumps(fold_of, sort_keys=True),
        "thresholds": json.dumps(reached),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, meta)


def main(arguments: list[str] | None = None) -> int:
    """Train one set of networks a fold, calibrate on the out-of-fold scores, write the weights."""
    parser = argparse.ArgumentParser(description="Train the missense predictor on ClinVar.")
    parser.add_argument("--data", type=Path, required=True, help="folder with clinvar/")
    parser.add_argument("--out", type=Path, default=ROOT / WEIGHTS)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    data, inputs = load(given.data)
    fold = folds(data.family)
    settings = Settings()
    networks: dict[int, list[MissenseNetwork]] = {}
    for held in range(FOLDS):
        keep = np.flatnonzero(fold != held)
        part = inputs.part(keep)
        networks[held] = [
            fit(part, data.gene[keep], data.label[keep], settings, SEED + number).half().float()
            for number in range(settings.members)
        ]
        sys.stderr.write(f"fold {held} trained\n")
    reached = thresholds(out_of_fold(networks, inputs, fold), data.label, data.gene)
    save(given.out, networks, settings, fold_names(data, fold), reached)
    sys.stdout.write("".join(f"{item.code} {item.strength}: {item.score:+.2f}\n" for item in reached))
    return 0


if __name__ == "__main__":
    sys.exit(main())
