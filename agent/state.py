"""The state of the graph. It holds ids, messages and small values; evidence and pixels stay in the run store."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from tools.case import Language


def merge_unique(old: list[str], new: list[str]) -> list[str]:
    """`old` followed by `new`, each once; what is found again counts as found last."""
    return [*(item for item in old if item not in new), *dict.fromkeys(new)]


class State(TypedDict, total=False):
    """What a checkpoint holds.

    `mode` says whether the graph works towards the draft or the answer to a follow-up question. `written` is the
    newest draft or answer and `verification` its verdicts, both as JSON; `draft` and `draft_verification` are kept
    while questions are answered. `spent` counts the calls, tokens and seconds of the run's model since the newest
    question.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    evidence: Annotated[list[str], merge_unique]
    warnings: Annotated[list[str], merge_unique]
    mode: Literal["draft", "answer"]
    question: str
    model_failed: bool
    turns: int
    attempts: int
    spent: dict[str, float]
    written: dict[str, Any]
    verification: dict[str, Any]
    draft: dict[str, Any]
    draft_verification: dict[str, Any]
    review: dict[str, Any] | None


class CallInput(TypedDict):
    """What one parallel tool call is sent: the call, the evidence known then, what the physician has said, and the
    language to answer in."""

    call: dict[str, Any]
    evidence: list[str]
    spoken: list[str]
    language: Language
