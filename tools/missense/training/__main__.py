"""Train the missense predictor: `python -m tools.missense.training --data GENOMICS --cache FOLDER`.

GENOMICS holds `clinvar/` with the ClinVar table. Profiles of related proteins are kept in the cache folder, because
they take most of the time. Prints the figures of the model card as JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from knowledge.errors import BadInput
from knowledge.paths import ROOT
from tools.missense.calibrate import thresholds
from tools.missense.features import Inputs, describe, join
from tools.missense.network import MissenseNetwork
from tools.missense.proteins import ProteinTable, protein_table
from tools.missense.relatives import Profile, Relatives
from tools.missense.scorer import WEIGHTS
from tools.missense.substitution import blosum62, grantham
from tools.missense.training.dataset import Labelled, collect
from tools.missense.training.figures import figures, per_gene
from tools.missense.training.fit import FOLDS, SEED, TEST_FOLD, Settings, fit, folds, out_of_fold


def profiles(table: ProteinTable, accessions: list[str], cache: Path, say: Callable[[str], None]) -> dict[str, Profile]:
    """The profile of each protein, from the cache where it is there."""
    cache.mkdir(parents=True, exist_ok=True)
    relatives: Relatives | None = None
    found = {}
    for done, accession in enumerate(accessions):
        path = cache / f"{accession}.npz"
        if not path.is_file():
            relatives = relatives or Relatives(table.all())
            made = relatives.profile(table.by_accession(accession).sequence)
            np.savez(path, shares=made.shares.astype(np.float16), depth=made.depth, n=made.relatives)
        with np.load(path) as stored:
            found[accession] = Profile(stored["shares"].astype(np.float32), stored["depth"], int(stored["n"]))
        if done % 100 == 0:
            say(f"{done} of {len(accessions)} profiles")
    return found


def inputs_of(data: Labelled, table: ProteinTable, known: dict[str, Profile]) -> tuple[Inputs, NDArray[np.int64]]:
    """Inputs of all changes, and the row of `data` of each."""
    parts, rows = [], []
    for accession, profile in known.items():
        places = np.flatnonzero(data.accession == accession)
        changes = [(int(data.place[k]), str(data.new[k])) for k in places]
        parts.append(describe(table.by_accession(accession).sequence, profile, changes))
        rows.append(places)
    return join(parts), np.concatenate(rows)


def save(path: Path, networks: dict[int, list[MissenseNetwork]], meta: dict[str, str]) -> None:
    """Write all networks, in half precision, with what is needed to use them."""
    from safetensors.torch import save_file

    tensors = {
        f"{fold}.{number}/{key}": value.half().contiguous()
        for fold, members in networks.items()
        for number, network in enumerate(members)
        for key, value in network.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, meta)


def baselines(data: Labelled) -> dict[str, NDArray[np.float64]]:
    """BLOSUM62 (turned so that higher is more harmful) and Grantham's distance of each change."""
    from tools.missense.substitution import INDEX

    pairs = list(zip(data.old.tolist(), data.new.tolist(), strict=True))
    return {
        "blosum62": np.array([-blosum62()[INDEX[old], INDEX[new]] for old, new in pairs]),
        "grantham": np.array([float(grantham(old, new)) for old, new in pairs]),
    }


def report(data: Labelled, score: NDArray[np.float64], fold: NDArray[np.int64]) -> dict[str, object]:
    """Figures of the model and of the baselines, on all out-of-fold scores and on the test families alone."""
    columns = {"network": score, **baselines(data)}
    found: dict[str, object] = {}
    for part, rows in (("all_folds", fold >= 0), ("test_families", fold == TEST_FOLD)):
        found[part] = {
            "changes": int(rows.sum()), "pathogenic": int(data.label[rows].sum()),
            "genes_in_average": len(per_gene(score[rows], data.label[rows], data.gene[rows])),
            **{
                name: {
                    key: dataclasses.astuple(value)
                    for key, value in figures(
                        column[rows], data.label[rows], data.gene[rows], data.family[rows]
                    ).items()
                }
                for name, column in columns.items()
            },
        }  # fmt: skip
    return found


def main(arguments: list[str] | None = None) -> int:
    """Train one set of networks a fold, calibrate on the out-of-fold scores, write the weights, print the figures."""
    parser = argparse.ArgumentParser(description="Train the missense predictor on ClinVar.")
    parser.add_argument("--data", type=Path, required=True, help="folder with clinvar/")
    parser.add_argument("--cache", type=Path, required=True, help="folder for profiles")
    parser.add_argument("--out", type=Path, default=ROOT / WEIGHTS)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    files = sorted((given.data / "clinvar").glob("*.tsv.gz"))
    if not files:
        raise BadInput("clinvar", "the whole folder", "it has no table", "the folder with clinvar/*.tsv.gz")
    table = protein_table()
    data = collect(files[0], table)
    known = profiles(table, sorted(set(data.accession.tolist())), given.cache, _say)
    inputs, rows = inputs_of(data, table, known)
    data = data.take(rows)
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
        _say(f"fold {held} trained")
    score = out_of_fold(networks, inputs, fold)
    reached = thresholds(score, data.label, data.gene)
    fold_of = {
        str(name): int(k) for column in (data.accession, data.gene) for name, k in zip(column, fold, strict=True)
    }
    meta = {
        "size": json.dumps(dataclasses.asdict(settings.size)), "fold_of": json.dumps(fold_of, sort_keys=True),
        "thresholds": json.dumps(reached),
    }  # fmt: skip
    save(given.out, networks, meta)
    np.savez(given.cache / "scores.npz", score=score, label=data.label, gene=data.gene, family=data.family)
    sys.stdout.write(json.dumps({**report(data, score, fold), "thresholds": reached}, indent=1) + "\n")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
