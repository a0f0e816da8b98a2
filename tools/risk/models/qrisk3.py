"""QRISK3 (2017): 10-year cardiovascular risk in England.

Hippisley-Cox J, Coupland C, Brindle P. BMJ 2017;357:j2099, doi 10.1136/bmj.j2099. Coefficients as published by
ClinRisk with the algorithm QRISK3-2017 (qrisk.org).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Rule, Values, yes_no
from tools.risk.models.cardiovascular import NOT_FAMILIAL
from tools.risk.ops import Number, Ops

_FLAGS = (
    *("atrial_fibrillation", "antipsychotic", "steroids", "erectile", "migraine", "arthritis", "kidney"),
    *("mental", "lupus", "treated", "type1", "type2", "family"),
)
# Women, then men: main effect, times age_1, times age_2, in the order of `_FLAGS`.
_WOMEN = (
    (1.5923354969269663, 19.938034889546561, -0.076182651011162505),
    (0.25237642070115557, 0, 0),
    (0.59520725304601851, -0.98408045235936281, -0.12005364946742472),
    (0, 0, 0),
    (0.301267260870345, 1.7634979587872999, -0.06558691789869986),
    (0.21364803435181942, 0, 0),
    (0.65194569493845833, -3.5874047731694114, -0.22688873086442507),
    (0.12555308058820178, 0, 0),
    (0.75880938654267693, 19.690303738638292, 0.077347949679016273),
    (0.50931593683423004, 11.872809733921812, 0.00096857823588174436),
    (1.7267977510537347, -1.2444332714320747, -0.28724064624488949),
    (1.0688773244615468, 6.8652342000009599, -0.097112252590695489),
    (0.45445319020896213, 0.99467807940435127, -0.076885051698423038),
)
_MEN = (
    (0.88209236928054657, 3.4896675530623207, -0.00034995608340636049),
    (0.13046879855173513, 0, 0),
    (0.45485399750445543, 1.1708133653489108, -0.0002496045095297166),
    (0.22251859086705383, -1.506400985745431, -0.0011058218441227373),
    (0.25584178074159913, 2.3491159871402441, 0.00019896446041478631),
    (0.20970658013956567, 0, 0),
    (0.71853261288274384, -0.50656716327223694, -0.0018325930166498813),
    (0.12133039882047164, 0, 0),
    (0.44015721744575220, 0, 0),
    (0.51659871082695474, 6.5114581098532671, 0.00063838053104165013),
    (1.2343425521675175, 5.3379864878006531, 0.0006409780808752897),
    (0.85942071430932221, 3.6461817406221311, -0.00024695695588868315),
    (0.54055469009390156, 2.7808628508531887, -0.00024791809907396037),
)
_ETHNIC_WOMEN = (0, 0.28040314332995425, 0.56298994142075398, 0.29590000851116516, 0.072785379877982545,
                 -0.17072135508857317, -0.39371043314874971, -0.32632495283530272, -0.17127056883241784)  # fmt: skip
_ETHNIC_MEN = (0, 0.27719248760308279, 0.47446360714931268, 0.52961729919689371, 0.035100159186299017,
               -0.35807899669327919, -0.40056485232165140, -0.41522792889830173, -0.26321348134749967)  # fmt: skip
# Smoking (non, ex, light, moderate, heavy): main effect, times age_1, times age_2.
_SMOKE_WOMEN = (
    (0, 0.13386833786546262, 0.56200858012438537, 0.66749593377502547, 0.84948177644830847),
    (0, -4.7057161785851891, -2.7430383403573337, -0.86608088829392182, 0.90241562369710648),
    (0, -0.075589244643193026, -0.11951192874867074, -0.10366306397571923, -0.13991853591718389),
)
_SMOKE_MEN = (
    (0, 0.19128222863388983, 0.55241588192645552, 0.63835053027506072, 0.78983819881858019),
    (0, -0.21011133933516346, 0.75268676447503191, 0.99315887556405791, 2.1331163414389076),
    (0, -0.00049854870275326121, -0.00079875633317385414, -0.00083706184266251296, -0.00078400319155637289),
)
# bmi_1, bmi_2, ratio, systolic pressure, its variation, Townsend: main effect, times age_1, times age_2.
_WOMEN_LINEAR = (
    (0.29236092275460052, 23.802623412141742, 0.52369958933664429),
    (-4.1513300213837665, -71.184947692087007, 0.045744190122323759),
    (0.15338035820802554, 0, 0),
    (0.013131488407103424, 0.034131842338615485, -0.0015082501423272358),
    (0.0078894541014586095, 0, 0),
    (0.077223790588590108, -1.0301180802035639, -0.031593414674962329),
)
_MEN_LINEAR = (
    (2.4562776660536358, 31.004952956033886, 0.0050380102356322029),
    (-8.3011122314711354, -111.29157184391643, -0.013074483002524319),
    (0.17340196856327111, 0, 0),
    (0.012910126542553305, 0.018858524469865853, -0.000012718741915884570),
    (0.010251914291290456, 0, 0),
    (0.033268201277287295, -0.10075548700637310, -0.000093299642323272888),
)
_Rows = Sequence[Sequence[float]]


def _sum(x: Values, m: Ops, ages: tuple[Number, Number], linear: Sequence[Number], tables: tuple[_Rows, _Rows, _Rows],
         ethnic: Sequence[float]) -> Number:  # fmt: skip
    flags, smoke, slopes = tables
    total: Number = m.pick(x.ethnicity, ethnic)
    factors = (1.0, *ages)
    for i, factor in enumerate(factors):
        total = total + factor * m.pick(x.smoking_level, smoke[i])
        for name, row in zip(_FLAGS, flags, strict=True):
            if row[i]:
                total = total + factor * row[i] * getattr(x, name)
        for value, row in zip(linear, slopes, strict=True):
            if row[i]:
                total = total + factor * row[i] * value
    return total


def _qrisk3(x: Values, m: Ops) -> Mapping[str, Number]:
    decades, body = x.age / 10, x.bmi / 10
    bmi_1 = m.power(body, -2.0)
    bmi_2 = bmi_1 * m.log(body)
    age_w = (m.power(decades, -2.0) - 0.053274843841791, decades - 4.332503318786621)
    women_values = (
        bmi_1 - 0.154946178197861,
        bmi_2 - 0.144462317228317,
        x.cholesterol_ratio - 3.476326465606690,
        x.systolic_bp - 123.130012512207030,
        x.sbp_variation - 9.002537727355957,
        x.townsend - 0.392308831214905,
    )
    women = _sum(x, m, age_w, women_values, (_WOMEN, _SMOKE_WOMEN, _WOMEN_LINEAR), _ETHNIC_WOMEN)
    women = women - 8.1388109247726188 * age_w[0] + 0.79733376689699098 * age_w[1]
    age_m = (1 / decades - 0.234766781330109, m.power(decades, 3.0) - 77.284080505371094)
    men_values = (
        bmi_1 - 0.149176135659218,
        bmi_2 - 0.141913309693336,
        x.cholesterol_ratio - 4.300998687744141,
        x.systolic_bp - 128.571578979492190,
        x.sbp_variation - 8.756621360778809,
        x.townsend - 0.526304900646210,
    )
    men = _sum(x, m, age_m, men_values, (_MEN, _SMOKE_MEN, _MEN_LINEAR), _ETHNIC_MEN)
    men = men - 17.839781666005575 * age_m[0] + 0.0022964880605765492 * age_m[1]
    risk_women = 1 - m.power(0.988876402378082, m.exp(women))
    risk_men = 1 - m.power(0.977268040180206, m.exp(men))
    return {"risk": 100 * m.where(x.sex == 1, risk_men, risk_women)}


_ETHNICITY = {
    name: float(i)
    for i, name in enumerate(
        ("white", "indian", "pakistani", "bangladeshi", "other_asian", "black_caribbean", "black_african", "chinese",
         "other")
    )
}  # fmt: skip
_LEVELS = {name: float(i) for i, name in enumerate(("non_smoker", "ex_smoker", "light", "moderate", "heavy"))}
MODELS = (
    RiskModel(
        name="qrisk3",
        title="QRISK3-2017",
        field="cardiovascular",
        purpose="10-year risk of a first heart attack or stroke.",
        population="People aged 25 to 84 in England without cardiovascular disease",
        inputs=(
            Input("patient.age", low=25, high=84),
            SEX,
            Input("patient.qrisk_ethnicity", "ethnicity", codes=_ETHNICITY, assume="white",
                  assume_why="no ethnicity is recorded: 'white or not stated' is used, as QRISK3 does"),
            Input("smoking.level", "smoking_level", codes=_LEVELS, changeable=True, reference="non_smoker"),
            Input("lab.cholesterol_hdl_ratio", "cholesterol_ratio", low=1, high=11, changeable=True, reference=4),
            Input("vital.systolic_bp", low=70, high=210, changeable=True, reference=125),
            Input("vital.systolic_bp_sd", "sbp_variation", low=0, high=60, assume=0.0,
                  assume_why="no variation of the pressure is recorded: 0 is used, as QRISK3 does", reference=0),
            Input("patient.bmi", low=18, high=47, changeable=True, reference=25),
            Input("patient.townsend", low=-8, high=12, assume=0.0,
                  assume_why="no Townsend score is recorded: 0 (average) is used", reference=0),
            yes_no("condition.atrial_fibrillation", "atrial_fibrillation"),
            yes_no("medication.class_antipsychotic", "antipsychotic"),
            yes_no("condition.glucocorticoid_long_term", "steroids"),
            yes_no("condition.erectile_dysfunction", "erectile"),
            yes_no("condition.migraine", "migraine"),
            yes_no("condition.rheumatoid_arthritis", "arthritis"),
            yes_no("condition.chronic_kidney_disease", "kidney"),
            yes_no("condition.severe_mental_illness", "mental"),
            yes_no("condition.systemic_lupus_erythematosus", "lupus"),
            yes_no(
    "condition.hypertension_treated", "treated", also=("medication.class_antihypertensive",)
),
            yes_no("condition.diabetes_type_1", "type1"),
            yes_no("condition.diabetes_type_2", "type2"),
            yes_no("family_history.premature_ascvd", "family"),
        ),
        outputs=(
            Output("risk", "10-year risk of cardiovascular disease", "probability", "%", fact="risk_score.qrisk3_10y",
                   horizon_years=10, link="cloglog",
                   bands=(Band(0, "below 10 %"), Band(10, "10 % and above", "NICE offers a statin"))),
        ),
        formula=_qrisk3,
        source="Hippisley-Cox J et al. BMJ 2017;357:j2099; coefficients of QRISK3-2017, ClinRisk",
        doi="10.1136/bmj.j2099",
        limits="Kidney disease means stages 3 to 5. Derived in people who took no statin. Not the official software: "
        "check decisions against qrisk.org, as its licence asks.",
        rules=(*NOT_FAMILIAL, Rule("condition.ascvd", False, "it estimates a first event")),
        aliases=("QRISK", "QRISK2"),
        relevant=("patient.townsend", "patient.qrisk_ethnicity"),
        accuracy="Harrell's C 0.88 in women, 0.86 in men.",
    ),
)  # fmt: skip
