"""Daily opioid doses, one glucocorticoid dose with the one it is to be exchanged for, and vasopressor rates.

A daily dose is the single dose times the number of doses a day; the finding says so. Doses taken as needed and
injections are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.facts import vocabulary
from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_OPIOIDS = "codeine|hydrocodone|hydromorphone|methadone|morphine|oxycodone|oxymorphone|tapentadol|tramadol"
_TIMES = {
    r"once (?:a day|daily|per day)|(?:1|one) time (?:a|per) day|daily|every 24 h\w*|\bqd\b|\bq24h|每日一次": 1,
    r"twice (?:a day|daily|per day)|\bbid\b|b\.i\.d|every 12 h\w*|\bq12h|每日两次|每12小时": 2,
    r"(?:three times|thrice) (?:a day|daily|per day)|\btid\b|t\.i\.d|every (?:8|eight) h\w*|\bq8h|每日三次|每8小时": 3,
    r"four times (?:a day|daily|per day)|\bqid\b|q\.i\.d|every (?:6|six) h\w*|\bq6h|每日四次|每6小时": 4,
    r"every (?:4|four) h\w*|\bq4h|每4小时": 6,
}
_OFTEN = re.compile(
    r"(?P<n>\d{1,2})\s*(?:times?|x|doses?)\s*(?:a|per|/|each|every)?\s*(?:day|daily)|"
    + "|".join(f"(?P<t{n}>{p})" for p, n in _TIMES.items()),
    re.I,
)
_MG = r"(?P<mg>\d+(?:\.\d+)?)\s*(?:mg|milligrams?)\b"
_DOSE = re.compile(
    rf"{_MG}\s*(?:of\s+)?(?:oral\s+)?(?P<drug>{_OPIOIDS})\b|"
    rf"(?P<drug2>{_OPIOIDS})\b[^.;,\d]{{0,30}}(?P<mg2>\d+(?:\.\d+)?)\s*mg\b",
    re.I,
)
_NOT_DAILY = re.compile(r"\b(?:prn|as needed|IV|intravenous\w*|injection|subcutaneous\w*|epidural|bolus)\b", re.I)
_NOT_TAKEN = re.compile(
    r"\b(?:used to|formerly|previously|no longer|(?:was|were|been|is|are) (?:stopped|discontinued|switched) (?:from|"
    r"off)|"
    r"switch\w* from|chang\w* from|instead of|rather than|stopped|discontinued|ceased|came off|weaned off|allergic to|"
    r"(?:plan|will|going|consider\w*|suggest\w*|propos\w*) to? ?(?:start|begin|add|give|switch)|had (?:taken|been "
    r"taking|tried)|"
    r"until|(?:years?|months?|weeks?) ago)\b[^.;]{0,60}$",
    re.I,
)
_STOPPED = re.compile(
    r"[^.;]{0,25}?\b(?:until|(?:was|were|has been|had been) (?:stopped|discontinued|withdrawn|replaced|tapered)|in "
    r"the past|"
    r"(?:years?|months?|weeks?) ago)\b",
    re.I,
)
_PATCH = re.compile(
    r"fentanyl[^.;\d]{0,40}?(?P<n>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug|micrograms?)\s*(?:/|per|an)\s*h(?:ou)?r?|"
    r"(?P<m>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug)\s*/\s*h\w*[^.;,]{0,25}fentanyl|"
    r"(?P<k>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug|micrograms?)\s+(?:of\s+)?(?:transdermal\s+)?fentanyl\s+patch",
    re.I,
)
_BUCCAL = re.compile(
    r"(?P<n>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug|micrograms?)\s*(?:of\s+)?fentanyl\s+(?:buccal|sublingual|lozenge|"
    r"troche)\w*|"
    r"(?:buccal|sublingual|transmucosal)\s+fentanyl[^.;\d]{0,30}(?P<m>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug|micrograms?)\b|"
    r"fentanyl\s+(?:buccal|sublingual|lozenge|troche)\w*[^.;\d]{0,30}(?P<k>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug|"
    r"micrograms?)\b",
    re.I,
)
_PRESSORS = {
    "dose.noradrenaline": r"nor-?epinephrine|nor-?adrenaline|\bnorad\b|levophed|去甲肾上腺素",
    "dose.adrenaline": r"(?<!nor)(?<!nor-)(?:epinephrine|adrenaline)|(?<!去甲)肾上腺素",
    "dose.dopamine": r"dopamine|多巴胺",
    "dose.dobutamine": r"dobutamine|多巴酚丁胺",
}
_RATE = r"[^.;\d]{0,50}?(?P<n>\d+(?:\.\d+)?)\s*(?:mcg|µg|μg|ug|mc|micrograms?)\s*/\s*kg\s*/\s*min"


def dose_hits(document: Document) -> Iterator[Hit]:
    """Doses of opioids, glucocorticoids and vasopressors."""
    text = document.text
    made = [*_opioids(document), *_steroids(text)]
    for name, drug in _PRESSORS.items():
        for match in re.finditer(rf"(?:{drug}){_RATE}", text, re.I):
            made.append(hit(name, float(match["n"]), "ug/kg/min", match.start(), match.end()))
    yield from (found for found in made if found is not None)


def _opioids(document: Document) -> Iterator[Hit | None]:
    text = document.text
    matches = list(_DOSE.finditer(text))
    for index, match in enumerate(matches):
        stop = matches[index + 1].start() if index + 1 < len(matches) else len(text)
        limit = min(stop, document.sentence_at(match.start()).end, match.end() + 60)
        often = _OFTEN.search(text, match.end(), limit)
        if often is None or _NOT_DAILY.search(text[match.start() : min(limit, often.end() + 12)]):
            continue
        if _NOT_TAKEN.search(text[document.sentence_at(match.start()).start : match.start()]) or _STOPPED.match(
            text[often.end() : often.end() + 60]
        ):
            continue
        times = _count(often)
        drug, dose = (match["drug"] or match["drug2"]).lower(), float(match["mg"] or match["mg2"])
        assumed = f"{dose:g} mg times {times} a day"
        yield hit(f"dose.{drug}", dose * times, "mg/d", match.start(), often.end(), assumed if times > 1 else None)
    for match in _BUCCAL.finditer(text):
        often = _OFTEN.search(text, match.end(), min(document.sentence_at(match.start()).end, match.end() + 60))
        if often is not None:
            dose, times = float(match["n"] or match["m"] or match["k"]), _count(often)
            yield hit("dose.fentanyl_buccal", dose * times, "ug/d", match.start(), often.end(), f"{times} doses a day")
    for match in _PATCH.finditer(text):
        yield hit(
            "dose.fentanyl_transdermal",
            float(match["n"] or match["m"] or match["k"]),
            "ug/h",
            match.start(),
            match.end(),
        )


def _count(often: re.Match[str]) -> int:
    """How often a day."""
    return next((int(k[1:]) for k, v in often.groupdict().items() if v and k != "n"), None) or int(often["n"])


def _steroids(text: str) -> Iterator[Hit | None]:
    spec = vocabulary().get("dose.glucocorticoid_given")
    if spec is None:
        return
    drugs = "|".join(sorted(spec.values, key=len, reverse=True))
    given = list(
        re.finditer(
            rf"{_MG}\s*(?:of\s+)?(?P<drug>{drugs})\b|"
            rf"(?P<drug2>{drugs})\b(?:\s+(?!mg)[a-z-]+){{0,4}}\s*[:(]?\s*(?P<mg2>\d+(?:\.\d+)?)\s*mg\b",
            text,
            re.I,
        )
    )
    if len({(m["drug"] or m["drug2"]).lower() for m in given}) == 1:
        match = given[0]
        yield hit("dose.glucocorticoid", float(match["mg"] or match["mg2"]), "mg", match.start(), match.end())
        yield hit(
            "dose.glucocorticoid_given", (match["drug"] or match["drug2"]).lower(), None, match.start(), match.end()
        )
    wanted = re.search(
        rf"\b(?:what|which|how much|how many)\b(?:\s+(?!is\b)\w+){{0,3}}?\s+of\s+(?:oral\s+|IV\s+|"
        rf"intravenous\s+)?(?P<drug>{drugs})\b"
        rf"[^.,;?]{{0,30}}\b(?:equivalent|equals?|corresponds?|matches)\b",
        text,
        re.I,
    ) or re.search(
        rf"(?:equivalent|convert\w*|switch\w*|chang\w*)[^.;?]{{0,60}}?\b(?:of|to|"
        rf"in)\s+(?:mg\s+of\s+)?(?:oral\s+)?(?P<drug>{drugs})\b",
        text,
        re.I,
    )
    if wanted is not None:
        yield hit("dose.glucocorticoid_wanted", wanted["drug"].lower(), None, wanted.start("drug"), wanted.end("drug"))
