"""Oxygen that is breathed, how awake the patient is, and chronic hypercapnia: what NEWS2 and SOFA need of a note."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_PERCENT = r"(?P<n>2[2-9]|[3-9]\d|100)\s?%"
_INSPIRED = re.compile(
    rf"\b(?:on|with|breathing|at|under|receiving|through|given|of|via)\s+{_PERCENT}\s+"
    r"(?:inspired |humidified |high-flow )?(?:oxygen|O2|O₂)\b(?! sat)",
    re.I,
)
_VENTURI = re.compile(
    rf"{_PERCENT}\s*(?:\(?(?:via|by|through)?\s*)?(?:Venturi|venti-?mask|VM\b)|"
    rf"\b(?:Venturi|venti-?mask)(?: mask)?(?: at| on| set to|,|:)?\s*{_PERCENT.replace('<n>', '<m>')}|"
    rf"\b(?:A|V)BG\s*\(?(?:on\s+)?{_PERCENT.replace('<n>', '<k>')}|"
    rf"吸氧?浓度\D{{0,4}}{_PERCENT.replace('<n>', '<z>')}",
    re.I,
)
_ROOM_AIR = re.compile(r"\b(?:on|breathing|in|under|while on) (?:room|ambient) air\b|\broom air\b|未吸氧", re.I)
_NOT_AWAKE_OF = r"(?<!O2 )(?<!oxygen )(?<!drug )(?<!allergy )(?<!safety )(?<!medical )(?<!red )(?<!sepsis )"
# The scale of NEWS2: alert, new confusion, responds to voice, to pain, unresponsive.
_AWAKE = (
    ("unresponsive", r"(?i)\b(?:ACVPU|AVPU)\s*[:=]?\s*U\b|\bunresponsive\b(?! to\b)"),
    ("pain", r"(?i)\b(?:ACVPU|AVPU)\s*[:=]?\s*P\b|\brespond\w* (?:only )?to pain|仅?对疼痛有反应"),
    (
        "voice",
        r"(?i)\b(?:ACVPU|AVPU)\s*[:=]?\s*V\b|\b(?:respond\w*|rous\w+) (?:only )?to voice|呼之能应|呼唤(?:可|能)睁眼",
    ),
    ("confusion", r"(?i)\bACVPU\s*[:=]?\s*C\b|\b(?:new(?:ly)?|acute(?:ly)?) confus(?:ed|ion)"),
    (
        "alert",
        rf"\b(?:ACVPU|AVPU)\s*[:=]?\s*A\b|{_NOT_AWAKE_OF}\balert"
        r"(?=\s*(?:[,.;)\n]|$|and\b|&|x\s?3|\(|but\b|orient))(?!\s*\(?(?:card|bracelet))|"
        r"(?:^|[\n.;:])\s*Alert\b(?=[,.; ])(?! card)|神志清|神清|意识清",
    ),
)


def breathing_hits(document: Document) -> Iterator[Hit]:
    """Fraction of oxygen in %, whether oxygen is given, and consciousness on the scale of NEWS2."""
    yield from (found for found in (*_of_air(document.text), *_of_waking(document.text)) if found is not None)


def _of_air(text: str) -> Iterator[Hit | None]:
    for pattern in (_INSPIRED, _VENTURI):
        for match in pattern.finditer(text):
            percent = next(value for value in match.groupdict().values() if value)
            yield hit("resp.fio2", float(percent), "%", match.start(), match.end())
            yield hit("therapy.oxygen", True, None, match.start(), match.end())
    air = _ROOM_AIR.search(text)
    if air is not None:
        yield hit("resp.fio2", 21, "%", air.start(), air.end(), "room air is 21 % oxygen")


def _of_waking(text: str) -> Iterator[Hit | None]:
    """The worst that is told, so that a text with "alert" and "then unresponsive" is not called well."""
    for value, words in _AWAKE:
        match = re.search(words, text)
        if match is not None:
            yield hit("vital.consciousness", value, None, match.start(), match.end())
            return
