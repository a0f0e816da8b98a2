from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.draft import Statement, Verdict
from agent.verify import verify_statement
from knowledge.facts import Fact
from tools.case import Case, Patient
from tools.evidence import CaseField, DocumentPassage, Evidence, Provenance

MADE = Provenance(tool="test", tool_version="1")
Record = Callable[..., Evidence]


@pytest.fixture
def record() -> Record:
    """Makes evidence of a recorded fact."""

    def make(claim: str, **facts: object) -> Evidence:
        made = tuple(
            value if isinstance(value, Fact) else Fact(name=name.replace("__", "."), value=value)
            for name, value in facts.items()
        )
        return Evidence(
            kind="observation",
            claim=claim,
            facts=made,
            locator=CaseField(handle="case.yaml", path="x"),
            provenance=MADE,
        )

    return make


@pytest.fixture
def advice() -> Record:
    """Makes evidence of a recommendation."""

    def make(claim: str, rec_id: str, action: str = "treat") -> Evidence:
        return Evidence(
            kind="recommendation",
            claim=claim,
            facts=(Fact(name="rec.id", value=rec_id), Fact(name="rec.action", value=action)),
            locator=DocumentPassage(document="Test guideline", section="1"),
            provenance=MADE,
        )

    return make


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    """The verdict on a recommendation that cites the first pieces of evidence, with `others` in the ledger."""

    def judge(text: str, cited: list[Evidence], others: list[Evidence] | None = None, **changes: object) -> Verdict:
        case = changes.pop("case", Case(id="c", patient=Patient(id="p")))
        language = changes.pop("language", "en")
        body = {"section": "treatment", "kind": "recommendation", "text": text, "evidence": tuple(e.id for e in cited)}
        ledger = {item.id: item for item in [*cited, *(others or [])]}
        return verify_statement(Statement(**(body | changes)), ledger, case, language=language)

    return judge
