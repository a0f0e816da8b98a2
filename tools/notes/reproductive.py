"""A woman's reproductive history as breast-cancer models ask for it: menarche, births, biopsies; breastfeeding."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_AGED = r"\s*(?:was\s+|occurred\s+)?(?:at\s+)?(?:the\s+)?(?:age(?:d)?\s*(?:of\s*)?)?[:=,]?\s*"
_MENARCHE = re.compile(
    rf"\b(?:menarche|first (?:period|menses|menstruation))\b{_AGED}(?P<n>\d{{1,2}})(?!\d|\.\d)|"
    r"(?:月经)?初潮(?:年龄)?[:：为]?\s*(?P<z>\d{1,2})",
    re.I,
)
_FIRST_BIRTH = re.compile(
    rf"\bfirst (?:live |full[- ]term )?(?:child|birth|baby|delivery|pregnancy to term)\b(?: (?:was )?born)?{_AGED}"
    r"(?P<n>\d{2})(?!\d|\.\d|\s*(?:weeks|wks|/))|"
    r"\bfirst child(?:birth)?[^.;,\d]{0,20}\bwhen (?:she was|aged) (?P<w>\d{2})\b|"
    r"首次(?:生育|分娩|生产)(?:年龄)?[:：为]?\s*(?P<z>\d{2})|(?P<y>\d{2})岁(?:时)?(?:初产|首次生育|生育?第一胎|生第一个)",
    re.I,
)
_COUNT = r"(?:one|two|three|four|five|six|seven|eight|[1-9])"
_PAROUS = re.compile(
    rf"\b(?:has|had|have|with|and|mother of)\s+{_COUNT}\s+(?:living |healthy |grown(?:-up)? )?"
    r"(?:children|sons|daughters)\b|"
    rf"(?<=[.;,] ){_COUNT} (?:living |healthy )?children\b|\b(?:para|parity)\s*[:=]?\s*[1-9]\b|"
    r"(?-i:\bG[1-9]\s?P[1-9])\b|"
    r"\bmultiparous\b|育有[一二三四两\d][子女个]|孕[1-9]产[1-9]",
    re.I,
)
_NULLIPAROUS = re.compile(
    r"\b(?:nullipar(?:ous|a)|nulligravida|never (?:been )?pregnant|never had (?:a child|children)|has no children|"
    r"no (?:children|live births?|pregnancies))\b|(?-i:\bG0\b|\bP0\b)|未育|未生育|孕0产0",
    re.I,
)
_NUMBER = {"one": 1, "a": 1, "single": 1, "two": 2, "three": 3, "once": 1, "twice": 2}
_BIOPSIES = re.compile(
    r"\b(?P<no>no|never(?: had)?(?: an?| any)?|without(?: any)?)\s+(?:previous |prior |past |earlier )?"
    r"breast biops(?:y|ies)\b|"
    r"\b(?P<n>one|two|three|a single|[1-9])\s+(?:previous |prior |earlier |benign |past )*breast biops(?:y|ies)\b|"
    r"(?P<z>无|否认)(?:既往)?乳腺(?:穿刺)?活检",
    re.I,
)
_BREASTFEEDS = re.compile(
    r"\b(?:(?P<no>not|never|no longer|stopped|isn['’]t|does not|doesn['’]t|declines)\s+)?"
    r"(?:breast-?\s?feed(?:s|ing)|lactating|"
    r"(?:she|mother|patient|is|was|while|whilst|currently|still|exclusively|and)\s+nurs(?:es|ing)"
    r"(?!\s+(?:home|staff|care|facility|notes?|school|assistant|team|student|officer|review|assessment)))\b"
    r"(?P<after>\s+(?:stopped|ended|ceased))?|"
    r"(?P<zno>未|不|停止|已停|无)?(?:正在|目前)?(?:母乳喂养|哺乳(?:期|中)?)(?!室|类)",
    re.I,
)


def reproductive_hits(document: Document) -> Iterator[Hit]:
    """Age at menarche and at the first birth, births, breast biopsies, breastfeeding."""
    yield from (found for found in _hits(document) if found is not None)


def _hits(document: Document) -> Iterator[Hit | None]:
    text = document.text
    for name, pattern in (("obstetric.menarche_age", _MENARCHE), ("obstetric.first_birth_age", _FIRST_BIRTH)):
        for match in pattern.finditer(text):
            years = next(int(value) for value in match.groupdict().values() if value)
            yield hit(name, years, "a", match.start(), match.end())
            if pattern is _FIRST_BIRTH:
                yield hit("obstetric.nulliparous", False, None, match.start(), match.end())
    for pattern, none in ((_PAROUS, False), (_NULLIPAROUS, True)):
        for match in pattern.finditer(text):
            yield hit("obstetric.nulliparous", none, None, match.start(), match.end())
    for match in _BREASTFEEDS.finditer(text):
        denied = bool(match["no"] or match["after"] or match["zno"])
        yield hit("patient.breastfeeding", not denied, None, match.start(), match.end())
    for match in _BIOPSIES.finditer(text):
        word = (match["n"] or "").casefold().removeprefix("a ")
        number = 0 if not word else _NUMBER.get(word) or int(word)
        yield hit("procedure.breast_biopsies", number, None, match.start(), match.end())
