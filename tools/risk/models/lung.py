"""Lung cancer: risk of developing it, and probability that a nodule is malignant."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Formula, Input, Output, RiskModel, Rule, Values, yes_no
from tools.risk.ops import Number, Ops

_DIAMETER = Input("nodule.longest_diameter", key="diameter", low=1, high=100, reference=6)
_SPICULATED = yes_no("nodule.spiculated", "spiculated", needed=True)
_UPPER = yes_no("nodule.upper_lobe", "upper_lobe", needed=True)
_NODULE = ("nodule.longest_diameter", "nodule.mean_diameter")


def _percent(log_odds: Number, m: Ops) -> Number:
    return 100 / (1 + m.exp(-log_odds))


def _brock_size(x: Values, m: Ops) -> Number:
    return m.power(x.diameter / 10, -0.5) - 1.58113883


def _brock_full(x: Values, m: Ops) -> Mapping[str, Number]:
    """McWilliams 2013 Table 2, model 2b."""
    odds = (
        0.0287 * (x.age - 62)
        + 0.6011 * m.flag(x.sex == 0)
        + 0.2961 * x.family_history
        + 0.2953 * x.emphysema
        - 5.3854 * _brock_size(x, m)
        + m.pick(x.density, (0.0, 0.377, -0.1276))
        + 0.6581 * x.upper_lobe
        - 0.0824 * (x.count - 4)
        + 0.7729 * x.spiculated
        - 6.7892
    )
    return {"probability": _percent(odds, m)}


def _brock_parsimonious(x: Values, m: Ops) -> Mapping[str, Number]:
    """McWilliams 2013 Table 2, model 1b."""
    odds = (
        0.6467 * m.flag(x.sex == 0)
        - 5.5537 * _brock_size(x, m)
        + 0.6009 * x.upper_lobe
        + 0.9309 * x.spiculated
        - 6.6144
    )
    return {"probability": _percent(odds, m)}


def _plco(x: Values, m: Ops) -> Mapping[str, Number]:
    """Tammemägi 2013 Table 2; smoking status: 1 former, 2 current."""
    race = m.pick(x.ancestry, (0.0, 0.3944778, -0.7434744, -0.466585, 0.0, 1.027152))
    quit_years = m.where(x.status == 2, 0.0, x.quit_years)
    odds = (
        0.0778868 * (x.age - 62)
        + race
        - 0.0812744 * (x.education - 4)
        - 0.0274194 * (x.bmi - 27)
        + 0.3553063 * x.copd
        + 0.4589971 * x.cancer
        + 0.587185 * x.family_history
        + 0.2597431 * (x.status - 1)
        - 1.822606 * (10 / x.cigarettes - 0.4021541613)
        + 0.0317321 * (x.duration - 27)
        - 0.0308572 * (quit_years - 10)
        - 4.532506
    )
    return {"risk": _percent(odds, m)}


def _mayo_odds(x: Values) -> Number:
    return (
        -6.8272
        + 0.0391 * x.age
        + 0.7917 * x.smoked
        + 1.3388 * x.cancer
        + 0.1274 * x.diameter
        + 1.0407 * x.spiculated
        + 0.7838 * x.upper_lobe
    )


def _mayo(x: Values, m: Ops) -> Mapping[str, Number]:
    return {"probability": _percent(_mayo_odds(x), m)}


def _herder(x: Values, m: Ops) -> Mapping[str, Number]:
    before = 1 / (1 + m.exp(-_mayo_odds(x)))
    uptake = m.pick(x.uptake, (0.0, 2.322, 4.617, 4.771))
    return {"probability": _percent(-4.739 + 3.691 * before + uptake, m)}


def _probability(fact: str | None, bands: tuple[Band, ...] = ()) -> tuple[Output, ...]:
    return (
        Output("probability", "Probability that the nodule is malignant", "probability", "%", fact=fact, bands=bands,
               link="logit"),
    )  # fmt: skip


_BROCK_TEXT = {
    "field": "cancer",
    "purpose": "Probability that a lung nodule on CT is cancer (within 2 to 4 years).",
    "population": "People aged 50 to 75 who smoked, screened in the PanCan study; used for screening and by BTS",
    "source": "McWilliams A et al. N Engl J Med 2013;369:910-919, Table 2",
    "doi": "10.1056/NEJMoa1214726",
    "limits": (
        "Not for people with a lung cancer before, or with known cancer elsewhere. Nodule diameter is the longest. "
        "Ages 18 to 100 are computed; outside of 50 to 75 it is an extrapolation."
    ),
    "accuracy": "AUC 0.94 or higher in the PanCan and BCCA sets.",
}
_BROCK_RULES = (
    Rule("condition.lung_cancer", False, "it is for people without a lung cancer before"),
    Rule("tumour.metastatic", False, "a nodule in metastatic cancer is another question"),
)
_BROCK_BASE = (SEX, _DIAMETER, _UPPER)
_FULL_INPUTS = (
    Input("patient.age", low=18, high=100),
    yes_no("family_history.lung_cancer", "family_history"),
    yes_no("finding.emphysema_on_ct", "emphysema", also=("condition.emphysema",)),
    Input(
        "nodule.density",
        codes={"solid": 0.0, "part_solid": 1.0, "ground_glass": 2.0},
        reference="solid",
    ),
    Input("nodule.count", low=1, high=100, reference=1),
)


def _brock_model(name: str, title: str, formula: Formula, extra: tuple[Input, ...]) -> RiskModel:
    return RiskModel(
        name=name,
        title=title,
        inputs=(*_BROCK_BASE, *extra, _SPICULATED),
        outputs=_probability("risk_score.brock" if name == "brock" else None),
        formula=formula,
        rules=_BROCK_RULES,
        relevant=_NODULE if name == "brock" else (),
        **_BROCK_TEXT,  # type: ignore[arg-type]
    )


_EDUCATION = {
    "below_high_school": 1.0,
    "high_school": 2.0,
    "after_high_school": 3.0,
    "some_college": 4.0,
    "college": 5.0,
    "postgraduate": 6.0,
}
_ANCESTRY = {
    "white": 0.0,
    "black": 1.0,
    "hispanic": 2.0,
    "asian": 3.0,
    "native_american": 4.0,
    "pacific_islander": 5.0,
}
_MAYO_INPUTS = (
    Input("patient.age", low=18, high=100),
    Input("smoking.status", key="smoked", codes={"never": 0.0, "former": 1.0, "current": 1.0}, reference="never"),
    yes_no("condition.extrathoracic_cancer_history", "cancer"),
    Input("nodule.longest_diameter", key="diameter", low=4, high=30, reference=6),
    _SPICULATED,
    _UPPER,
)
_MAYO_RULES = (
    Rule("condition.lung_cancer", False, "it is for people without a lung cancer before"),
    Rule("condition.active_cancer", False, "people with cancer in the last five years were left out"),
)
MODELS = (
    RiskModel(
        name="plcom2012",
        title="PLCOm2012 lung cancer risk",
        field="cancer",
        purpose="Risk of lung cancer within 6 years, to choose people for screening.",
        population="People aged 55 to 74 who smoke or smoked (PLCO trial)",
        inputs=(
            Input("patient.age", low=50, high=80),
            Input("patient.ancestry", codes=_ANCESTRY, reference="white"),
            Input("patient.education_level", key="education", codes=_EDUCATION, reference="some_college"),
            Input("patient.bmi", low=12, high=70, reference=27),
            yes_no("condition.copd", "copd"),
            yes_no("condition.cancer_history", "cancer", also=("condition.extrathoracic_cancer_history",)),
            yes_no("family_history.lung_cancer", "family_history"),
            Input("smoking.status", key="status", codes={"former": 1.0, "current": 2.0}),
            Input("smoking.cigarettes_per_day", key="cigarettes", low=0.5, high=100, reference=20),
            Input("smoking.duration", low=1, high=75, reference=27),
            Input(
                "smoking.quit_years",
                low=0,
                high=60,
                assume=0.0,
                assume_why="no years since quitting are recorded: 0 is used (right for people who smoke now)",
                reference=10,
            ),
        ),
        outputs=(
            Output(
                "risk",
                "6-year risk of lung cancer",
                "probability",
                "%",
                fact="risk_score.plcom2012_6y",
                horizon_years=6,
                link="logit",
                digits=2,
                bands=(Band(0, "below 1.51 %"), Band(1.51, "1.51 % and above", "threshold proposed for screening")),
            ),
        ),
        formula=_plco,
        source="Tammemägi MC et al. N Engl J Med 2013;368:728-736, Table 2",
        doi="10.1056/NEJMoa1211776",
        limits="Only for people who smoke or smoked. The model has no term for age below 50 or above 80.",
        accuracy="AUC 0.803 in development, 0.797 in validation.",
        relevant=("smoking.cigarettes_per_day",),
    ),
    _brock_model("brock", "Brock (PanCan) model, full with spiculation", _brock_full, _FULL_INPUTS),
    _brock_model("brock_parsimonious", "Brock (PanCan) model, parsimonious with spiculation", _brock_parsimonious, ()),
    RiskModel(
        name="mayo_nodule",
        title="Mayo Clinic nodule model",
        field="cancer",
        purpose="Probability that an indeterminate solitary nodule is malignant.",
        population="People with a solitary nodule of 4 to 30 mm on chest radiography",
        inputs=_MAYO_INPUTS,
        outputs=_probability("risk_score.mayo_nodule"),
        formula=_mayo,
        source="Swensen SJ et al. Arch Intern Med 1997;157:849-855",
        doi="10.1001/archinte.1997.00440290031002",
        limits="Cancer elsewhere counts if it was diagnosed more than 5 years ago.",
        accuracy="AUC 0.83 in development, 0.80 in validation.",
        rules=_MAYO_RULES,
        relevant=_NODULE,
    ),
    RiskModel(
        name="herder",
        title="Herder model (Mayo with FDG-PET)",
        field="cancer",
        purpose="Probability that a nodule is malignant, after PET.",
        population="People with a nodule of up to 30 mm who had FDG-PET",
        inputs=(
            *_MAYO_INPUTS,
            Input(
                "nodule.fdg_uptake",
                key="uptake",
                codes={"none": 0.0, "faint": 1.0, "moderate": 2.0, "intense": 3.0},
                reference="none",
            ),
        ),
        outputs=_probability("risk_score.herder"),
        formula=_herder,
        source="Herder GJ et al. Chest 2005;128:2490-2496",
        doi="10.1378/chest.128.4.2490",
        limits="As the Mayo model. Uptake graded against the mediastinal blood pool.",
        accuracy="AUC 0.92.",
        rules=_MAYO_RULES,
        relevant=("nodule.fdg_uptake",),
    ),
)
