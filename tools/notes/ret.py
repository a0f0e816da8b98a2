"""Germline RET by its codon, with the risk level of the ATA, and phaeochromocytoma by its metanephrines and a mass.

Risk levels: Wells, ATA 2015 (doi 10.1089/thy.2014.0335): M918T highest, codons 634 and 883 high,
the others of its table moderate.
Phaeochromocytoma: metanephrines over 3 times the limit leave little doubt (Lenders 2014, doi 10.1210/jc.2014-1498).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_CODON = re.compile(
    r"(?<![A-Za-z])RET(?![A-Za-z])[^;。；\n]{0,60}?(?:p\.)?[(（]?(?P<a>Cys|Met|Ala|Val|Leu|Gly|Glu|Ser|Arg|[CMAVLGESR])\s?(?P<n>\d{3})"
    r"(?P<b>[A-Z][a-z]{2}|[A-Z](?![A-Za-z]))?",
)
_GERMLINE = re.compile(r"germ-?line|constitutional|hereditary|\bblood\b|carrier|MEN ?-?2|胚系|遗传|携带|外周血", re.I)
_SOMATIC = re.compile(r"somatic|tumou?r (?:tissue|NGS|sequencing)|体细胞|肿瘤组织", re.I)
_RELATIVE = re.compile(
    r"\b(?:mother|father|sister|brother|aunt|uncle|son|daughter)\b|[母父姐妹兄弟]亲?|儿子|女儿", re.I
)
_VAGUE = re.compile(r"\bVUS\b|uncertain|benign|negative|not detected|意义不明|意义未明|良性|阴性|未检出", re.I)
_HIGH = frozenset({634, 883})
# The codons of Table 4 of ATA 2015 without those above; other changes of RET (G691S, Y791F, S836S …) are mostly benign.
_MODERATE = frozenset({533, 609, 611, 618, 620, 630, 631, 666, 768, 790, 804, 891, 912})
_METANEPHRINES = re.compile(
    r"\b(?:(?:plasma|urin\w+|free|fractionated|24[- ]?h\w*)\s+)*(?:nor-?)?metanephrines?\b[^.;\n]{0,40}?"
    r"(?P<n>\d{1,2}(?:\.\d)?)\s*(?:x|×|times|-?fold)|"
    r"(?:甲氧基(?:去甲)?肾上腺素|变肾上腺素)[^。；\d]{0,10}?(?P<z>\d{1,2}(?:\.\d)?)\s*倍",
    re.I,
)
_MASS = re.compile(
    r"\badrenal\b[^.;\n]{0,40}\b(?:mass|tumou?r|nodule|lesion)\b|\b(?:mass|tumou?r|lesion)\b[^.;\n]{0,30}\badrenal\b|"
    r"肾上腺[^。；]{0,14}(?:肿块|肿物|占位|结节|肿瘤)",
    re.I,
)
MIN_TIMES = 3.0


def ret_hits(document: Document) -> Iterator[Hit]:
    """Risk level of a germline RET variant; phaeochromocytoma. Context is read by the caller."""
    yield from (found for found in (*_variant(document), *_phaeochromocytoma(document)) if found is not None)


def _variant(document: Document) -> Iterator[Hit | None]:
    for match in _CODON.finditer(document.text):
        line = document.text[max(0, document.text.rfind("\n", 0, match.start())) : match.end() + 60].split("\n\n")[0]
        before = document.text[max(0, match.start() - 40) : match.start()]
        if not _GERMLINE.search(line) or _SOMATIC.search(line) or _VAGUE.search(line) or _RELATIVE.search(before):
            continue
        codon, changed = int(match["n"]), (match["b"] or "").capitalize()
        highest = codon == 918 and changed in ("Thr", "T")
        if not (highest or codon in _HIGH | _MODERATE):
            continue
        level = "highest" if highest else "high" if codon in _HIGH else "moderate"
        yield hit("germline.RET", True, None, match.start(), match.end())
        yield hit("germline.RET_risk", level, None, match.start(), match.end(), f"codon {codon}")
        return


def _phaeochromocytoma(document: Document) -> Iterator[Hit | None]:
    for match in _METANEPHRINES.finditer(document.text):
        times = float(match["n"] or match["z"])
        mass = _MASS.search(document.text)
        if times > MIN_TIMES and mass is not None:
            start, end = min(match.start(), mass.start()), max(match.end(), mass.end())
            why = f"metanephrines {times:g} times the limit with an adrenal mass"
            yield hit("condition.phaeochromocytoma", True, None, start, end, why)
            return
