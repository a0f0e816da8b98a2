"""Dates in English and Chinese text: found, read, and written again in the same form after a shift.

A year alone is left (45 CFR 164.514(b)(2)(i)(C)). A numeric date whose order is open is read month first, unless
another date of the same text can only be day first.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.deid.ground import Ground

_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_MONTH = r"(?P<mon>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
_MONTH += r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_DAY = r"(?P<d>[0-3]?\d)(?P<th>st|nd|rd|th)?"
_YEAR = r"(?P<y>(?:19|20)\d\d)"
_SHORT_YEAR = r"(?P<y>(?:19|20)\d\d|['’]?\d\d)"
_COMMON_YEAR = 2023
_DAYS_A_MONTH = 30.4375

_ISO = re.compile(rf"(?<![\d.]){_YEAR}(?P<s1>[-/.])(?P<m>[01]?\d)(?P<s2>[-/.])(?P<d>[0-3]?\d)(?!\d|\.\d)")
_COMPACT = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_NUMERIC = re.compile(rf"(?<![\d/.-])(?P<a>[0-3]?\d)(?P<s>[-/.])(?P<b>[0-3]?\d)(?P=s){_SHORT_YEAR}(?![\d/-]|\.\d)")
_MDY = re.compile(rf"\b{_MONTH}[ \t]+{_DAY}(?:[ \t]*,[ \t]*|[ \t]+){_SHORT_YEAR}(?![\d/])", re.IGNORECASE)
_DMY = re.compile(rf"(?<![\d/]){_DAY}(?:[ \t]+of)?[ \t/-]+{_MONTH}(?:[ \t/,-]+){_SHORT_YEAR}(?![\d/])", re.IGNORECASE)
_MY = re.compile(rf"\b{_MONTH}(?:[ \t]+of)?[ \t,/-]+{_YEAR}(?!\d)", re.IGNORECASE)
_MD = re.compile(rf"\b{_MONTH}[ \t]+{_DAY}(?![\d/%]|[.,]\d|[ \t]*(?:mg|mcg|mm|cm|ml|units?)\b)", re.IGNORECASE)
_DM = re.compile(rf"(?<![\d/.]){_DAY}(?:[ \t]+of)?[ \t-]+{_MONTH}(?![ \t]*\d)", re.IGNORECASE)
_M_Y = re.compile(rf"(?<![\d/.-])(?P<m>0?[1-9]|1[0-2])/{_YEAR}(?![\d/])")
_M_D = re.compile(
    r"(?:\b(?:on|since|from|until|till|by|dated?|through|thru|between|seen|admitted|discharged|last|next|LMP|due|"
    r"[bu]cx|cultures?|sent|drawn|taken|collected|rescheduled|moved to|(?:in|at) (?:the )?(?:room|bedside|clinic|"
    r"meeting))"
    r"[ \t:]+)(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?![\d/%]|[ \t]*(?:mm|strength|systolic|mg|of\b))",
    re.IGNORECASE,
)
_APGAR = re.compile(r"(?:Apgar|评分)[^\w\n]{0,8}$", re.IGNORECASE)
# A month and a day without a year where an appointment or an entry of a log is told of.
_M_D_TOLD = re.compile(
    r"(?:\b(?:flying|fly|flew|drove|driving|going|came|coming|is|be|get|gets)[ \t]+(?:back|home)|"
    r"\b(?:back|appt|appointment|scheduled|booked|as[ \t]+of|effective|week[ \t]+of|w/[ce]|f/u|d/c'?d?|visit|"
    r"mon|tue|tues|wed|thu|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"(?:[ \t]+(?:on|for))?|\bseen[ \t]+by(?:[ \t]+[^\W\d_a-z][\w.'’-]{0,30}){1,4})[ \t,]+"
    r"(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?![\d/%]|[ \t]*(?:mm|strength|systolic|mg|of\b))",
    re.IGNORECASE,
)
_M_D_ENTRY = re.compile(
    r"^[ \t>*•-]*(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])"
    r"(?=[ \t]*:|[ \t]+(?:\d\d:?\d\d\b|addend|note\b|late[ \t]entry|update|[ap]m\b|call|phone|message))",
    re.IGNORECASE | re.MULTILINE,
)
_ZH_BARE = r"(?P<m>1[0-2]|0?[1-9])[./](?P<d>3[01]|[12]\d|0?[1-9])"
_ZH_M_D_TOLD = re.compile(rf"(?:[上本下][周月]|昨[日天]|今[日天晨]|明[日天晨]|定于|约于|预约)[ \t]*{_ZH_BARE}(?!\d)")
_ZH_M_D = re.compile(
    rf"(?:(?<=[，。；、（\u3000：])|^){_ZH_BARE}(?=[ \t]*(?:门诊|复查|复诊|出院|入院|手术|随访|来院|就诊|返院|来诊|"
    r"转入|转出|拟行|行[^\d]|去|在|晨|晚|上午|下午))",
    re.MULTILINE,
)
_ZH_M_D_SEEN = re.compile(
    rf"(?:(?<=[，。；？！、（\u3000：\n])|(?<=[，；。：]\x20)|(?<=[；，。]\d\x20)|^|(?<=LMP\x20)|(?<=LMP)|(?<=于)|(?<=自)){_ZH_BARE}"
    r"(?=[ \t\u3000]{0,2}(?:增强|平扫|CT|MR|PET|B超|彩超|超声|胃镜|肠镜|造影|化验|抽血|空腹|查|曾|再|"
    r"又|我|他|她|家属|电话|回访|"
    r"[首初一二三四]访|随诊|换药|拆线|穿刺|引流|停|起|开始|至|到|和|与|因|于|由|送|借|输|转|办|，押金|化疗|放疗|第))",
    re.MULTILINE,
)
_ZH_LMP = re.compile(rf"(?:LMP|末次月经|预产期|借片[^\n。]{{0,14}}于)[ \t:：]{{0,3}}{_ZH_BARE}(?![\d./])")
_ZH_M_D_LAST = re.compile(rf"(?<=\u3000){_ZH_BARE}$", re.MULTILINE)
_ZH = re.compile(
    r"(?:(?P<y>(?:19|20)?\d\d)[ \t]*年[ \t]*)?(?P<m>1[0-2]|0?[1-9])[ \t]*月[ \t]*(?:(?P<d>3[01]|[12]\d|"
    r"0?[1-9])[ \t]*[日号])?"
)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A date in a text: its place, the day it means (the 15th where no day is said), and how to write another one."""

    start: int
    end: int
    day: dt.date
    write: Callable[[dt.date], str]
    has_year: bool = True
    has_day: bool = True

    def moved(self, shift: dt.timedelta) -> str:
        """The date written again after `shift`, such that the opposite shift leads back.

        Without a year the day turns through a common year; without a day the month moves by whole months.
        """
        if not self.has_year:
            turned = (self.day.timetuple().tm_yday - 1 + shift.days) % 365
            return self.write(dt.date(self.day.year, 1, 1) + dt.timedelta(days=turned))
        if not self.has_day:
            months = self.day.year * 12 + self.day.month - 1 + round(shift.days / _DAYS_A_MONTH)
            return self.write(dt.date(months // 12, months % 12 + 1, 15))
        try:
            return self.write(self.day + shift)
        except OverflowError:
            return self.write(self.day)


def find_dates(text: str) -> list[DateSpan]:
    """Every date in `text` that is more than a year, in order, the longest reading of each place."""
    ground = Ground()
    found = [span for span in _all(text) if ground.take(span.start, span.end)]
    return sorted(found, key=lambda span: span.start)


def _all(text: str) -> Iterator[DateSpan]:
    day_first = any(
        int(match["a"]) > 12 >= int(match["b"]) for match in _NUMERIC.finditer(text) if match["s"] in "/-."
    ) and not any(int(match["b"]) > 12 for match in _NUMERIC.finditer(text))
    readers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], DateSpan | None]], ...] = (
        (_ZH, _zh),
        (_ISO, _iso),
        (_MDY, _named),
        (_DMY, _named),
        (_NUMERIC, lambda match: _numeric(match, day_first)),
        (_COMPACT, _compact),
        (_MD, _named),
        (_DM, _named),
        (_MY, _named),
        (_M_Y, _month_year),
        (_M_D, _month_day),
        (_M_D_TOLD, _month_day),
        (_M_D_ENTRY, _month_day),
        (_ZH_M_D, _month_day),
        (_ZH_M_D_TOLD, _month_day),
        (_ZH_M_D_SEEN, _month_day),
        (_ZH_LMP, _month_day),
        (_ZH_M_D_LAST, _month_day),
    )
    for pattern, read in readers:
        for match in pattern.finditer(text):
            span = read(match)
            if span is not None:
                yield span


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _day_of_any_year(month: int, day: int) -> dt.date | None:
    """The day in a common year, 29 February in a leap year."""
    return _day(_COMMON_YEAR + (month == 2 and day == 29), month, day)


