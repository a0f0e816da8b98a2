"""Follow-up questions: which tools to call again, and the answer from evidence."""

from __future__ import annotations

import re
from typing import Any

from agent.builtin.asked import Asked, read_question
from agent.builtin.changed import asks_anew, asks_stage, changed, next_call, stage
from agent.builtin.compose import compose as compose_draft
from agent.builtin.options import advice, applying, drugs_to_check
from agent.builtin.protocol import Call
from agent.builtin.reading import Seen, Situation
from agent.builtin.reasons import about_drugs, about_tests, reasons, what_would_change
from agent.builtin.subject import on_subject
from agent.builtin.wording import Wording, asked_words, restated, statement, words_of
from agent.draft import Statement
from knowledge.facts import vocabulary
from tools.language import is_chinese

MAX_SENTENCES = 6
MAX_SUPPOSED = 14
MAX_REPEATED = 20
MAX_MODELS = 4
MAX_BESIDE = 2
_STEM = 6
# What guidelines answer and the evidence of the case does not.
_OF_GUIDELINES = re.compile(r"guideline|protocol|screen|vaccin|指南|共识|筛查|疫苗", re.I)
_PREVENTS = re.compile(r"\bprevent|\bprophyla|预防", re.I)
_WOULD_CHANGE = re.compile(
    r"\bwhat\b[^.?]*\b(?:would|could|might) (?:change|alter|overturn|shift)"
    r"|\bchange (?:your|the) (?:mind|advice|recommendation|plan)"
    r"|(?:什么|哪些)[^。？]*(?:会|能|可)?改变|改变.{0,6}(?:推荐|建议|方案)",
    re.I,
)
_THANKS = re.compile(
    r"\W*(?:(?:many |great |ok(?:ay)?|perfect|good|very helpful)?[,.! ]*"
    r"(?:thanks?(?: you)?(?: (?:a lot|so much|very much|again))?|cheers|much appreciated|ok(?:ay)?|great|perfect|bye|"
    r"goodbye)|(?:好的?|明白了?)?[，,！!。 ]*(?:多谢|谢谢(?:你|您)?|感谢|再见|好的))\W*",
    re.I,
)
# A question on a relative, and advice that concerns relatives.
_RELATIVES = re.compile(
    r"\b(?:sisters?|brothers?|siblings?|mother|father|parents?|sons?|daughters?|child(?:ren)?|kids?|cousins?|relatives?|"
    r"aunts?|uncles?|nieces?|nephews?|family)\b|儿子|女儿|孩子|子女|姐|妹|兄|弟|父母|母亲|父亲|亲属|家人|家属",
    re.I,
)
_CONCERNS_RELATIVES = re.compile(
    r"\brelatives?\b|\bfamil(?:y|ies) (?:who|with|should|variant)|\bof the family\b|cascade|\bkin\b|亲属|家系|家族成员",
    re.I,
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
# Words that point to a section of the draft.
_SECTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"treat|therap|option|治疗|方案", re.I), "treatment"),
    (re.compile(r"follow.?up|next step|which tests?|what tests?|monitor|随访|下一步|检查", re.I), "follow_up"),
    (re.compile(r"must not|miss\b|danger|warn|safe|警惕|危险|安全", re.I), "must_not_miss"),
    (re.compile(r"diagnos|诊断", re.I), "most_likely"),
    (
        re.compile(
            r"missing|unknown|need to know|\bdo (?:you|we|I) (?:still )?need\b|还需要|缺少|还缺|缺什么|未知", re.I
        ),
        "missing",
    ),
    (re.compile(r"summar|摘要|总结", re.I), "summary"),
)


def next_calls(situation: Situation, available: frozenset[str]) -> list[Call]:
    """Calls that the newest question asks for; empty when the answer can be written.

    What the message tells of the patient is recorded first, so that its question is answered with that.
    """
    asked = read_question(situation)
    called = situation.tools_called(recent=True)
    wanted: list[Call] = []
    if asked.told and not called:
        wanted = [("record_statement", {"text": asked.told})]
    elif _THANKS.fullmatch(asked.text):
        wanted = []
    elif asks_anew(asked):
        wanted = next_call(situation, called)
    elif asked.text and called <= {"record_statement"}:
        wanted = _wanted(situation, asked)
    return [call for call in wanted if call[0] in available]


