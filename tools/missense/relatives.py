"""What stands at each position in related proteins: a profile from a search of the local protein table.

The search is phmmer (HMMER 3, through pyhmmer; Larralde and Zeller 2023, doi 10.1093/bioinformatics/btad214). The table
holds human proteins only, so relatives are paralogues and repeats of a domain, not the same protein in other species:
a protein without paralogues in the table has an empty profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.missense.substitution import INDEX, LETTERS, blosum62

HIGHEST_EXPECTATION = 1e-3
SAME_PROTEIN = 0.95  # a stretch more identical than this is another form of the same protein and says nothing
PRIOR_WEIGHT = 4.0
_BACKGROUND = np.array([
    0.0702, 0.0230, 0.0473, 0.0710, 0.0365, 0.0657, 0.0262, 0.0433, 0.0572, 0.0996, 0.0213, 0.0359, 0.0631, 0.0477,
    0.0564, 0.0833, 0.0536, 0.0597, 0.0122, 0.0267,
])  # fmt: skip
"""Share of each amino acid in human proteins (UniProt, Homo sapiens proteome), in the order of `LETTERS`."""


@dataclass(frozen=True)
class Profile:
    """Related residues by position.

    Attributes:
        shares: estimated share of each amino acid at each position, shape (length, 20); rows sum to 1.
        depth: weight of the aligned relatives at each position, shape (length,); 0 where there is none.
        relatives: how many aligned stretches were used.
    """

    shares: NDArray[np.float32]
    depth: NDArray[np.float32]
    relatives: int


class Relatives:
    """A set of proteins that can be searched. Sequences with letters that are no amino acid are searched as X."""

    def __init__(self, sequences: dict[str, str]) -> None:
        from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

        self._alphabet: Any = Alphabet.amino()
        self._text = TextSequence
        self._block: Any = DigitalSequenceBlock(
            self._alphabet,
            [TextSequence(name=name, sequence=letters).digitize(self._alphabet) for name, letters in sequences.items()],
        )

    def profile(self, sequence: str) -> Profile:
        """The profile of one protein, whether or not it is in the set."""
        from pyhmmer.plan7 import Background, Pipeline

        query = self._text(name="query", sequence=sequence).digitize(self._alphabet)
        pipeline = Pipeline(self._alphabet, background=Background(self._alphabet), E=HIGHEST_EXPECTATION)
        counts = np.zeros((len(sequence), 20))
        used = 0
        for hit in pipeline.search_seq(query, self._block):
            for domain in hit.domains.included:
                used += _add(counts, sequence, domain.alignment)
        return _estimate(sequence, counts, used)


def _add(counts: NDArray[np.float64], sequence: str, alignment: Any) -> int:
    """Add one aligned stretch; returns 1 where it was used."""
    places, letters = [], []
    place = alignment.hmm_from - 1
    for model, target in zip(alignment.hmm_sequence, alignment.target_sequence, strict=True):
        if model == ".":
            continue
        if target != "-":
            places.append(place)
            letters.append(INDEX.get(target.upper(), -1))
        place += 1
    at, found = np.array(places), np.array(letters)
    keep = found >= 0
    at, found = at[keep], found[keep]
    own = np.array([INDEX.get(sequence[k], -2) for k in at])
    if len(at) < 15 or float(np.mean(own == found)) > SAME_PROTEIN:
        return 0
    counts[at, found] += 1.0
    return 1


def _estimate(sequence: str, counts: NDArray[np.float64], used: int) -> Profile:
    """Shares with a prior from BLOSUM62: what is usual beside the protein's own residue, weight `PRIOR_WEIGHT`."""
    own = np.array([INDEX.get(letter, -1) for letter in sequence])
    prior = _prior()[own]
    observed = np.sqrt(counts)  # many near copies of one family count less than their number
    depth = observed.sum(axis=1)
    one = np.zeros_like(counts)
    known = own >= 0
    one[np.flatnonzero(known), own[known]] = 1.0
    shares = observed + one + PRIOR_WEIGHT * prior
    shares /= shares.sum(axis=1, keepdims=True)
    return Profile(shares.astype(np.float32), depth.astype(np.float32), used)


@lru_cache(maxsize=1)
def _prior() -> NDArray[np.float64]:
    """P(other | own) of BLOSUM62 (λ = ln 2 / 2), shape (21, 20); last row: the background, for unknown letters."""
    joint = _BACKGROUND[None] * np.exp2(blosum62() / 2)
    return np.vstack([joint / joint.sum(axis=1, keepdims=True), _BACKGROUND / _BACKGROUND.sum()])


__all__ = ["LETTERS", "Profile", "Relatives"]
