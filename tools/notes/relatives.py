"""A report on a relative that lies in the patient's file: what it finds is the relative's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from knowledge.facts import Fact
from tools.notes.document import Document
from tools.notes.finding import Finding

_KIN = (
    r"(?:aunt|uncle|mother|father|sister|brother|cousin|grand(?:mother|father|parent)|niece|nephew|daughter|son|"
    r"half-?(?:sister|brother)|relative)"
)
# `Maternal aunt of the patient (born 1969). Germline panel: …`, `Report of the patient's sister`.
_OF_RELATIVE = re.compile(
    rf"(?:^|[.\n:])\s*(?:report (?:of|on) )?(?:the )?(?:(?:maternal|paternal|older|younger|elder|"
    rf"full)\s+)*{_KIN}\s+of\s+"
    rf"(?:the|our|this|your)\s+patient\b|\b(?:the |our |this )?patient['’]s\s+(?:(?:maternal|paternal|older|"
    rf"younger|elder)\s+)*"
    rf"{_KIN}\s*(?:\(|:|,\s*born)|\b(?:proband|tested person|index (?:case|"
    rf"patient))\s*[:(]\s*(?:the )?(?:patient['’]s )?"
    rf"(?:(?:maternal|paternal)\s+)?{_KIN}\b|患者(?:之|的)?(?:姨妈|姑姑|舅舅|母亲|父亲|姐姐|妹妹|哥哥|弟弟)(?:的)?(?:检测)?报告",
    re.I,
)
_PATIENT_AGAIN = re.compile(r"\n[^\S\n]*\n\s*(?:our |the )?patient\b", re.I)
_BRCA = ("germline.BRCA1", "germline.BRCA2", "germline.brca")
_OF_A_PERSON = ("germline.", "biomarker.", "tumour.", "condition.", "medication.", "lab.", "patient.", "procedure.")


def as_of_relatives(document: Document, found: Iterable[Finding]) -> Iterator[Finding]:
    """The findings; of a report on a relative, a BRCA variant as one of the family, the others as the relative's."""
    opened = _OF_RELATIVE.search(document.text)
    if opened is None:
        yield from found
        return
    again = _PATIENT_AGAIN.search(document.text, opened.end())
    stop = again.start() if again else len(document.text)
    for finding in found:
        inside = opened.end() <= finding.start < stop
        if not inside or not finding.fact.name.startswith(_OF_A_PERSON):
            yield finding
        elif finding.fact.name in _BRCA and finding.fact.value is True:
            fact = Fact(name="family_history.brca_variant", value=True)
            yield finding.model_copy(update={"fact": fact, "experiencer": "family"})
        else:
            yield finding.model_copy(update={"experiencer": "other"})
