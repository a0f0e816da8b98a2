"""Safety tables: what speaks against a drug for one patient."""

from __future__ import annotations

import json

import pytest

from knowledge import safety
from knowledge.criteria import Truth
from knowledge.errors import ToolRetry
from knowledge.recommendations import example_facts, recommendations
from knowledge.safety import InteractionRow, check_drug, safety_rows

SOURCE = {"title": "Label", "year": 2020, "identifier": "https://example.org/label", "section": 4}
ROWS = [
    {
        "id": "allergy-penicillins",
        "kind": "allergy",
        "drugs": ["medication.class_penicillin"],
        "allergens": ["allergy.penicillins"],
        "relation": "same_class",
        "severity": "contraindicated",
        "text": "No penicillin.",
    },
    {
        "id": "nsaid-anticoagulant",
        "kind": "interaction",
        "drugs": ["medication.class_nsaid"],
        "with": ["medication.warfarin", "medication.class_nsaid"],
        "severity": "caution",
        "effect": "Bleeding.",
        "text": "Avoid both.",
    },
    {
        "id": "metformin-egfr",
        "kind": "contraindication",
        "drugs": ["medication.metformin"],
        "when": {"fact": "lab.egfr", "lt": 30, "unit": "mL/min/{1.73_m2}"},
        "severity": "contraindicated",
        "area": "renal",
        "text": "No metformin.",
        "examples": {
            "applies": {"lab.egfr": "29 mL/min/{1.73_m2}"},
            "does_not_apply": {"lab.egfr": "30 mL/min/{1.73_m2}"},
        },
    },
    {"id": "reviewed-metformin", "kind": "reviewed", "drugs": ["medication.metformin"], "nothing_for": ["allergy"]},
]


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """The rows above in place of what ships."""
    body = {"rows": [row | {"source": SOURCE, "checked": "read in the label"} for row in ROWS]}
    (tmp_path / "t.yaml").write_text(json.dumps(body), encoding="utf-8")
    monkeypatch.setattr(safety, "SAFETY_DIR", tmp_path)
    safety.safety_rows.cache_clear()
    safety._rows_by_drug.cache_clear()
    yield tmp_path
    safety.safety_rows.cache_clear()
    safety._rows_by_drug.cache_clear()


def found(drug, **facts):
    return check_drug(f"medication.{drug}", example_facts({k.replace("__", "."): v for k, v in facts.items()}))


@pytest.mark.usefixtures("rows")
class TestCheckDrug:
    def test_a_known_allergy_to_the_class_is_found_for_every_drug_of_it(self):
        (finding,) = found("amoxicillin", allergy__penicillins=True)
        assert (finding.row.id, finding.facts, finding.evidence_ids) == (
            "allergy-penicillins",
            ("allergy.penicillins",),
            ("example",),
        )

    def test_an_allergy_that_is_absent_or_unknown_is_no_finding(self):
        assert found("amoxicillin", allergy__penicillins=False) == []
        assert found("amoxicillin") == []

    @pytest.mark.parametrize(("drug", "taken"), [("ibuprofen", "warfarin"), ("warfarin", "ibuprofen")])
    def test_an_interaction_is_found_from_both_sides(self, drug, taken):
        (finding,) = found(drug, **{f"medication__{taken}": True})
        assert finding.row.id == "nsaid-anticoagulant"
        assert finding.facts == (f"medication.{taken}",)

    def test_a_drug_does_not_interact_with_itself_but_with_another_of_its_class(self):
        assert found("ibuprofen", medication__ibuprofen=True) == []
        assert len(found("ibuprofen", medication__ibuprofen=True, medication__naproxen=True)) == 1

    def test_organ_function_decides_and_its_absence_asks(self):
        (against,) = found("metformin", lab__egfr="20 mL/min/{1.73_m2}")
        assert against.truth is Truth.APPLIES
        assert found("metformin", lab__egfr="80 mL/min/{1.73_m2}") == []
        (asks,) = found("metformin")
        assert (asks.truth, asks.missing) == (Truth.CANNOT_TELL, ("lab.egfr",))

    @pytest.mark.parametrize("name", ["aspirrin", "lab.egfr"])
    def test_a_name_that_is_no_drug_is_refused(self, name):
        with pytest.raises(ToolRetry):
            check_drug(name, example_facts({}))

    def test_coverage_counts_what_was_reviewed(self):
        assert safety.uncovered(["medication.metformin"]) == {
            "medication.metformin": ["interaction", "pregnancy", "hepatic"]
        }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"drugs": ["medication.nothing"]}, "medication.nothing"),
        ({"when": {"fact": "lab.egfrr", "lt": 3}}, "lab.egfrr"),
        ({"examples": {"applies": {}, "does_not_apply": {}}}, "cannot_tell"),
        ({"severity": "bad"}, "severity"),
        ({"kind": "rumour"}, "rumour"),
        ({"source": {"title": "Label"}}, "year"),
        ({"id": "reviewed-metformin"}, "given twice"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(change, says, rows):
    body = json.loads((rows / "t.yaml").read_text())
    body["rows"][2] |= change
    (rows / "t.yaml").write_text(json.dumps(body))
    assert any(says in line for line in safety.problems(rows)), safety.problems(rows)


def test_everything_that_ships_is_sound():
    assert safety.problems() == []


def test_every_interaction_that_ships_is_found_from_both_sides():
    for row in safety_rows():
        if isinstance(row, InteractionRow):
            for drug, taken in ((row.drugs[0], row.with_drugs[0]), (row.with_drugs[0], row.drugs[0])):
                if drug != taken:
                    ids = {f.row.id for f in check_drug(drug, example_facts({taken: True}))}
                    assert row.id in ids, (row.id, drug, taken)


def test_every_allergy_row_that_ships_fires_for_its_allergen():
    for row in safety_rows():
        if row.kind == "allergy":
            for drug in row.drugs:
                for allergen in row.allergens:
                    ids = {f.row.id for f in check_drug(drug, example_facts({allergen: True}))}
                    assert row.id in ids, (row.id, drug, allergen)


def test_every_drug_that_a_recommendation_names_can_be_checked():
    for drug in {name for r in recommendations().current() for name in r.action.drugs}:
        check_drug(drug, example_facts({"patient.age": "60 a"}))