def _wanted(situation: Situation, asked: Asked) -> list[Call]:
    overrides, drugs = list(asked.overrides), list(asked.drugs)
    calls: list[Call] = []
    if overrides:
        named = {"drugs": drugs} if drugs else {}
        calls = [("suppose_facts", {"overrides": overrides, **named}), ("predict_risk", {"overrides": overrides})]
    elif asked.unread:
        calls = [("search_guidelines", {"query": _query(situation, asked.text), "k": 3})]
    elif drugs:
        together = {"together": True} if asked.together else {}
        calls = [
            ("check_drugs", {"drugs": drugs, **together}),
            ("match_recommendations", {"drugs": drugs, "limit": 20}),
        ]
    elif asks_stage(asked):
        calls = []
    elif asked.tests and not asked.models:
        calls = [("match_recommendations", {"tests": list(asked.tests), "limit": 10})]
    elif asked.models:
        explained = {"explain": True} if asked.explain else {}
        calls = [("predict_risk", {"models": list(asked.models[:MAX_MODELS]), **explained})]
    elif not _from_the_draft(situation, asked) and not _already_advised(situation, asked):
        calls = _looked_up(situation, asked.text)
    return calls


def _from_the_draft(situation: Situation, asked: Asked) -> list[Statement]:
    """The answer to what would change the advice, or to why it is given, from what was found for the draft."""
    if _WOULD_CHANGE.search(asked.text):
        return [statement("summary", "finding", item.claim, [item.id]) for item in what_would_change(situation)]
    return reasons(situation, Wording(situation.language), asked) if asked.why else []


def _already_advised(situation: Situation, asked: Asked) -> list[dict[str, Any]]:
    """Recommendations of this case that the question is about, where it does not ask what guidelines say at large."""
    at_large = _OF_GUIDELINES.search(asked.text) and not _PREVENTS.search(asked.text)
    return [] if at_large else on_subject(situation, asked.text)


def _looked_up(situation: Situation, question: str) -> list[Call]:
    known = _cited(situation, question) or _section(situation, question)
    if _section_named(question) and _draft_is_foreign(situation):
        return [("match_recommendations", {"limit": 40}), ("check_drugs", {"drugs": drugs_to_check(situation)})]
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
    wording, asked = Wording(situation.language), read_question(situation)
    called = situation.tools_called(recent=True)
    if (short := _short(situation, asked, wording, called)) is not None:
        return short
    if "suppose_facts" in called:
        return _found(situation, asked, wording, most=MAX_SUPPOSED)
    if asked.unread and not asked.overrides:
        not_read = statement("summary", "question", wording.say("not_supposed"))
        return [not_read, *_found(situation, asked, wording, most=MAX_SENTENCES)]
    again = "match_recommendations" in called and not (asked.drugs or asked.tests)
    if again and _section_named(asked.text) and _draft_is_foreign(situation):
        return _section(situation, asked.text)[:MAX_REPEATED]
    known = _known(situation, asked, wording, called)
    most = MAX_SUPPOSED if asked.explain else MAX_SENTENCES
    return known or _found(situation, asked, wording, most=most)


def _short(situation: Situation, asked: Asked, wording: Wording, called: set[str]) -> list[Statement] | None:
    """The answer to thanks, to what a new statement changes, and to the stage; None for another question."""
    if _THANKS.fullmatch(asked.text) and not asked.told:
        return [statement("summary", "question", wording.say("thanked"))]
    if asks_anew(asked) and "match_recommendations" in called:
        return changed(situation, wording, asked)
    return (stage(situation, wording) if asks_stage(asked) else []) or None


def _known(situation: Situation, asked: Asked, wording: Wording, called: set[str]) -> list[Statement]:
    """The answer from what was checked of drugs and tests, and from the draft and its recommendations."""
    if asked.drugs and "check_drugs" in called:
        about = about_drugs(situation, wording, asked)
        more = [item for item in _advised(situation, wording, asked) if item.text not in {a.text for a in about}]
        return [*more[:MAX_BESIDE], *about][:MAX_SUPPOSED]
    if asked.tests and "match_recommendations" in called and (known := about_tests(situation, wording)):
        return known[:MAX_SENTENCES]
    own = asked.drugs or asked.models
    of_relatives = [] if own else _of_relatives(situation, wording, asked.text)
    if called or of_relatives:
        return of_relatives[:MAX_SENTENCES]
    return _from_the_draft(situation, asked)[:MAX_SENTENCES] or _advised(situation, wording, asked)


