"""Everyday wordings of variants, in English and Chinese, to the forms that `written` reads.

Nothing here decides what a variant is: each function only offers the same words in another order or language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_CHINESE = (
    ("微卫星高度不稳定", "MSI-H"), ("微卫星不稳定-高", "MSI-H"), ("微卫星不稳定高", "MSI-H"), ("MSI高", "MSI-H"),
    ("微卫星稳定", "MSS"), ("野生型", " wild type "), ("丢失", " loss "), ("号外显子", "外显子"),
    ("错配修复功能缺陷", "dMMR"), ("错配修复缺陷", "dMMR"), ("错配修复完整", "pMMR"), ("肿瘤突变负荷", "TMB "),
    ("外显子", " exon "), ("跳跃", " skipping "), ("跳读", " skipping "),
    ("缺失", " deletion "),
    ("插入", " insertion "), ("扩增", " amplification "), ("融合", " fusion "), ("重排", " rearrangement "),
    ("易位", " translocation "), ("纯合", " "), ("杂合", " "), ("基因", " "),
    ("突变", " mutation "), ("变异", " variant "),
    ("启动子", " promoter "), ("阳性", " positive "), ("第", " "),
)  # fmt: skip
_GENE = r"(?P<gene>[A-Z][A-Z0-9-]{1,14}?)"
_WHAT = r"(?P<what>in-?frame del\w*|del\w*|in-?frame ins\w*|ins\w*|skip\w*|mutation)"
_EXON_FORMS = (
    rf"^{_GENE}[\s-]*(?:exon|ex|e)?[\s-]*(?P<n>\d{{1,2}})[\s-]*(?:exon)?[\s-]*{_WHAT}\b.*$",
    rf"^{_GENE}[\s-]*(?P<what>del|ins)(?:etions?|ertions?)?[\s-]*(?P<n>\d{{1,2}})$",
    rf"^(?:exon|ex)[\s-]*(?P<n>\d{{1,2}})[\s-]*{_WHAT}\s+(?:in|of)\s+(?:the\s+)?{_GENE}(?:\s+gene)?$",
    rf"^{_WHAT}\s+(?:in|of)\s+(?:the\s+)?{_GENE}\s+(?:exon|ex)\s*(?P<n>\d{{1,2}})$",
    rf"^{_GENE}\s+(?:exon|ex)\s*(?P<n>\d{{1,2}})\s*\(?(?P<what>in-?frame\s+del\w*|in-?frame\s+ins\w*)\)?$",
)
_NOISE = re.compile(
    r"[\s,]*(?:\(?(?:gene|somatic|germline|activating|pathogenic|hotspot|heterozygous|homozygous|mutations?|mutants?|mutated"
    r"|variants?|positive|detected|present|\+)\)?)$",
    re.IGNORECASE,
)
_CODING = re.compile(r"\bc\.[^\s,;()]+(?:\([^)]*\))?")
_PROTEIN = re.compile(r"\bp\.(?:\([^)]*\)|[^\s,;()]+)")


def unified(text: str) -> str:
    """Full-width signs and arrows as ASCII, Chinese words as English ones, single blanks."""
    plain = unicodedata.normalize("NFKC", text).replace("→", ">").replace("–", "-").replace("—", "-").replace("−", "-")
    for chinese, english in _CHINESE:
        plain = plain.replace(chinese, english)
    return " ".join(plain.split())


def candidates(text: str) -> Iterator[str]:
    """The text as unified, then rewritten, then without words that add nothing; each once."""
    seen: set[str] = set()
    for form in _forms(unified(text)):
        tidy = " ".join(form.split())
        if tidy and tidy not in seen:
            seen.add(tidy)
            yield tidy


def _forms(plain: str) -> Iterator[str]:
    yield plain
    yield from _exon(plain)
    shorter = plain
    while (cut := _NOISE.sub("", shorter)) != shorter:
        shorter = cut.strip()
        yield shorter
    yield from _capitals(shorter)
    for form in (plain, shorter):
        yield from _both_levels(form)
        yield from _fusion(form)
    exon = r"(?:(?:exon|ex)\s*\d+|\d+\s+exon|promoter)"
    if found := re.match(rf"^{_GENE}\s+{exon}[\s,:(]+(?P<rest>\S.*?)\)?$", shorter, re.IGNORECASE):
        yield f"{found['gene']} {found['rest']}"
    if found := re.match(
        r"^(?P<change>p?\.?[A-Z]\d+[A-Z*])\s+(?:in|of|on)\s+(?:the\s+)?(?P<gene>[A-Z][A-Z0-9-]+)$", shorter, re.I
    ):
        yield f"{found['gene']} {found['change']}"
    if found := re.match(r"^(?P<gene>[A-Z][A-Z0-9]*(?:-\d+)?)[-_ ]?(?P<change>[A-Z]\d{1,4}[A-Z*])$", shorter):
        yield f"{found['gene']} {found['change']}"
    if found := re.match(r"^(?P<gene>[A-Za-z][A-Za-z0-9-]{1,14})\s*\((?P<change>[^()]+)\)$", shorter):
        yield from _capitals(f"{found['gene']} {found['change']}")
    if found := re.match(r"^(?P<five>[A-Z0-9]+)(?:::|-)(?P<gene>[A-Z0-9]+)\s+(?P<change>[A-Z]\d+[A-Z])$", shorter):
        yield f"{found['gene']} {found['change']}"


def _capitals(plain: str) -> Iterator[str]:
    """`egfr l858r` and `Egfr leu858arg` in the usual capitals; `TERT -124C>T` with its `c.`, alleles as `7:1:A:T`."""
    yield plain
    if found := re.match(r"^(?P<gene>[a-z][a-z0-9-]{1,14})[\s:]+(?P<ref>[a-z])(?P<n>\d+)(?P<alt>[a-z*])$", plain, re.I):
        yield f"{found['gene'].upper()} {found['ref'].upper()}{found['n']}{found['alt'].upper()}"
    if found := re.match(
        r"^(?P<gene>[a-z][a-z0-9-]{1,14})[\s:]+(?:p\.)?\(?(?P<ref>[a-z]{3})(?P<n>\d+)(?P<alt>[a-z]{3})\)?$", plain, re.I
    ):
        yield f"{found['gene'].upper()} p.{found['ref'].title()}{found['n']}{found['alt'].title()}"
    bases = r"(?P<change>[-*]?\d+(?:[+-]\d+)?(?:_\d+(?:[+-]\d+)?)?(?:[ACGT]>[ACGT]|del[ACGT]*|dup[ACGT]*|ins[ACGT]+))"
    if found := re.match(rf"^(?P<gene>[A-Z][A-Z0-9-]{{1,14}})(?:\s+promoter)?[\s:]+{bases}$", plain):
        yield f"{found['gene']} c.{found['change']}"
    if found := re.match(r"^((?:chr)?(?:\d{1,2}|[XYM]T?)):(\d+)\s*([ACGT]+)>([ACGT]+)$", plain, re.IGNORECASE):
        yield ":".join(found.groups())


def _exon(plain: str) -> Iterator[str]:
    for form in _EXON_FORMS:
        found = re.match(form, plain, re.IGNORECASE)
        if found and found["gene"].upper() not in ("EXON", "EX"):
            what = re.sub(r"in-?frame\s+", "", found["what"].lower())
            word = {"d": "deletion", "i": "insertion", "s": "skipping", "m": "mutation"}[what[0]]
            yield f"{found['gene'].rstrip('-')} exon {found['n']} {word}"


def _both_levels(plain: str) -> Iterator[str]:
    """`GENE p.L858R (c.2573T>G)`, `GENE c.2573T>G, p.L858R` and `GENE L858R c.2573T>G` as gene, coding, protein."""
    coding, protein = _CODING.search(plain), _PROTEIN.search(plain)
    head = plain[: min(found.start() for found in (coding, protein) if found)] if coding or protein else ""
    gene = re.match(r"^([A-Z][A-Z0-9_.-]+(?:\([A-Z0-9-]+\))?)[\s:,(]", head + " ", re.IGNORECASE)
    if gene and coding:
        name = gene[1].rstrip(":")
        said = f" ({protein.group()})" if protein else ""
        yield f"{name} {coding.group()}{said}"
        yield f"{name} {coding.group()}"
    if gene and protein:
        yield f"{gene[1].rstrip(':')} {protein.group()}"


def _fusion(plain: str) -> Iterator[str]:
    """`fusion of EML4 and ALK`, `EML4-ALK (E13;A20)`, `EML4-ALK variant 3`, `EML4(exon 13)-ALK(exon 20)`."""
    bare = re.sub(r"\s*\([^()]*\)", "", plain)
    bare = re.sub(r"\s+(?:(?:variant|var|v)\.?\s*\d+[ab]?(?:/[ab])?|p(?:190|210|230))\b", "", bare, flags=re.I).strip()
    if bare != plain:
        yield bare
    if found := re.match(
        r"^(?:fusion|rearrangement)\s+(?:of|between)\s+([A-Z0-9]+)\s+(?:and|with)\s+([A-Z0-9]+)$", bare, re.I
    ):
        yield f"{found[1]}::{found[2]}"
    if found := re.match(
        r"^([A-Z0-9]+)\s*[-:/]+\s*([A-Z0-9]+)\s*(?:fusion|rearrangement|translocation)?$", bare, re.IGNORECASE
    ):
        yield f"{found[1]}::{found[2]}"
    if found := re.match(r"^([A-Z0-9]+)\s*(?:fusion|rearrange\w*|translocat\w*)", bare, re.IGNORECASE):
        yield f"{found[1]} fusion"


__all__ = ["candidates", "unified"]
