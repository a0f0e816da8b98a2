"""Follow-up questions: which tools to call again, and the answer from evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.builtin.options import advice, applying, shown_value
from agent.builtin.protocol import Call
from agent.builtin.questions import asked_models, asks_why, named_drugs, parted, suppositions
from agent.builtin.reading import Seen, Situation, lung_lesions
from agent.builtin.wording import Wording, asked_words, restated, statement
from agent.draft import Statement
from knowledge.facts import vocabulary

MAX_SENTENCES = 6
MAX_SUPPOSED = 14
MAX_REPEATED = 20
_STEM = 6
# What guidelines answer and the evidence of the case does not.
_OF_GUIDELINES = re.compile(r"screen|vaccin|筛查|疫苗", re.I)
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
# Words that point to a section of the draft.
_SECTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"treat|therap|option|治疗|方案", re.I), "treatment"),
    (re.compile(r"follow.?up|next step|which tests?|what tests?|monitor|随访|下一步|检查", re.I), "follow_up"),
    (re.compile(r"must not|miss\b|danger|warn|safe|警惕|危险|安全", re.I), "must_not_miss"),
    (re.compile(r"diagnos|诊断", re.I), "most_likely"),
    (re.compile(r"missing|unknown|need to know|缺少|未知", re.I), "missing"),
    (re.compile(r"summar|摘要|总结", re.I), "summary"),
)
_WORD = re.compile(r"[a-z0-9][a-z0-9+-]{2,}|[\u4e00-\u9fff]{2}", re.I)
_COMMON = frozenset(
    "the and for what why how this that with does was are his her not from you would happen about".split()  # noqa: SIM905
)


def next_calls(situation: Situation, available: frozenset[str]) -> list[Call]:
    """Calls that the newest question asks for; empty when the answer can be written.

    What the message tells of the patient is recorded first, so that its question is answered with that.
    """
    told, asked = parted(situation.follow_up or "", situation.language, situation.tumour)
    called = situation.tools_called(recent=True)
    wanted: list[Call] = []
    if told and not called:
        wanted = [("record_statement", {"text": told})]
    elif asked and called <= {"record_statement"}:
        wanted = _wanted(situation, asked)
    return [call for call in wanted if call[0] in available]


def _wanted(situation: Situation, question: str) -> list[Call]:
    language = situation.language
    of_lung = bool(situation.with_fact("nodule.")) or bool(lung_lesions(situation))
    if overrides := suppositions(question, language, situation.tumour, of_lung=of_lung):
        return [("suppose_facts", {"overrides": overrides}), ("predict_risk", {"overrides": overrides})]
    if asks_why(question) and _reasons(situation, Wording(language), question):
        return []
    return _looked_up(situation, question)


def _looked_up(situation: Situation, question: str) -> list[Call]:
    if drugs := named_drugs(question):
        return [("check_drugs", {"drugs": drugs})]
    if risks := asked_models(question):
        return [("predict_risk", {"models": list(risks)})]
    known = _cited(situation, question) or _section(situation, question)
    if known and not _OF_GUIDELINES.search(question):
        return []
    return [("search_guidelines", {"query": _query(situation, question), "k": 3})]


def _query(situation: Situation, question: str) -> str:
    """The question; where it names nothing that is treated or measured, with the tumour that it is about."""
    if not _names_nothing(situation, question):
        return question
    return f"{question} {Wording(situation.language).value('tumour.type', str(situation.tumour))}"


def _names_nothing(situation: Situation, question: str) -> bool:
    from knowledge.store.concepts import mentions

    return situation.tumour is not None and not mentions(question).facts


def _on_the_subject(situation: Situation, question: str, found: list[Seen]) -> list[Seen]:
    """Of passages found by the patient's tumour alone, those that hold a telling word of the question."""
    words = asked_words(question)
    searched = {answer.tool for answer in situation.recent} == {"search_guidelines"}
    if not searched or not words or not _names_nothing(situation, question):
        return found
    return [item for item in found if any(word[:_STEM] in item.claim.casefold() for word in words)]


def compose(situation: Situation) -> list[Statement]:
    """The answer as statements, each with its evidence."""
    wording = Wording(situation.language)
    question = situation.follow_up or ""
    fresh = _fresh(situation) or [situation.evidence[i] for answer in situation.recent for i in answer.evidence]
    if asks_why(question):
        chosen = _reasons(situation, wording, question)
        if chosen:
            return chosen[:MAX_SENTENCES]
    about_drugs = _about_drugs(situation, wording, named_drugs(question))
    if about_drugs:
        return about_drugs[:MAX_SENTENCES]
    cited = [] if situation.recent else _cited(situation, question)
    if not fresh and not cited:
        repeated = _section(situation, question)
        if repeated:
            return repeated[:MAX_REPEATED]
    picked = _on_the_subject(situation, question, fresh) or cited
    most = MAX_SUPPOSED if suppositions(question, situation.language, situation.tumour) else MAX_SENTENCES
    statements = [_as_statement(situation, item, wording) for item in picked[:most]]
    statements += [
        statement("summary", "question", answer.error) for answer in situation.recent if answer.error and not fresh
    ]
    warnings = [w for answer in situation.recent for w in answer.warnings] if not fresh else []
    statements += [statement("summary", "question", text) for text in dict.fromkeys(warnings)]
    return statements or [statement("summary", "question", wording.say("cannot_answer"))]


