"""Pneumonia and sore throat: CURB-65, PSI, Centor/McIsaac, FeverPAIN."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Output, RiskModel, Values
from tools.risk.ops import Number, Ops
from tools.risk.points import MINUS_INFINITY, Either, Flag, Levels, Steps, points_formula

_RATE = "vital.respiratory_rate"
_CURB = (
    Flag("New confusion", 1, ("symptom.confusion",)),
    Either("Urea above 7 mmol/L", 1, (("lab.urea_nitrogen", "gt", 7.0),), units={"lab.urea_nitrogen": "mmol/L"}),
    Either("Respiratory rate 30 or more", 1, ((_RATE, "ge", 30),)),
    Either("Systolic below 90 or diastolic 60 or less", 1,
           (("vital.systolic_bp", "lt", 90), ("vital.diastolic_bp", "le", 60))),
    Steps("Age 65 or more", "patient.age", ((MINUS_INFINITY, 0), (65, 1)), low=18, high=120),
)  # fmt: skip
_PSI_ITEMS = (
    Flag("Nursing home", 10, ("patient.nursing_home",)),
    Flag("Cancer (active within a year)", 30, ("condition.active_cancer",)),
    Flag("Liver disease", 20, ("condition.liver_disease", "condition.cirrhosis")),
    Flag("Heart failure", 10, ("condition.heart_failure",)),
    Flag("Cerebrovascular disease", 10, ("condition.stroke", "condition.transient_ischaemic_attack",
                                         "condition.stroke_or_tia")),
    Flag("Kidney disease", 10, ("condition.chronic_kidney_disease",)),
    Flag("Altered mental status", 20, ("symptom.confusion",)),
    Either("Respiratory rate 30 or more", 20, ((_RATE, "ge", 30),)),
    Either("Systolic pressure below 90", 20, (("vital.systolic_bp", "lt", 90),)),
    Either("Temperature below 35 or 40 °C and above", 15,
           (("vital.temperature", "lt", 35), ("vital.temperature", "ge", 40))),
    Either("Heart rate 125 or more", 10, (("vital.heart_rate", "ge", 125),)),
    Either("Arterial pH below 7.35", 30, (("lab.ph_arterial", "lt", 7.35),), assume={"lab.ph_arterial": 7.40}),
    Either("Urea nitrogen 30 mg/dL or more", 20, (("lab.urea_nitrogen", "ge", 30),),
           assume={"lab.urea_nitrogen": 14.0}),
    Either("Sodium below 130", 20, (("lab.sodium", "lt", 130),), assume={"lab.sodium": 140.0}),
    Either("Glucose 250 mg/dL or more", 10, (("lab.glucose", "ge", 250),), assume={"lab.glucose": 100.0}),
    Either("Haematocrit below 30 %", 10, (("lab.haematocrit", "lt", 30),), assume={"lab.haematocrit": 42.0}),
    Either("PaO2 below 60 mmHg or saturation below 90 %", 10,
           (("lab.pao2", "lt", 60), ("vital.oxygen_saturation", "lt", 90)),
           assume={"lab.pao2": 90.0, "vital.oxygen_saturation": 98.0}),
    Flag("Pleural effusion", 10, ("finding.pleural_effusion", "condition.pleural_effusion")),
)  # fmt: skip
_psi_inputs, _psi_sum, _psi_terms = points_formula(_PSI_ITEMS)
_BEFORE_LABS = _PSI_ITEMS[1:11]


def _psi(x: Values, m: Ops) -> Mapping[str, Number]:
    total = _psi_sum(x, m)["score"] + x.patient_age - 10 * m.flag(x.sex == 0)
    early: Number = 0.0
    for row in _BEFORE_LABS:
        early = early + m.flag(row.value(x, m) > 0)
    first = m.flag(x.patient_age <= 50) * m.flag(early == 0) > 0
    risk_class = 2 + m.flag(total > 70) + m.flag(total > 90) + m.flag(total > 130)
    return {"score": total, "class": m.where(first, 1.0, risk_class)}


_AGE = Steps("Age", "patient.age", ((MINUS_INFINITY, 0),), low=18, high=120)
_CENTOR = (
    Steps("Temperature above 38 °C", "vital.temperature", ((MINUS_INFINITY, 0), (38, 1)), above=True, low=30, high=45),
    Flag("No cough", 1, ("symptom.cough",), absent=True),
    Flag("Tender front cervical nodes", 1, ("finding.tender_cervical_nodes",)),
    Flag("Swollen or coated tonsils", 1, ("finding.tonsillar_exudate", "finding.tonsillar_swelling")),
    Steps("Age", "patient.age", ((MINUS_INFINITY, 1), (15, 0), (45, -1)), low=3, high=120),
)  # fmt: skip
_FEVERPAIN = (
    Either(
        "Fever in the last 24 hours",
        1,
        (("vital.temperature", "ge", 38.0),),
        ("symptom.fever",),
        assume={"vital.temperature": 36.8},
    ),
    Flag("Pus on the tonsils", 1, ("finding.tonsillar_exudate",)),
    Flag("Came within 3 days", 1, ("symptom.sore_throat_3_days_or_less",)),
    Flag("Severely inflamed tonsils", 1, ("finding.tonsils_severely_inflamed",)),
    Flag("No cough or coryza", 1, ("symptom.cough", "symptom.coryza"), absent=True, told=True),
)
_MASCC = (
    Levels("Burden of symptoms", "judgement.neutropenic_fever_symptoms",
           {"none_or_mild": 5, "moderate": 3, "severe": 0}),
    Steps("Systolic pressure above 90 mm Hg", "vital.systolic_bp", ((MINUS_INFINITY, 0), (90, 5)), above=True,
          low=30, high=300),
    Flag("No chronic obstructive pulmonary disease", 4, ("condition.copd",), absent=True, told=True),
    Flag("No earlier fungal infection", 4, ("condition.fungal_infection_history",), absent=True, told=True),
    Flag("No dehydration", 3, ("condition.dehydration",), absent=True, told=True),
    Flag("Outpatient when the fever began", 3, ("condition.hospitalised",), absent=True, told=True),
    Steps("Age under 60", "patient.age", ((MINUS_INFINITY, 2), (60, 0)), low=16, high=120),
)  # fmt: skip
_curb, _centor, _feverpain = points_formula(_CURB), points_formula(_CENTOR), points_formula(_FEVERPAIN)
_mascc = points_formula(_MASCC)


def _points(fact: str, title: str, bands: tuple[Band, ...]) -> Output:
    return Output("score", title, "score", fact=f"risk_score.{fact}", bands=bands, digits=0)


_THROAT = ("symptom.sore_throat", "finding.tonsillar_exudate",
           "finding.tonsillar_swelling", "finding.tonsils_severely_inflamed")  # fmt: skip
_PNEUMONIA = (
    "condition.pneumonia",
    "condition.pneumonia_community_acquired",
    "finding.consolidation",
    "finding.pulmonary_infiltrate",
)
MODELS = (
    RiskModel(
        name="curb65", title="CURB-65", field="acute", purpose="Severity of community-acquired pneumonia.",
        population="Adults with community-acquired pneumonia", inputs=_curb[0],
        outputs=(_points("curb65", "CURB-65 score", (
            Band(-1e9, "0-1", "1.5 % died in 30 days"), Band(2, "2", "9.2 % died"),
            Band(3, "3-5", "22 % died"))),),
        formula=_curb[1], terms=_curb[2], source="Lim WS et al. Thorax 2003;58:377-382", doi="10.1136/thorax.58.5.377",
        limits="Not in immunosuppression.", relevant=_PNEUMONIA, aliases=("CURB-65 Score for Pneumonia Severity",),
    ),
    RiskModel(
        name="psi", title="Pneumonia Severity Index (PORT)", field="acute",
        purpose="Severity of community-acquired pneumonia; who may be treated at home.",
        population="Adults with community-acquired pneumonia", inputs=(*_AGE.inputs(), SEX, *_psi_inputs),
        outputs=(_points("psi", "Pneumonia Severity Index", ()),
                 Output("class", "Pneumonia Severity Index class", "score", fact="risk_score.psi_class", digits=0,
                        bands=(Band(1, "I", "0.1 % died in 30 days"), Band(2, "II", "0.6 %"), Band(3, "III", "0.9 %"),
                               Band(4, "IV", "9.3 %"), Band(5, "V", "27.0 %")))),
        formula=_psi, terms=_psi_terms, source="Fine MJ et al. N Engl J Med 1997;336:243-250",
        doi="10.1056/NEJM199701233360402", limits="Laboratory values that were not taken count as normal.",
        relevant=_PNEUMONIA, aliases=("PSI Score: Pneumonia Severity Index for CAP",),
    ),
    RiskModel(
        name="centor", title="Modified Centor (McIsaac) score", field="acute",
        purpose="Probability of streptococcal pharyngitis.", population="People with sore throat, 3 years and older",
        inputs=_centor[0],
        outputs=(_points("centor", "Modified Centor score", (
            Band(-1e9, "0 or below", "1-2.5 % had streptococci"), Band(1, "1", "5-10 %"), Band(2, "2", "11-17 %"),
            Band(3, "3", "28-35 %"), Band(4, "4 or above", "51-53 %"))),),
        formula=_centor[1], terms=_centor[2], source="McIsaac WJ et al. CMAJ 1998;158:75-83; rates: 2000;163:811-5",
        doi="", limits="Not in epidemics of rheumatic fever.", relevant=("symptom.sore_throat",), complaint=_THROAT,
        aliases=("Centor Score (Modified/McIsaac) for Strep Pharyngitis",),
    ),
    RiskModel(
        name="feverpain", title="FeverPAIN", field="acute", purpose="Probability of streptococcal pharyngitis.",
        population="People with acute sore throat, 3 years and older", inputs=_feverpain[0],
        outputs=(_points("feverpain", "FeverPAIN score", (
            Band(-1e9, "0-1", "13-18 % had streptococci"), Band(2, "2-3", "34-40 %"), Band(4, "4-5", "62-65 %"))),),
        formula=_feverpain[1], terms=_feverpain[2], source="Little P et al. BMJ Open 2013;3:e003943",
        doi="10.1136/bmjopen-2013-003943", limits="Primary care.", relevant=("symptom.sore_throat",), complaint=_THROAT,
        aliases=("FeverPAIN Score for Strep Pharyngitis",),
    ),
    RiskModel(
        name="mascc", title="MASCC risk index", field="acute",
        purpose="Risk of complications of fever with neutropenia during cancer treatment.",
        population="Adults with febrile neutropenia on treatment of a cancer", inputs=_mascc[0],
        outputs=(_points("mascc", "MASCC score", (
            Band(-1e9, "high risk", "below 21"), Band(21, "low risk", "21 and above: about 6 % had complications"))),),
        formula=_mascc[1], terms=_mascc[2],
        source="Klastersky J et al. J Clin Oncol 2000;18:3038-3051", doi="10.1200/JCO.2000.18.16.3038",
        limits="A solid tumour has the 4 points also after a fungal infection. Judgement outweighs it in leukaemia, "
        "pneumonia, long neutropenia or a patient who looks ill.",
        relevant=("condition.febrile_neutropenia", "judgement.neutropenic_fever_symptoms"),
        aliases=("MASCC score", "MASCC Risk Index for Febrile Neutropenia"),
    ),
)  # fmt: skip
