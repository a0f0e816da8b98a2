"""What the service sends and takes. Records of the draft and of the evidence are used as they are."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.draft import Decision, Problem, Verdict
from agent.report.data import ReportedStatement
from agent.runs import RunState
from agent.trust.audit import Action, Outcome
from knowledge.facts import FactKind, FactValue
from tools.case import Attachment, Language, Patient
from tools.evidence import Evidence, Record
from tools.risk.tool import Override, RiskPayload

LONGEST_QUESTION = 4000


class Trouble(Record):
    """Every error of the service. The four last fields are set for a file that cannot be used."""

    kind: Literal["retry", "failed", "bad_input", "unknown", "busy", "refused", "bug"]
    message: str
    file: str | None = None
    place: str | None = None
    problem: str | None = None
    accepted: str | None = None


class NewCase(Record):
    """A case that files can be added to."""

    id: str


class StoredFile(Record):
    """How much of a file is stored; an upload that broke off goes on from `size_bytes`."""

    path: str
    size_bytes: int


class NoteHead(Record):
    """A note without its text."""

    handle: str
    title: str
    date: dt.date | None
    language: Language
    characters: int


class UnderstoodFact(Record):
    """One thing that was read from the structured files, and where."""

    claim: str
    handle: str
    place: str


class Understood(Record):
    """What was understood from the files of a case, before any of it is used."""

    id: str
    files: tuple[StoredFile, ...]
    problem: Trouble | None = None
    patient: Patient | None = None
    synthetic: bool = False
    question: str | None = None
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[NoteHead, ...] = ()
    facts: tuple[UnderstoodFact, ...] = ()
    warnings: tuple[str, ...] = ()


class Asked(BaseModel):
    """The body of every request: unknown names are refused, values are not echoed in errors.

    JSON can name half a character (`\\ud800`), which can be neither stored nor sent; such text is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _whole_characters(cls, given: Any) -> Any:
        try:
            json.dumps(given, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise ValueError("a text holds half of a character (a lone surrogate)") from None
        return given


class StartRun(Asked):
    """Work up an uploaded case."""

    case: str = Field(description="id of the uploaded case")
    question: str | None = Field(default=None, max_length=LONGEST_QUESTION)
    language: Language = "en"
    model: str | None = Field(default=None, max_length=200, description="builtin, vllm:NAME or PROVIDER:NAME")


class Accepted(Record):
    """A run that was recorded and waits for its turn; `place` 0 is being worked on."""

    id: str
    place: int | None


class EmergencyAccess(Record):
    """Access that somebody outside of the care team took, for a reason (None: not for you to see), and until when."""

    name: str
    reason: str | None
    started: dt.datetime
    until: dt.datetime


class RunHead(Record):
    """One run as listed. `place` is its place in the queue, 0 while it is worked on, None when it is at rest."""

    id: str
    created: dt.datetime
    case_id: str
    patient: Patient
    synthetic: bool
    question: str
    model: str
    language: Language
    state: RunState
    note: str
    place: int | None
    emergency: tuple[EmergencyAccess, ...] = ()


class Step(Record):
    """One finished tool call, from the record of the run."""

    tool: str
    seconds: float
    evidence: int
    failed: str | None
    call: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    found: tuple[str, ...] = ()
    message: str = ""


class AnsweredStatement(Record):
    """One sentence of an answer."""

    text: str
    kind: str
    evidence: tuple[str, ...]
    status: Literal["supported", "unsupported", "cannot_check"]
    problems: tuple[Problem, ...]


class Turn(Record):
    """A follow-up question with its answer. With `new_draft` the answer is the draft, written again."""

    number: int
    question: str
    state: Literal["working", "done", "failed"] = "working"
    statements: tuple[AnsweredStatement, ...] = ()
    new_draft: bool = False
    message: str = ""


class RunDetail(Record):
    """A run with its conversation."""

    run: RunHead
    notes: tuple[NoteHead, ...]
    attachments: tuple[Attachment, ...]
    steps: tuple[Step, ...]
    turns: tuple[Turn, ...]
    warnings: tuple[str, ...]


class FactRow(Record):
    """A fact as shown: label and value in the language of the draft."""

    name: str
    label: str
    value: str


class Source(Record):
    """One piece of evidence as shown. `number` is its number in the draft; uncited ones come last."""

    number: int
    kind_label: str
    place: str
    link: str | None
    facts: tuple[FactRow, ...]
    provenance: tuple[str, ...]
    cited_in: tuple[int, ...]
    evidence: Evidence


class DraftView(Record):
    """The draft with verdicts and sources, and the signature once there is one."""

    state: Literal["preliminary", "signed", "amended"]
    draft_hash: str
    question: str
    language: Language
    statements: tuple[ReportedStatement, ...]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    settings: dict[str, str]
    reviewer: str | None = None
    signed_at: dt.datetime | None = None


class NoteText(Record):
    """A note, whole. Offsets of spans count Unicode characters of `text`."""

    handle: str
    title: str
    date: dt.date | None
    text: str


class Question(Asked):
    """A follow-up question."""

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION)