def _full_year(text: str) -> int:
    """A year from two or four digits: two digits above 35 belong to the last century."""
    number = int(text.lstrip("'’"))
    if number >= 100:
        return number
    return 2000 + number if number <= 35 else 1900 + number


def _digits(number: int, *, padded: bool) -> str:
    return f"{number:02d}" if padded else str(number)


def _year_like(sample: str, year: int) -> str:
    bare = sample.lstrip("'’")
    return sample[: len(sample) - len(bare)] + (f"{year % 100:02d}" if len(bare) == 2 else str(year))


def _iso(match: re.Match[str]) -> DateSpan | None:
    day = _day(int(match["y"]), int(match["m"]), int(match["d"]))
    if day is None:
        return None

    padded = len(match["m"]) == len(match["d"]) == 2

    def write(new: dt.date) -> str:
        month, number = _digits(new.month, padded=padded), _digits(new.day, padded=padded)
        return f"{new.year}{match['s1']}{month}{match['s2']}{number}"

    return DateSpan(match.start(), match.end(), day, write)


def _compact(match: re.Match[str]) -> DateSpan | None:
    day = _day(int(match["y"]), int(match["m"]), int(match["d"]))
    return None if day is None else DateSpan(match.start(), match.end(), day, lambda new: f"{new:%Y%m%d}")


