"""What the conversation says of a gene: a germline variant that was reclassified or is in another gene, a normal
phenotype."""

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


# `TPMT were normal`, `NUDT15正常`: what a laboratory calls normal is the normal metaboliser.
_NORMAL = re.compile(
    rf"{_GENE}(?:\s+(?:genotype|activity|function|status|phenotype|result))?\s+(?:is|was|were|be|came back|comes back)"
    r"\s+(?:also\s+|in fact\s+)?(?:normal|wild[- ]type)\b"
    r"|(?P<zh>[A-Z][A-Z0-9]{2,7})(?:基因型?|活性|功能)?(?:也|均|都|是|为|属)?正常",
)
_G6PD = re.compile(r"\bG6PD\b[^.;。；]{0,40}?\b(?P<said>defici\w+|normal)|G6PD(?P<zh>缺乏|正常)", re.I)


# `She tests positive for the MLH1 variant`: of the germline, unless the sentence speaks of the tumour.
_TESTED = re.compile(
    r"\b(?:tests?|tested|is|are|was|were|comes? back)\s+(?P<result>positive|negative)\s+for\s+"
    r"(?:the\s+|a\s+|her\s+|his\s+)?(?:familial\s+|family\s+|pathogenic\s+)*(?P<gene>[A-Z][A-Z0-9]{2,7})(?![A-Za-z0-9])"
)

_OF_TUMOUR = re.compile(r"\btumou?r|\bsomatic|\bbiops|\btissue|\bctDNA\b|\bresection|肿瘤|体细胞|组织", re.I)


def phenotypes_told(text: str) -> Iterator[Finding]:
    """`phenotype.*` of a gene that is called normal, and G6PD deficiency, in the words of a conversation."""
    for match in _NORMAL.finditer(text):
        name = f"phenotype.{match['gene'] or match['zh']}"
        normal = vocabulary()[name].values if name in vocabulary() else {}
        code = next((c for c in ("normal_metabolizer", "normal_function") if c in normal), None)
        if code is not None:
            yield _whole(Fact(name=name, value=code), match)
    for match in _G6PD.finditer(text):
        if not _DENIED.search(match[0]):
            deficient = (match["said"] or match["zh"]).casefold() not in ("normal", "正常")
            yield _whole(Fact(name="condition.g6pd_deficiency", value=deficient), match)


def _whole(fact: Fact, match: re.Match[str]) -> Finding:
    return Finding(fact=fact, start=match.start(), end=match.end(), quote=match[0], negated=fact.value is False)


def germline_told(text: str) -> Iterator[Finding]:
    """`germline.*` facts that a sentence of the conversation sets: false once reclassified, true in the gene named."""
    for match in _RECLASSIFIED.finditer(text):
        if _DENIED.search(match[0]):
            continue
        yield from _finding(match["gene"] or match["zh"], False, match)
    for match in () if _OF_TUMOUR.search(text) else _TESTED.finditer(text):
        yield from _finding(match["gene"], match["result"] == "positive", match)
    for match in () if _UNCERTAIN.search(text) else _IN_GENE.finditer(text):
        yield from _finding(match["gene"], True, match)
        if match["other"]:
            yield from _finding(match["other"], False, match)


def _finding(gene: str, value: bool, match: re.Match[str]) -> Iterator[Finding]:
    name = f"germline.{gene}"
    if name in vocabulary():
        yield _whole(Fact(name=name, value=value), match)
