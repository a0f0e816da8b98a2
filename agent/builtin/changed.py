"""What a new statement changes: advice that now applies, results that are new, the stage as it now stands."""

from __future__ import annotations

import re

from agent.builtin.asked import Asked
from agent.builtin.options import advice, drugs_of_patient, drugs_to_check, newly_applying
from agent.builtin.protocol import Call
from agent.builtin.reading import Answered, Seen, Situation
from agent.builtin.safety import against
from agent.builtin.wording import Wording, restated, statement
from agent.draft import Statement

MAX_RESULTS, MAX_NEW = 4, 6
_CHANGES = re.compile(
    r"\bwhat (?:now|next|then)\b|\bwhat (?:does|do|will|would) (?:this|that|it|these)?\s*(?:change|mean)\w*\b"
    r"|\bwhat (?:changes|has changed)\b|\bnow what\b|\bso what\b|^\W*(?:so|and|and now|then|next|thoughts)\W*$"
    r"|\b(?:does|do|will|would|is|are)\b[^?]{0,40}\b(?:change|alter|affect)\w*\b"
    r"|\bany(?:thing)? (?:change|different)\w*\b"
    r"|\bwhat (?:do|should|would) (?:we|I|you) (?:do|advise|recommend|suggest)\b[^?]{0,12}\?|\bnext steps?\b"
    r"|\bchanges? (?:anything|the plan|your (?:advice|mind|plan))\b"
    r"|怎么办|下一步|接下来|有(?:什么|何|没有)?(?:变化|改变|影响)|会改变|需要(?:改变|调整)|那(?:么)?呢|现在(?:呢|怎么)|怎么处理",
    re.I,
)
_STAGE = re.compile(
    r"\b(?:what|which|new|the|her|his|clinical|TNM)?\s*\bstag(?:e|ing)\b(?: is (?:it|this|that))?\s*(?:now)?\s*\?"
    r"|\b(?:what|which)\b[^?]{0,20}\bstage\b|\bTNM\b|分期|[哪几][一个]?期",
    re.I,
)
_OF_STAGE = re.compile(r"AJCC")
_CATEGORIES = ("tumour.t_stage", "tumour.n_stage", "tumour.metastatic")


def asks_anew(asked: Asked) -> bool:
    """Whether a message that told something asks what that changes, or for the stage."""
    return bool(asked.told) and not asked.overrides and bool(_CHANGES.search(asked.text) or asks_stage(asked))


def asks_stage(asked: Asked) -> bool:
    """Whether the stage is asked for."""
    return bool(asked.text) and not asked.overrides and not asked.drugs and _STAGE.search(asked.text) is not None


def next_call(situation: Situation, called: set[str]) -> list[Call]:
    """The models first, so that the recommendations see their results; then the drugs."""
    if "predict_risk" not in called:
        return [("predict_risk", {})]
    if "match_recommendations" not in called:
        return [("match_recommendations", {"limit": 40})]
    drugs = drugs_to_check(situation)
    return [("check_drugs", {"drugs": drugs})] if drugs and "check_drugs" not in called else []


def changed(situation: Situation, wording: Wording, asked: Asked) -> list[Statement]:
    """Results and advice that are new since the message before; that nothing is new, where so."""
    if asks_stage(asked):
        return stage(situation, wording)
    earlier = situation.answered[: len(situation.answered) - len(situation.recent)]
    seen = {item for answer in earlier for item in answer.evidence}
    results = [item for item in situation.current("predict_risk") if item.id not in seen][:MAX_RESULTS]
    before = {
        str(item["id"])
        for answer in [a for a in earlier if _is_whole_match(a)][-1:]
        for item in answer.payload.get("applies", [])
    }
    held = sorted(drugs_of_patient(situation))
    options = [drug for drug in drugs_to_check(situation) if drug not in held]
    warnings = [item for item in against(situation, "summary", held) if not seen & set(item.evidence[:1])]
    statements = warnings or [
        item for item in against(situation, "summary", options, grave=True) if not seen & set(item.evidence[:1])
    ]
    statements += [_advised(situation, wording, item) for item in newly_applying(situation, before)[:MAX_NEW]]
    statements += [restated("summary", item, wording) for item in results]
    return statements or [statement("summary", "question", wording.say("nothing_new"))]


def _is_whole_match(answer: Answered) -> bool:
    """Whether recommendations were matched for all drugs, tests and topics."""
    narrowed = any(map(answer.arguments.get, ("drugs", "tests", "topics", "diseases")))
    return answer.tool == "match_recommendations" and not answer.error and not narrowed


def stage(situation: Situation, wording: Wording) -> list[Statement]:
    """The stage and its categories as worked out or recorded; else which of T, N and M are not on record."""
    found: list[Seen] = [item for item in situation.current("predict_risk") if _OF_STAGE.search(item.claim)]
    if not _is_grouped(found):
        recorded = [seen for name in ("tumour.stage", *_CATEGORIES) for seen, _, _ in situation.with_fact(name)]
        found += list({item.id: item for item in recorded if item not in found}.values())
    statements = [restated("summary", item, wording) for item in found]
    lacking = [name for name in _CATEGORIES if not situation.with_fact(name)]
    if lacking and not situation.with_fact("tumour.stage") and not _is_grouped(found):
        facts = wording.listed([wording.label(name) for name in lacking])
        statements.append(statement("summary", "question", wording.say("stage_lacks", facts=facts)))
    return statements


def _is_grouped(found: list[Seen]) -> bool:
    return any("stage group" in item.claim or "临床分期" in item.claim for item in found)


def _advised(situation: Situation, wording: Wording, item: dict[str, object]) -> Statement:
    because = item.get("because") or []
    ids = [str(b["evidence_id"]) for b in because if b.get("evidence_id")]  # type: ignore[attr-defined]
    return statement("summary", "finding", advice(situation, wording, item), [str(item["evidence_id"]), *ids])
