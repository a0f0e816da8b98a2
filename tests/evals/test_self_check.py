"""Scorers see what is broken on purpose: harmful advice, an echo for an answer, identifiers left, false confidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from eval_helpers import ADJUVANT, case, outcome, says

from evals.benchmarks import deid
from evals.scoring.case_score import score
from knowledge.facts import Fact
from tools.deid.find import find_identifiers
from tools.evidence import Calculation, Evidence, Provenance
from tools.imaging.training.assess import expected_calibration_error

NOTES = {"en": ["Seen by {doctor}, MRN: {mrn}. Phone {phone}."], "zh": ["患者{zh_name}，住院号：{zh_mrn}。"]}


def _evidence(kind: str) -> Evidence:
    made_by = Provenance(tool="any", tool_version="1")
    facts = (Fact(name="nodule.count", value=1),)
    return Evidence(kind=kind, claim="One nodule.", facts=facts, locator=Calculation(model="x"), provenance=made_by)


def test_harmful_advice_without_a_drug_is_a_harm_even_where_the_verifier_refuses_it():
    wanted = case({"harm": {"statement": "no further work-up"}})
    for refused in ((), (0,)):
        found = score(wanted, outcome(says("There is no further work-up to do.", ADJUVANT), refused=refused))
        assert [harm.text for harm in found.harms] == ["There is no further work-up to do."]
        assert found.correct is False


@pytest.mark.parametrize(("kind", "answers"), [("note_span", 0), ("observation", 0), ("image_finding", 1)])
def test_repeating_the_case_is_no_answer_and_a_finding_of_a_tool_is_one(kind, answers):
    cited = _evidence(kind)
    made = outcome(says("One nodule.", cited, section="findings", kind="finding"), evidence=(cited,))
    assert score(case({"never": {"statement": "x{9}"}}), made).shares["answered"] == (answers, 1)


@pytest.mark.parametrize("left", ["everything", "the last letter of each"])
def test_an_identifier_that_is_left_or_cut_short_is_a_miss(monkeypatch, left):
    def careless(text):
        return [] if left == "everything" else [replace(f, end=f.end - 1) for f in find_identifiers(text)]

    assert sum(one.found for one in deid.score(0, 3, NOTES)[0].values()) >= 7
    monkeypatch.setattr(deid, "find_identifiers", careless)
    tallies, missed, _ = deid.score(0, 3, NOTES)
    assert sum(one.planted for one in tallies.values()) == 8
    assert sum(one.found for one in tallies.values()) == 0
    assert sum(map(len, missed.values())) == 8


def test_a_confidence_that_is_wrong_by_two_fifths_is_shown_as_that():
    truth = np.array([1, 0] * 50)
    assert expected_calibration_error(np.full(100, 0.9), truth) == pytest.approx(0.4)
    assert expected_calibration_error(np.full(100, 0.5), truth) == pytest.approx(0.0)
