"""Inherited and late risks that a specialist's letter gives as parts: both MUTYH variants, factor V Leiden by its
nucleotide change, chest radiotherapy with the age or the years that make it one before 30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.context import Context
from tools.notes.document import Document
from tools.notes.hits import hit
from tools.notes.tumour_context import Said, denial, is_other, said

_MUTYH = re.compile(r"(?<![A-Za-z0-9])(?:MUTYH|MYH)(?![A-Za-z0-9])")
_CHANGE = re.compile(r"\b(?P<c>c\.\d+(?:[+-]\d+)?(?:[ACGT]>[ACGT]|del\w*|dup\w*|ins\w*))")
_BOTH = re.compile(r"\b(?:bi-?allelic|homozyg\w+|compound heterozyg\w+)\b|双等位|纯合|复合杂合", re.I)
_VAGUE = re.compile(r"\b(?:VUS|uncertain significance|likely benign|benign)\b|意义未明|良性", re.I)
_LEIDEN = re.compile(
    r"\bF(?:actor )?(?:V|5) (?:\(?Leiden\)?|c\.(?:1601|1691)G>A|p\.\(?(?:Arg534Gln|Arg506Gln|R506Q))|"
    r"\bc\.(?:1601|1691)G>A\s*\(?\s*(?:FVL|F5|factor V Leiden)|(?-i:\bFVL\b)|因子\s?(?:V|Ⅴ|5)\s?Leiden",
    re.I,
)
_NORMAL = re.compile(
    r"^[^.;,\n]{0,20}?\b(?:normal|negative|not (?:detected|found|present)|wild[- ]type)\b|"
    r"^[^。；，]{0,6}(?:阴性|未检出)",
    re.I,
)
_HERSELF = re.compile(
    r"^\s*(?:and |but |so )?(?:the |our |this )?(?:pt|patient|she|he|proband)\b|^\s*(?:患者|本人)", re.I
)
_RELATIVE = re.compile(r"\b(?:mum|mom|mother|father|sister|brother|aunt|uncle|famil\w+)\b|[母父姐妹兄弟]", re.I)
_CARRIER = re.compile(
    r"\b(?:heterozyg\w+|homozyg\w+|het\b|hom\b|carrier|positive|has|carries)\b|杂合|纯合|携带|阳性", re.I
)
_CHEST = re.compile(
    r"\b(?:mantle|mediastin\w+|chest(?: wall)?|thoracic|supradiaphragmatic|mini-?mantle|axillary|involved[- ]field)\b"
    r"(?:[- ](?:field|wall|nodal))?\s+(?:radio-?therapy|radiation|irradiation|RT\b|XRT\b|DXT\b)|"
    r"(?:radio-?therapy|radiation|irradiation|RT|XRT|DXT) (?:to|of) (?:the )?(?:chest|mediastinum|mantle)|"
    r"(?:斗篷野|纵隔|胸部)(?:野)?(?:放疗|放射治疗|照射)",
    re.I,
)
_AT_AGE = re.compile(
    r"\b(?:aged?|at(?: the)? age(?: of)?|when (?:she|he) was)\s*(?:of )?(?P<a>\d{1,2})\b|(?P<z>\d{1,2})\s?岁时", re.I
)
_YOUNG = 30


def inherited_facts(document: Document) -> Iterator[Said]:
    """Both alleles of MUTYH, factor V Leiden of the patient, chest radiotherapy before 30 by the age that is given."""
    made = [*_mutyh(document), *_leiden(document), *_chest(document)]
    yield from (found for found in made if found is not None)


def _mutyh(document: Document) -> Iterator[Said | None]:
    for match in _MUTYH.finditer(document.text):
        sentence = document.sentence_at(match.start())
        words = document.text[match.start() : sentence.end]
        if _VAGUE.search(words) or is_other(document, match.start(), match.end()):
            continue
        changes = list(dict.fromkeys(c["c"] for c in _CHANGE.finditer(words)))
        both = _BOTH.search(document.words(sentence))
        if both is not None or len(changes) == 2:
            yield said(document, "germline.MUTYH_biallelic", True, match.start(), sentence.end)
            return


def _leiden(document: Document) -> Iterator[Said | None]:
    for match in _LEIDEN.finditer(document.text):
        sentence = document.sentence_at(match.start())
        clause = re.split(r"[;；,，:：]", document.text[max(sentence.start, match.start() - 60) : match.start()])[-1]
        refused = denial(document, match.start(), match.end()) or _NORMAL.match(document.text[match.end() :])
        if refused or not _CARRIER.search(clause + document.text[match.start() : match.end() + 25]):
            continue
        name, start, end = "condition.factor_v_leiden", match.start(), match.end()
        made = hit(name, True, None, start, end)
        if _HERSELF.search(clause) and made is not None:  # `the family was tested: pt is heterozygous`
            yield Said(made, Context())
        elif not _RELATIVE.search(clause):
            yield said(document, name, True, start, end)


def _chest(document: Document) -> Iterator[Said | None]:
    for match in _CHEST.finditer(document.text):
        sentence = document.sentence_at(match.start())
        if denial(document, match.start(), match.end()) or is_other(document, match.start(), match.end()):
            continue
        words = document.words(sentence)
        ages = [int(a["a"] or a["z"]) for a in _AT_AGE.finditer(words)]
        if ages and min(ages) < _YOUNG:
            yield said(document, "condition.chest_radiotherapy_before_30", True, match.start(), match.end())
