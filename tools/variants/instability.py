"""What microsatellite instability and tumour mutational burden mean for a tumour type.

High burden is 10 mutations a megabase or more. Pembrolizumab is labelled by the FDA for previously treated solid
tumours with either, whatever the organ (KEYNOTE-158: Marabelle 2020, doi:10.1200/JCO.19.02105 and
doi:10.1016/S1470-2045(20)30445-9), which is level A of AMP/ASCO/CAP; colorectal cancer that is MSI-high has it first
(KEYNOTE-177: André 2020, doi:10.1056/NEJMoa2017699). High burden did not predict response in breast and prostate cancer
and glioma (McGrail 2021, doi:10.1016/j.annonc.2021.02.006). Neither was shown in blood cancers.
"""

from __future__ import annotations

from typing import NamedTuple

from knowledge.facts import vocabulary

HIGH_TMB_PER_MB = 10.0
_LABEL = "the FDA's label of pembrolizumab for previously treated solid tumours of any organ"
_DOUBTFUL = frozenset({"breast_cancer", "prostate_cancer", "glioma"})


class Instability(NamedTuple):
    """The tier where one follows, with its reason, and what else is to be known."""

    tier: str | None
    reason: str
    notes: tuple[str, ...]


def instability(
    msi_high: bool | None, tmb_high: bool | None, tmb_per_mb: float | None, tumour: str | None
) -> Instability:
    """The meaning of MSI (`msi_high`) or of a burden (`tmb_per_mb`, or `tmb_high` as written) for a tumour type.

    Args:
        msi_high: whether instability is high, or mismatch repair deficient; None where it is another matter.
        tmb_high: whether the burden was written as high, without a number.
        tmb_per_mb: mutations a megabase.
        tumour: a code of `tumour.type`, or None.
    """
    notes = list(_said(msi_high, tmb_per_mb))
    high_burden = tmb_per_mb >= HIGH_TMB_PER_MB if tmb_per_mb is not None else bool(tmb_high)
    if tmb_high and tmb_per_mb is None:
        notes.append("A high tumour mutational burden is 10 mutations per megabase or more; no number was given.")
    if not (msi_high or high_burden):
        return Instability(None, "", tuple(notes))
    above = vocabulary()["tumour.type"].code_ancestors(tumour) if tumour else ()
    if tumour and "solid_tumour" not in above:
        outside = "It is no marker for immune checkpoint inhibitors outside solid tumours."
        return Instability(None, "", (*notes, outside))
    if not tumour:
        return Instability(None, "", (*notes, f"In a solid tumour it is tier I, level A: {_LABEL}."))
    if msi_high and "colorectal_cancer" in above:
        notes.append("In metastatic colorectal cancer pembrolizumab is given first.")
    if high_burden and not msi_high and _DOUBTFUL & set(above):
        notes.append("In this tumour type a high burden has not predicted response; the label holds all the same.")
    return Instability("I_A", _LABEL, tuple(notes))


def _said(msi_high: bool | None, tmb_per_mb: float | None) -> tuple[str, ...]:
    found = []
    if msi_high is not None:
        found.append("Microsatellite instability is high." if msi_high else "Microsatellites are stable.")
    if tmb_per_mb is not None:
        word = "high (10 or more)" if tmb_per_mb >= HIGH_TMB_PER_MB else "not high (below 10)"
        found.append(f"Tumour mutational burden of {tmb_per_mb:g} mutations per megabase is {word}.")
    return tuple(found)


__all__ = ["HIGH_TMB_PER_MB", "Instability", "instability"]
