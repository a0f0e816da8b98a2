"""Family history: which relative, at what age, and what follows from both.

Premature cardiovascular disease is that of a male first-degree relative before 55 or a female one before 65 (AHA/ACC
cholesterol guideline 2018, doi 10.1161/CIR.0000000000000625, risk enhancers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.facts import Fact, vocabulary
from tools.intake.codes import FIRST_DEGREE, with_age
from tools.notes.context import Context
from tools.notes.document import Document, Sentence

# Conditions whose family fact has another name.
IN_FAMILY = {
    "condition.deep_vein_thrombosis": "family_history.venous_thromboembolism",
    "condition.pulmonary_embolism": "family_history.venous_thromboembolism",
    "condition.percutaneous_coronary_intervention": "family_history.coronary_artery_disease",
    "condition.coronary_artery_bypass_graft": "family_history.coronary_artery_disease",
    "condition.stable_angina": "family_history.coronary_artery_disease",
    "condition.breast_cancer": "family_history.breast_cancer",
    "condition.hip_fracture_history": "family_history.hip_fracture_parent",
}
_AGE_AFTER = re.compile(
    r"^[^.;,，]{0,40}?\bat\s+(?:the\s+)?(?:age\s+(?:of\s+)?)?(?P<n>\d{1,2})\b|^[^.;,，]{0,20}?\(?(?:aged?|"
    r"at age)\s*(?P<m>\d{1,2})|^\s*[(,@]?\s*(?P<k>\d{2})(?:\s*(?:y|yo|y/o|yrs?|years)\b)?(?=\s*(?:[),.;]|$|and\b))|"
    r"^[^，。；]{0,6}?(?P<z>\d{1,2})岁",
    re.I,
)
_AGE_BEFORE = re.compile(
    r"(?P<z>\d{1,2})岁[^，。；]{0,6}$|\b(?:aged?|at)\s+(?P<n>\d{1,2})\s+(?:with|of|from|had)\s+$", re.I
)
_RELATION = re.compile(
    r"\b(?:mother|mum|mom|father|dad|parents?|brothers?|sisters?|siblings?|sons?|daughters?|child(?:ren)?|grand\w+|"
    r"aunts?|uncles?|cousins?|nephews?|nieces?|maternal \w+|paternal \w+)\b|"
    r"外祖父|外祖母|祖父|祖母|爷爷|奶奶|外公|外婆|姥爷|姥姥|父亲|母亲|爸爸|妈妈|父母|堂[兄弟姐妹]|表[哥弟姐妹]|兄弟|姐妹|哥哥|弟弟|姐姐|妹妹|儿子|女儿|"
    r"叔叔|伯父|大伯|姑姑|姑妈|舅舅|姨",
    re.I,
)
_ZH_FIRST = {"母亲", "父亲", "妈妈", "爸爸", "父母", "兄弟", "姐妹", "哥哥", "弟弟", "姐姐", "妹妹", "儿子", "女儿"}
_ZH_MALE, _ZH_FEMALE = (
    {"父亲", "爸爸", "兄弟", "哥哥", "弟弟", "儿子"},
    {"母亲", "妈妈", "姐妹", "姐姐", "妹妹", "女儿"},
)
_MALE, _FEMALE = {"father", "dad", "brother", "son"}, {"mother", "mum", "mom", "sister", "daughter"}
_PARENTS = {"mother", "mum", "mom", "father", "dad", "parent", "母亲", "父亲", "妈妈", "爸爸", "父母"}
_OF_CORONARY = "family_history.coronary_artery_disease"
_PREMATURE = "family_history.premature_ascvd"


def family_facts(
    document: Document, sentence: Sentence, name: str, start: int, end: int, context: Context
) -> Iterator[tuple[Fact, Context]]:
    """The facts that a condition of a relative gives; none for a relative who is not of the first degree."""
    before, after = document.text[sentence.start : start], document.text[end : sentence.end]
    relations = [m[0].casefold() for m in _RELATION.finditer(before)]
    relation = relations[-1] if relations else None
    if relation is not None and not _first_degree(relation):
        return
    if name == "family_history.hip_fracture_parent" and relation is not None and _singular(relation) not in _PARENTS:
        return
    told = Context(context.negated, "family", "current", context.cue)
    years = _age(before, after)
    narrower = with_age(name, years) if not context.negated else name
    yield Fact(name=narrower or name, value=not context.negated), told
    if name == "family_history.breast_cancer" and context.negated:
        yield Fact(name="family_history.breast_cancer_relatives", value=0), told
    if name == _OF_CORONARY and years is not None and not context.negated and _is_premature(relation, years):
        yield Fact(name=_PREMATURE, value=True), told


def family_name(name: str) -> str | None:
    """The family fact of a condition or tumour type, or None where there is none."""
    made = IN_FAMILY.get(name) or "family_history." + name.split(".", 1)[1]
    return made if made in vocabulary() else None


def _age(before: str, after: str) -> float | None:
    match = _AGE_AFTER.match(after) or _AGE_BEFORE.search(before[-20:])
    return next((float(value) for value in match.groupdict().values() if value), None) if match else None


def _is_premature(relation: str | None, years: float) -> bool:
    if relation is None:
        return False
    if _singular(relation) in _MALE or relation in _ZH_MALE:
        return years < 55
    return (_singular(relation) in _FEMALE or relation in _ZH_FEMALE) and years < 65


def _singular(relation: str) -> str:
    return relation.rstrip("s")


def _first_degree(relation: str) -> bool:
    one = _singular(relation)
    return relation in _ZH_FIRST or one in FIRST_DEGREE | _PARENTS or relation in ("children", "parents")
