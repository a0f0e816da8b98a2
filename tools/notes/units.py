"""Units as notes write them, translated to UCUM."""

from __future__ import annotations

import re
from functools import lru_cache

from tools.notes.document import lexicon


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.IGNORECASE), unit) for pattern, unit in lexicon("units")["units"]]


def unit_at(text: str, position: int) -> tuple[str, int] | None:
    """The UCUM unit that begins at `position` (longest reading) and where it ends; None if there is none."""
    best: tuple[str, int] | None = None
    for pattern, unit in _patterns():
        match = pattern.match(text, position)
        if match is not None and match.end() > position and (best is None or match.end() > best[1]):
            best = (unit, match.end())
    return best
