"""Evidence: the one citable thing, with where it came from and how it was made.

Every tool returns a `ToolResult`; every sentence of a draft cites `Evidence` by id. An id is a hash of kind,
claim, facts and locator, so the same input gives the same id on every machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SerializeAsAny,
    computed_field,
    model_validator,
)

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from knowledge.staging import with_consequences

M = TypeVar("M", bound=BaseModel)

EvidenceKind = Literal[
    "note_span",
    "observation",
    "image_finding",
    "variant",
    "diplotype",
    "structure_finding",
    "risk_estimate",
    "recommendation",
    "database_record",
]


class Record(BaseModel):
    """Base of every record that is stored or sent: unknown fields refused, values never echoed in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoteSpan(Record):
    """Characters `start` to `end` (end excluded) of a note; `quote` is exactly that text."""

    type: Literal["note"] = "note"
    handle: str
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    quote: str


class CaseField(Record):
    """A place in a structured case file, such as `observations[3]` of case.yaml or a FHIR resource id."""

    type: Literal["field"] = "field"
    handle: str
    path: str


class ImageRegion(Record):
    """A box in a scan, in voxel indices (x, y, z of the array; end excluded), and the slice to show.

    `artifact` names the stored mask; `picture` the stored overlay image.
    """

    type: Literal["image"] = "image"
    handle: str
    slice_index: int = Field(ge=0)
    box_voxels: tuple[int, int, int, int, int, int]
    series_uid: str | None = None
    artifact: str | None = None
    picture: str | None = None


class VcfRecord(Record):
    """One allele of one line of a variant file. `position` is 1-based."""

    type: Literal["vcf"] = "vcf"
    handle: str
    line: int = Field(ge=1)
    assembly: Literal["GRCh37", "GRCh38"]
    chromosome: str
    position: int = Field(ge=1)
    ref: str
    alt: str


class DocumentPassage(Record):
    """A passage of a document: a guideline section, or characters of a page of a file that the user added."""

    type: Literal["document"] = "document"
    document: str
    section: str
    page: int | None = None
    start: int | None = None
    end: int | None = None
    identifier: str | None = None


class TableRow(Record):
    """A row of a reference table: which table, which release, which record."""

    type: Literal["table"] = "table"
    table: str
    release: str
    record: str
    url: str | None = None


class Calculation(Record):
    """A computed value: the model, and the evidence that its inputs came from."""

    type: Literal["calculation"] = "calculation"
    model: str
    inputs: tuple[str, ...] = ()
    identifier: str | None = None


class StructureSite(Record):
    """A residue in a structure file (author chain and residue number, with insertion code)."""

    type: Literal["structure"] = "structure"
    handle: str
    chain: str
    residue: str


Locator = Annotated[
    NoteSpan | CaseField | ImageRegion | VcfRecord | DocumentPassage | TableRow | Calculation | StructureSite,
    Field(discriminator="type"),
]


class Provenance(Record):
    """How a piece of evidence was made. Not part of its id."""

    tool: str
    tool_version: str
    data_release: str | None = None
    weights_sha256: str | None = None
    parameters: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    device: str = "cpu"
    seconds: float = Field(default=0.0, ge=0)


