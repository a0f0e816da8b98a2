"""Lung nodules with their size, density and place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.facts import FactValue
from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_LUNG_LESION = re.compile(r"\b(?:pulmonary |lung )?(?:nodule|mass|lesion|opacity)\b|结节|肿块|占位", re.I)
_LUNG = re.compile(
    r"\blung|pulmonary|\b(?:upper|middle|lower) lobe|lingula|\bRUL\b|\bLUL\b|\bRML\b|\bRLL\b|\bLLL\b|肺|[上中下]叶",
    re.I,
)
_CHEST = re.compile(r"\b(?:chest|thora(?:x|cic))\b[^.]*:|胸部[^。]*[:：]", re.I)
_NOT_LUNG = re.compile(r"thyroid|breast|liver|hepatic|renal|kidney|adrenal|brain|prostate|甲状腺|乳腺|肝|肾", re.I)
_MEAN = re.compile(r"\bmean diameter|\baverage diameter|平均径|平均直径", re.I)
_SINGLE = re.compile(
    r"\b(?:single|solitary|one)\s+(?:\w+[ -]){0,3}(?:nodule|lesion|mass)\b|\bno other nodules?\b|"
    r"(?:单发|孤立)[^，。]{0,6}结节",
    re.I,
)
_METASTASES = re.compile(
    r"\b(?:lung|pulmonary) (?:metasta|mets?\b)|\bmetasta\w+ (?:in|to) (?:both |the )?lung|肺(?:内|多发)?转移", re.I
)
_SIZE = re.compile(
    r"(?<![\d.])(?P<a>\d{1,3}(?:\.\d+)?)\s*(?P<u1>mm|cm)?\s*(?:[x×*]\s*(?P<b>\d{1,3}(?:\.\d+)?)\s*(?P<u2>mm|cm)?\s*)?"
    r"(?:[x×*]\s*(?P<c>\d{1,3}(?:\.\d+)?)\s*)?(?P<u>mm|cm|毫米|厘米)?",
    re.I,
)
_UPPER = re.compile(r"\bupper lobes?\b|\bRUL\b|\bLUL\b|上叶", re.I)
_NOT_UPPER = re.compile(r"\b(?:middle|lower) lobes?\b|lingula|\bRML\b|\bRLL\b|\bLLL\b|[中下]叶", re.I)
_DENSITY = (
    ("part_solid", re.compile(r"\b(?:part|partly|partially|semi)[\s-]?solid|部分实性|混合磨玻璃", re.I)),
    ("ground_glass", re.compile(r"\b(?:pure )?ground[\s-]?glass|\bGGN\b|\bnon-?solid|磨玻璃", re.I)),
    ("solid", re.compile(r"(?<![\w-])solid\b|(?<!部分)(?<!非)实性", re.I)),
)
_SPICULATED = re.compile(r"spiculat\w+|毛刺", re.I)
_SMOOTH = re.compile(
    r"\bsmooth(?:ly)?[- ](?:border|margin|contour|edge|bordered|marginated|outline)\w*|边缘光滑|边界光整", re.I
)


def nodule_hits(document: Document) -> Iterator[Hit]:
    """Lung nodules. Context is read by the caller."""
    yield from (found for found in _nodules(document) if found is not None)


def _nodules(document: Document) -> Iterator[Hit | None]:
    for sentence in document.sentences:
        whole = document.words(sentence)
        words = _clause(whole) if _NOT_LUNG.search(whole) else whole
        if not (_LUNG_LESION.search(words) and (_LUNG.search(words) or _CHEST.search(whole))):
            continue
        if _NOT_LUNG.search(words):
            continue
        if _METASTASES.search(words):
            continue
        lesion = _LUNG_LESION.search(words)
        if lesion is None:
            continue
        if re.search(r"\bno\b[^.]{0,30}$|未见|无$", words[: lesion.start()], re.I):
            continue
        size = next((m for m in _SIZE.finditer(words) if m["u"] or m["u2"] or m["u1"]), None)
        if size is not None:
            written = (size["u"] or size["u2"] or size["u1"]).lower()
            unit = {"毫米": "mm", "厘米": "cm"}.get(written, written)
            numbers = [float(size[k]) for k in "abc" if size[k]]
            longest = max(numbers)
            value = int(longest) if longest.is_integer() else longest
            places = sentence.start + size.start(), sentence.start + size.end()
            if _MEAN.search(words[max(0, size.start() - 30) : size.end() + 20]):
                yield hit("nodule.mean_diameter", value, unit, *places)
            yield hit(
                "nodule.longest_diameter", value, unit, sentence.start + size.start(), sentence.start + size.end()
            )
        if single := _SINGLE.search(words):
            yield hit("nodule.count", 1, None, sentence.start + single.start(), sentence.start + single.end())
        for name, described, pattern in _descriptions(words):
            match = pattern.search(words)
            if match is not None:
                yield hit(name, described, None, sentence.start + match.start(), sentence.start + match.end())


def _clause(words: str) -> str:
    """The part of a sentence, between colons and semicolons, that speaks of a lesion; the rest is blanked."""
    start = 0
    for part in re.split(r"(?<=[:;：；])", words):
        if _LUNG_LESION.search(part):
            return " " * start + part + " " * (len(words) - start - len(part))
        start += len(part)
    return words


def _descriptions(words: str) -> Iterator[tuple[str, FactValue, re.Pattern[str]]]:
    if _UPPER.search(words) and not _NOT_UPPER.search(words):
        yield "nodule.upper_lobe", True, _UPPER
    elif _NOT_UPPER.search(words) and not _UPPER.search(words):
        yield "nodule.upper_lobe", False, _NOT_UPPER
    density = next(((code, p) for code, p in _DENSITY if p.search(words)), None)
    if density is not None:
        yield "nodule.density", density[0], density[1]
    if _SPICULATED.search(words):
        yield "nodule.spiculated", True, _SPICULATED
    elif _SMOOTH.search(words):
        yield "nodule.spiculated", False, _SMOOTH
