"""Ten-year cardiovascular risk: pooled cohort equations, SCORE2, SCORE2-OP, Framingham."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Rule, Values, yes_no
from tools.risk.ops import Number, Ops

_MMOL = 0.02586
_TOTAL = Input("lab.total_cholesterol", low=100, high=405, changeable=True, reference=190)
_HDL = Input("lab.hdl_cholesterol", low=10, high=120, changeable=True, reference=50)
_SBP = Input("vital.systolic_bp", low=80, high=220, changeable=True, reference=120)
_TREATED = yes_no("condition.hypertension_treated", "treated", also=("medication.class_antihypertensive",))
_DIABETES = yes_no("condition.diabetes", "diabetes")
_SMOKER = Input(
    "smoking.status",
    key="smoker",
    codes={"never": 0.0, "former": 0.0, "current": 1.0},
    changeable=True,
    reference="never",
)
# NICE NG238 (2023) and ESC/EAS 2019: no risk equation in familial hypercholesterolaemia. From 6 points of the Dutch
# Lipid Clinic Network criteria on it is probable.
_WHY_NOT_FH = "it underestimates the risk in familial hypercholesterolaemia and should not be used there"
NOT_FAMILIAL = (
    Rule("condition.familial_hypercholesterolaemia", False, _WHY_NOT_FH, silent=True),
    Rule("germline.fh_gene", False, _WHY_NOT_FH, silent=True),
    Rule("risk_score.dutch_lipid", False, _WHY_NOT_FH, silent=True, at_least=6),
)
_FIRST_EVENT = (
    *NOT_FAMILIAL,
    Rule("condition.ascvd", False, "it estimates a first event; this patient has atherosclerotic disease"),
)

# Goff 2014, table A: ln age, its square, ln TC, age x TC, ln HDL, age x HDL, ln treated SBP, age x, ln untreated SBP,
# age x, smoking, age x smoking, diabetes; then mean and baseline survival.
_PCE = (
    (-29.799, 4.884, 13.540, -3.114, -13.578, 3.149, 2.019, 0, 1.957, 0, 7.574, -1.665, 0.661, -29.18, 0.9665),
    (17.114, 0, 0.940, 0, -18.920, 4.475, 29.291, -6.432, 27.820, -6.087, 0.691, 0, 0.874, 86.61, 0.9533),
    (12.344, 0, 11.853, -2.664, -7.990, 1.769, 1.797, 0, 1.764, 0, 7.837, -1.795, 0.658, 61.18, 0.9144),
    (2.469, 0, 0.302, 0, -0.307, 0, 1.916, 0, 1.809, 0, 0.549, 0, 0.645, 19.54, 0.8954),
)


def _pce(x: Values, m: Ops) -> Mapping[str, Number]:
    age, total, hdl, sbp = m.log(x.age), m.log(x.total_cholesterol), m.log(x.hdl_cholesterol), m.log(x.systolic_bp)
    treated, untreated = x.treated * sbp, (1 - x.treated) * sbp
    terms = [
        *(age, age * age, total, age * total, hdl, age * hdl, treated, age * treated),
        *(untreated, age * untreated, x.smoker, age * x.smoker, x.diabetes),
    ]
    sums = m.linear(terms, [row[:13] for row in _PCE])
    risks = [100 * (1 - m.power(row[14], m.exp(s - row[13]))) for s, row in zip(sums, _PCE, strict=True)]
    women = m.where(x.black == 1, risks[1], risks[0])
    return {"risk": m.where(x.sex == 0, women, m.where(x.black == 1, risks[3], risks[2]))}


def _framingham_cvd(x: Values, m: Ops) -> Mapping[str, Number]:
    """D'Agostino 2008, Table 2 (women, men): ln age, ln TC, ln HDL, ln SBP untreated and treated, smoking, diabetes."""
    sbp = m.log(x.systolic_bp)
    terms = [
        m.log(x.age),
        m.log(x.total_cholesterol),
        m.log(x.hdl_cholesterol),
        (1 - x.treated) * sbp,
        x.treated * sbp,
        x.smoker,
        x.diabetes,
    ]
    women = (2.32888, 1.20904, -0.70833, 2.76157, 2.82263, 0.52873, 0.69154)
    men = (3.06117, 1.12370, -0.93263, 1.93303, 1.99881, 0.65451, 0.57367)
    female, male = m.linear(terms, [women, men])
    risk_female = 1 - m.power(0.95012, m.exp(female - 26.1931))
    risk_male = 1 - m.power(0.88936, m.exp(male - 23.9802))
    return {"risk": 100 * m.where(x.sex == 1, risk_male, risk_female)}


