"""Body measures, blood pressure, the QT interval, fluids, and dates of pregnancy."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Formula, Input, Output, RiskModel, Values
from tools.risk.ops import Number, Ops

_HEIGHT = Input("patient.height", low=40, high=260)
_ADULT_HEIGHT = Input("patient.height", low=120, high=260)
_WEIGHT = Input("patient.weight", low=1, high=500, changeable=True)


def _bmi(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"bmi": x.weight / (x.height / 100) ** 2}


def _bsa(x: Values, m: Ops) -> Mapping[str, Number]:
    du_bois = 0.007184 * m.power(x.weight, 0.425) * m.power(x.height, 0.725)
    return {"mosteller": m.sqrt(x.height * x.weight / 3600), "du_bois": du_bois}


def _ideal(x: Values, m: Ops) -> Number:
    return m.where(x.sex == 1, 50.0, 45.5) + 2.3 * (x.height / 2.54 - 60)


def _ideal_weight(x: Values, m: Ops) -> Mapping[str, Number]:
    return {"weight": _ideal(x, m)}


def _adjusted_weight(x: Values, m: Ops) -> Mapping[str, Number]:
    ideal = _ideal(x, m)
    return {"weight": ideal + 0.4 * (x.weight - ideal)}


def _target_weight(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"weight": x.target_bmi * (x.height / 100) ** 2}


def _map(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"map": x.diastolic_bp + (x.systolic_bp - x.diastolic_bp) / 3}


def _fluids(x: Values, m: Ops) -> Mapping[str, Number]:
    first = 4 * m.minimum(x.weight, 10.0)
    second = 2 * m.minimum(m.maximum(x.weight - 10, 0.0), 10.0)
    rest = 1 * m.maximum(x.weight - 20, 0.0)
    return {"rate": first + second + rest}


def _qt(formula: str) -> Formula:
    def compute(x: Values, m: Ops) -> Mapping[str, Number]:
        rr = 60 / x.heart_rate
        qt = x.qt_interval
        if formula == "bazett":
            return {"qtc": qt / m.sqrt(rr)}
        if formula == "fridericia":
            return {"qtc": qt / m.power(rr, 1 / 3)}
        if formula == "framingham":
            return {"qtc": qt + 154 * (1 - rr)}
        if formula == "hodges":
            return {"qtc": qt + 1.75 * (x.heart_rate - 60)}
        return {"qtc": qt * (120 + x.heart_rate) / 180}

    return compute


def _civil(day: Number, m: Ops) -> tuple[Number, Number, Number]:
    """Year, month and day of an ordinal (1 is 0001-01-01), by whole-number arithmetic on years from March."""
    shifted = day + 305  # days since 0000-03-01
    era = m.floor(shifted / 146097)
    of_era = shifted - era * 146097
    year_of_era = m.floor((of_era - m.floor(of_era / 1460) + m.floor(of_era / 36524) - m.floor(of_era / 146096)) / 365)
    of_year = of_era - (365 * year_of_era + m.floor(year_of_era / 4) - m.floor(year_of_era / 100))
    month_from_march = m.floor((5 * of_year + 2) / 153)
    date = of_year - m.floor((153 * month_from_march + 2) / 5) + 1
    month = month_from_march + m.where(month_from_march < 10, 3.0, -9.0)
    return year_of_era + era * 400 + m.flag(month <= 2), month, date


def _ordinal(year: Number, month: Number, date: Number, m: Ops) -> Number:
    """The inverse of `_civil`; `date` may run over the end of its month."""
    early = m.flag(month <= 2)
    year = year - early
    era = m.floor(year / 400)
    year_of_era = year - era * 400
    of_year = m.floor((153 * (month - 3 + 12 * early) + 2) / 5) + date - 1
    of_era = year_of_era * 365 + m.floor(year_of_era / 4) - m.floor(year_of_era / 100) + of_year
    return era * 146097 + of_era - 305


def _due_date(x: Values, m: Ops) -> Mapping[str, Number]:
    """Naegele: a year on, three months back, seven days on, and the difference of the cycle from 28 days."""
    shift = x.cycle_length - 28
    year, month, date = _civil(x.last_menstrual_period, m)
    later = month > 3
    naegele = _ordinal(year + m.flag(later), month + m.where(later, -3.0, 9.0), date + 7, m) + shift
    return {
        "due": naegele,
        "due_280_days": x.last_menstrual_period + 280 + shift,
        "conception": x.last_menstrual_period + 14 + shift,
    }


def _gestational_age(x: Values, m: Ops) -> Mapping[str, Number]:
    days = x.examination_date - x.last_menstrual_period
    return {"days": days, "weeks": m.floor(days / 7), "days_beyond": days - 7 * m.floor(days / 7)}


def _qtc_model(formula: str, author: str, source: str, doi: str, extra: str) -> RiskModel:
    return RiskModel(
        name=f"qtc_{formula}",
        title=f"Corrected QT interval, {author}",
        field="cardiovascular",
        purpose="QT interval corrected for heart rate.",
        population="Anyone with sinus rhythm and a measured QT interval",
        inputs=(Input("ecg.qt_interval", low=100, high=900), Input("vital.heart_rate", low=20, high=250)),
        outputs=(Output("qtc", f"QTc ({author})", "quantity", "ms", fact=f"ecg.qtc_{formula}", digits=0),),
        formula=_qt(formula),
        source=source,
        doi=doi,
        limits=("Not with wide QRS or pacing. " + extra).strip(),
        aliases=(f"QTc {author} Calculator",),
    )


_BMI_BANDS = (
    Band(0, "underweight", "below 18.5"),
    Band(18.5, "normal weight", "18.5 to below 25"),
    Band(25, "overweight", "25 to below 30"),
    Band(30, "obesity", "30 and above"),
)


def _model(name: str, title: str, inputs: tuple[Input, ...], outputs: tuple[Output, ...], formula: Formula,
           purpose: str, population: str, source: str, doi: str, limits: str,
           aliases: tuple[str, ...] = ()) -> RiskModel:  # fmt: skip
    return RiskModel(
        name=name,
        title=title,
        field="general",
        purpose=purpose,
        population=population,
        inputs=inputs,
        outputs=outputs,
        formula=formula,
        source=source,
        doi=doi,
        limits=limits,
        aliases=aliases,
    )


_WEIGHT_LIMITS = "Made for adults of 60 inches (152.4 cm) and more; below that it is an extrapolation."
_LMP = Input("obstetric.last_menstrual_period", date=True)
_CYCLE = Input("obstetric.cycle_length", low=20, high=45, assume=28.0, assume_why="the cycle is taken as 28 days long")
MODELS = (
    RiskModel(
        name="bmi", title="Body mass index", field="general", purpose="Weight for height.",
        population="Adults", inputs=(_HEIGHT, _WEIGHT),
        outputs=(Output("bmi", "Body mass index", "quantity", "kg/m2", fact="patient.bmi", bands=_BMI_BANDS),),
        formula=_bmi, source="WHO Technical Report Series 894, 2000", doi="https://iris.who.int/handle/10665/42330",
        limits="Adult categories; other cut-offs for children, and lower ones for Asian people.",
        relevant=("patient.weight",), aliases=("Body Mass Index (BMI)",),
    ),
    _model("bsa", "Body surface area", (_HEIGHT, _WEIGHT),
           (Output("mosteller", "Body surface area, Mosteller", "quantity", "m2", fact="patient.bsa", digits=2),
            Output("du_bois", "Body surface area, Du Bois", "quantity", "m2", digits=2)), _bsa,
           "Body surface area for drug dosing.", "Anyone",
           "Mosteller RD. N Engl J Med 1987;317:1098; Du Bois D, Du Bois EF. Arch Intern Med 1916;17:863-871",
           "10.1056/NEJM198710223171717", "Formulas differ at extremes of size.",
           ("Body Surface Area Calculator",)),
    _model("ideal_weight", "Ideal body weight (Devine)", (_ADULT_HEIGHT, SEX),
           (Output("weight", "Ideal body weight", "quantity", "kg"),), _ideal_weight, "Weight for drug dosing.",
           "Adults", "Devine BJ. Drug Intell Clin Pharm 1974;8:650-655; Pai MP, Paloucek FP. Ann Pharmacother "
           "2000;34:1066-1069", "10.1345/aph.19381", _WEIGHT_LIMITS, ("Ideal Body Weight",)),
    _model("adjusted_weight", "Adjusted body weight", (_ADULT_HEIGHT, _WEIGHT, SEX),
           (Output("weight", "Adjusted body weight", "quantity", "kg"),), _adjusted_weight,
           "Weight for drug dosing in obesity: ideal weight and 0.4 of the excess.", "Adults",
           "Bauer LA et al. Eur J Clin Pharmacol 1983;24:643-647", "10.1007/BF00542215", _WEIGHT_LIMITS,
           ("Adjusted Body Weight",)),
    _model("target_weight", "Weight at a target body mass index",
           (_HEIGHT, Input("patient.target_bmi", low=10, high=60)),
           (Output("weight", "Weight at the target BMI", "quantity", "kg"),), _target_weight,
           "Weight that gives the wanted body mass index.", "Adults", "Definition of the body mass index, "
           "WHO Technical Report Series 894, 2000", "https://iris.who.int/handle/10665/42330",
           "As the body mass index.", ("Target weight",)),
    RiskModel(
        name="mean_arterial_pressure", title="Mean arterial pressure", field="cardiovascular",
        purpose="Mean arterial pressure from a cuff reading.", population="Anyone",
        inputs=(Input("vital.systolic_bp", low=30, high=300), Input("vital.diastolic_bp", low=10, high=200)),
        outputs=(Output("map", "Mean arterial pressure", "quantity", "mm[Hg]", fact="vital.mean_arterial_pressure"),),
        formula=_map, source="Definition: diastolic pressure and a third of the pulse pressure; DeMers D, Wachs D. "
        "StatPearls 2023", doi="https://www.ncbi.nlm.nih.gov/books/NBK538226/",
        limits="An approximation at normal heart rates.", aliases=("Mean Arterial Pressure (MAP)",),
    ),
    _model("maintenance_fluids", "Maintenance fluids (4-2-1 rule)", (Input("patient.weight", low=1, high=300),),
           (Output("rate", "Maintenance fluid rate", "quantity", "mL/h"),), _fluids,
           "Hourly maintenance fluid: 4 mL/kg for the first 10 kg, 2 mL/kg for the next 10, 1 mL/kg beyond.",
           "Children and adults without fluid restriction", "Holliday MA, Segar WE. Pediatrics 1957;19:823-832",
           "10.1542/peds.19.5.823", "Not for newborns, or in heart or kidney failure.",
           ("Maintenance Fluids Calculations",)),
    _qtc_model("bazett", "Bazett", "Bazett HC. Heart 1920;7:353-370", "10.1111/j.1542-474X.1997.tb00325.x",
               "Over-corrects at fast and under-corrects at slow rates."),
    _qtc_model("fridericia", "Fridericia", "Fridericia LS. Acta Med Scand 1920;53:469-486",
               "10.1111/j.0954-6820.1920.tb18266.x", ""),
    _qtc_model("framingham", "Framingham", "Sagie A et al. Am J Cardiol 1992;70:797-801",
               "10.1016/0002-9149(92)90562-D", ""),
    _qtc_model("hodges", "Hodges", "Hodges M et al. J Am Coll Cardiol 1983;1:694", "", ""),
    _qtc_model("rautaharju", "Rautaharju", "Rautaharju PM, Zhang ZM. J Cardiovasc Electrophysiol 2002;13:1211-1218",
               "10.1046/j.1540-8167.2002.01211.x", "Form QT (120 + rate) / 180."),
    _model("due_date", "Due date and conception from the last period", (_LMP, _CYCLE),
           (Output("due", "Estimated due date (Naegele's rule)", "date"),
            Output("due_280_days", "Estimated due date (280 days)", "date"),
            Output("conception", "Estimated date of conception", "date")),
           _due_date, "Due date by Naegele's calendar rule and by 280 days.", "Pregnancy with a known "
           "last menstrual period", "ACOG Committee Opinion 700, Obstet Gynecol 2017;129:e150-e154",
           "10.1097/AOG.0000000000002046", "Ultrasound dating comes first where they disagree.",
           ("Estimated Due Date", "Estimated of Conception")),
    _model("gestational_age", "Gestational age from the last period",
           (_LMP, Input("obstetric.examination_date", date=True)),
           (Output("days", "Gestational age", "quantity", "d", digits=0),
            Output("weeks", "Completed weeks", "quantity", "wk", digits=0),
            Output("days_beyond", "Days beyond the completed weeks", "quantity", "d", digits=0)), _gestational_age,
           "Age of a pregnancy on the day of examination.", "Pregnancy with a known last menstrual period",
           "ACOG Committee Opinion 700, Obstet Gynecol 2017;129:e150-e154", "10.1097/AOG.0000000000002046",
           "Ultrasound dating comes first where they disagree.", ("Estimated Gestational Age",)),
)  # fmt: skip
