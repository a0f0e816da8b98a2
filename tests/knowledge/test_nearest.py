"""What would change a recommendation: found changes really turn the criteria, and none smaller is passed over."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.criteria import Truth, evaluate, parse
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from knowledge.nearest import nearest
from knowledge.recommendations import EXAMPLE_DAY, Recommendation, example_facts, recommendations

DAY = dt.date(2026, 1, 1)


def book(**values: object) -> FactBook:
    made = []
    for key, value in values.items():
        name = key.replace("__", ".")
        made.append(SourcedFact(Fact(name=name, value=value, unit=vocabulary().spec(name).unit), "E", Authority.TOOL))
    return FactBook(made)


def said(criterion: dict[str, object], facts: FactBook) -> list[tuple[tuple[str, object], ...]]:
    return [tuple((c.fact, c.then) for c in turn.changes) for turn in nearest(parse(criterion), facts, DAY)[1]]


def test_a_number_moves_to_the_nearest_value_beyond_its_limit() -> None:
    criterion = {"fact": "lab.egfr", "lt": 30, "unit": "mL/min/{1.73_m2}"}
    assert said(criterion, book(lab__egfr=25.0)) == [(("lab.egfr", 30.0),), (("lab.egfr", 30.1),)]
    assert said(criterion, book(lab__egfr=71.0)) == [(("lab.egfr", 29.9),)]


def test_what_is_assumed_absent_would_have_to_be_there() -> None:
    criterion = {"all": [{"fact": "condition.atrial_fibrillation"}, {"assume_absent": "medication.warfarin"}]}
    facts = book(condition__atrial_fibrillation=True)
    assert set(said(criterion, facts)) == {
        (("condition.atrial_fibrillation", False),),
        (("medication.warfarin", True),),
    }


def test_two_facts_are_named_together_only_if_one_is_not_enough() -> None:
    criterion = {"all": [{"fact": "condition.atrial_fibrillation"}, {"fact": "condition.hypertension"}]}
    assert said(criterion, book()) == [(("condition.atrial_fibrillation", True), ("condition.hypertension", True))]
    known = book(condition__atrial_fibrillation=True)
    assert said(criterion, known) == [(("condition.hypertension", True),)]


def test_nobody_is_told_to_be_of_another_sex() -> None:
    assert said({"fact": "patient.sex", "in": ["female"]}, book(patient__sex="male")) == []


def _sample() -> list[Recommendation]:
    return sorted(recommendations().by_id.values(), key=lambda r: r.id)[::9]


@pytest.mark.parametrize("found", _sample(), ids=lambda r: r.id)
def test_every_change_turns_the_recommendation_itself(found: Recommendation) -> None:
    facts = example_facts(found.examples.applies)
    now, turns = nearest(found.criterion, facts, EXAMPLE_DAY)
    for turn in turns:
        stated = [
            SourcedFact(Fact(name=c.fact, value=c.then, unit=c.unit, at=EXAMPLE_DAY), "X", Authority.PHYSICIAN)
            for c in turn.changes
        ]
        after = evaluate(found.criterion, facts.with_overrides(stated), EXAMPLE_DAY).truth
        assert after is turn.then
        assert (after is Truth.APPLIES) != (now.truth is Truth.APPLIES)
    if now.truth is Truth.APPLIES:
        assert turns
