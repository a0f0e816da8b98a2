"""Venous thromboembolism: Wells, PERC, revised Geneva, simplified PESI."""

from __future__ import annotations

from tools.risk.model import Band, Output, RiskModel, Rule
from tools.risk.points import MINUS_INFINITY, Either, Flag, Steps, points_formula

_RATE, _OXYGEN = "vital.heart_rate", "vital.oxygen_saturation"
_HISTORY = ("condition.vte_history",)
_WELLS_PE = (
    Flag("Clinical signs of deep vein thrombosis", 3, ("finding.dvt_signs",)),
    Flag("Pulmonary embolism as likely as or likelier than another diagnosis", 3, ("judgement.pe_likeliest",)),
    Either("Heart rate above 100", 1.5, ((_RATE, "gt", 100),)),
    Flag("Immobile for 3 days or more, or surgery within 4 weeks", 1.5,
         ("condition.immobilisation_recent", "condition.surgery_within_4_weeks")),
    Flag("Deep vein thrombosis or pulmonary embolism before", 1.5, _HISTORY),
    Flag("Haemoptysis", 1, ("symptom.haemoptysis",)),
    Flag("Cancer (treated within 6 months, or palliative)", 1, ("condition.active_cancer",)),
)  # fmt: skip
_WELLS_DVT = (
    Flag("Active cancer", 1, ("condition.active_cancer",)),
    Flag("Paralysis, paresis or plaster of the leg", 1, ("condition.leg_paralysis_or_plaster",)),
    Flag("Bedridden for 3 days or more, or major surgery within 12 weeks", 1,
         ("condition.immobilisation_recent", "condition.surgery_within_12_weeks", "condition.surgery_within_4_weeks")),
    Flag("Tenderness along the deep veins", 1, ("finding.deep_vein_tenderness",)),
    Flag("Entire leg swollen", 1, ("finding.entire_leg_swollen",)),
    Flag("Calf swollen by more than 3 cm against the other", 1, ("finding.calf_swelling_3cm",)),
    Flag("Pitting oedema of the symptomatic leg", 1, ("finding.pitting_oedema_one_leg",)),
    Flag("Collateral superficial veins", 1, ("finding.collateral_superficial_veins",)),
    Flag("Deep vein thrombosis before", 1, ("condition.vte_history",)),
    Flag("Another diagnosis at least as likely", -2, ("judgement.dvt_alternative_likely",)),
)  # fmt: skip
_PERC = (
    Steps("Age 50 or more", "patient.age", ((MINUS_INFINITY, 0), (50, 1)), low=18, high=120),
    Either("Heart rate 100 or more", 1, ((_RATE, "ge", 100),)),
    Either("Oxygen saturation on room air below 95 %", 1, ((_OXYGEN, "lt", 95),)),
    Flag("One leg swollen", 1, ("symptom.leg_swelling_unilateral",)),
    Flag("Haemoptysis", 1, ("symptom.haemoptysis",)),
    Flag("Surgery or trauma within 4 weeks", 1, ("condition.surgery_within_4_weeks", "condition.trauma_recent")),
    Flag("Deep vein thrombosis or pulmonary embolism before", 1, _HISTORY),
    Flag("Oestrogen", 1, ("medication.class_oestrogen", "condition.hormone_therapy_oestrogen")),
)  # fmt: skip
_GENEVA = (
    Steps("Age above 65", "patient.age", ((MINUS_INFINITY, 0), (65, 1)), above=True, low=18, high=120),
    Flag("Deep vein thrombosis or pulmonary embolism before", 3, _HISTORY),
    Flag("Surgery under general anaesthesia, or fracture of the legs, within a month", 2,
         ("condition.surgery_within_4_weeks", "condition.leg_fracture_within_4_weeks")),
    Flag("Active cancer", 2, ("condition.active_cancer",)),
    Flag("Pain in one leg", 3, ("symptom.leg_pain_unilateral",)),
    Flag("Haemoptysis", 2, ("symptom.haemoptysis",)),
    Steps("Heart rate", _RATE, ((MINUS_INFINITY, 0), (75, 3), (95, 5)), low=20, high=300),
    Flag("Pain on deep palpation of a leg vein and oedema of one leg", 4, ("finding.deep_vein_pain_and_oedema",)),
)  # fmt: skip
_SPESI = (
    Steps("Age above 80", "patient.age", ((MINUS_INFINITY, 0), (80, 1)), above=True, low=18, high=120),
    Flag("Cancer, now or before", 1, ("condition.cancer", "condition.active_cancer")),
    Flag("Chronic heart failure or lung disease", 1,
         ("condition.heart_failure", "condition.copd", "condition.interstitial_lung_disease")),
    Either("Heart rate 110 or more", 1, ((_RATE, "ge", 110),)),
    Either("Systolic blood pressure below 100", 1, (("vital.systolic_bp", "lt", 100),)),
    Either("Oxygen saturation below 90 %", 1, ((_OXYGEN, "lt", 90),)),
)  # fmt: skip
_wells_pe = points_formula(_WELLS_PE)
_wells_dvt = points_formula(_WELLS_DVT)
_perc = points_formula(_PERC)
_geneva = points_formula(_GENEVA)
_spesi = points_formula(_SPESI)
# Pregnant women were left out where these rules were made, or hardly any were in (RCOG Green-top Guideline 37b, 2015:
# clinical assessment and pretest probability are unreliable in pregnancy; ESC 2019, section 9).
_NOT_PREGNANT = (
    Rule(
        "patient.pregnant",
        False,
        "it was not validated in pregnancy, where imaging decides",
        silent=True,
        calculable=True,
    ),
)
_SUSPECTED = ("condition.suspected_pulmonary_embolism", "judgement.pe_likeliest")


