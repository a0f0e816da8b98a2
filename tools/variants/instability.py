"""What microsatellite instability and tumour mutational burden mean for a tumour type, with citable evidence.

High burden is 10 mutations a megabase or more. Pembrolizumab is labelled by the FDA for previously treated solid
tumours with either, whatever the organ (KEYNOTE-158: Marabelle 2020, doi:10.1200/JCO.19.02105 and
doi:10.1016/S1470-2045(20)30445-9), which is level A of AMP/ASCO/CAP; colorectal cancer that is MSI-high has it first
(KEYNOTE-177: André 2020, doi:10.1056/NEJMoa2017699). High burden did not predict response in breast and prostate cancer
and glioma (McGrail 2021, doi:10.1016/j.annonc.2021.02.006). Neither was shown in blood cancers.
"""

from __future__ import annotations

from typing import NamedTuple

from knowledge.facts import Fact, vocabulary
from knowledge.recommendations import GUIDELINES_DIR, Guideline, Recommendation, in_language, read_guideline_file
from tools.evidence import DocumentPassage, Evidence, Provenance
from tools.variants.marker_words import THRESHOLD_PER_MB, Marker
from tools.variants.model import AnnotatedVariant, TumourMarker
from tools.variants.therapy import TIER_WORDS

HIGH_TMB_PER_MB = THRESHOLD_PER_MB
_LABEL = "the FDA's label of pembrolizumab for previously treated solid tumours of any organ"
_DOUBTFUL = frozenset({"breast_cancer", "prostate_cancer", "glioma"})
_LABELS = {"msi": "fda-labels-agnostic-2025.pembrolizumab-msi", "tmb": "fda-labels-agnostic-2025.pembrolizumab-tmb"}
_FIRST_LINE = {"colorectal_cancer": "asco-mcrc-2022.msi-pembrolizumab"}


class Instability(NamedTuple):
    """The tier where one follows, with its reason, what else is to be known, and the recommendations it rests on."""

    tier: str | None
    reason: str
    notes: tuple[str, ...]
    sources: tuple[str, ...] = ()


def instability(
    msi_high: bool | None, tmb_high: bool | None, tmb_per_mb: float | None, tumour: str | None
) -> Instability:
    """The meaning of MSI (`msi_high`) or of a burden (`tmb_per_mb`, or `tmb_high` as written) for a tumour type.

    Args:
        msi_high: whether instability is high, or mismatch repair deficient; None where it is another matter.
        tmb_high: whether the burden was written as high or as not high.
        tmb_per_mb: mutations a megabase.
        tumour: a code of `tumour.type`, or None.
    """
    notes = list(_said(msi_high, tmb_high, tmb_per_mb))
    high_burden = tmb_per_mb >= HIGH_TMB_PER_MB if tmb_per_mb is not None else bool(tmb_high)
    if not (msi_high or high_burden):
        return Instability(None, "", tuple(notes))
    above = vocabulary()["tumour.type"].code_ancestors(tumour) if tumour else ()
    if tumour and "solid_tumour" not in above:
        outside = "It is no marker for immune checkpoint inhibitors outside solid tumours."
        return Instability(None, "", (*notes, outside))
    sources = [_LABELS["msi" if msi_high else "tmb"]]
    if not tumour:
        return Instability(None, "", (*notes, f"In a solid tumour it is tier I, level A: {_LABEL}."), tuple(sources))
    if msi_high and "colorectal_cancer" in above:
        notes.append("In metastatic colorectal cancer pembrolizumab is given first.")
        sources.append(_FIRST_LINE["colorectal_cancer"])
    if high_burden and not msi_high and _DOUBTFUL & set(above):
        notes.append("In this tumour type a high burden has not predicted response; the label holds all the same.")
    return Instability("I_A", _LABEL, tuple(notes), tuple(sources))


