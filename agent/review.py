"""The physician's review: what is proposed, what was decided, and the signature that binds both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agent.draft import Decision, Draft, Review, Signature, Verification
from knowledge.errors import ToolRetry


def proposals(draft: Draft, verification: Verification) -> dict[str, Any]:
    """What waits for a decision, in the shape of LangChain's human-in-the-loop requests: one action a statement."""
    verdicts = {verdict.index: verdict for verdict in verification.verdicts}
    requests, configs = [], []
    for index, statement in enumerate(draft.statements):
        verdict = verdicts.get(index)
        name = f"statement_{index}"
        requests.append(
            {
                "name": name,
                "args": statement.model_dump(mode="json"),
                "description": "; ".join(p.message for p in verdict.problems) if verdict else "",
            }
        )
        configs.append({"action_name": name, "allowed_decisions": ["approve", "edit", "reject"]})
    return {"draft_hash": draft.hash, "action_requests": requests, "review_configs": configs}


def read_decisions(given: Sequence[Mapping[str, Any]]) -> tuple[Decision, ...]:
    """Decisions from plain data, in the order of their statements. Raises `ToolRetry` if one does not fit."""
    try:
        return tuple(sorted((Decision.model_validate(dict(item)) for item in given), key=lambda d: d.index))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "decision"
        raise ToolRetry(f"{place}: {problem['msg']}") from None


def sign(
    draft: Draft, decisions: Sequence[Mapping[str, Any]], reviewer: str, versions: dict[str, str], signed_at: str
) -> Review:
    """A signed review of exactly this draft.

    Args:
        signed_at: ISO date and time with a time zone.

    Raises:
        ToolRetry: a statement has no decision or two, a decision does not fit, or no reviewer is named.
    """
    review = Review(draft_hash=draft.hash, decisions=read_decisions(decisions))
    if not review.covers(draft):
        decided = {decision.index for decision in review.decisions}
        open_ones = [str(i) for i in range(len(draft.statements)) if i not in decided]
        missing = f"statements without a decision: {', '.join(open_ones)}" if open_ones else "a statement decided twice"
        raise ToolRetry(f"The draft cannot be signed: {missing}.")
    if not reviewer.strip():
        raise ToolRetry("The draft cannot be signed: no reviewer is named.")
    signature = Signature(
        reviewer=reviewer.strip(),
        signed_at=dt.datetime.fromisoformat(signed_at),
        draft_hash=draft.hash,
        review_hash=review.hash,
        versions=versions,
    )
    return review.model_copy(update={"signature": signature})


def edited(draft: Draft, decisions: Sequence[Decision]) -> Draft:
    """The draft as it stands after the decisions: edits in place, rejected statements gone."""
    by_index = {decision.index: decision for decision in decisions}
    kept = []
    for index, statement in enumerate(draft.statements):
        decision = by_index.get(index)
        if decision is not None and decision.action == "reject":
            continue
        if decision is not None and decision.action == "edit" and decision.text:
            statement = statement.model_copy(update={"text": " ".join(decision.text.split())})  # noqa: PLW2901
        kept.append(statement)
    return draft.model_copy(update={"statements": tuple(kept)})
