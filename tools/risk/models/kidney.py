"""Kidney function and the risk of kidney failure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tools.risk.model import SEX, SEX_CODES, Band, Input, Output, RiskModel, Rule, Values
from tools.risk.ops import Number, Ops

_CREATININE = Input("lab.creatinine", low=0.1, high=30, reference=0.9)
_AGE = Input("patient.age", low=18, high=120)
_BLACK = Input(
    "patient.ancestry",
    key="black",
    codes={
        **dict.fromkeys(("white", "asian", "hispanic", "native_american", "pacific_islander", "other"), 0.0),
        "black": 1.0,
    },
    assume="white",
    assume_why="no ancestry is recorded: the coefficient for Black people is not applied",
)
# Filtration rises and creatinine falls in pregnancy; no equation was made or validated there (KDIGO 2024, section 1.2,
# doi 10.1016/j.kint.2023.10.018).
_NOT_PREGNANT = (Rule("patient.pregnant", holds=False, why="it is not valid in pregnancy", silent=True),)
_STAGES = (
    Band(0, "G5", "kidney failure"),
    Band(15, "G4", "severely decreased"),
    Band(30, "G3b", "moderately to severely decreased"),
    Band(45, "G3a", "mildly to moderately decreased"),
    Band(60, "G2", "mildly decreased"),
    Band(90, "G1", "normal or high"),
)
_EGFR_UNIT = "mL/min/{1.73_m2}"


def _ckd_epi_2021(x: Values, m: Ops) -> Mapping[str, Number]:
    male = x.sex == 1
    ratio = x.creatinine / m.where(male, 0.9, 0.7)
    low = m.power(m.minimum(ratio, 1.0), m.where(male, -0.302, -0.241))
    high = m.power(m.maximum(ratio, 1.0), -1.200)
    return {"egfr": 142 * low * high * m.power(0.9938, x.age) * m.where(male, 1.0, 1.012)}


def _ckd_epi_2009(x: Values, m: Ops) -> Mapping[str, Number]:
    male = x.sex == 1
    ratio = x.creatinine / m.where(male, 0.9, 0.7)
    low = m.power(m.minimum(ratio, 1.0), m.where(male, -0.411, -0.329))
    high = m.power(m.maximum(ratio, 1.0), -1.209)
    race = 1 + 0.159 * x.black
    return {"egfr": 141 * low * high * m.power(0.993, x.age) * m.where(male, 1.0, 1.018) * race}


def _mdrd(x: Values, m: Ops) -> Mapping[str, Number]:
    base = 175 * m.power(x.creatinine, -1.154) * m.power(x.age, -0.203)
    return {"egfr": base * m.where(x.sex == 1, 1.0, 0.742) * (1 + 0.212 * x.black)}


def _cockcroft_gault(x: Values, m: Ops) -> Mapping[str, Number]:
    per_kg = (140 - x.age) / (72 * x.creatinine) * m.where(x.sex == 1, 1.0, 0.85)
    inches = x.height / 2.54
    ideal = m.where(x.sex == 1, 50.0, 45.5) + 2.3 * (inches - 60)
    adjusted = ideal + 0.4 * (x.weight - ideal)
    bmi = x.weight / (x.height / 100) ** 2
    chosen = m.where(bmi >= 25, adjusted, m.where(bmi >= 18.5, m.minimum(ideal, x.weight), x.weight))
    return {
        "clearance": per_kg * x.weight,
        "clearance_by_bmi": per_kg * chosen,
        "clearance_ideal": per_kg * ideal,
        "clearance_adjusted": per_kg * adjusted,
    }


def _kfre(x: Values, m: Ops) -> Mapping[str, Number]:
    male = m.flag(x.sex == 1)
    index = (
        -0.2201 * (x.age / 10 - 7.036)
        + 0.2467 * (male - 0.5642)
        - 0.5567 * (x.egfr / 5 - 7.222)
        + 0.4510 * (m.log(m.maximum(x.acr, 0.1)) - 5.137)
    )
    hazard = m.exp(index)
    inside = x.region == 0
    survival_2y, survival_5y = m.where(inside, 0.9750, 0.9832), m.where(inside, 0.9240, 0.9365)
    return {
        "risk_5y": 100 * (1 - m.power(survival_5y, hazard)),
        "risk_2y": 100 * (1 - m.power(survival_2y, hazard)),
    }


def _kfre8(x: Values, m: Ops) -> Mapping[str, Number]:
    male = m.flag(x.sex == 1)
    index = (
        -0.1992 * (x.age / 10 - 7.036)
        + 0.1602 * (male - 0.5642)
        - 0.4919 * (x.egfr / 5 - 7.222)
        + 0.3364 * (m.log(m.maximum(x.acr, 0.1)) - 5.137)
        - 0.3441 * (x.albumin - 3.997)
        + 0.2604 * (x.phosphate - 3.916)
        - 0.07354 * (x.bicarbonate - 25.57)
        - 0.2228 * (x.calcium - 9.355)
    )
    hazard = m.exp(index)
    inside = x.region == 0
    survival_2y, survival_5y = m.where(inside, 0.9780, 0.9827), m.where(inside, 0.9301, 0.9245)
    return {
        "risk_5y": 100 * (1 - m.power(survival_5y, hazard)),
        "risk_2y": 100 * (1 - m.power(survival_2y, hazard)),
    }


def _egfr(fact: str | None) -> tuple[Output, ...]:
    return (Output("egfr", "Estimated GFR", "quantity", _EGFR_UNIT, fact=fact, bands=_STAGES, digits=0),)


def _kfre_outputs(in_5_years: str | None, in_2_years: str | None) -> tuple[Output, ...]:
    title = "risk of kidney failure"
    return (
        Output("risk_5y", f"5-year {title}", "probability", "%", fact=in_5_years, horizon_years=5, link="cloglog"),
        Output("risk_2y", f"2-year {title}", "probability", "%", fact=in_2_years, horizon_years=2, link="cloglog"),
    )


_KFRE_INPUTS = (
    Input("patient.age", low=18, high=110),
    Input("patient.sex", codes=SEX_CODES),
    Input("lab.egfr", low=10, high=59.999, reference=45),
    Input("lab.urine_albumin_creatinine_ratio", key="acr", low=0.1, high=30000, changeable=True, reference=30),
    Input(
        "patient.region",
        key="region",
        codes={"north_america": 0.0, "elsewhere": 1.0},
        assume="north_america",
        assume_why="the region is not recorded: the North American calibration is used",
    ),
)
_CLEARANCE = "Creatinine clearance"
MODELS = (
    RiskModel(
        name="ckd_epi_2021",
        title="CKD-EPI creatinine equation 2021 (without race)",
        field="kidney",
        purpose="Estimate the glomerular filtration rate from serum creatinine.",
        population="Adults with stable creatinine",
        inputs=(_CREATININE, _AGE, SEX),
        outputs=_egfr("lab.egfr"),
        formula=_ckd_epi_2021,
        source="Inker LA et al. N Engl J Med 2021;385:1737-1749",
        doi="10.1056/NEJMoa2102953",
        limits="Not in acute kidney injury, pregnancy, or extremes of muscle mass. Creatinine traceable to IDMS.",
        rules=_NOT_PREGNANT,
        relevant=("lab.creatinine",),
        aliases=("CKD-EPI Equations for Glomerular Filtration Rate",),
    ),
    RiskModel(
        name="ckd_epi_2009",
        title="CKD-EPI creatinine equation 2009",
        field="kidney",
        purpose="Estimate the glomerular filtration rate; superseded in the United States by the 2021 equation.",
        population="Adults with stable creatinine",
        inputs=(_CREATININE, _AGE, SEX, _BLACK),
        outputs=_egfr(None),
        formula=_ckd_epi_2009,
        source="Levey AS et al. Ann Intern Med 2009;150:604-612",
        doi="10.7326/0003-4819-150-9-200905050-00006",
        limits="As the 2021 equation. It has a coefficient for race, which the 2021 equation left out.",
        rules=_NOT_PREGNANT,
        relevant=(),
    ),
    RiskModel(
        name="mdrd",
        title="MDRD study equation (four variables, IDMS-traceable)",
        field="kidney",
        purpose="Estimate the glomerular filtration rate; kept for comparison with older results.",
        population="Adults with chronic kidney disease",
        inputs=(_CREATININE, _AGE, SEX, dataclasses.replace(_BLACK, assume=None, assume_why="")),
        outputs=_egfr(None),
        formula=_mdrd,
        source="Levey AS et al. Ann Intern Med 2006;145:247-254",
        doi="10.7326/0003-4819-145-4-200608150-00004",
        limits="Underestimates above 60 mL/min/1.73 m². It has a coefficient for race.",
        rules=_NOT_PREGNANT,
        aliases=("MDRD GFR Equation",),
    ),
    RiskModel(
        name="cockcroft_gault",
        title="Cockcroft-Gault creatinine clearance",
        field="kidney",
        purpose="Creatinine clearance for drug dosing, with actual, ideal and adjusted body weight.",
        population="Adults with stable creatinine",
        inputs=(
            _CREATININE,
            _AGE,
            SEX,
            Input("patient.weight", low=20, high=400),
            Input(
                "patient.height",
                low=100,
                high=250,
                assume=float("nan"),
                assume_why="no height: only the clearance with actual weight is given",
            ),
        ),
        outputs=(
            Output("clearance", f"{_CLEARANCE}, actual weight", "quantity", "mL/min", fact="lab.creatinine_clearance"),
            Output("clearance_by_bmi", f"{_CLEARANCE}, weight chosen by BMI", "quantity", "mL/min"),
            Output("clearance_ideal", f"{_CLEARANCE}, ideal weight", "quantity", "mL/min"),
            Output("clearance_adjusted", f"{_CLEARANCE}, adjusted weight", "quantity", "mL/min"),
        ),
        formula=_cockcroft_gault,
        source="Cockcroft DW, Gault MH. Nephron 1976;16:31-41; ideal weight by Devine",
        doi="10.1159/000180580",
        limits=(
            "Made with creatinine assays older than IDMS. Weight by BMI: actual below 18.5, the lower of ideal and "
            "actual up to 25, adjusted (ideal + 0.4 of the excess) from 25."
        ),
        rules=_NOT_PREGNANT,
        relevant=("lab.creatinine",),
        aliases=("Creatinine Clearance (Cockcroft-Gault Equation)",),
    ),
    RiskModel(
        name="kfre",
        title="Kidney failure risk equation (four variables)",
        field="kidney",
        purpose="Risk of dialysis or transplantation in chronic kidney disease.",
        population="Adults with CKD stages G3 to G5",
        inputs=_KFRE_INPUTS,
        outputs=_kfre_outputs("risk_score.kfre_5y", "risk_score.kfre_2y"),
        formula=_kfre,
        source="Tangri N et al. JAMA 2016;315:164-174",
        doi="10.1001/jama.2015.18202",
        limits="eGFR below 60 only. Albumin-creatinine ratio in mg/g.",
        accuracy="Pooled C-statistic 0.88 at 5 years over 31 cohorts.",
        relevant=("lab.urine_albumin_creatinine_ratio",),
    ),
    RiskModel(
        name="kfre8",
        title="Kidney failure risk equation (eight variables)",
        field="kidney",
        purpose="Risk of dialysis or transplantation in chronic kidney disease, with four further blood tests.",
        population="Adults with CKD stages G3 to G5",
        inputs=(
            *_KFRE_INPUTS,
            Input("lab.albumin", key="albumin", low=0.8, high=6.5, reference=4.0),
            Input("lab.phosphate", key="phosphate", low=0.5, high=15, reference=3.9, changeable=True),
            Input("lab.bicarbonate", key="bicarbonate", low=5, high=45, reference=25.6, changeable=True),
            Input("lab.calcium", key="calcium", low=4, high=18, reference=9.4),
        ),
        outputs=_kfre_outputs(None, None),
        formula=_kfre8,
        source="Tangri N et al. JAMA 2011;305:1553-1559; calibration: JAMA 2016;315:164-174",
        doi="10.1001/jama.2015.18202",
        limits="eGFR below 60 only. Albumin-creatinine ratio in mg/g, calcium and phosphate in mg/dL, as measured.",
        accuracy="C-statistic 0.917 where it was made, 0.841 in the validation cohort (2011).",
        relevant=("lab.urine_albumin_creatinine_ratio",),
    ),
)
