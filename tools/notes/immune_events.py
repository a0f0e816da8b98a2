"""Diarrhoea and rash under a checkpoint inhibitor with their CTCAE grade, and blood tests for tuberculosis.

Diarrhoea: under 4 stools a day over baseline is grade 1, 4 to 6 grade 2, 7 and more grade 3 (CTCAE 5.0, National Cancer
Institute 2017). Rash: under 10 % of the body surface grade 1, 10 to 30 % grade 2, over 30 % grade 3 (ASCO, Schneider
2021, doi 10.1200/JCO.21.01440).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_CHECKPOINT = re.compile(
    r"\b(?:ipilimumab|nivolumab|pembrolizumab|atezolizumab|durvalumab|avelumab|cemiplimab|dostarlimab|tremelimumab|"
    r"ipi|nivo|pembro|atezo|durva|relatlimab|toripalimab|sintilimab|camrelizumab|tislelizumab|immunotherap\w+|checkpoint|anti-?PD-?L?1|"
    r"PD-?L?1 inhibitor)\b|"
    r"(?:帕博利珠|纳武利尤|伊匹木|阿替利珠|度伐利尤|信迪利|特瑞普利|卡瑞利珠|替雷利珠)单抗|免疫治疗|PD-?L?1(?:抑制剂|单抗)",
    re.I,
)
_STOOLS = re.compile(
    r"(?:stools?|bowel movements?|BO|BM|motions|diarrh?o?ea)\s*(?:now\s*|up to\s*|x\s*|×\s*|of\s*|[:=]\s*)*"
    r"(?P<a>\d{1,2})\s*(?:/|x|times|per|a)\s*(?:d(?:ay)?|24 ?h)|"
    r"(?P<b>\d{1,2})\s*(?:loose |watery |liquid |bloody )*(?:stools?|bowel movements?|motions|BMs?)\s*(?:/|per|"
    r"a|each|daily|in 24)|"
    r"(?:腹泻|稀便|水样便|大便)[^。；\d]{0,8}(?P<z>\d{1,2})\s*次\s*/?\s*(?:日|天)",
    re.I,
)
_BASELINE = re.compile(
    r"(?:baseline|usual(?:ly)?|normal(?:ly)?|pre-?treatment|BL)[\s:=(]*(?:of |is |was )?(?P<n>\d)(?!\d|\.\d)|"
    r"(?P<o>\d)\s*(?:/|a|per)\s*(?:d|day)\s*(?:at baseline|usually|normally)|(?:基线|平时|"
    r"平素)[^。；\d]{0,6}(?P<z>\d)\s*次",
    re.I,
)
_OVER_BASELINE = re.compile(
    r"(?P<n>\d{1,2})\s*(?:more )?stools?(?: a day| per day|/d(?:ay)?)? (?:over|above) (?:the |her |his )?baseline", re.I
)
_INFECTION = re.compile(
    r"(?:C\.? ?diff\w*|toxin|salmonella|campylobacter|norovirus|CMV)[^.;\n]{0,25}\bpositive\b", re.I
)
_RASH = re.compile(
    r"\brash\b[^.;\n]{0,50}?(?P<n>\d{1,3})\s*%\s*(?:of )?(?:the |her |his )?(?:BSA|body surface)|"
    r"(?P<m>\d{1,3})\s*%\s*(?:of )?(?:the |her |his )?(?:BSA|body surface)[^.;\n]{0,30}\brash",
    re.I,
)
_USUAL_STOOLS = 1  # taken where the note gives no baseline
_IGRA = re.compile(
    r"(?:Quanti-?FERON(?:[- ]TB)?(?:[- ]Gold)?(?:[- ]Plus)?|\bQFT\w*|\bIGRA|T-?SPOT(?:\.TB)?|Mantoux|\bTST\b|"
    r"结核感染T细胞|γ-?干扰素释放试验|"
    r"T-?SPOT)[\s:：=(]*(?:test|result|was|is|试验|检测|结果)*[\s:：(]*(?P<pos>pos(?:itive)?\b|\+ve|reactive|阳性|\(\+\)|（\+）)",
    re.I,
)


def immune_event_hits(document: Document) -> Iterator[Hit]:
    """Colitis and rash under a checkpoint inhibitor with their grade; latent tuberculosis by a positive test."""
    made: list[Hit | None] = []
    for match in _IGRA.finditer(document.text):
        made.append(
            hit(
                "condition.latent_tuberculosis",
                True,
                None,
                match.start(),
                match.end(),
                "positive test, treatment not told",
            )
        )
    if _CHECKPOINT.search(document.text):
        made += [*_colitis(document), *_rash(document)]
    yield from (found for found in made if found is not None)


def _colitis(document: Document) -> Iterator[Hit | None]:
    counted = _OVER_BASELINE.search(document.text)
    stools = counted or _STOOLS.search(document.text)
    if stools is None or _INFECTION.search(document.text):
        return
    if counted:
        over = int(counted["n"])
    else:
        usual = _BASELINE.search(document.text, stools.start(), min(len(document.text), stools.end() + 60))
        baseline = int(usual["n"] or usual["o"] or usual["z"]) if usual else _USUAL_STOOLS
        over = int(stools["a"] or stools["b"] or stools["z"]) - baseline
    if over <= 0:
        return
    grade = 3 if over >= 7 else 2 if over >= 4 else 1
    why = f"{over} stools a day over baseline under a checkpoint inhibitor, infection to be excluded"
    yield hit("condition.immune_related_colitis", True, None, stools.start(), stools.end(), why)
    yield hit("therapy.irae_grade", grade, None, stools.start(), stools.end(), f"{over} stools a day over baseline")


def _rash(document: Document) -> Iterator[Hit | None]:
    for match in _RASH.finditer(document.text):
        share = int(match["n"] or match["m"])
        grade = 3 if share > 30 else 2 if share >= 10 else 1
        yield hit(
            "condition.immune_related_rash", True, None, match.start(), match.end(), "rash under a checkpoint inhibitor"
        )
        yield hit(
            "therapy.irae_grade", grade, None, match.start(), match.end(), f"rash on {share} % of the body surface"
        )
