"""Tumours of the liver by imaging: LI-RADS category, picture of hepatocellular carcinoma, number of lesions.

LI-RADS 5, or non-rim arterial hyperenhancement with washout at 20 mm or more, in cirrhosis or chronic hepatitis B is
hepatocellular carcinoma without a biopsy (LI-RADS v2018, Marrero 2018, doi 10.1016/j.gie.2018.05.010; AASLD, Singal
2023, doi 10.1097/HEP.0000000000000466).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.context import Context
from tools.notes.document import Document
from tools.notes.hits import hit
from tools.notes.sizes import sizes
from tools.notes.tumour_context import Said, is_other, is_uncertain, said

_LIRADS = re.compile(
    r"(?:\bLI-?\s?RADS(?:[®,]?\s*(?:v(?:ersion)?\s*)?20\d\d)?(?:\s*(?:category|class|score|分类|类别|分级|评分))?[\s:：=(（-]*"
    r"(?:LR[- ]?)?|(?<![A-Za-z])LR[- ]?)(?P<n>[1-5]|M)(?![\w.%]*\d|[A-Za-z])",
    re.I,
)
_WITHIN = r"(?:[^.;。；\n]|(?<=\d)\.(?=\d))"
_WASHES_OUT = re.compile(
    rf"(?:arterial(?:[- ]phase)? (?:hyper-?)?enhanc\w+|\bAPHE\b){_WITHIN}{{0,50}}?wash(?:es|ed)?[- ]?out|"
    rf"动脉期{_WITHIN}{{0,12}}强化{_WITHIN}{{0,40}}?(?:廓清|洗脱|低信号|低密度|消退)|快进快出",
    re.I,
)
_IN_THE_LIVER = re.compile(
    r"(?:liver|hepatic|segment)[^.;\n]{0,20}(?:lesions?|mass|nodules?|tumou?rs?|observation)|"
    r"肝[^。；\n]{0,10}(?:结节|病灶|占位|肿块|肿物)",
    re.I,
)
_AT_RISK = re.compile(r"(?<!no )(?:cirrho|\bHBV\b|chronic hepatitis B)|(?<!无)肝硬化|慢性?乙(?:型)?肝|乙肝", re.I)
_LARGE_MM = 20
_NEAR = 90  # characters on each side of the picture in which the lesion and its size stand
_COUNT = re.compile(
    r"\b(?P<n>\d{1,2}|two|three|four|five|six)\s+(?:\w+\s+)?(?:liver |hepatic )?(?:lesions?|nodules|tumou?rs|"
    r"HCCs|foci)\b|"
    r"\b(?P<one>solitary|single)\s+(?:\w+\s+){0,3}?(?:lesion|nodule|tumou?r|HCC|mass|hepatocellular)|(?P<zh1>单发)|"
    r"\b(?P<rest>no (?:other|further|additional) (?:focal |liver |hepatic |suspicious |arterially enhancing )*"
    r"(?:lesions?|nodules?|observations?)|(?:rest|remainder) of the liver[^.;\n]{0,25}(?:normal|clear|no ))|"
    r"(?P<zhrest>余肝[^。；\n]{0,12}(?:未见|无))|"
    r"(?:另有|并有|伴有?|另见)\s*(?P<zmore>[1-9一二两三四五])\s*(?:个|枚|处)(?:子灶|卫星(?:灶|结节)|病灶|结节)|"
    r"\b(?:plus|and|with) (?P<more>\d|one|two|three|four|five) (?:satellite|daughter) (?:nodules?|lesions?)|"
    r"(?:多发)?(?P<zn>[2-9两二三四五])\s*(?:个|枚)(?:肝(?:脏)?)?(?:病灶|结节|肿瘤)",
    re.I,
)
_WORD_NUMBERS = {
    "one": 1, "一": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "两": 2, "二": 2, "三": 3, "四": 4, "五": 5,
}  # fmt: skip
_OF_THE_LIVER = re.compile(r"liver|hepat|HCC|segment|肝", re.I)
_A_LIVER_TUMOUR = re.compile(
    r"HCC|hepatocell|wash(?:es|ed)?[- ]?out|LI-?RADS|(?<![A-Za-z])LR-[1-5M]|肝细胞癌|肝癌|快进快出|廓清", re.I
)


def lirads_facts(document: Document) -> Iterator[Said | None]:
    """The LI-RADS category of each observation."""
    for match in _LIRADS.finditer(document.text):
        yield said(document, "finding.liver_lirads", f"LR-{match['n'].upper()}", match.start(), match.end())


def carcinoma_by_imaging(document: Document) -> Iterator[Said]:
    """Hepatocellular carcinoma (LI-RADS 5) by its category or picture in a liver at risk, where no type is named."""
    if not _AT_RISK.search(document.text):
        return
    for start, end, why in _pictures(document):
        if is_uncertain(document, start, end) or is_other(document, start, end):
            continue
        for name, value in (("tumour.type", "hcc"), ("finding.liver_lirads", "LR-5")):
            made = hit(name, value, None, start, end, f"{why} in cirrhosis or hepatitis B")
            if made is not None:
                yield Said(made, Context())
        return


def _pictures(document: Document) -> Iterator[tuple[int, int, str]]:
    for match in _LIRADS.finditer(document.text):
        if match["n"] == "5":
            yield match.start(), match.end(), "LI-RADS 5"
    for match in _WASHES_OUT.finditer(document.text):
        around = document.text[max(0, match.start() - _NEAR) : match.end() + _NEAR]
        if _IN_THE_LIVER.search(around) and any(size.longest_mm >= _LARGE_MM for size in sizes(around)):
            why = "arterial hyperenhancement and washout of a liver lesion of 2 cm or more"
            yield match.start(), match.end(), why


def lesion_count(document: Document) -> Iterator[Said | None]:
    """How many tumours of the liver the note counts; the first count."""
    if not _A_LIVER_TUMOUR.search(document.text):
        return
    for match in _COUNT.finditer(document.text):
        beside = match["more"] or match["zmore"]  # besides the largest one
        if not beside and not _OF_THE_LIVER.search(document.words(document.sentence_at(match.start()))):
            continue
        written = beside or match["n"] or match["zn"] or "1"
        number = (_WORD_NUMBERS.get(written.lower()) or int(written)) + bool(beside)
        yield said(document, "tumour.lesion_count", number, match.start(), match.end())
        return