def _framingham_chd(x: Values, m: Ops) -> Mapping[str, Number]:
    age, total = m.log(x.age), m.log(x.total_cholesterol)
    hdl, sbp = m.log(x.hdl_cholesterol), m.log(x.systolic_bp)
    smoke_male = m.minimum(age, m.log(70.0)) * x.smoker
    smoke_female = m.minimum(age, m.log(78.0)) * x.smoker
    male = (
        52.00961 * age + 20.014077 * total - 0.905964 * hdl + 1.305784 * sbp + 0.241549 * x.treated
        + 12.096316 * x.smoker - 4.605038 * age * total - 2.84367 * smoke_male - 2.93323 * age * age - 172.300168
    )  # fmt: skip
    female = (
        31.764001 * age + 22.465206 * total - 1.187731 * hdl + 2.552905 * sbp + 0.420251 * x.treated
        + 13.07543 * x.smoker - 5.060998 * age * total - 2.996945 * smoke_female - 146.5933061
    )  # fmt: skip
    risk = m.where(x.sex == 1, 1 - m.power(0.9402, m.exp(male)), 1 - m.power(0.98767, m.exp(female)))
    return {"risk": 100 * risk}


# SCORE2 2021 supplement: smoking, SBP, TC, HDL, age, then age x each; recalibration by region (scale1, scale2).
_SCORE2_W = (0.4648, 0.7744, 0.3131, 0.1002, -0.2606, -0.1088, -0.0277, -0.0226, 0.0613)
_SCORE2_M = (0.3742, 0.6012, 0.2777, 0.1458, -0.2698, -0.0755, -0.0255, -0.0281, 0.0426)
_SCALE_W = ((-0.7380, 0.7019), (-0.3143, 0.7701), (0.5710, 0.9369), (0.9412, 0.8329))
_SCALE_M = ((-0.5699, 0.7476), (-0.1565, 0.8009), (0.3207, 0.9360), (0.5836, 0.8294))
# SCORE2-OP 2021 supplement: age, diabetes, smoking, SBP, TC, HDL, then age x each.
_OP_W = (0.0789, 0.6010, 0.4921, 0.0102, 0.0605, -0.3040, -0.0107, -0.0255, -0.0004, -0.0009, 0.0154)
_OP_M = (0.0634, 0.4245, 0.3524, 0.0094, 0.0850, -0.3564, -0.0174, -0.0247, -0.0005, 0.0073, 0.0091)
_OP_SCALE_W = ((-0.52, 1.01), (-0.10, 1.10), (0.38, 1.09), (0.38, 0.69))
_OP_SCALE_M = ((-0.34, 1.19), (0.01, 1.25), (0.08, 1.15), (0.05, 0.70))


def _recalibrate(risk: Number, region: Number, scales: tuple[tuple[float, float], ...], m: Ops) -> Number:
    scale1 = m.pick(region, [s[0] for s in scales])
    scale2 = m.pick(region, [s[1] for s in scales])
    return 100 * (1 - m.exp(-m.exp(scale1 + scale2 * m.log(-m.log(1 - risk)))))


