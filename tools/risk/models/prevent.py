"""AHA PREVENT equations: total CVD, ASCVD and heart failure at 10 and 30 years.

Khan SS, Matsushita K, Sang Y, et al. Circulation 2024;149:430-449, doi 10.1161/CIRCULATIONAHA.123.067626,
supplemental tables S12A (base), S12B (with UACR), S12C (with HbA1c), S12E (UACR, HbA1c and social deprivation
index, each may be missing) and the 30-year tables S12F and S12J.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.risk.model import SEX_CODES, Band, Formula, Input, Output, RiskModel, Rule, Values, yes_no
from tools.risk.models.cardiovascular import NOT_FAMILIAL
from tools.risk.ops import Number, Ops

_MMOL = 0.02586  # mmol/L per mg/dL of cholesterol, as the publication converts
_DOI = "10.1161/CIRCULATIONAHA.123.067626"
_SOURCE = "Khan SS et al. Circulation 2024;149:430-449"
_POPULATION = "Adults aged 30 to 79 without known cardiovascular disease (US cohorts, race-free)"
_LIMITS = (
    "Not for people with coronary disease, stroke or heart failure. 30-year risks for ages 30 to 59 only. "
    "Total cholesterol 130-320, HDL 20-100 mg/dL, systolic pressure 90-200 mmHg, BMI 18.5 to below 40, "
    "eGFR 15-140."
)
_ACCURACY = "External validation: median C-statistic for total CVD 0.794 in women and 0.757 in men."


FULL_EXTRAS = (
    *("ln_uacr", "hba1c_diabetes", "hba1c_no_diabetes", "sdi_4_6", "sdi_7_10", "no_sdi", "no_uacr", "no_hba1c"),
)


_Table = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def _table(name: str, extras: tuple[str, ...]) -> _Table:
    """Coefficients of one model by outcome: (women, men), in the order of `_terms` and then `extras`."""
    found: dict[str, dict[str, list[float]]] = {}
    with (Path(__file__).parent / "prevent.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            if row["model"] == name:
                shared = [float(v) for v in list(row.values())[3:27]]
                found.setdefault(row["outcome"], {})[row["sex"]] = shared + [float(row[e]) for e in extras]
    return {outcome: (by_sex["female"], by_sex["male"]) for outcome, by_sex in found.items()}


def _terms(x: Values, m: Ops) -> list[Number]:
    """Terms of the linear predictor in the order of the tables, without the additional predictors."""
    age = (x.age - 55) / 10
    non_hdl = (x.total_cholesterol - x.hdl_cholesterol) * _MMOL - 3.5
    hdl = (x.hdl_cholesterol * _MMOL - 1.3) / 0.3
    sbp_low = (m.minimum(x.systolic_bp, 110.0) - 110) / 20
    sbp_high = (m.maximum(x.systolic_bp, 110.0) - 130) / 20
    egfr_low = (m.minimum(x.egfr, 60.0) - 60) / -15
    egfr_high = (m.maximum(x.egfr, 60.0) - 90) / -15
    bmi_low = (m.minimum(x.bmi, 30.0) - 25) / 5
    bmi_high = (m.maximum(x.bmi, 30.0) - 30) / 5
    treated, statin, smoker, diabetes = x.treated, x.statin, x.smoker, x.diabetes
    return [
        *(1.0 + 0.0 * age, age, age * age, non_hdl, hdl, sbp_low, sbp_high, diabetes, smoker, egfr_low, egfr_high),
        *(treated, statin, treated * sbp_high, statin * non_hdl, age * non_hdl, age * hdl, age * sbp_high),
        *(age * diabetes, age * smoker, age * egfr_low, bmi_low, bmi_high, age * bmi_high),
    ]


def _extra(x: Values, m: Ops, names: Sequence[str]) -> list[Number]:
    """Additional predictors by name; a missing value of the full model is NaN and switches its indicator on."""
    found: dict[str, Number] = {}
    if "ln_uacr" in names:
        known = x.uacr == x.uacr
        found["ln_uacr"] = m.where(known, m.log(m.maximum(m.where(known, x.uacr, 1.0), 0.1)), 0.0)
        found["no_uacr"] = 1 - m.flag(known)
    if "hba1c_diabetes" in names:
        known = x.hba1c == x.hba1c
        above = m.where(known, x.hba1c, 5.3) - 5.3
        found["hba1c_diabetes"] = above * x.diabetes
        found["hba1c_no_diabetes"] = above * (1 - x.diabetes)
        found["no_hba1c"] = 1 - m.flag(known)
    if "sdi_4_6" in names:
        known = x.sdi == x.sdi
        decile = m.where(known, x.sdi, 0.0)
        found["sdi_4_6"] = m.flag(decile >= 4) * m.flag(decile <= 6)
        found["sdi_7_10"] = m.flag(decile >= 7)
        found["no_sdi"] = 1 - m.flag(known)
    return [found[name] for name in names]


def _formula(table: _Table, extras: tuple[str, ...]) -> Formula:
    keys = list(table)
    women = [list(table[k][0]) for k in keys]
    men = [list(table[k][1]) for k in keys]

    def formula(x: Values, m: Ops) -> Mapping[str, Number]:
        terms = _terms(x, m) + _extra(x, m, extras)
        sums = m.linear(terms, women + men)
        found = {}
        for i, key in enumerate(keys):
            log_odds = m.where(x.sex == 1, sums[len(keys) + i], sums[i])
            risk = 100 / (1 + m.exp(-log_odds))
            if extras == FULL_EXTRAS:
                missing = terms[-3] + terms[-2] + terms[-1]
                risk = m.where(missing <= 1, risk, float("nan"))
            found[key] = m.where(x.age <= 59, risk, float("nan")) if key.endswith("30y") else risk
        return found

    return formula


_ASCVD_BANDS = (
    Band(0, "low", "below 5 %"),
    Band(5, "borderline", "5 % to below 7.5 %"),
    Band(7.5, "intermediate", "7.5 % to below 20 %"),
    Band(20, "high", "20 % and above"),
)
_TITLES = {
    "cvd": "total cardiovascular disease",
    "ascvd": "atherosclerotic cardiovascular disease",
    "hf": "heart failure",
}


def _outputs(keys: Sequence[str]) -> tuple[Output, ...]:
    made = []
    for key in keys:
        outcome, horizon = key.split("_")
        years = float(horizon.removesuffix("y"))
        bands = _ASCVD_BANDS if key == "ascvd_10y" else ()
        title = f"{years:g}-year risk of {_TITLES[outcome]}"
        made.append(
            Output(
                key,
                title,
                "probability",
                "%",
                fact=f"risk_score.prevent_{key}",
                horizon_years=years,
                bands=bands,
                link="logit",
            )
        )
    return tuple(made)


_INPUTS = (
    Input("patient.age", low=30, high=79),
    Input("patient.sex", codes=SEX_CODES),
    Input("lab.total_cholesterol", low=130, high=320, changeable=True, reference=190),
    Input("lab.hdl_cholesterol", low=20, high=100, changeable=True, reference=50),
    Input("vital.systolic_bp", low=90, high=200, changeable=True, reference=120),
    yes_no("condition.diabetes", "diabetes"),
    Input(
        "smoking.status",
        key="smoker",
        codes={"never": 0.0, "former": 0.0, "current": 1.0},
        changeable=True,
        reference="never",
    ),
    Input("lab.egfr", low=15, high=140, reference=90),
    Input("patient.bmi", low=18.5, high=39.999, changeable=True, reference=25),
    yes_no("condition.hypertension_treated", "treated", also=("medication.class_antihypertensive",)),
    yes_no("medication.class_statin", "statin"),
)
_UACR = Input("lab.urine_albumin_creatinine_ratio", key="uacr", low=0, high=25000, changeable=True, reference=10)
_HBA1C = Input("lab.hba1c", low=3, high=15, changeable=True, reference=5.3)
_NAN = float("nan")
_OPTIONAL = "not known: the published term for a missing value is used"
_SIMPLER: Mapping[str, tuple[str, ...]] = {
    "prevent": (),
    "prevent_hba1c": ("prevent",),
    "prevent_uacr": ("prevent", "prevent_hba1c"),
    "prevent_full": ("prevent", "prevent_hba1c", "prevent_uacr"),
}
_RULES = (
    *NOT_FAMILIAL,
    Rule("condition.ascvd", False, "it estimates a first event; this patient has atherosclerotic disease"),
    Rule("condition.heart_failure", False, "it estimates a first event; this patient has heart failure"),
)


def _model(name: str, title: str, extras: tuple[str, ...],
           inputs: tuple[Input, ...], purpose: str) -> RiskModel:  # fmt: skip
    table = _table(name.removeprefix("prevent_") if "_" in name else "base", extras)
    return RiskModel(
        name=name,
        title=title,
        field="cardiovascular",
        purpose=purpose,
        population=_POPULATION,
        inputs=_INPUTS + inputs,
        outputs=_outputs(list(table)),
        formula=_formula(table, extras),
        source=_SOURCE,
        doi=_DOI,
        limits=_LIMITS,
        rules=_RULES,
        relevant=("lab.total_cholesterol",),
        accuracy=_ACCURACY,
        supersedes=_SIMPLER[name],
    )


MODELS = (
    _model("prevent", "PREVENT, base", (), (), "Risk of a first cardiovascular event from routine measurements."),
    _model(
        "prevent_hba1c",
        "PREVENT with HbA1c",
        ("hba1c_diabetes", "hba1c_no_diabetes"),
        (_HBA1C,),
        "As PREVENT base, for people in whom HbA1c was measured.",
    ),
    _model(
        "prevent_uacr",
        "PREVENT with urine albumin-creatinine ratio",
        ("ln_uacr",),
        (_UACR,),
        "As PREVENT base, for people in whom the urine albumin-creatinine ratio was measured.",
    ),
    _model(
        "prevent_full",
        "PREVENT, full (UACR, HbA1c, social deprivation)",
        FULL_EXTRAS,
        (
            Input(**{**_UACR.__dict__, "assume": _NAN, "assume_why": _OPTIONAL}),
            Input(**{**_HBA1C.__dict__, "assume": _NAN, "assume_why": _OPTIONAL}),
            Input("patient.sdi_decile", key="sdi", low=1, high=10, assume=_NAN, assume_why=_OPTIONAL, reference=1),
        ),
        "As PREVENT base, with at least two of UACR, HbA1c and the social deprivation index; one may be missing.",
    ),
)
