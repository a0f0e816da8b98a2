"""The tables of the report: variants, and risk estimates."""

from __future__ import annotations

from dataclasses import dataclass

from agent.report.view import Source, View, fact_row
from prompts.loader import fill
from tools.evidence import Calculation


@dataclass(frozen=True)
class VariantRow:
    """One variant or diplotype."""

    source: Source
    gene: str
    change: str
    meaning: str
    details: str


@dataclass(frozen=True)
class RiskRow:
    """One risk estimate; `inputs` are the sources that it was computed from. `percent` is set for a probability."""

    source: Source
    model: str
    result: str
    category: str
    inputs: tuple[Source, ...]
    percent: float | None


_MEANING = ("variant.clinvar_significance", "variant.acmg_class", "variant.tier", "diplotype.phenotype")
_DETAILS = ("variant.consequence", "variant.zygosity", "variant.allele_fraction", "variant.read_depth")
_RESULTS = ("risk.probability", "risk.score", "risk.value", "risk.probability_after", "risk.score_after")


def variant_rows(view: View) -> list[VariantRow]:
    """The variants and diplotypes that a statement cites."""
    return [_variant(source, view) for source in view.of_kind("variant", "diplotype")]


def _variant(source: Source, view: View) -> VariantRow:
    parts = [_value(source, view, name) for name in ("variant.hgvs_c", "variant.hgvs_p")]
    change = " ".join(part for part in parts if part)
    return VariantRow(
        source=source,
        gene=_value(source, view, "variant.gene") or _value(source, view, "diplotype.gene"),
        change=change or _value(source, view, "variant.name") or _value(source, view, "diplotype.name"),
        meaning="; ".join(part for name in _MEANING if (part := _value(source, view, name))),
        details="; ".join(part for name in _DETAILS if (part := _detail(source, view, name))),
    )


def _detail(source: Source, view: View, name: str) -> str:
    value = _value(source, view, name)
    shown = view.texts["variant_details"].get(name, "{{ value }}")
    return fill(shown, value=value) if value else ""


def risk_rows(view: View) -> list[RiskRow]:
    """The risk estimates that a statement cites."""
    return [_risk(source, view) for source in view.of_kind("risk_estimate")]


def _risk(source: Source, view: View) -> RiskRow:
    place = source.evidence.locator
    wanted = place.inputs if isinstance(place, Calculation) else ()
    probability = source.evidence.fact("risk.probability")
    percent = None
    if probability is not None and not isinstance(probability.value, bool | str):
        percent = float(probability.canonical())
    default = place.model if isinstance(place, Calculation) else source.kind
    return RiskRow(
        source=source,
        model=_value(source, view, "risk.model") or default,
        result=_result(source, view),
        category=_value(source, view, "risk.category") or "–",
        inputs=tuple(other for other in view.sources if other.evidence.id in wanted),
        percent=percent,
    )


def _result(source: Source, view: View) -> str:
    """A probability as it is stated; else the patient's value, which carries its unit; else the item's own number."""
    if stated := _value(source, view, "risk.probability"):
        return stated
    facts = source.evidence.facts
    numeric = (f for f in facts if f.spec.scope == "patient" and f.spec.kind in ("quantity", "integer"))
    own = next(numeric, None)
    if own is not None:
        return fact_row(own, view.texts)[1]
    return next((text for name in _RESULTS if (text := _value(source, view, name))), "–")


def _value(source: Source, view: View, name: str) -> str:
    fact = source.evidence.fact(name)
    return fact_row(fact, view.texts)[1] if fact is not None else ""
