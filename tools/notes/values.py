"""Measured values: a label, a number and a unit. Nothing is guessed.

A number without a unit gets one only where exactly one of the usual units makes it possible (`bare` in the
lexicon), and the finding says so. Ranges, limits (`< 0.01`) and reference intervals are not values.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ValidationError

from knowledge.facts import Fact
from tools.notes.document import Document, Sentence
from tools.notes.labels import Label, Measure, labels_in, referred_to
from tools.notes.units import unit_at, unit_system

UREA_G_PER_MOL = 60.06  # molar mass of urea, CH4N2O
_NUMBER = r"(?:\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?|\d{1,3},\d{1,2}(?![\d,.])|\d+(?:[.·]\d+)?|\.\d+)"
_FILLERS = (
    r"was|were|is|are|of|at|to|be|been|being|by|a|an|the|as|from|in|with|and|had|has|have|her|his|its|it|"
    r"level|levels|count|counts|value|values|concentrations?|readings?|reading|rate|test|result|results|total|serum|"
    r"plasma|blood|"
    r"measured|measuring|noted|found|recorded|reported|observed|calculated|estimated|documented|approximately|about|"
    r"around|roughly|nearly|almost|elevated|increased|decreased|raised|reduced|low|lower|high|higher|normal|abnormal|"
    r"remained|showed|showing|revealed|demonstrated|only|up|down|mildly|slightly|moderately|markedly|severely|"
    r"significantly|initial|initially|on admission|admission|at presentation|regular|irregular|currently|current|"
    r"patient|patients|patient's|dropped|fell|rose|increasing|decreasing|stable|peaked|peak|maximum|"
    r"also|then|that|which|this|equal|equals|venous|arterial|capillary|random|baseline of|corrected|"
    r"degree|improved|returned|came back|returned at|just|again|still|very|today|now|"
    r"为|是|约|升高|降低|至|达|示|水平|的|最高"
)
_GAP = re.compile(
    rf"(?:->|[\s:：=,，|~≈*\-–—\[\"'_]|;(?=\s*\d)|\((?:normal|reference|ref|range|nl|rr|n|nv)\b[^()]*\)|"
    rf"\([^()\d]{{0,40}}\)|[()（）]|"
    rf"\b(?:{_FILLERS})\b|(?:为|是|约|升高|降低|至|达|示|水平|的|最高))*",
    re.IGNORECASE,
)
_VALUE = re.compile(rf"(?P<limit>[<>≤≥＜＞]\s*=?\s*)?(?P<number>{_NUMBER})(?![\d.]*\d)")
_CHANGE = re.compile(rf"\s*(?:to|→|->|,?\s*(?:then|and then) to)\s*(?P<number>{_NUMBER})", re.IGNORECASE)
# After an aside on an earlier value: `creatinine, which had been 62 µmol/L in May, was 145 µmol/L`.
_NOW = re.compile(
    rf"(?:[^;.\d]|\.(?=\d)|\b(?:19|20)\d\d\b){{0,60}}?\b(?:is|was|were|rose|risen|increased|fell|fallen|dropped|"
    rf"climbed|"
    rf"stood|measured|found|now)\s+(?:now |to |at |only |found to be )*(?P<number>{_NUMBER})(?![\d.]*\d)",
    re.IGNORECASE,
)
# `6.1 last week, 4.5 today`: the first is of an earlier day, the second is the value now.
_THEN_NOW = re.compile(
    rf"\s*\(?(?:(?:last|the previous|the other) (?:week|month|night|year|visit|time)|yesterday|previously|"
    rf"before|initially|on arrival|at presentation|at triage|on adm|"
    rf"on admission|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:\d+|a|an|one|two|three|four|five|six) "
    rf"(?:days?|weeks?|months?|hours?|years?) (?:ago|earlier|before)|in (?:19|20)\d\d|in "
    rf"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*)\)?\s*(?:[,;→]|->|and|but|then)*\s*"
    rf"(?P<now>(?:(?:now|today|currently|is|was|this (?:morning|AM|a\.m\.)|tonight|down to|up to|"
    rf"repeat(?:ed)?(?: at)?(?: \d{{4}}h?)?)\s*[:=]?\s*)*)"
    rf"(?P<number>{_NUMBER})(?![\d.]*\d|\s*/\s*\d)(?P<rest>[^;.\d]{{0,25}})",
    re.I,
)
_COLUMN = re.compile(rf" {{2,}}(?P<number>{_NUMBER})(?![\d.]*\d)")
_ARROW = re.compile(rf"\s*(?:→|-+>|>>)\s*(?P<number>{_NUMBER})(?![\d.]*\d)")
_IS_NOW = re.compile(
    r"\b(?:now|today|currently|this (?:morning|AM|a\.m\.)|tonight|on repeat|repeat|at present|down to|up to)\b", re.I
)
# Visual estimates are written as a range: `LVEF 50-55 %`.
_MIDDLE = frozenset({"lab.lvef"})
_TO_PERCENT = re.compile(r"\s*%?\s*(?:-|–|—|~|to|至)\s*(?P<high>\d{2})(?![\d.])\s*[%％]?", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:-|–|—|~|to)\s*\d", re.IGNORECASE)
_NOT_A_VALUE = re.compile(
    r"(?:st|nd|rd|th)\b|\s*[-–]?\s*(?:years?|months?|mths?|weeks?|wks?|days?|hours?|hrs?|min(?:utes)?\s+(?:later|after|ago))\b|"
    r"[/:]\d|\s*(?:年|月|日|天|周|岁)",
    re.I,
)
# Indian count: a lakh is 100,000.
_LAKH = re.compile(r"\s*lakhs?\b(?:\s*(?:/|per)\s*(?:cu\.?\s?mm|mm3|mm³|µl|μl|ul|cmm|microlit\w+))?", re.I)
_LIMIT_WORDS = re.compile(
    r"\b(?:less than|more than|greater than|lower than|higher than|at least|at most|up to|below|above|under|over|"
    r"exceed\w*|not exceed\w*)\b\s*$",
    re.I,
)
# East Asian count: ten thousands in a µL; the exponent is often printed without its superscript.
_TEN_THOUSANDS = re.compile(
    r"\s*[x×*]\s*10\s*\^?\s*[4⁴]\s*(?:cells)?\s*/\s*(?:µl|μl|ul|mm3|mm³|mm\^3|cu\.?\s?mm)", re.I
)
_COUNTS = ("lab.platelets", "lab.white_cells")
_INCHES = re.compile(r"\s*(?:,|and)?\s*\d{1,2}(?:\.\d+)?\s*(?:\"|″|”|''|’’|inch(?:es)?|in\b)", re.I)
_GAP_LIMIT = 75
# Any few words may stand between label and number where the number has a unit of its own that fits.
_LOOSE_GAP = re.compile(
    r"[)\]]?(?:[^\d.;:,()<>≤≥]|,\s*(?:at|of|with|was|is)\b|\([^()\d]{0,30}\)){0,70}?(?=\s(?:at|of|is|"
    r"was|to|be|around|a|an|normal|steady|about|approximately)?\s*\d)",
    re.I,
)
_BEFORE = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<unit>[^\s\d,;()]{{1,20}}(?:\s?Hg|\s?/\s?\S{{1,6}})?)\s+(?:of |"
    rf"in |corrected |serum |total )*$",
    re.I,
)


@dataclass(frozen=True)
class Value:
    """A value found in the text."""

    fact: Fact
    start: int
    end: int
    number_start: int
    assumed: str | None
    before: bool = False  # the first of "rose from 1.0 to 3.2"


def measured_values(document: Document, sentence: Sentence) -> Iterator[Value]:
    """Values of one sentence, in order."""
    text, limit = document.text, sentence.end
    labels = labels_in(document, sentence) or referred_to(document, sentence)
    used: set[int] = set()
    for value in _respectively(text, labels, limit):
        used.add(value.number_start)
        yield value
    for index, label in enumerate(labels):
        if label.measure is None:
            continue
        ahead = _before_label(text, label, label.measure, sentence.start)
        if ahead is not None and ahead.number_start not in used:  # else it is the value of the label before
            used.add(ahead.number_start)
            yield ahead
            continue
        stop = min((other.start for other in labels[index + 1 :] if other.start >= label.end), default=limit)
        for value in _after_label(text, label, label.measure, stop):
            if value.number_start not in used:
                used.add(value.number_start)
                yield value


def _before_label(text: str, label: Label, measure: Measure, start: int) -> Value | None:
    """A value that stands directly before its label, with its unit: `168 cm tall`, `3.2 mmol/L potassium`."""
    before = text[max(start, label.start - 45) : label.start]
    match = _BEFORE.search(before)
    if match is None or re.search(r"[<>≤≥]\s*$", before[: match.start()]):
        return None
    found = unit_at(match["unit"], 0)
    if found is None or found[1] < len(match["unit"].rstrip("-")) or not _fits(measure.fact, found[0]):
        return None
    fact = make_fact(measure.fact, _number(match["number"], found[0]), found[0])
    at = label.start - len(before) + match.start("number")
    return Value(fact, at, label.end, at, None) if fact is not None else None


def _number(text: str, unit: str | None = None) -> float:
    """The number that is written. A comma before three digits, or a point in a count per µL, parts thousands."""
    if re.fullmatch(r"\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?", text):
        return float(re.sub("[,，]", "", text))
    if unit == "/uL" and re.fullmatch(r"\d{1,3}\.\d{3}", text):
        return float(text.replace(".", ""))
    return float(text.replace("·", ".").replace(",", "."))


def _after_label(text: str, label: Label, measure: Measure, stop: int) -> Iterator[Value]:
    column = _in_column(text, label, measure, stop)
    if column is not None:
        yield column
        return
    gap = _GAP.match(text, label.end, min(stop, label.end + _GAP_LIMIT))
    at = gap.end() if gap else label.end
    match = _VALUE.match(text, at, stop)
    if match is None:
        yield from _far(text, label, measure, stop)
        return
    if match["limit"]:
        return
    if label.end == match.start("number") and re.match(r"[A-Za-z0-9]", text[label.end - 1]):
        return
    changing = re.search(r"\bfrom\b", text[label.end : at], re.I) is not None
    aside = re.search(r"\b(?:which|that)\b|\bhad been\b", text[label.end : at], re.I) is not None
    first = _value(text, label, measure, match, stop)
    after = first[1] if first else match.end()
    change = _CHANGE.match(text, after, stop) if changing else _NOW.match(text, after, stop) if aside else None
    later = (_ARROW.match(text, after, stop) or _then_now(text, after, stop)) if change is None else None
    change, aside = (later, True) if later is not None else (change, aside)
    if change is not None:
        second = _value(text, label, measure, change, stop)
        if (first is None and second is not None and second[0].fact.unit) or (
            first and second and first[0].assumed and not second[0].assumed
        ):
            first = _value(text, label, measure, match, stop, unit=second[0].fact.unit)
        if first is not None:
            yield dataclasses.replace(first[0], before=second is not None)
        if second is not None:
            yield dataclasses.replace(second[0], start=change.start("number")) if aside else second[0]
        return
    if first is not None:
        yield first[0]


def _in_column(text: str, label: Label, measure: Measure, stop: int) -> Value | None:
    """A value in a column behind a label that carries the unit: `Creatinine mg/dl    1.04`."""
    spaces = re.compile(r" +").match(text, label.end, stop)
    found = unit_at(text[:stop], spaces.end(), lambda u: _fits(measure.fact, u)) if spaces else None
    match = _COLUMN.match(text, found[1], stop) if found else None
    if found is None or match is None or not _fits(measure.fact, found[0]):
        return None
    fact = make_fact(measure.fact, _number(match["number"], found[0]), found[0])
    return Value(fact, label.start, match.end("number"), match.start("number"), None) if fact is not None else None


def _then_now(text: str, after: int, stop: int) -> re.Match[str] | None:
    """The value of today after one that the note dates earlier."""
    match = _THEN_NOW.match(text, after, stop)
    return match if match is not None and _IS_NOW.search(match["now"] + match["rest"]) else None


def _far(text: str, label: Label, measure: Measure, stop: int) -> Iterator[Value]:
    """A value some words away; it must have a unit of its own that fits."""
    gap = _LOOSE_GAP.match(text, label.end, min(stop, label.end + 90))
    number = re.compile(
        rf"\s(?:(?:at|of|is|was|to|be|around|a|an|normal|steady|about|"
        rf"approximately)\s+)?\s*(?P<number>{_NUMBER})(?![\d.]*\d)",
        re.I,
    )
    match = number.match(text, gap.end(), stop) if gap else None
    if match is not None and not _LIMIT_WORDS.search(text[label.end : match.start("number")]):
        made = _value(text, label, measure, match, stop)
        if made is not None and made[0].assumed is None and made[0].fact.unit not in ("1",):
            yield made[0]


def _otherwise(
    text: str, label: Label, measure: Measure, match: re.Match[str], stop: int
) -> tuple[tuple[Value, int] | None, ...]:
    """A count in lakhs or ten thousands, or the middle of a range of percents; empty where it is neither."""
    end = match.end("number")
    for pattern, times in ((_LAKH, 100_000.0), (_TEN_THOUSANDS, 10_000.0)) if measure.fact in _COUNTS else ():
        many = pattern.match(text, end, stop)
        if many is not None:
            made = make_fact(measure.fact, round(float(match["number"].replace(",", ".")) * times, 0), "/uL")
            return ((Value(made, label.start, many.end(), match.start("number"), None), many.end()) if made else None,)
    to = _TO_PERCENT.match(text, end, stop) if measure.fact in _MIDDLE else None
    if to is None:
        return ()
    low, high = float(match["number"]), float(to["high"])
    made = make_fact(measure.fact, (low + high) / 2, "%") if low < high else None
    said = f"middle of {low:g} to {high:g}"
    return ((Value(made, label.start, to.end(), match.start("number"), said), to.end()) if made else None,)


def _value(
    text: str, label: Label, measure: Measure, match: re.Match[str], stop: int, unit: str | None = None
) -> tuple[Value, int] | None:
    if otherwise := _otherwise(text, label, measure, match, stop):
        return otherwise[0]
    end = match.end("number")
    number = _number(match["number"])
    if "/" in text[label.start : label.end]:  # `total/direct bilirubin 5.6/3.8 mg/dL`
        second = re.compile(rf"\s*/\s*{_NUMBER}").match(text, end, stop)
        end = second.end() if second else end
    spaces = re.match(r"[\s\-–|]*", text[end:stop])
    found = unit_at(text[:stop], end + (spaces.end() if spaces else 0), lambda u: _fits(measure.fact, u))
    assumed = None
    meant = _meant(measure, number, found[0]) if unit is None and found is not None else None
    if found is not None and meant is not None:
        unit, end = meant, found[1]
        assumed = f"written in {found[0]}, which cannot be, taken as {unit}"
    elif unit is None and found is not None and _fits(measure.fact, found[0]):
        unit, end = found
    elif unit is None:
        if _RANGE.match(text, end, stop) or _NOT_A_VALUE.match(text, end, stop):
            return None
        if found is not None and found[0] not in ("s", "a", "d", "m", "mo", "[in_i]", "Cel", "g"):
            return None
        options = [u for u, low, high in measure.bare if low <= number <= high]
        if len(options) != 1:
            system = unit_system(text)
            options = [u for name, u, low, high in measure.by_system if name == system and low <= number <= high]
        if len(options) != 1:
            return None
        unit = options[0]
        assumed = None if unit in ("1", "[pH]") or unit == "/min" else f"unit not written, taken as {unit}"
    fact = make_fact(measure.fact, _number(match["number"], unit), unit)
    if fact is None or (unit == "[ft_i]" and _INCHES.match(text, end, stop)):
        return None  # feet and inches are read as one in `vitals`
    return Value(fact, label.start, end, match.start("number"), assumed), end


def _meant(measure: Measure, number: float, unit: str) -> str | None:
    """The unit that was meant where the one that is written cannot be: `albumin 3.5 mg/dL`."""
    meant = dict(measure.misprint).get(unit)
    possible = _fits(measure.fact, unit) and make_fact(measure.fact, number, unit) is not None
    if meant is None or (possible and number >= dict(measure.slips_below).get(unit, 0.0)):
        return None
    return meant if any(u == meant and low <= number <= high for u, low, high in measure.bare) else None


def make_fact(name: str, number: float, unit: str) -> Fact | None:
    """A plausible fact, or None. Urea is expressed as urea nitrogen, which has the same amount of substance."""
    if name == "lab.urea":
        name = "lab.urea_nitrogen"
        if unit == "mg/dL":
            number, unit = round(number * 10 / UREA_G_PER_MOL, 2), "mmol/L"
    value = int(number) if number.is_integer() else number
    try:
        fact = Fact(name=name, value=value, unit=unit)
    except ValidationError:
        return None
    return fact if fact.is_plausible() else None


@lru_cache(maxsize=4096)
def _fits(name: str, unit: str) -> bool:
    name = "lab.urea_nitrogen" if name == "lab.urea" else name
    try:
        Fact(name=name, value=1, unit=unit)
    except ValidationError:
        return False
    return True


def _respectively(text: str, labels: list[Label], limit: int) -> Iterator[Value]:
    """Lists such as `sodium, potassium and chloride were 123, 3.1 and 74 mmol/L`: as many labels as numbers."""
    run: list[Label] = []
    for label in labels:
        if run and _in_brackets(text, run[-1], label):
            run[-1] = dataclasses.replace(run[-1], end=label.end + 1)
            continue
        if run and not re.fullmatch(
            r"(?:\s*\([^()\d]{0,40}\))?[\s,，、;/&]*(?:and|与|和|及)?[\s,，、]*"
            r"(?:(?:his|her|the|serum|peripheral|plasma|blood|body)\s+)?",
            text[run[-1].end : label.start],
        ):
            yield from _pair(text, run, limit)
            run = []
        run.append(label)
    yield from _pair(text, run, limit)


def _in_brackets(text: str, label: Label, other: Label) -> bool:
    """Whether the other label is the first one's abbreviation: `heart rate (HR)`."""
    return text[label.end : other.start].strip() == "(" and text[other.end : other.end + 1] == ")"


