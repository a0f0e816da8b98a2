"""What the agent did on one case, as plain records that every scorer reads."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from agent.draft import Draft, Statement, Verification
from tools.evidence import Evidence, Record


class CallMade(Record):
    """One tool call of the agent; `failed` where the tool did not answer."""

    tool: str
    arguments: dict[str, Any]
    failed: bool = False


class TurnOutcome(Record):
    """The draft (turn 0) or an answer, with its verification and the calls made for it."""

    written: Draft
    verification: Verification
    calls: tuple[CallMade, ...] = ()

    def statements(self) -> tuple[tuple[Statement, Literal["supported", "unsupported", "cannot_check"]], ...]:
        """Each statement with what the verifier says of it."""
        status = {verdict.index: verdict.status for verdict in self.verification.verdicts}
        return tuple((item, status.get(place, "cannot_check")) for place, item in enumerate(self.written.statements))


class Outcome(Record):
    """One case, run once. `error` says why it did not end, and then there may be no turns."""

    case_id: str
    turns: tuple[TurnOutcome, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    seconds: float = Field(default=0.0, ge=0)
    tool_seconds: float = Field(default=0.0, ge=0)
    model_calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None

    def ledger(self) -> dict[str, Evidence]:
        """The evidence by id."""
        return {item.id: item for item in self.evidence}
