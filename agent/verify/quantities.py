"""Numbers with their units, as a sentence writes them, and when one supports another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from agent.verify.text import lexicon
from knowledge.errors import ToolRetry
from knowledge.units import convert

# A rounded number may differ from what it rounds by this share at most, so that 1.4 is not shown as 1.
LARGEST_ROUNDING = 0.10

_NUMBER = re.compile(r"(?<![A-Za-z0-9_.^*])(?<![A-Za-z]-)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_SIGN = re.compile(r"(?:^|[\s(=:≈~])-$")
# "and 9 more", at the end of a list that was cut, is about the list and not about the patient.
_REST_OF_LIST = re.compile(r"\band \d+ more(?=[.;,)]|$)|等另外\d+项")
_JOINT = re.compile(r"^\s*(?:-|~|–|to|and|or|x|×|/|by|至|到|和|或)\s*(?:to|and|or|至)?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Quantity:
    """A number as written: value, digits after the point, unit (UCUM code, or None), and where it stands."""

    value: float
    decimals: int
    unit: str | None
    text: str
    start: int
    end: int
    molar_mass_g_per_mol: float | None = None
    fact: str | None = None


@lru_cache(maxsize=1)
def _unit_pattern() -> re.Pattern[str]:
    spellings = sorted(lexicon()["units"], key=len, reverse=True)
    parts = (re.escape(s) + (r"(?![A-Za-z0-9/^])" if s[-1].isascii() and s[-1].isalnum() else "") for s in spellings)
    return re.compile(r"(?P<gap>\s?-?\s?)(?P<unit>" + "|".join(parts) + ")", re.IGNORECASE)


def quantities(text: str) -> list[Quantity]:
    """Every number of `text` (normalised) with its unit. In "6 to 12 mm" and "14 × 12 mm" both have the unit."""
    text = _REST_OF_LIST.sub(lambda m: "\x00" * len(m[0]), text)
    found: list[Quantity] = []
    for match in _NUMBER.finditer(text):
        if found and match.start() < found[-1].end:
            continue
        unit, end = _unit_after(text, match.end())
        if unit is None and re.match(r"[A-Za-z]", text[end:]):
            continue
        before = text[: match.start()]
        sign = -1.0 if _SIGN.search(before) else 1.0
        if before.endswith("百分之"):
            unit = "%"
        digits = match[0].replace(",", "")
        decimals = len(digits.partition(".")[2])
        found.append(Quantity(sign * float(digits), decimals, unit, text[match.start() : end], match.start(), end))
    return _shared_units(text, found + _in_words(text))


def _unit_after(text: str, at: int) -> tuple[str | None, int]:
    match = _unit_pattern().match(text, at)
    if match is None:
        return None, at
    return str(lexicon()["units"][match["unit"].lower()]), match.end()


def _in_words(text: str) -> list[Quantity]:
    found = []
    counters = "".join(lexicon()["chinese_counters"])
    for word, value in lexicon()["number_words"].items():
        pattern = rf"\b{word}\b" if word.isascii() else rf"(?<![十百第]){word}(?=[{counters}])"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            unit, end = _unit_after(text, match.end())
            found.append(Quantity(float(value), 0, unit, text[match.start() : end], match.start(), end))
    return sorted(found, key=lambda q: q.start)


def _shared_units(text: str, found: list[Quantity]) -> list[Quantity]:
    found = sorted(found, key=lambda q: q.start)
    for i in range(len(found) - 2, -1, -1):
        here, following = found[i], found[i + 1]
        if here.unit is None and following.unit is not None and _JOINT.match(text[here.end : following.start]):
            found[i] = replace(here, unit=following.unit)
    return found


def supports(source: Quantity, shown: Quantity) -> bool:
    """Whether `shown` is `source`, or a correct rounding of it to the digits shown, in the same or another unit."""
    value = _in_unit_of(source, shown)
    if value is None:
        return False
    if abs(value - shown.value) <= 1e-9 * max(1.0, abs(value)):
        return True
    half = 0.5 * 10.0**-shown.decimals
    error = abs(value - shown.value)
    return error <= half * (1 + 1e-9) and error <= LARGEST_ROUNDING * abs(value)


def same_number(source: Quantity, shown: Quantity) -> bool:
    """Whether the two agree in the bare number, whatever their units."""
    return supports(replace(source, unit=None), replace(shown, unit=None))


def _in_unit_of(source: Quantity, shown: Quantity) -> float | None:
    if source.unit == shown.unit:
        return source.value
    if source.unit is None or shown.unit is None:
        plain = {source.unit, shown.unit} <= {None, "1"}
        return source.value if plain else None
    if "{percentage points}" in (source.unit, shown.unit):
        return None
    return _converted(source.value, source.unit, shown.unit, source.molar_mass_g_per_mol)


@lru_cache(maxsize=8192)
def _converted(value: float, unit: str, to: str, molar_mass: float | None) -> float | None:
    try:
        return convert(value, unit, to, molar_mass)
    except ToolRetry:
        return None


def any_supports(sources: Iterable[Quantity], shown: Quantity) -> bool:
    """Whether any of `sources` supports `shown`."""
    return any(supports(source, shown) for source in sources)


def same_kind(source: Quantity, shown: Quantity) -> bool:
    """Whether the two units measure the same thing."""
    return _in_unit_of(source, shown) is not None
