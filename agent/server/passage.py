"""One request, as the gate, the routes and the audit record know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request

from agent.server.access import NOT_OPEN, Access
from agent.trust.identity import Actor
from agent.trust.policy import Rule


@dataclass
class Passage:
    """Who asks, for what, on which case (its name in the vault), and whether it was refused here, and with what.

    `named` is what the path names; where the case stands in the body, the route adds it with `open_case`.
    """

    actor: Actor
    method: str
    template: str = ""
    rule: Rule | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    case: str = ""
    status: int = 0
    refused: bool = False

    @property
    def permission(self) -> str:
        """What the route needs; empty for one that is not listed."""
        return self.rule.permission if self.rule else ""

    def open_case(self, access: Access, scope: str | None, run: str = "", hint: str = "") -> None:
        """Note the case that the body names, and that of its run.

        Raises `HTTPException` 404 for one that is not there or not open to the actor; the two cannot be told apart, but
        in the audit record. `hint` is added to what is said.
        """
        self.case = scope or ""
        if run and scope:
            self.named = {**self.named, "run_id": run}
        if not access.allows(self.actor, scope):
            self.refused = True
            raise HTTPException(404, f"{NOT_OPEN} {hint}".strip())


def passage_of(request: Request) -> Passage:
    """The passage of a request."""
    return cast(Passage, request.state.passage)


ThePassage = Annotated[Passage, Depends(passage_of)]
