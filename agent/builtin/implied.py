"""What a supposition says without the name of a fact: nursing after birth, a size without its organ, a nodule that has
not changed for so long."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from tools.notes.nodules import stable_for_two_years

_AFTER_BIRTH = re.compile(
    r"\bafter (?:the )?(?:birth|delivery|childbirth|she (?:has )?deliver\w*|the baby)\b|\bpost-?(?:partum|natal)\w*|"
    r"产后|分娩后|生(?:完|产)后",
    re.I,
)
_NURSES = re.compile(
    r"\b(?:while|when|if|once|as long as|during|and|wants? to|will|would)\b[^.?;]{0,30}?"
    r"\b(?:nurs(?:es?|ing)\b(?! home)|breast-?feed\w*|lactat\w+|pump\w* milk)|哺乳|母乳喂养|喂奶",
    re.I,
)
_SIZE = re.compile(
    r"(?<![\d.])(?P<n>\d{1,3}(?:\.\d+)?)\s*(?P<u>mm|cm|毫米|厘米)(?![\d/²³2-3A-Za-z])(?!\s*[x×*]\s*\d)", re.I
)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:nodule|node|metasta\w+|margin|aort\w+|aneurysm|polyp|cyst|depth|thickness|breslow|waist|height|stone|"
    r"residual)\b|结节|淋巴结|转移|切缘|动脉瘤|息肉|囊肿|厚度|身高|腰围|结石",
    re.I,
)
_UNITS = {"毫米": "mm", "厘米": "cm"}


def implied(question: str, *, pregnant: bool, sized: bool, of_lung: bool, as_of: dt.date | None) -> dict[str, Any]:
    """The facts that a supposition implies, by name, in the form that `predict_risk` takes.

    Args:
        pregnant: whether the patient is pregnant, so that what comes after birth is supposed.
        sized: whether the patient has a tumour or mass that is staged by its size.
        of_lung: whether the patient has a lung nodule.
        as_of: the day of the case, against which "unchanged since 2024" is measured.
    """
    found: dict[str, Any] = {}
    born = _AFTER_BIRTH.search(question)
    if (pregnant and born) or (_NURSES.search(question) and (born or pregnant)):
        found["patient.pregnant"] = {"name": "patient.pregnant", "value": False}
        if _NURSES.search(question):
            found["patient.breastfeeding"] = {"name": "patient.breastfeeding", "value": True}
    sizes = list(_SIZE.finditer(question))
    if sized and len(sizes) == 1 and not _OF_SOMETHING_ELSE.search(question):
        value, unit = float(sizes[0]["n"]), _UNITS.get(sizes[0]["u"], sizes[0]["u"].lower())
        found["tumour.size"] = {"name": "tumour.size", "value": value, "unit": unit}
    stable = stable_for_two_years(question, as_of) if of_lung else None
    if stable is not None:
        found["nodule.stable_two_years"] = {"name": "nodule.stable_two_years", "value": stable}
    return found


def after_birth(question: str) -> bool:
    """Whether a question is about the time after birth, or about nursing."""
    return _AFTER_BIRTH.search(question) is not None or _NURSES.search(question) is not None
