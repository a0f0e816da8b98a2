"""Comorbidity and diabetes: Charlson, FINDRISC."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Values
from tools.risk.ops import Number, Ops
from tools.risk.points import MINUS_INFINITY, Either, Flag, Levels, Steps, points_formula, step_points

_LOW = MINUS_INFINITY
_CHARLSON = (
    Steps("Age (1 for each decade from 50, at most 4)", "patient.age",
          ((_LOW, 0), (50, 1), (60, 2), (70, 3), (80, 4)), low=0, high=120),
    Flag("Myocardial infarction", 1, ("condition.myocardial_infarction",)),
    Flag("Heart failure", 1, ("condition.heart_failure",)),
    Flag("Peripheral vascular disease", 1, ("condition.peripheral_artery_disease",
         "condition.abdominal_aortic_aneurysm")),
    Flag("Cerebrovascular disease", 1, ("condition.stroke", "condition.transient_ischaemic_attack",
                                         "condition.stroke_or_tia")),
    Flag("Dementia", 1, ("condition.dementia",)),
    Flag("Chronic lung disease", 1, ("condition.copd",)),
    Flag("Connective tissue disease", 1, ("condition.connective_tissue_disease", "condition.rheumatoid_arthritis",
                                           "condition.systemic_lupus_erythematosus")),
    Flag("Peptic ulcer disease", 1, ("condition.peptic_ulcer",)),
    Flag("Leukaemia", 2, ("condition.leukaemia",)),
    Flag("Lymphoma", 2, ("condition.lymphoma",)),
    Flag("Hemiplegia", 2, ("condition.hemiplegia",)),
    Either("Moderate to severe kidney disease (creatinine above 3 mg/dL, dialysis, transplant, uraemia)", 2,
           (("lab.creatinine", "gt", 3.0),),
           ("condition.kidney_disease_moderate_severe", "condition.dialysis", "condition.kidney_transplant",
            "condition.end_stage_kidney_disease"), assume={"lab.creatinine": 0.9}),
    Flag("AIDS", 6, ("condition.aids",)),
)  # fmt: skip
_charlson = points_formula(_CHARLSON)
_GRADED = (
    Flag("Liver disease: mild 1, moderate to severe 3", 1, ("condition.liver_disease",)),
    Flag("Liver disease, moderate to severe", 3, ("condition.liver_disease_moderate_severe",
         "condition.cirrhosis_decompensated")),
    Flag("Diabetes: uncomplicated 1, with organ damage 2", 1, ("condition.diabetes",)),
    Flag("Diabetes with organ damage", 2, ("condition.diabetic_nephropathy", "condition.diabetic_retinopathy",
                                            "condition.diabetic_neuropathy")),
    Flag("Solid tumour: localised 2, metastatic 6", 2, ("condition.solid_tumour",)),
    Flag("Metastatic solid tumour", 6, ("condition.metastatic_cancer", "tumour.metastatic")),
)  # fmt: skip
_graded = points_formula(_GRADED)


def _charlson_index(x: Values, m: Ops) -> Mapping[str, Number]:
    total = _charlson[1](x, m)["score"]
    for milder, worse in zip(_GRADED[::2], _GRADED[1::2], strict=True):
        total = total + m.maximum(milder.value(x, m), worse.value(x, m))
    return {"score": total}


_FINDRISC = (
    Steps("Age", "patient.age", ((_LOW, 0), (45, 2), (55, 3), (65, 4)), low=18, high=120),
    Steps("Body mass index: above 25, above 30", "patient.bmi", ((_LOW, 0), (25, 1), (30.0000001, 3)), low=10, high=100,
          reference=22, changeable=True),
    Flag("Less than 30 minutes of activity a day", 2, ("patient.physically_inactive",), changeable=True),
    Flag("Fruit, berries or vegetables not every day", 1, ("patient.no_daily_vegetables",), changeable=True),
    Flag("Antihypertensive drugs", 2, ("condition.hypertension_treated", "medication.class_antihypertensive")),
    Flag("Raised blood glucose before", 5, ("condition.high_glucose_history", "condition.gestational_diabetes",
                                              "condition.history_gestational_diabetes", "condition.prediabetes")),
    Levels("Diabetes in the family", "family_history.diabetes_degree",
           {"none": 0, "second_degree": 3, "first_degree": 5}, "none"),
)  # fmt: skip
_findrisc = points_formula(_FINDRISC)


def _findrisc_score(x: Values, m: Ops) -> Mapping[str, Number]:
    men = step_points(x.waist, ((_LOW, 0), (94, 3), (102.0000001, 4)), m)
    women = step_points(x.waist, ((_LOW, 0), (80, 3), (88.0000001, 4)), m)
    return {"score": _findrisc[1](x, m)["score"] + m.where(x.sex == 1, men, women)}


def _merge(*groups: tuple[Input, ...]) -> tuple[Input, ...]:
    found: dict[str, Input] = {}
    for group in groups:
        for item in group:
            found.setdefault(item.name, item)
    return tuple(found.values())


MODELS = (
    RiskModel(
        name="charlson", title="Charlson comorbidity index, age-adjusted", field="general",
        purpose="Burden of comorbidity.", population="Adults",
        inputs=_merge(_charlson[0], _graded[0]),
        outputs=(Output("score", "Charlson comorbidity index", "score", fact="risk_score.charlson", digits=0),),
        formula=_charlson_index, terms=(*_charlson[2], *_graded[2]),
        source="Charlson ME et al. J Chronic Dis 1987;40:373-383; age: Charlson M et al. J Clin Epidemiol "
        "1994;47:1245-1251", doi="10.1016/0021-9681(87)90171-8", limits="Original weights of 1987.",
        aliases=("Charlson Comorbidity Index (CCI)",),
    ),
    RiskModel(
        name="findrisc", title="FINDRISC", field="general", purpose="10-year risk of type 2 diabetes.",
        population="Adults without diabetes",
        inputs=(*_findrisc[0], SEX, Input("patient.waist", low=40, high=250, reference=75, changeable=True)),
        outputs=(Output("score", "FINDRISC score", "score", fact="risk_score.findrisc", digits=0, bands=(
            Band(0, "low", "below 7: about 1 % in 10 years"), Band(7, "slightly raised", "7-11: about 4 %"),
            Band(12, "moderate", "12-14: about 17 %"), Band(15, "high", "15-20: about 33 %"),
            Band(20.0001, "very high", "above 20: about 50 %"))),),
        formula=_findrisc_score, terms=_findrisc[2],
        source="Lindström J, Tuomilehto J. Diabetes Care 2003;26:725-731, in the form of the Finnish Diabetes "
        "Association", doi="10.2337/diacare.26.3.725", limits="Screening; not a diagnosis.",
    ),
)  # fmt: skip
