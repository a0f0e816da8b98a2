"""Masses of the ovary, the kidney and the bladder as imaging describes them, where no tumour type is named yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit
from tools.notes.sizes import first_size

_NONE = re.compile(
    r"\b(?:no|without|nil|not|denies|negative for)\b[^.;,]{0,40}$|(?:无|未见|未及|否认)[^，。；]{0,12}$", re.I
)
_ADNEXAL = re.compile(
    r"\b(?:adnexal|ovarian|ovary|tubo-?ovarian|pelvic)\b(?:[^.;]|(?<=\d)\.(?=\d)){0,25}\b(?:mass(?:es)?|cysts?|lesions?|tumou?rs?)\b|"
    r"\b(?:mass|cyst|lesion)\b[^.;]{0,20}\b(?:adnexa\w*|ovary|ovarian)\b|(?:附件|卵巢)[^，。；]{0,12}(?:肿块|包块|囊肿|占位|肿物)",
    re.I,
)
_OVARIAN_SIGNS = (
    ("finding.adnexal_multilocular", r"multi-?locul\w+|multi-?septated?|septat\w+|多房|多发分隔"),
    ("finding.adnexal_solid", r"solid (?:areas?|components?|elements?|parts?|nodules?|portion|mass|cystic)|"
     r"(?:partly|mixed) solid|papillary (?:projection|excrescence)s?|实性(?:成分|部分|区|结节)|囊实性|乳头状突起"),
    ("finding.adnexal_bilateral", r"bilateral (?:\w+ ){0,3}(?:adnexal|ovarian|mass|cyst)\w*|"
        r"both ovaries (?:contain|show|enlarged)|"
     r"双侧(?:附件|卵巢)[^，。；]{0,8}(?:肿块|包块|囊肿|占位|肿物)"),
)  # fmt: skip
_KIDNEY = re.compile(
    r"\b(?:renal|kidney)\b(?:[^.;]|(?<=\d)\.(?=\d)){0,60}\b(?:mass|lesion|tumou?r)\b|\b(?:mass|lesion)\b[^.;]{0,30}\b(?:kidney|renal)\b|"
    r"肾(?!上腺)[^，。；]{0,12}(?:肿块|占位|肿物)",
    re.I,
)
_ENHANCES = re.compile(r"\benhanc\w+|\d+ ?HU\b[^.;]{0,25}(?:->|→|to|rising)[^.;]{0,10}\d+ ?HU|强化|富血供", re.I)
_RISES = re.compile(r"(?P<a>\d{1,3}) ?HU\b[^.;]{0,25}?(?:->|→|\bto\b)\s*(?P<b>\d{1,3}) ?HU", re.I)
MIN_RISE_HU = 20  # enhancement beyond doubt (Silverman 2019, doi 10.1148/radiol.2019182646)
_BENIGN = re.compile(
    r"(?<!no )(?<!no macroscopic )(?<!without )\b(?:macroscopic|intralesional|gross|bulk) fat\b|angiomyolipoma|"
    r"simple cyst|(?:含|内见)脂肪|错构瘤|单纯囊肿",
    re.I,
)
_NO_FAT = re.compile(r"\bno (?:macroscopic |gross |intralesional |visible )?fat\b|(?:无|未见)(?:明显)?脂肪", re.I)
_BLADDER = re.compile(
    r"\b(?:bladder|vesical)\b(?:[^.;]|(?<=\d)\.(?=\d)){0,50}\b(?:mass|lesion|tumou?r|polyp\w*|growth|papillary)\b|"
    r"\b(?:mass|lesion|tumou?r|polypoid|polyp|papillary|growth)\b[^.;]{0,50}\b(?:bladder|vesical)\b|"
    r"膀胱[^，。；]{0,12}(?:肿块|占位|肿物|新生物|菜花)",
    re.I,
)
_NOT_BLADDER = re.compile(r"gall|胆", re.I)
_LAST_PERIOD = re.compile(
    r"\b(?:LMP|last (?:menstrual )?period|last menses|menopause|periods? (?:stopped|ceased)|menses (?:stopped|ceased))"
    r"(?: was| occurred)?\s*(?:at |aged? |at the age of |when she was )+(?P<n>[2-6]\d)\b|"
    r"(?:绝经|末次月经)(?:年龄)?[:：为]?\s*(?P<z>[3-6]\d)\s*岁|(?P<y>[3-6]\d)\s*岁(?:时)?绝经",
    re.I,
)
_AGE = re.compile(r"\b(?P<n>\d{2})\s?(?:F\b|(?:-| )?(?:y/?o\b|yrs?\b|years?[- ]old)|(?:-| )year)|(?P<z>\d{2})岁", re.I)


def mass_hits(document: Document) -> Iterator[Hit]:
    """What imaging says of such a mass. Context is read by the caller."""
    yield from (h for h in (*_ovary(document), *_kidney(document), *_bladder(document), *_menopause(document)) if h)


def _first(document: Document, pattern: re.Pattern[str]) -> re.Match[str] | None:
    for match in pattern.finditer(document.text):
        sentence = document.sentence_at(match.start())
        if sentence.section.kind in ("family", "past"):
            continue
        if not _NONE.search(document.text[sentence.start : match.start()]):
            return match
    return None


def _about(document: Document, match: re.Match[str]) -> tuple[int, int]:
    """From the sentence of the mass to the end of its paragraph, 600 characters at most."""
    start = document.sentence_at(match.start()).start
    text = document.text[start : start + 600]
    stop = re.search(r"\n\s*\n", text)
    return start, start + (stop.start() if stop else len(text))


def _ovary(document: Document) -> Iterator[Hit | None]:
    mass = _first(document, _ADNEXAL)
    if mass is None:
        return
    yield hit("finding.adnexal_mass", True, None, mass.start(), mass.end())
    start, end = _about(document, mass)
    for name, pattern in _OVARIAN_SIGNS:
        for found in re.finditer(pattern, document.text[start:end], re.I):
            clause = re.split(r"[.;。；]", document.text[start : start + found.start()])[-1]
            absent = _NONE.search(clause) is not None
            yield hit(name, not absent, None, start + found.start(), start + found.end())
            break


def _kidney(document: Document) -> Iterator[Hit | None]:
    mass = _first(document, _KIDNEY)
    if mass is None:
        return
    start, end = _about(document, mass)
    text = document.text[start:end]
    rise = _RISES.search(text)
    bright = int(rise["b"]) - int(rise["a"]) >= MIN_RISE_HU if rise else _ENHANCES.search(text) is not None
    solid = re.search(r"(?<!non-)\bsolid\b|实性", text, re.I)
    benign = _BENIGN.search(_NO_FAT.sub("", text))
    if not (bright and solid) or benign:
        return
    yield hit("finding.renal_mass", True, None, mass.start(), mass.end(), "solid, enhancing, without fat")
    size = first_size(document.text, mass.start(), end) or first_size(document.text, start, end)
    if size is not None:
        yield hit("tumour.size", size.longest, size.unit, size.start, size.end)


def _bladder(document: Document) -> Iterator[Hit | None]:
    mass = _first(document, _BLADDER)
    if mass is not None and not _NOT_BLADDER.search(document.text[max(0, mass.start() - 6) : mass.end()]):
        yield hit("finding.bladder_mass", True, None, mass.start(), mass.end())


# A last period that is told by the age at it, from here on, lies behind.
_MENOPAUSE_FROM = 40


def _menopause(document: Document) -> Iterator[Hit | None]:
    """An age at the last period that lies a year or more behind."""
    age = _AGE.search(document.text)
    for match in _LAST_PERIOD.finditer(document.text):
        then = int(match["n"] or match["z"] or match["y"])
        now = int(age["n"] or age["z"]) if age else None
        if (now is None and then >= _MENOPAUSE_FROM) or (now is not None and now > then):
            yield hit("condition.postmenopausal", True, None, match.start(), match.end(), f"last period at {then}")
