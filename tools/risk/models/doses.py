"""Dose equivalents: opioids in morphine, glucocorticoids."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import Band, Input, Output, RiskModel, Values
from tools.risk.ops import Number, Ops

# CDC 2022, table of conversion factors: mg of morphine by mouth for one mg (fentanyl patch: for one µg/h). Fentanyl in
# the cheek or under the tongue, for one µg: CDC compilation of conversion factors, 2017.
_OPIOIDS = {
    "codeine": 0.15,
    "fentanyl_transdermal": 2.4,
    "fentanyl_buccal": 0.13,
    "hydrocodone": 1.0,
    "hydromorphone": 5.0,
    "methadone": 4.7,
    "morphine": 1.0,
    "oxycodone": 1.5,
    "oxymorphone": 3.0,
    "tapentadol": 0.4,
    "tramadol": 0.2,
}
# Liu 2013, Table 1: equivalent glucocorticoid doses, mg.
_STEROIDS = {
    "hydrocortisone": 20.0,
    "cortisone": 25.0,
    "prednisone": 5.0,
    "prednisolone": 5.0,
    "methylprednisolone": 4.0,
    "triamcinolone": 4.0,
    "dexamethasone": 0.75,
    "betamethasone": 0.75,
}


def _morphine(x: Values, _m: Ops) -> Mapping[str, Number]:
    total: Number = 0.0
    for drug, factor in _OPIOIDS.items():
        total = total + factor * getattr(x, drug)
    return {"mme": total}


def _steroid(x: Values, m: Ops) -> Mapping[str, Number]:
    doses = list(_STEROIDS.values())
    return {"dose": x.dose / m.pick(x.given, doses) * m.pick(x.wanted, doses)}


_CODES = {drug: float(i) for i, drug in enumerate(_STEROIDS)}
MODELS = (
    RiskModel(
        name="morphine_equivalents",
        title="Morphine milligram equivalents (CDC 2022)",
        field="dose",
        purpose="Daily opioid dose in mg of oral morphine.",
        population="Adults who take opioids for pain",
        inputs=tuple(
            Input(
                f"dose.{drug}",
                drug,
                low=0,
                high=20000,
                assume=0.0,
                assume_why="no daily dose is recorded: taken as none",
                reference=0.0,
                changeable=True,
            )
            for drug in _OPIOIDS
        ),
        outputs=(
            Output(
                "mme",
                "Morphine milligram equivalents a day",
                "quantity",
                "mg/d",
                fact="dose.morphine_equivalents",
                bands=(Band(0, "below 50"), Band(50, "50 to below 90"), Band(90, "90 and above")),
            ),
        ),
        formula=_morphine,
        source="Dowell D et al. MMWR Recomm Rep 2022;71(3):1-95, table of conversion factors",
        doi="10.15585/mmwr.rr7103a1",
        limits="Not for changing from one opioid to another. Buprenorphine and injections are left out.",
        aliases=("Morphine Milligram Equivalents (MME) Calculator",),
    ),
    RiskModel(
        name="steroid_conversion",
        title="Glucocorticoid equivalents",
        field="dose",
        purpose="The dose of another glucocorticoid with the same anti-inflammatory effect.",
        population="Adults",
        inputs=(
            Input("dose.glucocorticoid", "dose", low=0, high=5000),
            Input("dose.glucocorticoid_given", "given", codes=_CODES),
            Input("dose.glucocorticoid_wanted", "wanted", codes=_CODES),
        ),
        outputs=(Output("dose", "Equivalent dose", "quantity", "mg", digits=2),),
        formula=_steroid,
        source="Liu D et al. Allergy Asthma Clin Immunol 2013;9:30, Table 1",
        doi="10.1186/1710-1492-9-30",
        limits="By mouth or vein; mineralocorticoid effects and durations differ.",
        aliases=("Steroid Conversion Calculator",),
    ),
)
