"""The form of `case.yaml`, as pydantic models that refuse what they do not know."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError
from pydantic_core import ErrorDetails

from knowledge.errors import BadInput

FORMAT = "consilium-case/1"
Text = Annotated[StrictStr, Field(min_length=1, max_length=2000)]
Number = StrictInt | StrictFloat
Age = Annotated[Number, Field(ge=0, le=130)]
Triple = tuple[Number, Number, Number]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PatientPart(_Part):
    id: Text | None = None
    age_years: Age | None = None
    sex: Literal["female", "male"] | None = None


class ObservationPart(_Part):
    fact: Text
    value: StrictBool | Number | Text
    unit: Text | None = None
    at: dt.datetime | dt.date | None = None


class ConditionPart(_Part):
    condition: Text
    present: StrictBool = True
    since: dt.date | None = None


class MedicationPart(_Part):
    drug: Text
    dose: Text | None = None
    status: Literal["current", "proposed", "stopped"] = "current"


class AllergyPart(_Part):
    substance: Text
    reaction: Text | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None


class FamilyPart(_Part):
    relation: Text
    condition: Text
    age_years: Age | None = None


class VariantsPart(_Part):
    file: Text
    assembly: Literal["GRCh37", "GRCh38"] | None = None
    origin: Literal["germline", "somatic"] | None = None
    sample: Text | None = None


class PromptPart(_Part):
    point_voxel: Triple | None = None
    point_world_mm: Triple | None = None
    box_voxels: tuple[StrictInt, StrictInt, StrictInt, StrictInt, StrictInt, StrictInt] | None = None
    label: Text | None = None


class ImagingPart(_Part):
    path: Text | None = None
    folder: Text | None = None
    file: Text | None = None
    modality: Literal["CT", "MR"] | None = None
    body_part: Text | None = None
    acquired: dt.date | None = None
    prompts: tuple[PromptPart, ...] = ()


class NotePart(_Part):
    file: Text
    date: dt.date | None = None
    language: Literal["en", "zh"] | None = None


class CaseFilePart(_Part):
    """The whole of `case.yaml`. docs/case-format.md explains it with an example."""

    format: Literal["consilium-case/1"]
    synthetic: StrictBool = False
    patient: PatientPart = PatientPart()
    question: Text | None = None
    date: dt.date | None = None
    observations: tuple[ObservationPart, ...] = ()
    conditions: tuple[ConditionPart, ...] = ()
    medications: tuple[MedicationPart, ...] = ()
    allergies: tuple[AllergyPart, ...] = ()
    family_history: tuple[FamilyPart, ...] = ()
    tumour: dict[str, StrictBool | Number | Text] = Field(default_factory=dict)
    biomarkers: dict[str, StrictBool | Number | Text] = Field(default_factory=dict)
    variants: tuple[VariantsPart, ...] = ()
    imaging: tuple[ImagingPart, ...] = ()
    notes: tuple[NotePart, ...] = ()


_ONE_OR_MANY = ("variants", "imaging", "notes")


def parse_case_file(data: Any, name: str) -> CaseFilePart:
    """Validate the content of `case.yaml`. `variants`, `imaging` and `notes` may be one mapping or a list.

    Raises:
        BadInput: names the place (`observations[3].unit`), the problem, and what is accepted.
    """
    if not isinstance(data, dict):
        raise BadInput(name, "the whole file", "it is not a mapping", f"a mapping that begins with format: {FORMAT}")
    if "format" not in data:
        raise BadInput(name, "format", "it is missing", f"format: {FORMAT}")
    body = {k: v for k, v in data.items() if v is not None}
    for key in _ONE_OR_MANY:
        if isinstance(body.get(key), dict):
            body[key] = [body[key]]
    try:
        return CaseFilePart.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = _place(first["loc"])
        raise BadInput(name, place, _problem(first), _accepted(first)) from None


def _place(loc: tuple[int | str, ...]) -> str:
    parts = []
    for index, part in enumerate(loc):
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif part not in _UNION_TAGS or part in _keys(loc[: index + 1]):
            parts.append(f".{part}" if parts else part)
    return "".join(parts) or "the whole file"


_UNION_TAGS = frozenset({"int", "float", "bool", "str", "datetime", "date", "constrained-str", "constrained-int"})


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "the key is not known"
    if error["type"] == "missing":
        return "it is missing"
    return error["msg"].replace("Input should be ", "it should be ", 1)


def _accepted(error: ErrorDetails) -> str:
    keys = _keys(error["loc"])
    if error["type"] in ("extra_forbidden", "missing") and keys:
        return "the keys " + ", ".join(keys)
    if error["type"] == "literal_error":
        return str(error.get("ctx", {}).get("expected", "one of the listed words"))
    return error["msg"].removeprefix("Input should be ")


def _keys(loc: tuple[int | str, ...]) -> list[str]:
    """Keys that are accepted in the mapping that the last part of `loc` belongs to."""
    import typing

    model: Any = CaseFilePart
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return []
        model = field.annotation
        while not isinstance(model, type) or not issubclass(model, BaseModel):
            arguments = [a for a in typing.get_args(model) if a is not type(None) and a is not Ellipsis]
            if not arguments:
                return []
            model = arguments[0]
    return list(getattr(model, "model_fields", {}))
