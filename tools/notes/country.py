"""The country that a note is from or a patient lives in, for risk models that are calibrated by country.

Regions of SCORE2 and SCORE2-OP: SCORE2 working group, Eur Heart J 2021;42:2439, figure 1 (by cardiovascular mortality).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_REGIONS = {
    "low": "Belgium|Denmark|France|Israel|Luxembourg|Norway|Spain|Switzerland|(?:the )?Netherlands|"
    "United Kingdom|UK|England|Scotland|Wales|Northern Ireland",
    "moderate": "Austria|Cyprus|Finland|Germany|Greece|Iceland|Ireland|Italy|Malta|Portugal|San Marino|Slovenia|Sweden",
    "high": "Albania|Bosnia(?: and Herzegovina)?|Croatia|Czech Republic|Czechia|Estonia|Hungary|Kazakhstan|Poland|"
    "Slovakia|Turkey|Türkiye",
    "very_high": "Algeria|Armenia|Azerbaijan|Belarus|Bulgaria|Egypt|Kyrgyzstan|Latvia|Lebanon|Libya|Lithuania|"
    "Moldova|Montenegro|Morocco|North Macedonia|Romania|Russia|Serbia|Syria|Tunisia|Ukraine|Uzbekistan",
}
_CHINESE = {
    "low": "比利时|丹麦|法国|以色列|卢森堡|挪威|西班牙|瑞士|荷兰|英国",
    "moderate": "奥地利|塞浦路斯|芬兰|德国|希腊|冰岛|爱尔兰|意大利|马耳他|葡萄牙|斯洛文尼亚|瑞典",
    "high": "阿尔巴尼亚|波黑|克罗地亚|捷克|爱沙尼亚|匈牙利|哈萨克斯坦|波兰|斯洛伐克|土耳其",
    "very_high": "白俄罗斯|保加利亚|埃及|拉脱维亚|立陶宛|罗马尼亚|俄罗斯|塞尔维亚|乌克兰",
}
_NAMED = {region: f"(?P<{region}>{names})" for region, names in _REGIONS.items()}
_NAMES = "|".join(_NAMED.values())
_LIVES = re.compile(rf"\b(?:lives|living|resident|resides|residing) in (?:[A-Z][\w-]+, )?(?:{_NAMES})\b")
# A place in a letter's head: `Kassel, Germany` at the beginning of a line.
_HEAD = re.compile(rf"^[^\n.;]{{0,90}}?[A-Z][\w-]+, (?:{_NAMES})\b(?=\s*(?:$|[.,;:)–-]))", re.MULTILINE)
_ELSEWHERE = re.compile(
    r"\b(?:holiday\w*|travel\w*|trip|visit\w*|born|came|from|return\w*|back|moved|emigrat\w*|in|to|while|flew|treated)\b",
    re.I,
)
_PLACE_ZH = re.compile(
    "(?:常住|居住|定居|现居|生活)(?:于|在)?(?:"
    + "|".join(f"(?P<{region}>{names})" for region, names in _CHINESE.items())
    + ")"
)
_NHS = re.compile(r"\bNHS\b(?! England's)|\bNHS (?:Foundation )?Trust\b")


def country_hits(document: Document) -> Iterator[Hit]:
    """The risk region of SCORE2, where one region alone is told of."""
    found: dict[str, tuple[int, int, str]] = {}
    for pattern in (_LIVES, _HEAD, _PLACE_ZH):
        for match in pattern.finditer(document.text):
            region = str(match.lastgroup)
            if pattern is _HEAD and _ELSEWHERE.search(match[0]):
                continue
            found.setdefault(region, (*match.span(region), match[region]))
    nhs = _NHS.search(document.text)
    if nhs is not None and not found:
        found["low"] = (*nhs.span(), "the United Kingdom (NHS)")
    if len(found) == 1:
        ((region, (start, end, shown)),) = found.items()
        said = f"{shown} is of the {region.replace('_', ' ')} risk region of SCORE2"
        made = hit("patient.score2_region", region, None, start, end, said)
        if made is not None:
            yield made
