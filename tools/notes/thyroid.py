"""Thyroid nodules: size, ACR TI-RADS level as written or by its points, ATA pattern, Bethesda category.

Points: Tessler, ACR TI-RADS white paper 2017 (doi 10.1016/j.jacr.2017.01.046). High-suspicion pattern: Haugen, ATA 2015
(doi 10.1089/thy.2015.0020). Bethesda: Ali 2023 (doi 10.1089/thy.2023.0141).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tools.notes.document import Document
from tools.notes.hits import Hit, hit
from tools.notes.sizes import first_size, sizes, whole

_THYROID = re.compile(
    r"(?<!hypo)(?<!hyper)(?<!levo)(?<!para)(?<!eu)thyroid(?!ism| hormone| function|-stimulating)|TI-?RADS|Bethesda|"
    r"\b(?:ultrasound|US|USS|CT|MRI?) (?:of the )?neck|neck (?:ultrasound|US|USS|lump)|甲状腺",
    re.I,
)
_ELSEWHERE = re.compile(
    r"\b(?:lung|pulmonary|breast|liver|hepatic|renal|kidney|adrenal|parathyroid|adnexa\w*|ovar\w+|uter\w+|prostat\w+|"
    r"bladder|pancrea\w*|spleen|skin)\b|肺|乳|肝|肾|甲状旁腺|附件|卵巢|前列腺|膀胱",
    re.I,
)
_NEAR = 250  # characters before a sentence in which the thyroid is named
_NODULE = re.compile(r"\bnodules?\b|\blesion\b|\bmass\b|结节|肿物|肿块|占位", re.I)
_NONE = re.compile(
    r"\b(?:no|without|nil|not|absent|denies|never)\b[^.;,]{0,40}$|(?:无|未见|未探及|未及|否认)[^，。；]{0,12}$", re.I
)


class Sign(NamedTuple):
    """A feature of the lexicon, its points, and the group in which only the first that is found counts."""

    words: str
    points: int
    group: str
    pattern: re.Pattern[str]


def _sign(words: str, points: int, group: str, pattern: str) -> Sign:
    return Sign(words, points, group, re.compile(pattern, re.I))


# In a group the first that is found counts; each of the echogenic foci counts by itself.
_SIGNS = (
    _sign("spongiform", 0, "composition", r"spongiform|honeycomb|海绵"),
    _sign("mixed cystic and solid", 1, "composition",
          r"(?:mixed|partly|partially) (?:cystic|solid)|solid[- ](?:and[- ])?cystic|cystic[- ](?:and[- ])?solid|"
          r"(?:predominantly|mostly|mainly) cystic|complex (?:cystic|nodule)|囊实(?:混合)?性?|混合(?:回声|性)"),
    _sign("solid", 2, "composition", r"(?<!non-)(?<!non)\bsolid\b|(?<!囊)实性"),
    _sign("cystic", 0, "composition", r"\b(?:purely |completely |simple )?cyst(?:ic)?\b|囊性"),
    _sign("very hypoechoic", 3, "echogenicity",
          r"(?:very|markedly|marked|profoundly|severely)[- ]hypo-?echo\w+|极低回声|显著低回声"),
    _sign("hypoechoic", 2, "echogenicity", r"hypo-?echo\w+|低回声"),
    _sign("hyperechoic or isoechoic", 1, "echogenicity", r"(?:hyper|iso)-?echo\w+|(?:等|高)回声"),
    _sign("anechoic", 0, "echogenicity", r"anechoic|无回声"),
    _sign("taller than wide", 3, "shape",
          r"taller[- ]than[- ](?:it is )?wide|纵横比\s*(?:[>＞≥]|大于)\s*1|(?:前后径|高)大于(?:横径|宽)"),
    _sign("extension beyond the thyroid", 3, "margin", r"extra-?thyroid(?:al)? extension|(?:被膜|包膜|甲状腺)外(?:侵犯|"
        r"延伸)"),
    _sign("lobulated or irregular margin", 2, "margin",
          r"(?:micro-?)?lobulated|(?:irregular|spiculated|jagged|infiltrative) (?:margin|border|edge|outline)\w*|"
          r"(?:margins?|borders?|edges?)[^.;,]{0,15}(?:irregular|spiculated|infiltrative)|分叶|边缘不规则|边缘不光整|毛刺"),
    _sign("smooth or ill-defined margin", 0, "margin",
          r"(?:smooth|ill[- ]defined|well[- ](?:defined|circumscribed))|边界(?:清|不清|欠清)|边缘光(?:滑|整)"),
    _sign("punctate echogenic foci", 3, "punctate",
          r"punctate (?:echogenic )?(?:foci|focus|calcif\w+)|micro-?calcif\w+|psammomatous|微钙化|(?:点状|细点状|"
          r"针尖样)强回声|砂砾样"),
    _sign("peripheral calcification", 2, "rim",
          r"(?:peripheral|rim|egg-?shell)[- ](?:\w+ )?calcif\w+|(?:环状|环形|蛋壳样|周边|边缘)钙化"),
    _sign("macrocalcification", 1, "macro", r"(?:macro-?|coarse )calcif\w+|粗(?:大)?钙化|粗糙钙化"),
)  # fmt: skip
_SUSPICIOUS = frozenset({"shape", "punctate"})
_LEVELS = ((7, 5), (4, 4), (3, 3), (2, 2), (0, 1))
_NEEDED = frozenset({"composition", "echogenicity"})
_WRITTEN = re.compile(
    r"(?<![A-Za-z-])(?:ACR[\s-]*)?(?:TI-?RADS(?:[\s:：-]*(?:category|level|score|grade|分类|类别|分级|评分))?"
    r"(?:[\s:：=-]*(?:of\s+|is\s+)?)(?:TR\s?-?)?|TR\s?-?)(?P<n>[1-5])(?!\d|\.\d|[a-cA-C])(?!\s*(?:mm|cm))",
    re.I,
)
_OTHER_SYSTEM = re.compile(r"(?:C|K|EU|Kwak)[- ]?$", re.I)
_BETHESDA = re.compile(
    r"Bethesda(?:\s*(?:category|class|system|grade|分类|分级))*[\s:：]*(?:category\s*)?(?P<n>VI|IV|V|I{1,3}|[1-6]|Ⅵ|Ⅴ|Ⅳ|Ⅲ|Ⅱ|Ⅰ)"
    r"(?![A-Za-z\d]|\.\d)",
    re.I,
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "Ⅴ": 5, "Ⅵ": 6}


class Nodule(NamedTuple):
    """One nodule: where the text on it begins and ends, its size in mm, and the signs with their places."""

    start: int
    end: int
    size: tuple[float, int, int] | None
    signs: tuple[tuple[Sign, int, int], ...]

    @property
    def points(self) -> int:
        """The sum, spongiform nodules 0."""
        if any(sign.words == "spongiform" for sign, _, _ in self.signs):
            return 0
        return sum(sign.points for sign, _, _ in self.signs)

    @property
    def level(self) -> int | None:
        """The ACR level; None where composition and echogenicity are not both told and the rest does not decide."""
        if any(sign.words == "spongiform" for sign, _, _ in self.signs):
            return 1
        told = {sign.group for sign, _, _ in self.signs}
        if not told >= _NEEDED and self.points < _LEVELS[0][0]:
            return None
        return next(level for low, level in _LEVELS if self.points >= low) if self.points != 1 else None


def thyroid_hits(document: Document) -> Iterator[Hit]:
    """The nodule of most concern, and categories as they are written. Context is read by the caller."""
    if not _THYROID.search(document.text):
        return
    yield from (found for found in (*_written(document), *_described(document)) if found is not None)


def _written(document: Document) -> Iterator[Hit | None]:
    for match in _WRITTEN.finditer(document.text):
        if not _OTHER_SYSTEM.search(document.text[max(0, match.start() - 6) : match.start()]):
            yield hit("finding.thyroid_tirads", int(match["n"]), None, match.start(), match.end())
    for match in _BETHESDA.finditer(document.text):
        number = _ROMAN.get(match["n"].upper()) or int(match["n"])
        yield hit("finding.thyroid_bethesda", number, None, match.start(), match.end())


def _described(document: Document) -> Iterator[Hit | None]:
    nodules = list(_nodules(document))
    if not nodules:
        return
    worst = max(nodules, key=lambda nodule: (nodule.level or 0, nodule.size[0] if nodule.size else 0))
    yield hit("finding.thyroid_nodule", True, None, worst.start, worst.end)
    if worst.size is not None:
        millimetres, start, end = worst.size
        yield hit("finding.thyroid_nodule_size", whole(millimetres), "mm", start, end)
    if not worst.signs:
        return
    first, last = min(start for _, start, _ in worst.signs), max(end for _, _, end in worst.signs)
    if worst.level is not None and not _WRITTEN.search(document.text):
        listed = ", ".join(f"{sign.words} {sign.points}" for sign, _, _ in worst.signs)
        yield hit("finding.thyroid_tirads", worst.level, None, first, last, f"{worst.points} points: {listed}")
    groups = {sign.group for sign, _, _ in worst.signs if sign.points}
    names = {sign.words for sign, _, _ in worst.signs}
    dark = names & {"hypoechoic", "very hypoechoic"} and names & {"solid", "mixed cystic and solid"}
    if dark and (groups & _SUSPICIOUS or names & {"lobulated or irregular margin", "extension beyond the thyroid"}):
        yield hit("finding.thyroid_ata_pattern", "high", None, first, last, "by its sonographic signs")


def _nodules(document: Document) -> Iterator[Nodule]:
    """Each sentence that gives a nodule with a size or a sign begins a nodule; what follows belongs to it."""
    starts = [s for s in document.sentences if _begins(document.words(s)) and _in_the_neck(document, s.start, s.end)]
    for number, sentence in enumerate(starts):
        later = starts[number + 1].start if number + 1 < len(starts) else len(document.text)
        break_at = re.search(r"\n\s*\n", document.text[sentence.start : later])
        end = sentence.start + break_at.start() if break_at else later
        text = document.text[sentence.start : end]
        own = re.search(r"[;；]\s*(?=(?:left|right|isthm|左|右|峡)[^;；]*(?:nodule|结节))", text, re.I)
        text = text[: own.start()] if own else text
        yield Nodule(sentence.start, sentence.end, _size(text, sentence.start), tuple(_signs(text, sentence.start)))


def _in_the_neck(document: Document, start: int, end: int) -> bool:
    """Whether the sentence or the text shortly before it speaks of the thyroid or the neck."""
    return _THYROID.search(document.text[max(0, start - _NEAR) : end]) is not None


def _begins(words: str) -> bool:
    nodule = _NODULE.search(words)
    if nodule is None or _NONE.search(words[: nodule.start()]) or _ELSEWHERE.search(words):
        return False
    return bool(first_size(words) or any(sign.pattern.search(words) for sign in _SIGNS))


def _size(text: str, offset: int) -> tuple[float, int, int] | None:
    for size in sizes(text):
        near = text[max(0, size.start - 20) : size.start]
        if re.search(r"lymph|node|淋巴结|距", near, re.I):
            continue
        return float(size.longest_mm), offset + size.start, offset + size.end
    return None


def _signs(text: str, offset: int) -> Iterator[tuple[Sign, int, int]]:
    told: set[str] = set()
    for sign in _SIGNS:
        if sign.group in told:
            continue
        for match in sign.pattern.finditer(text):
            clause = re.split(r"[.;。；\n]", text[: match.start()])[-1]
            if not _NONE.search(clause) and not re.search(r"lymph node|淋巴结", clause, re.I):
                told.add(sign.group)
                yield sign, offset + match.start(), offset + match.end()
                break
