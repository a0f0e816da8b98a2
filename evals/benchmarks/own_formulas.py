"""Equations written a second time, in plain Python and from their sources, to check answers from notes.

Each takes the facts of one note as numbers in the units named, and gives the answer that a physician would compute.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]


def anion_gap(f: Facts) -> float:
    """mmol/L (Emmett and Narins 1977)."""
    return float(f["lab.sodium"] - f["lab.chloride"] - f["lab.bicarbonate"])


def albumin_gap(f: Facts) -> float:
    """mmol/L; 2.5 for each g/dL of albumin below 4 (Figge 1998)."""
    return anion_gap(f) + float(4.0 - f["lab.albumin"]) * 2.5


def ratio(gap: float, f: Facts) -> float:
    """Rise of the gap over the fall of bicarbonate (Rastegar 2007)."""
    return (gap - 12) / float(24 - f["lab.bicarbonate"])


def ideal(f: Facts) -> float:
    """kg (Devine 1974); height in cm."""
    return (50 if f["patient.sex"] == "male" else 45.5) + 2.3 * (float(f["patient.height"]) / 2.54 - 60)


def cockcroft(f: Facts) -> float:
    """mL/min with the weight chosen by BMI (Cockcroft and Gault 1976)."""
    weight, bmi = f["patient.weight"], f["patient.weight"] / (f["patient.height"] / 100) ** 2
    if bmi >= 25:
        weight = ideal(f) + 0.4 * (weight - ideal(f))
    elif bmi >= 18.5:
        weight = min(ideal(f), weight)
    value = (140 - f["patient.age"]) * weight / (72 * f["lab.creatinine"])
    return float(value * (0.85 if f["patient.sex"] == "female" else 1))


def ckd_epi(f: Facts) -> float:
    """mL/min/1.73 m² (Inker 2021); creatinine in mg/dL."""
    woman = f["patient.sex"] == "female"
    kappa, alpha = (0.7, -0.241) if woman else (0.9, -0.302)
    part = f["lab.creatinine"] / kappa
    value = 142 * min(part, 1) ** alpha * max(part, 1) ** -1.2 * 0.9938 ** f["patient.age"]
    return float(value * (1.012 if woman else 1))


def mdrd(f: Facts) -> float:
    """mL/min/1.73 m² (Levey 2006)."""
    value = 175 * f["lab.creatinine"] ** -1.154 * f["patient.age"] ** -0.203
    value *= 0.742 if f["patient.sex"] == "female" else 1
    return float(value * (1.212 if f.get("patient.ancestry") == "black" else 1))


def fluids(f: Facts) -> float:
    """mL/h by the 4-2-1 rule (Holliday and Segar 1957)."""
    weight = f["patient.weight"]
    if weight <= 10:
        return float(4 * weight)
    return float(40 + 2 * (weight - 10) if weight <= 20 else 60 + (weight - 20))


def meld_na(f: Facts) -> float:
    """OPTN policy 9.1 of 2016; bilirubin and creatinine in mg/dL."""
    creatinine = 4.0 if f.get("dialysis") else min(max(f["lab.creatinine"], 1), 4)
    logs = 0.957 * math.log(creatinine) + 0.378 * math.log(max(f["lab.bilirubin"], 1))
    score = round(logs + 1.12 * math.log(max(f["lab.inr"], 1)) + 0.643, 1) * 10
    if score > 11:
        lack = 137 - min(max(f["lab.sodium"], 125), 137)
        score += 1.32 * lack - 0.033 * score * lack
    return float(min(round(score), 40))


def free_water(f: Facts) -> float:
    """Litres (Adrogué and Madias 2000)."""
    age, man = f["patient.age"], f["patient.sex"] == "male"
    share = 0.6 if age < 18 else (0.5 if man else 0.45) if age >= 65 else (0.6 if man else 0.5)
    return float(share * f["patient.weight"] * (f["lab.sodium"] / 140 - 1))


_MME = {"codeine": 0.15, "hydrocodone": 1, "hydromorphone": 5, "methadone": 4.7, "morphine": 1, "oxycodone": 1.5,
        "oxymorphone": 3, "tapentadol": 0.4, "tramadol": 0.2, "fentanyl_transdermal": 2.4,
        "fentanyl_buccal": 0.13}  # fmt: skip


def morphine(f: Facts) -> float:
    """mg a day (CDC 2022; fentanyl in the cheek: CDC 2017, for a µg)."""
    return float(sum(f.get(f"dose.{drug}", 0) * factor for drug, factor in _MME.items()))


_STEROIDS = {"cortisone": 25, "hydrocortisone": 20, "prednisone": 5, "prednisolone": 5, "methylprednisolone": 4,
             "triamcinolone": 4, "dexamethasone": 0.75, "betamethasone": 0.75}  # fmt: skip


def steroid(f: Facts) -> float:
    """mg (Liu 2013, Table 1)."""
    per_given, per_wanted = _STEROIDS[f["dose.glucocorticoid_given"]], _STEROIDS[f["dose.glucocorticoid_wanted"]]
    return float(f["dose.glucocorticoid"] * per_wanted / per_given)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def due(f: Facts) -> str:
    """Naegele: seven days on, three months back, one year on, and what the cycle differs from 28 days."""
    last = _day(f["obstetric.last_menstrual_period"])
    month, year = last.month - 3, last.year + 1
    if month < 1:
        month, year = month + 12, year - 1
    spare = max(0, last.day - calendar.monthrange(year, month)[1])
    day = dt.date(year, month, last.day - spare) + dt.timedelta(days=spare)
    return (day + dt.timedelta(days=7 + f["obstetric.cycle_length"] - 28)).isoformat()


def conception(f: Facts) -> str:
    """Two weeks before the next period would have come."""
    day = _day(f["obstetric.last_menstrual_period"]) + dt.timedelta(days=f["obstetric.cycle_length"] - 14)
    return day.isoformat()


def gestation(f: Facts) -> float:
    """Days since the last period."""
    return float((_day(f["obstetric.examination_date"]) - _day(f["obstetric.last_menstrual_period"])).days)


def _rr(f: Facts) -> float:
    return 60.0 / float(f["vital.heart_rate"])


FORMULAS: dict[str, Callable[[Facts], float | str]] = {
    "anion_gap": anion_gap,
    "delta_gap": lambda f: anion_gap(f) - 12,
    "delta_ratio": lambda f: ratio(anion_gap(f), f),
    "anion_gap_albumin": albumin_gap,
    "delta_gap_albumin": lambda f: albumin_gap(f) - 12,
    "delta_ratio_albumin": lambda f: ratio(albumin_gap(f), f),
    "osmolality": lambda f: 2 * f["lab.sodium"] + f["lab.glucose"] / 18 + f["lab.urea_nitrogen"] / 2.8,
    "sodium_corrected": lambda f: f["lab.sodium"] + 2.4 * (f["lab.glucose"] - 100) / 100,
    "calcium_corrected": lambda f: f["lab.calcium"] + 0.8 * (4 - f["lab.albumin"]),
    "free_water_deficit": free_water,
    "fena": lambda f: 100 * f["lab.urine_sodium"] / f["lab.sodium"] / (f["lab.urine_creatinine"] / f["lab.creatinine"]),
    "ldl_friedewald": lambda f: f["lab.total_cholesterol"] - f["lab.hdl_cholesterol"] - f["lab.triglycerides"] / 5,
    "homa_ir": lambda f: f["lab.fasting_glucose"] / 18.016 * f["lab.insulin"] / 22.5,
    "bmi": lambda f: f["patient.weight"] / (f["patient.height"] / 100) ** 2,
    "bsa": lambda f: math.sqrt(f["patient.weight"] * f["patient.height"] / 3600),
    "ideal_weight": ideal,
    "adjusted_weight": lambda f: 0.6 * ideal(f) + 0.4 * f["patient.weight"],
    "target_weight": lambda f: f["patient.target_bmi"] * (f["patient.height"] / 100) ** 2,
    "mean_arterial_pressure": lambda f: (f["vital.systolic_bp"] + 2 * f["vital.diastolic_bp"]) / 3,
    "maintenance_fluids": fluids,
    "ckd_epi_2021": ckd_epi,
    "cockcroft_gault": cockcroft,
    "mdrd": mdrd,
    "fib4": lambda f: f["patient.age"] * f["lab.ast"] / (f["lab.platelets"] * math.sqrt(f["lab.alt"])),
    "meld_na": meld_na,
    "qtc_bazett": lambda f: f["ecg.qt_interval"] / math.sqrt(_rr(f)),
    "qtc_fridericia": lambda f: f["ecg.qt_interval"] / _rr(f) ** (1 / 3),
    "qtc_framingham": lambda f: f["ecg.qt_interval"] + 154 * (1 - _rr(f)),
    "qtc_hodges": lambda f: f["ecg.qt_interval"] + 1.75 * (f["vital.heart_rate"] - 60),
    "qtc_rautaharju": lambda f: f["ecg.qt_interval"] * (120 + f["vital.heart_rate"]) / 180,
    "due_date": due,
    "conception": conception,
    "gestational_age": gestation,
    "morphine_equivalents": morphine,
    "steroid_conversion": steroid,
}