def _score2(x: Values, m: Ops) -> Mapping[str, Number]:
    age, sbp = (x.age - 60) / 5, (x.systolic_bp - 120) / 20
    total, hdl = x.total_cholesterol * _MMOL - 6, (x.hdl_cholesterol * _MMOL - 1.3) / 0.5
    terms = [age, x.smoker, sbp, total, hdl, x.smoker * age, sbp * age, total * age, hdl * age]
    female, male = m.linear(terms, [_SCORE2_W, _SCORE2_M])
    women = _recalibrate(1 - m.power(0.9776, m.exp(female)), x.region, _SCALE_W, m)
    men = _recalibrate(1 - m.power(0.9605, m.exp(male)), x.region, _SCALE_M, m)
    return _with_category(m.where(x.sex == 1, men, women), x.age, m)


def _with_category(risk_percent: Number, age: Number, m: Ops) -> Mapping[str, Number]:
    """The risk, and its category by age: ESC guideline on prevention 2021, Table 5 (bounds in %)."""
    old, middle = m.flag(age >= 70), m.flag(age >= 50)
    high = 2.5 + 2.5 * middle + 2.5 * old
    very_high = 7.5 + 2.5 * middle + 5.0 * old
    high_at = m.flag(risk_percent >= high)
    return {"risk": risk_percent, "category": high_at + m.flag(risk_percent >= very_high)}


def _score2_op(x: Values, m: Ops) -> Mapping[str, Number]:
    age, sbp = x.age - 73, x.systolic_bp - 150
    total, hdl = x.total_cholesterol * _MMOL - 6, x.hdl_cholesterol * _MMOL - 1.4
    factors = [x.diabetes, x.smoker, sbp, total, hdl]
    terms = [age, *factors, *(age * f for f in factors)]
    female, male = m.linear(terms, [_OP_W, _OP_M])
    women = _recalibrate(1 - m.power(0.8082, m.exp(female - 0.2290)), x.region, _OP_SCALE_W, m)
    men = _recalibrate(1 - m.power(0.7576, m.exp(male - 0.0929)), x.region, _OP_SCALE_M, m)
    return _with_category(m.where(x.sex == 1, men, women), x.age, m)


def _risk(title: str, fact: str, bands: tuple[Band, ...] = ()) -> tuple[Output, ...]:
    return (
        Output("risk", title, "probability", "%", fact=f"risk_score.{fact}", horizon_years=10, bands=bands,
               link="cloglog"),
    )  # fmt: skip


