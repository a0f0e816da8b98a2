"""Surgery and bleeding: RCRI, Caprini, Glasgow-Blatchford."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Values
from tools.risk.ops import Number, Ops
from tools.risk.points import MINUS_INFINITY, Either, Flag, Steps, points_formula, step_points

_LOW = MINUS_INFINITY
_RCRI = (
    Flag("High-risk surgery (intraperitoneal, intrathoracic, suprainguinal vascular)", 1,
         ("procedure.high_risk_surgery",), needed=True),
    Flag("Ischaemic heart disease", 1, ("condition.coronary_artery_disease", "condition.myocardial_infarction")),
    Flag("Heart failure", 1, ("condition.heart_failure",)),
    Flag("Stroke or transient ischaemic attack", 1,
         ("condition.stroke", "condition.transient_ischaemic_attack", "condition.stroke_or_tia")),
    Flag("Insulin before surgery", 1, ("medication.class_insulin",)),
    Either("Creatinine above 2 mg/dL", 1, (("lab.creatinine", "gt", 2.0),), assume={"lab.creatinine": 0.9}),
)  # fmt: skip
_CAPRINI = (
    Steps("Age", "patient.age", ((_LOW, 0), (41, 1), (61, 2), (75, 3)), low=18, high=120),
    Flag("Minor surgery", 1, ("procedure.minor_surgery",)),
    Flag("Major surgery (more than 45 minutes)", 2, ("procedure.major_surgery",)),
    Flag("Laparoscopic surgery (more than 45 minutes)", 2, ("procedure.laparoscopic_surgery",)),
    Flag("Arthroscopic surgery", 2, ("procedure.arthroscopic_surgery",)),
    Flag("Elective hip or knee replacement", 5, ("procedure.hip_or_knee_replacement",)),
    Flag("Hip, pelvis or leg fracture within a month", 5, ("condition.leg_fracture_within_4_weeks",)),
    Flag("Stroke within a month", 5, ("condition.stroke_within_4_weeks",)),
    Flag("Multiple trauma within a month", 5, ("condition.multiple_trauma_within_4_weeks",)),
    Flag("Acute spinal cord injury within a month", 5, ("condition.spinal_cord_injury_within_4_weeks",)),
    Flag("Major surgery within a month before", 1, ("condition.surgery_within_4_weeks",)),
    Flag("Varicose veins", 1, ("condition.varicose_veins",)),
    Flag("Inflammatory bowel disease", 1, ("condition.inflammatory_bowel_disease",)),
    Flag("Swollen legs now", 1, ("symptom.oedema",)),
    Steps("Body mass index above 25", "patient.bmi", ((_LOW, 0), (25, 1)), above=True, low=10, high=100,
          reference=22, changeable=True),
    Flag("Acute myocardial infarction", 1, ("condition.myocardial_infarction_acute",)),
    Flag("Heart failure within a month", 1, ("condition.heart_failure_within_4_weeks",)),
    Flag("Sepsis within a month", 1, ("condition.sepsis",)),
    Flag("Serious lung disease including pneumonia, within a month", 1, ("condition.pneumonia",)),
    Flag("Chronic obstructive lung disease", 1, ("condition.copd",)),
    Flag("Medical patient at bed rest", 1, ("condition.bed_rest",)),
    Flag("Confined to bed for more than 72 hours", 2, ("condition.confined_to_bed_72h",)),
    Flag("Plaster cast", 2, ("condition.plaster_cast",)),
    Flag("Central venous access", 2, ("procedure.central_venous_access",)),
    Flag("Cancer, now or before", 2, ("condition.cancer", "condition.cancer_history")),
    Flag("Oral contraceptives or hormone therapy", 1,
         ("medication.class_oestrogen", "condition.hormone_therapy_oestrogen")),
    Flag("Pregnant, or gave birth within a month", 1, ("patient.pregnant", "condition.postpartum")),
    Flag("Unexplained stillbirth, three miscarriages, or premature birth with toxaemia", 1,
         ("condition.obstetric_thrombosis_history",)),
    Flag("Venous thromboembolism before", 3, ("condition.vte_history",)),
    Flag("Family history of thrombosis", 3, ("family_history.venous_thromboembolism",)),
    Flag("Factor V Leiden", 3, ("condition.factor_v_leiden",)),
    Flag("Prothrombin 20210A", 3, ("condition.prothrombin_20210a",)),
    Flag("Lupus anticoagulant", 3, ("condition.lupus_anticoagulant",)),
    Flag("Anticardiolipin antibodies", 3, ("condition.anticardiolipin_antibodies",)),
    Flag("Raised homocysteine", 3, ("condition.hyperhomocysteinaemia",)),
    Flag("Heparin-induced thrombocytopenia", 3, ("condition.heparin_induced_thrombocytopenia",)),
    Flag("Other thrombophilia", 3, ("condition.thrombophilia_other",)),
)  # fmt: skip
_GBS = (
    Steps("Urea nitrogen, mg/dL", "lab.urea_nitrogen", ((_LOW, 0), (18.2, 2), (22.4, 3), (28.0, 4), (70.0, 6)),
          low=1, high=300, reference=14),
    Steps("Systolic pressure", "vital.systolic_bp", ((_LOW, 3), (90, 2), (100, 1), (110, 0)), low=30, high=300,
          reference=120),
    Either("Heart rate 100 or more", 1, (("vital.heart_rate", "ge", 100),)),
    Flag("Melaena", 1, ("symptom.melaena",)),
    Flag("Syncope", 2, ("symptom.syncope",)),
    Flag("Liver disease", 2, ("condition.liver_disease", "condition.cirrhosis")),
    Flag("Heart failure", 2, ("condition.heart_failure",)),
)  # fmt: skip
_rcri, _caprini, _gbs = points_formula(_RCRI), points_formula(_CAPRINI), points_formula(_GBS)


def _blatchford(x: Values, m: Ops) -> Mapping[str, Number]:
    men = step_points(x.haemoglobin, ((_LOW, 6), (10, 3), (12, 1), (13, 0)), m)
    women = step_points(x.haemoglobin, ((_LOW, 6), (10, 1), (12, 0)), m)
    return {"score": _gbs[1](x, m)["score"] + m.where(x.sex == 1, men, women)}


def _points(fact: str, title: str, bands: tuple[Band, ...]) -> tuple[Output, ...]:
    return (Output("score", title, "score", fact=f"risk_score.{fact}", bands=bands, digits=0),)


MODELS = (
    RiskModel(
        name="rcri", title="Revised Cardiac Risk Index", field="cardiovascular",
        purpose="Risk of major cardiac complications of non-cardiac surgery.",
        population="Adults before elective non-cardiac surgery", inputs=_rcri[0],
        outputs=_points("rcri", "Revised Cardiac Risk Index", (
            Band(0, "0", "0.4 % had a major cardiac complication"), Band(1, "1", "0.9 %"), Band(2, "2", "6.6 %"),
            Band(3, "3 or more", "11 %"))),
        formula=_rcri[1], terms=_rcri[2], source="Lee TH et al. Circulation 1999;100:1043-1049",
        doi="10.1161/01.CIR.100.10.1043", limits="Rates are those of the validation cohort of 1999.",
        accuracy="AUC 0.806 in validation.", aliases=("Revised Cardiac Risk Index for Pre-Operative Risk",),
    ),
    RiskModel(
        name="caprini", title="Caprini score (2005)", field="acute",
        purpose="Risk of venous thrombosis around surgery.", population="Adults having surgery",
        inputs=_caprini[0],
        outputs=_points("caprini", "Caprini score", (
            Band(0, "0-1", "low"), Band(2, "2", "moderate"), Band(3, "3-4", "higher"), Band(5, "5 up", "highest"))),
        formula=_caprini[1], terms=_caprini[2], source="Caprini JA. Dis Mon 2005;51:70-78",
        doi="10.1016/j.disamonth.2005.02.003", limits="Only one kind of surgery should be marked.",
        aliases=("Caprini Score for Venous Thromboembolism (2005)",),
    ),
    RiskModel(
        name="glasgow_blatchford", title="Glasgow-Blatchford score", field="acute",
        purpose="Need for treatment in upper gastrointestinal bleeding.",
        population="Adults with upper gastrointestinal bleeding",
        inputs=(*_gbs[0], SEX, Input("lab.haemoglobin", low=1, high=26, reference=14)),
        outputs=_points("glasgow_blatchford", "Glasgow-Blatchford score", (
            Band(-1e9, "0-1", "very low risk: outpatient care may be considered"), Band(2, "2 or more", "not low"))),
        formula=_blatchford, terms=_gbs[2], source="Blatchford O et al. Lancet 2000;356:1318-1321",
        doi="10.1016/S0140-6736(00)02816-6", limits="Values on presentation, before endoscopy.",
        relevant=("condition.gastrointestinal_bleeding", "symptom.haematemesis", "symptom.melaena"),
        aliases=("Glasgow-Blatchford Bleeding Score (GBS)",),
    ),
)  # fmt: skip