def _points(fact: str, title: str, bands: tuple[Band, ...], digits: int = 0) -> tuple[Output, ...]:
    return (Output("score", title, "score", fact=f"risk_score.{fact}", bands=bands, digits=digits),)


MODELS = (
    RiskModel(
        name="wells_pe", title="Wells score for pulmonary embolism", field="acute",
        purpose="Probability of pulmonary embolism before imaging.",
        population="Adults with suspected pulmonary embolism", inputs=_wells_pe[0],
        outputs=_points("wells_pe", "Wells score for pulmonary embolism", (
            Band(-1e9, "low", "below 2"), Band(2, "moderate", "2 to 6; above 4 is 'likely' in two levels"),
            Band(6.0001, "high", "above 6")), 1),
        formula=_wells_pe[1], terms=_wells_pe[2], source="Wells PS et al. Thromb Haemost 2000;83:416-420",
        doi="10.1055/s-0037-1613830", limits="One item is a judgement.", relevant=_SUSPECTED, rules=_NOT_PREGNANT,
        aliases=("Wells' Criteria for Pulmonary Embolism", "PE Wells"),
    ),
    RiskModel(
        name="wells_dvt", title="Wells score for deep vein thrombosis", field="acute",
        purpose="Probability of deep vein thrombosis before ultrasound.",
        population="Outpatients with suspected deep vein thrombosis", inputs=_wells_dvt[0],
        outputs=_points("wells_dvt", "Wells score for deep vein thrombosis", (
            Band(-1e9, "unlikely", "below 2"), Band(2, "likely", "2 and above"))),
        formula=_wells_dvt[1], terms=_wells_dvt[2], source="Wells PS et al. N Engl J Med 2003;349:1227-1235",
        doi="10.1056/NEJMoa023153", limits="One item is a judgement.",
        relevant=("condition.suspected_deep_vein_thrombosis", "finding.dvt_signs", "finding.calf_swelling_3cm",
                  "finding.deep_vein_tenderness", "finding.pitting_oedema_one_leg"),
        aliases=("Wells' Criteria for DVT", "DVT Wells"), rules=_NOT_PREGNANT,
    ),
    RiskModel(
        name="perc", title="PERC rule", field="acute",
        purpose="Rule out pulmonary embolism without a blood test where it is unlikely.",
        population="Adults with a low clinical probability of pulmonary embolism", inputs=_perc[0],
        outputs=_points("perc", "PERC criteria met", (
            Band(-1e9, "negative", "no criterion met"), Band(1, "positive", "at least one criterion met"))),
        formula=_perc[1], terms=_perc[2], source="Kline JA et al. J Thromb Haemost 2004;2:1247-1255",
        doi="10.1111/j.1538-7836.2004.00790.x", limits="Only where the clinician's own estimate is below 15 %.",
        relevant=_SUSPECTED, aliases=("PERC Rule for Pulmonary Embolism",), rules=_NOT_PREGNANT,
    ),
    RiskModel(
        name="geneva_revised", title="Revised Geneva score", field="acute",
        purpose="Probability of pulmonary embolism before imaging, without a judgement.",
        population="Adults with suspected pulmonary embolism", inputs=_geneva[0],
        outputs=_points("geneva", "Revised Geneva score", (
            Band(-1e9, "low", "0-3: 8 % had embolism"), Band(4, "intermediate", "4-10: 28 %"),
            Band(11, "high", "11 and above: 74 %"))),
        formula=_geneva[1], terms=_geneva[2], source="Le Gal G et al. Ann Intern Med 2006;144:165-171",
        doi="10.7326/0003-4819-144-3-200602070-00004", limits="Adults only.", relevant=_SUSPECTED,
        accuracy="AUC 0.74 in validation.",
    ),
    RiskModel(
        name="spesi", title="Simplified PESI", field="acute",
        purpose="Risk of death within 30 days of a pulmonary embolism.",
        population="Adults with confirmed pulmonary embolism", inputs=_spesi[0],
        outputs=_points("spesi", "Simplified PESI", (
            Band(-1e9, "low risk", "0: 1.0 % died within 30 days"), Band(1, "high risk", "1 and above: 10.9 %"))),
        formula=_spesi[1], terms=_spesi[2], source="Jimenez D et al. Arch Intern Med 2010;170:1383-1389",
        doi="10.1001/archinternmed.2010.199", limits="Of the risk of death only, not of the right ventricle.",
        relevant=("condition.pulmonary_embolism",),
        aliases=("sPESI", "Simplified Pulmonary Embolism Severity Index"),
    ),
)  # fmt: skip
