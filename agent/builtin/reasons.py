"""Why a thing is advised or not: the recommendation, the facts that decide it, what speaks against a drug."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.builtin.asked import Asked
from agent.builtin.options import advice, applying, shown_value
from agent.builtin.reading import Answered, Seen, Situation
from agent.builtin.wording import Wording, statement, words_of
from agent.draft import Statement

MAX_OPEN = 2
MAX_INSTEAD = 2
MAX_LEFT_OUT = 2
# Words of a bare "Why do you say so?".
_OF_THE_QUESTION = frozenset(
    ["say", "said", "explain", "come", "reason", "reasons", "think", "so", "one", "advise", "advice", "recommend",
     "please", "tell", "suggest", "为什", "为何", "这样", "建议", "依据", "理由", "是什", "原因"]
)  # fmt: skip


def about_drugs(situation: Situation, wording: Wording, asked: Asked) -> list[Statement]:
    """What the safety tables and the recommendations say of these drugs: what speaks against them, the advice that
    applies, then advice on them that waits for a fact or fails on one point."""
    checked = _newest(situation, "check_drugs")
    matched = _newest(situation, "match_recommendations")
    payload = checked.payload if checked else {}
    because = {f["evidence_id"]: f.get("because", []) for f in payload.get("findings", [])}
    clear = set(payload.get("clear_evidence", []))
    rows = {(f["row"], f["drug"] if f["kind"] != "interaction" else ""): f["evidence_id"] for f in _findings(payload)}
    found = [situation.evidence[item] for item in (checked.evidence if checked else ())]
    against = [item for item in found if item.id in rows.values()]
    statements = [statement("summary", "finding", i.claim, [i.id, *because.get(i.id, [])]) for i in against]
    on_drugs = _on_drugs(situation, matched, asked.drugs)
    watched = [item for item in on_drugs if (item.get("action") or {}).get("concerns_drug")]
    shown = [*(item for item in on_drugs if item not in watched), *watched]
    if asked.why and not statements and len(shown) == len(watched):
        shown = []  # what to watch while a drug is taken is no reason for or against it
    statements += [_advised(situation, wording, item) for item in shown]
    advised = bool(statements)
    statements += [statement("summary", "finding", i.claim, [i.id]) for i in found if i.id in clear]
    if not advised or asked.why:
        statements += [statement("summary", "finding", i.claim, [i.id]) for i in _undecided(situation, matched)]
    if not any((item.get("action") or {}).get("type") == "treat" for item in on_drugs):
        statements += _instead(situation)
    if asked.why and not advised:
        statements += [item for item in reasons(situation, wording, asked) if item not in statements]
    return statements


def about_tests(situation: Situation, wording: Wording) -> list[Statement]:
    """What the recommendations say of the tests and procedures asked about: the advice that applies, then such as
    fails on one point or waits for a fact; where nothing advises them, the first options of the draft."""
    matched = _newest(situation, "match_recommendations")
    advised = list(matched.payload.get("applies", [])) if matched else []
    statements = [_advised(situation, wording, item) for item in advised]
    statements += [statement("summary", "finding", i.claim, [i.id]) for i in _undecided(situation, matched)]
    return statements if advised or not statements else [*statements, *_instead(situation)]


def _findings(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """What speaks against the drugs, the last first: of an interaction found from both sides the first stays."""
    return list(reversed(payload.get("findings", [])))


def _instead(situation: Situation) -> list[Statement]:
    """The first options of the draft, where nothing advises the drugs that are asked about."""
    options = [item for item in situation.draft if item["section"] == "treatment" and item["kind"] == "recommendation"]
    return [
        statement("summary", "recommendation", item["text"], item.get("evidence", [])) for item in options[:MAX_INSTEAD]
    ]


def _newest(situation: Situation, tool: str) -> Answered | None:
    found = [answer for answer in situation.recent if answer.tool == tool and not answer.error]
    return found[-1] if found else None


def _on_drugs(situation: Situation, matched: Answered | None, drugs: Sequence[str]) -> list[dict[str, Any]]:
    """Recommendations on these drugs that apply: those looked up for them, else those of the draft."""
    if matched is not None:
        return list(matched.payload.get("applies", []))
    return [a for a in applying(situation) if set(drugs) & set((a.get("action") or {}).get("drugs", []))]


def _advised(situation: Situation, wording: Wording, item: dict[str, Any]) -> Statement:
    ids = [item["evidence_id"], *(b["evidence_id"] for b in item.get("because", []) if b.get("evidence_id"))]
    return statement("summary", "finding", advice(situation, wording, item), ids)


def _undecided(situation: Situation, matched: Answered | None) -> list[Seen]:
    """Advice on the drugs that waits for a fact, and such as fails on one point, each with that point."""
    if matched is None:
        return []
    waiting = [item["evidence_id"] for item in matched.payload.get("cannot_tell", [])][:MAX_OPEN]
    left_out = [item["evidence_id"] for item in matched.payload.get("excluded", [])][:MAX_LEFT_OUT]
    return [situation.evidence[item] for item in (*left_out, *waiting)]


def what_would_change(situation: Situation) -> list[Seen]:
    """Treatments that wait for a fact or fail on one point: what would bring them in."""
    answer = situation.latest("match_recommendations")
    payload = answer.payload if answer else {}
    items = [i for i in payload.get("cannot_tell", []) if (i.get("action") or {}).get("type") == "treat"]
    ids = [item["evidence_id"] for item in (*items[:MAX_OPEN], *payload.get("excluded", []), *items[MAX_OPEN:])]
    return [situation.evidence[item] for item in dict.fromkeys(ids)]


def _stated(situation: Situation, wording: Wording, used: dict[str, Any]) -> str:
    """A fact that decided, as its evidence states it: the one that it follows from, where it was derived."""
    source = used.get("derived_from")
    stated = situation.evidence[used["evidence_id"]].facts
    name, value = (source, stated[source]) if source in stated else (used["fact"], shown_value(used))
    return wording.say("lacking", label=wording.label(name)) if value is False else wording.point(name, value)


def _candidate(situation: Situation, words: set[str]) -> tuple[int, Statement] | None:
    """The candidate diagnosis that a question names by most words, with what speaks for and against it."""
    answer = situation.latest("differential")
    best: tuple[int, Statement] | None = None
    for item in answer.payload.get("candidates", []) if answer else []:
        own = situation.evidence[item["evidence_id"]]
        text = own.claim if situation.language == "en" else item["claim_zh"]
        score = len(words & words_of(text.partition("：" if situation.language == "zh" else ":")[0]))
        if best is None or score > best[0]:
            best = (score, statement("summary", "inference", text, [own.id, *item.get("because", [])]))
    return best


def reasons(situation: Situation, wording: Wording, asked: Asked) -> list[Statement]:
    """Why something was recommended: the recommendation and the facts that make it apply."""
    words = words_of(asked.text) - _OF_THE_QUESTION
    if not words and (first := _first_advice(situation)):
        return _because(situation, wording, first)
    words = words or words_of(asked.text)
    best: tuple[int, dict[str, Any]] | None = None
    for item in sorted(applying(situation), key=lambda item: (item.get("action") or {}).get("type") == "avoid"):
        drugs: Sequence[str] = (item.get("action") or {}).get("drugs", [])
        seen = situation.evidence[item["evidence_id"]]
        score = 3 * len(words & words_of(" ".join([*drugs, *map(wording.label, drugs)]).replace(".", " ")))
        score += len(words & words_of(seen.claim))
        if best is None or score > best[0]:
            best = (score, item)
    thought = _candidate(situation, words)
    if thought is not None and thought[0] > (best[0] if best else 0):
        return [thought[1]]
    if best is None or best[0] == 0:
        return []
    return _because(situation, wording, best[1])


def _first_advice(situation: Situation) -> dict[str, Any] | None:
    """The advice that the summary of the draft ends with."""
    cited = [i for item in situation.draft if item["section"] == "summary" for i in item.get("evidence", [])]
    items = {item["evidence_id"]: item for item in applying(situation)}
    return next((items[name] for name in reversed(cited) if name in items), None)


def _because(situation: Situation, wording: Wording, item: dict[str, Any]) -> list[Statement]:
    """A recommendation, and the facts that make it apply."""
    because = [b for b in item.get("because", []) if b.get("evidence_id")]
    statements = [statement("summary", "finding", advice(situation, wording, item), [item["evidence_id"]])]
    for absent in (False, True):
        chosen = [b for b in because if (b["value"] is False) is absent]
        points = [_stated(situation, wording, b) for b in chosen]
        if points:
            text = wording.say("because", points=wording.listed(points, most=len(points)))
            statements.append(statement("summary", "inference", text, [b["evidence_id"] for b in chosen]))
    return statements
