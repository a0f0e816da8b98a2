"""Sides, genes, variants, star alleles, dates and other identifiers in a sentence, each in one normal form.

Variant forms follow the HGVS nomenclature (den Dunnen 2016, doi 10.1002/humu.22981); star alleles follow PharmVar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.verify.quantities import quantities
from agent.verify.text import lexicon, lexicon_pattern, phrase_pattern
from knowledge.facts import vocabulary

_THREE = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*",
}  # fmt: skip
_AA = "|".join(_THREE)
_ONE = "[ACDEFGHIKLMNPQRSTVWY]"
_HGVS = re.compile(r"(?:\b[NLX][A-Z]_?\d+(?:\.\d+)?(?:\([A-Z0-9-]+\))?:)?\b[cgmnr]\.[*\-]?\d[\w+\-*_>=]*[\w>=]")
_PROTEIN_LONG = re.compile(rf"(?:p\.)?\(?\b(?P<ref>{_AA})(?P<at>\d+)(?P<rest>(?:{_AA}|\*|=|fs|del|dup|ins|_)[\w*]*)\)?")
_PROTEIN_SHORT = re.compile(
    rf"(?:p\.\(?|(?<![A-Za-z0-9]))(?P<ref>{_ONE})(?P<at>[1-9]\d{{1,3}})(?P<rest>{_ONE}|\*|=|X|fs\*?\d*|del|dup)(?![A-Za-z0-9])\)?"
)
_STAR = re.compile(r"(?<![A-Za-z0-9])(?:(?P<gene>[A-Z][A-Z0-9-]{2,9}))?(?P<allele>\*\d+(?::\d+)*[A-Z]?(?:x\d+|xN)?)")
_RSID = re.compile(r"(?<![A-Za-z0-9])rs\d{2,}(?!\d)")
_PLACE = re.compile(
    r"(?<![A-Za-z0-9])(?:chr)?(?P<c>[1-9]|1\d|2[0-2]|X|Y|MT?):(?:g\.)?(?P<p>\d{4,})"
    r"(?:[ :]?(?P<r>[ACGT]+)[>/:](?P<a>[ACGT]+))?"
)
_EXON = re.compile(r"(?:\bexon|外显子)\s?(?P<n>\d+)|第?(?P<z>\d+)\s?号?外显子", re.IGNORECASE)
_EVENT = re.compile(
    r"(?P<del>\bdeletions?|缺失)|(?P<ins>\binsertions?|插入)|(?P<skip>\bskipping|跳跃)|(?P<dup>\bduplications?|重复)",
    re.I,
)
_DATE = re.compile(r"(?<!\d)(?P<y>\d{4})[-/年](?P<m>0?[1-9]|1[0-2])(?:[-/月](?P<d>\d{1,2})日?|月)?(?!\d)")
_SYMBOL = re.compile(
    r"(?<![A-Za-z0-9.*])(?:HLA-[A-Z]+\d?|[A-Z]{2}[A-Z0-9]{0,7}|[A-Z][A-Z0-9]{1,8}|C\d+orf\d+)(?![A-Za-z0-9*]|\.\d)"
)
_MIXED = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9])")
_ROMAN = re.compile(
    r"\bstage:?\s+(?:is\s+|was\s+)?(?P<en>IV[A-C]?|I{1,3}[A-C]?\d?|[0-4])(?![A-Za-z])|(?P<zh>IV[A-C]?|I{1,3}[A-C]?\d?)\s*期"
)

_COUNTED = re.compile(r"(?<![A-Za-z0-9])\d+(?:\.\d+)?-?[A-Za-z]+-old|\d+-(?:year|month|week|day|hour|fold)s?\b")
_NUMERAL = re.compile(r"(?:I{1,3}|IV|VI{0,3}|IX|X)[A-D]?\d?")


@dataclass(frozen=True)
class Names:
    """What a text names. `rest` is the text with names and dates blanked out, for reading numbers."""

    sides: frozenset[str]
    sites: frozenset[str]
    genes: frozenset[str]
    variants: frozenset[str]
    dates: frozenset[str]
    stages: frozenset[str]
    identifiers: frozenset[str]
    rest: str


@lru_cache(maxsize=1)
def known_genes() -> frozenset[str]:
    """Gene symbols that the vocabulary of facts names."""
    found = set()
    for name in vocabulary():
        parts = name.split(".")
        if parts[0] in ("biomarker", "germline", "phenotype", "diplotype") and re.fullmatch(
            r"[A-Z][A-Z0-9-]+", parts[1]
        ):
            found.add(parts[1])
    return frozenset(found)


def names(text: str) -> Names:
    """Read the names in `text` (normalised)."""
    blanked = text
    dates, blanked = _take(_DATE, blanked, _date)
    words, blanked = _worded_dates(blanked)
    variants, blanked = _variants(blanked)
    stages, blanked = _take(_ROMAN, blanked, lambda m: (m["en"] or m["zh"]).upper())
    genes = _genes(_ROMAN.sub(" ", text))
    identifiers = {m[0].casefold() for m in _MIXED.finditer(_without_units(_without_numbers(blanked)))}
    return Names(
        sides=_groups(text, "sides"),
        sites=_groups(text, "sites"),
        genes=frozenset(genes),
        variants=frozenset(variants),
        dates=frozenset(dates | words),
        stages=frozenset(stages),
        identifiers=frozenset(i for i in identifiers if i.upper() not in genes),
        rest=blanked,
    )


def _take(pattern: re.Pattern[str], text: str, form: object) -> tuple[set[str], str]:
    found = {form(match) for match in pattern.finditer(text)}  # type: ignore[operator]
    return found, pattern.sub(lambda m: " " * len(m[0]), text)


def _date(match: re.Match[str]) -> str:
    day = f"-{int(match['d']):02d}" if match["d"] else ""
    return f"{match['y']}-{int(match['m']):02d}{day}"


def _worded_dates(text: str) -> tuple[set[str], str]:
    months = lexicon()["months"]
    names_ = "|".join(months)
    pattern = re.compile(
        rf"(?<!\d)(?:(?P<d>\d{{1,2}}) )?\b(?P<m>{names_})\b(?: (?P<e>\d{{1,2}}),)? (?P<y>\d{{4}})(?!\d)", re.IGNORECASE
    )

    def form(match: re.Match[str]) -> str:
        day = match["d"] or match["e"]
        return f"{match['y']}-{months[match['m'].lower()]:02d}" + (f"-{int(day):02d}" if day else "")

    return _take(pattern, text, form)


def _variants(text: str) -> tuple[set[str], str]:
    found, text = _take(_RSID, text, lambda m: m[0])
    places, text = _take(_PLACE, text, _place)
    coding, text = _take(_HGVS, text, lambda m: m[0].rpartition(":")[2])
    long, text = _take(_PROTEIN_LONG, text, lambda m: _protein(m["ref"], m["at"], m["rest"]))
    short, text = _take(_PROTEIN_SHORT, text, lambda m: _protein(m["ref"], m["at"], m["rest"]))
    stars, text = _take(_STAR, text, lambda m: m["allele"])
    exons = {f"exon {m['n'] or m['z']}" for m in _EXON.finditer(text)}
    events = {next(k for k, v in m.groupdict().items() if v) for m in _EVENT.finditer(text)} if exons else set()
    text = _EXON.sub(lambda m: " " * len(m[0]), text)
    return found | places | coding | long | short | stars | exons | events, text


def _place(match: re.Match[str]) -> str:
    change = f"{match['r']}>{match['a']}" if match["r"] else ""
    return f"{match['c']}:{match['p']}{change}"


def _protein(ref: str, at: str, rest: str) -> str:
    for three, one in _THREE.items():
        ref, rest = ref.replace(three, one), rest.replace(three, one)
    return f"p.{ref}{at}{rest.replace('X', '*')}"


@lru_cache(maxsize=1)
def _abbreviations() -> frozenset[str]:
    return frozenset(lexicon()["abbreviations"])


def _genes(text: str) -> set[str]:
    dull, known = _abbreviations(), known_genes()
    found: set[str] = set()
    for match in _SYMBOL.finditer(text):
        symbol = match[0]
        if _PROTEIN_SHORT.fullmatch(symbol) or _NUMERAL.fullmatch(symbol):
            continue
        if symbol in known or (symbol not in dull and len(symbol) >= 3 and not re.fullmatch(r"[A-Z]\d+[A-Z]?", symbol)):
            found.add(symbol)
    found.update(m["gene"] for m in _STAR.finditer(text) if m["gene"])
    return found


@lru_cache(maxsize=1)
def _units_with_digits() -> re.Pattern[str]:
    return phrase_pattern(tuple(unit for unit in lexicon()["units"] if any(c.isdigit() for c in unit)))


def _without_numbers(text: str) -> str:
    for found in quantities(text):
        text = text[: found.start] + " " * (found.end - found.start) + text[found.end :]
    return text


def _without_units(text: str) -> str:
    return _COUNTED.sub(" ", _units_with_digits().sub(" ", text))


def _groups(text: str, kind: str) -> frozenset[str]:
    masked = text
    if kind == "sides":
        masked = lexicon_pattern("not_sides").sub(lambda m: "\x00" * len(m[0]), text)
    return frozenset(name for name in lexicon()[kind] if lexicon_pattern(kind, name).search(masked))
