"""Events under a checkpoint inhibitor with their CTCAE grade, and blood tests for tuberculosis.

Diarrhoea: under 4 stools a day over baseline is grade 1, 4 to 6 grade 2, 7 and more grade 3 (CTCAE 5.0, National Cancer
Institute 2017). Rash: under 10 % of the body surface grade 1, 10 to 30 % grade 2, over 30 % grade 3 (ASCO, Schneider
2021, doi 10.1200/JCO.21.01440). Transaminases: 3 to 5 times the upper limit grade 2, to 20 times grade 3, over it 4.
New or bilateral infiltrates with symptoms: grade 2, with oxygen or a saturation under 90 % on air grade 3 (ours).
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
_INFILTRATE = re.compile(
    r"\b(?:new|bilateral|diffuse|patchy|multifocal|widespread|peripheral)\b[^.;\n]{0,40}?"
    r"\b(?:ground[- ]glass\b(?! nod)|GGOs?\b|infiltrates?\b|organi[sz]ing pneumonia)|"
    r"\b(?:suspected|suspicion of|likely|possible|probable|consistent with|in keeping with|suggest\w*(?: of)?|[?])"
    r"\s*(?:\w+[- ]){0,3}?pneumonitis\b|\b(?:grade|G) ?[1-4] pneumonitis\b|"
    r"(?:双肺|两肺|新发|弥漫|多发)[^。；\n]{0,10}?(?:磨玻璃(?!结节)|渗出|间质性改变)|(?:考虑|怀疑|可能为?)[^。；\n]{0,8}免疫相关性?肺炎",
    re.I,
)
_SHORT_OF_BREATH = re.compile(
    r"\b(?:dyspn\w+|breathless\w*|short(?:ness)? of breath|SOB\w*|cough\w*|hypox\w+)\b|气促|气短|呼吸困难|咳嗽", re.I
)
_SATURATION = re.compile(
    r"(?:SpO2|SaO2|sats?|saturation|血氧饱和度|氧饱和度)[^\d.;\n。；]{0,12}(?P<n>[5-9]\d|100)\s*%?", re.I
)
_OXYGEN = re.compile(
    r"\b(?:on|needs?|requir\w+)\s+(?:\d+ ?L\w*(?:/min)?(?: of)? )?(?:oxygen|O2)\b|"
    r"\b\d+ ?L(?:/min)? (?:oxygen|O2)\b|需吸氧",
    re.I,
)
_TRANSAMINASE = re.compile(
    r"\b(?:ALT|AST|GPT|GOT|SGPT|SGOT)\b(?:/(?:ALT|AST))?[\s:=(]*(?:(?:has |was |is )?"
    r"(?:now |of |up to |to |rose to |risen to |rising to )?)(?P<n>\d{1,5})(?![\d.]*\s*(?:%|mm))"
    r"(?P<times>\s*(?:x|×|times)\s*(?:the )?(?:ULN|upper))?|谷丙转氨酶\s*(?P<z>\d{2,5})",
    re.I,
)
_OTHER_LIVER = re.compile(
    r"\b(?:liver|hepatic)\b[^.;\n]{0,25}\bmet(?:s|asta\w+)\b|hepatocellular|\bHCC\b|cirrho|肝转移|肝细胞癌|肝硬化|cholangi|pancrea",
    re.I,
)
_NOT_NOW_BEFORE = re.compile(
    r"\b(?:no|not|without|denies|excluded?|ruled out|history of|previous\w*|prior|resolved|baseline|before)\b|"
    r"\bformer|\brisk of\b|无|未见|既往|排除|基线",
    re.I,
)
_NOT_NOW_AFTER = re.compile(
    r"[^.;\n。；]{0,25}?(?:\b(?:resolved|ruled out|excluded|at baseline|previously)\b|"
    r"\bin (?:\w+ )?20\d\d\b|已(?:恢复|吸收))",
    re.I,
)
_NOT_GIVEN = re.compile(
    r"\b(?:no|not|never|without|refus\w+|declin\w+|plan\w*|propos\w+|consider\w*|candidate|eligible|start|before)\b"
    r"[^.;,\n]{0,20}$|(?:未|拟|计划|建议|考虑)[^。；，\n]{0,10}$",
    re.I,
)
_LOW_SATURATION = 90  # % on air
_UPPER_LIMIT = 40  # U/L, of the transaminases
_USUAL_STOOLS = 1  # taken where the note gives no baseline
_IGRA = re.compile(
    r"(?:Quanti-?FERON(?:[- ]TB)?(?:[- ]Gold)?(?:[- ]Plus)?|\bQFT\w*|\bIGRA|T-?SPOT(?:\.TB)?|Mantoux|\bTST\b|"
    r"结核感染T细胞|γ-?干扰素释放试验|"
    r"T-?SPOT)[\s:：=(]*(?:test|result|was|is|试验|检测|结果)*[\s:：(]*(?P<pos>pos(?:itive)?\b|\+ve|reactive|阳性|\(\+\)|（\+）)",
    re.I,
)


def immune_event_hits(document: Document) -> Iterator[Hit]:
    """Colitis, rash, pneumonitis and hepatitis under a checkpoint inhibitor; latent tuberculosis by a positive test."""
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
    text = document.text
    if any(not _NOT_GIVEN.search(text[max(0, m.start() - 30) : m.start()]) for m in _CHECKPOINT.finditer(text)):
        made += [*_colitis(document), *_rash(document), *_pneumonitis(document), *_hepatitis(document)]
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


def _pneumonitis(document: Document) -> Iterator[Hit | None]:
    told = (match for match in _INFILTRATE.finditer(document.text) if not _aside(document.text, match))
    found = next(told, None)
    if found is None or not _SHORT_OF_BREATH.search(document.text):
        return
    saturations = [int(match["n"]) for match in _SATURATION.finditer(document.text)]
    grade = 3 if _OXYGEN.search(document.text) or (saturations and saturations[-1] < _LOW_SATURATION) else 2
    why = "infiltrates under a checkpoint inhibitor, infection to be excluded"
    yield hit("condition.immune_related_pneumonitis", True, None, found.start(), found.end(), why)
    yield hit("therapy.irae_grade", grade, None, found.start(), found.end(), "by the oxygen saturation")


def _hepatitis(document: Document) -> Iterator[Hit | None]:
    values = [match for match in _TRANSAMINASE.finditer(document.text) if not _aside(document.text, match)]
    if not values or _OTHER_LIVER.search(document.text):
        return
    last = values[-1]
    worst = max(values[-2:], key=_times)
    if _times(last) < 3:
        return
    times = _times(worst)
    grade = 4 if times > 20 else 3 if times > 5 else 2
    why = f"transaminases {times:.0f} times the upper limit under a checkpoint inhibitor, other causes to be excluded"
    yield hit("condition.immune_related_hepatitis", True, None, last.start(), last.end(), why)
    yield hit("therapy.irae_grade", grade, None, last.start(), last.end(), f"transaminases {times:.0f} times the limit")


def _aside(text: str, match: re.Match[str]) -> bool:
    """Whether it is denied, over, or of another time."""
    before = re.split(r"[.,;\n。；，]", text[max(0, match.start() - 40) : match.start()])[-1]
    return bool(_NOT_NOW_BEFORE.search(before) or _NOT_NOW_AFTER.match(text, match.end()))


def _times(value: re.Match[str]) -> float:
    number = int(value["n"] or value["z"])
    return number if value["times"] else number / _UPPER_LIMIT
