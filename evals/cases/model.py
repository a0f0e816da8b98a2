"""The form of a scripted case, as pydantic models that refuse what they do not know.

A suite is a YAML file: `suite`, `sources` (short name -> citation) and `cases`. Every expectation gives the reason
(`why`) and the `source` it was written from, before the agent was run on the case.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from agent.draft import Section
from knowledge.facts import FactValue
from tools.case import Assembly, Language

Job = Literal["tumour_diagnosis", "disease_prediction", "personalised_treatment"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VariantFile(_Part):
    """A small VCF: `lines` are `CHROM POS ID REF ALT GT[:AF]`, separated by blanks; the header is made.

    `assembly: null` leaves the genome assembly unnamed in the case and in the header.
    """

    file: str = Field(pattern=r"^[a-z0-9_-]+\.vcf$")
    assembly: Assembly | None
    origin: Literal["germline", "somatic"]
    lines: tuple[str, ...]


class DicomHeader(_Part):
    """What the header of a scripted DICOM series says of the person scanned (DICOM PS3.3: sex M or F, age as 045Y)."""

    sex: Literal["M", "F"]
    age: str = Field(pattern=r"^\d{3}Y$")


class Phantom(_Part):
    """A scripted chest CT.

    Attributes:
        diameters_mm: full axes of the ellipsoid; None draws no nodule, and then no point is given.
        side: the lung that it lies in.
        hounsfield: its density.
        dicom: write a DICOM series with this header in place of NIfTI, which names nobody.
    """

    diameters_mm: tuple[float, float, float] | None = (14.0, 12.0, 12.0)
    side: Literal["left", "right"] = "right"
    hounsfield: float = 35.0
    dicom: DicomHeader | None = None


class ExpectedFact(_Part):
    """A fact that evidence cited by a statement must hold, in the unit of the vocabulary.

    Without `value` any value will do. `tolerance` is absolute.
    """

    name: str
    value: FactValue | None = None
    tolerance: float = Field(default=0.0, ge=0)


def _or_one(schema: dict[str, Any]) -> None:
    schema["anyOf"].append({"type": "string"})


class Check(_Part):
    """One thing to look for in the draft or answer; exactly one field is set (`sections` narrows where).

    Attributes:
        recommendation: any of these recommendations is cited.
        statement: a regular expression, ignoring case, that the text of a statement matches.
        fact: evidence that a statement cites holds this fact.
        proposes: this drug (`medication.*`) is proposed as a treatment.
        warns: a statement speaks against this drug, citing evidence against it.
        asks: a question names this fact by its label.
    """

    recommendation: tuple[str, ...] | None = Field(default=None, json_schema_extra=_or_one)
    statement: Text | None = None
    fact: ExpectedFact | None = None
    proposes: str | None = None
    warns: str | None = None
    asks: str | None = None
    sections: tuple[Section, ...] = ()

    @field_validator("recommendation", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(getattr(self, name) is not None for name in CHECKS) != 1:
            raise ValueError(f"a check has exactly one of {', '.join(CHECKS)}")
        if self.statement is not None:
            try:
                re.compile(self.statement)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        return self

    @property
    def kind(self) -> str:
        """Which of the fields is set."""
        return next(name for name in CHECKS if getattr(self, name) is not None)


CHECKS = ("recommendation", "statement", "fact", "proposes", "warns", "asks")
Role = Literal["must", "never", "harm", "cite", "ask", "abstain", "warn", "obey"]
ROLES: tuple[Role, ...] = get_args(Role)
# What has to be there; the other roles are of what must not be.
WANTED: tuple[Role, ...] = ("must", "warn", "cite", "ask")


def _or_short(schema: dict[str, Any]) -> None:
    """Add the short form, which files use, to the JSON schema."""
    whole, held = dict(schema), schema["properties"]
    short = {
        "type": "object",
        "additionalProperties": False,
        "properties": {**dict.fromkeys(ROLES, held["check"]), "why": held["why"], "source": held["source"]},
        "required": ["why", "source"],
        "oneOf": [{"required": [role]} for role in ROLES],
    }
    schema.clear()
    schema["anyOf"] = [whole, short]


class Expectation(_Part):
    """One expectation, with its reason and the source that it was written from.

    Attributes:
        role: `must` is a conclusion that has to be there; `warn` one about safety; `cite` a recommendation that has to
            be cited; `ask` a fact to ask for; `never` must not be there; `harm` must not be there because it would
            hurt the patient; `abstain` must not be there because it cannot be known from this case; `obey` must
            not be there because an instruction planted in the records asks for it.
    """

    model_config = ConfigDict(json_schema_extra=_or_short)

    role: Role
    check: Check
    why: Text
    source: Text

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        """Accept `{must: {...}, why: ..., source: ...}` for `{role: must, check: {...}, ...}`."""
        if isinstance(data, dict) and "role" not in data:
            given = [role for role in ROLES if role in data]
            if len(given) != 1:
                raise ValueError(f"an expectation has exactly one of {', '.join(ROLES)}")
            rest = {key: value for key, value in data.items() if key != given[0]}
            return {"role": given[0], "check": data[given[0]], **rest}
        return data

    @property
    def wanted(self) -> bool:
        """Whether the thing has to be there, rather than must not be."""
        return self.role in WANTED


class ExpectedCall(_Part):
    """A tool call. `arguments` must be among those given; a list holds at least the elements that are named."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class FollowUp(_Part):
    """A further message of the physician, and what its answer must and must not say."""

    say: Text
    calls: tuple[ExpectedCall, ...] = ()
    expect: tuple[Expectation, ...] = Field(min_length=1)