class Edit(Asked):
    """A statement with another text."""

    index: int = Field(ge=0)
    text: str = Field(min_length=1, max_length=2000)


class Decisions(Asked):
    """Decisions so far on the draft with that hash; not signed."""

    draft_hash: str
    decisions: tuple[Decision, ...] = ()


class SignRequest(Decisions):
    """A decision on every statement, and who signs. An account signs with its own name and its password."""

    reviewer: str = Field(min_length=1, max_length=200)
    password: str | None = Field(default=None, max_length=256)


class WhatIfRequest(Asked):
    """Risk models to compute, with facts changed."""

    models: tuple[str, ...] = Field(min_length=1, max_length=20)
    overrides: tuple[Override, ...] = Field(default=(), max_length=40)
    explain: bool = False


class OutlineRequest(Asked):
    """A click or a box in a scan: voxel indices of the file, or patient millimetres (LPS)."""

    imaging: str = Field(max_length=100, description="handle of the scan, such as imaging-1")
    point_voxel: tuple[float, float, float] | None = None
    point_world_mm: tuple[float, float, float] | None = None
    box_voxels: tuple[int, int, int, int, int, int] | None = None


class Outlined(Record):
    """What the segmenter found there. It is not part of the draft."""

    evidence: tuple[Evidence, ...]
    warnings: tuple[str, ...]


class LesionViews(Record):
    """Names of pictures that explain a finding, and of its DICOM-SEG where the scan is a DICOM series."""

    pictures: tuple[str, ...]
    dicom_seg: str | None
    notes: tuple[str, ...]


class FactChange(Record):
    """A fact that would have to be another: in words, in the language of the draft. `now` None: not known."""

    fact: str
    label: str
    now: str | None
    then: str


class TurnedBy(Record):
    """Changes that together turn the recommendation, and whether it then applies or cannot be told."""

    changes: tuple[FactChange, ...]
    then: Literal["applies", "does_not_apply", "cannot_tell"]


class WhatWouldChange(Record):
    """What would change a recommendation: its answer now, why, and the nearest changes of its criteria."""

    recommendation: str
    text: str
    now: Literal["applies", "does_not_apply", "cannot_tell"]
    because: tuple[FactRow, ...]
    assumed_absent: tuple[str, ...]
    turned_by: tuple[TurnedBy, ...]


class FactInfo(Record):
    """What an input of a model may be: its kind, unit, plausible range, and codes with their labels."""

    name: str
    label: str
    kind: FactKind
    unit: str | None
    low: float | None
    high: float | None
    choices: dict[str, str]


class QuickAnswer(Record):
    """An answer to choose: what the page shows, and the sentence that states it."""

    label: str
    sentence: str


