"""A part of OpenAI's chat interface, so that its clients can ask about a run: the model's name is the run's id.

The answer carries its citations as footnotes. Answers are not streamed token by token: each sentence was verified
before it is sent.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from agent.server.office import Office, Owner, TheOffice
from agent.server.queueing import Full, Job
from agent.server.records import AnsweredStatement, Turn
from knowledge.errors import ToolFailed, ToolRetry
from tools.evidence import Record

router = APIRouter(prefix="/v1", tags=["openai"])
MAX_SECONDS = 300.0


class Model(Record):
    """A run that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["consilium"] = "consilium"


class ModelList(Record):
    """Runs that can be asked."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...]


class Message(BaseModel):
    """One message; only the text is read."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    role: str
    content: str | list[dict[str, Any]] | None = None

    def text(self) -> str:
        """The text of the message."""
        if isinstance(self.content, list):
            return " ".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class ChatRequest(BaseModel):
    """A request as OpenAI's clients send it; settings of sampling have no meaning here and are passed over."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    model: str
    messages: list[Message] = Field(min_length=1, max_length=1000)
    stream: bool = False


class ReplyMessage(Record):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(Record):
    """The only choice."""

    index: Literal[0] = 0
    message: ReplyMessage
    finish_reason: Literal["stop"] = "stop"


class ChatReply(Record):
    """An answer in OpenAI's form."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[Choice, ...]


@router.get("/models")
def list_models(office: TheOffice) -> ModelList:
    """The runs that wait for the physician."""
    runs = [run for run in office.consilium.store.runs() if run.state == "to_review"]
    return ModelList(data=tuple(Model(id=run.id, created=int(run.created.timestamp())) for run in runs))


@router.post("/chat/completions")
async def complete(asked: ChatRequest, office: TheOffice, owner: Owner) -> ChatReply:
    """Ask the last user message of the run that `model` names."""
    if asked.stream:
        raise ToolRetry("Streaming is not offered: a sentence is sent once it is verified. Set stream to false.")
    run = next((run for run in office.consilium.store.runs() if run.id == asked.model), None)
    if run is None:
        raise HTTPException(404, "`model` must be the id of a run; GET /v1/models lists them.")
    question = next((m.text().strip() for m in reversed(asked.messages) if m.role == "user"), "")
    if not question:
        raise ToolRetry("There is no user message with text.")
    if run.state != "to_review" or office.worker.place(run.id) is not None:
        raise ToolFailed("The run is not waiting for a question.")
    if not office.worker.has_room():
        raise Full
    turn = office.desk.add_turn(run.id, question)
    office.worker.submit(Job(run.id, turn, owner=owner))
    turn = await _wait(office, run.id, turn.number)
    text = await asyncio.to_thread(_text, office, run.id, turn)
    return ChatReply(
        id=f"chatcmpl-{run.id}-{turn.number}",
        created=int(time.time()),
        model=run.id,
        choices=(Choice(message=ReplyMessage(content=text)),),
    )


async def _wait(office: Office, run_id: str, number: int) -> Turn:
    async with asyncio.timeout(MAX_SECONDS):
        async for _ in office.bus.follow(run_id, None):
            pass
    turn = office.desk.turns(run_id)[number - 1]
    if turn.state != "done":
        raise ToolFailed(turn.message or "The question was stopped.")
    return turn


def _text(office: Office, run_id: str, turn: Turn) -> str:
    statements = turn.statements
    if turn.new_draft:
        report = office.consilium.report(run_id)
        statements = tuple(
            AnsweredStatement(text=s.text, kind=s.kind, evidence=s.evidence, status=v.status, problems=v.problems)
            for s, v in zip(report.draft.statements, report.verification.verdicts, strict=True)
        )
    return with_footnotes(statements, {k: e.claim for k, e in office.consilium.store.evidence(run_id).items()})


def with_footnotes(statements: tuple[AnsweredStatement, ...], claims: dict[str, str]) -> str:
    """Sentences with numbered marks, then what each mark stands for. Unsupported sentences are marked in words."""
    numbers: dict[str, int] = {}
    lines = []
    for statement in statements:
        marks = "".join(f"[^{numbers.setdefault(item, len(numbers) + 1)}]" for item in statement.evidence)
        flag = "" if statement.status == "supported" else "(NOT SUPPORTED) "
        lines.append(f"{flag}{statement.text}{marks}")
    notes = [f"[^{number}]: {claims.get(item, 'unknown evidence')} ({item})" for item, number in numbers.items()]
    return "\n\n".join([*lines, *notes])
