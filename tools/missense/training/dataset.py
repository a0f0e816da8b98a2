"""ClinVar missense changes with a label, over the local protein table, and the families of their proteins.

A change is pathogenic (1) where every ClinVar assertion is pathogenic or likely pathogenic, benign (0) where every one
is benign or likely benign. It is kept only where the protein has the named residue at the named place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput
from knowledge.tables.build_clinvar import read_rows, sniff
from knowledge.tables.significance import classify_significance, review_stars
from tools.missense.proteins import Protein, ProteinTable
from tools.missense.substitution import INDEX
from tools.variants.names import parse_protein

LABELS = {"pathogenic": 1, "likely_pathogenic": 1, "benign": 0, "likely_benign": 0}
SHARED_PIECES = 8  # two proteins that share as many 6-letter pieces are of one family
PIECE = 6


@dataclass(frozen=True)
class Labelled:
    """Changes as columns: gene, accession, place (1-based), old and new letter, label, stars, family.

    `family_of` has the family of every protein of the table, whether or not it has labels.
    """

    gene: NDArray[np.str_]
    accession: NDArray[np.str_]
    place: NDArray[np.int64]
    old: NDArray[np.str_]
    new: NDArray[np.str_]
    label: NDArray[np.int64]
    stars: NDArray[np.int64]
    family: NDArray[np.int64]
    family_of: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: NDArray[np.int64]) -> Labelled:
        """The changes at `rows`."""
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        return Labelled(**{name: held if name == "family_of" else held[rows] for name, held in columns.items()})


def collect(clinvar: Path, table: ProteinTable) -> Labelled:
    """Labelled missense changes of a ClinVar file, each once.

    Raises:
        BadInput: the file is not ClinVar's, or none of its changes could be used.
    """
    layout, _, _ = sniff(clinvar)
    found: dict[tuple[str, int, str, str], tuple[str, int, int]] = {}
    contradicted = set()
    for row in read_rows(clinvar, layout, "GRCh37"):
        change = parse_protein(row.hgvs_p) if row.hgvs_p else None
        if change is None or change.kind != "substitution" or change.start != change.end:
            continue
        label = LABELS.get(classify_significance(row.significance))
        if label is None:
            continue
        old, new, place = change.ref, change.alt, change.start
        protein = table.with_residue(row.gene, place, old)
        if protein is None or old == new or new not in INDEX or old not in INDEX:
            continue
        key = (protein.accession, place, old, new)
        if key in found and found[key][1] != label:
            contradicted.add(key)
        found[key] = (row.gene, label, max(review_stars(row.review), found.get(key, ("", 0, 0))[2]))
    rows = [(key, value) for key, value in sorted(found.items()) if key not in contradicted]
    if not rows:
        raise BadInput(clinvar.name, "the whole file", "no missense change fits the protein table", "ClinVar")
    family = families({protein.accession: protein for protein in table.proteins()})
    return Labelled(
        np.array([value[0] for _, value in rows]), np.array([key[0] for key, _ in rows]),
        np.array([key[1] for key, _ in rows]), np.array([key[2] for key, _ in rows]),
        np.array([key[3] for key, _ in rows]), np.array([value[1] for _, value in rows]),
        np.array([value[2] for _, value in rows]), np.array([family[key[0]] for key, _ in rows]), family,
    )  # fmt: skip


def families(proteins: Mapping[str, Protein]) -> dict[str, int]:
    """Accession -> family: proteins of one gene, or that share `SHARED_PIECES` exact pieces, by single linkage.

    Pieces that stand in more than 30 proteins (zinc-finger linkers, collagen repeats) do not link.
    """
    holders: dict[str, list[str]] = defaultdict(list)
    parent = {name: name for name in proteins}
    for name, protein in proteins.items():
        letters = protein.sequence
        for piece in {letters[k : k + PIECE] for k in range(len(letters) - PIECE + 1)}:
            if len(set(piece)) >= 4:
                holders[piece].append(name)

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        if 1 < len(names) <= 30:
            shared.update((one, two) for i, one in enumerate(names) for two in names[i + 1 :])
    by_gene: dict[str, str] = {}
    for name, protein in proteins.items():
        parent[root(name)] = root(by_gene.setdefault(protein.gene or name, name))
    for (one, two), count in shared.items():
        if count >= SHARED_PIECES:
            parent[root(one)] = root(two)
    roots = {name: root(name) for name in proteins}
    first: dict[str, str] = {}
    for name in sorted(roots):
        first.setdefault(roots[name], name)
    order = {place: number for number, place in enumerate(sorted(first, key=first.__getitem__))}
    return {name: order[place] for name, place in roots.items()}
