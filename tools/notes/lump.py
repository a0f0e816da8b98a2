"""A lump of the soft tissues, and whether it is one that has to be taken for a sarcoma until tissue says otherwise.

Deep to the fascia, or over 5 cm: ESMO-EURACAN-GENTURIS 2021 (doi 10.1016/j.annonc.2021.07.006). Growing: UK guideline,
Dangoor 2016 (doi 10.1186/s13569-016-0060-4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit
from tools.notes.sizes import sizes

SUSPICIOUS_ABOVE_MM = 50.0
_LUMP = re.compile(
    r"\b(?:lumps?|(?:firm|hard|painless|discrete|mobile) swelling|soft[- ]tissue (?:mass|lesion|swelling|tumou?r)|"
    r"mass|lipomas?)\b|肿块|包块|肿物",
    re.I,
)
_PLACE = re.compile(
    r"\b(?:thigh|calf|arm|forearm|upper arm|shoulder|buttock|groin|flank|trunk|back|leg|limb|axilla|chest wall|"
    r"abdominal wall|"
    r"quads?|quadriceps|hamstrings?|gluteal|knee|foot|hand|elbow|popliteal fossa|scapula\w*|soft[- ]tissue)\b|"
    r"大腿|小腿|上臂|前臂|肩|臀|腹股沟|背部|腰部|胸壁|腹壁|腋|四肢|软组织|腘窝",
    re.I,
)
_ELSEWHERE = re.compile(
    r"\b(?:breast|thyroid|neck|testic\w+|scrot\w+|lung|liver|hepatic|renal|kidney|adrenal|ovar\w+|pelvic|lymph|"
    r"node|abdominal(?! wall)|"
    r"pancrea\w+|bowel|brain|parotid|bone|mediastin\w+)\b|乳|甲状腺|肺|肝|肾|卵巢|淋巴结|颈",
    re.I,
)
_DEEP = re.compile(
    r"\b(?:deep to (?:the )?(?:deep )?fascia|(?:sub-?|below |beneath |under )(?:the )?(?:deep )?fascia\w*|"
    r"deep[- ]seated|"
    r"intra-?muscular|fixed (?:on|to|with)|tethered|within (?:the )?(?:\w+ )?muscle|deep\b(?=[^.;]{0,25}(?:lump|"
    r"mass|fascia|muscle)))|"
    r"深筋膜|肌(?:肉)?(?:内|间)|深部|固定",
    re.I,
)
_NOT_DEEP = re.compile(r"\b(?:not|no) (?:deep|fixed|tethered)|\bsuperficial\b|\bsubcutaneous\b|皮下|表浅|无固定", re.I)
_GROWS = re.compile(
    r"\b(?:grow(?:s|n|ing)?|enlarg\w+|increas\w+|getting (?:bigger|larger)|bigger|doubled|expanding)\b|\^ing|↑ing|"
    r"增大|变大|长大",
    re.I,
)
_NOT_GROWING = re.compile(
    r"\b(?:not|no|without) (?:\w+ ){0,2}(?:grow\w*|enlarg\w+|increas\w+|chang\w+)|无(?:明显)?增大", re.I
)
_PAST = re.compile(r"\b(?:excised|removed|resected)\b|\b(?:19|20)\d\d\b|切除", re.I)
_DENIED = re.compile(r"\b(?:no|denies|denied|without|nil)\b[^.;,]*$|(?:无|未见|未触及|否认)[^，。；]*$", re.I)


def lump_hits(document: Document) -> Iterator[Hit]:
    """A lump of the limbs or the trunk, and what makes it suspicious."""
    lump = next((match for match in _LUMP.finditer(document.text) if _is_soft_tissue(document, match)), None)
    if lump is None:
        return
    made = hit("finding.soft_tissue_lump", True, None, lump.start(), lump.end())
    if made is not None:
        yield made
    about = _text_about(document, lump)
    signs = _signs(about)
    if signs:
        why = f"the lump is {', '.join(signs)}"
        suspected = hit("finding.soft_tissue_lump_suspicious", True, None, lump.start(), lump.end(), why)
        if suspected is not None:
            yield suspected


def _is_soft_tissue(document: Document, lump: re.Match[str]) -> bool:
    sentence = document.sentence_at(lump.start())
    near = document.text[max(sentence.start, lump.start() - 60) : min(sentence.end, lump.end() + 60)]
    after = document.text[lump.end() : min(sentence.end, lump.end() + 40)]
    before = document.text[max(sentence.start, lump.start() - 25) : lump.start()]
    if (
        _DENIED.search(before)
        or _ELSEWHERE.search(near)
        or _PAST.search(after)
        or sentence.section.kind in ("family", "past")
    ):
        return False
    return _PLACE.search(near) is not None


def _text_about(document: Document, lump: re.Match[str]) -> str:
    """From the lump on: at most 600 characters, without sentences on earlier lumps."""
    sentences = [s for s in document.sentences if s.end > lump.start() and s.start < lump.start() + 600]
    kept = [s for s in sentences if s.section.kind not in ("past", "family") and not _PAST.search(document.words(s))]
    return " ".join(document.words(s) for s in kept)


def _signs(about: str) -> list[str]:
    signs = []
    if _DEEP.search(about) and not _NOT_DEEP.search(about):
        signs.append("deep")
    if any(size.longest_mm > SUSPICIOUS_ABOVE_MM for size in sizes(about)):
        signs.append("over 5 cm")
    if _GROWS.search(about) and not _NOT_GROWING.search(about):
        signs.append("growing")
    return signs
