"""Drug-gene results as notes write them: a diplotype (`TPMT *1/*3A`), a DPYD variant, an activity score, or the
phenotype in words before or after the gene; and whether the patient carries an HLA allele.

A diplotype or an activity score is given CPIC's phenotype by the same tables as a call from a variant file
(`tools/pgx`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import Fact, vocabulary
from tools.notes.document import Document
from tools.notes.tumour_context import Said, denial, said

_GENES = r"DPYD|TPMT|NUDT15|UGT1A1|CYP2D6|CYP2C19|CYP2C9|CYP2B6|CYP3A5|SLCO1B1"
_GENE = re.compile(rf"(?<![A-Za-z0-9])(?P<g>{_GENES})(?![0-9])", re.A)
_STARS = re.compile(r"^[^.;。；\n*]{0,30}?\(?(?P<a>\*\d{1,3}[A-Z]?)\s*/\s*(?P<b>\*\d{1,3}[A-Z]?)(?![0-9])", re.A)
# More copies than two (`*1/*2xN`): the phenotype in words counts, and without it none is given.
_COPIES = re.compile(r"^[^.;。；\n]{0,40}?\*\d{1,3}[A-Z]?\s?[x×]\s?(?:N|\d)", re.A)
_LEVEL = (
    r"(?:\b(?P<w>ultra[- ]?rapid|rapid|normal|extensive|intermediate|poor)\s+metaboli[sz](?:er|m)|"
    r"\b(?P<f>increased|normal|decreased|poor)\s+function)\b"
)
_PHENOTYPE = re.compile(
    rf"^[^.;。；\n]{{0,40}}?(?:{_LEVEL}|\b(?P<s>UM|NM|IM|PM)\b|(?P<z>超快|快|正常|中间|慢)代谢型?)", re.I
)
# `poor metaboliser of CYP2D6`: the phenotype right before its gene.
_PHENOTYPE_BEFORE = re.compile(rf"{_LEVEL}\s*(?:(?:of|for|by|at|via|with)\s+(?:the\s+)?|\(\s*)?$", re.I)
_SCORE = re.compile(
    r"^[^.;。；\n\d]{0,30}?(?:\bactivity score|(?-i:\bAS)\b|活性评分)\s*(?:\(AS\)\s*)?(?:is|was|of|[=:：为])?\s*"
    r"(?P<n>\d(?:\.\d{1,2})?)(?!\.?\d|\s*(?:-|–|to\b|or\b)\s*\d)",
    re.I,
)
_LEVELS = {
    "um": "ultrarapid", "nm": "normal", "im": "intermediate", "pm": "poor", "extensive": "normal",
    "超快": "ultrarapid", "快": "rapid", "正常": "normal", "中间": "intermediate", "慢": "poor",
}  # fmt: skip
_DOUBT = re.compile(
    r"\b(?:not|no|never|nor|neither|without|exclud\w*|unlikely|likely|possibl[ey]|probabl[ey]|suspected|whether|if|or)\b|"
    r"\b(?:normal|rapid|extensive|intermediate|poor)\s*(?:[-–/]|\bto\b)|非|不是|可能|疑似",
    re.I,
)
_OR_ANOTHER = re.compile(r"\s*(?:or\b|/)")
_ALLELE = re.compile(r"(?<![A-Za-z0-9])(?:HLA[- ]?)?(?P<a>[AB]\s?\*?\s?\d\d(?::?\d\d)?)(?![\d:])", re.A)
_RESULT = re.compile(
    r"^\)?(?:[\s:：(,=-]|\b(?:alleles?|genotype|status|carrier status|test(?:ing)?|screen(?:ing)?|result|is|was)\b|"
    r"等位基因|检测|结果|基因)*"
    r"(?:(?P<neg>negative|neg\b|-ve\b|absent|not (?:detected|present|found|carried)|non-?carrier|"
    r"none\b|阴性|未检出|未携带)|"
    r"(?P<pos>(?:positive|pos\b|\+ve\b|present|detected|carrier\b|heterozyg\w+|homozyg\w+|阳性|携带者?)"
    r"(?!\s*(?:status|[:：?？]|patients?|individuals?|people|persons?|subjects?|carriers|test\w*|screen\w*|no\b))))",
    re.I,
)
_CARRIES = re.compile(
    r"(?:\bcarrier (?:of|for)|\bcarr(?:y|ies|ied|ying)|\b(?:positive|negative|heterozygous|homozygous) for|携带)\s*"
    r"(?:the |an? )?$",
    re.I,
)
_NOT_BESIDE = re.compile(
    r"\b(?:not|no|never|neither|nor|without)\s+(?:an? |known to be |found to be )?$|(?:非|不是|无)$", re.I
)
# The four DPYD variants that CPIC 2017 (doi 10.1002/cpt.911) acts on, as they are written.
_DPYD = {
    r"c\.1905\s?\+\s?1\s?G>A|\*2A": "c.1905+1G>A (*2A)",
    r"c\.2846\s?A>T|D949V": "c.2846A>T",
    r"c\.1679\s?T>G|\*13\b": "c.1679T>G (*13)",
    r"c\.1236\s?G>A|c\.1129-5923\s?C>G|HapB3": "c.1129-5923C>G, c.1236G>A (HapB3)",
}
_HET = re.compile(r"heterozyg|\bhet\b|\*1\s*/|杂合", re.I)
_HOM = re.compile(r"homozyg|\bhom\b|纯合", re.I)
_NONE = re.compile(
    r"^[^.;。；\n]{0,60}?(?:wild[- ]?type|no (?:pathogenic |risk |decreased[- ]function )?variants?|negative|"
    r"not detected|"
    r"野生型|未检出|阴性)",
    re.I,
)


def pharmacogene_facts(document: Document) -> Iterator[Said]:
    """Phenotypes of drug genes, activity scores and HLA alleles that the note reports of the patient."""
    for match in _GENE.finditer(document.text):
        sentence = document.sentence_at(match.start())
        tail = document.text[match.end() : sentence.end]
        following = _GENE.search(tail)
        tail = tail[: following.start()] if following else tail
        found = list(_of_gene(document, match["g"], tail, match.start(), match.end()))
        yield from found or _before_gene(document, match["g"], sentence.start, match.start(), match.end())
    yield from _alleles(document)


def _of_gene(document: Document, gene: str, tail: str, start: int, end: int) -> Iterator[Said]:
    stars, words, score = _STARS.match(tail), _PHENOTYPE.match(tail), _SCORE.match(tail)
    variant = _dpyd(tail) if gene == "DPYD" else None
    if variant is not None:
        yield from _called(document, gene, variant[0], start, end + variant[1])
    elif stars is not None and gene != "DPYD" and not _COPIES.match(tail):
        yield from _called(document, gene, f"{stars['a']}/{stars['b']}", start, end + stars.end())
    elif score is not None and not _is_doubted(document, start, tail[: score.end()]):
        yield from _scored(document, gene, float(score["n"]), start, end + score.end())
    elif words is not None and not _is_doubted(document, start, tail[: words.end()]):
        level = words["w"] or words["s"] or words["z"]
        yield from _phenotype(document, gene, level, words["f"], start, end + words.end())


def _before_gene(document: Document, gene: str, first: int, start: int, end: int) -> Iterator[Said]:
    words = _PHENOTYPE_BEFORE.search(document.text[max(first, start - 60) : start])
    if words is not None and not _OR_ANOTHER.match(document.text, end):
        begin = start - len(words[0])
        if not _is_doubted(document, begin, document.text[begin:start]):
            yield from _phenotype(document, gene, words["w"], words["f"], begin, end)


def _phenotype(
    document: Document, gene: str, level: str | None, function: str | None, start: int, end: int
) -> Iterator[Said]:
    """A phenotype in words, where the gene has it: metabolism for enzymes, function for transporters."""
    from tools.pgx.phenotypes import phenotype_code

    if level is not None:
        plain = re.sub(r"[- ]", "", level.lower())
        code = phenotype_code(gene, f"{_LEVELS.get(plain, plain)} metabolizer")
    else:
        code = phenotype_code(gene, f"{function} function")
    made = said(document, f"phenotype.{gene}", code, start, end) if code is not None else None
    if made is not None:
        yield made


def _scored(document: Document, gene: str, score: float, start: int, end: int) -> Iterator[Said]:
    """An activity score, with the phenotype that CPIC gives to it."""
    from tools.pgx.definitions import definitions
    from tools.pgx.phenotypes import phenotype_facts

    known = definitions().genes.get(gene)
    called = next((p for p in known.phenotypes.values() if p[1] == str(score)), None) if known else None
    if known is not None and called is not None:
        yield from _said(
            document, phenotype_facts(known, called), start, end, f"{gene} activity score {score:g} by CPIC"
        )


@lru_cache(maxsize=1)
def _hla() -> dict[str, str]:
    """The fact of each HLA allele, by its letter and digits: `B5701` -> `hla.B_57_01`."""
    names = [name for name in vocabulary() if re.fullmatch(r"hla\.[AB](?:_\d\d){1,2}", name)]
    return {name.removeprefix("hla.").replace("_", ""): name for name in names}


def _alleles(document: Document) -> Iterator[Said]:
    for match in _ALLELE.finditer(document.text):
        name = _hla().get(re.sub(r"[^AB\d]", "", match["a"]))
        if name is None or ("HLA" not in match[0] and "*" not in match[0]):
            continue
        sentence = document.sentence_at(match.start())
        before, after = document.text[sentence.start : match.start()], document.text[match.end() : sentence.end]
        carries, result = _CARRIES.search(before), _RESULT.match(after)
        start, end, value = match.start(), match.end(), None
        if carries is not None:
            denied = denial(document, match.start(), match.end())
            start, value = (denied[0], False) if denied else (start - len(carries[0]), True)
        elif result is not None and result["neg"] is not None:
            end, value = end + result.end(), False
        elif result is not None:
            refused = _NOT_BESIDE.search(before)
            start, end, value = start - len(refused[0]) if refused else start, end + result.end(), refused is None
        made = said(document, name, value, start, end) if value is not None else None
        if made is not None:
            yield made


def _is_doubted(document: Document, start: int, words: str) -> bool:
    """Whether a phenotype in words is denied, or only likely: CPIC keeps likely phenotypes apart."""
    before = document.text[max(document.sentence_at(start).start, start - 25) : start]
    return _DOUBT.search(f"{before} {words}") is not None


def _dpyd(tail: str) -> tuple[str, int] | None:
    """The diplotype that DPYD variants with their zygosity stand for, and how far the words reach.

    Two variants on one copy each are taken to lie on different copies, as CPIC 2017 does (doi 10.1002/cpt.911).
    """
    both = _STARS.match(tail)
    if both is not None and (named := [_dpyd_star(both[side]) for side in "ab"]) and all(named):
        return f"{named[0]}/{named[1]}", both.end()
    once: list[tuple[str, int]] = []
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
            once.append((allele, match.end()))
    if not once:
        return None
    alleles = [allele for allele, _ in once[:2]]
    first, second = alleles if len(alleles) == 2 else ("Reference", alleles[0])
    return f"{first}/{second}", max(end for _, end in once[:2])


def _dpyd_star(written: str) -> str | None:
    """The allele of a DPYD star name; None for one that CPIC 2017 does not act on."""
    if written == "*1":
        return "Reference"
    return next((allele for pattern, allele in _DPYD.items() if re.search(pattern, written)), None)


def _called(document: Document, gene: str, diplotype: str, start: int, end: int) -> Iterator[Said]:
    from tools.pgx.definitions import definitions
    from tools.pgx.report import outside_call

    try:
        facts = outside_call(definitions(), f"{gene}={diplotype}").facts
    except (ToolRetry, ToolFailed):
        return
    yield from _said(document, facts, start, end, f"{gene} {diplotype} by CPIC")


def _said(document: Document, facts: Iterable[Fact], start: int, end: int, why: str) -> Iterator[Said]:
    for fact in facts:
        made = said(document, fact.name, fact.value, start, end, fact.unit, why)
        if made is not None:
            yield made
