"""Chest pain and acute coronary syndromes: HEART, TIMI, GRACE."""

from __future__ import annotations

from tools.risk.model import Band, Output, RiskModel
from tools.risk.points import MINUS_INFINITY, Flag, Levels, Steps, points_formula

_NO_LOW = MINUS_INFINITY
_HEART = (
    Levels("History", "heart.history_suspicion", {"slightly": 0, "moderately": 1, "highly": 2}, "slightly"),
    Levels("ECG", "heart.ecg", {"normal": 0, "nonspecific": 1, "st_deviation": 2}, "normal"),
    Steps("Age", "patient.age", ((_NO_LOW, 0), (45, 1), (65, 2)), low=18, high=120),
    Steps("Risk factors (hypertension, hypercholesterolaemia, diabetes, obesity, smoking, family history; known "
          "atherosclerosis counts as 3)", "heart.risk_factors", ((_NO_LOW, 0), (1, 1), (3, 2)), low=0, high=7,
          reference=0, assume=0.0, assume_why="no risk factor is recorded, so none is counted"),
    Steps("Troponin, multiples of the upper limit (up to 1: 0; up to 3: 1; above: 2)", "lab.troponin_ratio",
          ((_NO_LOW, 0), (1, 1), (3, 2)), above=True, low=0, high=10000, reference=1),
)  # fmt: skip
_TIMI = (
    Steps("Age 65 or more", "patient.age", ((_NO_LOW, 0), (65, 1)), low=18, high=120),
    Steps("Three or more risk factors (family history, hypertension, hypercholesterolaemia, diabetes, smoking)",
          "timi.risk_factors", ((_NO_LOW, 0), (3, 1)), low=0, high=5, reference=0),
    Flag("Known coronary stenosis of 50 % or more", 1, ("condition.coronary_stenosis_50",)),
    Flag("ST deviation of 0.5 mm or more", 1, ("finding.st_deviation",), needed=True),
    Flag("Two or more anginal events in 24 hours", 1, ("symptom.angina_two_in_24h",)),
    Flag("Aspirin in the last 7 days", 1, ("medication.aspirin",)),
    Flag("Raised cardiac markers", 1, ("lab.troponin_elevated",), needed=True),
)  # fmt: skip
# Granger 2003, the published nomogram of the GRACE in-hospital model.
_GRACE = (
    Levels("Killip class", "heart.killip_class", {"I": 0, "II": 20, "III": 39, "IV": 59}, "I"),
    Steps("Systolic pressure, mmHg", "vital.systolic_bp",
          ((_NO_LOW, 58), (80, 53), (100, 43), (120, 34), (140, 24), (160, 10), (200, 0)), low=30, high=300),
    Steps("Heart rate, /min", "vital.heart_rate",
          ((_NO_LOW, 0), (50, 3), (70, 9), (90, 15), (110, 24), (150, 38), (200, 46)), low=20, high=300),
    Steps("Age, years", "patient.age",
          ((_NO_LOW, 0), (30, 8), (40, 25), (50, 41), (60, 58), (70, 75), (80, 91), (90, 100)), low=18, high=120),
    Steps("Creatinine, mg/dL", "lab.creatinine",
          ((_NO_LOW, 1), (0.4, 4), (0.8, 7), (1.2, 10), (1.6, 13), (2.0, 21), (4.0000001, 28)), low=0.1, high=30),
    Flag("Cardiac arrest at admission", 39, ("condition.cardiac_arrest",)),
    Flag("ST deviation", 28, ("finding.st_deviation",), needed=True),
    Flag("Raised cardiac enzymes", 14, ("lab.troponin_elevated",), needed=True),
)  # fmt: skip
_heart_inputs, _heart_formula, _heart_terms = points_formula(_HEART)
_timi_inputs, _timi_formula, _timi_terms = points_formula(_TIMI)
_grace_inputs, _grace_formula, _grace_terms = points_formula(_GRACE)
_ACS = ("condition.acute_coronary_syndrome", "symptom.chest_pain")


def _points(fact: str, title: str, bands: tuple[Band, ...]) -> tuple[Output, ...]:
    return (Output("score", title, "score", fact=f"risk_score.{fact}", bands=bands, digits=0),)


MODELS = (
    RiskModel(
        name="heart_score", title="HEART score", field="cardiovascular",
        purpose="Risk of major cardiac events within 6 weeks in chest pain.",
        population="Adults with chest pain in the emergency department", inputs=_heart_inputs,
        outputs=_points("heart", "HEART score", (
            Band(0, "low", "0-3: 1.7 % had an event in 6 weeks"),
            Band(4, "moderate", "4-6: 16.6 %"),
            Band(7, "high", "7-10: 50.1 %"))),
        formula=_heart_formula, terms=_heart_terms,
        source="Six AJ et al. Neth Heart J 2008;16:191-196; events from Backus BE et al. Int J Cardiol 2013;168:2153-8",
        doi="10.1007/BF03086144", limits="Not with ST elevation or haemodynamic instability.", relevant=_ACS,
        aliases=("HEART Score for Major Cardiac Events",),
    ),
    RiskModel(
        name="timi_nstemi", title="TIMI risk score (unstable angina and NSTEMI)", field="cardiovascular",
        purpose="Risk of death, infarction or urgent revascularisation within 14 days.",
        population="Adults with unstable angina or NSTEMI", inputs=_timi_inputs,
        outputs=_points("timi_nstemi", "TIMI risk score", (
            Band(0, "0-1", "4.7 % in 14 days"), Band(2, "2", "8.3 %"), Band(3, "3", "13.2 %"), Band(4, "4", "19.9 %"),
            Band(5, "5", "26.2 %"), Band(6, "6-7", "40.9 %"))),
        formula=_timi_formula, terms=_timi_terms, source="Antman EM et al. JAMA 2000;284:835-842",
        doi="10.1001/jama.284.7.835", limits="Not with ST elevation.", relevant=("condition.acute_coronary_syndrome",),
        accuracy="C-statistic 0.65.",
    ),
    RiskModel(
        name="grace", title="GRACE in-hospital mortality score", field="cardiovascular",
        purpose="Risk of death in hospital in acute coronary syndromes.",
        population="Adults with acute coronary syndrome", inputs=_grace_inputs,
        outputs=_points("grace", "GRACE score", (
            Band(0, "low", "108 or less: below 1 % died in hospital"),
            Band(109, "intermediate", "109-140: 1-3 %"),
            Band(141, "high", "above 140: above 3 %"))),
        formula=_grace_formula, terms=_grace_terms,
        source="Granger CB et al. Arch Intern Med 2003;163:2345-2353, nomogram", doi="10.1001/archinte.163.19.2345",
        limits="Risk groups for non-ST-elevation syndromes.", relevant=("condition.acute_coronary_syndrome",),
        accuracy="C-statistic 0.83.",
    ),
)  # fmt: skip
