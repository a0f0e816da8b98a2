"""Antiphospholipid syndrome by its criteria where a note tells of them without the name.

Antibodies (lupus anticoagulant, anticardiolipin, anti-beta2-glycoprotein I) that are positive again after 12 weeks,
with thrombosis or loss of a pregnancy: revised Sapporo (Sydney) criteria, Miyakis 2006
(doi 10.1111/j.1538-7836.2006.01753.x).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from knowledge.facts import Fact
from tools.notes.document import Document
from tools.notes.finding import Finding

_TEST = (
    r"(?:lupus anti-?coagulant|(?-i:\bLAC\b)|anti-?cardiolipin|\baCL\b|anti-?(?:beta|β|b)-?2(?:[- ]?(?:glycoprotein|"
    r"GP)[- ]?(?:I|1)?)?|"
    r"\baβ2GPI\b|anti-?phospholipid antibod\w+|狼疮抗凝物?|抗心磷脂抗体?|抗\s?β2[- ]?(?:糖蛋白|GP)\s?[I1Ⅰ]?(?:抗体)?)"
)
_RESULT = (
    r"(?:\bpositive\b|\bpos\b|\+ve|\bhigh\b|\bmedium\b|\bstrongly\b|"
    r"(?<![\d.])(?:[4-9]\d|\d{3,})\s*(?:GPL|MPL|U\b|units)|阳性|升高)"
)
_POSITIVE = re.compile(rf"{_TEST}(?:(?!\bneg|阴性|\bnormal)[^.;。；]){{0,60}}?{_RESULT}", re.I)
_TRIPLE = re.compile(
    r"\btriple[- ]positiv\w+(?: (?:aPL|antiphospholipid|APS))?|(?:抗磷脂抗体)?三(?:重|"
    r"联)?阳性(?=[^。]{0,20}(?:磷脂|狼疮))",
    re.I,
)
_AGAIN = re.compile(
    r"\b(?:again|still|repeat(?:ed|edly)?|persistent(?:ly)?|confirmed|remain(?:s|ed)?|twice|on two occasions|both)\b"
    r"(?=[^.\n]{0,80}\b(?:positive|pos|weeks?|wks?|months?|occasions?)\b)|\b(?:1[2-9]|[2-9]\d)\s*(?:weeks?|"
    r"wks?) (?:later|apart)|"
    r"\b(?:[3-9]|1\d) months? (?:later|apart)|(?:12|1[3-9])周后(?:复查)?|复查(?:仍|均)|持续阳性|两次(?:均)?阳性",
    re.I,
)
_LOSS = re.compile(
    r"\b(?:miscarriages?|fetal loss\w*|foetal loss\w*|pregnancy loss\w*|stillbirth|intrauterine death)\b|流产|"
    r"死胎|胎停",
    re.I,
)
_CLOTS = frozenset(
    {
        "condition.deep_vein_thrombosis", "condition.pulmonary_embolism", "condition.vte_history",
        "condition.vte_unprovoked", "condition.vte_recurrent", "condition.venous_thromboembolism",
        "condition.ischaemic_stroke", "condition.stroke", "condition.ischaemic_stroke_acute", "finding.proximal_dvt",
        "condition.distal_dvt",
    }
)  # fmt: skip
_WHY = "antibodies positive again after 12 weeks, with thrombosis or loss of a pregnancy (Sydney criteria)"


def antiphospholipid_syndrome(document: Document, found: Iterable[Finding]) -> Iterator[Finding]:
    """The syndrome, at the words that tell of the antibodies, where the note does not name it."""
    findings = [f for f in found if f.usable and f.experiencer == "patient" and f.fact.value is True]
    names = {f.fact.name for f in findings}
    first = _POSITIVE.search(document.text) or _TRIPLE.search(document.text)
    if first is None or "condition.antiphospholipid_syndrome" in names:
        return
    if not _AGAIN.search(document.text, first.start(), first.start() + 400) and not _TRIPLE.search(document.text):
        return
    if not names & _CLOTS and not _LOSS.search(document.text):
        return
    yield Finding(
        fact=Fact(name="condition.antiphospholipid_syndrome", value=True),
        start=first.start(),
        end=first.end(),
        quote=document.original[first.start() : first.end()],
        section=document.sentence_at(first.start()).section.kind,
        assumed=_WHY,
    )