_PRESSURE = re.compile(r"\d{2,3}\s*/\s*\d{2,3}(?P<number>)?")
_SINGLE = re.compile(rf"(?P<number>{_NUMBER})")


def _expected(text: str, label: Label) -> re.Pattern[str]:
    """What a label of a list is followed by: two numbers for a blood pressure, else one."""
    written = text[label.start : label.end]
    pressure = label.measure is None and re.search(r"pressure|BP", written, re.I) is not None
    return _PRESSURE if pressure else _SINGLE


def _pair(text: str, run: list[Label], limit: int) -> Iterator[Value]:
    if len(run) < 2:
        return
    gap = _GAP.match(text, run[-1].end, min(limit, run[-1].end + _GAP_LIMIT))
    at = gap.end() if gap else run[-1].end
    matches: list[re.Match[str]] = []
    ends: list[int] = []
    while len(matches) < len(run):
        match = _expected(text, run[len(matches)]).match(text, at, limit)
        if match is None:
            return
        matches.append(match)
        spaces = re.match(r"\s*", text[match.end() : limit])
        found = unit_at(text[:limit], match.end() + (spaces.end() if spaces else 0))
        end = found[1] if found else match.end()
        ends.append(end)
        joint = re.match(r"(?:\s*(?:,|，|、|/|;|and|与|和))*\s*", text[end:limit])
        at = end + (joint.end() if joint else 0)
    if re.match(rf"\s*(?:,|and)\s*{_NUMBER}", text[ends[-1] : limit]):
        return
    for label, match in zip(run, matches, strict=True):
        if label.measure is None or not match["number"]:
            continue
        made = _value(text, label, label.measure, match, limit)
        if made is None or made[0].assumed:
            shared = unit_at(
                text[:limit], matches[-1].end() + (1 if text[matches[-1].end() : matches[-1].end() + 1] == " " else 0)
            )
            if shared and _fits(label.measure.fact, shared[0]):
                made = _value(text, label, label.measure, match, limit, unit=shared[0])
        if made is not None:
            yield made[0]
