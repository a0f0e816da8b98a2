"""What the International Prognostic Index asks of a lymphoma: extranodal sites, and LDH against its reference range.

Shipp 1993 (doi 10.1056/NEJM199309303291402). Spleen, thymus, tonsils and Waldeyer's ring count as lymphatic organs
(Ann Arbor, Carbone 1971), as does every lymph node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.tumour_context import Said, denial, is_uncertain, said

_LYMPHOMA = re.compile(r"lymphoma|\bDLBCL\b|\bPMBCL\b|淋巴瘤", re.I)
_SITES: tuple[tuple[str, str], ...] = (
    ("bone marrow", r"\bbone marrow\b|\bBM\b|\bBMB\b|\btrephine\b|骨髓"),
    ("liver", r"\bliver\b|\bhepatic\b|肝"),
    ("pleura", r"\bpleura(?:l)?\b|胸膜"),
    ("lung", r"\blungs?\b|\bpulmonary\b|肺(?!门)"),
    ("bone", r"\bvertebra\w*|\b[CTL]\d{1,2} (?:vertebra|lesion|body)|\bbones?\b(?! marrow)|\bosseous\b|\bfemur\b|"
                 r"\bpelvic bone|"
             r"\brib\b|椎体|骨(?!髓)"),
    ("stomach or bowel", r"\bstomach\b|\bgastric\b|\bbowel\b|\bile(?:um|al)\b|\bcolon\b|胃|肠(?!系膜)"),
    ("kidney", r"\bkidneys?\b|\brenal\b|肾(?!上腺)"),
    ("adrenal gland", r"\badrenals?\b|肾上腺"),
    ("testis", r"\btest(?:is|icle|icular)\b|睾丸"),
    ("breast", r"\bbreast\b|乳腺"),
    ("thyroid", r"\bthyroid\b|甲状腺"),
    ("skin", r"\bskin\b|\bcutaneous\b|皮肤"),
    ("pancreas", r"\bpancrea(?:s|tic)\b|胰"),
    ("muscle", r"\bmuscles?\b|肌肉"),
    ("ovary or uterus", r"\bovar(?:y|ies|ian)\b|\buter(?:us|ine)\b|卵巢|子宫"),
    ("paranasal sinus", r"\bsinus(?:es)?\b|鼻窦"),
    ("brain or meninges", r"\bbrain\b|\bleptomening\w+|\bCNS\b|脑(?!脊液)"),
)  # fmt: skip
_PATTERNS = tuple((name, re.compile(pattern, re.I)) for name, pattern in _SITES)
_INVOLVED = re.compile(
    r"\binvol\w+|\binfiltrat\w+|\bavid\w*|\buptake\b|\bhypermetabol\w+|\bdeposits?\b|\blymphoma(?:tous)? (?:in|"
    r"of) the\b|"
    r"\bpositive\b|高代谢|累及|受累|浸润|侵犯|代谢增高|摄取增高",
    re.I,
)
_COUNTED = re.compile(
    r"\b(?P<n>\d|no|one|two|three|four|five|single|multiple)\s+extra-?nodal (?:sites?|areas?|involvement)|"
    r"\bextra-?nodal sites?\s*[:=]?\s*(?P<m>\d|none|nil)\b|结外(?:受累|病变|"
    r"侵犯)?(?:部位)?\s*[:：]?\s*(?P<z>[\d一二两三四五]|无)\s*(?:处|个|部位)?",
    re.I,
)
_NUMBERS = {"no": 0, "none": 0, "nil": 0, "无": 0, "one": 1, "single": 1, "一": 1, "two": 2, "二": 2, "两": 2,
            "multiple": 2, "three": 3, "三": 3, "four": 4, "四": 4, "five": 5, "五": 5}  # fmt: skip
_LDH = re.compile(
    r"(?:\bLDH\b|lactate dehydrogenase|乳酸脱氢酶)[^.;，,。；\d]{0,20}(?P<n>\d{2,5})\s*(?:I?U/L\s*)?(?:[(（\[,，]\s*)?"
    r"(?:(?:reference|ref\.?|normal|range|RR|NR|N|ULN|upper limit(?: of normal)?|参考(?:值|范围)?|正常(?:值|"
    r"范围)?|上限)\s*(?:[:：]\s*)?)"
    r"(?:(?P<low>\d{1,4})\s*(?:-|–|—|~|to|至)\s*|(?:[<＜≤]|up to)\s*|)(?P<high>\d{2,4})(?!\d)",
    re.I,
)


def lymphoma_facts(document: Document) -> Iterator[Said]:
    """The number of extranodal sites that the note names as involved, and whether LDH is above its range."""
    yield from _raised_ldh(document)
    if _LYMPHOMA.search(document.text):
        made = _counted(document) or _named(document)
        if made is not None:
            yield made


def _raised_ldh(document: Document) -> Iterator[Said]:
    for match in _LDH.finditer(document.text):
        raised = float(match["n"]) > float(match["high"])
        made = said(document, "lab.ldh_elevated", raised, match.start(), match.end())
        if made is not None:
            yield made


def _counted(document: Document) -> Said | None:
    match = _COUNTED.search(document.text)
    if match is None:
        return None
    written = (match["n"] or match["m"] or match["z"]).lower()
    number = int(written) if written.isdigit() else _NUMBERS[written]
    return said(document, "tumour.extranodal_sites", number, match.start(), match.end())


def _named(document: Document) -> Said | None:
    """The sites that sentences on involvement name. The quote is the first of them that tells of one."""
    sites: dict[str, tuple[int, int]] = {}
    for sentence in document.sentences:
        words = document.words(sentence)
        involved = _INVOLVED.search(words)
        if involved is None:
            continue
        for name, pattern in _PATTERNS:
            for match in pattern.finditer(words):
                place = sentence.start + match.start(), sentence.start + match.end()
                if denial(document, *place) is None and not is_uncertain(document, *place):
                    sites.setdefault(name, place)
                    break
    if not sites:
        return None
    first = min(sites.values())
    why = f"named as involved: {', '.join(sites)}"
    return said(document, "tumour.extranodal_sites", len(sites), *first, None, why)
