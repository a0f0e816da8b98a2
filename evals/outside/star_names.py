"""Named alleles and phenotypes in the ways that tables of expected calls write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.pgx.definitions import Gene

Diplotype = tuple[str, ...]
_ALTERNATIVES = re.compile(r"\s+or\s+|\s*;\s*|\s*\n\s*|,(?=\s*\*)", re.IGNORECASE)
_REFERENCE = re.compile(
    r"^(?:ref(?:erence)?|wild[ -]?type|wt|b \((?:wild[ -]?type|reference)\)|no (?:cpic )?variants?.*)$"
)
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_SHORT = {
    "nm": "normal metabolizer", "im": "intermediate metabolizer", "pm": "poor metabolizer", "em": "normal metabolizer",
    "rm": "rapid metabolizer", "um": "ultrarapid metabolizer", "extensive metabolizer": "normal metabolizer",
    "ultra-rapid metabolizer": "ultrarapid metabolizer", "nf": "normal function", "df": "decreased function",
    "pf": "poor function", "if": "increased function",
}  # fmt: skip


def cells(value: Any) -> list[str]:
    """The texts of a cell that may be a list, a list written as JSON, or alternatives in one text."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value.replace("'", '"'))
        except ValueError:
            value = value.strip(" []")
    if isinstance(value, list):
        return [part for item in value for part in cells(item)]
    if value is None:
        return []
    text = str(value).strip()
    parts = _ALTERNATIVES.split(text)
    if "/" in text and "|" in text:
        parts = [piece for part in parts for piece in part.split("|")]
    return [part.strip() for part in parts if part.strip()]


def alleles(text: str, gene: Gene | None = None) -> Diplotype:
    """The alleles of a diplotype in a fixed order and the table's spelling, without the gene's name."""
    name = re.escape(gene.name) if gene else r"[A-Z][A-Z0-9-]{2,}(?=\s|:)"
    bare = re.sub(rf"(^|(?<=[/|]))\s*{name}\s*[:=]?\s*(?=\S)", "", text.strip())
    parts = bare.split("/") if "/" in bare else bare.split("|")
    if gene is not None and len(gene.positions) == 1 and re.fullmatch(r"[ACGT]{2}", bare):
        parts = list(bare)
    return tuple(sorted(allele(part, gene) for part in parts if part.strip(" .")))


def allele(text: str, gene: Gene | None = None) -> str:
    """One allele in the table's spelling where it is one of it, or the text without doubled blanks."""
    plain = " ".join(text.split())
    if re.fullmatch(r"\(\*[^()]*\)", plain):
        plain = plain[1:-1]
    plain = re.sub(r"^(\*\d+[A-Z]?)\.\d{3}$", r"\1", plain)
    return _names(gene).get(_folded(plain), plain) if gene is not None else plain


def variants(text: str, gene: Gene) -> frozenset[str] | None:
    """The variants of a list such as `c.498G>A + c.2582A>G/c.2846A>T`, without the reference; None where it is none."""
    known = _names(gene)
    whole = re.split(r"\s*/\s*|\s*\+\s+|\s+\+\s*|\s*;\s*", text)
    found = set()
    for part in (p for p in whole if p.strip()):
        pieces = [part] if _folded(part) in known else re.split(r"\s*,\s*", part)
        named = [known.get(_folded(piece)) for piece in pieces if piece.strip()]
        if not all(named):
            return None
        found |= {name for name in named if name}
    return frozenset(found - {reference(gene)})


def reference(gene: Gene) -> str:
    """The name of the gene's reference allele."""
    return next((a.name for a in gene.alleles if a.is_reference), "*1")


def without_normal(found: Diplotype, gene: Gene) -> Diplotype:
    """The same with variants of normal function as the reference."""
    usual = reference(gene)
    return tuple(sorted(usual if gene.functions.get(a, "").casefold() == "normal function" else a for a in found))


@lru_cache(maxsize=64)
def _table(name: str) -> dict[str, str]:
    from tools.pgx.definitions import definitions

    gene = definitions().genes[name]
    found: dict[str, str] = {}
    for item in gene.alleles:
        for alias in _aliases(item.name):
            found.setdefault(_folded(alias), item.name)
    for item in gene.alleles:
        changed = item.variants(gene)
        if len(changed) == 1 and (rsid := gene.positions[next(iter(changed))].rsid):
            found.setdefault(_folded(rsid), item.name)
    for item in gene.alleles if len(gene.positions) == 1 else ():
        base = next(iter(item.bases[0]))
        found.setdefault(base.casefold(), item.name)
        found.setdefault(base.translate(_COMPLEMENT).casefold(), item.name)
    usual = reference(gene)
    return {**found, "reference": usual}


def _names(gene: Gene) -> dict[str, str]:
    return _table(gene.name)


def _aliases(name: str) -> Iterable[str]:
    yield name
    if found := re.match(r"^(.*?)\s*\(([^()]+)\)$", name):
        yield from (found[1], found[2])
        yield from (part.strip() for part in found[1].split(",") if ">" in part)
    if ">" not in name:
        yield from (part.strip() for part in name.split(",") if "," in name)
    if substitution := re.fullmatch(r"(\d+)([ACGT])>([ACGT])", name):
        place, old, new = substitution.groups()
        yield from (f"m.{name}", f"{old}{place}{new}")


def _folded(text: str) -> str:
    folded = " ".join(text.casefold().split())
    if _REFERENCE.match(folded):
        return "reference"
    return re.sub(r"[\s_]+", "", folded)


def phenotype(text: str, gene: str = "") -> str:
    """A phenotype under one spelling: no case, no gene, no activity score, abbreviations written out."""
    plain = re.sub(r"\(?\b(?:activity score|as)?\s*[=:]?\s*\d(?:\.\d+)?\)?", "", text.casefold())
    plain = plain.replace(gene.casefold(), "").replace("metaboliser", "metabolizer").replace("_", " ")
    plain = " ".join(plain.strip(" :;,()").split())
    return _SHORT.get(plain, plain)


def same_phenotype(one: str, other: str, gene: str) -> bool:
    """Whether two texts name one phenotype; `normal` is enough for `normal metabolizer`."""
    first, second = phenotype(one, gene), phenotype(other, gene)
    tails = ("", " metabolizer", " function")
    return bool(first) and bool(second) and any(first + a == second + b for a in tails for b in tails if "" in (a, b))


__all__ = ["alleles", "cells", "phenotype", "reference", "same_phenotype", "variants", "without_normal"]
