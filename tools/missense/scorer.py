"""The interface of every missense model, and the embedded one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.manifest import manifest, verified_path
from tools.missense.calibrate import Threshold
from tools.missense.proteins import Protein, protein_table
from tools.missense.substitution import INDEX

if TYPE_CHECKING:
    from tools.missense.features import Inputs

WEIGHTS = "tools/missense/weights/missense.safetensors"
LONGEST_SEARCHED = 3000
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
    """The networks that ship: one set a fold; a protein is scored by those that saw nothing of its family."""

    networks: dict[int, list[Any]]
    fold_of: dict[str, int]
    thresholds: tuple[Threshold, ...]
    sha256: str
    name: str = "sequence-context network"

    def scores(self, protein: Protein, changes: Sequence[Change]) -> NDArray[np.float64]:
        """Mean logit of the networks, shape (n,)."""
        from tools.missense.features import join
        from tools.missense.network import logits

        if not changes:
            return np.zeros(0)
        inputs = join([self._describe(protein.sequence, change) for change in changes])
        fold = self.fold(protein)
        chosen = [self.networks[fold]] if fold is not None else list(self.networks.values())
        rows = [logits(network, inputs).numpy() for members in chosen for network in members]
        return np.asarray(np.mean(rows, axis=0), dtype=np.float64)

    def has_relatives(self, protein: Protein, place: int) -> bool:
        """Whether other proteins of the table align at the place."""
        cut, inside = stretch(protein.sequence, place)
        return bool(_profile(cut).depth[inside - 1] > 0)

    @staticmethod
    def _describe(sequence: str, change: Change) -> Inputs:
        """Inputs of one change; a long protein is read in the stretch around it."""
        from tools.missense.features import describe

        cut, place = stretch(sequence, change[0])
        return describe(cut, _profile(cut), [(place, change[1])])

    def fold(self, protein: Protein) -> int | None:
        """The fold whose networks never saw the protein's family; None where no network saw it."""
        return self.fold_of.get(protein.accession, self.fold_of.get(protein.gene))


def stretch(sequence: str, place: int) -> tuple[str, int]:
    """The stretch of a long protein that is searched for relatives, and the 1-based place in it.

    Borders lie on a fixed raster, so that changes close to one another share one search.
    """
    if len(sequence) <= LONGEST_SEARCHED:
        return sequence, place
    half = LONGEST_SEARCHED // 2
    block = (place - 1) // half
    first = max(0, min(block * half - half // 2, len(sequence) - LONGEST_SEARCHED))
    return sequence[first : first + LONGEST_SEARCHED], place - first


@lru_cache(maxsize=1)
def _relatives() -> Any:
    from tools.missense.relatives import Relatives

    return Relatives(protein_table().all())


@lru_cache(maxsize=128)
def _profile(sequence: str) -> Any:
    return _relatives().profile(sequence)


@lru_cache(maxsize=1)
def embedded() -> EmbeddedScorer:
    """The model that ships. Raises `ToolFailed` where it is missing or not the one of the manifest."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load

    from tools.missense.network import MissenseNetwork, Size

    path = verified_path(WEIGHTS)
    try:
        with safe_open(path, framework="pt") as opened:
            meta: dict[str, str] = opened.metadata() or {}
        tensors = load(path.read_bytes())
    except (SafetensorError, OSError) as error:
        raise ToolFailed(f"The missense model cannot be read ({error}); install Consilium again.") from None
    size = Size(**json.loads(meta["size"]))
    networks: dict[int, list[Any]] = {}
    for name in sorted({key.partition("/")[0] for key in tensors}):
        network = MissenseNetwork(size)
        network.load_state_dict(
            {key.partition("/")[2]: value.float() for key, value in tensors.items() if key.startswith(f"{name}/")}
        )
        networks.setdefault(int(name.split(".")[0]), []).append(network.eval())
    thresholds = tuple(Threshold(*row) for row in json.loads(meta["thresholds"]))
    return EmbeddedScorer(networks, json.loads(meta["fold_of"]), thresholds, manifest()[WEIGHTS].sha256)
