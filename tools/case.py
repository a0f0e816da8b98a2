"""The case: everything known of one patient before any tool runs, parsed once at the door.

Every item carries the locator of the place it was read from. Files are known by opaque handles
(`note-1`, `imaging-1`, `variants-1`, `structure-1`); their paths never leave `tools`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import Field

from knowledge.facts import Fact
from tools.evidence import CaseField, Locator, NoteSpan, Record

AttachmentKind = Literal["note", "imaging", "variants", "structure", "fhir"]
Language = Literal["en", "zh"]
Sex = Literal["female", "male"]
Assembly = Literal["GRCh37", "GRCh38"]


class Patient(Record):
    """Who the case is about. `id` is a pseudonym."""

    id: str
    age_years: float | None = Field(default=None, ge=0, le=130)
    sex: Sex | None = None


class Note(Record):
    """One note, whole. `title` is its file name without the ending."""

    handle: str
    title: str
    text: str
    date: dt.date | None = None
    language: Language = "en"


class Observation(Record):
    """A measured or recorded value, already expressed as a declared fact, with where it was read."""

    fact: Fact
    text: str
    locator: Locator


class Condition(Record):
    """A condition as recorded; `fact` is its boolean fact where the vocabulary knows it."""

    text: str
    fact: str | None = None
    present: bool = True
    since: dt.date | None = None
    locator: Locator


class Medication(Record):
    """A drug that the patient takes, took, or is proposed. `fact` is its `medication.*` fact where known."""

    text: str
    fact: str | None = None
    status: Literal["current", "proposed", "stopped"] = "current"
    dose: str | None = None
    locator: Locator


class Allergy(Record):
    """A recorded allergy or intolerance. `fact` is its `allergy.*` fact where known."""

    text: str
    fact: str | None = None
    reaction: str | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None
    locator: Locator


class FamilyMember(Record):
    """A relative's condition. `fact` is its `family_history.*` fact where known."""

    relation: str
    text: str
    fact: str | None = None
    age_at_onset_years: float | None = Field(default=None, ge=0, le=130)
    locator: Locator


class ImagePrompt(Record):
    """A click or a box that shows where a lesion is, in voxel indices or in patient millimetres (LPS)."""

    point_voxel: tuple[float, float, float] | None = None
    point_world_mm: tuple[float, float, float] | None = None
    box_voxels: tuple[int, int, int, int, int, int] | None = None
    label: str | None = None


class Attachment(Record):
    """A file or folder known by its handle. `path` is private to `tools` and is never serialised."""

    handle: str
    kind: AttachmentKind
    name: str
    sha256: str
    path: Path = Field(exclude=True, default=Path())
    modality: Literal["CT", "MR"] | None = None
    body_part: str | None = None
    acquired: dt.date | None = None
    assembly: Assembly | None = None
    origin: Literal["germline", "somatic"] | None = None
    sample: str | None = None
    prompts: tuple[ImagePrompt, ...] = ()


class Case(Record):
    """One patient's case."""

    id: str
    patient: Patient
    synthetic: bool = False
    question: str | None = None
    as_of: dt.date | None = None
    notes: tuple[Note, ...] = ()
    observations: tuple[Observation, ...] = ()
    conditions: tuple[Condition, ...] = ()
    medications: tuple[Medication, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    family_history: tuple[FamilyMember, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()

    def attachment(self, handle: str) -> Attachment | None:
        """The attachment with that handle."""
        return next((item for item in self.attachments if item.handle == handle), None)

    def of_kind(self, kind: AttachmentKind) -> tuple[Attachment, ...]:
        """All attachments of one kind, in order."""
        return tuple(item for item in self.attachments if item.kind == kind)

    def note(self, handle: str) -> Note | None:
        """The note with that handle."""
        return next((note for note in self.notes if note.handle == handle), None)


__all__ = [
    "Allergy",
    "Assembly",
    "Attachment",
    "AttachmentKind",
    "Case",
    "CaseField",
    "Condition",
    "FamilyMember",
    "ImagePrompt",
    "Language",
    "Medication",
    "Note",
    "NoteSpan",
    "Observation",
    "Patient",
    "Sex",
]
