"""Scores of missense changes with what they support as evidence."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, cast

from tools.evidence import Record
from tools.missense.calibrate import Strength, strength_of
from tools.missense.proteins import Protein, protein_table
from tools.missense.scorer import EmbeddedScorer, Scorer, checked, embedded
from tools.missense.substitution import INDEX


class MissenseScore(Record):
    """One change with its score (higher is more harmful) and the code that the score supports.

    Attributes:
        score: the logit of the embedded network, or minus the masked-marginal log ratio of an ESM checkpoint.
        code, strength: PP3 or BP4 by calibration; None between the thresholds, or where the model is not calibrated.
        calibrated: whether the thresholds hold; not for proteins that the shipped profiles lack, nor for ESM.
        relatives: how many related proteins align at the place; without them the score rests on less. None for ESM.
    """

    protein: str
    gene: str
    change: str
    score: float
    code: Literal["PP3", "BP4"] | None
    strength: Strength | None
    model: str
    sha256: str
    calibrated: bool
    relatives: int | None = None

    def sentence(self) -> str:
        """Why the code is met or not."""
        said = f"the {self.model} scores {self.gene or self.protein} {self.change} {self.score:+.2f}"
        if not self.calibrated:
            return f"{said}; it is not calibrated for this protein, and supports no code"
        if self.code is None:
            return f"{said}, between the thresholds of PP3 and BP4"
        side = "harmful" if self.code == "PP3" else "harmless"
        return f"{said}, {side} at the {self.strength} level of its calibration"


def predict(
    protein: Protein, changes: Sequence[tuple[str, int, str]], scorer: Scorer | None = None
) -> list[MissenseScore]:
    """Score changes (old letter, 1-based place, new letter) of one protein.

    Raises:
        ToolRetry: a change that does not fit the protein.
        ToolFailed: the embedded model or the protein table is missing.
    """
    pairs = [checked(protein, place, old, new) for old, place, new in changes]
    model = scorer or embedded()
    found = []
    for (old, place, new), score in zip(changes, model.scores(protein, pairs), strict=True):
        calibrated = model.calibrated(protein)
        met = strength_of(float(score), model.thresholds) if calibrated else None
        related = model.relatives(protein, place) if isinstance(model, EmbeddedScorer) else None
        found.append(
            MissenseScore(
                protein=protein.accession, gene=protein.gene, change=f"{old}{place}{new}",
                score=round(float(score), 3), code=met.code if met else None, strength=met.strength if met else None,
                model=model.name, sha256=model.sha256, calibrated=calibrated, relatives=related,
            )
        )  # fmt: skip
    return found


GeneChange = tuple[str, int, str, str]
"""Gene, 1-based place, old letter, new letter."""
_KEPT = 4096
_MISSING = object()
_known: OrderedDict[GeneChange, MissenseScore | None] = OrderedDict()


def predict_gene(gene: str, place: int, old: str, new: str) -> MissenseScore | None:
    """The embedded model on the longest protein of a gene that has this residue; None where there is none."""
    change = (gene, place, old, new)
    held = _known.get(change, _MISSING)
    return predict_genes([change])[change] if held is _MISSING else cast("MissenseScore | None", held)


def predict_genes(changes: Iterable[GeneChange]) -> dict[GeneChange, MissenseScore | None]:
    """As `predict_gene` for many changes, those of one protein together; `predict_gene` then has them at hand.

    Raises:
        ToolFailed: the embedded model or the protein table is missing.
    """
    found: dict[GeneChange, MissenseScore | None] = {}
    by_protein: dict[Protein, list[GeneChange]] = defaultdict(list)
    for change in changes:
        gene, place, old, new = change
        protein = protein_table().with_residue(gene, place, old)
        if protein is None or old == new or not {old, new} <= INDEX.keys():
            found[change] = None
        else:
            by_protein[protein].append(change)
    for protein, asked in by_protein.items():
        found.update(zip(asked, predict(protein, [(old, place, new) for _, place, old, new in asked]), strict=True))
    _known.update(found)
    while len(_known) > _KEPT:
        _known.popitem(last=False)
    return found


def scorer_of(model: Path | None) -> Scorer:
    """The embedded model, or the ESM checkpoint in a folder. Raises `BadInput` where the folder holds none."""
    if model is None:
        return embedded()
    from tools.missense.esm import EsmScorer

    return EsmScorer(model)
