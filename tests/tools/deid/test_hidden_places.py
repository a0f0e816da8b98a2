"""Places of files in which nobody looks for a name: file heads, addresses, attachments, records, remarks of models."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pydicom
import pytest

from knowledge.errors import BadInput
from tests.security.hostile.families import PDB, VCF
from tests.tools.deid.test_formats import CANARY, header, surrogates, write_dicom
from tools.deid.dicom import deidentify_dataset, deidentify_files
from tools.deid.fhir import deidentify_fhir
from tools.deid.folder import deidentify_case
from tools.deid.structure import deidentify_structure
from tools.deid.vcf import deidentify_vcf

ENCODED = base64.b64encode(CANARY.encode()).decode()
ATTACHMENT = {"contentType": "text/plain", "data": ENCODED, "url": f"http://{CANARY}/a.pdf", "title": CANARY}


def test_the_head_of_a_dicom_file_names_no_sender_and_no_address(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm")
    data = pydicom.dcmread(tmp_path / "a.dcm")
    data.preamble = CANARY.encode().ljust(128, b"\0")
    data.file_meta.ImplementationVersionName = CANARY
    for element in (0x0026, 0x0027, 0x0028):
        data.file_meta.add_new(0x00020000 + element, "UR", f"http://{CANARY}/")
    data.save_as(tmp_path / "b.dcm")
    pairs = [[str(tmp_path / "b.dcm"), str(tmp_path / "out.dcm"), "b.dcm"]]
    assert deidentify_files(pairs, surrogates().to_json())["written"] == ["b.dcm"]
    assert CANARY.lower().encode() not in (tmp_path / "out.dcm").read_bytes().lower()
    assert pydicom.dcmread(tmp_path / "out.dcm").Rows == 2


@pytest.mark.parametrize(
    ("tag", "kind", "value"),
    [
        (0x00081190, "UR", f"http://{CANARY}/studies"),  # Retrieve URL
        (0x0040E010, "UR", f"http://{CANARY}/wado"),  # Retrieve URI
        (0x00081195, "UI", "1.2.3.77"),  # Transaction UID
        (0x00102160, "SH", f"Mr {CANARY}"),  # Ethnic Group, kept as a characteristic
        (0x00100032, "TM", "031500"),  # Patient's Birth Time
        (0x00100030, "DA", "19600102"),  # Patient's Birth Date
        (0x60001500, "LO", CANARY),  # Overlay Label
        (0x60003000, "OW", CANARY.encode()),
        (0x50003000, "OW", CANARY.encode()),
    ],
)
def test_addresses_births_and_overlays_do_not_stay(tag: int, kind: str, value: Any) -> None:
    data = header()
    data.add_new(tag, kind, value)
    deidentify_dataset(data, surrogates())
    left = str(data[tag].value) if tag in data else ""
    assert left != str(value)
    assert CANARY.lower() not in str(data).lower()


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "DiagnosticReport", "presentedForm": [ATTACHMENT]},
        {"resourceType": "Media", "content": ATTACHMENT},
        {"resourceType": "Binary", "contentType": "text/plain", "data": ENCODED},
        {"resourceType": "DocumentReference", "content": [{"attachment": {"url": f"http://{CANARY}"}}]},
        {"resourceType": "Communication", "payload": [{"contentAttachment": {"url": f"http://{CANARY}"}}]},
        {"resourceType": "Consent", "sourceAttachment": {"data": ENCODED}},
        {"resourceType": "Patient", "extension": [{"url": "x", "valueAttachment": {"data": ENCODED}}]},
        {"resourceType": "Patient", "extension": [{"url": "x", "valueBase64Binary": ENCODED}]},
        {"resourceType": "Patient", "extension": [{"url": "x", "valueIdentifier": {"value": f"{CANARY}-1"}}]},
        {"resourceType": "Patient", "extension": [{"url": "x", "valueAddress": {"city": CANARY}}]},
        {"resourceType": "Patient", "extension": [{"url": "x", "valueUri": f"urn:{CANARY}"}]},
        {"resourceType": "ServiceRequest", "requisition": {"value": CANARY}},
        {"resourceType": "DocumentReference", "masterIdentifier": {"value": CANARY}},
    ],
    ids="-".join,
)
def test_fhir_keeps_no_file_and_no_number_of_a_person(resource: dict[str, Any]) -> None:
    text = json.dumps(deidentify_fhir(resource, surrogates()))
    assert CANARY.lower() not in text.lower()
    assert ENCODED not in text
    assert resource["resourceType"] in text


def test_fhir_keeps_samples_of_a_curve_and_the_address_of_an_entry() -> None:
    curve = {"resourceType": "Observation", "valueSampledData": {"dimensions": 1, "data": "1 2 3"}}
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:a", "resource": curve}]}
    (entry,) = deidentify_fhir(bundle, surrogates())["entry"]
    assert entry["fullUrl"].startswith("urn:uuid:id-")
    assert entry["resource"]["valueSampledData"]["data"] == "1 2 3"


def test_records_and_headers_of_a_vcf_keep_the_variants_only(tmp_path: Path) -> None:
    text = VCF.decode().replace("TUMOUR", CANARY).replace("\n", "\r\n")
    text = text.replace("DP=100", f"DP=100;AF=0.5;DB;NOTE={CANARY};BAM=/data/{CANARY}/x.bam;CSQ=G|missense|EGFR")
    text = text.replace("\t.\tT\tG", f"\trs121434568;{CANARY}\tT\tG")
    more = f'##INFO=<ID=DP,Number=1,Type=Integer,Description="of /data/{CANARY}/a.bam",Source="{CANARY}">\r\n'
    more += (
        f"##contig=<ID=chr1,URL=file:///home/{CANARY}/r.fa,length=248956422>\r\n##assembly=file:///{CANARY}/a.fa\r\n"
    )
    (tmp_path / "a.vcf").write_bytes(text.replace("#CHROM", f"{more}#CHROM").encode())
    names = {"source": str(tmp_path / "a.vcf"), "target": str(tmp_path / "b.vcf"), "name": "a.vcf"}
    answer = deidentify_vcf(**names, surrogates_json=surrogates().to_json())
    made = (tmp_path / "b.vcf").read_text()
    assert CANARY.lower() not in made.lower()
    assert answer["samples"] == {CANARY: "SAMPLE-1"}
    assert "##contig=<ID=chr7,length=159345973,assembly=GRCh38>" in made
    assert "##contig=<ID=chr1,length=248956422>" in made
    record = "chr7\t55191822\trs121434568\tT\tG\t50\tPASS\tDP=100;AF=0.5;DB;CSQ=G|missense|EGFR\tGT:AD\t0/1:60,40"
    assert record in made.splitlines()


PDB_HEAD = (
    f"HEADER    {CANARY}\nTITLE     MODEL OF ANNA {CANARY}\nAUTHOR    {CANARY}\nREMARK   1 /home/{CANARY}/x\n"
    f"REMARK   2 RESOLUTION.    1.90 ANGSTROMS.  {CANARY}\nEXPDTA    X-RAY DIFFRACTION\n"
)
CIF = (
    f"data_{CANARY}\n_entry.id {CANARY}\n_struct.title 'of Anna {CANARY}'\n_exptl.method 'X-RAY DIFFRACTION'\nloop_\n"
    "_atom_site.group_PDB\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n_atom_site.label_alt_id\n"
    "_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n_atom_site.label_seq_id\n"
    "_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n_atom_site.occupancy\n"
    "_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n_atom_site.pdbx_PDB_model_num\n"
    + "".join(
        f"ATOM {n} {a[0]} {a} . ALA A 1 1 ? {n}.0 2.0 3.0 1.0 20.0 1 A 1\n" for n, a in enumerate(["N", "CA", "C", "O"])
    )
)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.pdb", PDB_HEAD.encode() + PDB.replace(b"20.00      ", b"20.00 " + CANARY[:4].encode() + b" ")),
        ("a.cif", CIF.encode()),
    ],
)
def test_a_structure_keeps_its_atoms_and_its_quality_only(name: str, body: bytes, tmp_path: Path) -> None:
    from tools.protein.reading import read_structure

    source, target = tmp_path / name, tmp_path / f"out-{name}"
    source.write_bytes(body)
    deidentify_structure(str(source), str(target), name, surrogates().to_json())
    assert CANARY.lower().encode() not in target.read_bytes().lower()
    before, after = read_structure(source, name), read_structure(target, name)
    assert [r.label for r in after.residues] == [r.label for r in before.residues]
    assert (after.resolution_a, after.method) == (before.resolution_a, before.method)
    assert all((a.positions() == b.positions()).all() for a, b in zip(after.residues, before.residues, strict=True))


def test_what_is_no_structure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdb").write_bytes(b"\0\0")
    with pytest.raises(BadInput, match="binary"):
        deidentify_structure(str(tmp_path / "a.pdb"), str(tmp_path / "b.pdb"), "a.pdb", surrogates().to_json())


def test_every_text_of_the_case_file_is_read_and_its_words_stay(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(
        "format: consilium-case/1\nconditions: [{condition: hypertension told by Dr Anna Quillfeather}]\n"
        "medications: [{drug: clopidogrel for Mrs Anna Quillfeather, status: current}]\n"
        "allergies: [{substance: penicillin says Mrs Anna Quillfeather, severity: severe}]\n"
        "family_history: [{relation: mother, condition: breast cancer of Mrs Anna Quillfeather}]\n"
        "tumour: {stage: IIIA}\nbiomarkers: {egfr: L858R}\n"
        "observations: [{fact: lab.creatinine, value: 0.9, unit: mg/dL}]\n"
    )
    deidentify_case(folder, tmp_path / "out", surrogates())
    text = (tmp_path / "out" / "case.yaml").read_text()
    assert CANARY.lower() not in text.lower()
    for word in (
        "hypertension",
        "clopidogrel",
        "penicillin",
        "mother",
        "breast cancer",
        "IIIA",
        "L858R",
        "mg/dL",
        "severe",
    ):
        assert word in text