class AskedFact(Record):
    """A fact that would answer a question. `value_sentence` has `{value}` where a number in the fact's unit goes; None
    where no such sentence is understood.
    """

    fact: FactInfo
    answers: tuple[QuickAnswer, ...]
    value_sentence: str | None


class OpenQuestion(Record):
    """A question of the draft, by the index of its statement, and the facts that would answer it."""

    statement: int
    text: str
    facts: tuple[AskedFact, ...]


class WhatIf(Record):
    """Estimates now and after the change; nothing of it enters the draft."""

    payload: RiskPayload
    evidence: tuple[Evidence, ...]
    warnings: tuple[str, ...]
    facts: dict[str, FactInfo]


class CheckedEdit(Record):
    """What the verifier says of an edited statement."""

    verdict: Verdict


class SignedIn(Record):
    """Who is logged in. `signs_by`: what a signature needs: a name, the password, a login at the provider, or none is
    possible.
    """

    user: str
    name: str
    role: Literal["physician", "reviewer", "researcher", "admin", "service"]
    permissions: tuple[str, ...]
    signs_by: Literal["name", "password", "login", "nothing"]


class SessionState(Record):
    """How one logs in here, and who is logged in. `ways`: `link`, `password`, `oidc`."""

    ways: tuple[Literal["link", "password", "oidc"], ...]
    actor: SignedIn | None


class LogIn(Asked):
    """Name and password of an account."""

    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)


class LoggedOut(Record):
    """The session has ended. `go_to`: where the browser ends that of the provider; None if there is none."""

    go_to: str | None


class NewPassword(Asked):
    """The password, and the one to take its place."""

    old: str = Field(min_length=1, max_length=256)
    new: str = Field(min_length=1, max_length=256)


class AccountInfo(Record):
    """An account as an administrator sees it."""

    name: str
    shown_name: str
    role: Literal["physician", "reviewer", "researcher", "admin", "service"]
    scopes: tuple[str, ...]
    disabled: bool
    locked_until: dt.datetime | None


class NewAccount(Asked):
    """An account of a person."""

    name: str = Field(max_length=64)
    shown_name: str = Field(default="", max_length=200)
    role: Literal["physician", "reviewer", "researcher", "admin"]
    password: str = Field(min_length=1, max_length=256)


class ChangedAccount(Asked):
    """What to change of an account; what is left out stays."""

    role: Literal["physician", "reviewer", "researcher", "admin"] | None = None
    disabled: bool | None = None
    password: str | None = Field(default=None, min_length=1, max_length=256)
    unlock: Literal[True] | None = None


class TeamChange(Asked):
    """Whom to enter into a care team, and whom to take out."""

    add: tuple[str, ...] = Field(default=(), max_length=50)
    remove: tuple[str, ...] = Field(default=(), max_length=50)


class TeamInfo(Record):
    """The care team of a case, without anything of the case but its number and those of its runs."""

    case: str
    members: tuple[str, ...]
    runs: tuple[str, ...]
    emergency: tuple[EmergencyAccess, ...]


class EmergencyRequest(Asked):
    """Emergency access to the cases of a patient (id as recorded) or to a run, with a reason."""

    patient: str | None = Field(default=None, min_length=1, max_length=200)
    run: str | None = Field(default=None, min_length=1, max_length=80)
    reason: str = Field(max_length=1000)


class AuditRow(Record):
    """A row of the audit record (`agent.trust.audit.Entry`) without hashes and sessions. It holds nothing clinical."""

    number: int
    at: dt.datetime
    user: str
    role: str
    address: str
    action: Action
    what: str
    outcome: Outcome
    case: str
    run: str
    account: str


class AuditPage(Record):
    """Rows, the last one first. `before`: the number to ask with for earlier ones; None if there are none."""

    rows: tuple[AuditRow, ...]
    before: int | None


class Hello(Record):
    """Who is served, and with what."""

    product: Literal["Consilium"] = "Consilium"
    version: str
    example: bool
    models: tuple[str, ...]


Values = dict[str, FactValue]
Event = dict[str, Any]
