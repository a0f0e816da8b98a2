"""Course of a tumour as notes tell it: volume of metastatic prostate cancer, enhancement soon after brain radiotherapy,
burden of symptoms in neutropenic fever.

High volume (CHAARTED, Sweeney 2015, doi 10.1056/NEJMoa1503747): visceral metastases, or 4 and more bone lesions with at
least one beyond the vertebral bodies and the pelvis. Within 12 weeks of radiotherapy new enhancement of a glioma inside
the field is no progression by itself (RANO 2.0, Wen 2023, doi 10.1200/JCO.23.01059).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.tumour_context import Said, denial, said

MIN_BONE_LESIONS = 4
MAX_WEEKS = 12
_NEAR = 120  # characters after a count of lesions in which their places are listed
_PROSTATE = re.compile(r"prostat|CRPC|HSPC|CSPC|Gleason|前列腺", re.I)
_BONE_LESIONS = re.compile(
    r"(?P<many>>|[≥~]|more than |over |at least )?\s?(?P<n>\d{1,3}|multiple|numerous|innumerable|widespread)\+? "
    r"(?:\w+ ){0,2}?bon(?:e|y) (?:lesions?|metasta\w+|mets?|deposits?)|"
    r"(?P<zn>\d{1,3}|多)(?:处|发|个)[^，。；]{0,4}骨转移",
    re.I,
)
_BEYOND_SPINE = re.compile(
    r"\b(?:ribs?|humer\w+|fem(?:ur|ora)\w*|scapula\w*|skull|sternum|clavicle|tibia|calvari\w+|long bones?)\b|"
    r"肋骨|肱骨|股骨|肩胛|颅骨|胸骨",
    re.I,
)
_VISCERAL = re.compile(
    r"\b(?:visceral|liver|hepatic|lung|pulmonary) (?:metasta\w+|mets|lesions?|deposits?)\b|[肝肺]转移", re.I
)
_BRAIN = re.compile(r"gli(?:oma|oblast)|\bGBM\b|astrocyt|brain|cerebr|MGMT|temozolomide|胶质|脑|替莫唑胺", re.I)
_EARLY = re.compile(
    r"\b(?P<n>\d{1,2}|four|six|eight|ten|twelve) ?(?:weeks?|wks?|w) (?:after|post|from|since)(?: the)?"
    r"(?: end of| completing)? ?"
    r"(?:\w+ )?(?:radio-?therapy|chemo-?radi\w+|RT|irradiation)\b[^\n]{0,160}?"
    r"\b(?:enhanc\w+|enlarg\w+|larger|increas\w+|grown|growth|progress\w+)|"
    r"(?:放疗|放化疗)(?:结束)?后\s*(?P<z>\d{1,2})\s*周[^。\n]{0,80}?(?:强化|增大|进展)",
    re.I,
)
_NUMBERS = {"four": 4, "six": 6, "eight": 8, "ten": 10, "twelve": 12}


_NEUTROPENIC = re.compile(r"neutrop|\bneuts?\b|\bANC\b|MASCC|中性粒", re.I)
_FEVER = re.compile(r"fever|febrile|pyrexia|\b3[89]\.\d|MASCC|发热|高热|体温", re.I)
_BURDEN = (
    ("none_or_mild", r"\b(?:no|few|minimal|mild|only mild|minor) (?:symptoms|complaints)|\basymptomatic\b|"
     r"\b(?:feels|looks|otherwise) well\b|"
     r"症状轻微?|症状不重|无(?:明显)?(?:症状|不适)|一般(?:情况|状况)(?:良)?好"),
    ("moderate", r"\bmoderate(?:ly severe)? symptoms|\bmoderately unwell\b|症状(?:中等|中度)"),
    ("severe", r"\bsevere symptoms|\b(?:very|severely) (?:unwell|ill)\b|\bmoribund\b|"
     r"\b(?:looks|appears) toxic\b|症状(?:重|严重)|一般(?:情况|状况)差"),
)  # fmt: skip


def _burden(document: Document) -> Iterator[Said | None]:
    """How ill a patient with neutropenic fever is, which the MASCC index asks for; the gravest that is told."""
    if not (_NEUTROPENIC.search(document.text) and _FEVER.search(document.text)):
        return
    for value, pattern in reversed(_BURDEN):
        match = re.search(pattern, document.text, re.I)
        if match is not None:
            yield said(document, "judgement.neutropenic_fever_symptoms", value, match.start(), match.end())
            return


def course_facts(document: Document) -> Iterator[Said]:
    """Volume of metastatic prostate cancer and enhancement soon after radiotherapy of a brain tumour."""
    made = [*_volume(document), *_early_enhancement(document), *_burden(document)]
    yield from (found for found in made if found is not None)


def _volume(document: Document) -> Iterator[Said | None]:
    if not _PROSTATE.search(document.text):
        return
    for match in _VISCERAL.finditer(document.text):
        if denial(document, match.start(), match.end()) is None:
            yield said(document, "tumour.high_volume", True, match.start(), match.end())
            return
    for match in _BONE_LESIONS.finditer(document.text):
        written = match["n"] or match["zn"]
        count = int(written) if written.isdigit() else MIN_BONE_LESIONS
        beyond = _BEYOND_SPINE.search(document.text, match.end(), match.end() + _NEAR) is not None
        if denial(document, match.start(), match.end()) is None and count >= MIN_BONE_LESIONS and beyond:
            why = f"{match[0].strip()}, one beyond spine and pelvis"
            yield said(document, "tumour.high_volume", True, match.start(), match.end(), None, why)
            return


def _early_enhancement(document: Document) -> Iterator[Said | None]:
    if not _BRAIN.search(document.text):
        return
    for match in _EARLY.finditer(document.text):
        written = (match["n"] or match["z"]).lower()
        weeks = _NUMBERS.get(written) or int(written)
        if weeks <= MAX_WEEKS:
            name = "finding.early_enhancement_after_radiotherapy"
            yield said(document, name, True, match.start(), match.end(), None, f"{weeks} weeks after it")
