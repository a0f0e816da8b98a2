"""Age, sex, pregnancy, performance status and smoking, as notes write them in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: n for n, word in enumerate(_SMALL)} | {word: 10 * (n + 2) for n, word in enumerate(_TENS)}
_WORDS |= {f"{ten}-{one}": 10 * (i + 2) + j for i, ten in enumerate(_TENS) for j, one in enumerate(_SMALL[:10]) if j}
_NUMBER_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))

_AGE = re.compile(
    rf"(?<![\w.])(?P<n>\d{{1,3}}(?:\.\d)?|{_NUMBER_WORD})(?:\s*[-–‐]?\s*and[- ]a[- ]half)?[\s\-–‐]*"
    r"(?P<unit>years?|yrs?|y|months?|mo|weeks?|wks?|days?)[\s\-–‐.]*(?:of[\s-]age|old|o\b|/o)|"
    r"(?<![\w.])(?P<yo>\d{1,3})[\s-]*(?:y/o|y(?= ?(?:man|woman|male|female|gentleman|lady)\b)|"
    r"yo\b|y\.o\.?|YO\b|(?:(?<=\d\d)|(?<=\d\d[ -]))yrs?\b(?!\s+(?:of|ago|post|after|since|later|history|hx|for)\b|\)))|"
    r"\bage[d]?\s*(?:is|was|of|:|=|：)?\s*(?P<aged>\d{1,3})(?![\d.,/]*\d)(?!\s*(?:%|mg|months|weeks))|"
    r"(?<![\w.])(?P<years>\d{2})\s?y(?=\s+(?:old\s+)?(?:man|woman|male|female|M\b|F\b|lady|gentleman))|"
    r"\b(?:Mr|Mrs|Ms|Miss)\.?\s[A-Z][A-Za-z.]*,\s*(?:aged\s)?(?P<titled>\d{2})(?=\s*[,.;(]|\s+(?:year|y))|"
    r"(?<![\w./])(?P<letter>\d{2})\s?/?\s?(?:y(?:rs?)?\s?/\s?)?(?P<mf>[MF])\b(?!\w|/u)|"
    r"\bpatient\s*:\s*(?:female|male|woman|man)?,?\s*(?P<field>\d{1,3}) (?:years|y)\b|"
    r"\b(?:(?:fe)?male|(?:wo)?man|lady|gentleman|girl|boy),\s+(?:aged\s+)?(?P<sexed>\d{1,3})\s*(?:years?|yrs?|y)\b|"
    r"\b(?:(?:wo)?man|lady|gentleman)\s+of\s+(?P<of>\d{2})\b(?![\d.,/]*\d|\s*(?:%|kg|cm|mm|weeks|st\b))|"
    r"\b(?:(?:fe)?male|(?:wo)?man|lady|gentleman)\b[^.;:,\d\n]{0,30},\s*(?P<listed>\d{2})(?=,|\.\s|\s*[(;])(?!\.\d)|"
    r"\b(?:(?-i:Mrs?|Ms|Miss)\.?\s+(?-i:[A-Z])\w*|(?:the|this|our)\s+patient|(?-i:He|She))(?:\s+(?:is|was|turned)|\.?,)\s+(?:now\s+)?"
    r"(?P<title>\d{2})\b(?![\d.,/]*\d)(?!\s*(?:%|kg|cm|mg|mm|lb|/|°|degrees|weeks|months|days|hours|beats|units|ml|kilo|pounds))|"
    r"\b(?:(?:he|she)(?:['’]s|\s+is)|I(?:['’]m|\s+am))\s+(?:now\s+|only\s+)?(?P<told>\d{1,2})(?=\s*(?:[.;!]\s|,\s*[a-z]|$|\n))",
    re.IGNORECASE,
)
_AGE_ZH = re.compile(
    r"(?:年龄[:：]?\s*)?(?P<n>\d{1,3})\s*(?P<unit>周岁|岁|个月)"
    r"(?!的?(?:大|小|长|幼)?(?:儿子|女儿|孩子|子女|儿|女(?=儿)|弟|妹|哥|姐|兄|母|父|爸|妈|丈夫|妻|爷|奶|外公|外婆|姑|叔|舅|姨|侄|孙|"
    r"亲属|家属|同胞))"
)
# `肿块6个月` is how long; an age in months stands beside the child.
_CHILD = re.compile(r"(?:男|女|患儿|婴儿?|龄|岁)[性婴]?[，,、:： ]*$")
_PAST_AGE = re.compile(
    r"(?:\bL(?:N)?MP|menopaus\w*|menarche|\bperiods? (?:stopped|ceased|ended)|\blast period|\bonset|"
    r"\bquit|\bdiagnosed)[\s:,-]*$|"
    r"(?:\bat|since|from|until|till|by|before|after|around)\s+(?:the\s+|an\s+|his\s+|her\s+)?(?:age\s+of\s+|"
    r"age\s+)?$|于$|在$",
    re.I,
)
_RELATIVE = re.compile(
    r"\b(?:mother|father|brother|sister|son|daughter|wife|husband|aunt|uncle|cousin|baby|infant of|grand\w+|sibling|"
    r"(?:breast-?)?feed(?:s|ing)|nurs(?:es|ing)|donor|mum|mom|dad|parents?|kids?|children|"
    r"(?:his|her|their|one|two|three|four|\d) child(?:ren)?|toddlers?|twins?|"
    r"niece|nephew|partner|spouse|neighbou?r|carer)"
    r"[^.;]{0,30}$|(?:孩子|子女|儿女|孙子|孙女|父亲|母亲|爸|妈|兄|弟|姐|妹|哥|子|女儿|姑|姨|舅|叔|伯|爷爷|奶奶|祖父|祖母|外公|外婆|姥|丈夫|爱人|"
    r"老伴|供者|供体)[^。；，]{0,12}$",
    re.I,
)
_RELATIVE_AFTER = re.compile(
    r"[\s-]*(?:\w+ )?(?:brother|sister|mother|father|son|daughter|wife|husband|sibling|donor)\b|"
    r"(?:时)?(?:去世|病故|死于|身故|猝死)",
    re.I,
)
# `High blood pressure for 5 yrs`, `HTN 20y`: how long, not how old.
_LASTING_BEFORE = re.compile(
    r"\b(?:for|over|past|last|within|in|after|about|around|every|than|some|of|since|x|×|~|lasting|next)\s+(?:the\s+)?$",
    re.I,
)
_LASTING_AFTER = re.compile(
    r"[\s,]*(?:ago|history|hx|h/o|duration|follow|later|earlier|supply|pack|before|prior|since|in remission|post)\b",
    re.I,
)
# Who calls or writes about a relative speaks of the patient.
_CALLED_ABOUT = re.compile(
    r"\b(?:it['’]?s|about|regarding|concerning|(?:calling|phoning|writing) for)\s+(?:about\s+|for\s+)?my\s+(?:\w+\s+)?"
    r"(?:mother|father|brother|sister|son|daughter|wife|husband|baby|grand\w+)[^.;]{0,30}$",
    re.I,
)
_UNITS = {"y": "a", "m": "mo", "w": "wk", "d": "d"}

_FEMALE = r"woman|female|lady|girl|women|housewife|waitress|actress|schoolgirl|primigravida|multigravida|nulliparous"
_MALE = r"man|male|gentleman|boy|schoolboy"
_SEX = re.compile(rf"\b(?:(?P<female>{_FEMALE})|(?P<male>{_MALE}))\b", re.I)
_LETTER = re.compile(r"[.,]?\s*(?P<mf>[MF])\b(?![/.\w])")
_SEX_FIELD = re.compile(r"\b(?:sex|gender)\s*[:=]\s*(?:(?P<female>f(?:emale)?|woman)|(?P<male>m(?:ale)?|man))\b", re.I)
_TITLE = re.compile(r"\b(?:(?P<female>Mrs|Ms|Miss)|(?P<male>Mr))\.?\s+[A-Z]")
_PRONOUN = re.compile(
    r"\b(?:(?P<female>she|her|herself)|(?P<male>he(?! ?gr(?:ade|\.)?\b| ?stage\b)|his|him|himself))\b", re.I
)
_SEX_ZH = re.compile(
    r"(?P<female>女性|女患|女，|女,|，女|性别[:：]?\s*女|女士|妇女)|(?P<male>男性|男患|男，|男,|，男|性别[:：]?\s*男|先生)"
)

_TOLD_FIRST = re.compile(
    rf"\b(?:(?:Mrs|Ms|Miss)\.?\s+[A-Z]|(?i:{_FEMALE})\b|(?<=\d)\s?(?:yo?|y/o)?\s?F\b)(?P<female>)|"
    rf"\b(?:Mr\.?\s+[A-Z]|(?i:{_MALE})\b)|(?<=\d)\s?(?:yo?|y/o)?\s?M\b"
)


@lru_cache(maxsize=32)
def sex_told_first(text: str) -> Literal["female", "male"] | None:
    """The sex of the person that a note speaks of first, by title or noun; None where it uses neither."""
    found = _TOLD_FIRST.search(text)
    if found is None:
        return None
    return "female" if found["female"] is not None else "male"


_PREGNANCY_TEST = (
    r"(?:(?:urine |home |serum |urinary |blood |bedside )?pregnancy tests?|home tests?|UPT|HPT|"
    r"(?:urine |serum |blood |β-?|beta[- ]?)*hCG)\b"
)
_TEST_POSITIVE = r"(?:(?<!not )(?<!n't )\bpositive\b|\+ve\b|\bpos\b|\btwo (?:\w+ )?lines\b|\b2 lines\b)"
_PREGNANT = re.compile(
    r"\b(?:(?:is|was|currently)\s+(?:\w+\s+)?pregnant|pregnant (?:woman|female|lady|patient)|(?:\d{1,2}|"
    r"\d{1,2}\s*[+/]\s*\d)\s*weeks?['’]?\s*"
    r"(?:pregnant|of gestation|gestation|gestational age|of pregnancy)|intrauterine pregnancy|gravida\s*\d)|"
    r"孕\d{1,2}\+?\d?周|妊娠\d{1,2}|(?<!未)(?<!无)(?<!不)(?:目前|现|正|已|处于)(?:处于|已)?(?:妊娠|怀孕)(?!史|可能|试验)|"
    r"妊娠状态|孕妇|"
    # a positive test, whatever it is called, and weeks as obstetric notes write them
    rf"(?<!no )(?P<test>{_PREGNANCY_TEST}[^.;。；]{{0,45}}?{_TEST_POSITIVE}|"
    rf"\bpositive (?:{_PREGNANCY_TEST})|验孕(?:棒|试纸)?[^。；]{{0,10}}?(?:阳性|两[条道]|双[线杠])|"
    rf"(?:早孕试纸|尿妊娠试验|妊娠试验|(?:尿|血)?(?:β-?)?hCG)[^。；，]{{0,12}}?(?:阳性|两[条道]|[（(][+＋][)）]))|"
    r"\b(?:[4-9]|[1-3]\d)(?:\s?\+\s?[0-6])?\s?/\s?40\b|\bbooking (?:visit|appointment|bloods?)\b|"
    r"\b(?:[4-9]|[1-3]\d)\s?\+\s?[0-6]\b(?=[^.;]{0,25}\b(?:by (?:dates|scan|LMP|USS|ultrasound)|weeks|wks|gest))|"
    r"\b(?:dating scan|antenatal (?:clinic|booking))\b|停经\d{1,2}\+?\d?周[^。；]{0,20}(?:宫内|胎心|孕囊)",
    re.I,
)
# hCG is a tumour marker there.
_MARKER = re.compile(
    r"testic|germ[- ]cell|seminoma|choriocarcinoma|trophoblast|\bmole\b|睾丸|生殖细胞|葡萄胎|绒癌", re.I
)
_ONCE = re.compile(r"\b(?:never|once|previously)\b", re.I)
_LONG_SINCE = re.compile(r"\s*(?:in|\()\s*(?:19|20)\d\d|[^.;,]{0,15}\b(?:years?|months?) ago\b", re.I)
_NOT = re.compile(r"\b(?:not|isn['’]t)\b", re.I)
_BORN = re.compile(r"\b(?:born|birth|delivered|delivery|newborn|preterm|infant)\b[^.;]*$", re.I)
_ECOG = re.compile(
    r"\b(?:ECOG|Eastern Cooperative Oncology Group)\b[^.;\d]{0,45}?(?P<n>[0-4])(?:\s?[-–/]\s?(?P<to>[1-4]))?(?!\.?\d)|"
    r"ECOG\s*评分?[:：]?\s*(?P<z>[0-4])",
    re.I,
)


def person_hits(document: Document) -> Iterator[Hit]:
    """Age, sex, pregnancy, performance status and smoking of the patient."""
    made = [*_ages(document), _sex(document), *_ecog(document), *_pregnant(document)]
    yield from (found for found in made if found is not None)


def _ages(document: Document) -> Iterator[Hit | None]:
    text = document.text
    pattern = _AGE_ZH if document.language == "zh" else _AGE
    for match in pattern.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        after = text[match.end() : match.end() + 25]
        of_relative = _RELATIVE.search(before) and not _CALLED_ABOUT.search(before)
        if _PAST_AGE.search(before) or of_relative or _RELATIVE_AFTER.match(after):
            continue
        groups = match.groupdict()
        if (
            groups.get("unit") == "个月"
            and match.start() > 0
            and not _CHILD.search(before + match[0].split(groups["n"])[0])
        ):
            continue
        if (
            groups.get("yo")
            and re.search(r"\dy?rs?$|\d[\s-]+yrs?$", match[0], re.I)
            and (_LASTING_BEFORE.search(before) or _LASTING_AFTER.match(text, match.end()))
        ):
            continue
        number = (
            groups.get("n")
            or groups.get("yo")
            or groups.get("aged")
            or groups.get("letter")
            or groups.get("field")
            or groups.get("title")
            or groups.get("titled")
            or groups.get("years")
            or groups.get("sexed")
            or groups.get("told")
            or groups.get("of")
            or groups.get("listed")
            or ""
        )
        value = float(_WORDS.get(number.casefold(), 0) or re.sub(r"\D*$", "", number) or 0)
        unit = {"周岁": "a", "岁": "a", "个月": "mo"}.get(groups.get("unit") or "") or _UNITS[
            (groups.get("unit") or "y")[0].lower()
        ]
        yield hit("patient.age", int(value) if value.is_integer() else value, unit, match.start(), match.end())
        return


def _sex(document: Document) -> Hit | None:
    text = document.text
    if document.language == "zh":
        return _sex_hit(_SEX_ZH.search(text))
    age = _AGE.search(text)
    if age is not None:
        letter = age["mf"] or ((after := _LETTER.match(text, age.end())) and after["mf"])
        if letter:
            return hit("patient.sex", {"F": "female", "M": "male"}[letter.upper()], None, age.start(), age.end() + 2)
    near = _SEX.search(text, age.end(), age.end() + 60) if age is not None else None
    if age is not None and near is not None and re.search(r"[.;]|\b(?:with|who)\b", text[age.end() : near.start()]):
        near = None
    return _sex_hit(near or _SEX_FIELD.search(text) or _TITLE.search(text) or _by_pronouns(text))


def _by_pronouns(text: str) -> re.Match[str] | None:
    words = [*_SEX.finditer(text), *_PRONOUN.finditer(text)]
    counts = {sex: [m for m in words if m[sex]] for sex in ("female", "male")}
    for sex, other in (("female", "male"), ("male", "female")):
        many = len(counts[sex]) >= 2 and len(counts[sex]) >= 5 * len(counts[other])
        if many or (counts[sex] and not counts[other]):
            return counts[sex][0]
    return None


def _sex_hit(match: re.Match[str] | None) -> Hit | None:
    if match is None:
        return None
    return hit("patient.sex", "female" if match["female"] else "male", None, match.start(), match.end())


def _ecog(document: Document) -> Iterator[Hit | None]:
    for match in _ECOG.finditer(document.text):
        grade = int(match["to"] or match["n"] or match["z"])
        assumed = "the higher grade of a range" if match["to"] else None
        yield hit("patient.ecog", grade, None, match.start(), match.end(), assumed)


def _pregnant(document: Document) -> Iterator[Hit | None]:
    found = []
    for match in _PREGNANT.finditer(document.text):
        before = document.text[max(0, match.start() - 60) : match.start()]
        if _RELATIVE.search(before) or _LONG_SINCE.match(document.text, match.end()):
            continue
        if _BORN.search(before) or _ONCE.search(match[0]):
            continue
        if "cg" in match[0].lower() and _MARKER.search(document.text):
            continue
        pregnant = bool(match["test"]) or not (_NOT.search(match[0]) or _NOT.search(before[-12:]))
        found.append((bool(match["test"]), pregnant, match))
    # A positive test counts more than what was said before it.
    if found:
        _, pregnant, match = max(found, key=lambda item: item[0])
        yield hit("patient.pregnant", pregnant, None, match.start(), match.end())
