"""A whole folder becomes a typed case, each item with its place."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import BadInput
from knowledge.factbook import Authority
from tests.knowledge.ingest import files as document_files
from tools.case import Case, CaseField
from tools.evidence import fact_book
from tools.intake import case_evidence, read, read_case

EXAMPLE = Path(__file__).resolve().parents[3] / "evals" / "example" / "lung-nodule"


@pytest.fixture(scope="module")
def example() -> Case:
    return read_case(EXAMPLE)


def test_the_example_case_is_read_without_a_warning(example: Case) -> None:
    assert example.warnings == ()
    assert example.synthetic
    assert example.as_of == dt.date(2026, 10, 12)
    assert (example.patient.age_years, example.patient.sex) == (66.0, "female")


def test_attachments_have_handles_hashes_and_what_case_yaml_says(example: Case) -> None:
    scan = example.attachment("imaging-1")
    assert scan is not None
    assert (scan.modality, scan.body_part, scan.prompts[0].point_voxel) == ("CT", "chest", (54, 76, 88))
    germline, tumour = example.of_kind("variants")
    assert (germline.origin, germline.assembly, tumour.origin) == ("germline", "GRCh38", "somatic")
    assert all(len(item.sha256) == 64 for item in example.attachments)


def test_paths_are_never_serialised(example: Case) -> None:
    assert str(EXAMPLE.parent) not in example.model_dump_json()


def test_drugs_conditions_allergies_and_relatives_become_facts(example: Case) -> None:
    book = fact_book(case_evidence(example))
    assert book.value("medication.clopidogrel") is True
    assert book.value("condition.diabetes") is True  # follows from type 2 diabetes
    assert book.value("condition.interstitial_lung_disease") is False
    assert book.value("allergy.penicillins") is True
    assert book.value("family_history.breast_cancer_under_50") is True
    assert book.value("tumour.type") == "lung_adenocarcinoma"
    assert book.value("biomarker.pd_l1_tps") == 60


def test_evidence_is_structured_and_names_its_place(example: Case) -> None:
    evidence = case_evidence(example)
    assert len({item.id for item in evidence}) == len(evidence)
    assert {item.authority for item in evidence} == {Authority.STRUCTURED}
    creatinine = next(item for item in evidence if item.fact("lab.creatinine"))
    assert creatinine.claim == "The serum creatinine was 0.9 mg/dL on 2026-10-10."
    assert creatinine.locator == CaseField(handle="case", path="observations[11]")


def test_the_same_folder_gives_the_same_case_and_evidence(example: Case) -> None:
    again = read_case(EXAMPLE)
    assert again == example
    assert [item.id for item in case_evidence(again)] == [item.id for item in case_evidence(example)]


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "case.yaml").write_text("format: consilium-case/1\n" + text, encoding="utf-8")
    return folder


def test_a_proposed_drug_is_kept_but_is_no_fact(tmp_path: Path) -> None:
    case = read_case(
        write(tmp_path, "medications: [{drug: warfarin, status: proposed}, {drug: aspirin, status: stopped}]")
    )
    book = fact_book(case_evidence(case))
    assert [m.status for m in case.medications] == ["proposed", "stopped"]
    assert book.value("medication.warfarin") is None
    assert book.value("medication.aspirin") is False


def test_names_in_chinese_and_codes_are_understood(tmp_path: Path) -> None:
    text = "conditions: [{condition: 高血压}, {condition: I48}]\nmedications: [{drug: 氯吡格雷}]"
    case = read_case(write(tmp_path, text))
    assert [c.fact for c in case.conditions] == ["condition.hypertension", "condition.atrial_fibrillation"]
    assert case.medications[0].fact == "medication.clopidogrel"


def test_an_unknown_condition_is_kept_as_text_with_a_warning(tmp_path: Path) -> None:
    case = read_case(write(tmp_path, "conditions: [{condition: laryngeal wibble}]"))
    assert (case.conditions[0].text, case.conditions[0].fact) == ("laryngeal wibble", None)
    assert "conditions[0]" in case.warnings[0]


def test_a_second_degree_relative_gives_no_first_degree_fact(tmp_path: Path) -> None:
    case = read_case(write(tmp_path, "family_history: [{relation: aunt, condition: breast cancer, age_years: 40}]"))
    assert case.family_history[0].fact is None


def test_a_variant_file_without_assembly_is_kept_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "patient.vcf").write_text("##fileformat=VCFv4.2\n", encoding="utf-8")
    case = read_case(tmp_path)
    assert case.attachments[0].assembly is None
    assert "assembly is not named" in case.warnings[0]


def test_files_of_unknown_kinds_are_named_in_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "synthetic: true")
    (tmp_path / "slides.pptx").write_bytes(b"x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    assert read_case(tmp_path).warnings == ("Not read, because the kind of file is not known here: slides.pptx.",)


def test_notes_carry_date_and_language(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "visit.md").write_text("Date: 2026-03-04\nAll well.", encoding="utf-8")
    (notes / "2026-05-06-门诊.txt").write_text("患者，男，65岁。咳嗽两周。", encoding="utf-8")
    (notes / "windows.txt").write_bytes("\ufeffone\r\ntwo".encode())
    by_title = {note.title: note for note in read_case(tmp_path).notes}
    assert by_title["visit"].date == dt.date(2026, 3, 4)
    assert (by_title["2026-05-06-门诊"].language, by_title["2026-05-06-门诊"].date) == ("zh", dt.date(2026, 5, 6))
    assert by_title["windows"].text == "one\ntwo"


def test_ligatures_of_a_copied_note_are_spelt_out(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Atrial ﬁbrillation, eﬀusion, ﬂutter.", encoding="utf-8")
    assert read_case(tmp_path).notes[0].text == "Atrial fibrillation, effusion, flutter."


@pytest.mark.parametrize("kind", ["pdf", "docx", "html"])
def test_a_document_is_read_as_a_note_wherever_it_lies(tmp_path: Path, kind: str) -> None:
    make = {"pdf": document_files.pdf, "docx": document_files.docx, "html": document_files.html}[kind]
    said = "give the usual dose here" if kind == "pdf" else document_files.FIRST[0]
    (tmp_path / "notes").mkdir()
    make(tmp_path / f"letter.{kind}")
    make(tmp_path / "notes" / f"older.{kind}")
    case = read_case(tmp_path)
    assert [note.title for note in case.notes] == ["letter", "older"]
    assert case.notes[0].text == case.notes[1].text
    assert said in case.notes[0].text
    assert read_case(tmp_path / f"letter.{kind}").notes[0].text == case.notes[0].text


def test_a_document_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(BadInput, match=r"letter\.pdf"):
        read_case(tmp_path)


def test_what_is_no_text_in_a_document_is_shown_as_such(tmp_path: Path) -> None:
    (tmp_path / "letter.html").write_bytes(b"<html><p>Dose \x01\x1b5 mg, BP 120\x0e/80</p></html>")
    assert read_case(tmp_path).notes[0].text == "Dose \ufffd\ufffd5 mg, BP 120\ufffd/80"


def test_a_document_of_too_much_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "letter.html").write_text(f"<html><p>{'word ' * 500_000}</p></html>", encoding="utf-8")
    with pytest.raises(BadInput, match=r"letter\.html.*characters"):
        read_case(tmp_path)


def test_a_folder_whose_notes_take_too_long_is_refused_with_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("All well.", encoding="utf-8")
    monkeypatch.setattr(read, "NOTES_SECONDS", -1.0)
    with pytest.raises(BadInput, match=r"0\.txt.*fewer"):
        read_case(tmp_path)


def test_the_date_on_the_first_line_is_the_date_of_the_note(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Oncology clinic, 2026-09-14\nNo complaints since 2026-01-01.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("Jane, born 1950-02-03\nNo complaints.", encoding="utf-8")
    (tmp_path / "c.txt").write_text("Seen on 2026-01-01 and 2026-02-02.\nNo complaints.", encoding="utf-8")
    assert [note.date for note in read_case(tmp_path).notes] == [dt.date(2026, 9, 14), None, None]


def test_an_empty_note_is_kept_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("", encoding="utf-8")
    assert "empty" in read_case(tmp_path).warnings[0]


def test_dicom_folders_and_nifti_files_become_scans(tmp_path: Path) -> None:
    series = tmp_path / "imaging" / "series"
    series.mkdir(parents=True)
    for number in (1, 2, 10):
        (series / f"IM{number}").write_bytes(b"\0" * 128 + b"DICM" + bytes([number]))
    (tmp_path / "imaging" / "mr.nii").write_bytes(b"n")
    case = read_case(tmp_path)
    assert [(a.handle, a.name) for a in case.of_kind("imaging")] == [
        ("imaging-1", "imaging/mr.nii"),
        ("imaging-2", "imaging/series"),
    ]


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": {"subject": {"reference": "Patient/p1"}, **r}} for r in resources]
    patient = {"resource": {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1960-05-20"}}
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [patient, *entries]}).encode()


def fhir_case(folder: Path, *resources: dict[str, Any]) -> Case:
    (folder / "fhir").mkdir()
    (folder / "fhir" / "b.json.gz").write_bytes(gzip.compress(bundle(*resources)))
    return read_case(folder)


def code(system: str, value: str, text: str = "") -> dict[str, Any]:
    systems = {"loinc": "http://loinc.org", "sct": "http://snomed.info/sct", "icd": "http://hl7.org/fhir/sid/icd-10-cm"}
    return {"coding": [{"system": systems[system], "code": value}], "text": text}


def test_fhir_birth_date_gives_the_age_on_the_latest_day(tmp_path: Path) -> None:
    day = {"resourceType": "Observation", "status": "final", "code": code("loinc", "2160-0"),
           "valueQuantity": {"value": 1.1, "code": "mg/dL"}, "effectiveDateTime": "2020-05-19T10:00:00Z"}  # fmt: skip
    case = fhir_case(tmp_path, day)
    assert case.patient.age_years == 59  # the birthday is on the next day
    assert case.patient.sex == "male"
    assert case.patient.id != "p1"


def test_blood_pressure_components_are_two_facts(tmp_path: Path) -> None:
    parts = [
        {"code": code("loinc", "8480-6"), "valueQuantity": {"value": 142, "unit": "mmHg", "code": "mm[Hg]"}},
        {"code": code("loinc", "8462-4"), "valueQuantity": {"value": 88, "unit": "mmHg", "code": "mm[Hg]"}},
    ]
    panel = {
        "resourceType": "Observation",
        "id": "bp",
        "status": "final",
        "code": code("loinc", "85354-9"),
        "component": parts,
    }
    book = fact_book(case_evidence(fhir_case(tmp_path, panel)))
    assert (book.value("vital.systolic_bp"), book.value("vital.diastolic_bp")) == (142, 88)


@pytest.mark.parametrize(
    ("change", "fact_expected", "present"),
    [
        ({}, "condition.diabetes_type_2", True),
        ({"clinicalStatus": code("sct", "resolved")}, None, True),
        ({"verificationStatus": code("sct", "refuted")}, "condition.diabetes_type_2", False),
        ({"verificationStatus": code("sct", "provisional")}, None, True),
    ],
)
def test_the_status_of_a_condition_decides_whether_it_is_a_fact(
    tmp_path: Path, change: dict[str, Any], fact_expected: str | None, present: bool
) -> None:
    case = fhir_case(
        tmp_path, {"resourceType": "Condition", "id": "c", "code": code("icd", "E11.65", "T2DM"), **change}
    )
    assert (case.conditions[0].fact, case.conditions[0].present) == (fact_expected, present)


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"status": "entered-in-error", "valueQuantity": {"value": 1, "code": "mg/dL"}}, "entered-in-error"),
        ({"status": "final", "valueQuantity": {"value": 88, "code": "mg/dL"}}, "not a plausible value"),
        (
            {"status": "final", "valueQuantity": {"value": 1, "code": "mg/dL", "comparator": "<"}},
            "without an exact value",
        ),
        ({"status": "final", "valueQuantity": {"value": 1, "code": "kg"}}, "cannot be given in 'kg'"),
        ({"status": "final", "valueQuantity": {"value": 1}}, "needs a unit"),
        (
            {"status": "final", "subject": {"reference": "Patient/other"}, "valueQuantity": {"value": 1}},
            "another patient",
        ),
    ],
)
def test_a_creatinine_that_cannot_be_used_is_left_out_with_a_warning(
    tmp_path: Path, resource: dict[str, Any], reason: str
) -> None:
    case = fhir_case(tmp_path, {"resourceType": "Observation", "id": "o", "code": code("loinc", "2160-0"), **resource})
    assert not [o for o in case.observations if o.fact.name == "lab.creatinine"]
    assert any(reason in warning for warning in case.warnings)


def test_combination_products_give_each_drug(tmp_path: Path) -> None:
    request = {
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
        "medicationCodeableConcept": {"text": "Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet"},
    }  # fmt: skip
    facts = {m.fact for m in fhir_case(tmp_path, request).medications}
    assert any(fact and "amoxicillin" in fact for fact in facts)


def test_fhir_family_history_and_allergies(tmp_path: Path) -> None:
    member = {
        "resourceType": "FamilyMemberHistory", "id": "f", "status": "completed", "patient": {"reference": "Patient/p1"},
        "relationship": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]},
        "condition": [{"code": {"text": "Ovarian cancer"}, "onsetAge": {"value": 51, "unit": "a", "code": "a"}}],
    }  # fmt: skip
    allergy = {
        "resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p1"},
        "code": {"text": "Penicillin"}, "reaction": [{"manifestation": [{"text": "Hives"}], "severity": "severe"}],
    }  # fmt: skip
    case = fhir_case(tmp_path, member, allergy)
    relative = case.family_history[0]
    assert (relative.relation, relative.fact, relative.age_at_onset_years) == (
        "mother",
        "family_history.ovarian_cancer",
        51,
    )
    found = case.allergies[0]
    assert (found.fact, found.reaction, found.severity) == ("allergy.penicillins", "Hives", "severe")


@pytest.mark.parametrize("name", ["²", "scan ③", "①-note", "note-٣"])
def test_a_file_name_with_digits_that_are_no_ascii_ones_is_a_name_like_any_other(name: str, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("format: consilium-case/1\npatient: {id: p}\n", encoding="utf-8")
    (tmp_path / f"{name}.txt").write_text("Date: 2026-10-12\n\nNo chest pain.\n", encoding="utf-8")
    assert [note.text for note in read_case(tmp_path).notes] == ["Date: 2026-10-12\n\nNo chest pain.\n"]