_REGION = Input(
    "patient.score2_region",
    key="region",
    codes={"low": 0.0, "moderate": 1.0, "high": 2.0, "very_high": 3.0},
)
_BLACK = Input(
    "patient.ancestry",
    key="black",
    codes={
        **dict.fromkeys(("white", "asian", "hispanic", "native_american", "pacific_islander", "other"), 0.0),
        "black": 1.0,
    },
)
_PCE_BANDS = (
    Band(0, "low", "below 5 %"),
    Band(5, "borderline", "5 % to below 7.5 %"),
    Band(7.5, "intermediate", "7.5 % to below 20 %"),
    Band(20, "high", "20 % and above"),
)
_CVD = "10-year risk of cardiovascular disease"
_CATEGORY = Output(
    "category", "ESC 2021 category of cardiovascular risk", "category",
    labels=("low to moderate", "high", "very high"), told=True,
)  # fmt: skip
MODELS = (
    RiskModel(
        name="pce",
        title="Pooled cohort equations",
        field="cardiovascular",
        purpose="10-year risk of a first atherosclerotic cardiovascular event.",
        population="Adults aged 40 to 79, Black or White, without cardiovascular disease (US cohorts)",
        inputs=(
            Input("patient.age", low=40, high=79),
            SEX,
            _BLACK,
            Input("lab.total_cholesterol", low=130, high=320, changeable=True, reference=190),
            Input("lab.hdl_cholesterol", low=20, high=100, changeable=True, reference=50),
            Input("vital.systolic_bp", low=90, high=200, changeable=True, reference=120),
            _TREATED,
            _SMOKER,
            _DIABETES,
        ),
        outputs=_risk("10-year risk of atherosclerotic cardiovascular disease", "pce_ascvd_10y", _PCE_BANDS),
        formula=_pce,
        source="Goff DC et al. Circulation 2014;129(Suppl 2):S49-S73, appendix 7",
        doi="10.1161/01.cir.0000437741.48606.98",
        limits="Other ancestries use the equations for White people. Overestimates in several contemporary cohorts.",
        rules=_FIRST_EVENT,
        accuracy="C-statistic 0.71 to 0.82 by group.",
        aliases=("ASCVD",),
        relevant=("lab.hdl_cholesterol",),
    ),
    RiskModel(
        name="score2",
        title="SCORE2",
        field="cardiovascular",
        purpose="10-year risk of fatal and non-fatal cardiovascular disease in Europe.",
        population="Adults aged 40 to 69 without cardiovascular disease or diabetes",
        inputs=(Input("patient.age", low=40, high=69.999), SEX, _SMOKER, _SBP, _TOTAL, _HDL, _REGION),
        outputs=(*_risk(_CVD, "score2_10y"), _CATEGORY),
        formula=_score2,
        source="SCORE2 working group. Eur Heart J 2021;42:2439-2454, supplementary methods",
        doi="10.1093/eurheartj/ehab309",
        limits="The risk region of the country (low, moderate, high, very high) has to be named.",
        rules=(*_FIRST_EVENT, Rule("condition.diabetes", False, "people with diabetes need SCORE2-Diabetes")),
        accuracy="C-index 0.67 to 0.81 in external cohorts.",
    ),
    RiskModel(
        name="score2_op",
        title="SCORE2-OP",
        field="cardiovascular",
        purpose="10-year risk of cardiovascular disease in older people in Europe.",
        population="Adults aged 70 to 89 without cardiovascular disease",
        inputs=(Input("patient.age", low=70, high=89), SEX, _DIABETES, _SMOKER, _SBP, _TOTAL, _HDL, _REGION),
        outputs=(*_risk(_CVD, "score2_10y"), _CATEGORY),
        formula=_score2_op,
        source="SCORE2-OP working group. Eur Heart J 2021;42:2455-2467, supplementary methods",
        doi="10.1093/eurheartj/ehab312",
        limits="The risk region of the country has to be named. Diabetes should be absent for the intended use.",
        rules=_FIRST_EVENT,
        accuracy="C-index 0.63 to 0.67 in external cohorts.",
    ),
    RiskModel(
        name="framingham_cvd",
        title="Framingham general cardiovascular risk (2008)",
        field="cardiovascular",
        purpose="10-year risk of any first cardiovascular event.",
        population="Adults aged 30 to 74 without cardiovascular disease",
        inputs=(Input("patient.age", low=30, high=74), SEX, _TOTAL, _HDL, _SBP, _TREATED, _SMOKER, _DIABETES),
        outputs=_risk(_CVD, "framingham_cvd_10y"),
        formula=_framingham_cvd,
        source="D'Agostino RB et al. Circulation 2008;117:743-753, Table 2",
        doi="10.1161/CIRCULATIONAHA.107.699579",
        limits="Made in a White US community; recalibrate elsewhere.",
        rules=_FIRST_EVENT,
        accuracy="C-statistic 0.763 (men), 0.793 (women).",
    ),
    RiskModel(
        name="framingham_chd",
        title="Framingham hard coronary heart disease (ATP III)",
        field="cardiovascular",
        purpose="10-year risk of myocardial infarction or coronary death.",
        population="Adults aged 30 to 79 without coronary disease or diabetes",
        inputs=(Input("patient.age", low=30, high=79), SEX, _TOTAL, _HDL, _SBP, _TREATED, _SMOKER),
        outputs=_risk("10-year risk of hard coronary heart disease", "framingham_chd_10y"),
        formula=_framingham_chd,
        source="Expert Panel (ATP III). JAMA 2001;285:2486-2497, with the equations of the Framingham Heart Study",
        doi="10.1001/jama.285.19.2486",
        limits="For smoking, age counts as at most 70 in men and 78 in women.",
        rules=(*_FIRST_EVENT, Rule("condition.diabetes", False, "ATP III counts diabetes as a coronary equivalent")),
    ),
)
