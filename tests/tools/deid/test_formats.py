"""DICOM, VCF, FHIR, NIfTI and whole case folders."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from knowledge.errors import BadInput, ToolFailed
from tests.security.hostile.families import pdf
from tools.deid.burned import burned_in
from tools.deid.dicom import action_of, deidentify_dataset, deidentify_files, shows_face
from tools.deid.fhir import deidentify_fhir
from tools.deid.folder import deidentify_case
from tools.deid.surrogates import Surrogates
from tools.deid.vcf import deidentify_vcf
from tools.intake.read import read_case

CANARY = "Quillfeather"


def surrogates() -> Surrogates:
    return Surrogates(b"k" * 32, dt.date(2026, 10, 1))


def header(**changes: Any) -> Dataset:
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, "1.2.3.4"
    data.Modality, data.PatientName, data.PatientID = "CT", f"{CANARY}^Anna", "HN-889123"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "19600102", "F", "066Y"
    data.StudyDate, data.StudyTime, data.AcquisitionDateTime = "20261001", "101500", "20261001101500.000"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.3.5"
    data.InstitutionName, data.ReferringPhysicianName = f"{CANARY} Hospital", f"Dr {CANARY}"
    data.AccessionNumber, data.StudyDescription = "ACC-77123", f"CT for {CANARY}"
    data.OperatorsName, data.StationName = CANARY, f"{CANARY}-CT1"
    data.Rows = data.Columns = 2
    item = Dataset()
    item.ReferencedSOPInstanceUID, item.ReferencedSOPClassUID = "1.2.3.9", CTImageStorage
    data.ReferencedImageSequence = [item]
    data.add_new(0x00091001, "LO", CANARY)
    for name, value in changes.items():
        setattr(data, name, value)
    return data


def test_header_actions_of_the_profile_are_taken() -> None:
    data = header()
    deidentify_dataset(data, surrogates())
    assert CANARY.lower() not in str(data).lower()
    assert not any(element.tag.is_private for element in data)
    assert data.get("InstitutionName") == "REMOVED"
    assert data.AccessionNumber == ""
    assert data.PatientSex == "F"
    assert data.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in data.DeidentificationMethodCodeSequence] == ["113100", "113107", "113108"]


def test_uids_stay_linked_and_dates_keep_their_intervals() -> None:
    one, two = header(), header(SOPInstanceUID="1.2.3.9", StudyDate="20261029")
    same = surrogates()
    deidentify_dataset(one, same)
    deidentify_dataset(two, same)
    assert one.StudyInstanceUID == two.StudyInstanceUID != "1.2.3"
    assert one.ReferencedImageSequence[0].ReferencedSOPInstanceUID == two.SOPInstanceUID
    first, second = (dt.date.fromisoformat(data.StudyDate) for data in (one, two))
    assert second - first == dt.timedelta(28)


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(("age", "born"), [("095Y", "19310102"), ("95", "1931.01.02"), ("95Y", "1931")])
def test_an_age_over_89_is_capped_in_the_header(age: str, born: str) -> None:
    data = header(PatientAge=age, StudyDescription="CT chest, 95Y F, mother died at 97")
    data.add_new("PatientBirthDate", "DA", born)
    deidentify_dataset(data, surrogates())
    assert (data.PatientAge, data.PatientBirthDate) == ("090Y", "")
    assert not re.search("9[5-7]", str(data.get("StudyDescription", "")))


@pytest.mark.parametrize(
    ("tag", "action"),
    [
        (0x00100010, "Z"),  # Patient's Name
        (0x00080080, "D"),  # Institution Name: X/Z/D
        (0x00080050, "Z"),  # Accession Number
        (0x0020000D, "U"),  # Study Instance UID
        (0x00321060, "X"),  # Requested Procedure Description: X/Z is stricter in later editions
        (0x50002500, "X"),  # Curve Label, a repeating group
    ],
)
def test_the_table_of_the_standard_is_read(tag: int, action: str) -> None:
    taken = action_of(tag)
    assert taken is not None
    assert taken == action or {taken, action} <= {"D", "X", "Z"}


@pytest.mark.parametrize(
    "changes",
    [
        {"BurnedInAnnotation": "YES"},
        {"Modality": "US"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
        {"ConversionType": "WSD"},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"SamplesPerPixel": 3},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_image_that_may_carry_text_is_flagged(changes: dict[str, str]) -> None:
    assert burned_in(header(**changes))
    assert burned_in(header()) is None


def test_a_head_scan_is_flagged_for_its_face() -> None:
    assert shows_face(header(BodyPartExamined="HEAD"))
    assert not shows_face(header(BodyPartExamined="CHEST"))


def write_dicom(path: Path, **changes: Any) -> None:
    data = header(**changes)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    data.save_as(path, enforce_file_format=True)


def test_a_broken_dicom_file_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "bad.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    pairs = [[str(tmp_path / "bad.dcm"), str(tmp_path / "out.dcm"), "bad.dcm"]]
    answer = deidentify_files(pairs, surrogates().to_json())
    assert list(answer["left_out"]) == ["bad.dcm"]
    assert not (tmp_path / "out.dcm").exists()


VCF = (
    "##fileformat=VCFv4.2\n##fileDate=20260901\n##reference=file:///home/quillfeather/GRCh38.fa\n"
    f"##bcftools_viewCommand=view /data/{CANARY}.vcf\n##SAMPLE=<ID={CANARY}>\n##contig=<ID=chr7>\n"
    f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{CANARY}\tNORMAL\n"
    "chr7\t55191822\t.\tT\tG\t.\tPASS\t.\tGT\t0/1\t0/0\n"
)


def test_vcf_headers_lose_paths_commands_and_sample_names(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text(VCF)
    names = {"source": str(tmp_path / "a.vcf"), "target": str(tmp_path / "b.vcf"), "name": "a.vcf"}
    answer = deidentify_vcf(**names, surrogates_json=surrogates().to_json())
    text = (tmp_path / "b.vcf").read_text()
    assert CANARY.lower() not in text.lower()
    assert "##reference=GRCh38\n" in text
    assert "SAMPLE-1\tSAMPLE-2" in text
    assert text.splitlines()[-1] == VCF.splitlines()[-1]
    assert answer["samples"] == {CANARY: "SAMPLE-1", "NORMAL": "SAMPLE-2"}


def test_a_file_that_is_no_vcf_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text("hello\n")
    with pytest.raises(BadInput, match="line 1"):
        deidentify_vcf(str(tmp_path / "a.vcf"), str(tmp_path / "b.vcf"), "a.vcf", surrogates().to_json())


PATIENT = {
    "resourceType": "Patient",
    "id": "p-1",
    "text": {"status": "generated", "div": f"<div>{CANARY}</div>"},
    "identifier": [{"system": "urn:mrn", "value": "889123"}],
    "name": [{"family": CANARY, "given": ["Anna"]}],
    "telecom": [{"value": "217-555-0143"}],
    "address": [{"city": "Decatur"}],
    "gender": "female",
    "birthDate": "1960-01-02",
}
CONDITION = {
    "resourceType": "Condition",
    "id": "c-1",
    "subject": {"reference": "Patient/p-1", "display": f"Anna {CANARY}"},
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "254637007"}], "text": "Lung cancer"},
    "onsetDateTime": "2026-09-01",
    "note": [{"text": f"Told Anna {CANARY} on 2026-09-02."}],
}


def test_fhir_keeps_the_medicine_and_the_links_only() -> None:
    made = deidentify_fhir(
        {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"resource": CONDITION}]}, surrogates()
    )
    text = json.dumps(made)
    for secret in (CANARY, "Anna", "889123", "Decatur", "555-0143", "1960-01-02", "p-1"):
        assert secret not in text
    patient, condition = (entry["resource"] for entry in made["entry"])
    assert condition["subject"] == {"reference": f"Patient/{patient['id']}"}
    assert condition["code"] == CONDITION["code"]
    assert patient["gender"] == "female"


YEARS = {"system": "http://unitsofmeasure.org", "unit": "years", "code": "a"}


@pytest.mark.parametrize(
    ("resource", "shown"),
    [
        ({"resourceType": "Patient", "birthDate": "1930"}, "1936"),
        ({"resourceType": "Patient", "birthDate": "1930-05"}, "1936"),
        ({"resourceType": "Patient", "birthDate": "1960"}, "1960"),
        ({"resourceType": "FamilyMemberHistory", "bornDate": "1931-02-03"}, "1936"),
        ({"resourceType": "FamilyMemberHistory", "deceasedAge": {"value": 97, **YEARS}}, "90"),
        ({"resourceType": "FamilyMemberHistory", "ageRange": {"low": {"value": 92, **YEARS}}}, "90"),
        ({"resourceType": "FamilyMemberHistory", "ageString": "95"}, "90+"),
        ({"resourceType": "Condition", "onsetAge": {"value": 1150, "code": "mo"}}, "90"),
        ({"resourceType": "Condition", "onsetString": "at the age of 94"}, "90+"),
        ({"resourceType": "Observation", "code": {"text": "Age"}, "valueInteger": 93}, "90"),
        ({"resourceType": "Observation", "code": {"coding": [{"code": "30525-0"}]}, "valueInteger": 93}, "90"),
        ({"resourceType": "Observation", "code": {"text": "Stage"}, "valueInteger": 93}, "93"),
        (
            {"resourceType": "Observation", "code": {"text": "weight"}, "valueQuantity": {"value": 93, "code": "kg"}},
            "93",
        ),
        ({"resourceType": "Patient", "extension": [{"url": "http://x.org/patient-age", "valueDecimal": 93}]}, "90"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(list(value)[1:])),
)
def test_fhir_shows_one_category_of_ages_over_89(resource: dict[str, Any], shown: str) -> None:
    text = json.dumps(deidentify_fhir(resource, surrogates()))
    assert re.findall(r"(?<![\d.])(?:19[36]\d|9\d\+?|1150)(?![\d-])", text) == [shown]


def test_ages_of_relatives_and_observed_ages_of_a_case_are_capped(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(
        "format: consilium-case/1\npatient: {age_years: 91.5, sex: male}\n"
        "family_history: [{relation: mother, condition: breast_cancer, age_years: 93}]\n"
        "observations: [{fact: patient.age, value: 94, unit: a}]\n"
    )
    deidentify_case(folder, tmp_path / "out", surrogates())
    text = (tmp_path / "out" / "case.yaml").read_text()
    assert re.findall(r"9\d(?:\.\d)?", text) == ["90", "90", "90"]


def a_case(folder: Path) -> Path:
    import nibabel as nib

    (folder / "notes").mkdir(parents=True)
    (folder / "imaging" / CANARY).mkdir(parents=True)
    (folder / "fhir").mkdir()
    (folder / "case.yaml").write_text(
        "format: consilium-case/1\npatient: {id: HN-889123, age_years: 95, sex: female}\ndate: 2026-10-01\n"
        f"question: What can Anna {CANARY} be given?\nvariants: {{file: {CANARY}.vcf, assembly: GRCh38, "
        f"sample: {CANARY}}}\n"
    )
    (folder / "notes" / f"{CANARY}-2026-09-30.md").write_text(f"Name: Anna {CANARY}\nSeen 2026-09-30. EGFR L858R.\n")
    (folder / f"{CANARY}.vcf").write_text(VCF)
    (folder / "fhir" / "b.json.gz").write_bytes(gzip.compress(json.dumps(PATIENT).encode()))
    write_dicom(folder / "imaging" / CANARY / "1.dcm")
    write_dicom(folder / "imaging" / CANARY / "2.dcm", BurnedInAnnotation="YES")
    image = nib.Nifti1Image(np.zeros((4, 4, 4), dtype=np.int16), np.eye(4))
    image.header["descrip"] = CANARY.encode()
    nib.save(image, folder / "imaging" / "ct.nii.gz")
    return folder


def test_a_whole_case_holds_no_identifier_and_can_still_be_read(tmp_path: Path) -> None:
    same = surrogates()
    report = deidentify_case(a_case(tmp_path / "case"), tmp_path / "out", same)
    for path in sorted((tmp_path / "out").rglob("*")):
        assert CANARY.lower() not in str(path.relative_to(tmp_path)).lower()
        body = path.read_bytes() if path.is_file() else b""
        body = gzip.decompress(body) if path.suffix == ".gz" else body
        for secret in (CANARY.lower().encode(), b"889123", b"2026-09-30", b"20261001"):
            assert secret not in body.lower(), path.name
    assert list(report.left_out) == [f"imaging/{CANARY}/2.dcm"]
    case = read_case(tmp_path / "out")
    assert case.patient.age_years == 90
    assert case.of_kind("variants")[0].sample == "SAMPLE-1"
    assert case.as_of == dt.date(2026, 10, 1) + same.shift
    assert case.notes[0].date == dt.date(2026, 9, 30) + same.shift
    assert "EGFR L858R" in case.notes[0].text


def test_names_of_files_and_of_later_notes_are_hidden_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    (folder / "notes").mkdir(parents=True)
    (folder / "case.yaml").write_text("format: consilium-case/1\nquestion: What next for quillfeather?\n")
    (folder / "notes" / "quillfeather_anna-letter.md").write_text("quillfeather is well. Mossgrove called today.\n")
    (folder / "notes" / "z.md").write_text("Name: Tilda Mossgrove\nA daughter.\n")
    same = surrogates()
    deidentify_case(folder, tmp_path / "out", same)
    body = "".join(path.read_text() for path in sorted((tmp_path / "out").rglob("*")) if path.is_file()).lower()
    for secret in ("quillfeather", "mossgrove", "tilda"):
        assert secret not in body


def test_stand_ins_of_headers_are_those_of_the_case(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    said = '##INFO=<ID=DP,Number=1,Type=Integer,Description="Called by Dr Orla Mossgrove">\n##contig'
    (folder / "a.vcf").write_text(VCF.replace("##contig", said))
    (folder / "case.yaml").write_text(
        "format: consilium-case/1\nvariants: {file: a.vcf, assembly: GRCh38, sample: Quillfeather}\n"
        "question: Ask Dr Tilda Brackenridge.\n"
    )
    same = surrogates()
    deidentify_case(folder, tmp_path / "out", same)
    text = (tmp_path / "out" / "variants-1.vcf").read_text() + (tmp_path / "out" / "case.yaml").read_text()
    assert "Orla Mossgrove" in same.restore(text)
    assert "Tilda Brackenridge" in same.restore(text)


def test_a_letter_as_pdf_becomes_a_note_without_identifiers(tmp_path: Path) -> None:
    folder, name = tmp_path / "case", f"notes/{CANARY}-2026-09-30.pdf"
    (folder / "notes").mkdir(parents=True)
    (folder / "case.yaml").write_text(f"format: consilium-case/1\nnotes: [{{file: {name}, date: 2026-09-30}}]\n")
    said = f"Name: Anna {CANARY}. EGFR L858R.".encode()
    (folder / name).write_bytes(
        pdf().replace(b"Give 10 mg daily.", said.ljust(60)).replace(b"/Length 52", b"/Length 95")
    )
    assert CANARY in read_case(folder).notes[0].text
    same = surrogates()
    deidentify_case(folder, tmp_path / "out", same)
    for path in (tmp_path / "out").rglob("*"):
        assert CANARY.lower() not in path.name.lower()
        assert not path.is_file() or CANARY.lower().encode() not in path.read_bytes().lower()
    (note,) = read_case(tmp_path / "out").notes
    assert "EGFR L858R" in note.text
    assert note.date == dt.date(2026, 9, 30) + same.shift


def test_a_note_in_another_language_stops_the_work_and_leaves_nothing(tmp_path: Path) -> None:
    folder = a_case(tmp_path / "case")
    (folder / "notes" / "b.md").write_text("Пациентка 66 лет, жалобы на кашель.")
    with pytest.raises(ToolFailed, match="script"):
        deidentify_case(folder, tmp_path / "out", surrogates())
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_a_target_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match="there already"):
        deidentify_case(a_case(tmp_path / "case"), tmp_path / "out", surrogates())
