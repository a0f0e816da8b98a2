"""What the network sees of one change: the residues around it with their profile, and numbers about the exchange.

Nothing names the gene, and nothing is taken from labels of other changes. The length of the protein is left out too,
since it would name long genes; the place is given as the distance to either end, capped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.missense.relatives import Profile
from tools.missense.substitution import (
    CHARGE,
    HYDROPATHY,
    INDEX,
    LETTERS,
    NAMES,
    VOLUME,
    blosum62,
    substitution_features,
)

SIDE = 7  # residues on either side that the network reads one by one
OUTSIDE = 20  # token beyond the ends, and of letters that are no amino acid
_WIDE = (5, 15, 40)
_AROUND = (2, 7, 20)
_GROUPS = ("ILVMFWYC", "DEKR", "PG", "STNQ", "G")
_HYDROPATHIES = np.array([HYDROPATHY[letter] for letter in LETTERS])
_VOLUMES = np.array([VOLUME[letter] for letter in LETTERS])
_TOKENS = np.full(256, OUTSIDE, dtype=np.int64)
_TOKENS[[ord(letter) for letter in LETTERS]] = [INDEX[letter] for letter in LETTERS]
PLACE_NAMES = (
    "profile_log_odds", "profile_new", "profile_own", "profile_entropy", "conservation", "depth", "kinds",
    "nearest_with_new", "nearest_with_other", "nearest_like_new", "hydropathy_off", "volume_off", "hydropathy_spread",
    "volume_spread", "log_odds_over_expected", *(f"conservation_{wide}" for wide in _AROUND),
    *(f"depth_{wide}" for wide in _AROUND), "conservation_over_protein", "to_start", "to_end", "first_residue",
    *(f"{what}_{wide}" for wide in _WIDE
      for what in ("hydrophobic", "charged", "proline_glycine", "polar", "glycine", "mean_hydropathy", "net_charge",
                   "complexity")),
    "amphipathic_helix", "amphipathic_strand",
)  # fmt: skip
NUMBERS = len(NAMES) + len(PLACE_NAMES)


@dataclass(frozen=True)
class Inputs:
    """A batch of n changes.

    Attributes:
        letters: residue tokens around the change, shape (n, 2·SIDE+1), `OUTSIDE` beyond the ends.
        shares: profile minus its prior-free uniform level, shape (n, 2·SIDE+1, 20).
        depth: log(1 + weight of relatives), shape (n, 2·SIDE+1).
        new: the new residue, shape (n,).
        numbers: `substitution.NAMES` and `PLACE_NAMES`, shape (n, NUMBERS).
    """

    letters: NDArray[np.int64]
    shares: NDArray[np.float32]
    depth: NDArray[np.float32]
    new: NDArray[np.int64]
    numbers: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.new)

    def part(self, keep: NDArray[np.generic] | slice) -> Inputs:
        """The changes at `keep`: a mask, indices or a slice."""
        return Inputs(self.letters[keep], self.shares[keep], self.depth[keep], self.new[keep], self.numbers[keep])


def join(parts: Sequence[Inputs]) -> Inputs:
    """One batch of several."""
    return Inputs(
        np.concatenate([part.letters for part in parts]), np.concatenate([part.shares for part in parts]),
        np.concatenate([part.depth for part in parts]), np.concatenate([part.new for part in parts]),
        np.concatenate([part.numbers for part in parts]),
    )  # fmt: skip


def describe(sequence: str, profile: Profile, changes: Sequence[tuple[int, str]]) -> Inputs:
    """Inputs of changes (1-based place, new letter) in one protein. Old residues are those of the sequence."""
    tokens = _TOKENS[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)]
    padded = np.concatenate([np.full(SIDE, OUTSIDE), tokens, np.full(SIDE, OUTSIDE)])
    shares = np.pad(profile.shares.astype(np.float32), ((SIDE, SIDE), (0, 0)))
    depth = np.pad(np.log1p(profile.depth.astype(np.float32)), SIDE)
    window = np.array([place - 1 for place, _ in changes])[:, None] + np.arange(2 * SIDE + 1)
    numbers = [
        (*substitution_features(sequence[place - 1], new), *_of_place(sequence, profile, place, new))
        for place, new in changes
    ]
    return Inputs(
        padded[window], shares[window] - np.float32(0.05), depth[window],
        np.array([INDEX[new] for _, new in changes]), np.array(numbers, dtype=np.float32),
    )  # fmt: skip


def _of_place(sequence: str, profile: Profile, place: int, new: str) -> tuple[float, ...]:
    start, end = place - 1, len(sequence) - place
    return (
        *_of_relatives(sequence, profile, place - 1, new), *_around(profile, place - 1),
        math.log1p(min(start, 300)) / 5, math.log1p(min(end, 300)) / 5, float(start == 0),
        *(number for wide in _WIDE for number in _composition(sequence, place, wide)),
        _moment(sequence, place, 100.0), _moment(sequence, place, 170.0),
    )  # fmt: skip


def _of_relatives(sequence: str, profile: Profile, at: int, new: str) -> tuple[float, ...]:
    """What relatives have at one place (0-based), and how the new residue fits it."""
    shares = profile.shares[at].astype(np.float64)
    old, mine = INDEX[sequence[at]], INDEX[new]
    log_odds = math.log(shares[mine] / shares[old])
    entropy = float(-(shares * np.log(np.maximum(shares, 1e-9))).sum())
    nearest = profile.nearest[at].astype(np.float64)
    others = np.delete(nearest, old)
    like = float((nearest * np.maximum(0.0, blosum62()[mine] / blosum62()[mine, mine])).max())
    hydropathy, hydropathy_spread = _fit(shares, _HYDROPATHIES, mine)
    volume, volume_spread = _fit(shares, _VOLUMES, mine)
    usual = blosum62()[old, mine] * math.log(2) / 2
    return (
        log_odds / 3, math.log(shares[mine]) / 3, float(shares[old]), entropy, float(profile.conservation[at]),
        math.log1p(float(profile.depth[at])) / 3, math.log1p(float(profile.kinds[at])), float(nearest[mine]),
        float(others.max()), like, hydropathy / 3, volume / 40, hydropathy_spread / 2, volume_spread / 20,
        (log_odds - usual) / 3,
    )  # fmt: skip


def _fit(shares: NDArray[np.float64], values: NDArray[np.float64], new: int) -> tuple[float, float]:
    """How far the new residue's value lies from the mean of what relatives have, and the spread of that (SD)."""
    mean = float(shares @ values)
    return abs(float(values[new]) - mean), math.sqrt(max(0.0, float(shares @ (values - mean) ** 2)))


