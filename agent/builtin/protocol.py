"""The written protocol: which tools the built-in model calls next, and when it is done.

1. notes, imaging, variants, drug-gene pairs (in parallel)
2. the protein structure and risk models, on what step 1 found
3. the differential, on what steps 1 and 2 found; guideline passages for the question
4. recommendations, also for what the differential suspects
5. the safety of the options found and of the drugs taken

A draft that is written again, with what the physician added, repeats steps 2 to 5 without the passages.
"""

from __future__ import annotations

from typing import Any

from agent.builtin.options import asked_drugs, drugs_to_check
from agent.builtin.questions import asked_models
from agent.builtin.reading import Answered, Situation

Call = tuple[str, dict[str, Any]]
# The step in which a tool belongs, as numbered above.
STAGES = {
    "read_notes": 1, "segment_lesion": 1, "annotate_variants": 1, "pharmacogenomics": 1, "protein_site": 2,
    "predict_risk": 2, "differential": 3, "search_guidelines": 3, "match_recommendations": 4, "check_drugs": 5,
}  # fmt: skip
_HANDLES = ("imaging", "variants", "structure")


def next_calls(situation: Situation, available: frozenset[str]) -> list[Call]:
    """The next calls of the protocol; empty when the draft can be written."""
    answered = situation.recent if situation.redraft else situation.answered
    steps = (_look, _estimate, _think, _match, _check)[1 if situation.redraft else 0 :]
    for step in steps:
        calls = [
            (tool, arguments)
            for tool, arguments in step(situation)
            if tool in available and not any(_covers(item, tool, arguments) for item in answered)
        ]
        if calls:
            return calls
    return []


def _covers(made: Answered, tool: str, arguments: dict[str, Any]) -> bool:
    """Whether a call that was made is of the same tool, on the same file or on every file."""
    return made.tool == tool and all(
        made.arguments.get(name) in (arguments[name], None) for name in _HANDLES if name in arguments
    )


def _attachments(situation: Situation, kind: str) -> list[dict[str, Any]]:
    return [item for item in situation.case.get("attachments", []) if item["kind"] == kind]


def _look(situation: Situation) -> list[Call]:
    calls: list[Call] = []
    if situation.case.get("notes"):
        calls.append(("read_notes", {}))
    calls += [("segment_lesion", {"imaging": item["handle"]}) for item in _attachments(situation, "imaging")]
    variants = _attachments(situation, "variants")
    calls += [("annotate_variants", {"variants": item["handle"]}) for item in variants]
    germline = [item for item in variants if item.get("origin") != "somatic"]
    calls += [("pharmacogenomics", {"variants": item["handle"]}) for item in germline]
    return calls


def _estimate(situation: Situation) -> list[Call]:
    structures = [("protein_site", {"structure": item["handle"]}) for item in _attachments(situation, "structure")]
    asked = asked_models(situation.question)
    return [*structures, ("predict_risk", {"asked_about": list(asked)} if asked else {})]


def _think(situation: Situation) -> list[Call]:
    passages = situation.question.strip() and not situation.redraft
    searched = [("search_guidelines", {"query": situation.question, "k": 5})] if passages else []
    return [("differential", {}), *searched]


def _match(situation: Situation) -> list[Call]:
    asked = asked_drugs(situation)
    return [("match_recommendations", {"limit": 40, "asked_about": asked} if asked else {"limit": 40})]


def _check(situation: Situation) -> list[Call]:
    drugs = drugs_to_check(situation)
    return [("check_drugs", {"drugs": drugs})] if drugs else []
