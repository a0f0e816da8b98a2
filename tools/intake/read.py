"""`read_case`: from a folder to the typed `Case`."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from pathlib import Path, PurePosixPath
from typing import Any

from knowledge.errors import BadInput
from knowledge.facts import Fact, vocabulary
from tools.case import Attachment, Case, CaseField, ImagePrompt, Note, Observation, Patient
from tools.intake.casefile import HANDLE, describe, parts_of
from tools.intake.fhir import FhirReader
from tools.intake.folder import CaseFile, list_files, safe_path, sha256_file, sha256_files
from tools.intake.parts import Parts, age_on
from tools.intake.schema import CaseFilePart, ImagingPart, parse_case_file
from tools.intake.texts import date_of, is_note, language_of, read_note
from tools.sandbox import MIB, run_limited

_PARSERS = "tools.intake.parsers"
_YAML_BYTES, _YAML_SECONDS = 256 * MIB, 20.0
_FHIR_BYTES, _FHIR_SECONDS = 1536 * MIB, 60.0
# Documents take a second or so each; text takes none.
NOTES_SECONDS = 600.0
_ACCEPTED = "a folder with notes, case.yaml, imaging/, fhir/, a VCF or a structure file; or one such file"


def read_case(folder: Path) -> Case:
    """Read a case folder (docs/case-format.md), or one file, into a `Case`; every item has the place it came from.

    Files are hashed and named by handles; YAML, FHIR, PDF, DOCX and HTML are parsed in limited child processes; notes
    are read whole; scans, variant files and structures are left to their tools.

    Raises:
        BadInput: the folder or a file in it cannot be used; names the file, the place and what is accepted.
    """
    if not folder.exists():
        raise BadInput(folder.name or "the case folder", "the path", "there is no such folder or file", _ACCEPTED)
    files = list_files(folder)
    given = _case_file(files)
    sources = [parts_of(given, "case.yaml")] if given is not None else []
    settings = given or CaseFilePart(format="consilium-case/1")
    attachments, warnings = _attachments(folder, files, settings)
    for item in attachments:
        if item.kind == "fhir":
            sources.append(_fhir(item))
    notes, more = _notes(folder, files, settings)
    warnings += more + _unread(files) + [w for part in sources for w in part.warnings]
    if not any(item.kind not in ("unknown", "index") for item in files):
        raise BadInput("the case folder", "the folder", "it holds nothing that can be read", _ACCEPTED)
    as_of, patient, observations = _person(settings, sources, notes, warnings)
    return Case(
        id=_case_id(files),
        patient=patient,
        synthetic=settings.synthetic,
        question=settings.question,
        as_of=as_of,
        notes=tuple(notes),
        observations=tuple(observations + [o for part in sources for o in part.observations]),
        conditions=tuple(o for part in sources for o in part.conditions),
        medications=tuple(o for part in sources for o in part.medications),
        allergies=tuple(o for part in sources for o in part.allergies),
        family_history=tuple(o for part in sources for o in part.family_history),
        attachments=tuple(attachments),
        warnings=tuple(warnings),
    )


def _case_id(files: list[CaseFile]) -> str:
    """`C` and ten digits of a hash over names and sizes of all files and the content of the small ones."""
    digest = hashlib.sha256()
    for item in files:
        digest.update(f"{item.name} {item.size}\n".encode())
        if item.kind in ("case", "note", "document", "fhir"):
            digest.update(item.path.read_bytes())
    return "C" + digest.hexdigest()[:10]


def _case_file(files: list[CaseFile]) -> CaseFilePart | None:
    found = [item for item in files if item.kind == "case"]
    if len(found) > 1:
        raise BadInput(found[1].name, "the file", "there are two case files", "one case.yaml")
    if not found:
        return None
    name = found[0].name
    data = run_limited(
        f"{_PARSERS}:read_yaml_file",
        {"path": str(found[0].path), "name": name},
        reads=(found[0].path,),
        memory_bytes=_YAML_BYTES,
        seconds=_YAML_SECONDS,
        file=name,
    )
    return parse_case_file(data, name)


def _fhir(item: Attachment) -> Parts:
    resources: Any = run_limited(
        f"{_PARSERS}:read_fhir_file",
        {"path": str(item.path), "name": item.name},
        reads=(item.path,),
        memory_bytes=_FHIR_BYTES,
        seconds=_FHIR_SECONDS,
        file=item.name,
    )
    return FhirReader(item.handle, item.name).read(resources)


def _notes(folder: Path, files: list[CaseFile], settings: CaseFilePart) -> tuple[list[Note], list[str]]:
    named = {}
    for i, part in enumerate(settings.notes):
        path = safe_path(folder, part.file, f"notes[{i}].file")
        if not any(is_note(item) and item.name == path for item in files):
            raise BadInput("case.yaml", f"notes[{i}].file", "it is not a note", "text, PDF, DOCX or HTML in notes/")
        named[path] = part
    made, warnings = [], []
    until = time.monotonic() + NOTES_SECONDS
    for number, item in enumerate(filter(is_note, files), 1):
        if time.monotonic() > until:
            problem = f"reading the first {number - 1} notes took more than {NOTES_SECONDS:g} s"
            raise BadInput(item.name, "the whole file", problem, "fewer or smaller documents, or plain text")
        text, own = read_note(item), named.get(item.name)
        title = PurePosixPath(item.name).stem
        if not text.strip():
            warnings.append(f"{item.name}: the note is empty.")
        made.append(
            Note(
                handle=f"note-{number}",
                title=title,
                text=text,
                date=(own.date if own else None) or date_of(title, text),
                language=(own.language if own else None) or language_of(text),
            )
        )
    return made, warnings


def _unread(files: list[CaseFile]) -> list[str]:
    found = [item.name for item in files if item.kind == "unknown"]
    shown = ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
    return [f"Not read, because the kind of file is not known here: {shown}."] if found else []


def _attachments(folder: Path, files: list[CaseFile], settings: CaseFilePart) -> tuple[list[Attachment], list[str]]:
    warnings: list[str] = []
    made = _imaging(folder, files, settings)
    made += _variants(folder, files, settings, warnings)
    for kind, handle in (("structure", "structure"), ("fhir", "fhir")):
        for number, item in enumerate((f for f in files if f.kind == kind), 1):
            made.append(
                Attachment(
                    handle=f"{handle}-{number}",
                    kind="structure" if kind == "structure" else "fhir",
                    name=item.name,
                    sha256=sha256_file(item.path),
                    path=item.path,
                )
            )
    return made, warnings


def _imaging(folder: Path, files: list[CaseFile], settings: CaseFilePart) -> list[Attachment]:
    """One attachment for each NIfTI file and each folder that directly holds DICOM files."""
    groups: dict[str, list[CaseFile]] = {}
    for item in files:
        if item.kind == "nifti":
            groups[item.name] = [item]
        elif item.kind == "dicom":
            groups.setdefault(PurePosixPath(item.name).parent.as_posix(), []).append(item)
    described: dict[str, tuple[int, ImagingPart]] = {}
    for i, part in enumerate(settings.imaging):
        given = [path for path in (part.path, part.folder, part.file) if path is not None]
        if len(given) != 1:
            raise BadInput("case.yaml", f"imaging[{i}]", "it must name one path", "folder: … or file: …")
        name = safe_path(folder, given[0], f"imaging[{i}]")
        if name not in groups:
            accepted = ", ".join(groups) or "a NIfTI file or a folder of DICOM files"
            raise BadInput("case.yaml", f"imaging[{i}]", "no scan is there", accepted)
        described[name] = (i, part)
    made = []
    for number, (name, members) in enumerate(groups.items(), 1):
        i, part = described.get(name, (0, ImagingPart()))
        made.append(
            Attachment(
                handle=f"imaging-{number}",
                kind="imaging",
                name=name,
                sha256=sha256_files(members),
                path=members[0].path if members[0].kind == "nifti" else members[0].path.parent,
                modality=part.modality,
                body_part=part.body_part,
                acquired=part.acquired,
                prompts=tuple(_prompt(p.model_dump(), f"imaging[{i}]") for p in part.prompts),
            )
        )
    return made


def _prompt(given: dict[str, Any], place: str) -> ImagePrompt:
    if sum(given[key] is not None for key in ("point_voxel", "point_world_mm", "box_voxels")) != 1:
        problem = "a prompt has one place"
        raise BadInput("case.yaml", f"{place}.prompts", problem, "one of point_voxel, point_world_mm, box_voxels")
    return ImagePrompt(**given)


def _variants(folder: Path, files: list[CaseFile], settings: CaseFilePart, warnings: list[str]) -> list[Attachment]:
    described = {}
    present = {item.name: item for item in files if item.kind == "variants"}
    for i, part in enumerate(settings.variants):
        name = safe_path(folder, part.file, f"variants[{i}].file")
        if name not in present:
            raise BadInput("case.yaml", f"variants[{i}].file", "it is not a variant file", "a .vcf or .vcf.gz file")
        described[name] = part
    made = []
    for number, (name, item) in enumerate(present.items(), 1):
        found = described.get(name)
        if found is None or found.assembly is None:
            warnings.append(
                f"{name}: the genome assembly is not named, so its variants cannot be read. Add to case.yaml: "
                f"variants: [{{file: {name}, assembly: GRCh38}}] (or GRCh37)."
            )
        made.append(
            Attachment(
                handle=f"variants-{number}",
                kind="variants",
                name=name,
                sha256=sha256_file(item.path),
                path=item.path,
                assembly=found.assembly if found else None,
                origin=found.origin if found else None,
                sample=found.sample if found else None,
            )
        )
    return made


def _person(
    settings: CaseFilePart, sources: list[Parts], notes: list[Note], warnings: list[str]
) -> tuple[dt.date | None, Patient, list[Observation]]:
    """The case's date, the patient, and age and sex as observations with their places."""
    as_of = settings.date
    days = [part.latest for part in sources if part.latest] + [note.date for note in notes if note.date]
    if as_of is None and days:
        as_of = max(days)
        warnings.append(f"No date of the case is given; {as_of} is taken, the latest date in its records.")
    age, sex, identity = _first(sources, "age_years"), _first(sources, "sex"), _first(sources, "patient_id")
    birth = _first(sources, "birth_date")
    if age is None and birth is not None and as_of is not None and as_of >= birth:
        age = float(age_on(birth, as_of))
    for name in ("age_years", "sex", "patient_id"):
        values = {getattr(part, name) for part in sources} - {None}
        if len(values) > 1 and name != "patient_id":
            warnings.append(f"Sources disagree about the patient's {name.split('_')[0]}; case.yaml comes first.")
    observations = []
    for key, fact_name, value in (("age_years", "patient.age", age), ("sex", "patient.sex", sex)):
        if value is not None:
            unit = vocabulary()[fact_name].unit
            fact = Fact(
                name=fact_name,
                value=int(value) if key == "age_years" and value == int(value) else value,
                unit=unit,
                at=as_of if key == "age_years" else None,
            )
            observations.append(Observation(fact=fact, text=describe(fact), locator=_source_of(key, settings)))
    return as_of, Patient(id=identity or "patient", age_years=age, sex=sex), observations


def _first(sources: list[Parts], name: str) -> Any:
    return next((value for part in sources if (value := getattr(part, name)) is not None), None)


def _source_of(key: str, settings: CaseFilePart) -> CaseField:
    if getattr(settings.patient, key) is not None:
        return CaseField(handle=HANDLE, path=f"patient.{key}")
    return CaseField(handle="fhir-1", path="Patient.birthDate" if key == "age_years" else "Patient.gender")
