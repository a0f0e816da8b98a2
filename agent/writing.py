"""Drafts as a chat model writes them: the schema of `write_draft`, and how a call of it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.draft import Confidence, Draft, Section, Statement, StatementKind
from knowledge.errors import ToolRetry

MAX_STATEMENTS = 120
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class WrittenStatement(BaseModel):
    """One sentence, the section it belongs to, and the ids of the evidence that it rests on."""

    model_config = ConfigDict(extra="forbid")

    section: Section
    kind: StatementKind
    text: str = Field(min_length=1, max_length=2000)
    evidence: list[str] = Field(default_factory=list, max_length=40)
    confidence: Confidence | None = None
    confidence_basis: str | None = Field(default=None, max_length=300)


class WriteDraft(BaseModel):
    """Hand in the whole draft, or the whole answer, as statements."""

    model_config = ConfigDict(extra="forbid")

    statements: list[WrittenStatement] = Field(min_length=1, max_length=MAX_STATEMENTS)


def schema() -> dict[str, Any]:
    """The OpenAI-style function schema of `write_draft`."""
    return {
        "type": "function",
        "function": {
            "name": "write_draft",
            "description": WriteDraft.__doc__,
            "parameters": WriteDraft.model_json_schema(),
        },
    }


def read_draft(message: AIMessage, header: Mapping[str, str], *, synthetic: bool, any_language: bool = False) -> Draft:
    """The draft in a message that calls `write_draft`; `header` gives its case_id, question and language.

    `any_language` takes one that quotes more than it says in its own language.

    Raises:
        ToolRetry: the message holds no such call, or its arguments do not fit; the text says what is wrong.
    """
    calls = [call for call in message.tool_calls if call["name"] == "write_draft"]
    if not calls:
        raise ToolRetry("Answer with one call of write_draft, and nothing else.")
    try:
        written = WriteDraft.model_validate(calls[-1]["args"])
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:8])
        raise ToolRetry(f"The arguments of write_draft do not fit: {problems}") from None
    if not any_language:
        _check_language([item.text for item in written.statements], header["language"])
    return Draft.arrange(
        [as_statement(item) for item in written.statements],
        synthetic=synthetic,
        **header,
    )


def _check_language(texts: Sequence[str], language: str) -> None:
    """Most statements must be in the language asked for; quotations and names may be in another."""
    chinese = sum(bool(_CHINESE.search(text)) for text in texts) / len(texts)
    if (language == "zh") != (chinese >= 0.5):
        raise ToolRetry(f"Write the statements in the language `{language}`.")


def as_statement(item: WrittenStatement) -> Statement:
    """A written statement as a statement of a draft: one line, each evidence id once."""
    return Statement(
        section=item.section,
        kind=item.kind,
        text=" ".join(item.text.split()),
        evidence=tuple(dict.fromkeys(item.evidence)),
        confidence=item.confidence,
        confidence_basis=item.confidence_basis,
    )


def as_call(statements: Sequence[Statement], call_id: str) -> AIMessage:
    """A message that calls `write_draft` with these statements."""
    arguments = {"statements": [s.model_dump(mode="json") for s in statements]}
    return AIMessage(content="", tool_calls=[{"name": "write_draft", "args": arguments, "id": call_id}])
