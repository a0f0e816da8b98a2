"""That a nodule has grown, where a later scan told of in the conversation gives it a larger size than was known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.factbook import FactBook
from knowledge.facts import Fact
from tools.notes.finding import Finding

# An increase of 2 mm or more is growth: MacMahon 2017, doi 10.1148/radiol.2017161659.
GROWTH_MM = 2.0
_SIZES = ("nodule.mean_diameter", "nodule.longest_diameter")
_LATER = re.compile(
    r"\b(?:now|new (?:CT|scan|imaging)|repeat(?:ed)?|follow[- ]?up|latest|today|later|since then|"
    r"has (?:grown|increased)|grew|(?:this|last) (?:week|month)|control (?:CT|scan)|CT (?:of|on|from)\b|"
    r"\d+ (?:weeks?|months?|years?) on)\b|复查|随访|现(?:在|为)|目前|最新|新(?:的)?CT|增大|此次|本次",
    re.I,
)
_CORRECTS = re.compile(
    r"\b(?:not \d|typo|mistake|wrong|correct(?:ion|ed)?|misread|sorry|actually|rather than|instead of)\b"
    r"|更正|写错|应为|而不是",
    re.I,
)


def grown(text: str, found: Sequence[Finding], known: FactBook) -> list[Finding]:
    """`nodule.growing`, true, of the first size in `found` that exceeds the known one by 2 mm.

    A correction of the size is no growth, nor is a size of which nothing says that it is later.
    """
    if not _LATER.search(text) or _CORRECTS.search(text):
        return []
    if any(item.fact.name == "nodule.growing" for item in found):
        return []
    for item in found:
        before = known.get(item.fact.name) if item.fact.name in _SIZES else None
        if before is not None and _mm(item.fact) - _mm(before.fact) >= GROWTH_MM:
            return [item.model_copy(update={"fact": Fact(name="nodule.growing", value=True), "negated": False})]
    return []


def _mm(fact: Fact) -> float:
    return float(str(fact.canonical()))
