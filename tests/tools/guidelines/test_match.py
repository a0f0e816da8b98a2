"""Recommendations matched to cases: what applies, what is open, what was left out, what to ask."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import pytest

from knowledge.criteria import Truth, evaluate
from knowledge.errors import ToolRetry
from knowledge.factbook import Authority
from knowledge.matching import match, rank_questions
from knowledge.recommendations import example_facts, recommendations
from tools.artifacts import Artifacts
from tools.case import Case, Medication, Patient
from tools.evidence import CaseField, Evidence, Provenance
from tools.registry import ToolContext, call_tool

FIELD = CaseField(handle="case", path="observations[0]")


def context(tmp_path, facts, language="en", medications=()):
    """A case whose ledger holds one piece of evidence a fact."""
    ledger = {}
    for name, value in facts.items():
        (entry,) = [e for e in example_facts({name: value}).all(name) if e.derived_from is None]
        item = Evidence(
            kind="observation",
            claim=f"{name} is recorded.",
            facts=(entry.fact,),
            locator=FIELD,
            provenance=Provenance(tool="test", tool_version="1"),
            authority=Authority.STRUCTURED,
        )
        ledger[item.id] = item
    case = Case(id="c1", patient=Patient(id="p1"), as_of=dt.date(2026, 1, 1), medications=tuple(medications))
    return ToolContext(case=case, artifacts=Artifacts(tmp_path), ledger=ledger, language=language)


NODULE = {
    "patient.age": "63 a",
    "nodule.density": "part_solid",
    "nodule.mean_diameter": "14 mm",
    "nodule.count": 1,
    "smoking.status": "former",
}
LUNG = {
    "patient.age": "63 a",
    "patient.ecog": 1,
    "tumour.type": "lung_adenocarcinoma",
    "tumour.stage": "IV",
    "biomarker.EGFR.L858R": True,
    "therapy.lines_advanced": 0,
}


def test_a_part_solid_nodule_of_14_mm_gets_the_fleischner_interval_and_cites_it(tmp_path):
    result = call_tool("match_recommendations", {}, context(tmp_path, NODULE))
    applying = {item.id: item for item in result.payload.applies}
    item = applying["fleischner-2017.part-solid-single-6plus"]
    assert "fleischner-2017.part-solid-single-under6" not in applying
    assert "fleischner-2017.solid-single-over8mm" not in applying
    assert {used.fact for used in item.because} >= {"nodule.density", "nodule.mean_diameter", "nodule.count"}
    assert "condition.cancer" in item.assumed
    (evidence,) = [e for e in result.evidence if e.id == item.evidence_id]
    assert "3 to 6 months" in evidence.claim
    assert evidence.locator.identifier == "https://doi.org/10.1148/radiol.2017161659"
    assert evidence.fact("rec.year").value == 2017
    assert evidence.provenance.data_release == "fleischner-2017 (2017)"


def test_sources_that_disagree_are_shown_together(tmp_path):
    result = call_tool("match_recommendations", {}, context(tmp_path, NODULE | {"nodule.longest_diameter": "16 mm"}))
    linked = {item.id: {d.id for d in item.disagrees_with} for item in result.payload.applies if item.disagrees_with}
    assert linked
    for name, others in linked.items():
        assert others == set(recommendations().disagreements[name])


def test_an_egfr_mutated_lung_cancer_gets_osimertinib_and_no_immunotherapy_alone(tmp_path):
    result = call_tool("match_recommendations", {"topics": ["treatment"]}, context(tmp_path, LUNG))
    treat = {drug for i in result.payload.applies if i.action.type == "treat" for drug in i.action.drugs}
    avoid = {drug for i in result.payload.applies if i.action.type == "avoid" for drug in i.action.drugs}
    assert "medication.osimertinib" in treat
    assert "medication.pembrolizumab" in avoid
    assert "medication.alectinib" not in treat
    assert {i.topic for i in result.payload.applies} == {"treatment"}


def test_without_the_line_of_therapy_it_is_the_first_question(tmp_path):
    known = {k: v for k, v in LUNG.items() if k != "therapy.lines_advanced"}
    result = call_tool("match_recommendations", {}, context(tmp_path, known))
    first = result.payload.questions[0]
    assert first.fact == "therapy.lines_advanced"
    assert first.decides > 3
    assert first.label["zh"]
    assert any("therapy.lines_advanced" in item.missing for item in result.payload.cannot_tell)


def test_what_was_left_out_names_the_fact_that_decided_it(tmp_path):
    known = {"biomarker.EGFR.L858R": False, "biomarker.KRAS.G12C": False, "biomarker.ALK.fusion": False}
    result = call_tool("match_recommendations", {}, context(tmp_path, LUNG | known))
    left_out = {item.id: {used.fact for used in item.because} for item in result.payload.excluded}
    assert any("biomarker.ALK.fusion" in facts for facts in left_out.values())
    another = {"tumour.type", "tumour.stage", "tumour.metastatic", "therapy.lines_advanced"}
    assert not any(another & facts for facts in left_out.values()), "another disease or setting is not left out"


def test_every_listed_recommendation_holds_when_judged_again(tmp_path):
    given = context(tmp_path, LUNG | NODULE)
    result = call_tool("match_recommendations", {"limit": 500}, given)
    store = recommendations()
    for item in result.payload.applies:
        assert evaluate(store.by_id[item.id].criterion, given.facts(), given.case.as_of).truth is Truth.APPLIES
        assert store.guideline_of(store.by_id[item.id]).status == "current"
    for item in result.payload.cannot_tell:
        assert evaluate(store.by_id[item.id].criterion, given.facts(), given.case.as_of).truth is Truth.CANNOT_TELL


@pytest.mark.hazard("HAZ-11")
def test_an_empty_case_invents_nothing(tmp_path):
    result = call_tool("match_recommendations", {}, context(tmp_path, {}))
    for item in result.payload.applies:
        assert item.because == ()
        assert item.specific is False
    assert result.payload.cannot_tell == ()
    assert result.payload.excluded == ()


@pytest.mark.parametrize(
    ("facts", "medications", "shown"),
    [
        ({}, (), False),
        ({"medication.clopidogrel": True}, (), True),
        ({}, (Medication(text="clopidogrel", fact="medication.clopidogrel", status="proposed", locator=FIELD),), True),
        ({}, (Medication(text="clopidogrel", fact="medication.clopidogrel", status="stopped", locator=FIELD),), False),
        ({"medication.clopidogrel": False}, (), False),
    ],
)
def test_drug_gene_advice_is_shown_when_the_drug_is_taken_or_proposed(facts, medications, shown, tmp_path):
    known = {
        "patient.age": "60 a",
        "phenotype.CYP2C19": "poor_metabolizer",
        "condition.acute_coronary_syndrome": True,
    }
    given = context(tmp_path, known | facts, medications=medications)
    ids = {item.id for item in call_tool("match_recommendations", {}, given).payload.applies}
    assert ("cpic-clopidogrel-2022.pm-acs-pci" in ids) is shown


def test_drug_gene_advice_is_shown_when_the_drug_is_asked_about(tmp_path):
    known = {"phenotype.CYP2C19": "poor_metabolizer", "condition.acute_coronary_syndrome": True}
    result = call_tool("match_recommendations", {"drugs": ["Plavix"]}, context(tmp_path, known))
    assert "cpic-clopidogrel-2022.pm-acs-pci" in {item.id for item in result.payload.applies}
    assert all("medication.clopidogrel" in i.action.drugs or i.action.drugs for i in result.payload.applies)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"drugs": ["nonsensumab"]}, "nonsensumab"),
        ({"diseases": ["unheard_of"]}, "unheard_of"),
        ({"topics": ["gossip"]}, "topics"),
        ({"limit": 0}, "limit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_arguments_are_refused_and_say_how_to_mend_them(arguments, says, tmp_path):
    with pytest.raises(ToolRetry, match=says):
        call_tool("match_recommendations", arguments, context(tmp_path, NODULE))


def test_sources_of_the_case_that_disagree_are_pointed_out(tmp_path):
    given = context(tmp_path, NODULE)
    (entry,) = example_facts({"nodule.mean_diameter": "5 mm"}).all("nodule.mean_diameter")
    other = Evidence(
        kind="note_span",
        claim="The note says 5 mm.",
        facts=(entry.fact,),
        locator=FIELD,
        provenance=Provenance(tool="test", tool_version="1"),
        authority=Authority.NOTE,
    )
    given.ledger[other.id] = other
    result = call_tool("match_recommendations", {}, given)
    assert any("disagree" in warning and other.id in warning for warning in result.warnings)


def test_the_same_case_gives_the_same_evidence_ids(tmp_path):
    first = call_tool("match_recommendations", {}, context(tmp_path, LUNG))
    second = call_tool("match_recommendations", {}, context(tmp_path, LUNG))
    assert [e.id for e in first.evidence] == [e.id for e in second.evidence]


def test_a_chinese_case_reads_chinese_where_it_was_written(tmp_path):
    given = context(tmp_path, NODULE, language="zh")
    result = call_tool("match_recommendations", {}, given)
    store = recommendations()
    for item in result.payload.applies:
        text = store.by_id[item.id].text
        assert item.text.startswith(text.get("zh", text["en"]).rstrip(".")[:20])


def test_the_first_question_resolves_the_most_of_any_single_question():
    """Against brute force: no other fact alone completes more of the open recommendations, weighted by fit."""
    facts = example_facts({k: v for k, v in LUNG.items() if k not in ("therapy.lines_advanced", "patient.ecog")})
    found = match(facts, dt.date(2026, 1, 1))
    asked = rank_questions(found.cannot_tell)
    names = {name for m in found.cannot_tell for name in m.outcome.missing}
    value = {n: sum(m.fit / len(m.outcome.missing) for m in found.cannot_tell if n in m.outcome.missing) for n in names}
    assert value[asked[0].fact] == pytest.approx(max(value.values()))
    for question, after in itertools.pairwise(asked):
        assert question.fact != after.fact


@pytest.mark.parametrize(
    ("facts", "waits"),
    [
        ({"condition.pulmonary_embolism": True}, False),
        ({"condition.pulmonary_embolism": True, "symptom.dyspnoea": True, "symptom.chest_pain": True}, False),
        (
            {
                "condition.diabetes_type_2": True,
                "lab.urine_albumin_creatinine_ratio": "640 mg/g",
                "lab.egfr": "38 mL/min/{1.73_m2}",
            },
            True,
        ),
    ],
)
def test_an_unrecorded_diagnosis_is_asked_for_only_where_two_facts_speak_for_it(facts, waits):
    open_ = match(example_facts(facts), dt.date(2026, 1, 1)).cannot_tell
    missing = {name for m in open_ for name in m.outcome.missing if name.startswith("condition.")}
    assert bool(missing) == waits, missing


def test_advice_about_a_drug_that_is_not_in_play_raises_no_question(tmp_path):
    stented = {"condition.percutaneous_coronary_intervention": True, "condition.acute_coronary_syndrome": True}
    asked = {
        drug: {q.fact for q in call_tool("match_recommendations", {}, context(tmp_path, facts)).payload.questions}
        for drug, facts in (("none", stented), ("clopidogrel", stented | {"medication.clopidogrel": True}))
    }
    assert "phenotype.CYP2C19" in asked["clopidogrel"]
    assert "phenotype.CYP2C19" not in asked["none"]


def test_what_a_suspected_diagnosis_would_call_for_stands_ready(tmp_path):
    ill = {"lab.lactate": "4.2 mmol/L", "vital.systolic_bp": "84 mm[Hg]", "vital.respiratory_rate": "28 /min"}
    ill |= {"symptom.fever": True, "vital.heart_rate": "124 /min"}
    given = context(tmp_path, ill)
    before = call_tool("match_recommendations", {}, given).payload
    ledger = dict(given.ledger) | {e.id: e for e in call_tool("differential", {}, given).evidence}
    after = call_tool("match_recommendations", {}, dataclasses.replace(given, ledger=ledger))
    ready = [item for item in after.payload.cannot_tell if item.id.startswith("ssc-sepsis")]
    assert not any(item.id.startswith("ssc-sepsis") for item in before.cannot_tell)
    claims = {e.id: e.claim for e in after.evidence}
    assert claims[ready[0].evidence_id].startswith("If confirmed (")


def test_nothing_open_means_no_question():
    assert rank_questions([]) == ()