def _around(profile: Profile, at: int) -> tuple[float, ...]:
    """Mean conservation and log depth in windows around a place, and conservation against the whole protein's."""
    windows = [slice(max(0, at - wide), at + wide + 1) for wide in _AROUND]
    whole, spread = float(profile.conservation.mean()), float(profile.conservation.std()) + 0.02
    return (
        *(float(profile.conservation[window].mean()) for window in windows),
        *(float(np.log1p(profile.depth[window]).mean()) / 3 for window in windows),
        (float(profile.conservation[at]) - whole) / spread,
    )  # fmt: skip


def _composition(sequence: str, place: int, wide: int) -> tuple[float, ...]:
    """Shares of groups of residues within `wide` residues, mean hydropathy, net charge, and Shannon entropy (nats)."""
    part = sequence[max(0, place - 1 - wide) : place + wide]
    size = len(part)
    groups = tuple(sum(part.count(letter) for letter in group) / size for group in _GROUPS)
    hydropathy = sum(HYDROPATHY.get(letter, 0.0) for letter in part) / size / 4
    charge = sum(CHARGE.get(letter, 0) for letter in part) / size * 3
    counts = [part.count(letter) / size for letter in set(part)]
    return (*groups, hydropathy, charge, -sum(share * math.log(share) for share in counts) / 2)


def _moment(sequence: str, place: int, degrees: float) -> float:
    """Hydrophobic moment over 11 residues at a turn of `degrees` a residue (Eisenberg 1984), a residue, over 4."""
    first = max(0, place - 6)
    part = sequence[first : place + 5]
    angle = math.radians(degrees)
    across = sum(HYDROPATHY.get(letter, 0.0) * math.cos(k * angle) for k, letter in enumerate(part))
    along = sum(HYDROPATHY.get(letter, 0.0) * math.sin(k * angle) for k, letter in enumerate(part))
    return math.hypot(across, along) / len(part) / 4
