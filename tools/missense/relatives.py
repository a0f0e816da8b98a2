"""Profile of a protein: the share of each amino acid at each place, from what its relatives have there.

Profiles of the proteins of the local table ship with Consilium (`profiles`); those of other proteins come from a search
of the local table by phmmer (HMMER 3, through pyhmmer; Larralde and Zeller 2023, doi 10.1093/bioinformatics/btad214),
which holds human proteins only, so that such a profile says less.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.missense.observed import Aligned, Observed, observe
from tools.missense.substitution import INDEX, LETTERS, blosum62

HIGHEST_EXPECTATION = 1e-3
SAME_PROTEIN = 0.95  # a human stretch more identical than this is another form of the same protein and says nothing
PRIOR_WEIGHT = 5.0
_SMOOTHED = 21  # residues over which the number of different amino acids is averaged
_BACKGROUND = np.array([
    0.0702, 0.0230, 0.0473, 0.0710, 0.0365, 0.0657, 0.0262, 0.0433, 0.0572, 0.0996, 0.0213, 0.0359, 0.0631, 0.0477,
    0.0564, 0.0833, 0.0536, 0.0597, 0.0122, 0.0267,
])  # fmt: skip
"""Share of each amino acid in human proteins (UniProt, Homo sapiens proteome), in the order of `LETTERS`."""


@dataclass(frozen=True)
class Profile:
    """Related residues by position of a protein of length L.

    Attributes:
        shares: estimated share of each amino acid, shape (L, 20); rows sum to 1.
        nearest: identity (0–1) of the nearest relative with this amino acid there, shape (L, 20); 0 where none has it.
        depth: number of relatives with a residue there, shape (L,).
        kinds: number of different amino acids seen there, shape (L,).
        conservation: Jensen-Shannon divergence of the shares from the background, bits, shape (L,).
        relatives: number of aligned stretches.
    """

    shares: NDArray[np.float32]
    nearest: NDArray[np.float32]
    depth: NDArray[np.float32]
    kinds: NDArray[np.float32]
    conservation: NDArray[np.float32]
    relatives: int


def profile(sequence: str, seen: Observed) -> Profile:
    """Shares with pseudocounts after PSI-BLAST (Altschul 1997, doi 10.1093/nar/25.17.3389).

    What was observed weighs by the number of different amino acids around, less one; what BLOSUM62 expects beside it
    weighs `PRIOR_WEIGHT`. The protein's own residue counts as one more relative.
    """
    own = np.array([INDEX.get(letter, -1) for letter in sequence])
    one = np.zeros((len(sequence), 20))
    known = own >= 0
    one[np.flatnonzero(known), own[known]] = 1.0
    observed = seen.shares.astype(np.float64) / 255
    observed /= np.maximum(observed.sum(axis=1, keepdims=True), 1e-9)
    counts = seen.counts
    observed = (observed * counts[:, None] + one) / np.maximum(counts + known, 1)[:, None]
    different = np.convolve(np.maximum(seen.kinds, 1), np.ones(_SMOOTHED), "same")
    different /= np.convolve(np.ones(len(sequence)), np.ones(_SMOOTHED), "same")[: len(different)]
    weight = np.maximum(different[: len(sequence)] - 1, 0)[:, None] + 1
    expected = observed @ _prior()[:20]
    expected[~known & (counts == 0)] = _prior()[20]
    shares = (weight * observed + PRIOR_WEIGHT * expected) / (weight + PRIOR_WEIGHT)
    shares /= shares.sum(axis=1, keepdims=True)
    return Profile(
        shares.astype(np.float32), (seen.nearest / 255).astype(np.float32), counts.astype(np.float32),
        seen.kinds.astype(np.float32), _divergence(shares).astype(np.float32), seen.relatives,
    )  # fmt: skip


def _divergence(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence from the background, bits (Capra and Singh 2007, doi 10.1093/bioinformatics/btm270)."""
    base = _BACKGROUND / _BACKGROUND.sum()
    middle = (shares + base) / 2
    one = (shares * np.log2(np.maximum(shares, 1e-12) / middle)).sum(axis=1)
    other = (base * np.log2(base / middle)).sum(axis=1)
    return np.asarray((one + other) / 2)


@lru_cache(maxsize=1)
def _prior() -> NDArray[np.float64]:
    """P(other | own) of BLOSUM62 (λ = ln 2 / 2), shape (21, 20); last row: the background, for unknown letters."""
    joint = _BACKGROUND[None] * np.exp2(blosum62() / 2)
    return np.vstack([joint / joint.sum(axis=1, keepdims=True), _BACKGROUND / _BACKGROUND.sum()])


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

    def observe(self, sequence: str) -> Observed:
        """What the relatives of a protein have, whether or not it is in the set."""
        from pyhmmer.plan7 import Background, Pipeline

        query = self._text(name="query", sequence=sequence).digitize(self._alphabet)
        pipeline = Pipeline(self._alphabet, background=Background(self._alphabet), E=HIGHEST_EXPECTATION)
        rows = [
            _aligned(domain.alignment)
            for hit in pipeline.search_seq(query, self._block)
            for domain in hit.domains.included
        ]
        return observe(sequence, [row for row in rows if row.identity <= SAME_PROTEIN])


def _aligned(alignment: Any) -> Aligned:
    """A pyhmmer alignment as rows; inserts of the relative are gaps of the protein."""
    own = alignment.hmm_sequence.replace(".", "-").upper()
    other = alignment.target_sequence.upper()
    pairs = [(one, two) for one, two in zip(own, other, strict=True) if one != "-" and two != "-"]
    identity = sum(one == two for one, two in pairs) / max(1, len(pairs))
    return Aligned(int(alignment.hmm_from), own, other, identity)


__all__ = ["LETTERS", "Profile", "Relatives", "profile"]
