"""Initials of those who dictate, type, draw, give and sign, where a label, a stroke or a signature says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.dictionary import word_list
from tools.deid.identifiers import Identifier, Kind

_UNITS = word_list("units_beside")
_WORDS = word_list("no_initials") | _UNITS
_NONE = _WORDS | word_list("titles") | word_list("short_acronyms")
_ACRONYMS = word_list("acronyms")
_WHO = r"(?P<who>[A-Z]{2,3}|[a-z]{2,3})"
_END = r"(?=[ \t]*(?:[.;,)\]/\n|]|$)|[ \t]{2,}|[ \t]+(?:[A-Z][a-z]|[0-3]?\d[/:.-]))"
# `D: GS   T: lrr`, `(SJG/rmm)`, `typed 30/12/2021 TGK/tfj`.
_DICTATED = re.compile(
    r"(?<!\w)[DT][ \t]?[:/][ \t]?(?P<who>[A-Z]{2,3}|[a-z]{2,3})(?=[ \t]*(?:[,;.|/\n]|$)|[ \t]{2,}|[ \t]+[DT][ \t]?:)"
)
_PAIR = re.compile(
    r"(?:(?<=[\d(:])|(?<=\d[ \t])|(?<=[.:(][ \t])|^)(?P<who>[A-Z]{2,3})[/:](?P<typist>[a-z]{2,3})"
    r"(?=[ \t]*(?:[).,;|/\n]|$)|[ \t]{2,})",
    re.MULTILINE,
)
_LABELLED = re.compile(
    r"(?:\b(?i:typed|written|prepared|initials?|sign(?:ed|ature)?|sig|chk|ck|checked|(?:2nd|second|double)[ \t]"
    r"check(?:er)?|witness(?:ed)?|counter-?signed|verified|validated|released|noted|ok to (?:treat|give)|approved|"
    r"authori[sz]ed|tech(?:nician)?|scribe|entered|updated|amended|re-?v'?d|rec'?d|received|drawn|run|resulted|plated|"
    r"read)(?:[ \t](?i:by))?[ \t]?[.:]?[ \t]{1,4}"
    r"(?:[0-3]?\d[/.-][0-3]?\d[/.-](?:\d\d){1,2}[ \t]{1,4}|[0-2]?\d[:.]?[0-5]\d[ \t]{1,4})?|"
    r"\b(?:pulled|placed|removed|inserted|sited|given|hung|done|taken|confirmed|flushed|changed|faxed|phoned|called|"
    r"reported|filed|scanned|printed|sutured|closed|assisted|dispensed|screened)[ \t]by[ \t])" + _WHO + _END
)
# At the end of a line, after a stop or a gap: `e-mail a@b.org. JRE`, `RN Anna Lowe   HN`.
_SIGNED = re.compile(
    r"(?<=[^\n]{18}[.;!?)\]])[ \t]{1,4}(?P<who>[A-Z]{2,3})[ \t]{0,4}$|"
    r"(?<=[^\n]{18}\S[ \t]{3})[ \t]{0,8}(?P<end>[A-Z]{2,3})[ \t]{0,4}$",
    re.MULTILINE,
)
_ACTS = re.compile(
    r"(?<![\w/.-])(?P<who>[A-Z]{2,3})[ \t](?:is (?:on leave|off|away|covering|on call|back)|on leave|rang|phoned|"
    r"spoke|signed|typed|dictated|(?:will|to) (?:ring|phone|chase|sign|speak|cover)|covering)\b"
)
_COMMENT = re.compile(r"\[(?P<who>[A-Z]{2,3}):(?=[ \t])")
# `AB / CD   09:05`, `Anna Lowe / CD   11:20`.
_GIVEN = re.compile(
    r"(?:(?<![\w/])(?P<who>[A-Z]{2,3})[ \t]/[ \t]|[^\W\d_]{2}[ \t]/[ \t])(?P<second>[A-Z]{2,3})"
    r"[ \t]{1,6}[0-2]\d[:.]?[0-5]\d(?!\d)"
)
_AT = re.compile(r"(?<=:[ \t])(?P<who>[A-Z]{2,3})[ \t][0-2]\d:[0-5]\d(?=[ \t]*(?:\(|$))", re.MULTILINE)


def find_initials(text: str) -> Iterator[Identifier]:
    """The initials that a label, a stroke, a comment or a signature gives."""
    for pattern in (_DICTATED, _PAIR, _LABELLED, _SIGNED, _ACTS, _COMMENT, _GIVEN, _AT):
        for match in pattern.finditer(text):
            for group, shown in match.groupdict().items():
                if shown is not None and _may_be(shown, surely=pattern in (_DICTATED, _PAIR, _COMMENT, _GIVEN, _AT)):
                    yield Identifier(Kind.PERSON, match.start(group), match.end(group), "initials")


def _may_be(shown: str, *, surely: bool) -> bool:
    """`surely`: the place holds initials only, so that short forms of medicine may be some."""
    return shown.lower() not in (_WORDS if surely else _NONE) and (surely or shown not in _ACRONYMS)
