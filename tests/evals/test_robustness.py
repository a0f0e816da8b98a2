"""A case put differently: what each change does to it, and what counts as staying the same."""

from __future__ import annotations

import random

import pytest
from eval_helpers import ADJUVANT, DPYD, case, outcome, says

from evals.cases.loading import load_suites
from evals.robustness.changes import CHANGES, DISTRACTORS
from evals.robustness.compare import compare, compare_suites, table
from evals.robustness.noted import told_in_a_note
from evals.robustness.show import page
from evals.scoring.case_score import score
from evals.scoring.outcome import Outcome

CASES = [one for suite in load_suites("all") for one in suite.cases]
NOTE = (
    "Date: 2026-10-01\n\nPatient presents with a nodule of 14 mm.\n\nNo previously documented malignancy. "
    "Creatinine 1.1 mg/dL."
)


def written(**more):
    body = {
        "case": {"observations": [{"fact": "lab.creatinine", "value": 2, "unit": "mg/dL"}]},
        "notes": {"a.md": NOTE},
    }
    return case({"must": {"statement": "x"}}, **{**body, **more})


def changed(name, given):
    return CHANGES[name](given, random.Random(1))


def test_paraphrase_uses_other_words_for_the_same():
    assert (
        "person comes with"
        in changed("paraphrase", written(notes={"a.md": "The patient presents with it."})).notes["a.md"]
    )


def test_units_are_converted_in_the_case_and_in_the_note():
    found = changed("units", written(case={"observations": [{"fact": "lab.glucose", "value": 90, "unit": "mg/dL"}]}))
    assert found.case["observations"][0]["unit"] == "mmol/L"
    assert found.case["observations"][0]["value"] == pytest.approx(5.0, abs=0.01)
    assert "1.4 cm" in found.notes["a.md"]


def test_order_keeps_every_note_paragraph_and_observation():
    found = changed("order", written(notes={"a.md": NOTE, "b.md": "Other."}))
    assert sorted("".join(found.notes.values())) == sorted(NOTE + "Other.")


def test_typing_errors_spare_numbers_names_and_negations():
    note = f"{NOTE}\n\nYesterday the daughter telephoned about travelling together."
    found = [CHANGES["typing errors"](written(notes={"a.md": note}), random.Random(seed)) for seed in range(20)]
    texts = [one.notes["a.md"] for one in found if one is not None]
    assert len(set(texts)) > 2
    for text in texts:
        assert sorted(text) == sorted(note)
        assert all(kept in text for kept in ("14 mm", "No ", "malignancy", "1.1 mg/dL", "nodule", "Creatinine"))


def test_a_missing_modality_takes_the_scan_or_the_variants_away():
    assert changed("missing modality", written(phantom=True)).phantom is False
    assert changed("missing modality", written()) is None


def test_every_change_of_every_case_is_a_case():
    for one in CASES:
        for name, change in CHANGES.items():
            found = change(one, random.Random(one.id))
            assert found is None or (found.id == one.id and found != one), (one.id, name)
    assert {one.language for one in CASES} <= set(DISTRACTORS)


def test_what_is_lost_and_gained_is_counted_and_named():
    wanted = case({"must": {"statement": "T4|IIB"}}, {"never": {"statement": "osimertinib"}})
    before = outcome(says("Offer chemotherapy for T4 disease.", ADJUVANT))
    after = outcome(says("Do not use capecitabine.", DPYD))
    found = compare("order", wanted, (before, score(wanted, before)), after)
    assert found.conclusions == (1, 2)
    assert found.recommendations == (0, 2)
    assert found.gained == ("cpic-fluoropyrimidines-2017.pm",)
    assert not found.same
    assert compare("order", wanted, (before, score(wanted, before)), before).same


def test_without_a_modality_conclusions_may_go_and_none_may_come():
    wanted = case({"must": {"statement": "T4|IIB"}}, {"never": {"statement": "osimertinib"}})
    before = outcome(says("Offer chemotherapy for T4 disease.", ADJUVANT))
    silent = outcome(says("Nothing.", section="missing", kind="question"))
    assert compare("missing modality", wanted, (before, score(wanted, before)), silent).same
    assert not compare("missing modality", wanted, (silent, score(wanted, silent)), before).same


def test_a_case_told_in_a_note_holds_the_same_in_sentences():
    body = {
        "patient": {"age_years": 54, "sex": "female"},
        "date": "2026-10-12",
        "observations": [
            {"fact": "vital.systolic_bp", "value": 150, "unit": "mm[Hg]"},
            {"fact": "vital.diastolic_bp", "value": 90, "unit": "mm[Hg]"},
            {"fact": "lab.egfr", "value": 22, "unit": "mL/min/{1.73_m2}"},
            {"fact": "phenotype.DPYD", "value": "poor_metabolizer"},
            {"fact": "nodule.count", "value": 1},
        ],
        "conditions": [{"condition": "hypertension"}, {"condition": "diabetes", "present": False}],
        "medications": [{"drug": "warfarin"}, {"drug": "capecitabine", "status": "proposed"}],
        "allergies": [{"substance": "penicillin", "reaction": "rash"}],
        "tumour": {"type": "colon_cancer", "stage": "IIIB", "metastatic": False},
        "biomarkers": {"EGFR.L858R": False},
    }
    told = told_in_a_note(written(case=body, notes={}))
    [text] = told.notes.values()
    for said in (
        "Diagnosis: stage IIIB colon cancer.", "Past medical history: hypertension.", "No diabetes mellitus.",
        "Current medication: warfarin.", "Allergic to penicillin (rash).", "EGFR L858R not detected.",
        "Blood pressure 150/90 mmHg.", "eGFR 22 mL/min/1.73 m².", "DPYD poor metabolizer.",
    ):  # fmt: skip
        assert said in text
    assert told.case["medications"] == [body["medications"][1]]
    assert [item["fact"] for item in told.case["observations"]] == ["nodule.count"]
    assert told.case["tumour"] == {"metastatic": False}


def test_a_misspelt_term_is_one_word_with_two_letters_changed():
    note = "Past history: hypertension and osteoporosis."
    found = changed("misspelt terms", written(notes={"a.md": note})).notes["a.md"]
    wrong = [(a, b) for a, b in zip(note.split(), found.split(), strict=True) if a != b]
    assert len(wrong) == 1
    assert sorted(wrong[0][0]) == sorted(wrong[0][1])


def test_a_run_that_does_not_end_is_not_scored_and_is_shown():
    given = written()
    good = outcome(says("x", ADJUVANT))
    answers = iter([good, *([Outcome(case_id="c", error="a bug")] * (len(CHANGES) + 1))])
    suite = next(iter(load_suites("chinese"))).model_copy(update={"cases": (given,)})
    found = compare_suites([suite], lambda _: next(answers))
    assert {row.not_scored for row in table(found)} == {0, 1}
    written_page = page(found, [suite], "builtin")
    assert "a bug" in written_page
    assert "1 cases (chinese 1 of 1)" in written_page
