"""One piece of evidence, one sentence, and what the verifier has to say (tests/golden/verifier_sentences.tsv)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from agent.draft import Draft, Statement
from agent.verify import verify
from knowledge.facts import Fact, vocabulary
from tools.case import Case, Patient
from tools.evidence import CaseField, Evidence, Provenance

TABLE = Path(__file__).parents[2] / "golden" / "verifier_sentences.tsv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def fact(text: str) -> Fact:
    name, _, value = text.strip().partition("=")
    match vocabulary().spec(name).kind:
        case "quantity":
            number, _, unit = value.partition(" ")
            return Fact(name=name, value=float(number), unit=unit)
        case "boolean":
            return Fact(name=name, value=value == "true")
        case "integer":
            return Fact(name=name, value=int(value))
        case _:
            return Fact(name=name, value=value)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['expected']}: {row['sentence']}")
def test_verdict_on_a_sentence(row: dict[str, str]) -> None:
    evidence = Evidence(
        kind="recommendation" if row["kind"] == "recommendation" else "observation",
        claim=row["claim"],
        facts=tuple(fact(text) for text in row["facts"].split(";") if text.strip()),
        locator=CaseField(handle="case.yaml", path="observations[0]"),
        provenance=Provenance(tool="test", tool_version="1"),
    )
    statement = Statement(section="findings", kind=row["kind"], text=row["sentence"], evidence=(evidence.id,))
    draft = Draft(case_id="c", question="q", language=row["language"], statements=(statement,))
    verdict = verify(draft, {evidence.id: evidence}, Case(id="c", patient=Patient(id="p"))).verdicts[0]
    codes = {problem.code for problem in verdict.problems}
    if row["expected"] == "supported":
        assert verdict.status == "supported", [problem.message for problem in verdict.problems]
    else:
        assert verdict.status == "unsupported"
        assert row["expected"] in codes
