"""From a question in words, or the name of a bedside calculator, to the model and the one result that answers it."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from knowledge.errors import ToolRetry
from tools.risk.catalogue import get_model, models
from tools.risk.compute import Estimate, OutputValue
from tools.risk.model import RiskModel


class Target(NamedTuple):
    """A model, and the key of the result that is asked for."""

    model: str
    output: str


# Words of a question or a calculator's name -> the result. The first row that fits counts.
_ROWS: tuple[tuple[str, str, str], ...] = (
    (r"\bRautaharju\b", "qtc_rautaharju", "qtc"),
    (r"\bFridericia\b", "qtc_fridericia", "qtc"),
    (r"\bBazett\b", "qtc_bazett", "qtc"),
    (r"\bHodges\b", "qtc_hodges", "qtc"),
    (r"Framingham (?:Formula|Correction)|QTc? ?(?:Calculator)?.*Framingham|Framingham.*\bQT", "qtc_framingham", "qtc"),
    (r"Framingham.*(?:general|any cardiovascular|2008)", "framingham_cvd", "risk"),
    (r"Framingham|hard coronary heart disease", "framingham_chd", "risk"),
    (r"Cock?roft|creatinine clearance", "cockcroft_gault", "clearance_by_bmi"),
    (r"CHA2DS2|CHADS|CHA₂DS₂", "chads_vasc", "score"),
    (r"HAS-?BLED", "has_bled", "score"),
    (r"mean arterial pressure|\bMAP\b", "mean_arterial_pressure", "map"),
    (r"target weight|target BMI", "target_weight", "weight"),
    (r"adjusted body weight", "adjusted_weight", "weight"),
    (r"ideal body weight", "ideal_weight", "weight"),
    (r"body mass|\bBMI\b", "bmi", "bmi"),
    (r"body surface", "bsa", "mosteller"),
    (r"cardiac risk index", "rcri", "score"),
    (r"maintenance fluid", "maintenance_fluids", "rate"),
    (r"charlson", "charlson", "score"),
    (r"corrected calcium|calcium correction|hypoalbuminemia", "calcium_corrected", "calcium"),
    (r"wells.*(?:DVT|deep vein)", "wells_dvt", "score"),
    (r"wells", "wells_pe", "score"),
    (r"osmolality", "osmolality", "osmolality"),
    (r"\bPERC\b", "perc", "score"),
    (r"\bSIRS\b", "sirs", "score"),
    (r"albumin.corrected delta ratio", "delta_ratio_albumin", "ratio"),
    (r"albumin.corrected delta gap", "delta_gap_albumin", "delta"),
    (r"albumin.corrected anion gap", "anion_gap_albumin", "gap"),
    (r"delta ratio", "delta_ratio", "ratio"),
    (r"delta gap", "delta_gap", "delta"),
    (r"anion gap", "anion_gap", "gap"),
    (r"CURB", "curb65", "score"),
    (r"pneumonia severity|\bPSI\b", "psi", "score"),
    (r"glasgow.blatchford", "glasgow_blatchford", "score"),
    (r"glasgow coma|\bGCS\b", "gcs", "score"),
    (r"conception", "due_date", "conception"),
    (r"due date", "due_date", "due"),
    (r"gestational age", "gestational_age", "days"),
    (r"morphine|\bMME\b", "morphine_equivalents", "mme"),
    (r"child.pugh", "child_pugh", "score"),
    (r"sodium correction|corrected sodium", "sodium_corrected", "hillier"),
    (r"feverpain", "feverpain", "score"),
    (r"centor|mcisaac", "centor", "score"),
    (r"\bq-?SOFA\b|quick SOFA|quick sequential", "qsofa", "score"),
    (r"\bSOFA\b|sequential organ", "sofa", "score"),
    (r"apache", "apache2", "score"),
    (r"steroid conversion|equivalent dosage in mg", "steroid_conversion", "dose"),
    (r"CKD.?EPI\b.*\b2009|\b2009\b.*CKD.?EPI", "ckd_epi_2009", "egfr"),
    (r"CKD.?EPI", "ckd_epi_2021", "egfr"),
    (r"\bMDRD\b", "mdrd", "egfr"),
    (r"FIB-?4|fibrosis-?4", "fib4", "index"),
    (r"\bMELD[- ]?3", "meld3", "score"),
    (r"\bMELDA?[- ]?Na\b|\bMELD\b.*\bsodium\b", "meld_na", "score"),
    (r"\bMELD\b", "meld", "score"),
    (r"free water", "free_water_deficit", "deficit"),
    (r"\bSampson\b", "ldl_sampson", "ldl"),
    (r"\bLDL\b", "ldl_friedewald", "ldl"),
    (r"\bHEART score", "heart_score", "score"),
    (r"HOMA", "homa_ir", "index"),
    (r"FENa|fractional excretion", "fena", "fena"),
    (r"caprini", "caprini", "score"),
)
_AMERICAN_DATE = re.compile(r"\bM{1,2}/D{1,2}/Y{1,4}\b", re.I)
_WEEKS_AND_DAYS = re.compile(r"\bweeks?\b[^.?]{0,20}\bdays?\b", re.I)
_PATTERNS = tuple((re.compile(words, re.I), Target(model, output)) for words, model, output in _ROWS)


def target_of(words: str, question: str = "") -> Target:
    """The result that a model's or calculator's name, or a question, asks for.

    Of a model with several results the one that `question` wants is taken, if it wants one, else the first.

    Raises:
        ToolRetry: it names no model that is known.
    """
    if words in models():
        wanted = next((target for pattern, target in _PATTERNS if pattern.search(question)), None)
        return wanted if wanted and wanted.model == words else Target(words, models()[words].outputs[0].key)
    for pattern, target in _PATTERNS:
        if pattern.search(words):
            return target
    try:
        model: RiskModel = get_model(words)
    except ToolRetry:
        raise ToolRetry(
            f"{words[:80]!r} names no risk model. Say which with --model; `consilium risk list` shows them all."
        ) from None
    return Target(model.name, model.outputs[0].key)


def answer_text(estimate: Estimate, output: str, question: str = "") -> str | None:
    """The one result as text, a date or a span as the question wants it; None where there is no result."""
    found: OutputValue | None = next((o for o in estimate.outputs if o.key == output), None)
    if found is None:
        return None
    if found.kind == "date" and found.text is not None:
        day = dt.date.fromisoformat(found.text)
        return day.strftime("%m/%d/%Y") if _AMERICAN_DATE.search(question) else found.text
    if found.text is not None:
        return found.text
    if found.value is None:
        return None
    if found.unit == "d" and _WEEKS_AND_DAYS.search(question):
        weeks, days = divmod(round(found.value), 7)
        return f"({weeks} weeks, {days} days)"
    return f"{found.value:.6g}"