def _advised(situation: Situation, wording: Wording, asked: Asked) -> list[Statement]:
    """What the recommendations of this case say of the subject of the question, with what decided them."""
    return [
        statement(
            "summary",
            "finding",
            advice(situation, wording, item),
            [item["evidence_id"], *(b["evidence_id"] for b in item.get("because", []) if b.get("evidence_id"))],
        )
        for item in _already_advised(situation, asked)
    ]


def _of_relatives(situation: Situation, wording: Wording, question: str) -> list[Statement]:
    """The advice that applies and concerns relatives, where the question is about one."""
    if not _RELATIVES.search(question):
        return []
    chosen = [
        item
        for item in applying(situation)
        if _CONCERNS_RELATIVES.search(situation.evidence[item["evidence_id"]].claim)
    ]
    return [statement("summary", "finding", advice(situation, wording, item), [item["evidence_id"]]) for item in chosen]


def _found(situation: Situation, asked: Asked, wording: Wording, *, most: int) -> list[Statement]:
    """What the tools found for the question; where they were not asked, what the draft or the evidence says of it."""
    question = situation.follow_up or ""
    fresh = _fresh(situation) or [situation.evidence[i] for answer in situation.recent for i in answer.evidence]
    if asked.overrides:  # results as they are belong to the draft; here they count as changed
        fresh = [item for item in fresh if item.kind != "risk_estimate" or "risk.what_if" in item.facts]
        fresh.sort(key=_is_unmoved)
    cited = [] if situation.recent else _cited(situation, question)
    if not fresh and not cited:
        repeated = _section(situation, question)
        if repeated:
            return repeated[:MAX_REPEATED]
    picked = _on_the_subject(situation, question, fresh) or cited
    statements = [_as_statement(situation, item, wording) for item in picked[:most]]
    statements += [
        statement("summary", "question", answer.error) for answer in situation.recent if answer.error and not fresh
    ]
    warnings = [w for answer in situation.recent for w in answer.warnings] if not fresh or asked.models else []
    statements += [statement("summary", "question", text) for text in dict.fromkeys(warnings)]
    return statements or [statement("summary", "question", wording.say("cannot_answer"))]


def _is_unmoved(item: Seen) -> bool:
    """Whether a result stays as it is by what is supposed."""
    return any(
        str(item.facts.get(f"risk.{name}", "")).split(" ")[0] in _ZERO for name in ("difference", "score_difference")
    )


_ZERO = ("0", "0.0", "-0.0")


def _section_named(question: str) -> str | None:
    """The section of the draft that a question asks for."""
    return next((section for pattern, section in _SECTIONS if pattern.search(question)), None)


def _draft_is_foreign(situation: Situation) -> bool:
    """Whether the draft was written in another language than is spoken now."""
    text = "".join(item["text"] for item in situation.draft)
    return bool(text) and is_chinese(text) is not (situation.language == "zh")


def _section(situation: Situation, question: str) -> list[Statement]:
    """The section of the draft that a question asks for, as it stands there; where the language has changed, written
    anew from the recommendations in that language."""
    named = _section_named(question)
    if named and _draft_is_foreign(situation):
        return [
            statement("summary", item.kind, item.text, item.evidence)
            for item in compose_draft(situation)
            if item.section == named
        ]
    return [
        statement("summary", item["kind"], item["text"], item.get("evidence", []))
        for item in situation.draft
        if item["section"] == named
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


def _aliases(item: Seen) -> str:
    labels = [text for name in item.facts if name in vocabulary() for text in vocabulary()[name].label.values()]
    return " ".join([item.claim, *item.facts, *map(str, item.facts.values()), *labels])


def _cited(situation: Situation, question: str) -> list[Seen]:
    """Evidence that the question is about: by kind where a word names one, else by shared words."""
    kinds = {kind for pattern, named in _TOPICS if pattern.search(question) for kind in named}
    words = words_of(question)
    scored = []
    for place, item in enumerate(situation.evidence.values()):
        shared = len(words & words_of(_aliases(item)))
        score = shared + (2 if item.kind in kinds else 0)
        if score >= 2 and (item.kind in kinds or not kinds):
            scored.append((-score, place, item))
    return [item for _, _, item in sorted(scored, key=lambda entry: entry[:2])]
