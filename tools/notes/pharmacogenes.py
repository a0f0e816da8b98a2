"""Drug-gene results as notes write them: a diplotype (`TPMT *1/*3A`), a DPYD variant, or the phenotype in words.

A diplotype is given CPIC's phenotype by the same tables as a call from a variant file (`tools/pgx`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import vocabulary
from tools.notes.document import Document
from tools.notes.tumour_context import Said, said

_GENES = r"DPYD|TPMT|NUDT15|UGT1A1|CYP2D6|CYP2C19|CYP2C9|CYP2B6|CYP3A5|SLCO1B1"
_GENE = re.compile(rf"(?<![A-Za-z0-9])(?P<g>{_GENES})(?![0-9])", re.A)
_STARS = re.compile(r"^[^.;。；\n*]{0,30}?\(?(?P<a>\*\d{1,3}[A-Z]?)\s*/\s*(?P<b>\*\d{1,3}[A-Z]?)(?![0-9])", re.A)
_PHENOTYPE = re.compile(
    r"^[^.;。；\n]{0,40}?(?:\b(?P<w>ultra-?rapid|rapid|normal|extensive|intermediate|poor)\s+(?:metaboli[sz]er|"
    r"function)|"
    r"\b(?P<s>UM|NM|IM|PM)\b|(?P<z>超快|快|正常|中间|慢)代谢型?)",
    re.I,
)
_WORDS = {
    "ultrarapid": "ultrarapid_metabolizer", "rapid": "rapid_metabolizer", "normal": "normal_metabolizer",
    "extensive": "normal_metabolizer", "intermediate": "intermediate_metabolizer", "poor": "poor_metabolizer",
    "um": "ultrarapid_metabolizer", "nm": "normal_metabolizer", "im": "intermediate_metabolizer",
    "pm": "poor_metabolizer",
    "超快": "ultrarapid_metabolizer", "快": "rapid_metabolizer", "正常": "normal_metabolizer", "中间": "intermediate"
    "_metabolizer",
    "慢": "poor_metabolizer",
}  # fmt: skip
_DOUBT = re.compile(
    r"\b(?:not|no|never|nor|neither|without|exclud\w*|unlikely|likely|possibl[ey]|suspected|if)\b|非|不是|可能|疑似",
    re.I,
)
# The four DPYD variants that CPIC 2017 (doi 10.1002/cpt.911) acts on, as they are written.
_DPYD = {
    r"c\.1905\s?\+\s?1\s?G>A|\*2A": "c.1905+1G>A (*2A)",
    r"c\.2846\s?A>T|D949V": "c.2846A>T",
    r"c\.1679\s?T>G|\*13\b": "c.1679T>G (*13)",
    r"c\.1236\s?G>A|c\.1129-5923\s?C>G|HapB3": "c.1129-5923C>G, c.1236G>A (HapB3)",
}
_HET = re.compile(r"heterozyg|\*1\s*/|杂合", re.I)
_HOM = re.compile(r"homozyg|纯合", re.I)
_NONE = re.compile(
    r"^[^.;。；\n]{0,60}?(?:wild[- ]?type|no (?:pathogenic |risk |decreased[- ]function )?variants?|negative|"
    r"not detected|"
    r"野生型|未检出|阴性)",
    re.I,
)


def pharmacogene_facts(document: Document) -> Iterator[Said]:
    """Phenotype facts of the drug genes that the note reports."""
    for match in _GENE.finditer(document.text):
        tail = document.text[match.end() : document.sentence_at(match.start()).end]
        following = _GENE.search(tail)
        tail = tail[: following.start()] if following else tail
        yield from _of_gene(document, match["g"], tail, match.start(), match.end())


def _of_gene(document: Document, gene: str, tail: str, start: int, end: int) -> Iterator[Said]:
    stars, words = _STARS.match(tail), _PHENOTYPE.match(tail)
    variant = _dpyd(tail) if gene == "DPYD" else None
    if variant is not None:
        yield from _called(document, gene, variant[0], start, end + variant[1])
    elif stars is not None and gene != "DPYD":
        yield from _called(document, gene, f"{stars['a']}/{stars['b']}", start, end + stars.end())
    elif words is not None and not _is_doubted(document, start, tail[: words.end()]):
        code = _WORDS[(words["w"] or words["s"] or words["z"]).lower().replace("-", "")]
        spec = vocabulary().get(f"phenotype.{gene}")
        if spec is not None and code in spec.values:
            made = said(document, spec.name, code, start, end + words.end())
            if made is not None:
                yield made


def _is_doubted(document: Document, start: int, words: str) -> bool:
    """Whether a phenotype in words is denied, or only likely: CPIC keeps likely phenotypes apart."""
    before = document.text[max(document.sentence_at(start).start, start - 25) : start]
    return _DOUBT.search(f"{before} {words}") is not None


def _dpyd(tail: str) -> tuple[str, int] | None:
    """The diplotype that a DPYD variant with its zygosity stands for, and how far the words reach."""
    for pattern, allele in _DPYD.items():
        match = re.search(pattern, tail)
        if (
            match is None
            or _NONE.match(tail[match.end() :])
            or re.search(r"\b(?:no|not)\b[^,;]{0,20}$", tail[: match.start()])
        ):
            continue
        near = tail[max(0, match.start() - 25) : match.end() + 40]
        if _HOM.search(near):
            return f"{allele}/{allele}", match.end()
        if _HET.search(near):
            return f"Reference/{allele}", match.end()
    return None


def _called(document: Document, gene: str, diplotype: str, start: int, end: int) -> Iterator[Said]:
    from tools.pgx.definitions import definitions
    from tools.pgx.report import outside_call

    try:
        facts = outside_call(definitions(), f"{gene}={diplotype}").facts
    except (ToolRetry, ToolFailed):
        return
    for fact in facts:
        made = said(document, fact.name, fact.value, start, end, fact.unit, f"{gene} {diplotype} by CPIC")
        if made is not None:
            yield made
