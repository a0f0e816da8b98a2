"""Units as notes write them, translated to UCUM."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tools.notes.document import lexicon


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(pattern.replace(r"\s*/\s*", r"\s*(?:/|\bper\b)\s*"), re.IGNORECASE), unit)
        for pattern, unit in lexicon("units")["units"]
    ]


def unit_at(text: str, position: int, fits: Callable[[str], bool] | None = None) -> tuple[str, int] | None:
    """The UCUM unit that begins at `position` (longest reading) and where it ends; None if there is none.

    Of two units that are written alike (`G/L`, `g/L`) the one that `fits` is taken.
    """
    best: tuple[str, int] | None = None
    for pattern, unit in _patterns():
        match = pattern.match(text, position)
        if match is None or match.end() <= position:
            continue
        longer = best is None or match.end() > best[1]
        better = fits is not None and best is not None and match.end() == best[1] and not fits(best[0]) and fits(unit)
        if longer or better:
            best = (unit, match.end())
    return best


_CONVENTIONAL = re.compile(r"mg\s*/\s*d\s?l\b|g\s*/\s*d\s?l\b|mg\s?%", re.IGNORECASE)
_SI = re.compile(r"[µμu]mol\s*/\s*l\b", re.IGNORECASE)
_BARE_CREATININE = re.compile(
    r"\b(?:creatinine|SCr|Cr|creat)\b\s*(?:level\s*)?(?:of|was|is|[:=])?\s*(?P<n>\d{1,4}(?:\.\d+)?)(?![\d.]*\d)"
    r"(?!\s*(?:[µμu]?mol|mg|ml))",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def unit_system(text: str) -> str | None:
    """`conventional` (mg/dL) or `SI` (µmol/L) where a note writes, or by its creatinine means, only one of them."""
    conventional, si = _CONVENTIONAL.search(text) is not None, _SI.search(text) is not None
    if not conventional and not si:
        values = [float(match["n"]) for match in _BARE_CREATININE.finditer(text)]
        conventional, si = any(v < 15 for v in values), any(v >= 30 for v in values)
    if conventional == si:
        return None
    return "conventional" if conventional else "SI"
