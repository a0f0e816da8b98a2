"""Labels of measured values: which words of a sentence name a measurement, and of what specimen."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from knowledge.facts import vocabulary
from tools.notes.document import Document, Sentence, lexicon

_PERCENT = re.compile(r"[\s:=]*(?:of |was )?\d{2}(?:[.,]\d)?\s*%")
_OTHER_SPECIMEN = re.compile(
    r"\b(?P<urine>urine|urinary|urinalysis)\b(?! (?:output|volume|production|flow|culture|retention|tract|catheter|"
    r"frequency|incontinence|test|drug|toxicology|pregnancy))|\b(?:CSF|cerebrospinal fluid|pleural fluid|ascitic fluid|"
    r"peritoneal fluid|"
    r"synovial fluid|sweat|dialysate|cyst fluid)\b|(?P<blood>\b(?:serum|blood|plasma|laboratory|arterial)\b)|"
    r"(?P<zh>尿(?!素|酸|毒|病|路|管|道|频|急|痛|量)|脑脊液|胸水|腹水)",
    re.I,
)
# What is not measured in urine: a specimen named earlier in the sentence does not count for it.
_BLOOD_ONLY = frozenset(
    {
        "lab.platelets", "lab.inr", "lab.ast", "lab.alt", "lab.bilirubin",
        "lab.haemoglobin", "lab.haematocrit", "lab.hba1c", "lab.insulin", "lab.fasting_glucose",
        "lab.pao2", "lab.paco2", "lab.bicarbonate", "lab.total_cholesterol", "lab.triglycerides",
        "lab.hdl_cholesterol", "lab.urea_nitrogen",
    }
)  # fmt: skip
_FASTING = re.compile(
    r"\bfast(?:ing|ed)\b(?!.*\b(?:random|post-?prandial|after (?:a )?meals?|2[- ]?h)\b)|\bovernight fast\b", re.I | re.S
)
_CHANGE_OF_WEIGHT = re.compile(
    r"\b(?:gain(?:s|ed|ing)?|los[est]\w*|losing|reduc\w+)\b|(?:由|从)[^，。；]{0,10}(?:降|减|增|升)", re.I
)
_AT_BIRTH = re.compile(r"\b(?:born|birth|gestation\w*)\b(?![^.;]*\bnow\b)", re.I)
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_IN_URINE = {"lab.sodium": "lab.urine_sodium", "lab.creatinine": "lab.urine_creatinine"}


@dataclass(frozen=True)
class Measure:
    """How one fact is written in notes."""

    fact: str
    bare: tuple[tuple[str, float, float], ...]
    unless_before: re.Pattern[str] | None
    unless_after: re.Pattern[str] | None
    misprint: tuple[tuple[str, str], ...] = ()
    by_system: tuple[tuple[str, str, float, float], ...] = ()
    slips_below: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Label:
    """A label found in the text; `measure` is None for a label that only blocks a shorter one."""

    measure: Measure | None
    start: int
    end: int


@lru_cache(maxsize=4)
def _measures(
    language: str,
) -> tuple[re.Pattern[str], re.Pattern[str], dict[str, Measure | None], dict[str, Measure | None]]:
    """Labels matched by case, labels matched in any case, and what each label measures."""
    by_label: dict[str, Measure | None] = {}
    for name, given in lexicon("measures")["measures"].items():
        if name not in vocabulary() and name != "lab.urea":
            continue
        measure = _measure(name, given)
        for label in given.get(language, ()):
            by_label[label] = measure
    for label in lexicon("measures")["others"].get(language, ()):
        by_label.setdefault(label, None)
    exact = [label for label in by_label if _by_case(label)]
    loose = [label for label in by_label if not _by_case(label)]
    folded = {label.casefold(): by_label[label] for label in loose}
    return _alternation(exact, language, 0), _alternation(loose, language, re.IGNORECASE), by_label, folded


def _measure(name: str, given: dict[str, Any]) -> Measure:
    def words(key: str, template: str) -> re.Pattern[str] | None:
        phrases = "|".join(re.escape(p) for p in given.get(key, ()))
        return re.compile(template.format(phrases), re.IGNORECASE) if phrases else None

    return Measure(
        name,
        tuple((row["unit"], float(row["low"]), float(row["high"])) for row in given.get("bare", ())),
        words("unless_before", r"(?:^|[^\w])(?:{})[\s\-]*$"),
        words("unless_after", r"^[\s\-]*(?:{})\b"),
        tuple(given.get("misprint", {}).items()),
        tuple((r["system"], r["unit"], float(r["low"]), float(r["high"])) for r in given.get("by_system", ())),
        tuple((unit, float(bound)) for unit, bound in given.get("slips_below", {}).items()),
    )


def _by_case(label: str) -> bool:
    letters = [c for c in label if c.isalpha()]
    return sum(c.isupper() for c in letters) >= 2 or len(letters) <= 3


def _alternation(labels: list[str], language: str, flags: int) -> re.Pattern[str]:
    body = "|".join(re.escape(label).replace(r"\ ", r"[\s-]+") for label in sorted(labels, key=len, reverse=True))
    if not body:
        return re.compile(r"(?!)")
    if language == "zh":
        return re.compile(f"(?:{body})", flags)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{body})(?![A-Za-z0-9])", flags)


def labels_in(document: Document, sentence: Sentence) -> list[Label]:
    """Labels of a sentence, in order; of labels that overlap the longest stays."""
    found: list[Label] = []
    for language in dict.fromkeys((document.language, "en")):
        exact, loose, by_label, folded = _measures(language)
        for pattern, by_case in ((exact, True), (loose, False)):
            for match in pattern.finditer(document.text, sentence.start, sentence.end):
                key = " ".join(match[0].split())
                known = by_label if by_case else folded
                key = key if by_case else key.casefold()
                measure = known.get(key) or known.get(key.replace("-", " "))
                if key == "Ht" and _PERCENT.match(document.text, match.end()):
                    measure = by_label["Hct"]  # in Europe Ht is also the haematocrit
                found.append(Label(measure, match.start(), match.end()))
    found.sort(key=lambda label: (label.start, -label.end))
    kept: list[Label] = []
    for label in found:
        if not kept or label.start >= kept[-1].end:
            kept.append(label)
    kept = [label for label in kept if not _other_thing(document.text, sentence, label)]
    fasting = _FASTING.search(document.words(sentence)) is not None
    text = document.text
    return [
        _of_specimen(text[sentence.start : label.start], label, text[label.start : label.end], fasting)
        for label in kept
    ]


def _of_specimen(before: str, label: Label, written: str, fasting: bool) -> Label:
    """The label read as of the specimen that the sentence names last; only urine has facts of its own."""
    measure = label.measure
    if measure is not None and measure.fact == "lab.glucose" and fasting:
        measure = dataclasses.replace(measure, fact="lab.fasting_glucose")
        return dataclasses.replace(label, measure=measure)
    named = list(_OTHER_SPECIMEN.finditer(before))
    if written.startswith("血"):
        return label
    if measure is None or not measure.fact.startswith("lab.") or measure.fact in _BLOOD_ONLY:
        return label
    if not named or named[-1]["blood"]:
        return label
    name = _IN_URINE.get(measure.fact) if named[-1]["urine"] or named[-1]["zh"] == "尿" else None
    if measure.fact.startswith("lab.urine_"):
        return label
    return Label(Measure(name, (), None, None) if name else None, label.start, label.end)


# Sides and other single letters before a word: `R hand weakness`, `R basal ganglia`.
_BEFORE_A_WORD = re.compile(r"\s+[A-Za-z]{3,}")


# What is aimed at has not been measured: `LDL target 55 mg/dL`, `aim for potassium 4.0`.
_AIM_BEFORE = re.compile(r"\b(?:target|goal|aim(?:ing)?)(?:\s+(?:for|of|an?|is|to|keep))*[\s:]*$", re.I)
_AIM_AFTER = re.compile(r"[\s:-]*(?:target|goal|aim)\b", re.I)


def is_at_birth(before: str) -> bool:
    """Whether the words before a weight or a height in its sentence make it one at birth."""
    return _AT_BIRTH.search(_IN_BRACKETS.sub("", before)[-80:]) is not None


def _other_thing(text: str, sentence: Sentence, label: Label) -> bool:
    measure = label.measure
    if measure is None:
        return False
    before, after = text[sentence.start : label.start], text[label.end : sentence.end]
    if not measure.fact.startswith("patient.target") and (_AIM_BEFORE.search(before[-30:]) or _AIM_AFTER.match(after)):
        return True
    if text[label.start : label.end] == "R" and _BEFORE_A_WORD.match(after):
        return True
    if measure.fact == "patient.weight" and _CHANGE_OF_WEIGHT.search(before[-40:] + " " + after[:40]):
        return True
    if measure.fact in ("patient.weight", "patient.height") and is_at_birth(before):
        return True
    return bool(
        (measure.unless_before and measure.unless_before.search(before))
        or (measure.unless_after and measure.unless_after.search(after))
    )


_PRONOUN = re.compile(
    r"\b(?:it|this|the (?:level|value|count|result|concentration|figure))\s+(?:is|was|has been|had been|had|has|rose|"
    r"fell|"
    r"increased|decreased|dropped|climbed|improved|peaked|reached)\b",
    re.I,
)


def referred_to(document: Document, sentence: Sentence) -> list[Label]:
    """What `it` stands for in a sentence without labels of its own: the only measure of the sentences before."""
    match = _PRONOUN.search(document.text, sentence.start, min(sentence.end, sentence.start + 90))
    if match is None:
        return []
    before = sentence
    for _ in range(3):
        before = document.sentence_at(before.start - 1) if before.start > 0 else sentence
        if before is sentence or before.section is not sentence.section:
            return []
        found = {label.measure.fact: label.measure for label in labels_in(document, before) if label.measure}
        if found:
            measure = next(iter(found.values()))
            alone = dataclasses.replace(measure, bare=(), by_system=())  # the unit has to be written
            return [Label(alone, match.start(), match.end())] if len(found) == 1 else []
    return []
