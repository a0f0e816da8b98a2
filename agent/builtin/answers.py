"""Follow-up questions: which tools to call again, and the answer from evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.builtin.options import applying, shown_value, source_name
from agent.builtin.protocol import Call
from agent.builtin.reading import Seen, Situation
from agent.builtin.wording import Wording, restated, statement
from agent.draft import Statement
from knowledge.facts import vocabulary
from tools.case import Language

MAX_SENTENCES = 6
_WHAT_IF = re.compile(
    r"\bwhat (?:if|would|happens)\b|\bsuppose\b|\band if\b|\bif (?:he|she|they|the|it)\b|如果|假如|要是|假设", re.I
)
_ASKS = re.compile(
    r"[?？]|吗|呢|^\s*(?:what|why|how|which|who|when|where|is|are|does|do|did|can|could|should|would|will|tell|show)\b",
    re.I,
)
_WHY = re.compile(r"\bwhy\b|\breason\b|为什么|为何|依据", re.I)
_STOPS_SMOKING = re.compile(
    r"\b(?:stop(?:s|ped)?|quit(?:s|ting)?|g(?:ive|ave)s? up|no longer)\b[^.?]*\bsmok|戒烟|不再吸烟", re.I
)
# Words that point to a kind of evidence.
_TOPICS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(
            r"large|size|big|diameter|volume|lesion|nodule|scan|ct\b|mri?\b|大小|直径|体积|病灶|结节|影像", re.I
        ),
        ("image_finding",),
    ),
    (re.compile(r"variant|mutation|gene\b|genom|变异|突变|基因", re.I), ("variant", "diplotype", "database_record")),
    (re.compile(r"metaboli|diplotype|drug.gene|pharmacogen|代谢|药物基因", re.I), ("diplotype",)),
    (re.compile(r"risk|probab|chance|score|likel|风险|概率|评分", re.I), ("risk_estimate",)),
)
_WORD = re.compile(r"[a-z0-9][a-z0-9+-]{2,}|[\u4e00-\u9fff]{2}", re.I)
_COMMON = frozenset(
    "the and for what why how this that with does was are his her not from you would happen about".split()  # noqa: SIM905
)


def next_calls(situation: Situation, available: frozenset[str]) -> list[Call]:
    """Calls that the newest question asks for; empty when the answer can be written."""
    question = situation.follow_up or ""
    if situation.recent:
        return []
    if "record_statement" in available and not _ASKS.search(question) and _states_facts(question, situation.language):
        return [("record_statement", {"text": question})]
    if _WHAT_IF.search(question) and "predict_risk" in available:
        overrides = read_overrides(question, situation.language)
        if overrides:
            return [("predict_risk", {"overrides": overrides})]
    if _WHY.search(question) and _reasons(situation, Wording(situation.language), question):
        return []
    if not _cited(situation, question) and "search_guidelines" in available:
        return [("search_guidelines", {"query": question, "k": 3})]
    return []


def _states_facts(text: str, language: Language) -> bool:
    from tools.notes.extract import extract

    return bool(extract(text, language, None))


def read_overrides(question: str, language: Language) -> list[dict[str, Any]]:
    """The facts that a what-if question supposes, in the form that `predict_risk` takes."""
    from tools.notes.extract import extract

    found: dict[str, dict[str, Any]] = {}
    if _STOPS_SMOKING.search(question):
        found["smoking.status"] = {"name": "smoking.status", "value": "former"}
        found["smoking.quit_years"] = {"name": "smoking.quit_years", "value": 0, "unit": "a"}
    for item in extract(question, language, None):
        if item.fact.name not in found:
            found[item.fact.name] = item.fact.model_dump(mode="json", exclude={"at"}, exclude_none=True)
    return list(found.values())


def compose(situation: Situation) -> list[Statement]:
    """The answer as statements, each with its evidence."""
    wording = Wording(situation.language)
    question = situation.follow_up or ""
    fresh = _fresh(situation)
    if _WHY.search(question):
        chosen = _reasons(situation, wording, question)
        if chosen:
            return chosen[:MAX_SENTENCES]
    picked = fresh or _cited(situation, question)
    statements = [_as_statement(situation, item, wording) for item in picked[:MAX_SENTENCES]]
    statements += [
        statement("summary", "question", answer.error) for answer in situation.recent if answer.error and not fresh
    ]
    warnings = [w for answer in situation.recent for w in answer.warnings] if not fresh else []
    statements += [statement("summary", "question", text) for text in dict.fromkeys(warnings)]
    return statements or [statement("summary", "question", wording.say("cannot_answer"))]


def _fresh(situation: Situation) -> list[Seen]:
    """Evidence that came with the newest question and was not there before."""
    earlier = situation.answered[: len(situation.answered) - len(situation.recent)]
    known = {item for answer in earlier for item in answer.evidence}
    new = dict.fromkeys(item for answer in situation.recent for item in answer.evidence if item not in known)
    return [situation.evidence[item] for item in new]


def _as_statement(situation: Situation, item: Seen, wording: Wording) -> Statement:
    matched = {a["evidence_id"]: a for a in applying(situation)}
    if item.id in matched:
        source = source_name(matched[item.id])
        text = wording.say("recommendation", text=item.claim.rstrip("."), source=source, strength="", certainty="")
        return statement("summary", "finding", text, [item.id])
    return restated("summary", item, wording)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)} - _COMMON


def _aliases(item: Seen) -> str:
    labels = [text for name in item.facts if name in vocabulary() for text in vocabulary()[name].label.values()]
    return " ".join([item.claim, *item.facts, *map(str, item.facts.values()), *labels])


def _cited(situation: Situation, question: str) -> list[Seen]:
    """Evidence that the question is about: by kind where a word names one, else by shared words."""
    kinds = {kind for pattern, named in _TOPICS if pattern.search(question) for kind in named}
    words = _words(question)
    scored = []
    for place, item in enumerate(situation.evidence.values()):
        shared = len(words & _words(_aliases(item)))
        score = shared + (2 if item.kind in kinds else 0)
        if score >= 2 and (item.kind in kinds or not kinds):
            scored.append((-score, place, item))
    return [item for _, _, item in sorted(scored, key=lambda entry: entry[:2])]


def _reasons(situation: Situation, wording: Wording, question: str) -> list[Statement]:
    """Why something was recommended: the recommendation and the facts that make it apply."""
    words = _words(question)
    best: tuple[int, dict[str, Any]] | None = None
    for item in applying(situation):
        drugs: Sequence[str] = (item.get("action") or {}).get("drugs", [])
        seen = situation.evidence[item["evidence_id"]]
        score = 3 * len(words & _words(" ".join([*drugs, *map(wording.label, drugs)]).replace(".", " ")))
        score += len(words & _words(seen.claim))
        if best is None or score > best[0]:
            best = (score, item)
    if best is None or best[0] == 0:
        return []
    item = best[1]
    seen = situation.evidence[item["evidence_id"]]
    because = [b for b in item.get("because", []) if b.get("evidence_id")]
    points = [wording.point(b["fact"], shown_value(b)) for b in because]
    statements = [_as_statement(situation, seen, wording)]
    if points:
        text = wording.say("because", points=wording.listed(points))
        statements.append(statement("summary", "inference", text, [b["evidence_id"] for b in because]))
    return statements
