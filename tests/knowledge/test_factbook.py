"""Facts of one patient: hierarchy, conflicts, and who is believed."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from knowledge.staging import with_consequences


def entry(name, value, unit=None, at=None, authority=Authority.TOOL, evidence="E1"):
    return SourcedFact(Fact(name=name, value=value, unit=unit, at=at), evidence, authority)


def test_presence_goes_up_the_hierarchy_and_absence_goes_down():
    present = FactBook([entry("biomarker.EGFR.L858R", True)])
    assert present.value("biomarker.EGFR.sensitising") is True
    absent = FactBook([entry("biomarker.EGFR.sensitising", False)])
    assert absent.value("biomarker.EGFR.L858R") is False
    assert FactBook([entry("biomarker.EGFR.L858R", False)]).value("biomarker.EGFR.sensitising") is None
    assert FactBook([entry("biomarker.EGFR.sensitising", True)]).value("biomarker.EGFR.L858R") is None


def test_one_kind_that_is_there_outweighs_another_that_is_not():
    book = FactBook([entry("biomarker.EGFR.exon19_deletion", False), entry("biomarker.EGFR.L858R", True)])
    assert book.value("biomarker.EGFR.sensitising") is True


def test_a_better_source_wins_over_a_later_date():
    book = FactBook(
        [
            entry("lab.creatinine", 2.0, "mg/dL", dt.date(2026, 2, 1), Authority.NOTE, "note"),
            entry("lab.creatinine", 1.0, "mg/dL", dt.date(2026, 1, 1), Authority.STRUCTURED, "lab"),
        ]
    )
    assert book.get("lab.creatinine").evidence_id == "lab"


def test_of_the_same_source_the_later_date_wins():
    by_month = {3: 1.3, 5: 1.5, 1: 1.1}
    book = FactBook([entry("lab.creatinine", v, "mg/dL", dt.date(2026, m, 1)) for m, v in by_month.items()])
    assert book.value("lab.creatinine") == 1.5


def test_values_are_given_in_the_unit_of_the_vocabulary():
    book = FactBook([entry("lab.creatinine", 88.4, "umol/L")])
    assert book.value("lab.creatinine") == pytest.approx(1.0, abs=0.001)


def test_a_rounded_note_is_no_conflict_and_a_different_value_is():
    measured = entry("nodule.mean_diameter", 12.4, "mm")
    assert FactBook([measured, entry("nodule.mean_diameter", 12, "mm", evidence="E2")]).conflicts() == []
    other = FactBook([measured, entry("nodule.mean_diameter", 21, "mm", evidence="E2")])
    assert [c.name for c in other.conflicts()] == ["nodule.mean_diameter"]


def test_a_later_measurement_is_no_conflict():
    book = FactBook(
        [
            entry("lab.creatinine", 1.0, "mg/dL", dt.date(2026, 1, 1)),
            entry("lab.creatinine", 3.0, "mg/dL", dt.date(2026, 2, 1)),
        ]
    )
    assert book.conflicts() == []


def test_an_override_replaces_what_followed_from_the_old_value_too():
    book = FactBook([entry("biomarker.EGFR.L858R", True)])
    changed = book.with_overrides([entry("biomarker.EGFR.L858R", False, authority=Authority.PHYSICIAN)])
    assert changed.value("biomarker.EGFR.L858R") is False
    assert changed.value("biomarker.EGFR.sensitising") is None
    assert book.value("biomarker.EGFR.L858R") is True


def test_what_follows_is_worked_out_again_from_an_override():
    book = with_consequences(FactBook([entry("tumour.type", "breast_cancer"), entry("biomarker.HER2.ihc", "1+")]))
    assert book.value("biomarker.HER2.low") is True
    changed = book.with_overrides([entry("biomarker.HER2.ihc", "3+", authority=Authority.PHYSICIAN)])
    assert changed.value("biomarker.HER2.positive") is True
    assert changed.value("biomarker.HER2.low") is False


def test_facts_about_one_item_stay_out_of_the_patients_book():
    book = FactBook([entry("rec.year", 2020)])
    assert list(book.names()) == []


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("patient.age", 60, None),
        ("patient.age", 60, "mm"),
        ("patient.age", "60", "a"),
        ("patient.age", float("nan"), "a"),
        ("patient.pregnant", 1, None),
        ("patient.ecog", 1.5, None),
        ("patient.ecog", True, None),
        ("patient.sex", "unknown", None),
        ("patient.sexx", "female", None),
        ("nodule.count", 2, "mm"),
    ],
)
def test_a_value_that_does_not_fit_its_declaration_is_refused(name, value, unit):
    with pytest.raises(ValidationError):
        Fact(name=name, value=value, unit=unit)


@pytest.mark.hazard("HAZ-10")
def test_an_implausible_number_is_noticed_in_any_unit():
    assert not Fact(name="patient.age", value=1600, unit="mo").is_plausible()
    assert Fact(name="patient.age", value=600, unit="mo").is_plausible()


def test_the_vocabulary_has_no_circle_and_two_languages():
    for name, spec in vocabulary().items():
        assert name not in vocabulary().consequences(name, True), name
        assert spec.label.get("en"), name
        if spec.scope == "patient" and spec.kind != "text":
            assert spec.label.get("zh"), f"{name} has no Chinese label"
        if spec.plausible is not None:
            assert spec.plausible[0] < spec.plausible[1], name


def test_a_name_or_synonym_is_found_without_regard_to_case_and_hyphens():
    assert vocabulary().find("biomarker.", "egfr.t790m") == "biomarker.EGFR.T790M"
    assert vocabulary().find("condition.", "no such thing") is None
