"""Ten synthetic FHIR bundles: what is read agrees with counts taken directly from the JSON."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tools.case import Case, CaseField
from tools.intake import read_case

# LOINC code -> fact, written down here apart from the program's own tables.
MEASURED = {
    "8302-2": "patient.height", "29463-7": "patient.weight", "39156-5": "patient.bmi", "2339-0": "lab.glucose",
    "6299-2": "lab.urea_nitrogen", "38483-4": "lab.creatinine", "49765-1": "lab.calcium", "2947-0": "lab.sodium",
    "6298-4": "lab.potassium", "2069-3": "lab.chloride", "20565-8": "lab.bicarbonate", "4548-4": "lab.hba1c",
    "2093-3": "lab.total_cholesterol", "2571-8": "lab.triglycerides", "18262-6": "lab.ldl_cholesterol",
    "2085-9": "lab.hdl_cholesterol", "1751-7": "lab.albumin", "1975-2": "lab.bilirubin", "1742-6": "lab.alt",
    "1920-8": "lab.ast", "718-7": "lab.haemoglobin", "4544-3": "lab.haematocrit",
    "777-3": "lab.platelets", "8331-1": "vital.temperature", "72166-2": "smoking.status",
}  # fmt: skip


@pytest.mark.shared_data
@pytest.mark.parametrize("number", range(1, 11))
def test_a_bundle_gives_the_facts_that_its_json_holds(shared_data: Path, tmp_path: Path, number: int) -> None:
    source = shared_data / "fhir" / f"synthea_{number:02d}.json.gz"
    (tmp_path / "fhir").mkdir()
    shutil.copy(source, tmp_path / "fhir" / "bundle.json.gz")
    case = read_case(tmp_path)
    resources = [entry["resource"] for entry in json.loads(gzip.decompress(source.read_bytes()))["entry"]]
    _check_observations(case, resources)
    by_type = Counter(resource["resourceType"] for resource in resources)
    assert len(case.conditions) == by_type["Condition"]
    places = {item.locator.path for item in case.medications if isinstance(item.locator, CaseField)}
    assert len(places) == by_type["MedicationRequest"]
    active = {r["id"] for r in resources if r["resourceType"] == "MedicationRequest" and r["status"] == "active"}
    current = {
        m.locator.path.split("/")[1]
        for m in case.medications
        if m.status == "current" and isinstance(m.locator, CaseField)
    }
    assert current == active
    patient = next(r for r in resources if r["resourceType"] == "Patient")
    assert case.patient.sex == patient["gender"]
    assert patient["name"][0]["family"] not in case.model_dump_json()


def _check_observations(case: Case, resources: list[dict[str, Any]]) -> None:
    observations = [r for r in resources if r["resourceType"] == "Observation"]
    expected = Counter(MEASURED.get(r["code"]["coding"][0]["code"]) for r in observations)
    del expected[None]
    panels = [r for r in observations if r["code"]["coding"][0]["code"] == "55284-4"]
    expected["vital.systolic_bp"] = expected["vital.diastolic_bp"] = len(panels)
    read = Counter(o.fact.name for o in case.observations)
    left_out = [w for w in case.warnings if "The value is not used" in w]
    short = {name: count - read[name] for name, count in expected.items() if read[name] != count}
    assert sum(short.values()) <= len(left_out), (short, left_out)
    values = {
        (o.fact.name, round(float(o.fact.value), 6)) for o in case.observations if isinstance(o.fact.value, float)
    }
    for resource in observations:
        name = MEASURED.get(resource["code"]["coding"][0]["code"])
        if name and "valueQuantity" in resource and name not in short:
            assert (name, round(float(resource["valueQuantity"]["value"]), 6)) in values
