"""Broken case folders: each ends in a `BadInput` that names file, place, and what is accepted."""

from __future__ import annotations

import gzip
import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import BadInput
from tools.intake import read_case

HEAD = "format: consilium-case/1\n"
YAML_CASES = {
    "empty": ("", "the whole file"),
    "a list": ("- a\n- b\n", "the whole file"),
    "no format": ("patient: {sex: male}\n", "format"),
    "another format": ("format: consilium-case/2\n", "format"),
    "not yaml": (HEAD + "patient: {sex: male\n", "line"),
    "tab": (HEAD + "\tpatient: x\n", "line 2"),
    "unknown key": (HEAD + "pacient: {sex: male}\n", "pacient"),
    "unknown key deeper": (HEAD + "patient: {gender: male}\n", "patient.gender"),
    "key twice": (HEAD + "date: 2026-01-01\ndate: 2026-01-02\n", "line 3"),
    "python tag": (HEAD + "question: !!python/object/apply:os.system ['true']\n", "line 2"),
    "alias": (HEAD + "question: &a x\nconditions: [{condition: *a}]\n", "line 3"),
    "sex": (HEAD + "patient: {sex: unknown}\n", "patient.sex"),
    "age as text": (HEAD + "patient: {age_years: sixty}\n", "patient.age_years"),
    "age in quotes": (HEAD + "patient: {age_years: '64'}\n", "patient.age_years"),
    "age of 200": (HEAD + "patient: {age_years: 200}\n", "patient.age_years"),
    "negative age": (HEAD + "patient: {age_years: -1}\n", "patient.age_years"),
    "age not a number": (HEAD + "patient: {age_years: .nan}\n", "patient.age_years"),
    "infinite value": (
        HEAD + "observations: [{fact: lab.creatinine, value: .inf, unit: mg/dL}]\n", "observations[0].value"
    ),
    "date": (HEAD + "date: 12.10.2026\n", "date"),
    "impossible date": (HEAD + "date: 2026-02-30\n", ""),
    "unknown fact": (HEAD + "observations: [{fact: lab.creatinin, value: 1, unit: mg/dL}]\n", "observations[0].fact"),
    "no unit": (HEAD + "observations: [{fact: lab.creatinine, value: 1}]\n", "observations[0]"),
    "wrong unit": (HEAD + "observations: [{fact: lab.creatinine, value: 1, unit: kg}]\n", "observations[0]"),
    "unit is nonsense": (HEAD + "observations: [{fact: lab.creatinine, value: 1, unit: blorp}]\n", "observations[0]"),
    "swapped unit": (HEAD + "observations: [{fact: lab.creatinine, value: 88, unit: mg/dL}]\n", "observations[0]"),
    "value as text": (HEAD + "observations: [{fact: lab.creatinine, value: high, unit: mg/dL}]\n", "observations[0]"),
    "no value": (HEAD + "observations: [{fact: lab.creatinine, unit: mg/dL}]\n", "observations[0].value"),
    "yes for a number": (HEAD + "observations: [{fact: lab.creatinine, value: yes, unit: mg/dL}]\n", "observations[0]"),
    "code not listed": (HEAD + "observations: [{fact: smoking.status, value: sometimes}]\n", "observations[0]"),
    "fraction of a whole number": (HEAD + "observations: [{fact: patient.ecog, value: 1.5}]\n", "observations[0]"),
    "ECOG of 9": (HEAD + "observations: [{fact: patient.ecog, value: 9}]\n", "observations[0]"),
    "observations as text": (HEAD + "observations: none\n", "observations"),
    "condition without name": (HEAD + "conditions: [{present: true}]\n", "conditions[0].condition"),
    "status of a drug": (HEAD + "medications: [{drug: aspirin, status: maybe}]\n", "medications[0].status"),
    "severity": (HEAD + "allergies: [{substance: latex, severity: awful}]\n", "allergies[0].severity"),
    "tumour key": (HEAD + "tumour: {colour: red}\n", "tumour.colour"),
    "tumour type": (HEAD + "tumour: {type: unicorn}\n", "tumour.type"),
    "biomarker without unit": (HEAD + "biomarkers: {pd_l1_tps: high}\n", "biomarkers.pd_l1_tps"),
    "assembly": (HEAD + "variants: {file: a.vcf, assembly: hg19}\n", "variants[0].assembly"),
    "variant file missing": (HEAD + "variants: {file: a.vcf, assembly: GRCh38}\n", "variants[0].file"),
    "path up": (HEAD + "variants: {file: ../a.vcf, assembly: GRCh38}\n", "variants[0].file"),
    "absolute path": (HEAD + "imaging: {folder: /etc}\n", "imaging[0]"),
    "no scan": (HEAD + "imaging: {folder: imaging}\n", "imaging[0]"),
    "two paths": (HEAD + "imaging: {folder: imaging, file: x.nii}\n", "imaging[0]"),
    "note missing": (HEAD + "notes: {file: notes/a.md}\n", "notes[0].file"),
    "deep nesting": (HEAD + "question: " + "[" * 3000 + "]" * 3000 + "\n", ""),
    "long text": (HEAD + f"question: {'a' * 5000}\n", "question"),
}  # fmt: skip


THROUGH_THE_CHILD = {"deep nesting", "python tag", "alias", "infinite value", "age as text"}