def _about_drugs(situation: Situation, wording: Wording, drugs: list[str]) -> list[Statement]:
    """What the safety tables and the recommendations that apply say of these drugs."""
    if not drugs or "check_drugs" not in {answer.tool for answer in situation.recent}:
        return []
    checked = [answer for answer in situation.recent if answer.tool == "check_drugs"][-1]
    because = {f["evidence_id"]: f.get("because", []) for f in checked.payload.get("findings", [])}
    safety = [situation.evidence[item] for item in checked.evidence]
    statements = [statement("summary", "finding", i.claim, [i.id, *because.get(i.id, [])]) for i in safety]
    named = [a for a in applying(situation) if set(drugs) & set((a.get("action") or {}).get("drugs", []))]
    seen = [situation.evidence[item["evidence_id"]] for item in named]
    return [*statements, *(_as_statement(situation, item, wording) for item in seen)]


def _section(situation: Situation, question: str) -> list[Statement]:
    """The section of the draft that a question asks for, as it stands there."""
    named = [section for pattern, section in _SECTIONS if pattern.search(question)]
    return [
        statement("summary", item["kind"], item["text"], item.get("evidence", []))
        for item in situation.draft
        if named and item["section"] == named[0]
    ]


def _fresh(situation: Situation) -> list[Seen]:
    """Evidence that came with the newest question and was not there before."""
    earlier = situation.answered[: len(situation.answered) - len(situation.recent)]
    known = {item for answer in earlier for item in answer.evidence}
    new = dict.fromkeys(item for answer in situation.recent for item in answer.evidence if item not in known)
    return [situation.evidence[item] for item in new]


def _as_statement(situation: Situation, item: Seen, wording: Wording) -> Statement:
    matched = {a["evidence_id"]: a for a in applying(situation)}
    if item.id in matched:
        return statement("summary", "finding", advice(situation, wording, matched[item.id]), [item.id])
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


def _stated(situation: Situation, wording: Wording, used: dict[str, Any]) -> str:
    """A fact that decided, as its evidence states it: the one that it follows from, where it was derived."""
    source = used.get("derived_from")
    stated = situation.evidence[used["evidence_id"]].facts
    if source in stated:
        return wording.point(source, stated[source])
    return wording.point(used["fact"], shown_value(used))


def _candidate(situation: Situation, words: set[str]) -> tuple[int, Statement] | None:
    """The candidate diagnosis that a question names by most words, with what speaks for and against it."""
    answer = situation.latest("differential")
    best: tuple[int, Statement] | None = None
    for item in answer.payload.get("candidates", []) if answer else []:
        own = situation.evidence[item["evidence_id"]]
        text = own.claim if situation.language == "en" else item["claim_zh"]
        score = len(words & _words(text.partition("：" if situation.language == "zh" else ":")[0]))
        if best is None or score > best[0]:
            best = (score, statement("summary", "inference", text, [own.id, *item.get("because", [])]))
    return best


def _reasons(situation: Situation, wording: Wording, question: str) -> list[Statement]:
    """Why something was recommended: the recommendation and the facts that make it apply."""
    words = _words(question)
    best: tuple[int, dict[str, Any]] | None = None
    for item in sorted(applying(situation), key=lambda item: (item.get("action") or {}).get("type") == "avoid"):
        drugs: Sequence[str] = (item.get("action") or {}).get("drugs", [])
        seen = situation.evidence[item["evidence_id"]]
        score = 3 * len(words & _words(" ".join([*drugs, *map(wording.label, drugs)]).replace(".", " ")))
        score += len(words & _words(seen.claim))
        if best is None or score > best[0]:
            best = (score, item)
    thought = _candidate(situation, words)
    if thought is not None and thought[0] > (best[0] if best else 0):
        return [thought[1]]
    if best is None or best[0] == 0:
        return []
    item = best[1]
    seen = situation.evidence[item["evidence_id"]]
    because = [b for b in item.get("because", []) if b.get("evidence_id")]
    points = [_stated(situation, wording, b) for b in because]
    statements = [_as_statement(situation, seen, wording)]
    if points:
        text = wording.say("because", points=wording.listed(points))
        statements.append(statement("summary", "inference", text, [b["evidence_id"] for b in because]))
    return statements
