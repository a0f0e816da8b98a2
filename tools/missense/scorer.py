"""The interface of every missense model, and the embedded one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.manifest import manifest, verified_path
from tools.missense.calibrate import Threshold
from tools.missense.inference import Network
from tools.missense.profiles import profile_at, stored, stored_accession
from tools.missense.proteins import Protein
from tools.missense.substitution import INDEX

WEIGHTS = "tools/missense/weights/missense.safetensors"
Change = tuple[int, str]


class Scorer(Protocol):
    """A model that scores missense changes of one protein.

    Attributes:
        name: shown with every score.
        sha256: of its weights.
        thresholds: of PP3 and BP4; empty where the model was not calibrated.
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def thresholds(self) -> tuple[Threshold, ...]: ...

    def scores(self, protein: Protein, changes: Sequence[Change]) -> NDArray[np.float64]:
        """Score of each change (1-based place, new letter), shape (n,); higher is more harmful."""
        ...

    def calibrated(self, protein: Protein) -> bool:
        """Whether the thresholds hold for scores of this protein."""
        ...


def checked(protein: Protein, place: int, old: str, new: str) -> Change:
    """A change that fits the protein. Raises `ToolRetry` saying what stands there."""
    found = protein.residue(place)
    shown = protein.accession or protein.gene or "the protein"
    if old not in INDEX or new not in INDEX or old == new:
        raise ToolRetry(f"{old}{place}{new} is not a missense change; write one such as R175H.")
    if found is None:
        raise ToolRetry(f"{old}{place}{new}: {shown} has {len(protein.sequence)} residues.")
    if found != old:
        raise ToolRetry(f"{old}{place}{new}: {shown} has {found} at {place}; check the transcript.")
    return place, new


@dataclass(frozen=True)
class EmbeddedScorer:
    """The networks that ship: one set a fold; a protein is scored by those that saw no label of its family."""

    networks: dict[int, list[Network]]
    fold_of: dict[str, int]
    thresholds: tuple[Threshold, ...]
    sha256: str
    name: str = "sequence-context network"

    def scores(self, protein: Protein, changes: Sequence[Change]) -> NDArray[np.float64]:
        """Mean logit of the networks, shape (n,)."""
        from tools.missense.features import describe, join

        if not changes:
            return np.zeros(0)
        shipped = stored(protein.sequence)
        if shipped is not None:
            inputs = describe(protein.sequence, shipped, changes)
        else:
            around = [(profile_at(protein.sequence, place), new) for place, new in changes]
            inputs = join([describe(part.sequence, part.profile, [(part.place, new)]) for part, new in around])
        fold = self.fold(protein)
        chosen = [self.networks[fold]] if fold is not None else list(self.networks.values())
        rows = [network.logits(inputs) for members in chosen for network in members]
        return np.asarray(np.mean(rows, axis=0), dtype=np.float64)

    def calibrated(self, protein: Protein) -> bool:
        """Whether the thresholds hold: only for proteins with a profile of the kind that the model was trained on."""
        return bool(self.thresholds) and stored(protein.sequence) is not None

    def relatives(self, protein: Protein, place: int) -> int:
        """How many related proteins have a residue aligned at the place."""
        around = profile_at(protein.sequence, place)
        return round(float(around.profile.depth[around.place - 1]))

    def fold(self, protein: Protein) -> int | None:
        """The fold whose networks saw no label of the protein's family; None where no network saw one."""
        known = stored_accession(protein.sequence)
        names = (protein.accession, known or "", protein.gene)
        return next((self.fold_of[name] for name in names if name in self.fold_of), None)


@lru_cache(maxsize=1)
def embedded() -> EmbeddedScorer:
    """The model that ships. Raises `ToolFailed` where it is missing or not the one of the manifest."""
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load

    path = verified_path(WEIGHTS)
    try:
        with safe_open(path, framework="numpy") as opened:
            meta: dict[str, str] = opened.metadata() or {}
        tensors = load(path.read_bytes())
    except (SafetensorError, OSError) as error:
        raise ToolFailed(f"The missense model cannot be read ({error}); install Consilium again.") from None
    heads = int(json.loads(meta["size"])["heads"])
    networks: dict[int, list[Network]] = {}
    for name in sorted({key.partition("/")[0] for key in tensors}):
        own = {key.partition("/")[2]: value for key, value in tensors.items() if key.startswith(f"{name}/")}
        networks.setdefault(int(name.split(".")[0]), []).append(Network(own, heads))
    thresholds = tuple(Threshold(*row) for row in json.loads(meta["thresholds"]))
    return EmbeddedScorer(networks, json.loads(meta["fold_of"]), thresholds, manifest()[WEIGHTS].sha256)