def call_here(function_path: str, args: dict[str, Any], **_: Any) -> Any:
    """What the limited child does, without the child, so that the table of cases runs quickly."""
    module, name = function_path.split(":")
    return getattr(importlib.import_module(module), name)(**args)


@pytest.mark.parametrize("name", YAML_CASES)
def test_a_broken_case_yaml_is_refused_with_its_place(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name not in THROUGH_THE_CHILD:
        monkeypatch.setattr("tools.intake.read.run_limited", call_here)
    text, place = YAML_CASES[name]
    (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_case(tmp_path)
    assert error.value.file == "case.yaml"
    assert error.value.place.startswith(place)
    assert error.value.accepted
    assert str(tmp_path) not in str(error.value)


BUNDLE = {"resourceType": "Bundle", "entry": []}
FHIR_CASES: dict[str, tuple[str, bytes]] = {
    "not json": ("a.json", b"{"),
    "not utf-8": ("a.json", b'{"resourceType": "Patient", "id": "\xff"}'),
    "not gzip": ("a.json.gz", b"{}"),
    "cut gzip": ("a.json.gz", gzip.compress(json.dumps(BUNDLE).encode() * 50)[:40]),
    "no resource type": ("a.json", b"{}"),
    "a list": ("a.json", b"[]"),
    "entry is text": ("a.json", b'{"resourceType": "Bundle", "entry": "x"}'),
    "entry without resource": ("a.json", b'{"resourceType": "Bundle", "entry": [{}]}'),
    "birth date": ("a.json", b'{"resourceType": "Patient", "birthDate": "long ago"}'),
    "code is text": ("a.json", b'{"resourceType": "Condition", "code": "diabetes"}'),
    "deep": ("a.json", b'{"resourceType": "Patient", "extension": ' + b"[" * 100000 + b"]" * 100000 + b"}"),
    "not a number": ("a.json", b'{"resourceType": "Observation", "valueQuantity": {"value": NaN}}'),
}  # fmt: skip


@pytest.mark.parametrize("name", FHIR_CASES)
def test_a_broken_fhir_file_is_refused(tmp_path: Path, name: str) -> None:
    file, body = FHIR_CASES[name]
    (tmp_path / "fhir").mkdir()
    (tmp_path / "fhir" / file).write_bytes(body)
    with pytest.raises(BadInput) as error:
        read_case(tmp_path)
    assert error.value.file == f"fhir/{file}"
    assert error.value.accepted


@pytest.mark.hazard("HAZ-14")
def test_two_patients_in_one_bundle_are_refused(tmp_path: Path) -> None:
    entries = [{"resource": {"resourceType": "Patient", "id": identity}} for identity in ("a", "b")]
    (tmp_path / "fhir").mkdir()
    (tmp_path / "fhir" / "a.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    with pytest.raises(BadInput, match="second patient"):
        read_case(tmp_path)


def test_a_gzip_bomb_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "fhir").mkdir()
    member = gzip.compress(b" " * 2**20)
    (tmp_path / "fhir" / "bomb.json.gz").write_bytes(member * 600)  # 600 MiB in 0.6 MB
    with pytest.raises(BadInput, match="memory"):
        read_case(tmp_path)


def test_a_missing_folder_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(BadInput):
            read_case(folder)


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "case"
    (inside / "notes").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    link = inside / "notes" / "a.txt"
    for target in (tmp_path / "secret.txt", tmp_path / "nothing"):
        link.symlink_to(target)
        with pytest.raises(BadInput, match="link"):
            read_case(inside)
        link.unlink()
    (inside / "more").symlink_to(inside / "notes")
    with pytest.raises(BadInput, match="link"):
        read_case(inside)


def test_pipes_are_refused_and_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.vcf")
    with pytest.raises(BadInput, match="plain file"):
        read_case(tmp_path)


@pytest.mark.parametrize(
    ("body", "place"),
    [(b"caf\xe9", "byte 3"), (b"a\nb\0c", "line 2"), (b"\xff\xfeh\0i\0", "byte 0"), (b"\x89PNG\x1a", "")],
)
def test_a_note_that_is_not_text_is_refused(tmp_path: Path, body: bytes, place: str) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_bytes(body)
    with pytest.raises(BadInput) as error:
        read_case(tmp_path)
    assert error.value.place.startswith(place)


def test_a_note_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_bytes(b"a" * (2 * 1024 * 1024 + 1))
    with pytest.raises(BadInput, match="at most 2 MiB"):
        read_case(tmp_path)


def test_folders_nested_too_deeply_are_refused(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 10)
    deep.mkdir(parents=True)
    (deep / "a.vcf").write_text("x")
    with pytest.raises(BadInput, match="deeply"):
        read_case(tmp_path)


@pytest.mark.parametrize("name", [b"a\xff.vcf", b"a\nb.vcf", b"a\x1b[31m.vcf"])
def test_a_file_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: bytes) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "wb"):
        pass
    with pytest.raises(BadInput) as error:
        read_case(tmp_path)
    assert error.value.file.isprintable()


def test_only_the_case_file_itself_is_the_case_file(tmp_path: Path) -> None:
    (tmp_path / "mycase.yaml").write_text("- not a case")
    (tmp_path / "a.vcf").write_text("##fileformat=VCFv4.2")
    assert "mycase.yaml" in read_case(tmp_path).warnings[-1]
