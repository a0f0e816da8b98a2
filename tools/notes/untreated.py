"""That a tumour has not been treated yet, where notes of a new diagnosis tell of no treatment.

Referrals and board notes of a new tumour seldom write that nothing was given. It is assumed, and said to be so, where
no note and no field of the case tells of a treatment, a relapse or progress, and the words or the question are of a
first presentation. Anything else leaves it to be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from knowledge.facts import Fact, vocabulary
from tools.case import Case
from tools.notes.across import Read
from tools.notes.finding import Finding

LINES = "therapy.lines_advanced"
_ASSUMED = "assumed: no earlier cancer treatment is told of"
# Facts under `therapy.` that are no cancer treatment given.
_NO_TREATMENT = frozenset(
    {"therapy.chemotherapy_planned", "therapy.emetic_risk", "therapy.febrile_neutropenia_risk", "therapy.bcg", LINES}
)
_TOLD_LATER = ("tumour.recurrent", "tumour.progressing", "tumour.platinum_resistant", "tumour.platinum_sensitive")
_NEW = re.compile(
    r"\b(?:newly|new (?:diagnos|patient|referral|presentation|finding)|recent(?:ly)? (?:diagnos|found)|de novo|"
    r"first (?:presentation|diagnos|seen)|present(?:s|ed|ing|ation)\b|incidental(?:ly)?|referr(?:ed|al)|work-?up|"
    r"staging|screen[- ]detected|symptomatic clinic|"
    r"two[- ]week|2ww|\d+[- ](?:day|week|month) history|found\b|diagnosed (?:this|last|on|in)|"
    r"(?:core |needle )?biops(?:y|ied))|"
    r"初诊|新发|新诊断|确诊|首次|就诊|体检发现|入院|发现[^，。；]{0,12}(?:肿物|占位|结节|包块|肿块|病变)|活检|穿刺",
    re.I,
)
_FIRST_ASKED = re.compile(
    r"\b(?:first[- ]?line|1st[- ]?line|1L|front[- ]?line|initial|upfront|newly|"
    r"first (?:treatment|therapy|drug|regimen|step)|before we start)\b|"
    r"一线(?!失败|治疗后|进展)|初始治疗|初治|首选",
    re.I,
)
_EARLIER = re.compile(
    r"\b(?:progress(?:ed|ion|ing)\b|relaps\w+|recurr\w+|refractory|resistan(?:t|ce)|cycles?\b|(?-i:C\d{1,2}D\d)|"
    r"(?:second|third|fourth|2nd|3rd|later)[- ]lines?|re-?stag\w+|maintenance|"
    r"(?:prior|previous(?:ly)?|earlier|past|after|following|completed|post)[- ](?:\w+[- ]){0,3}?(?:chemo\w*|radio\w*|"
    r"immuno\w*|systemic|treat\w*|therap\w*|TKI|ADT)|treated with|responded|response to|tolerat\w+|adjuvant|"
    r"last (?:dose|infusion|cycle)|on (?:chemo\w*|immunotherapy|treatment|hormon\w+|ADT)|"
    r"(?:on|started|given|taking|therapy|treatment|chemo\w*|\w+(?:nib|mab|platin|taxel|clib|zole|tamide|relin))\b"
    r"[^.;,\n]{0,25} "
    r"since (?:[A-Z][a-z]{2,8}\.? )?(?:19|20)\d\d)|"
    r"进展|复发|耐药|周期|维持|[二三四]线|(?:既往|曾|已|后)[^，。；]{0,10}(?:化疗|放疗|靶向|免疫|内分泌|抗肿瘤)|"
    r"(?:化疗|放疗|靶向治疗|免疫治疗|内分泌治疗|治疗)[^，。；]{0,6}后|辅助",
    re.I,
)  # fmt: skip
# What no treatment caused: family history, and what a negation denies.
_DENIED = re.compile(r"\b(?:no|without|never|not|nil)\b[^.;\n]{0,40}$|(?:无|未|否认)[^，。；]{0,10}$", re.I)


def assumed_untreated(read: list[Read], case: Case) -> list[Read]:
    """The notes, with the assumption at the mention of the tumour where it may be made."""
    if _is_told(read, case):
        return read
    asked = _FIRST_ASKED.search(case.question or "") is not None
    texts = [note.text for note, _ in read]
    if any(_tells_of_earlier(text) for text in texts) or not (asked or any(_NEW.search(text) for text in texts)):
        return read
    place = next((f for _, found in read for f in _tumours(found)), None)
    if place is None:
        return read
    made = Finding(
        fact=Fact(name=LINES, value=0), start=place.start, end=place.end, quote=place.quote, assumed=_ASSUMED
    )
    first = next(note for note, found in read if place in found)
    more = [made, *_sensitive(read, place)]
    return [Read(note, [*found, *more] if note is first else found) for note, found in read]


def _sensitive(read: list[Read], place: Finding) -> list[Finding]:
    """That metastatic prostate cancer without any treatment is sensitive to castration."""
    told = [f for _, found in read for f in found if f.usable and f.time == "current"]
    known = any(f.fact.name in ("tumour.castration_sensitive", "tumour.castration_resistant") for f in told)
    spread = any(f.fact.name == "tumour.metastatic" and f.fact.value is True for f in told)
    if place.fact.value != "prostate_cancer" or known or not spread:
        return []
    fact = Fact(name="tumour.castration_sensitive", value=True)
    return [
        Finding(fact=fact, start=place.start, end=place.end, quote=place.quote,
                assumed="assumed: no androgen deprivation is told of")
    ]  # fmt: skip


def _tumours(found: Iterable[Finding]) -> Iterator[Finding]:
    return (f for f in found if f.fact.name == "tumour.type" and f.usable and f.time == "current")


def _is_told(read: list[Read], case: Case) -> bool:
    """Whether a treatment, a line, a relapse or progress is told of, in a note or a field of the case."""
    names = [f.fact for _, found in read for f in found if f.experiencer == "patient" and f.time != "hypothetical"]
    names += [item.fact for item in case.observations]
    held = [f.name for f in names if f.value is not False]
    held += [m.fact for m in case.medications if m.fact is not None and m.status != "proposed"]
    return any(name == LINES or _is_treatment(name) for name in held)


def _is_treatment(name: str) -> bool:
    if name in _TOLD_LATER:
        return True
    if name.startswith("therapy."):
        return name not in _NO_TREATMENT
    return name.startswith("medication.") and "medication.class_cancer_therapy" in vocabulary().consequences(name, True)


def _tells_of_earlier(text: str) -> bool:
    return any(_DENIED.search(text[max(0, m.start() - 45) : m.start()]) is None for m in _EARLIER.finditer(text))
