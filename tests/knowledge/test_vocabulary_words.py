"""The words of the vocabulary: no word names two facts, and the names that clinicians use are found."""

from __future__ import annotations

from collections import defaultdict

import pytest

from knowledge.facts import vocabulary

PREFIXES = ("medication.", "condition.", "allergy.", "family_history.", "symptom.", "finding.", "germline.")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_word_names_two_facts(prefix: str) -> None:
    named = defaultdict(set)
    for name, spec in vocabulary().items():
        if name.startswith(prefix):
            for word in (name.removeprefix(prefix), *spec.label.values(), *spec.synonyms):
                named[" ".join(word.replace("_", " ").replace("-", " ").split()).casefold()].add(name)
    assert {word: names for word, names in named.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    ("prefix", "word", "fact"),
    [
        ("condition.", "T2DM", "condition.diabetes_type_2"),
        ("condition.", "房颤", "condition.atrial_fibrillation"),
        ("condition.", "heart attack", "condition.myocardial_infarction"),
        ("condition.", "慢阻肺", "condition.copd"),
        ("condition.", "HFrEF", "condition.heart_failure_reduced_ef"),
        ("condition.", "drug-eluting stent", "condition.percutaneous_coronary_intervention"),
        ("medication.", "Plavix", "medication.clopidogrel"),
        ("medication.", "acetaminophen", "medication.paracetamol"),
        ("medication.", "立普妥", "medication.atorvastatin"),
        ("medication.", "Entresto", "medication.sacubitril_valsartan"),
        ("medication.", "rifampin", "medication.rifampicin"),
        ("allergy.", "sulfa", "allergy.sulfonamide_antibiotics"),
        ("allergy.", "青霉素", "allergy.penicillins"),
        ("allergy.", "contrast dye", "allergy.iodinated_contrast"),
        ("family_history.", "heart attack", "family_history.coronary_artery_disease"),
        ("symptom.", "shortness of breath", "symptom.dyspnoea"),
    ],
)
def test_words_of_clinicians_find_their_fact(prefix: str, word: str, fact: str) -> None:
    assert vocabulary().find(prefix, word) == fact


@pytest.mark.parametrize(
    ("narrow", "broad"),
    [
        ("condition.heart_failure_reduced_ef", "condition.heart_failure"),
        ("condition.myocardial_infarction", "condition.ascvd"),
        ("condition.ischaemic_stroke", "condition.cardiovascular_disease"),
        ("condition.dialysis", "condition.chronic_kidney_disease"),
        ("condition.septic_shock", "condition.sepsis"),
        ("medication.apixaban", "medication.class_anticoagulant"),
        ("medication.celecoxib", "medication.class_nsaid"),
        ("medication.sacubitril_valsartan", "medication.class_renin_angiotensin_inhibitor"),
        ("allergy.amoxicillin", "allergy.beta_lactams"),
        ("family_history.breast_cancer_male", "family_history.cancer"),
        ("germline.MSH2", "germline.lynch_gene"),
    ],
)
def test_narrower_facts_imply_broader_ones(narrow: str, broad: str) -> None:
    assert broad in vocabulary().consequences(narrow, True)
    assert narrow in vocabulary().consequences(broad, False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("condition.stroke", "condition.ascvd"),
        ("medication.losartan", "medication.class_ace_inhibitor"),
        ("medication.finerenone", "medication.class_steroidal_mra"),
        ("medication.azithromycin", "medication.class_cyp3a4_inhibitor_strong"),
        ("medication.rosuvastatin", "medication.class_statin_cyp3a4"),
    ],
)
def test_facts_that_must_not_imply_each_other(one: str, other: str) -> None:
    assert other not in vocabulary().consequences(one, True)
