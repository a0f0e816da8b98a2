"""Smoking: status, pack-years, years smoked, cigarettes a day, years since quitting."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_STATUS: tuple[tuple[str, str], ...] = (
    (
        "never",
        r"\b(?:never[- ]smok(?:er|ed|ing)|life-?long non-?smoker|non[- ]?smok(?:er|ing)|does(?: not|n't) smoke|"
        r"did not smoke|"
        r"has never smoked|never a smoker|no (?:history of |prior |current )?(?:smoking|tobacco|cigarette)|"
        r"denie[sd] (?:any )?(?:history of )?"
        r"(?:smoking|tobacco|cigarette)|"
        r"(?:denie[sd]|no)\b(?! longer)[^.;]{0,40}\b(?:smoking|tobacco(?: use)?)\b|no smoking)|"
        r"(?:no|not)[^.;]{0,30}alcohol drinking, smoking|smoking\s*[:：]\s*(?:no|never|none|denies)\b|"
        r"无吸烟史|否认吸烟|从不吸烟|"
        r"不吸烟|无烟酒",
    ),
    (
        "former",
        r"\b(?:ex[- ]?smoker|former(?:ly)?(?: a)?(?: heavy| light)?(?: cigarette)? smok(?:er|ed)|past smoker|"
        r"prev(?:ious|\.)? smoker|quit smoking|nicotine abuse until|"
        r"(?:bidi|cigarette|tobacco|beedi) smoking stopped|"
        r"stopped smoking|ceased smoking|gave up smoking|smoking cessation \d|former tobacco|previously smoked|"
        r"used to smoke|"
        r"smoked[^.;]{0,60}\b(?:until|quit|stopped)|quit (?:in (?:19|20)\d\d|\d+ years ago))|"
        r"已?戒烟|吸烟[^。；]{0,20}已?戒(?:烟)?\s*\d+\s*年",
    ),
    (
        "current",
        r"\b(?:current(?:ly)?(?: a)?(?: heavy| light| active| every ?day| daily)?(?: cigarette| tobacco)? smok(?:er|"
        r"es|ing)|active smoker|smokes|"
        r"heavy smoker|chronic smoker|(?:is|was) a (?:heavy |chronic |active )?smoker|smoker of|continues to smoke|"
        r"still smok(?:es|ing)|"
        r"active tobacco|ongoing tobacco|roll-?ups? \d|tobacco use disorder|smoking\s*[:：]\s*(?:yes|current)|"
        r"smoking\s*[:：]\s*\d{1,3}\s*(?:/|a|per)\s*day\b"
        r"(?![^.;]{0,40}\b(?:until|till|stopped|quit|gave up|previously|formerly)))|"
        r"(?<!ex )(?<!ex-)(?<!non )(?<!non-)(?<!former )(?<!previous )"
        r"(?<!past )(?<!never )(?<!a )\bsmoker\b(?=\s*(?:\(?\d|[,.;]|$))|"
        r"吸烟(?:史)?\s*\d+\s*(?:余)?年|每[日天](?:吸烟)?\d+支|(?:目前|现在?)(?:仍|仍然|还)?(?:在)?吸烟|仍(?:在)?吸烟",
    ),
)
_PATTERNS = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _STATUS)
_PACK_YEARS = re.compile(
    r"(?P<n>\d+(?:\.\d+)?)\s*[-–]?\s*(?:pack|pk)s?[\s\-–]*(?:years?|yrs?)\b|"
    r"pack[\s-]?years?\s*[:=of]*\s*(?P<m>\d+(?:\.\d+)?)|"
    r"(?P<k>\d{1,3})\s?(?-i:py|PY)\b|"
    r"(?P<z>\d+(?:\.\d+)?)\s*包年",
    re.IGNORECASE,
)
_CIGARETTES = re.compile(
    r"(?P<n>\d{1,3})\s*(?:cigarettes?|cigs?)\s*(?:per|a|/|each|every)?\s*(?:day|d\b|daily)|"
    r"\b(?:smok(?:er|es|ing)|cigs?|cigarettes?)\W{0,3}(?P<k>\d{1,3})\s*(?:/|per |a )\s*(?:day|d\b)|"
    r"\b(?:smokes?|smoking|rollies|roll-?ups?|bidis?)\s+(?:\w+\s+)?(?P<r>\d{1,3})\s*(?:/|per |a )\s*(?:day|d\b)|"
    r"每[日天](?:吸烟)?约?(?P<z>\d{1,3})支|(?P<x>\d{1,3})\s*支\s*/\s*[日天]",
    re.I,
)
_PACKS = re.compile(
    r"\b(?:smok\w+|tobacco)\b[^.;\d]{0,20}(?P<n>\d(?:\.\d)?|half|½)\s*(?:ppd|packs? (?:per|a|/) ?day)\b", re.I
)
_DURATION = re.compile(
    r"(?:smok\w+|cigarettes?|packs?|tobacco)[^.;]{0,50}?\bfor\s+(?:about |approximately |the (?:past|"
    r"last) )?(?P<n>\d{1,2})\s*(?:years|yrs)|"
    r"\bsmok\w+[^.;]{0,30}?\b(?:x|×)\s*(?P<x>\d{1,2})\s*(?:years|yrs|y)\b|吸烟(?:史)?约?(?P<z>\d{1,2})余?年",
    re.I,
)
_QUIT = re.compile(
    r"(?:quit|stopped|ceased|gave up|cessation)[^.;]{0,25}?(?:(?P<n>\d{1,2})\s*(?:years?|yrs?)\s*(?:ago|back|earlier|"
    r"prior)|in\s+(?P<year>(?:19|20)\d\d))|"
    r"戒(?:烟)?\s*(?P<z>\d{1,2})\s*余?年",
    re.I,
)
_TOBACCO = re.compile(r"smok|tobacco|cigar|pack[\s-]*(?:year|yr|/|per|a\b)", re.I)
_OTHER_HABIT = re.compile(r"drink|alcohol|drug|heroin|cocaine|opioid|cannabis|marijuana", re.I)
_RELATIVES = re.compile(
    r"\b(?:mother|father|husband|wife|parents?|spouse|brother|sister)\b[^.;]{0,40}$|(?:丈夫|妻子|父亲)[^。；]*$", re.I
)


def smoking_hits(document: Document) -> Iterator[Hit]:
    """Facts about smoking. Years since quitting in a given year need the date of the note."""
    yield from (found for found in _all(document) if found is not None)


def _all(document: Document) -> Iterator[Hit | None]:
    text = document.text
    for status, pattern in _PATTERNS:
        match = next((m for m in pattern.finditer(text) if not _of_another(text, m.start())), None)
        if match is not None:
            yield hit("smoking.status", status, None, match.start(), match.end())
            break
    for match in _PACK_YEARS.finditer(text):
        yield _number("smoking.pack_years", match["n"] or match["m"] or match["k"] or match["z"], "{pack_years}", match)
    for match in _CIGARETTES.finditer(text):
        yield _number(
            "smoking.cigarettes_per_day",
            match["n"] or match["k"] or match["r"] or match["z"] or match["x"],
            "/d",
            match,
        )
    for match in _PACKS.finditer(text):
        packs = {"half": 0.5, "½": 0.5}.get(match["n"].lower()) or float(match["n"])
        yield hit("smoking.cigarettes_per_day", round(20 * packs), "/d", match.start(), match.end(), "a pack holds 20")
    for match in _DURATION.finditer(text):
        yield _number("smoking.duration", match["n"] or match["x"] or match["z"], "a", match)
    for match in _QUIT.finditer(text):
        if not _is_of_smoking(document, match):
            continue
        if match["year"] is None:
            yield _number("smoking.quit_years", match["n"] or match["z"], "a", match)
        elif document.date is not None:
            years = document.date.year - int(match["year"])
            yield hit("smoking.quit_years", years, "a", match.start(), match.end(), f"quit in {match['year']}")


def _is_of_smoking(document: Document, match: re.Match[str]) -> bool:
    """Whether it is smoking that was stopped, not a drug or drink. `quit` may be on smoking told of elsewhere."""
    if match["z"] or _TOBACCO.search(match[0]):
        return True
    sentence = document.sentence_at(match.start())
    near = document.text if match[0].lower().startswith("quit") else re.split(
        r"[;]", document.text[max(sentence.start, match.start() - 60) : match.start()])[-1]  # fmt: skip
    return not _OTHER_HABIT.search(match[0]) and _TOBACCO.search(near) is not None


def _number(name: str, number: str, unit: str, match: re.Match[str]) -> Hit | None:
    value = float(number)
    return hit(name, int(value) if value.is_integer() else value, unit, match.start(), match.end())


def _of_another(text: str, start: int) -> bool:
    return bool(_RELATIVES.search(text[max(0, start - 60) : start]))
