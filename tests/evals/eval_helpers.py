"""A hand-made draft and evidence, right and wrong, to score."""

from __future__ import annotations

from agent.draft import Draft, Problem, Statement, Verdict, Verification
from evals.cases.model import ScriptedCase
from evals.scoring.outcome import CallMade, Outcome, TurnOutcome
from knowledge.facts import Fact
from tools.evidence import Calculation, DocumentPassage, Evidence, Provenance

MATCH = Provenance(tool="match_recommendations", tool_version="1")


def recommendation(name: str, claim: str) -> Evidence:
    facts = (Fact(name="rec.id", value=name),)
    locator = DocumentPassage(document="A guideline", section="1")
    return Evidence(kind="recommendation", claim=claim, facts=facts, locator=locator, provenance=MATCH)


def safety_row(drug: str, claim: str) -> Evidence:
    made_by = Provenance(tool="check_drugs", tool_version="1", parameters={"row": "a-row", "drug": drug})
    locator = DocumentPassage(document="A label", section="4")
    return Evidence(kind="database_record", claim=claim, locator=locator, provenance=made_by)


def score_of(name: str, value: int, claim: str) -> Evidence:
    return Evidence(
        kind="risk_estimate",
        claim=claim,
        facts=(Fact(name=name, value=value),),
        locator=Calculation(model="test"),
        provenance=Provenance(tool="predict_risk", tool_version="1"),
    )


DPYD = recommendation(
    "cpic-fluoropyrimidines-2017.pm",
    "DPYD poor metaboliser: do not use fluorouracil or capecitabine, because toxicity can be fatal.",
)
ADJUVANT = recommendation(
    "asco-colon-stage-ii-2022.t4",
    "Offer adjuvant chemotherapy for stage IIB or IIC (T4) colon cancer, after a discussion of benefit and harm.",
)
STROKE = score_of("risk_score.chads_vasc", 5, "The CHA2DS2-VASc is 5 (2 or more).")


def says(text: str, *cited: Evidence, section: str = "treatment", kind: str = "recommendation") -> Statement:
    return Statement(section=section, kind=kind, text=text, evidence=tuple(item.id for item in cited))


def outcome(
    *statements: Statement,
    evidence: tuple[Evidence, ...] = (DPYD, ADJUVANT, STROKE),
    refused: tuple[int, ...] = (),
    calls: tuple[CallMade, ...] = (),
) -> Outcome:
    draft = Draft.arrange(list(statements), case_id="C", question="?")
    problem = (Problem(code="x", message="x"),)
    verdicts = tuple(
        Verdict(index=i, status="unsupported", problems=problem)
        if i in refused
        else Verdict(index=i, status="supported")
        for i in range(len(draft.statements))
    )
    turn = TurnOutcome(written=draft, verification=Verification(draft_hash=draft.hash, verdicts=verdicts), calls=calls)
    return Outcome(case_id="c", turns=(turn,), evidence=evidence, seconds=1.0)


def case(*expect: dict, **more: object) -> ScriptedCase:
    expectations = [{"why": "a reason", "source": "a source", **item} for item in expect]
    body = {"id": "c", "title": "t", "job": "personalised_treatment", "rationale": "r", "question": "?"}
    return ScriptedCase.model_validate({**body, "expect": expectations, **more})
