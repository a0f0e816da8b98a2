"""Microsatellite status and tumour mutational burden as people write them.

Deficient mismatch repair and high microsatellite instability are read as one marker, as the labels and guidelines take
them; low instability is not high.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from knowledge.errors import ToolRetry

THRESHOLD_PER_MB = 10.0
_INSTABILITY = r"(?:msi|microsatellite instability)"
_REPAIR = r"(?:mmr|mismatch repair)(?: proteins?)?"
_UNSTABLE = (
    rf"{_INSTABILITY} (?:h|high|positive)|msih|high (?:level |grade )?{_INSTABILITY}|microsatellites? (?:un|in)stable"
    rf"|unstable microsatellites|d ?mmr|mmr ?d|{_REPAIR} (?:deficient|deficiency)|deficient {_REPAIR}"
)
_STABLE = (
    rf"mss|{_INSTABILITY} (?:l|low|s|stable|negative)|low {_INSTABILITY}|microsatellites? (?:stable|stability)"
    rf"|stable microsatellites|p ?mmr|mmr ?p|{_REPAIR} (?:proficient|proficiency|intact)"
    rf"|(?:proficient|intact) {_REPAIR}"
)
_FILLER = re.compile(r"\b(?:the|tumou?r|status|phenotype|is|and|with|by|pcr|ihc|ngs|positive|detected)\b")
_BURDEN = re.compile(
    r"^(?P<before>high|low|高|低)?[\s-]*(?:tmb|tumou?r mutation(?:al)? (?:burden|load))(?![a-z])(?P<rest>.*)$", re.I
)
_AMOUNT = re.compile(
    r"(?P<sign><=|>=|[<>≤≥]|under|below|less than|over|above|more than|at least|at most)?\s*(?P<number>\d+(?:[.,]\d+)?)"
)
_UNIT = re.compile(r"(?:/|per|a)\s*1?\s*(?:mb\b|mbp\b|megabases?\b|百万)")
_LEAST = frozenset({">=", ">", "≥", "over", "above", "more than", "at least"})


class Marker(NamedTuple):
    """What was written: MSI, high or stable; or a burden, as a number a megabase, as high or not, or as both."""

    kind: Literal["msi", "tmb"]
    high: bool | None
    per_mb: float | None = None


def read_marker(text: str, plain: str) -> Marker | None:
    """The marker that `plain` (the text in one alphabet and one spacing) says; None where it is about something else.

    Raises:
        ToolRetry: it names a marker and does not say its result, or says two.
    """
    return _status(text, plain) or _burden(text, plain)


def _status(text: str, plain: str) -> Marker | None:
    words = " ".join(re.sub(r"[-_/,;:()+=]", " ", plain.casefold()).split())
    unstable, rest = re.subn(rf"\b(?:{_UNSTABLE})\b", "", words)[::-1]
    stable, rest = re.subn(rf"\b(?:{_STABLE})\b", "", rest)[::-1]
    if not (unstable or stable):
        left = re.sub(rf"\b(?:{_INSTABILITY}|{_REPAIR}|microsatellites?|unknown|result|pending|tested)\b", "", words)
        if left != words and not _FILLER.sub("", left).strip():
            raise ToolRetry(f"{text!r} does not say the result; write MSI-H or MSS, dMMR or pMMR.")
        return None
    if _FILLER.sub("", rest).strip():
        return None
    if unstable and stable:
        raise ToolRetry(f"{text!r} says that microsatellites are stable and that they are not; write one of the two.")
    return Marker("msi", bool(unstable))


def _burden(text: str, plain: str) -> Marker | None:
    found = _BURDEN.match(plain)
    if found is None:
        return None
    words = f"{found['before'] or ''} {found['rest']}".casefold()
    if re.search(r"exome|genome|\btotal\b|\bcoding\b", words):
        raise ToolRetry(f"{text!r}: write the burden as mutations per megabase, such as 'TMB 12 mut/Mb'.")
    plainly = _UNIT.sub(" ", words)
    amounts = list(_AMOUNT.finditer(plainly))
    if len(amounts) > 1:
        raise ToolRetry(f"{text!r} has more than one number; write the burden alone, such as 'TMB 12 mut/Mb'.")
    level = _level(_AMOUNT.sub(" ", plainly))
    if not amounts:
        if level is None:
            raise ToolRetry(f"{text!r} does not say how high the burden is; write it as 'TMB 12 mut/Mb' or 'TMB-high'.")
        return Marker("tmb", level)
    number = float(amounts[0]["number"].replace(",", "."))
    sign = amounts[0]["sign"]
    if not sign:
        return Marker("tmb", level, number)
    return Marker("tmb", _side(text, sign, number))


def _level(words: str) -> bool | None:
    if re.search(r"\b(?:low|l)\b|低", words):
        return False
    return True if re.search(r"\b(?:high|h|elevated)\b|高", words) else None


def _side(text: str, sign: str, bound: float) -> bool:
    """Whether everything beyond a bound is high (True) or not high (False)."""
    if sign in _LEAST and bound >= THRESHOLD_PER_MB:
        return True
    below = bound < THRESHOLD_PER_MB or (bound == THRESHOLD_PER_MB and sign not in ("<=", "≤", "at most"))
    if sign not in _LEAST and below:
        return False
    raise ToolRetry(f"{text!r} does not say on which side of {THRESHOLD_PER_MB:g} mutations per megabase it lies.")


__all__ = ["THRESHOLD_PER_MB", "Marker", "read_marker"]
