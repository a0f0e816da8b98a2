"""Telegraphic forms of general medicine: air and oxygen after a saturation, weeks of a pregnancy, home and clinic blood
pressures, a T-score, venous pH.

Trimesters begin at 14 and 28 completed weeks (American College of Obstetricians and Gynecologists).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_AIR = re.compile(
    r"\b(?:SpO2|SaO2|O2 ?sats?|sats?|saturat\w+)\b[^.;\n]{0,16}?%?\s*(?:on\s+|in\s+)?(?P<a>(?-i:RA|OA|R/A|O/A)|"
    r"(?:on )?air)\b|未吸氧|(?:吸|呼吸)?(?:室内)?空气(?:下|时)",
    re.I,
)
# A saturation without its name in a row of vital signs: `RR 18, 99% RA`.
_SATURATION_ALONE = re.compile(r"(?<=[,;/])\s*(?P<n>[5-9]\d|100)\s?%\s*(?:on\s+)?(?P<a>(?-i:RA|OA)|room air)\b", re.I)
_WEEKS = re.compile(
    r"(?<![\d/])(?P<w>[4-9]|[1-3]\d|4[0-2])\s*(?:\+\s*(?P<d>[0-6]))?\s*(?:/40(?!\d)|(?:weeks?|wks?)(?:['’])?(?:\s*(?:\+|"
    r"and)\s*(?P<d2>[0-6])\s*days?)?\s*(?:pregnant|of pregnancy|gestation\w*|of gestation|IUP|GA\b))|"
    r"\b(?:GA|gestational age|pregnant(?:,| at)?)\s*(?:of|:|=|is|at)?\s*(?P<w2>[4-9]|[1-3]\d|4[0-2])\s*(?:\+\s*"
    r"(?P<d3>[0-6]))?\s*(?:weeks|wks?|/40)|(?:孕|妊娠)\s*(?P<z>[4-9]|[1-3]\d|4[0-2])\s*(?:\+(?P<zd>[0-6]))?\s*周",
    re.I,
)
_BORN = re.compile(
    r"\b(?:born|birth|delivered|delivery|newborn|preterm|infant|baby|previous|last pregnancy)\b[^.;]*$", re.I
)
_NOT_PREGNANT = re.compile(
    r"\b(?:not pregnant|(?:urine |serum )?(?:β-?|b-?|beta-?)?hCG (?:is |was )?(?:neg(?:ative)?|-ve)|"
    r"(?:UPT|urine preg\w*(?: test)?) (?:is |was )?(?:neg(?:ative)?|-ve)|"
    r"pregnancy test (?:is |was )?(?:neg(?:ative)?|-ve))|(?:尿|血)?(?:妊娠试验|HCG)[:：]?\s*阴性|未孕",
    re.I,
)
_SECOND, _THIRD = 14, 28
_NUMBERS = r"(?P<s>\d{2,3})\s*/\s*(?P<d>\d{2,3})(?![\d/])"
_HOME = re.compile(
    rf"(?:\b(?<!at )(?:home(?! (?:meds?|medic|drugs|oxygen|O2|insulin))|"
    rf"ambulatory|ABPM|HBPM)\b(?: (?:BP|blood pressure|readings?|monitoring|mean|average))*|"
    rf"家庭(?:自测)?血压)[^.;，。\d]{{0,25}}{_NUMBERS}",
    re.I,
)
_CLINIC = re.compile(rf"\b(?:clinic|office|surgery|in clinic|today|seated|repeat)\s*(?:BP\s*)?[:=]?\s*{_NUMBERS}", re.I)
_T_SCORE = re.compile(r"(?:\bT[- ]?scores?\b|T值)[^.;，。\d−-]{0,30}(?P<n>[−-]\s?\d(?:\.\d{1,2})?)(?![\d.])", re.I)
_VENOUS_PH = re.compile(
    r"\b(?:VBG|venous(?: blood)? gas|venous)\b[^.;\d]{0,20}\bpH\s*[:=]?\s*(?P<n>[67]\.\d{1,2})", re.I
)


def general_hits(document: Document) -> Iterator[Hit]:
    """The facts that these forms say."""
    text = document.text
    made = [*_pregnancy(text), *_pressures(text)]
    for match in _AIR.finditer(text):
        start = match.start("a") if match["a"] else match.start()
        made.append(hit("resp.fio2", 21, "%", start, match.end(), "room air is 21 % oxygen"))
    for match in _SATURATION_ALONE.finditer(text):
        made.append(hit("vital.oxygen_saturation", int(match["n"]), "%", match.start(), match.end()))
        made.append(hit("resp.fio2", 21, "%", match.start("a"), match.end(), "room air is 21 % oxygen"))
    for match in _T_SCORE.finditer(text):
        value = float(re.sub(r"[−-]\s?", "-", match["n"]))
        made.append(hit("lab.bmd_t_score", value, "1", match.start(), match.end()))
    for match in _VENOUS_PH.finditer(text):
        made.append(hit("lab.ph_venous", float(match["n"]), "1", match.start(), match.end()))
    yield from (found for found in made if found is not None)


def _pregnancy(text: str) -> Iterator[Hit | None]:
    denied = _NOT_PREGNANT.search(text)
    if denied is not None:
        yield hit("patient.pregnant", False, None, denied.start(), denied.end())
        return
    for match in _WEEKS.finditer(text):
        if _BORN.search(text[max(0, match.start() - 60) : match.start()]):
            continue
        weeks = int(match["w"] or match["w2"] or match["z"])
        days = int(match["d"] or match["d2"] or match["d3"] or match["zd"] or 0)
        trimester = 1 + (weeks >= _SECOND) + (weeks >= _THIRD)
        age = round(weeks + days / 7, 2) if days else weeks
        yield hit("patient.pregnant", True, None, match.start(), match.end())
        yield hit("obstetric.gestational_age", age, "wk", match.start(), match.end())
        yield hit("obstetric.trimester", trimester, None, match.start(), match.end())
        return


def _pressures(text: str) -> Iterator[Hit | None]:
    for pattern, prefix in ((_HOME, "vital.home_"), (_CLINIC, "vital.")):
        for match in pattern.finditer(text):
            if int(match["s"]) <= int(match["d"]) + 10:
                continue
            for group, name in (("s", "systolic_bp"), ("d", "diastolic_bp")):
                assumed = "unit not written, taken as mm[Hg]"
                yield hit(f"{prefix}{name}", int(match[group]), "mm[Hg]", match.start(), match.end(), assumed)
