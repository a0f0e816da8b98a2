"""Atrial fibrillation: stroke and bleeding."""

from __future__ import annotations

from tools.risk.model import Band, Output, RiskModel, Rule
from tools.risk.points import MINUS_INFINITY, Either, Flag, Levels, Steps, points_formula

_CHADS = (
    Either("Heart failure or left ventricular dysfunction (ejection fraction of 40 % or less)", 1,
           (("lab.lvef", "le", 40),), ("condition.heart_failure", "condition.left_ventricular_dysfunction"),
           assume={"lab.lvef": 60.0}),
    Flag("Hypertension", 1, ("condition.hypertension",)),
    Steps("Age", "patient.age", ((MINUS_INFINITY, 0), (65, 1), (75, 2)), low=18, high=120),
    Flag("Diabetes", 1, ("condition.diabetes",)),
    Flag("Stroke, transient ischaemic attack or thromboembolism", 2,
         ("condition.stroke", "condition.transient_ischaemic_attack", "condition.stroke_or_tia",
          "condition.thromboembolism")),
    Flag("Vascular disease (myocardial infarction, peripheral artery disease, aortic plaque)", 1,
         ("condition.vascular_disease", "condition.myocardial_infarction", "condition.peripheral_artery_disease")),
    Levels("Sex", "patient.sex", {"female": 1, "male": 0}),
)  # fmt: skip
_HAS_BLED = (
    Either("Uncontrolled hypertension (systolic above 160 mmHg)", 1, (("vital.systolic_bp", "gt", 160),),
           ("condition.hypertension_uncontrolled",), assume={"vital.systolic_bp": 120.0}),
    Either("Abnormal kidney function (dialysis, transplant, creatinine above 2.26 mg/dL)", 1,
           (("lab.creatinine", "gt", 2.26),),
           ("condition.kidney_function_abnormal_hasbled",),
           assume={"lab.creatinine": 0.9}),
    Flag("Abnormal liver function (cirrhosis, or bilirubin above 2 x and enzymes above 3 x normal)", 1,
         ("condition.liver_function_abnormal_hasbled",)),
    Flag("Stroke", 1, ("condition.stroke",)),
    Flag("Bleeding or predisposition to bleeding", 1,
         ("condition.bleeding_history", "condition.major_bleeding", "condition.anaemia",
          "condition.bleeding_disorder")),
    Flag("Labile INR", 1, ("condition.labile_inr",)),
    Steps("Age above 65", "patient.age", ((MINUS_INFINITY, 0), (65, 1)), above=True, low=18, high=120),
    Flag("Antiplatelet drug or NSAID", 1, ("medication.class_antiplatelet", "medication.class_nsaid"),
         changeable=True),
    Flag("Alcohol, 8 or more drinks a week", 1, ("condition.heavy_alcohol_use",), changeable=True),
)  # fmt: skip
_chads_inputs, _chads_formula, _chads_terms = points_formula(_CHADS)
_hasbled_inputs, _hasbled_formula, _hasbled_terms = points_formula(_HAS_BLED)

MODELS = (
    RiskModel(
        name="chads_vasc",
        title="CHA2DS2-VASc",
        field="cardiovascular",
        purpose="Risk of stroke in atrial fibrillation without anticoagulation.",
        population="Adults with non-valvular atrial fibrillation",
        inputs=_chads_inputs,
        outputs=(
            Output(
                "score",
                "CHA2DS2-VASc",
                "score",
                fact="risk_score.chads_vasc",
                digits=0,
                bands=(
                    Band(0, "0", "low"),
                    Band(1, "1", "low in women without other factors, intermediate in men"),
                    Band(2, "2 or more", "high: oral anticoagulation was the proposed choice (Lip 2010)"),
                ),
            ),
        ),
        formula=_chads_formula,
        terms=_chads_terms,
        source="Lip GYH et al. Chest 2010;137:263-272",
        doi="10.1378/chest.09-1584",
        limits="Not with mechanical valves or moderate to severe mitral stenosis.",
        rules=(
            Rule("condition.atrial_fibrillation", True, "it is for people with atrial fibrillation"),
            Rule("condition.mechanical_heart_valve", False, "anticoagulation is indicated by the valve itself"),
            Rule(
                "condition.mitral_stenosis_moderate_severe",
                False,
                "anticoagulation is indicated by the stenosis itself",
            ),
        ),
        relevant=("condition.atrial_fibrillation",),
        aliases=("CHA2DS2-VASc Score for Atrial Fibrillation Stroke Risk",),
        accuracy="C-statistic 0.606 in the Euro Heart Survey.",
    ),
    RiskModel(
        name="has_bled",
        title="HAS-BLED",
        field="cardiovascular",
        purpose="Risk of major bleeding on anticoagulation, and what can be done about it.",
        population="Adults with atrial fibrillation",
        inputs=_hasbled_inputs,
        outputs=(
            Output(
                "score",
                "HAS-BLED",
                "score",
                fact="risk_score.has_bled",
                digits=0,
                bands=(
                    Band(0, "0", "1.13 major bleeds per 100 patient-years"),
                    Band(1, "1", "1.02 major bleeds per 100 patient-years"),
                    Band(2, "2", "1.88 major bleeds per 100 patient-years"),
                    Band(3, "3", "3.74 major bleeds per 100 patient-years"),
                    Band(4, "4", "8.70 major bleeds per 100 patient-years"),
                    Band(5, "5 or more", "12.5 major bleeds per 100 patient-years at 5; too few patients above"),
                ),
            ),
        ),
        formula=_hasbled_formula,
        terms=_hasbled_terms,
        source="Pisters R et al. Chest 2010;138:1093-1100",
        doi="10.1378/chest.10-0134",
        limits="A high score calls for care; alone it is no reason to withhold anticoagulation.",
        relevant=("condition.atrial_fibrillation",),
        aliases=("HAS-BLED Score for Major Bleeding Risk",),
        accuracy="C-statistic 0.72.",
    ),
)
