"""Lung nodules with their size, density and place."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from knowledge.facts import FactValue
from tools.notes.document import Document
from tools.notes.hits import Hit, hit
from tools.notes.sizes import Size, first_size, millimetres

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
    r"\b(?:rest|remainder) of (?:the |both )?lungs? (?:is |are )?(?:clear|unremarkable|normal)|"
    r"\bno (?:further|additional) (?:pulmonary |lung )?nodules?\b|"
    r"(?:单发|孤立)[^，。]{0,6}结节|"
    r"余(?:双|两)?肺[^，。；]{0,6}(?:未见|无)(?:其他|其余|明显)?(?:异常)?(?:结节|密度影|病灶)|(?:未见|无)其他结节",
    re.I,
)
_SAYS_NONE = re.compile(r"未见|无")
_METASTASES = re.compile(
    r"\b(?:lung|pulmonary) (?:metasta|mets?\b)|\bmetasta\w+ (?:in|to) (?:both |the )?lung|肺(?:内|多发)?转移", re.I
)
_SEVERAL = re.compile(
    r"\b(?:two|three|four|five|several|multiple|numerous|both|\d+)\s+(?:[\w-]+\s+){0,3}nodules|多发[^，。]{0,6}结节|"
    r"[两二三四五2-9数][枚个][^，。]{0,6}结节",
    re.I,
)
_SOLID_PART = re.compile(
    r"\bsolid (?:component|part|portion|core)\b[^.;,\d]{0,25}?(?P<n>\d{1,2}(?:\.\d)?)\s*(?P<u>mm|cm)\b|"
    r"(?<![\d.])(?P<k>\d{1,2}(?:\.\d)?)[\s-]*(?P<w>mm|cm) solid (?:component|part|portion|core)\b|"
    r"实性(?:成分|部分)[^，。；\d]{0,10}?(?P<m>\d{1,2}(?:\.\d)?)\s*(?P<v>mm|cm|毫米|厘米)",
    re.I,
)
_UPPER = re.compile(r"\bupper lobes?\b|\bRUL\b|\bLUL\b|上叶", re.I)
_NOT_UPPER = re.compile(r"\b(?:middle|lower) lobes?\b|lingula|\bRML\b|\bRLL\b|\bLLL\b|[中下]叶", re.I)
_DENSITY = (
    (
        "part_solid",
        re.compile(r"\b(?:part|partly|partially|semi)[\s-]?solid|部分实性|混(?:合|杂)(?:性)?磨玻璃|半实性", re.I),
    ),
    ("ground_glass", re.compile(r"\b(?:pure )?ground[\s-]?glass|\bGGN\b|\bnon-?solid|磨玻璃", re.I)),
    ("solid", re.compile(r"(?<![\w-])solid\b|(?<!部分)(?<!非)实性", re.I)),
)
_SPICULATED = re.compile(r"spiculat\w+|毛刺", re.I)
_SMOOTH = re.compile(
    r"\bsmooth(?:ly)?[- ](?:border|margin|contour|edge|bordered|marginated|outline)\w*|边缘光滑|边界光整", re.I
)
_UNCHANGED = r"(?:stable|unchanged|no (?:growth|change|interval (?:growth|change))|not (?:grown|changed))"
_STABLE_SO_LONG = re.compile(
    rf"\b{_UNCHANGED}\b[^.;\n]{{0,30}}?\b(?:for|over|since|after|at)\s+(?:the (?:last|past) )?(?:at least |more than |"
    r"over |> ?)?(?:(?P<n>\d{1,2}|two|three|four|five|six|ten)[- ]?(?P<u>years?|yrs?|months?|mo)\b)|"
    r"(?:随访|观察|复查)?(?P<z>[两二三四五六\d]{1,2})(?P<zu>年|个月)[^。；\n]{0,6}(?:无(?:明显)?变化|稳定|未见(?:明显)?(?:增大|变化))",
    re.I,
)
_STABLE_SINCE = re.compile(
    rf"\b{_UNCHANGED}\b[^.;\n]{{0,30}}?\b(?:since|from|compared (?:with|to)|versus|vs\.?)\b[^.;\n]{{0,25}}",
    re.I,
)
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_MONTH = re.compile(
    rf"\b(?P<m>{'|'.join(_MONTH_NAMES)})[a-z]*\.? (?P<y>(?:19|20)\d\d)|(?P<iso>(?:19|20)\d\d)-(?P<im>\d\d)|"
    r"(?P<zy>(?:19|20)\d\d)年(?P<zm>\d{1,2})月|(?P<only>(?:19|20)\d\d)",
    re.I,
)
_UNCHANGED_EVER_SINCE = re.compile(
    rf"\b{_UNCHANGED}\b(?: ever)? since(?: then)?\s*(?:[.?!;,]|$)|"
    r"此后(?:一直)?(?:无(?:明显)?变化|稳定|未(?:见)?(?:增大|变化))",
    re.I,
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "两": 2, "二": 2, "三": 3, "四": 4,
            "五": 5, "六": 6}  # fmt: skip
_TWO_YEARS_MONTHS = 24


def nodule_hits(document: Document) -> Iterator[Hit]:
    """Lung nodules. Context is read by the caller."""
    yield from (found for found in (*_nodules(document), _stability(document)) if found is not None)


def _stability(document: Document) -> Hit | None:
    """That a solid nodule has not changed for two years: by the time named, or since a date that the note names."""
    text = document.text
    if not (_LUNG_LESION.search(text) and _LUNG.search(text) and dict(_DENSITY)["solid"].search(text)):
        return None
    for match, months in _unchanged_months(text, document.date):
        return hit("nodule.stable_two_years", months >= _TWO_YEARS_MONTHS, None, match.start(), match.end())
    return None


def stable_for_two_years(text: str, date: dt.date | None) -> bool | None:
    """Whether a text says that a nodule has not changed for two years, as of `date`; None where it says nothing of it.

    `Already 10 mm in October 2024 and unchanged since` counts from the month that is named before.
    """
    for _, months in _unchanged_months(text, date):
        return months >= _TWO_YEARS_MONTHS
    if date is None or not _UNCHANGED_EVER_SINCE.search(text):
        return None
    before = _months_since(text[: _UNCHANGED_EVER_SINCE.search(text).start()], date)  # type: ignore[union-attr]
    return None if before is None else before >= _TWO_YEARS_MONTHS


def _unchanged_months(text: str, date: dt.date | None) -> Iterator[tuple[re.Match[str], int]]:
    """Each place where something is called unchanged, and for how many months."""
    for match in _STABLE_SO_LONG.finditer(text):
        written = match["n"] or match["z"]
        number = (
            _NUMBERS.get(written.lower()) or int(written) if written.isdigit() or written.lower() in _NUMBERS else 0
        )
        yield match, number * (12 if (match["u"] or match["zu"]).lower().startswith(("y", "年")) else 1)
    for match in _STABLE_SINCE.finditer(text) if date is not None else ():
        months = _months_since(match[0], date)
        if months is not None:
            yield match, months


def _months_since(text: str, date: dt.date | None) -> int | None:
    """Months from the first month or year that `text` names to `date`."""
    since = _MONTH.search(text)
    if since is None or date is None:
        return None
    month = _MONTH_NAMES.index(since["m"].lower()) + 1 if since["m"] else int(since["im"] or since["zm"] or 12)
    year = int(since["y"] or since["iso"] or since["zy"] or since["only"])
    return 12 * (date.year - year) + date.month - month


def _nodules(document: Document) -> Iterator[Hit | None]:
    alone = None if _SEVERAL.search(_SINGLE.sub("", document.text)) else _SINGLE.search(document.text)
    told = False
    for sentence in document.sentences:
        whole = document.words(sentence)
        words = _clause(whole) if _NOT_LUNG.search(whole) else whole
        if part := _SOLID_PART.search(words):
            number, unit = part["n"] or part["m"] or part["k"], part["u"] or part["v"] or part["w"]
            places = sentence.start + part.start(), sentence.start + part.end()
            yield hit("nodule.solid_component", millimetres(number, unit), "mm", *places)
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
        size = first_size(words)
        if size is not None:
            places = sentence.start + size.start, sentence.start + size.end
            written_as_mean = _MEAN.search(words[max(0, size.start - 30) : size.end + 20]) is not None
            yield _mean(size, places, written_as_mean)
            yield hit("nodule.longest_diameter", size.longest, size.unit, *places)
        if alone is not None and not told:
            told = True
            # Where the rest of the lung is called clear, the words that say there is one are those of the nodule.
            denies = _SAYS_NONE.search(alone[0]) is not None
            at = (sentence.start + lesion.start(), sentence.start + lesion.end()) if denies else alone.span()
            yield hit("nodule.count", 1, None, *at)
        for name, described, pattern in _descriptions(words):
            match = pattern.search(words)
            if match is not None:
                yield hit(name, described, None, sentence.start + match.start(), sentence.start + match.end())


def _mean(size: Size, places: tuple[int, int], written: bool) -> Hit | None:
    """The mean diameter: as it is written, of the first two diameters, or the one that is given."""
    several = len(size.numbers) > 1
    why = None if written else "mean of two diameters" if several else "the one diameter that is given"
    return hit("nodule.mean_diameter", size.longest if written else size.mean, size.unit, *places, why)


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
