"""Risk of hepatocellular carcinoma in chronic hepatitis: PAGE-B and aMAP."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Rule, Values
from tools.risk.ops import Number, Ops
from tools.risk.points import MINUS_INFINITY, step_points

_LOW = MINUS_INFINITY
_UMOL_PER_L = 17.104  # of bilirubin in 1 mg/dL (584.66 g/mol)
_G_PER_L = 10.0  # of albumin in 1 g/dL
_AGE_POINTS = ((_LOW, 0), (30, 2), (40, 4), (50, 6), (60, 8), (70, 10))
_PLATELET_POINTS = ((_LOW, 9), (100, 6), (200, 0))
_PLATELETS = Input("lab.platelets", low=5, high=2000, reference=250)
_NO_CANCER_YET = Rule("condition.hepatocellular_carcinoma", False, "it foretells a first liver cancer")


def _page_b(x: Values, m: Ops) -> Mapping[str, Number]:
    score = step_points(x.age, _AGE_POINTS, m) + 6 * x.sex + step_points(x.platelets, _PLATELET_POINTS, m)
    return {"score": score}


def _amap(x: Values, m: Ops) -> Mapping[str, Number]:
    # 0.48 times the albumin-bilirubin (ALBI) score
    albi = 0.66 * m.log(x.bilirubin * _UMOL_PER_L) / m.log(10.0) - 0.085 * x.albumin * _G_PER_L
    return {"score": 100 * (0.06 * x.age + 0.89 * x.sex + 0.48 * albi - 0.01 * x.platelets + 7.4) / 14.77}


MODELS = (
    RiskModel(
        name="page_b",
        title="PAGE-B",
        field="liver",
        purpose="5-year risk of hepatocellular carcinoma in chronic hepatitis B on antiviral treatment.",
        population="White adults with chronic hepatitis B, 12 months or more on entecavir or tenofovir",
        inputs=(Input("patient.age", low=16, high=110), SEX, _PLATELETS),
        outputs=(
            Output("score", "PAGE-B score", "score", fact="risk_score.page_b", digits=0, bands=(
                Band(_LOW, "0-9", "low risk, 0 % in 5 years"),
                Band(10, "10-17", "medium risk, 3 % in 5 years"),
                Band(18, "18 and above", "high risk, 17 % in 5 years"))),
        ),
        formula=_page_b,
        source="Papatheodoridis G et al. J Hepatol 2016;64:800-806",
        doi="10.1016/j.jhep.2015.11.035",
        limits="Made in White people; the modified score (mPAGE-B) with albumin was made in Asia.",
        rules=(_NO_CANCER_YET,),
        accuracy="C-index 0.82 in the validation cohort.",
        relevant=("condition.hepatitis_b",),
    ),
    RiskModel(
        name="amap",
        title="aMAP",
        field="liver",
        purpose="5-year risk of hepatocellular carcinoma in chronic hepatitis of any cause.",
        population="Adults with chronic hepatitis B or C or another chronic liver disease",
        inputs=(
            Input("patient.age", low=18, high=110),
            SEX,
            Input("lab.albumin", low=0.5, high=6, reference=4.2),
            Input("lab.bilirubin", low=0.05, high=80, reference=0.7),
            _PLATELETS,
        ),
        outputs=(
            Output("score", "aMAP score", "score", fact="risk_score.amap", digits=1, bands=(
                Band(_LOW, "below 50", "low risk, 0 to 0.8 % in 5 years"),
                Band(50, "50 to 60", "medium risk, 1.5 to 4.8 % in 5 years"),
                Band(60.0000001, "above 60", "high risk, 8.1 to 19.9 % in 5 years"))),
        ),
        formula=_amap,
        source="Fan R et al. J Hepatol 2020;73:1368-1378",
        doi="10.1016/j.jhep.2020.07.025",
        limits="Not after liver cancer, transplantation or in decompensated disease.",
        rules=(_NO_CANCER_YET,),
        accuracy="C-index 0.82 to 0.87 in 11 cohorts.",
        relevant=("condition.hepatitis_b", "condition.hepatitis_c", "condition.cirrhosis"),
    ),
)  # fmt: skip