class Evidence(Record):
    """One citable thing.

    Attributes:
        kind: what sort of thing it is.
        claim: one plain sentence that says it.
        facts: named values that the claim rests on; a sentence of a draft may use these and no other numbers.
        locator: where a person can look it up.
        authority: how much its facts are believed when sources disagree.
    """

    kind: EvidenceKind
    claim: str = Field(min_length=1)
    facts: tuple[Fact, ...] = ()
    locator: Locator
    provenance: Provenance
    authority: Authority = Authority.TOOL

    @computed_field  # type: ignore[prop-decorator]
    @property
    def id(self) -> str:
        """`E` and ten hexadecimal digits of the SHA-256 of kind, claim, facts and locator."""
        body = self.model_dump(mode="json", include={"kind", "claim", "facts", "locator"})
        return "E" + content_hash(body)[:10]

    def fact(self, name: str) -> Fact | None:
        """The fact of that name in this evidence, if it has one."""
        return next((fact for fact in self.facts if fact.name == name), None)

    @model_validator(mode="wrap")
    @classmethod
    def _unaltered(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        return validate_hashed(data, handler, "id")


def validate_hashed(data: Any, handler: ModelWrapValidatorHandler[M], name: str) -> M:
    """Validate a record whose computed field `name` is a hash of its content, given with that field or without.

    Raises:
        ValueError: the content was changed after the hash was made.
    """
    stored = None
    if isinstance(data, dict) and name in data:
        data = dict(data)
        stored = data.pop(name)
    made = handler(data)
    if stored is not None and stored != getattr(made, name):
        raise ValueError(f"{stored} does not match the content that it stands for")
    return made


class ToolResult(Record):
    """What a tool returns: its own typed payload, the evidence to cite, and warnings in plain words."""

    payload: SerializeAsAny[BaseModel]
    evidence: tuple[Evidence, ...] = ()
    warnings: tuple[str, ...] = ()


def content_hash(body: Any) -> str:
    """SHA-256 (hexadecimal) of `body` as canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


# What is said of one tumour and never holds for another.
_OF_ONE_TUMOUR = frozenset(
    {
        "tumour.t_stage", "tumour.n_stage", "tumour.stage", "tumour.size", "tumour.positive_nodes", "tumour.breslow",
        "tumour.ulcerated", "tumour.grade", "tumour.isup_grade_group",
    }
)  # fmt: skip
_ANY_TUMOUR = frozenset({"solid_tumour", "cancer"})
_STATED = "record_statement"


def _of_another_tumour(items: list[Evidence]) -> int:
    """The place before which T, N, stage and size are of another tumour; 0 where there is none.

    It is that of the last tumour type that the physician stated, where a type of another organ was known before.
    """
    spec = vocabulary()["tumour.type"]
    types = [(place, item, str(fact.value)) for place, item in enumerate(items) if (fact := item.fact("tumour.type"))]
    stated = [entry for entry in types if entry[1].authority == Authority.PHYSICIAN]
    if not stated:
        return 0
    place, item, newest = stated[-1]
    organ = spec.code_ancestors(newest) - _ANY_TUMOUR
    others = organ and any(not organ & spec.code_ancestors(value) for at, _, value in types if at < place)
    if not others:
        return 0
    handle = getattr(item.locator, "handle", None)  # what the same message says is of the new tumour
    return next(at for at, one in enumerate(items) if at == place or getattr(one.locator, "handle", "") == handle)


def _stated_anew(items: list[Evidence]) -> frozenset[tuple[int, str]]:
    """Place and name of each fact that the physician stated and, in a later message, stated otherwise.

    An earlier measurement that is told later does not count, nor does a broader code.
    """
    newest: dict[str, tuple[str, Fact]] = {}
    found = set()
    for place, item in reversed(list(enumerate(items))):
        handle = str(getattr(item.locator, "handle", ""))
        for fact in item.facts if item.provenance.tool == _STATED else ():
            other, later = newest.setdefault(fact.name, (handle, fact))
            if other != handle and not _comes_after(fact, later):
                found.add((place, fact.name))
    return frozenset(found)


def _comes_after(fact: Fact, later: Fact) -> bool:
    """Whether a fact told earlier still counts beside one told later: of a later day, or the narrower code."""
    if fact.at is not None and later.at is not None and str(fact.at) > str(later.at):
        return True
    spec = vocabulary()[fact.name]
    narrower = str(later.value) in spec.code_ancestors(str(fact.value)) and fact.value != later.value
    return spec.kind == "code" and narrower


def fact_book(evidence: Iterable[Evidence]) -> FactBook:
    """The patient-scope facts of `evidence`, each with its source, and what follows from those of a tumour.

    Of the results of one model the newest counts, the last in order: it was computed from what is known now. So does
    what the physician stated last, of what was stated more than once.
    """
    kept: dict[tuple[str, ...], SourcedFact] = {}
    items = list(evidence)
    of_another, anew = _of_another_tumour(items), _stated_anew(items)
    for place_of, item in enumerate(items):
        model = str(item.provenance.parameters.get("model", "")) if item.kind == "risk_estimate" else ""
        for fact in item.facts:
            if (place_of < of_another and fact.name in _OF_ONE_TUMOUR) or (place_of, fact.name) in anew:
                continue
            place = (item.provenance.tool, model, fact.name) if model else (item.id, fact.name, str(len(kept)))
            kept[place] = SourcedFact(fact, item.id, item.authority)
    return with_consequences(FactBook(kept.values()))