class ScriptedCase(_Part):
    """One scripted case.

    Attributes:
        case: the content of `case.yaml` without `format`, `synthetic`, `question`, `variants` and `imaging`.
        notes: file name -> text.
        phantom: whether a scripted chest CT is put in: true for that of the example, or its `Phantom`.
        rationale: what the case tests and why the expected conclusions are right.
        calls: tool calls that a good work-up makes; `forbidden_calls` are tools that it must not call.
        private: names and numbers of the patient in the notes that nothing the agent writes may repeat.
        answerable: whether the case holds enough to answer; false where the honest answer is "cannot tell".
    """

    id: Name
    title: Text
    job: Job
    language: Language = "en"
    tags: tuple[Name, ...] = ()
    rationale: Text
    question: Text
    case: dict[str, Any] = Field(default_factory=dict)
    notes: dict[str, Text] = Field(default_factory=dict)
    variants: tuple[VariantFile, ...] = ()
    phantom: bool | Phantom = False
    calls: tuple[ExpectedCall, ...] = ()
    forbidden_calls: tuple[str, ...] = ()
    private: tuple[Text, ...] = ()
    expect: tuple[Expectation, ...] = Field(min_length=1)
    turns: tuple[FollowUp, ...] = ()
    answerable: bool = True

    def all_expectations(self) -> tuple[tuple[int, Expectation], ...]:
        """Every expectation with the turn that it is about; 0 is the draft."""
        later = [(place, item) for place, turn in enumerate(self.turns, start=1) for item in turn.expect]
        return (*((0, item) for item in self.expect), *later)


class Suite(_Part):
    """Cases of one file. `sources` gives the citations that expectations name."""

    suite: Name
    about: Text
    sources: dict[str, Text]
    cases: tuple[ScriptedCase, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sources_known(self) -> Self:
        for case in self.cases:
            for _, item in case.all_expectations():
                if item.source not in self.sources:
                    raise ValueError(f"{case.id}: no source is named {item.source!r}")
        if len({case.id for case in self.cases}) != len(self.cases):
            raise ValueError("two cases have the same id")
        return self
