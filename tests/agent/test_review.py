"""A signature binds a decision on every statement of exactly one draft."""

from __future__ import annotations

import pytest

from agent.draft import Draft, Statement, Verdict, Verification
from agent.review import edited, proposals, read_decisions, sign
from knowledge.errors import ToolRetry

DRAFT = Draft.arrange(
    [
        Statement(section="treatment", kind="recommendation", text="Give osimertinib.", evidence=("E1",)),
        Statement(section="summary", kind="finding", text="66-year-old woman.", evidence=("E0",)),
    ],
    case_id="case-1",
    question="What now?",
)
ACCEPT_ALL = [{"index": 0, "action": "accept"}, {"index": 1, "action": "accept"}]
WHEN = "2026-11-23T10:00:00+00:00"


def test_statements_stand_in_the_order_of_the_sections() -> None:
    assert [statement.section for statement in DRAFT.statements] == ["summary", "treatment"]


def test_the_signature_holds_reviewer_time_versions_and_both_hashes() -> None:
    review = sign(DRAFT, ACCEPT_ALL, " Dr Example ", {"model": "builtin"}, WHEN)
    assert review.signature is not None
    assert review.signature.reviewer == "Dr Example"
    assert review.signature.draft_hash == DRAFT.hash
    assert review.signature.review_hash == review.hash
    assert review.signature.versions == {"model": "builtin"}
    assert review.covers(DRAFT)


@pytest.mark.hazard("HAZ-13")
def test_a_draft_that_changed_in_one_character_needs_another_signature() -> None:
    review = sign(DRAFT, ACCEPT_ALL, "Dr Example", {}, WHEN)
    changed = edited(DRAFT, read_decisions([{"index": 1, "action": "edit", "text": "Give osimertinib!"}]))
    assert changed.hash != DRAFT.hash
    assert not review.covers(changed)


@pytest.mark.parametrize(
    ("decisions", "problem"),
    [
        ([], "without a decision: 0, 1"),
        (ACCEPT_ALL[:1], "without a decision: 1"),
        ([*ACCEPT_ALL, ACCEPT_ALL[0]], "decided twice"),
        ([ACCEPT_ALL[0], {"index": 1, "action": "reject"}], "a rejection needs a reason"),
        ([ACCEPT_ALL[0], {"index": 1, "action": "edit", "text": "  "}], "an edit needs the new text"),
        ([ACCEPT_ALL[0], {"index": 1, "action": "sign"}], "action"),
        ([ACCEPT_ALL[0], {"index": 1, "action": "accept", "by": "x"}], "by"),
    ],
)
@pytest.mark.hazard("HAZ-12")
def test_decisions_that_do_not_cover_the_draft_sign_nothing(decisions: list[dict[str, object]], problem: str) -> None:
    with pytest.raises(ToolRetry, match=problem):
        sign(DRAFT, decisions, "Dr Example", {}, WHEN)


def test_nobody_cannot_sign() -> None:
    with pytest.raises(ToolRetry, match="no reviewer"):
        sign(DRAFT, ACCEPT_ALL, "  ", {}, WHEN)


def test_rejected_statements_go_and_edits_stand_in_the_final_text() -> None:
    decisions = read_decisions(
        [{"index": 1, "action": "reject", "reason": "wrong line"}, {"index": 0, "action": "edit", "text": "Woman, 66."}]
    )
    assert [statement.text for statement in edited(DRAFT, decisions).statements] == ["Woman, 66."]


def test_the_interrupt_offers_approve_edit_and_reject_for_each_statement() -> None:
    verdicts = (Verdict(index=0, status="supported"), Verdict(index=1, status="supported"))
    payload = proposals(DRAFT, Verification(draft_hash=DRAFT.hash, verdicts=verdicts))
    assert [request["name"] for request in payload["action_requests"]] == ["statement_0", "statement_1"]
    assert all(c["allowed_decisions"] == ["approve", "edit", "reject"] for c in payload["review_configs"])
