"""What the conversation says of a gene of the germline: a variant that was reclassified, or that is in another gene."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.facts import Fact, vocabulary
from tools.notes.finding import Finding

_GENE = r"(?<![A-Za-z0-9])(?P<gene>[A-Z][A-Z0-9]{2,7})(?![A-Za-z0-9])"
# `The BRCA1 variant is now of uncertain significance`: what was held to be pathogenic is not.
_RECLASSIFIED = re.compile(
    rf"{_GENE}(?:\s+(?:germline\s+)?(?:variant|mutation|result))?\s+(?:is|was|has been|now)\b[^.;?]{{0,40}}?"
    r"(?:(?:uncertain|unknown) significance|\bVUS\b|\bbenign\b|withdrawn)|"
    r"(?P<zh>[A-Z][A-Z0-9]{2,7})(?:胚系)?变异[^，。；]{0,12}(?:意义(?:未明|不明)|良性|撤回)",
)
_DENIED = re.compile(r"\bnot\b|n['’]t\b|\bnever\b|\bno longer\b|不是|并非", re.I)
# `The variant is in BRCA2 and not in BRCA1`; said of an uncertain one it tells nothing.
_UNCERTAIN = re.compile(r"uncertain|unknown significance|\bVUS\b|\bbenign\b|意义(?:未明|不明)|良性", re.I)
_IN_GENE = re.compile(
    r"\bvariant\s+(?:is|were|was)\s+in\s+(?P<gene>[A-Z][A-Z0-9]{2,7})"
    r"(?:,?\s+(?:and\s+)?not\s+(?:in\s+)?(?P<other>[A-Z][A-Z0-9]{2,7}))?"
)


def germline_told(text: str) -> Iterator[Finding]:
    """`germline.*` facts that a sentence of the conversation sets: false once reclassified, true in the gene named."""
    for match in _RECLASSIFIED.finditer(text):
        if _DENIED.search(match[0]):
            continue
        yield from _finding(match["gene"] or match["zh"], False, match)
    for match in () if _UNCERTAIN.search(text) else _IN_GENE.finditer(text):
        yield from _finding(match["gene"], True, match)
        if match["other"]:
            yield from _finding(match["other"], False, match)


def _finding(gene: str, value: bool, match: re.Match[str]) -> Iterator[Finding]:
    name = f"germline.{gene}"
    if name in vocabulary():
        fact = Fact(name=name, value=value)
        yield Finding(fact=fact, start=match.start(), end=match.end(), quote=match[0], negated=not value)
