"""How facts and lists are put into words, in the language of the draft."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.builtin.reading import Seen
from agent.draft import Confidence, Statement, StatementKind
from knowledge.facts import vocabulary
from knowledge.units import written_unit
from prompts.loader import fill, phrases
from tools.case import Language
from tools.language import is_chinese

_HAN = re.compile(r"[\u4e00-\u9fff]")
_CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]{2,}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,}")
_COMMON_ENGLISH = (
    "the and for what why how this that with does was are his her not from you would happen about which who when where "
    "should can could need next now case patient most likely diagnosi risk treatment option question follow-up"
)
_COMMON_CHINESE = "什么 哪些 如何 怎么 怎样 是否 可以 需要 应该 治疗 诊断 风险 患者"
_COMMON = frozenset(_COMMON_ENGLISH.split()) | frozenset(_COMMON_CHINESE.split())
_LEVELS: dict[str, Confidence] = {
    "high": "high",
    "a": "high",
    "moderate": "moderate",
    "b": "moderate",
    "b-r": "moderate",
    "b-nr": "moderate",
    "low": "low",
    "c": "low",
    "c-ld": "low",
    "c-eo": "low",
    "very low": "low",
}
_LESION = (
    "organ",
    "side",
    "lung_third",
    "density",
    "longest_diameter",
    "short_axis",
    "volume",
    "confidence",
    "outline_uncertain",
)
_VARIANT = ("name", "zygosity", "allele_fraction", "significance", "release")
_WORD_FOR_WORD = frozenset({"recommendation", "database_record"})
# Which facts of each kind of evidence a Chinese sentence names, in this order. Kinds that are not here name them all.
_NAMED = {
    "image_finding": ("finding.lung_mass", *(f"lesion.{name}" for name in _LESION)),
    "variant": tuple(f"variant.{name}" for name in _VARIANT),
    "diplotype": ("diplotype.gene", "diplotype.name"),
    "risk_estimate": ("risk.model", "risk.probability", "risk.score", "risk.category", "lab.", "patient."),
}


class Wording:
    """Phrases, labels and values in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._phrases = phrases("builtin/phrases", language)

    def say(self, key: str, **values: Any) -> str:
        """The phrase `key` with `values` filled in."""
        return " ".join(fill(self._phrases[key], **values).split())

    def label(self, name: str) -> str:
        """What a fact is called."""
        spec = vocabulary().get(name)
        if spec is None:
            return name
        return spec.label.get(self.language) or spec.label.get("en") or name

    def states(self) -> dict[str, str]:
        """Facts that describe the patient herself rather than a disease, each with its adjective."""
        return dict(self._phrases["states"])

    def value(self, name: str, value: str | bool | int) -> str:
        """A fact's value in words: the label of a code, a number with its unit, present or absent."""
        if isinstance(value, bool):
            return str(self._phrases["present" if value else "absent"])
        spec = vocabulary().get(name)
        if spec is not None and str(value) in spec.values:
            labels = spec.values[str(value)].label
            return labels.get(self.language) or labels.get("en") or str(value)
        if spec is None or spec.kind != "quantity":
            return str(value)
        number, _, unit = str(value).partition(" ")
        shown = written_unit(unit, self.language)
        if not shown:
            return number
        return f"{number}{shown}" if self.language == "zh" or shown == "%" else f"{number} {shown}"

    def point(self, name: str, value: str | bool | int) -> str:
        """A fact as a short phrase: its label alone when it is present, else label and value."""
        if value is True:
            return self.label(name)
        joint = "：" if self.language == "zh" else " "
        return f"{self.label(name)}{joint}{self.value(name, value)}"

    def listed(self, items: Sequence[str], most: int = 8) -> str:
        """`a, b and c`; what is beyond `most` is counted."""
        shown = list(dict.fromkeys(items))
        extra = len(shown) - most
        if extra > 0:
            shown = [*shown[:most], self.say("list_more", number=extra)]
        if self.language == "zh":
            return "、".join(shown)
        if len(shown) < 2 or extra > 0:
            return ", ".join(shown)
        return f"{', '.join(shown[:-1])} {self._phrases['and']} {shown[-1]}"


_ANY_WORD = re.compile(r"[a-z0-9][a-z0-9+-]{2,}|[\u4e00-\u9fff]{2}", re.I)
_FUNCTION = frozenset(
    "the and for what why how this that with does was are his her not from you would happen about".split()  # noqa: SIM905
)


def english_label(name: str) -> str:
    """The English label of a declared fact."""
    return vocabulary()[name].label["en"]


def asked_words(text: str) -> frozenset[str]:
    """The telling words of a question or claim: English words, Chinese pairs of characters."""
    english = {word.casefold().rstrip("s") for word in _WORD.findall(text)} - _COMMON
    runs = _CHINESE_RUN.findall(text)
    return frozenset(english | {run[i : i + 2] for run in runs for i in range(len(run) - 1)} - _COMMON)


def words_of(text: str) -> set[str]:
    """Every word of a text but the commonest: English words with their numbers, Chinese pairs of characters."""
    return {word.casefold() for word in _ANY_WORD.findall(text)} - _FUNCTION


def graded_confidence(item: dict[str, Any], wording: Wording) -> tuple[Confidence | None, str]:
    """Confidence in advice from the certainty that its source grades it with, and what it rests on.

    The words follow GRADE (Balshem 2011, doi 10.1016/j.jclinepi.2010.07.015) and the levels A, B and C of ACC/AHA and
    ESC. Without a grade there is no confidence, and that is said.
    """
    grade = str(item.get("certainty") or "")
    level = _LEVELS.get(grade.casefold().strip())
    if level is None:
        return None, wording.say("basis_none")
    return level, wording.say("basis_grade", source=item.get("organisation") or item.get("id", ""), grade=grade)


def statement(
    section: Any,
    kind: StatementKind,
    text: str,
    evidence: Sequence[str] = (),
    confidence: Confidence | None = None,
    basis: str | None = None,
) -> Statement:
    """A statement with each evidence id once."""
    return Statement(
        section=section,
        kind=kind,
        text=text[:2000],
        evidence=tuple(dict.fromkeys(evidence)),
        confidence=confidence,
        confidence_basis=basis,
    )


def restated(section: Any, item: Seen, wording: Wording, lead: str = "") -> Statement:
    """A claim as a finding: itself in its own language; an English one in a Chinese draft as its facts by label.

    `lead` goes before the labels.
    """
    chinese = is_chinese(item.claim) or (item.kind == "risk_estimate" and _HAN.search(item.claim) is not None)
    own = wording.language == "en" or (chinese and not lead)
    if own or not item.facts or item.kind in _WORD_FOR_WORD:
        return statement(section, "finding", item.claim, [item.id])
    prefixes = _NAMED.get(item.kind, ("",))
    chosen = [(name, value) for prefix in prefixes for name, value in item.facts.items() if name.startswith(prefix)]
    points = wording.listed([wording.point(name, value) for name, value in chosen], most=12)
    return statement(section, "finding", f"{lead}{points}。", [item.id])