def _said(msi_high: bool | None, tmb_high: bool | None, tmb_per_mb: float | None) -> tuple[str, ...]:
    found = []
    if msi_high is not None:
        found.append("Microsatellite instability is high." if msi_high else "Microsatellites are stable.")
    if tmb_per_mb is not None:
        high = tmb_per_mb >= HIGH_TMB_PER_MB
        word = "high (10 or more)" if high else "not high (below 10)"
        found.append(f"Tumour mutational burden of {tmb_per_mb:g} mutations per megabase is {word}.")
        if tmb_high not in (None, high):
            found.append(f"It was written as {'high' if tmb_high else 'low'}, which its number is not.")
    elif tmb_high is not None:
        word = "high: 10" if tmb_high else "not high: high is 10"
        found.append(f"Tumour mutational burden is {word} mutations per megabase or more; no number was given.")
    return tuple(found)


def annotate_marker(text: str, marker: Marker, tumour: str | None, germline: bool) -> AnnotatedVariant:
    """A marker as written with what it means; one of a germline sample has no tier."""
    msi, tmb = (marker.high, None) if marker.kind == "msi" else (None, marker.high)
    found = instability(msi, tmb, marker.per_mb, tumour)
    if germline:
        said = "It is a marker of the tumour"
        said += "; whether Lynch syndrome is behind it, a germline test shows." if msi else ", not of the germline."
        found = Instability(None, "", (*_said(msi, tmb, marker.per_mb), said))
    notes = found.notes
    if msi is not None and ("MMR" in text.upper() or "REPAIR" in text.upper()):
        notes = (f"Mismatch repair is {'deficient' if msi else 'proficient'}.", *notes[1:])
    kept = TumourMarker(kind=marker.kind, high=marker.high, per_mb=marker.per_mb, sources=found.sources)
    return AnnotatedVariant(
        text=text, name=text, tier=found.tier, tier_reason=found.reason, notes=notes, marker=kept
    )  # fmt: skip


def marker_evidence(row: AnnotatedVariant, provenance: Provenance) -> list[Evidence]:
    """Evidence for a marker as written, and for each labelled indication or recommendation that its tier rests on."""
    marker = row.marker
    assert marker is not None
    facts = [Fact(name="variant.name", value=row.name)]
    if marker.per_mb is not None:
        facts.append(Fact(name="variant.tumour_mutational_burden", value=marker.per_mb, unit="{mutations}/Mb"))
    if row.tier is not None:
        facts.append(Fact(name="variant.tier", value=row.tier))
    text = " ".join(row.notes)
    if row.tier is not None:
        text += f" AMP/ASCO/CAP {TIER_WORDS[row.tier]}: {row.tier_reason}."
    guideline, label = _recommendation(_LABELS[marker.kind])
    made = [
        Evidence(
            kind="variant", claim=f"{row.name}: {text[0].lower()}{text[1:]}", facts=tuple(facts),
            locator=_passage(guideline, label), provenance=provenance,
        )
    ]  # fmt: skip
    return made + [_cited(row, provenance, *_recommendation(name)) for name in marker.sources]


def _cited(row: AnnotatedVariant, provenance: Provenance, guideline: Guideline, said: Recommendation) -> Evidence:
    drugs = [vocabulary()[name].label["en"] for name in said.action.drugs]
    return Evidence(
        kind="database_record", claim=in_language(said.text, "en"),
        facts=(
            Fact(name="variant.name", value=row.name), *(Fact(name="variant.drug", value=drug) for drug in drugs),
            Fact(name="variant.drug_effect", value="sensitivity"),
        ),
        locator=_passage(guideline, said), provenance=provenance,
    )  # fmt: skip


def _passage(guideline: Guideline, said: Recommendation) -> DocumentPassage:
    return DocumentPassage(
        document=in_language(guideline.title, "en"), section=said.section, identifier=guideline.identifier
    )


def _recommendation(name: str) -> tuple[Guideline, Recommendation]:
    """A recommendation of the store with its guideline, of which the one file is read."""
    file = read_guideline_file(GUIDELINES_DIR / f"{name.partition('.')[0]}.yaml")
    return file.guideline, next(item for item in file.recommendations if item.id == name)


__all__ = ["HIGH_TMB_PER_MB", "Instability", "annotate_marker", "instability", "marker_evidence"]
