"""Which sentences of a message state something, which ask, suppose or order, and what facts a sentence tells."""

from __future__ import annotations

import datetime as dt
import re

from knowledge.facts import FactValue, vocabulary
from tools.case import Language
from tools.dialogue.genes import germline_told, phenotypes_told
from tools.dialogue.labelled import corrected, labelled
from tools.notes.finding import Finding

_PRONOUNS = frozenset({"he", "she", "his", "her", "him", "他", "她"})
_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|[\r\n]+")
_ASKS = re.compile(
    r"[?？]|[吗呢]\s*[。.]?$"
    r"|^\W*(?:and\s+|but\s+|so\s+)?(?:what|why|how|which|who|is|are|does|do|did|can|could|should|would|will|shall"
    r"|may(?!\s+\d)|(?:when|where)\s+(?:is|are|was|were|do|does|did|can|could|should|would|will))\b",
    re.I,
)
_SUPPOSES = re.compile(
    r"\bwhat if\b|\bsuppos|\bimagine\b|\bassum|\bif\b[^.]*\b(?:were|was|had|is|has|would)\b"
    r"|如果|假如|要是|假设|倘若",
    re.I,
)
# A verb in the imperative; a noun of the same form ("Review of systems", "Report: ...") is none.
_ORDERS = re.compile(
    r"^\W*(?:(?:please|now|then|also|and|kindly|let\s+(?:us|me))\s+|请|帮我|麻烦)*(?:add|advise|analy[sz]e|argue|assess|"
    r"calculate|change|check|cite|clarify|compare|compute|confirm|consider|contrast|define|delete|describe|detail|"
    r"discuss|draft|drop|elaborate|estimate|evaluate|exclude|expand|explain|find|forget|give|go|help|identify|ignore|"
    r"include|interpret|justify|list|look|name|omit|order|outline|prescribe|propose|provide|quote|rank|recommend|"
    r"remind|remove|repeat|replace|report|review|rewrite|say|search|see|show|start|state|stop|suggest|summari[sz]e|"
    r"switch|tell|translate|try|update|use|verify|write)\b(?!\s*(?::|of\b|from\b|says?\b|states?\b|shows?\b))"
    r"|^\W*(?:请|帮|麻烦|比较|列出|解释|计算|给出|推荐|建议|说明|总结|查一下|查查|检索|显示|翻译|考虑|开具)",
    re.I,
)


_LUNG = re.compile(r"\blungs?\b|pulmonary|肺", re.I)
_BIOPSIED = re.compile(
    r"\b(?:biops\w+|histolog\w+|patholog\w+|FNA|cytolog\w+|lobectomy)\b[^.]{0,60}\b(?:adenocarcinoma|squamous)|"
    r"(?:活检|病理|穿刺)[^。]{0,20}(?:腺癌|鳞癌)",
    re.I,
)
_THE_NODULE = re.compile(
    r"\b(?:the|this|that|her|his|its?|same|dominant|known|solid) (?P<n>nodule)\b|(?P<z>结节)", re.I
)


def _of_lung_nodule(
    text: str, language: Language, tumour: FactValue | None, date: dt.date | None, nodule: re.Match[str]
) -> list[Finding]:
    """What a text tells of "the nodule", read as "the lung nodule"; places and quotes are those of the text."""
    at = nodule.start("n") if nodule["n"] else nodule.start("z")
    word = "lung " if nodule["n"] else "肺"

    def place(number: int) -> int:
        return number if number <= at else max(at, number - len(word))

    found = facts_told(text[:at] + word + text[at:], language, tumour, date)
    return [
        item.model_copy(
            update={
                "start": place(item.start),
                "end": place(item.end),
                "quote": text[place(item.start) : place(item.end)],
            }
        )
        for item in found
    ]


def sentences(text: str) -> list[str]:
    """The sentences of a message, with single spaces."""
    return [" ".join(part.split()) for part in _ENDS.split(text) if part.strip()]


def is_statement(sentence: str) -> bool:
    """Whether a sentence neither asks, nor supposes, nor orders."""
    return not (_ASKS.search(sentence) or _SUPPOSES.search(sentence) or _ORDERS.search(sentence))


def facts_told(
    text: str, language: Language, tumour: FactValue | None, date: dt.date | None = None, *, of_lung: bool = False
) -> list[Finding]:
    """The facts that a text of the conversation tells of the patient; a pronoun tells no sex.

    A chart line (`tools.dialogue.labelled`) tells the fact that it names, and nothing else.

    Args:
        tumour: the patient's `tumour.type`, which "stage II" or "ER negative" is then about.
        of_lung: whether "the nodule" of this patient is one of the lung.
    """
    from tools.notes.extract import extract

    lead = ""
    if tumour is not None:
        label = vocabulary()["tumour.type"].values[str(tumour)].label
        lead = f"{label['zh']}。" if language == "zh" and "zh" in label else f"{label['en']}. "
    if of_lung and not _LUNG.search(text) and (nodule := _THE_NODULE.search(text)):
        return _of_lung_nodule(text, language, tumour, date, nodule)
    if of_lung and tumour is None and not _LUNG.search(text) and _BIOPSIED.search(text):
        lead = "肺结节。" if language == "zh" else "Lung nodule. "
    lines = [*labelled(text), *corrected(text), *germline_told(text), *phenotypes_told(text)]
    read = (
        item.model_copy(update={"start": item.start - len(lead), "end": item.end - len(lead)})
        for item in extract(lead + text, language, date)
        if item.start >= len(lead) and item.usable and item.quote.casefold() not in _PRONOUNS
    )
    others = [item for item in read if not any(item.start < line.end and line.start < item.end for line in lines)]
    return sorted([*lines, *others], key=lambda item: item.start)
