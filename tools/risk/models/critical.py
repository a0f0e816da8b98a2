"""Critical illness: GCS, qSOFA, SIRS, SOFA, NEWS2."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tools.risk.model import Band, Input, Output, RiskModel, Values, yes_no
from tools.risk.ops import Number, Ops, known
from tools.risk.points import MINUS_INFINITY, Either, Fallback, Flag, Steps, points_formula, step_points

_LOW = MINUS_INFINITY
_NOT_RECORDED = math.nan
_RR, _HR, _SBP, _TEMP = "vital.respiratory_rate", "vital.heart_rate", "vital.systolic_bp", "vital.temperature"
_QSOFA = (
    Either("Respiratory rate 22 or more", 1, ((_RR, "ge", 22),)),
    Either("Systolic pressure 100 or less", 1, ((_SBP, "le", 100),)),
    Fallback("Glasgow Coma Scale below 15, or confusion", 1, ("vital.gcs", "lt", 15), "symptom.confusion"),
)
_NORMAL = {"lab.paco2": 40.0, "lab.bands": 0.0}
_SIRS = (
    Either("Temperature above 38 or below 36 °C", 1, ((_TEMP, "gt", 38), (_TEMP, "lt", 36))),
    Either("Heart rate above 90", 1, ((_HR, "gt", 90),)),
    Either("Respiratory rate above 20 or PaCO2 below 32 mmHg", 1, ((_RR, "gt", 20), ("lab.paco2", "lt", 32)),
           assume=_NORMAL),
    Either("White cells above 12, below 4, or more than 10 % bands", 1,
           (("lab.white_cells", "gt", 12), ("lab.white_cells", "lt", 4), ("lab.bands", "gt", 10)), assume=_NORMAL),
)  # fmt: skip
_qsofa, _sirs = points_formula(_QSOFA), points_formula(_SIRS)


def _gcs(x: Values, m: Ops) -> Mapping[str, Number]:
    parts = x.gcs_eye + x.gcs_verbal + x.gcs_motor
    return {"score": m.where(known(parts), parts, x.gcs)}


def _sofa(x: Values, m: Ops) -> Mapping[str, Number]:
    # A NaN says "not recorded": room air is taken only without a ventilator, and no gas analysis means no points.
    fraction = m.where(known(x.fio2), x.fio2, m.where(x.ventilated == 1, _NOT_RECORDED, 21.0))
    ratio = x.pao2 / (fraction / 100)
    breath = m.flag(ratio < 400) + m.flag(ratio < 300)
    breath = breath + m.flag(x.ventilated == 1) * (m.flag(ratio < 200) + m.flag(ratio < 100))
    breath = m.where(known(x.pao2), m.where(known(ratio), breath, _NOT_RECORDED), 0.0)
    clot = m.flag(x.platelets < 150) + m.flag(x.platelets < 100) + m.flag(x.platelets < 50) + m.flag(x.platelets < 20)
    liver = step_points(x.bilirubin, ((_LOW, 0), (1.2, 1), (2.0, 2), (6.0, 3), (12.0, 4)), m)
    catechol = m.maximum(x.adrenaline, x.noradrenaline)
    third = m.flag(x.dopamine > 5) + m.flag(catechol > 0) > 0
    fourth = m.flag(x.dopamine > 15) + m.flag(catechol > 0.1) > 0
    second = m.flag(x.dopamine > 0) + m.flag(x.dobutamine > 0) > 0
    heart = m.where(fourth, 4.0, m.where(third, 3.0, m.where(second, 2.0, m.flag(x.mean_arterial_pressure < 70))))
    brain = m.flag(x.gcs < 15) + m.flag(x.gcs < 13) + m.flag(x.gcs < 10) + m.flag(x.gcs < 6)
    creatinine = step_points(x.creatinine, ((_LOW, 0), (1.2, 1), (2.0, 2), (3.5, 3), (5.0, 4)), m)
    urine = 3 * m.flag(x.urine_output < 500) + m.flag(x.urine_output < 200)
    return {"score": breath + clot + liver + heart + brain + m.maximum(creatinine, urine)}


_NEWS = (
    Steps("Respiratory rate", _RR, ((_LOW, 3), (9, 1), (12, 0), (21, 2), (25, 3)), low=0, high=100),
    Flag("Oxygen given", 2, ("therapy.oxygen",)),
    Steps("Systolic pressure", _SBP, ((_LOW, 3), (91, 2), (101, 1), (111, 0), (220, 3)), low=30, high=300),
    Steps("Heart rate", _HR, ((_LOW, 3), (41, 1), (51, 0), (91, 1), (111, 2), (131, 3)), low=0, high=300),
    Steps("Temperature", _TEMP, ((_LOW, 3), (35.05, 1), (36.05, 0), (38.05, 1), (39.05, 2)), low=25, high=45),
)
_news_inputs, _news_sum, _news_terms = points_formula(_NEWS)

_SCALES = ("scale 1", "scale 2 (hypercapnic respiratory failure, target 88 to 92 %)")


def _news2(x: Values, m: Ops) -> Mapping[str, Number]:
    saturation, oxygen = x.vital_oxygen_saturation, x.therapy_oxygen
    usual = step_points(saturation, ((_LOW, 3), (92, 2), (94, 1), (96, 0)), m)
    lower = step_points(saturation, ((_LOW, 3), (84, 2), (86, 1), (88, 0)), m)
    upper = oxygen * (m.flag(saturation >= 93) + m.flag(saturation >= 95) + m.flag(saturation >= 97))
    points = m.where(x.hypercapnic == 1, lower + upper, usual)
    alert = 3 * m.flag(x.consciousness > 0)
    return {"score": _news_sum(x, m)["score"] + points + alert, "scale": x.hypercapnic}


def _points(fact: str | None, title: str, bands: tuple[Band, ...] = ()) -> tuple[Output, ...]:
    return (Output("score", title, "score", fact=fact, bands=bands, digits=0),)


def _assumed(fact: str, value: float, why: str, low: float, high: float, key: str = "") -> Input:
    return Input(fact, key, low=low, high=high, assume=value, assume_why=why, reference=value)


_NO_DRUG = "no dose is recorded: taken as not given"
_SEPSIS = (
    "condition.sepsis",
    "condition.septic_shock",
    "condition.active_infection_severe",
    "condition.bacteraemia",
    "condition.febrile_neutropenia",
    "condition.pneumonia",
    "condition.urinary_tract_infection",
    "condition.cellulitis",
    "condition.meningitis",
    "finding.consolidation",
    "symptom.fever",
)
_SOFA_INPUTS = (
    _assumed("lab.pao2", _NOT_RECORDED, "not measured, so no points for respiration", 20, 600),
    _assumed("resp.fio2", _NOT_RECORDED, "not recorded: room air is taken, if there is no ventilator", 21, 100),
    yes_no("condition.mechanical_ventilation", "ventilated"),
    _assumed("lab.platelets", 250.0, "not measured, so taken as normal", 0, 2000),
    _assumed("lab.bilirubin", 0.8, "not measured, so taken as normal", 0, 80),
    _assumed("vital.mean_arterial_pressure", 90.0, "not recorded, so taken as normal", 15, 250),
    *(_assumed(f"dose.{drug}", 0.0, _NO_DRUG, 0, 100) for drug in ("dopamine", "dobutamine", "adrenaline")),
    _assumed("dose.noradrenaline", 0.0, _NO_DRUG, 0, 100),
    _assumed("vital.gcs", 15.0, "not recorded, so taken as normal", 3, 15),
    _assumed("lab.creatinine", 0.9, "not measured, so taken as normal", 0.1, 30),
    _assumed("vital.urine_output", 1500.0, "not recorded, so taken as normal", 0, 20000),
)
_GCS_INPUTS = (
    *(
        Input(f"vital.gcs_{part}", low=1, high=high, assume=_NOT_RECORDED, assume_why="not recorded", reference=high)
        for part, high in (("eye", 4), ("verbal", 5), ("motor", 6))
    ),
    Input("vital.gcs", low=3, high=15, assume=_NOT_RECORDED, assume_why="the total is not recorded", reference=15),
)
MODELS = (
    RiskModel(
        name="gcs", title="Glasgow Coma Scale", field="acute", purpose="Level of consciousness.",
        population="Anyone with altered consciousness",
        inputs=_GCS_INPUTS,
        outputs=_points("vital.gcs", "Glasgow Coma Scale"), formula=_gcs,
        source="Teasdale G, Jennett B. Lancet 1974;2:81-84", doi="10.1016/S0140-6736(74)91639-0",
        limits="An item that cannot be tested is recorded as such, not as 1. A recorded total counts where the three "
        "items are not all recorded.", aliases=("Glasgow Coma Score (GCS)",),
    ),
    RiskModel(
        name="qsofa", title="qSOFA", field="acute", purpose="Bedside warning of poor outcome in infection.",
        population="Adults with suspected infection outside of intensive care", inputs=_qsofa[0],
        outputs=_points("risk_score.qsofa", "qSOFA score", (Band(0, "below 2"), Band(2, "2 or more", "positive"))),
        formula=_qsofa[1], terms=_qsofa[2], source="Seymour CW et al. JAMA 2016;315:762-774",
        doi="10.1001/jama.2016.0288", limits="Not to be the only screening tool for sepsis.", relevant=_SEPSIS,
        relevant_values=(("vital.temperature", 38.0),),
    ),
    RiskModel(
        name="sirs", title="SIRS criteria", field="acute", purpose="Systemic inflammatory response.",
        population="Adults", inputs=_sirs[0],
        outputs=_points("risk_score.sirs", "SIRS criteria met", (Band(0, "below 2"), Band(2, "2 or more", "SIRS"))),
        formula=_sirs[1], terms=_sirs[2], source="Bone RC et al. Chest 1992;101:1644-1655",
        doi="10.1378/chest.101.6.1644", limits="Unspecific.", relevant=_SEPSIS, aliases=("SIRS Criteria",),
    ),
    RiskModel(
        name="sofa", title="SOFA score", field="acute", purpose="Organ dysfunction in critical illness.",
        population="Adults in intensive care", inputs=_SOFA_INPUTS,
        outputs=_points("risk_score.sofa", "SOFA score"), formula=_sofa,
        source="Vincent JL et al. Intensive Care Med 1996;22:707-710", doi="10.1007/BF01709751",
        limits="Worst value of 24 hours. Doses in µg/kg/min for at least an hour.", relevant=_SEPSIS,
        aliases=("Sequential Organ Failure Assessment (SOFA) Score",),
    ),
    RiskModel(
        name="news2", title="NEWS2", field="acute", purpose="Early warning of deterioration in hospital.",
        population="Adults in hospital, not pregnant",
        inputs=(*_news_inputs, Input("vital.oxygen_saturation", "vital_oxygen_saturation", low=30, high=100,
                                     reference=98),
                yes_no("condition.hypercapnic_respiratory_failure", "hypercapnic"),
                Input("vital.consciousness", codes={"alert": 0.0, "confusion": 1.0, "voice": 2.0, "pain": 3.0,
                                                    "unresponsive": 4.0}, reference="alert")),
        outputs=(
            *_points("risk_score.news2", "NEWS2 score", (
                Band(0, "low", "0-4"), Band(5, "medium", "5-6"), Band(7, "high", "7 and above"))),
            Output("scale", "scale for oxygen saturation", "category", labels=_SCALES, told=True),
        ),
        formula=_news2, terms=_news_terms, source="Royal College of Physicians. National Early Warning Score 2. 2017",
        doi="", aliases=("NEWS", "National Early Warning Score"),
        limits="A single parameter of 3 calls for urgent review whatever the sum. The second oxygen "
        "scale only on a specialist's decision.", relevant=(),
    ),
)  # fmt: skip
