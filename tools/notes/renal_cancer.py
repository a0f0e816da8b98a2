"""How long after its diagnosis a renal cancer is treated, which the IMDC criteria ask for (Heng 2009)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.tumour_context import Said, said

_RENAL = re.compile(
    r"\bm?(?:cc)?RCC\b|renal[- ]cell|kidney cancer|nephrectom|(?:carcinoma|cancer) of the (?:\w+ )?kidney|"
    r"肾(?:透明)?细胞癌|肾癌",
    re.I,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_WHEN = (
    rf"(?:(?P<m>{'|'.join(_MONTHS)})[a-z]*\.? (?P<y>(?:19|20)\d\d)|(?P<iso>(?:19|20)\d\d)-(?P<im>\d\d)|"
    r"(?P<only>(?:19|20)\d\d)|(?P<zy>(?:19|20)\d\d)年(?:(?P<zm>\d{1,2})月)?)"
)
_DIAGNOSED = re.compile(
    r"(?:\b(?:diagnos(?:ed|is)|nephrectom(?:y|ised|ized)|(?:carcinoma|cancer|tumou?r) (?:found|resected|removed)|"
    r"found|dx|presented)\b|"
    rf"确诊|诊断|肾切除(?:术)?)[^.;。；\n\d]{{0,25}}?{_WHEN}|"
    r"(?P<zh>(?:19|20)\d\d年(?:\d{1,2}月)?)[^。；\n\d]{0,12}(?:确诊|诊断|肾切除|肾癌根治)",
    re.I,
)
_WITHIN = re.compile(
    r"(?:less than|under|within|<) ?(?:1|one|a|12) ?(?:years?|yr|months?) (?:from|of|after|between) (?:the )?"
    r"(?:initial |first |original )?diagnosis|\b(?:de novo|synchronous(?:ly)?)\b[^.;\n]{0,20}\bmetasta\w+|同时性转移",
    re.I,
)
# `Five months after the nephrectomy he has lung metastases`: what is treated now lies that long after the diagnosis.
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "eighteen": 18,
}
_AFTER = re.compile(
    rf"\b(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})[- ](?P<u>months?|weeks?|years?) (?:after|from|since|post|following)[- ]"
    r"(?:the |his |her |initial |original |partial |radical )*(?:diagnosis|operation|surgery|nephrectomy|resection)|"
    r"(?:术后|确诊后)(?P<zn>\d{1,3})\s*个?(?P<zu>月|年|周)",
    re.I,
)
_WEEKS = {"w": 1, "周": 1, "m": 4.345, "月": 4.345, "y": 52.18, "年": 52.18}
_LATER = re.compile(
    r"(?:more than|over|>) ?(?:1|one|a|12) ?(?:years?|yr|months?) (?:from|after|between) (?:the )?(?:initial |first |"
    r"original )?diagnosis|异时性转移",
    re.I,
)
_YEAR_DAYS = 365


def renal_facts(document: Document) -> Iterator[Said | None]:
    """Whether systemic therapy falls within a year of the diagnosis, from words or from the date of the diagnosis.

    A diagnosis by its year alone tells only where more than one calendar year lies between.
    """
    if not _RENAL.search(document.text):
        return
    name = "tumour.treated_within_1_year"
    for pattern, value in ((_WITHIN, True), (_LATER, False)):
        for match in pattern.finditer(document.text):
            yield said(document, name, value, match.start(), match.end())
            return
    for match in _AFTER.finditer(document.text):
        if re.search(
            r"metasta|\bmets\b|recur|relaps|转移|复发", document.words(document.sentence_at(match.start())), re.I
        ):
            written = (match["n"] or match["zn"]).lower()
            weeks = (_NUMBERS.get(written) or int(written)) * _WEEKS[(match["u"] or match["zu"])[0].lower()]
            yield said(document, name, weeks < _WEEKS["y"], match.start(), match.end())
            return
    dated = [
        (day, exact, match)
        for match in _DIAGNOSED.finditer(document.text)
        if (found := _day(match))
        for day, exact in [found]
    ]
    if not dated or document.date is None:
        return
    day, exact, match = min(dated, key=lambda item: item[0])
    days = (document.date - day).days
    if days < 0 or (not exact and days < 2 * _YEAR_DAYS):
        return
    yield said(document, name, days < _YEAR_DAYS, match.start(), match.end(), None, match[0])


def _day(match: re.Match[str]) -> tuple[dt.date, bool] | None:
    if match["zh"]:
        year, month = re.match(r"(\d{4})年(?:(\d{1,2})月)?", match["zh"]).groups()  # type: ignore[union-attr]
    elif match["m"]:
        year, month = match["y"], str(_MONTHS.index(match["m"].lower()) + 1)
    else:
        year, month = match["iso"] or match["only"] or match["zy"], match["im"] or match["zm"]
    if month is not None and not 1 <= int(month) <= 12:
        return None
    return dt.date(int(year), int(month or 1), 1), month is not None
