"""Ages over 89 and years of birth that give one away, in English and Chinese text and in structured values.

45 CFR 164.514(b)(2)(i)(C): all ages over 89, and all elements of dates (the year too) that indicate such an age, may
only be shown as one category of 90 or older. It holds for relatives as for the patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.deid.identifiers import Identifier, Kind

OLDEST_AGE_SHOWN_YEARS = 89
OVER = "90+"

_UNITS_WORDS = "one|two|three|four|five|six|seven|eight|nine"
_WORDS = (
    rf"ninety(?:[- ](?:{_UNITS_WORDS}))?|(?:(?:a|one)[- ])?hundred"
    rf"(?:[- ](?:and[- ])?(?:{_UNITS_WORDS}|ten|eleven|twelve))?"
)
_HAN = "九十[一二三四五六七八九]?|一?百[零〇一]?[一二三四五六七八九十]?"
_DIGITS = r"(?:0?[9９]\d|[1１][0-2０-２]\d)(?:\.\d|[½¼¾])?"
_N = rf"(?<!\d)(?<!\d[.,:/%])(?P<n>{_DIGITS})"
_NW = rf"(?:{_N}|\b(?P<w>{_WORDS}))"
# Not the number of anything but years.
_BARE = (
    r"(?![\d%°]|[.,:]\d|[ \t]{0,4}(?:%|/[ \t]{0,4}\d|percent|per\b|days?\b|weeks?\b|wks?\b|months?\b|mos?\b|min|"
    r"hours?\b|hrs?\b|cm|mm|kg|lbs?\b|mg|mcg|µg|ml\b|g\b|l\b|bpm|beats|mmhg|x\b|×|degrees|deg\b|°|"
    r"st\b|nd\b|rd\b|th\b|[cf]\b))"
)
_TAIL = (
    r"(?=[ \t]{0,4}(?:$|[.,;:)\]\n，。；、）]|(?:and|or|now|today|with|who|when|from|of|in|lives?|but|next|this|has|"
    r"had|is|was|yo|then|at|presents?|presenting|admitted|years?)\b))"
)
_YEARS = r"(?:years?|yrs?|y\.?[ ]?/?[ ]?o\b|y-o\b|yo\b|y\.o\.?|y\b(?!/n)|jahre)"
_PERSON = (
    r"(?:patient|pt|woman|man|lady|gentleman|female|male|mother|father|mom|mum|dad|"
    r"(?:great[- ]?)*grand(?:mother|father|"
    r"ma|pa|parent)s?|parents?|sister|brother|siblings?|aunt|uncle|cousin|husband|wife|spouse|partner|widow(?:er)?|"
    r"daughter|son|neighbou?r|carer|caregiver|mgm|mgf|pgm|pgf|relative|twin)"
)
_DECADE = r"(?:(?:very[ \t])?(?:early|mid|middle|late|advanced)[ \t-]{1,4})?(?:(?:90|100)(?:'|’)?s|nineties|hundreds)"
_IS = r"(?:'s|’s|[ \t]{1,4}(?:is|was|will be|would be|turns|has turned|had been|being))"
_ROUGHLY = (
    r"(?:[ \t]{0,4}(?:now|almost|nearly|about|around|only|already|approximately|approx\.?|over|just|~|>|"
    r"≥)){0,2}[ \t]{0,4}"
)
_AGE_LABEL = (
    r"\bage[sd]?\b(?:[ \t]{0,4}/[ \t]{0,4}(?:sex|"
    r"gender))?(?:[ \t]{0,4}[(\[][^)\]\n]{0,14}[)\]])?(?:[ \t]{1,4}at(?:[ \t]{1,4}[a-z]{1,12}){1,3})?"
    r"[ \t]{0,4}(?:[:：=]|\b(?:of|is|was|between)\b)?" + _ROUGHLY + r"(?:[FM][ \t]{0,4}/[ \t]{0,4})?"
)
_ALIVE = (
    r"(?:alive|living|dead|died|dies|passed(?: away)?|deceased|lived|survived|well|d\.|aged?|was|is|turned|reached)"
)

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # 93-year-old, ninety-three years, 93yo, 93 Y
        rf"{_NW}[ \t-]?(?:{_YEARS})(?!\w)",
        # age 93, Age/Sex: 93/F, age at death: ninety-one
        rf"{_AGE_LABEL}{_NW}{_BARE}(?![\w])",
        rf"\b(?:turned|turning|turns|reached)[ \t]{{1,4}}{_NW}{_BARE}(?!\w)",
        # F/93, 93/M, 男/93
        rf"(?<![\w/])(?:[FM]|female|male|男|女)性?[ \t]{{0,4}}[/，、,][ \t]{{0,4}}{_N}(?![\w/%]|[.,]\d)",
        rf"{_N}[ \t]{{0,4}}[/，、,][ \t]{{0,4}}(?:[FM]|female|male|男|女)(?![\w/])",
        # (93F), 93 (F), "93F with", "a 93 M who"
        rf"(?:(?<=\()|^[ \t]{{0,4}}|\b(?:an?|pt|patient|is|was|this|the|old)[ \t]{{1,4}}|"
        rf"[:,;][ \t]{{0,4}}){_N}[ \t]?(?:[FM]|male|female|man|woman)\b"
        r"(?=[ \t]{0,4}(?:\)|,|with\b|w/|s/p|c/o|p/w|h/o|who\b|presents?\b|presenting\b|admitted\b|seen\b|"
        r"here\b|known\b|from\b|"
        r"hx\b|pmh\b|in\b|on\b|for\b|smoker\b|brought\b|found\b|referred\b))",
        rf"{_N}[ \t]?\((?:F|M|male|female)\)",
        # her husband, 93, … / mother (97) / Mother: alive, 94 / mother died at ninety-six
        rf"\b{_PERSON}(?:'s|’s)?[ \t]{{0,4}}[:,(]?[ \t]{{0,4}}(?:(?:{_ALIVE})[ \t,]*(?:(?:and|well|still|at|in|"
        rf"to|be|be[ \t]{{1,4}}the)[ \t]{{0,4}}){{0,3}}){{0,2}}"
        rf"{_ROUGHLY}(?:[:,(]?[ \t]{{0,4}}){_NW}{_BARE}{_TAIL}",
        rf"\b(?:died|dies|passed away|passed|deceased|dead|death|lived|survived|alive|"
        rf"living)[ \t]{{1,4}}(?:(?:to|at|be|until|till|"
        rf"age[sd]?|the|of|about|around|nearly|in)[ \t]{{1,4}}){{1,4}}{_NW}{_BARE}(?!\w)",
        # she is 94 now
        rf"\b(?:she|he|they|i|who|patient|pt|{_PERSON}){_IS}{_ROUGHLY}{_NW}{_BARE}"
        r"(?=[ \t]{0,4}(?:$|[.;)\n]|,(?![ \t]{0,4}\d)|(?:and|now|today|next|but|years|with|when|at (?:the|her|his|"
        r"last|death)|in (?:jan|feb|mar|"
        r"apr|may|jun|jul|aug|sep|oct|nov|dec))\b))",
        rf"{_NW}(?:st|nd|rd|th|s't)?[ \t-](?:birthday|year of (?:her|his) life)",
        r"\b(?:her|his|their|the)[ \t]{1,4}(?P<n>[9９]\d(?:st|nd|rd|th))[ \t](?:birthday|year of life)",
        # nonagenarian; in her early nineties; a man in his 90s
        r"\b(?P<n>nonagenarian|(?:super[- ]?)?centenarian)s?\b",
        rf"\bin[ \t]{{1,4}}(?:her|his|their|my|your)[ \t]{{1,4}}(?P<n>{_DECADE})(?!\w)",
        rf"\b{_PERSON}[ \t,]{{1,4}}in[ \t]{{1,4}}the(?:ir)?[ \t]{{1,4}}(?P<n>{_DECADE})(?!\w)",
        # 93岁, 九十多岁, 95余岁
        rf"{_N}[ \t]{{0,4}}[余多几来]?[ \t]{{0,4}}(?:周|虚)?[ \t]{{0,4}}[岁歲]",
        rf"(?P<n>{_HAN})[余多几来]?(?:周|虚)?[岁歲]",
        r"(?:年龄|年齡|岁数|歲數|虚岁|周岁|现年|享年|终年|时年|得年|行年|活到了?|高龄)[ \t]{0,4}[:：为是约近已]?"
        rf"[ \t]{{0,4}}(?:{_N}|(?P<h>{_HAN})){_BARE}",
        r"(?P<n>九旬|百龄|鲐背|期颐)(?:[之余多]|高龄|老|年|以上|左右)?",
        # 父95，体健
        r"(?:父母?|母|祖父|祖母|爷爷|奶奶|外公|外婆|姥姥|姥爷|丈夫|妻子?|配偶|老伴|兄|弟|姐|妹|哥哥|姐姐|伯|叔|姑|舅|姨)亲?"
        r"[ \t]{0,4}[，,:：（(]?[ \t]{0,4}(?:已故|健在|现|今年|享年|终年|去世)?[，,]?[ \t]{0,4}"
        rf"{_N}{_BARE}(?=[ \t]{{0,4}}(?:$|[，,。；;）)、\n]))",
    )
)
# The further numbers of an enumeration of ages, and the first one of a range: "aged 91, 93 and 96", "91 to 94 years".
_NEXT = re.compile(
    rf"(?:[ \t]{{0,4}}(?:,|，|、|/|-|–|~|\band\b|\bor\b|\bto\b|至|到|和|"
    rf"及)[ \t]{{0,4}})+(?P<n>{_DIGITS}){_BARE}(?![\w/]|[-.]\d)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?<![\d.,:/%-])(?P<n>{_DIGITS})[ \t]{{0,4}}(?:-|–|~|\band\b|\bor\b|\bto\b|至|到|和|及)[ \t]{{0,4}}$",
    re.IGNORECASE,
)
_BEFORE_REACH = 12
_MONTHS_OLD = re.compile(
    r"(?<![\d.])(?P<n>1[01]\d\d|12\d\d|1[3-5]\d\d)[ -](?:months?|mos?)[ -](?:old|of age)", re.IGNORECASE
)
_OLDEST_MONTHS_SHOWN = (OLDEST_AGE_SHOWN_YEARS + 1) * 12 - 1

_YEAR = r"(?P<y>1[89]\d\d|2\d\d\d|[１２][０-９]{3})(?![\d０-９]|[-/.]\d|[ \t]{0,4}(?:m[gl]|kcal|units?|年[ \t]{0,4}\d))"
_BIRTH_YEARS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:born|b(?=\.)|geb|d\.?o\.?b|yob|(?:year|date)[ \t]{{1,4}}of[ \t]{{1,4}}birth|birth[ \t-]?(?:year|"
        rf"date)|birthday)(?![a-z])\.?"
        rf"[ \t]{{0,4}}(?:\([^)\n]{{0,12}}\))?[ \t]{{0,4}}(?:[:：=]|\b(?:in|is|was|about|around|circa|ca\.?|"
        rf"c\.)\b)*[ \t]{{0,4}}{_YEAR}",
        rf"{_YEAR}[ \t]{{0,4}}(?:年[ \t]{{0,4}})?(?:出)?生(?!长|活|产|效|化)",
        rf"{_YEAR}[ \t]{{0,4}}born\b",
        rf"(?:出生(?:年份?|日期|于|在)?|生于|生年)[ \t]{{0,4}}[:：为是]?[ \t]{{0,4}}{_YEAR}",
    )
)


# Without any of these there is no such age or year: long texts without digits are common in hostile files only.
_HINT = re.compile(r"[9９]\d|[1１][0-9０-９]{2}|2\d{3}|ninet|nonag|cent|hundred|[百九鲐期]", re.IGNORECASE)


def find_ages(text: str, latest_old_birth_year: int) -> Iterator[Identifier]:
    """Ages over 89, and years of birth up to `latest_old_birth_year`."""
    if _HINT.search(text) is None:
        return
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            name = next(name for name, value in match.groupdict().items() if value is not None)
            start, end = match.span(name)
            yield Identifier(Kind.AGE, start, end, "over 89")
            yield from _enumerated(text, start, end)
    for match in _MONTHS_OLD.finditer(text):
        if int(match["n"]) > _OLDEST_MONTHS_SHOWN:
            yield Identifier(Kind.AGE, match.start("n"), match.end("n"), "over 89")
    for pattern in _BIRTH_YEARS:
        for match in pattern.finditer(text):
            if int(match["y"]) <= latest_old_birth_year:
                yield Identifier(Kind.DATE, match.start("y"), match.end("y"), "year of birth")


def _enumerated(text: str, start: int, end: int) -> Iterator[Identifier]:
    """The ages that are enumerated with the one at `start` to `end`."""
    while (match := _NEXT.match(text, end)) is not None:
        end = match.end("n")
        yield Identifier(Kind.AGE, match.start("n"), end, "over 89")
    while (match := _BEFORE.search(text[max(0, start - _BEFORE_REACH) : start])) is not None:
        shown = start - min(start, _BEFORE_REACH)
        start, end = shown + match.start("n"), shown + match.end("n")
        yield Identifier(Kind.AGE, start, end, "over 89")


_AGE_KEY = re.compile(r"(?:^|[._])age(?:_[a-z_]+)?$")
_STATED = re.compile(rf"(?P<n>{_DIGITS})(?:\.\d+)?(?=[ \t]*(?:a|years?|yrs?|y|岁)?$)")


def is_age_key(key: str) -> bool:
    """Whether a value under this name is an age in years: `age_years`, `patient.age`, `record.age_at_onset`."""
    return _AGE_KEY.search(key) is not None


def capped(value: Any, instead: Any = OLDEST_AGE_SHOWN_YEARS + 1) -> Any:
    """The value of an age in years, a number or a text such as `94 a`; `instead` for a number over 89."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return instead if value >= OLDEST_AGE_SHOWN_YEARS + 1 else value
    return _STATED.sub(OVER, value) if isinstance(value, str) and _STATED.match(value) else value