def _numeric(match: re.Match[str], day_first: bool) -> DateSpan | None:
    first, second, year = int(match["a"]), int(match["b"]), _full_year(match["y"])
    padded = len(match["a"]) == len(match["b"]) == 2
    if match["s"] == "." and len(match["y"]) == 2 and not padded:
        return None  # 1.2.24 is as often a section number or a version
    if match["s"] == "-" and _APGAR.search(match.string, max(0, match.start() - 16), match.start()):
        return None
    orders = ((second, first, True), (first, second, False))
    for month, number, swapped in orders if day_first else reversed(orders):
        day = _day(year, month, number)
        if day is not None:

            def write(new: dt.date, swapped: bool = swapped) -> str:
                pair = (new.day, new.month) if swapped else (new.month, new.day)
                shown = [_digits(number, padded=padded) for number in pair]
                return match["s"].join((*shown, _year_like(match["y"], new.year)))

            return DateSpan(match.start(), match.end(), day, write)
    return None


def _month_number(text: str) -> int:
    return next(i for i, name in enumerate(_MONTHS, 1) if name.startswith(text.lower()[:3]))


def _month_like(sample: str, month: int) -> str:
    name = _MONTHS[month - 1]
    shown = name if sample.lower() in _MONTHS else name[:3]
    return shown.upper() if sample.isupper() else shown.capitalize() if sample[0].isupper() else shown


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _named(match: re.Match[str]) -> DateSpan | None:
    parts = match.groupdict()
    has_year, has_day = parts.get("y") is not None, parts.get("d") is not None
    if parts["mon"].lower() == "may" and not parts["mon"][0].isupper():
        return None  # "may 2 weeks later": the verb
    year = _full_year(parts["y"]) if has_year else _COMMON_YEAR
    month, number = _month_number(parts["mon"]), int(parts["d"]) if has_day else 15
    day = _day(year, month, number) if has_year else _day_of_any_year(month, number)
    if day is None:
        return None

    def write(new: dt.date) -> str:
        made = list(match[0])
        edits = [("mon", _month_like(parts["mon"], new.month))]
        if has_day:
            edits.append(("d", _digits(new.day, padded=parts["d"][0] == "0")))
            if parts.get("th"):
                edits.append(("th", _ordinal(new.day)))
        if has_year:
            edits.append(("y", _year_like(parts["y"], new.year)))
        for name, value in sorted(edits, key=lambda edit: -match.start(edit[0])):
            made[match.start(name) - match.start() : match.end(name) - match.start()] = value
        return "".join(made)

    return DateSpan(match.start(), match.end(), day, write, has_year, has_day)


def _month_year(match: re.Match[str]) -> DateSpan | None:
    day = _day(int(match["y"]), int(match["m"]), 15)

    def write(new: dt.date) -> str:
        return f"{_digits(new.month, padded=len(match['m']) == 2)}/{new.year}"

    return None if day is None else DateSpan(match.start(), match.end(), day, write, has_day=False)


def _month_day(match: re.Match[str]) -> DateSpan | None:
    day = _day_of_any_year(int(match["m"]), int(match["d"]))

    def write(new: dt.date) -> str:
        padded = "0" in (match["m"][0], match["d"][0])
        between = match.string[match.end("m") : match.start("d")]
        return f"{_digits(new.month, padded=padded)}{between}{_digits(new.day, padded=padded)}"

    return None if day is None else DateSpan(match.start("m"), match.end("d"), day, write, has_year=False)


def _zh(match: re.Match[str]) -> DateSpan | None:
    has_year, has_day = match["y"] is not None, match["d"] is not None
    if not has_year and not has_day:
        return None  # "3月" alone is as often a duration
    year = _full_year(match["y"]) if has_year else _COMMON_YEAR
    day = _day(year, int(match["m"]), int(match["d"]) if has_day else 15)
    if day is None:
        return None

    def write(new: dt.date) -> str:
        made = match[0]
        edits = [("m", _digits(new.month, padded=match["m"][0] == "0"))]
        edits += [("d", _digits(new.day, padded=match["d"][0] == "0"))] if has_day else []
        edits += [("y", _year_like(match["y"], new.year))] if has_year else []
        for name, value in sorted(edits, key=lambda edit: -match.start(edit[0])):
            start, end = match.start(name) - match.start(), match.end(name) - match.start()
            made = made[:start] + value + made[end:]
        return made

    return DateSpan(match.start(), match.end(), day, write, has_year, has_day)
