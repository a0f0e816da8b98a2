"""A part of OpenAI's chat interface, so that its clients can ask about a run: the model's name is the run's id.

The answer carries its citations as footnotes. It is streamed sentence by sentence, not token by token: each was
verified before it is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field

from agent.server.chat_stream import Stream, relayed
from agent.server.footnotes import with_footnotes
from agent.server.office import Office, Owner, TheOffice
from agent.server.passage import ThePassage
from agent.server.queueing import Full, Job
from agent.server.records import LONGEST_QUESTION, AnsweredStatement, Asked
from agent.trust.audit import Action
from agent.trust.identity import TheActor
from knowledge.errors import ConsiliumError, ToolFailed, ToolRetry
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


class Message(Asked):
    """One message; only the text is read."""

    model_config = ConfigDict(extra="ignore")

    role: str
    content: str | list[dict[str, Any]] | None = None

    def text(self) -> str:
        """The text of the message."""
        if isinstance(self.content, list):
            return " ".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class ChatRequest(Asked):
    """A request as OpenAI's clients send it; settings of sampling have no meaning here and are passed over."""

    model_config = ConfigDict(extra="ignore")

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
def list_models(office: TheOffice, actor: TheActor) -> ModelList:
    """The runs that wait for the physician."""
    runs = [run for run in office.runs_of(actor) if run.state == "to_review"]
    return ModelList(data=tuple(Model(id=run.id, created=int(run.created.timestamp())) for run in runs))


@router.post(
    "/chat/completions",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "model": ChatReply}},
    response_model=None,
)
async def complete(
    asked: ChatRequest, office: TheOffice, passage: ThePassage, owner: Owner
) -> ChatReply | StreamingResponse:
    """Ask the last user message of the run that `model` names. With `stream`, sentences come as they are verified."""
    access = office.access
    scope = await asyncio.to_thread(access.scope_of_run, asked.model)
    hint = "`model` must be the id of a run; GET /v1/models lists them."
    await asyncio.to_thread(passage.open_case, access, scope, asked.model, hint)
    run = office.consilium.store.run(asked.model)
    question = next((m.text().strip() for m in reversed(asked.messages) if m.role == "user"), "")
    if not question:
        raise ToolRetry("There is no user message with text.")
    if len(question) > LONGEST_QUESTION:
        raise ToolRetry(f"The last user message may have at most {LONGEST_QUESTION} characters.")
    if run.state != "to_review" or office.worker.place(run.id) is not None:
        raise ToolFailed("The run is not waiting for a question.")
    if not office.worker.has_room():
        raise Full
    await asyncio.to_thread(access.record, passage.actor, Action.RAN, "complete", case=passage.case, run=run.id)
    last = office.bus.last_id(run.id)
    turn = office.desk.add_turn(run.id, question)
    office.worker.submit(Job(run.id, turn, owner=owner))
    if asked.stream:
        return StreamingResponse(_streamed(office, run.id, turn.number, last), media_type="text/event-stream")
    async with _in_time():
        async for _ in office.bus.follow(run.id, last):
            pass
    statements, claims = await asyncio.to_thread(_answer, office, run.id, turn.number)
    return ChatReply(
        id=f"chatcmpl-{run.id}-{turn.number}",
        created=int(time.time()),
        model=run.id,
        choices=(Choice(message=ReplyMessage(content=with_footnotes(statements, claims))),),
    )


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(MAX_SECONDS):
            yield
    except TimeoutError:
        raise ToolFailed(f"No answer within {MAX_SECONDS:.0f} s; it is still being worked on.") from None


async def _streamed(office: Office, run_id: str, number: int, last: str | None) -> AsyncIterator[str]:
    stream = Stream(run_id, number)
    try:
        async with _in_time():
            async for piece in relayed(stream, office.bus.follow(run_id, last)):
                yield piece
        statements, claims = await asyncio.to_thread(_answer, office, run_id, number)
        pieces = stream.rest(statements, claims)
    except ConsiliumError as error:
        pieces = stream.failed(str(error))
    for piece in pieces:
        yield piece


def _answer(office: Office, run_id: str, number: int) -> tuple[tuple[AnsweredStatement, ...], dict[str, str]]:
    """The sentences of the answer, and the claims of all evidence by id. Raises `ToolFailed` if there is none."""
    turn = office.desk.turns(run_id)[number - 1]
    if turn.state != "done":
        raise ToolFailed(turn.message or "The question was stopped.")
    statements = turn.statements
    if turn.new_draft:
        report = office.consilium.report(run_id)
        statements = tuple(
            AnsweredStatement(text=s.text, kind=s.kind, evidence=s.evidence, status=v.status, problems=v.problems)
            for s, v in zip(report.draft.statements, report.verification.verdicts, strict=True)
        )
    return statements, {key: item.claim for key, item in office.consilium.store.evidence(run_id).items()}
