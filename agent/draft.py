"""The draft and what becomes of it: statements, verdicts, review, signed report.

Every record is frozen and refuses unknown fields. Hashes are SHA-256 of canonical JSON, so a draft that
changed in one character is another draft and needs another signature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

from pydantic import Field, ModelWrapValidatorHandler, computed_field, model_validator

from tools.case import Language
from tools.evidence import Evidence, Record, content_hash, validate_hashed

Section = Literal[
    "summary",
    "findings",
    "most_likely",
    "must_not_miss",
    "risk",
    "treatment",
    "follow_up",
    "missing",
]
SECTIONS: tuple[Section, ...] = get_args(Section)
StatementKind = Literal["finding", "inference", "recommendation", "question"]
Confidence = Literal["high", "moderate", "low"]


class Statement(Record):
    """One sentence of a draft.

    Attributes:
        kind: a finding restates evidence; an inference follows from several; a recommendation proposes an
            action; a question asks for what is missing and is the only kind that may cite nothing.
        evidence: ids of the evidence that the sentence rests on, in the order of the sentence.
        confidence_basis: what the confidence was taken from, or that there is nothing to take it from.
    """

    section: Section
    kind: StatementKind
    text: str = Field(min_length=1, max_length=2000)
    evidence: tuple[str, ...] = ()
    confidence: Confidence | None = None
    confidence_basis: str | None = Field(default=None, max_length=300)


class Draft(Record):
    """Statements in the order of the sections, for one case and question."""

    case_id: str
    question: str
    language: Language = "en"
    synthetic: bool = False
    statements: tuple[Statement, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        places = [SECTIONS.index(statement.section) for statement in self.statements]
        if places != sorted(places):
            raise ValueError("statements must stand in the order of the sections")
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _unaltered(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        return validate_hashed(data, handler, "hash")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hash(self) -> str:
        """SHA-256 of the draft's content."""
        body = self.model_dump(mode="json", exclude={"hash"})
        for item in body["statements"]:
            # Drafts from before there was a basis keep their hash.
            if item["confidence_basis"] is None:
                del item["confidence_basis"]
        return content_hash(body)

    def in_section(self, section: Section) -> tuple[tuple[int, Statement], ...]:
        """The statements of one section with their index in the whole draft."""
        return tuple((i, s) for i, s in enumerate(self.statements) if s.section == section)

    @classmethod
    def arrange(cls, statements: tuple[Statement, ...] | list[Statement], **header: Any) -> Draft:
        """A draft from statements in any order; within a section their order is kept."""
        ordered = sorted(statements, key=lambda statement: SECTIONS.index(statement.section))
        return cls(statements=tuple(ordered), **header)


class Problem(Record):
    """One reason why a statement is not supported. `code` names the check that found it."""

    code: str
    message: str


class Verdict(Record):
    """What the verifier says of one statement (by its index in the draft)."""

    index: int = Field(ge=0)
    status: Literal["supported", "unsupported", "cannot_check"]
    problems: tuple[Problem, ...] = ()


class Verification(Record):
    """One verdict a statement, for one draft hash."""

    draft_hash: str
    verdicts: tuple[Verdict, ...]

    @property
    def unsupported(self) -> tuple[Verdict, ...]:
        """The verdicts that are not `supported`."""
        return tuple(verdict for verdict in self.verdicts if verdict.status != "supported")


class Decision(Record):
    """A physician's decision on one statement. An edit gives the new text; a rejection gives a reason."""

    index: int = Field(ge=0)
    action: Literal["accept", "edit", "reject"]
    text: str | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.action == "edit" and not (self.text or "").strip():
            raise ValueError("an edit needs the new text")
        if self.action == "reject" and not (self.reason or "").strip():
            raise ValueError("a rejection needs a reason")
        return self


class Signature(Record):
    """Who signed what, when. `draft_hash` is of the draft as reviewed; `versions` are those that made it."""

    reviewer: str = Field(min_length=1)
    signed_at: dt.datetime
    draft_hash: str
    review_hash: str
    versions: dict[str, str]


class Review(Record):
    """Decisions on every statement of one draft hash, and the signature once given."""

    draft_hash: str
    decisions: tuple[Decision, ...]
    signature: Signature | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of the decisions and the draft hash they are on."""
        return content_hash(self.model_dump(mode="json", exclude={"signature"}))

    def covers(self, draft: Draft) -> bool:
        """Whether there is exactly one decision for each statement of `draft`."""
        decided = sorted(decision.index for decision in self.decisions)
        return self.draft_hash == draft.hash and decided == list(range(len(draft.statements)))


class Report(Record):
    """A draft with its evidence, its verification, and its review if there is one.

    Attributes:
        state: preliminary until signed; amended when it replaces a signed report.
        settings: versions, data releases, device, model, and seconds a tool, for the last page.
    """

    run_id: str
    state: Literal["preliminary", "signed", "amended"] = "preliminary"
    draft: Draft
    evidence: tuple[Evidence, ...]
    verification: Verification
    review: Review | None = None
    warnings: tuple[str, ...] = ()
    settings: dict[str, str] = Field(default_factory=dict)

    def ledger(self) -> Mapping[str, Evidence]:
        """The evidence by id."""
        return {item.id: item for item in self.evidence}
