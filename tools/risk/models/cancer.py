"""Cancer: Khorana, IPI, and the categories of Lung-RADS v2022 and Fleischner 2017."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import Band, Input, Output, RiskModel, Rule, Values, yes_no
from tools.risk.ops import Number, Ops
from tools.risk.points import MINUS_INFINITY, Either, Flag, Levels, Steps, points_formula

_LOW = MINUS_INFINITY
_KHORANA = (
    Levels("Site", "tumour.khorana_site", {"other": 0, "high": 1, "very_high": 2}),
    Either("Platelets 350 or more", 1, (("lab.platelets", "ge", 350),)),
    Either("Haemoglobin below 10 g/dL, or erythropoietin", 1, (("lab.haemoglobin", "lt", 10),),
           flags=("medication.class_erythropoiesis_stimulating",)),
    Either("White cells above 11", 1, (("lab.white_cells", "gt", 11),)),
    Either("Body mass index 35 or more", 1, (("patient.bmi", "ge", 35),)),
)  # fmt: skip
_IPI = (
    Steps("Age above 60", "patient.age", ((_LOW, 0), (60, 1)), above=True, low=16, high=120),
    Flag("Ann Arbor stage III or IV", 1, ("tumour.ann_arbor_iii_iv",), needed=True),
    Steps("ECOG 2 or more", "patient.ecog", ((_LOW, 0), (2, 1)), low=0, high=4, reference=0),
    Flag("LDH above normal", 1, ("lab.ldh_elevated",), needed=True),
    Steps("More than one extranodal site", "tumour.extranodal_sites", ((_LOW, 0), (2, 1)), low=0, high=20,
          reference=0),
)  # fmt: skip
_khorana, _ipi = points_formula(_KHORANA), points_formula(_IPI)
_RADS = ("0", "1", "2", "3", "4A", "4B", "4X")


def _solid(x: Values, m: Ops) -> Number:
    baseline = 2 + m.flag(x.mean >= 6) + m.flag(x.mean >= 8) + m.flag(x.mean >= 15)
    new = 2 + m.flag(x.mean >= 4) + m.flag(x.mean >= 6) + m.flag(x.mean >= 8)
    growing = 4 + m.flag(x.mean >= 8)
    return m.where(x.status == 0, baseline, m.where(x.status == 1, new, growing))


def _part_solid(x: Values, m: Ops) -> Number:
    inside = 3 + m.flag(x.solid_part >= 6) + m.flag(x.solid_part >= 8)
    baseline = m.where(x.mean >= 6, inside, 2.0)
    changed = 4 + m.flag(x.solid_part >= 4)
    later = m.where(x.mean >= 6, changed, 3.0)
    return m.where(x.status == 0, baseline, later)


def _lung_rads(x: Values, m: Ops) -> Mapping[str, Number]:
    glass = 2 + m.flag(x.mean >= 30) * m.flag(x.status <= 1)
    category = m.where(x.density == 0, _solid(x, m), m.where(x.density == 1, _part_solid(x, m), glass))
    suspicious = m.flag(category >= 3) * x.spiculated > 0
    return {"category": m.where(suspicious, 6.0, category)}


_FLEISCHNER = (
    "no routine follow-up",
    "CT at 12 months is optional",
    "CT at 6-12 months, then consider CT at 18-24 months",
    "CT at 6-12 months, then CT at 18-24 months",
    "consider CT at 3 months, PET/CT or tissue sampling",
    "CT at 3-6 months, then consider CT at 18-24 months",
    "CT at 3-6 months, then at 18-24 months",
    "CT at 6-12 months to confirm persistence, then every 2 years until 5 years",
    "CT at 3-6 months to confirm persistence; if the solid component stays below 6 mm, CT every year for 5 years",
    "CT at 3-6 months; if stable, consider CT at 2 and 4 years",
    "CT at 3-6 months, then by the most suspicious nodule",
)


def _fleischner(x: Values, m: Ops) -> Mapping[str, Number]:
    high, several = x.high_risk, m.flag(x.count > 1)
    small, large = x.mean < 6, x.mean > 8
    one = m.where(small, 0 + high, m.where(large, 4.0, 2 + high))
    many = m.where(small, 0 + high, 5 + high)
    solid = m.where(several == 1, many, one)
    single_subsolid = m.where(small, 0.0, m.where(x.density == 2, 7.0, 8.0))
    subsolid = m.where(several == 1, m.where(small, 9.0, 10.0), single_subsolid)
    return {"follow_up": m.where(x.density == 0, solid, subsolid)}


_DENSITY = Input("nodule.density", codes={"solid": 0.0, "part_solid": 1.0, "ground_glass": 2.0}, reference="solid")
_MEAN = Input("nodule.mean_diameter", key="mean", low=1, high=100, reference=5)
MODELS = (
    RiskModel(
        name="khorana", title="Khorana score", field="cancer",
        purpose="Risk of venous thromboembolism during chemotherapy.",
        population="Outpatients starting chemotherapy for cancer", inputs=_khorana[0],
        outputs=(Output("score", "Khorana score", "score", fact="risk_score.khorana", digits=0, bands=(
            Band(0, "low risk", "0: 0.3-0.8 % in 2.5 months"), Band(1, "intermediate risk", "1-2: 1.8-2.0 %"),
            Band(3, "high risk", "3 and above: 6.7-7.1 %"))),),
        formula=_khorana[1], terms=_khorana[2], source="Khorana AA et al. Blood 2008;111:4902-4907",
        doi="10.1182/blood-2007-10-116327",
        limits="Very high: stomach, pancreas. High: lung, lymphoma, gynaecological, bladder, testis. "
        "Values before chemotherapy.",
        relevant=("tumour.khorana_site", "therapy.cancer_systemic", "therapy.chemotherapy_planned"),
    ),
    RiskModel(
        name="ipi", title="International Prognostic Index (IPI)", field="cancer",
        purpose="Prognosis of aggressive lymphoma.", population="Adults with aggressive non-Hodgkin lymphoma",
        inputs=_ipi[0],
        outputs=(Output("score", "International Prognostic Index", "score", fact="risk_score.ipi", digits=0, bands=(
            Band(0, "low", "0-1: 73 % alive at 5 years (1993)"), Band(2, "low-intermediate", "2: 51 %"),
            Band(3, "high-intermediate", "3: 43 %"), Band(4, "high", "4-5: 26 %"))),),
        formula=_ipi[1], terms=_ipi[2],
        source="International Non-Hodgkin's Lymphoma Prognostic Factors Project. N Engl J Med 1993;329:987-994",
        doi="10.1056/NEJM199309303291402", limits="Survival is that before rituximab.",
        relevant=("condition.lymphoma",),
    ),
    RiskModel(
        name="lung_rads", title="Lung-RADS v2022", field="cancer",
        purpose="Category of the dominant nodule at low-dose CT screening.",
        population="People in lung cancer screening",
        inputs=(_DENSITY, _MEAN,
                Input("nodule.solid_diameter", key="solid_part", low=0, high=100, assume=0.0,
                      assume_why="no solid component is recorded", reference=0),
                Input("nodule.status", key="status", codes={"baseline": 0.0, "new": 1.0, "growing": 2.0},
                      assume="baseline", assume_why="no earlier CT is recorded: a baseline screen is taken"),
                yes_no("nodule.spiculated", "spiculated")),
        outputs=(Output("category", "Lung-RADS category", "category", fact="risk_score.lung_rads", labels=_RADS),),
        formula=_lung_rads,
        source="American College of Radiology. Lung-RADS v2022; Christensen J et al. Radiol Imaging Cancer 2024; "
        "J Am Coll Radiol 2024;21:473-488", doi="10.1016/j.jacr.2023.09.009",
        limits="Parenchymal nodules only: not airway, juxtapleural or cystic nodules, not categories 0 and 1, "
        "not stable nodules on follow-up. Spiculation makes category 3 or 4 a 4X; other features may too.",
        relevant=(),
    ),
    RiskModel(
        name="fleischner", title="Fleischner Society 2017", field="cancer",
        purpose="Follow-up of an incidental pulmonary nodule on CT.",
        population="Adults from 35 years without known cancer or immunosuppression",
        inputs=(Input("patient.age", low=35, high=120), _DENSITY, _MEAN, Input("nodule.count", low=1, high=100),
                Input("nodule.high_risk", key="high_risk", codes={"low": 0.0, "high": 1.0})),
        outputs=(Output("follow_up", "Fleischner 2017 follow-up", "category", labels=_FLEISCHNER),),
        formula=_fleischner, source="MacMahon H et al. Radiology 2017;284:228-243",
        doi="10.1148/radiol.2017161659", limits="Not for lung cancer screening.",
        rules=(Rule("condition.cancer", False, "it is not for people with known cancer"),
               Rule("condition.immunosuppression", False, "it is not for immunosuppressed people")),
        relevant=("nodule.high_risk",),
    ),
)  # fmt: skip
