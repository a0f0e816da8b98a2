"""Models against answers that physicians corrected: MedCalc-Bench notes, fed with the benchmark's own entities.

The entities are uncorrected (some contradict the corrected answer), so a share of agreement is asked for, not all.
The names of entities are mapped in tests/golden/risk_medcalc_entities.tsv.
"""

from __future__ import annotations

import ast
import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import vocabulary
from tools.risk.catalogue import get_model
from tools.risk.compute import estimate
from tools.risk.inputs import parse_fact
from tools.risk.questions import target_of

MAPPING = Path(__file__).resolve().parents[2] / "golden" / "risk_medcalc_entities.tsv"
with MAPPING.open(encoding="utf-8", newline="") as _stream:
    NAMES = {row["entity"]: row["fact"] for row in csv.DictReader(_stream, delimiter="\t", quoting=csv.QUOTE_NONE)}
UNITS = {
    **{"µL": "/uL", "beats per minute": "/min", "breaths per minute": "/min", "years": "a", "days": "d"},
    **{
        "degrees celsius": "Cel",
        "degrees celsisus": "Cel",
        "degrees fahreinheit": "degF",
        "degrees fahrenheit": "degF",
    },
    **{"mm Hg": "mm[Hg]", "mm hg": "mm[Hg]", "msec": "ms", "mcg/kg/min": "ug/kg/min", "mc/kg/min": "ug/kg/min"},
    **{"mL/day": "mL/d", "lbs": "[lb_av]", "in": "[in_i]", "months": "mo", "m^3": "/mm3", "mm^3": "/mm3"},
}
ABSENT = (False, "none", "None", "None or diet-controlled", "absent")


def typed(entity: str, value: Any, model: str) -> str | None:  # noqa: PLR0911 - one return a kind of entity
    """One entity as `fact=value`, or None where it has no fact."""
    if entity in ("Cough Absent", "Absence of cough or coryza"):
        return f"symptom.cough={not value}"
    if entity == "Liver disease severity":
        worse = str(value).casefold().startswith(("moderate", "severe"))
        return f"condition.{'liver_disease_moderate_severe' if worse else 'liver_disease'}={value not in ABSENT}"
    if entity == "Solid tumor":
        return f"condition.{'metastatic_cancer' if value == 'Metastatic' else 'solid_tumour'}={value not in ABSENT}"
    if entity in ("Last menstrual date", "Current Date"):
        day = dt.datetime.strptime(value, "%m/%d/%Y").date()
        return f"obstetric.{'last_menstrual_period' if 'Last' in entity else 'examination_date'}={day}"
    if entity == "cycle length":
        return f"obstetric.cycle_length={value} d"
    if entity == "Hypertension history" and model == "has_bled":
        return f"condition.hypertension_uncontrolled={value}"
    if entity == "Body Mass Index (BMI)":
        return f"patient.{'target_bmi' if model == 'target_weight' else 'bmi'}={value[0]} kg/m2"
    name = NAMES.get(entity)
    if name is None:
        return None
    if vocabulary()[name].kind == "integer":
        return f"{name}={int(value[0] if isinstance(value, list) else value)}"
    return f"{name}={value[0]} {UNITS.get(value[1], value[1])}" if isinstance(value, list) else f"{name}={value}"


def agrees(row: dict[str, Any]) -> bool | None:
    """Whether the model gives the corrected answer; None where the entities do not suffice."""
    name, key = target_of(row["calculator"])
    texts = [typed(k, v, name) for k, v in ast.literal_eval(row["entities_v1"]).items()]
    usable = []
    for text in texts:
        try:
            if text is not None:
                parse_fact(text)
                usable.append(text)
        except ToolRetry:
            continue
    book = FactBook(SourcedFact(parse_fact(text), "", Authority.PHYSICIAN) for text in usable)
    one = estimate(get_model(name), book)
    output = next((o for o in one.outputs if o.key == key), None)
    if output is None:
        return None
    if output.text is not None:
        return dt.date.fromisoformat(output.text) == dt.datetime.strptime(row["answer"], "%m/%d/%Y").date()
    assert output.value is not None
    return float(row["lower"]) - 1e-6 <= output.value <= float(row["upper"]) + 1e-6


@pytest.mark.shared_data
def test_models_agree_with_corrected_answers(shared_data: Path) -> None:
    lines = (shared_data / "notes" / "medcalc_dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["answer"] != "N/A"]
    verdicts = [agrees(row) for row in rows]
    computed = [v for v in verdicts if v is not None]
    assert len(computed) >= 140
    assert sum(computed) / len(computed) >= 0.85
