"""Values with a form of their own: blood pressure, height in feet and inches, the Glasgow Coma Scale."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit
from tools.notes.labels import is_at_birth

_FILL = r"[^.;\n\d]{0,60}?"
_PRESSURE = re.compile(
    rf"(?:blood pressure|\bBP\b|arterial pressure|hypotensi\w+|hypertensi\w+|normotensive|血压){_FILL}(?<![\d.])"
    r"(?P<s>\d{2,3})\s*(?:mm\s?\[?Hg\]?)?\s*(?:/|over|／)\s*(?P<d>\d{2,3})(?![\d/])\s*(?P<unit>mm\s?\[?Hg\]?)?",
    re.IGNORECASE,
)
_BARE_PRESSURE = re.compile(r"(?<![\d/.])(?P<s>\d{2,3})\s*/\s*(?P<d>\d{2,3})\s*(?P<unit>mm\s?\[?Hg\]?)", re.I)
# Pressures measured at home have facts of their own (`general`).
_AT_HOME = re.compile(r"(?:\b(?<!at )(?:home|ambulatory|ABPM|HBPM)\b|家庭)[^.;]*$", re.I)
# The place may stand after the numbers.
_HOME_AFTER = re.compile(
    r"\s*(?:mm\s?\[?Hg\]?\s*)?(?:[,(]\s*)?(?:\w+\s+){0,2}?(?:at home|on (?:his |her |the )?(?:home|ambulatory)|home "
    r"(?:readings?|monitor\w*|BP|average|mean)|by (?:ABPM|HBPM)|on (?:ABPM|HBPM))\b|"
    r"\s*(?:mm\s?Hg)?[（(]?(?:家庭|家中|在家)",
    re.I,
)
_AIM = re.compile(r"\b(?:target|goal|aim\w*)\b[^.;]*$|[<>≤≥]\s*=?\s*$", re.I)
_SYSTOLIC = re.compile(
    rf"(?:systolic(?: blood| arterial)?(?: pressure)?(?: \((?:SBP|BP)\))?|\bSBP\b|"
    rf"收缩压){_FILL}(?P<n>\d{{2,3}})(?![\d/.]*\d)\s*(?P<unit>mm\s?\[?Hg\]?)?|"
    r"\b(?P<m>\d{2,3})\s*(?P<mmhg>mm\s?Hg)\s+systolic\b",
    re.I,
)
_DIASTOLIC = re.compile(
    rf"(?:diastolic(?: blood| arterial)?(?: pressure)?|\bDBP\b|"
    rf"舒张压){_FILL}(?P<n>\d{{2,3}})(?![\d/.]*\d)\s*(?P<unit>mm\s?\[?Hg\]?)?|"
    r"\b(?P<m>\d{2,3})\s*(?P<mmhg>mm\s?Hg)\s+diastolic\b",
    re.I,
)
_FEET = re.compile(
    r"(?P<f>[3-7])\s*(?:['′’]|feet|foot|ft\.?)\s*(?:,|and)?\s*(?P<i>\d{1,2}(?:\.\d+)?)\s*(?:\"|″|”|''|’’|"
    r"inch(?:es)?|in\b\.?)",
    re.I,
)
_STONES = re.compile(
    r"(?<![\d.])(?P<st>[4-9]|[12]\d|3[0-5])\s*st(?:one)?\b(?:\s*(?P<lb>\d|1[0-3])\s*(?:lbs?|pounds?)\b)?", re.I
)
_METRES = re.compile(r"(?<![\d.])(?P<m>[12])\s?m\s?(?P<cm>\d{2})(?!\d)(?:\s?cm)?\b", re.I)
_WEIGHED_MEASURED = re.compile(
    r"weigh\w*[^;]{0,40}?\bkg\b(?:\s*\([^)]*\))?[^.;\d]{0,40}(?:measur\w+|long|length|height)\s*(?:of |was |is )?"
    r"(?P<n>\d{2,3}(?:\.\d+)?)\s*cm\b|"
    r"weigh\w*[^;]{0,40}?\bkg\b[^.;\d]{0,25}(?P<m>\d{2,3}(?:\.\d+)?)\s*cm\s+(?:long|tall|in (?:length|height))\b",
    re.I,
)
_BARE_WEIGHT = re.compile(
    r"(?:year|yr|month|day|week)s?[\s-]*old\b[^.;\d]{0,30}[,(]\s*(?P<n>\d{1,3}(?:\.\d+)?)[\s-]*kg\b(?!\s*/)|"
    r"(?<![\d.])(?P<m>\d{1,3}(?:\.\d+)?)[\s-]*(?:kg|kilogram)[\s,-]+(?:\w+ )?(?:man|woman|male|female|boy|girl|"
    r"patient|infant|"
    r"child|lady|gentleman)\b",
    re.I,
)
_RATE = re.compile(
    r"(?<!respiratory )(?<!breathing )(?<!heart )(?<!pulse )\brate\b[^.;\d]{0,20}(?P<n>\d{2,3})\s*(?:bpm|beats)\b", re.I
)
_GCS = re.compile(
    r"(?:\bGCS(?![A-Za-z])|Glasgow Coma (?:Scale|Score)|格拉斯哥昏迷评分|GCS评分)[^.;\d]{0,45}?(?P<n>1[0-5]|"
    r"[3-9])(?:\s*/\s*15)?(?![\d.]*\d)",
    re.I,
)
_HEIGHT_WEIGHT = re.compile(
    r"(?<![\d.])(?P<h>1\d{2}(?:\.\d+)?)\s*cm\s*(?:,|/|and|;|\|)?\s*(?P<w>\d{2,3}(?:\.\d+)?)\s*kg\b|"
    r"(?<![\d.])(?P<w2>\d{2,3}(?:\.\d+)?)\s*kg\s*(?:,|/|and|;|\|)?\s*(?P<h2>1\d{2}(?:\.\d+)?)\s*cm\b|"
    r"[(,]\s*(?P<w3>\d{1,2}(?:\.\d+)?)\s*kg\s*[,/;]\s*(?P<h3>[4-9]\d(?:\.\d+)?)\s*cm\b",
    re.I,
)
_METRES_WEIGHT = re.compile(
    r"(?<![\d.])(?P<h>[12]\.\d{1,2})\s*m(?:et(?:er|re)s?)?\b\s*(?:,|/|and|;)?\s*(?P<w>\d{2,3}(?:\.\d+)?)\s*kg\b(?!\s*/)|"
    r"(?<![\d.])(?P<w2>\d{2,3}(?:\.\d+)?)\s*kg\s*(?:,|/|and|;)\s*(?P<h2>[12]\.\d{1,2})\s*m(?:et(?:er|re)s?)?\b",
    re.I,
)
_ON_SCALES = re.compile(
    r"\bscales?\b[^.;\d]{0,40}(?<![\d.])(?P<n>\d{2,3}(?:\.\d+)?)\s*(?:(?P<kg>kg|kilos?|kilograms?)|lbs?\b|pounds?\b)",
    re.I,
)
_BURNING = re.compile(
    r"\b(?:burning up|feverish|hot to (?:the )?touch|boiling)\b[^.;\d]{0,25}(?P<n>3[7-9]\.\d|4[0-2]\.\d)"
    r"(?!\d|\s*(?:kg|cm|mm))",
    re.I,
)
_ASSUMED = "unit not written, taken as mm[Hg]"


def vital_hits(document: Document) -> Iterator[Hit]:
    """Blood pressures, heights in feet and inches, and Glasgow Coma Scale totals."""
    yield from (found for found in _all(document.text) if found is not None)


def _all(text: str) -> Iterator[Hit | None]:
    seen: set[int] = set()
    for pattern in (_PRESSURE, _BARE_PRESSURE):
        for match in pattern.finditer(text):
            systolic, diastolic = int(match["s"]), int(match["d"])
            if _AIM.search(text[max(0, match.start() - 12) : match.start("s")]):
                continue
            if _AT_HOME.search(text[max(0, match.start() - 12) : match.start("s")]):
                continue
            if match.start("s") in seen or not 20 <= systolic - diastolic <= 160:
                continue
            seen.add(match.start("s"))
            assumed = None if match["unit"] else _ASSUMED
            place = "home_" if _HOME_AFTER.match(text, match.end()) else ""
            yield hit(f"vital.{place}systolic_bp", systolic, "mm[Hg]", match.start(), match.end(), assumed)
            yield hit(f"vital.{place}diastolic_bp", diastolic, "mm[Hg]", match.start(), match.end(), assumed)
    for name, pattern in (("vital.systolic_bp", _SYSTOLIC), ("vital.diastolic_bp", _DIASTOLIC)):
        for match in pattern.finditer(text):
            number = match["n"] or match["m"]
            if match.start("n" if match["n"] else "m") not in seen:
                assumed = None if match["unit"] or match["mmhg"] else _ASSUMED
                yield hit(name, int(number), "mm[Hg]", match.start(), match.end(), assumed)
    yield from _size(text)
    for match in _RATE.finditer(text):
        yield hit("vital.heart_rate", int(match["n"]), "/min", match.start(), match.end())
    for match in _BURNING.finditer(text):
        yield hit(
            "vital.temperature", float(match["n"]), "Cel", match.start("n"), match.end(), "taken as degrees Celsius"
        )
    for match in _GCS.finditer(text):
        yield hit("vital.gcs", int(match["n"]), None, match.start(), match.end())


# `体重由 66 kg 降至 57 kg`: what it weighs now is the later figure.
_WEIGHT_FELL = re.compile(
    r"体重(?:[^，。；]{0,8}?)(?:由|从)\s*\d{2,3}(?:\.\d)?\s*(?:kg|公斤|千克)?\s*(?:降|减|下降|减轻|增|升)(?:低|少)?(?:至|到|为)\s*"
    r"(?P<n>\d{2,3}(?:\.\d)?)\s*(?:kg|公斤|千克)",
    re.I,
)


def _size(text: str) -> Iterator[Hit | None]:
    """Weight and height."""
    for match in _HEIGHT_WEIGHT.finditer(text):
        yield hit("patient.height", float(match["h"] or match["h2"] or match["h3"]), "cm", match.start(), match.end())
        yield hit("patient.weight", float(match["w"] or match["w2"] or match["w3"]), "kg", match.start(), match.end())
    for match in _METRES_WEIGHT.finditer(text):
        yield hit("patient.height", 100 * float(match["h"] or match["h2"]), "cm", match.start(), match.end())
        yield hit("patient.weight", float(match["w"] or match["w2"]), "kg", match.start(), match.end())
    for match in _WEIGHT_FELL.finditer(text):
        yield hit("patient.weight", float(match["n"]), "kg", match.start("n"), match.end())
    for match in _STONES.finditer(text):
        yield hit(
            "patient.weight", 14 * int(match["st"]) + int(match["lb"] or 0), "[lb_av]", match.start(), match.end()
        )
    for match in _FEET.finditer(text):
        inches = 12 * int(match["f"]) + float(match["i"])
        yield hit(
            "patient.height", int(inches) if inches.is_integer() else inches, "[in_i]", match.start(), match.end()
        )
    for match in _ON_SCALES.finditer(text):
        unit = "kg" if match["kg"] else "[lb_av]"
        yield hit("patient.weight", float(match["n"]), unit, match.start("n"), match.end())
    for match in _METRES.finditer(text):
        yield hit("patient.height", 100 * int(match["m"]) + int(match["cm"]), "cm", match.start(), match.end())
    for match in _WEIGHED_MEASURED.finditer(text):
        group = "n" if match["n"] else "m"
        if not is_at_birth(text[max(0, match.start(group) - 80) : match.start(group)]):
            yield hit("patient.height", float(match[group]), "cm", match.start(group), match.end())
    for match in _BARE_WEIGHT.finditer(text):
        yield hit(
            "patient.weight",
            float(match["n"] or match["m"]),
            "kg",
            match.start("n" if match["n"] else "m"),
            match.end(),
        )
