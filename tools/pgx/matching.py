"""Named-allele matching: every diplotype that the genotypes allow, the likeliest first.

A named allele is the reference wherever it is not defined. A position that the file does not cover allows anything,
so that alleles which differ only there cannot be told apart, and are all listed. Diplotypes are ranked by how little
they claim: fewest variants at positions that were not read, then fewest non-reference alleles and variants in all.
Parsimony is not a frequency; where diplotypes of different phenotype remain, no phenotype is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from tools.pgx.definitions import Gene, NamedAllele
from tools.pgx.genotypes import Observed, phase_blocks

SINGLE_VARIANT_GENES = frozenset({"DPYD", "RYR1", "CACNA1S"})
"""Genes whose named alleles stand for one variant each, so that one chromosome may carry several of them."""

COMMON_IN_CIS = {"TPMT": (("*1", "*3A"), ("*3B", "*3C"))}
"""Unphased genotypes of which one reading is rare: (usual, rare). TPMT *3A is the usual haplotype of rs1800460 and
rs1142345; *3B alone is rare (Relling 2019, CPIC thiopurine guideline, doi:10.1002/cpt.1304)."""


@dataclass(frozen=True)
class Diplotype:
    """One or two named alleles (one where there is one copy) that fit the genotypes.

    `unread` counts variants that it needs at positions that the file does not cover.
    """

    alleles: tuple[str, ...]
    unread: int
    variants: int

    @property
    def name(self) -> str:
        """The diplotype as written, such as `*1/*2`."""
        return "/".join(self.alleles)


@dataclass(frozen=True)
class Match:
    """All diplotypes of one gene that fit, best first, and what was not read."""

    gene: str
    diplotypes: tuple[Diplotype, ...]
    missing: tuple[str, ...]
    read: int
    combined: bool = False

    @property
    def complete(self) -> bool:
        """Whether every position of the definition was read."""
        return not self.missing


def _allowed(allele: NamedAllele, index: int, gene: Gene) -> frozenset[str]:
    return allele.bases.get(index, frozenset({gene.positions[index].ref}))


def _fits_copy(allele: NamedAllele, bases: Mapping[int, str], gene: Gene) -> bool:
    return all(base in _allowed(allele, index, gene) for index, base in bases.items())


def _fits_pair(
    one: NamedAllele, two: NamedAllele, observed: Mapping[int, Observed], blocks: Sequence[list[int]], gene: Gene
) -> bool:
    """Whether two alleles explain every position, with one orientation for each phase block."""
    heterozygous = {index for block in blocks for index in block}
    for index, site in observed.items():
        if index in heterozygous:
            continue
        base = site.alleles[0]
        if base not in _allowed(one, index, gene) or base not in _allowed(two, index, gene):
            return False
    for block in blocks:
        first = {index: observed[index].alleles[0] for index in block}
        second = {index: observed[index].alleles[1] for index in block}
        straight = _fits_copy(one, first, gene) and _fits_copy(two, second, gene)
        crossed = _fits_copy(one, second, gene) and _fits_copy(two, first, gene)
        if not (straight or crossed):
            return False
    return True


def match(gene: Gene, observed: Mapping[int, Observed], one_copy: bool = False) -> Match:
    """Every diplotype (or single allele, with `one_copy`) of `gene` that fits `observed`.

    Args:
        gene: the definition.
        observed: alleles by index of position; absent indices were not read.
        one_copy: the sample has one copy (a man's X chromosome, or the mitochondrion).
    """
    missing = tuple(p.label for i, p in enumerate(gene.positions) if i not in observed)
    found: list[Diplotype] = []
    candidates = [allele for allele in gene.alleles if _possible(allele, observed, gene)]
    if one_copy or (observed and all(len(site.alleles) == 1 for site in observed.values())):
        found = [_diplotype(gene, (a,), observed) for a in candidates if _single(a, observed, gene)]
    else:
        doubled = {i: _two_copies(site) for i, site in observed.items()}
        blocks = list(phase_blocks(doubled).values())
        for one, two in combinations_with_replacement(candidates, 2):
            if _fits_pair(one, two, doubled, blocks, gene):
                found.append(_diplotype(gene, (one, two), observed))
    combined = False
    if not found and gene.name in SINGLE_VARIANT_GENES:
        found, combined = _combination(gene, observed), True
    found.sort(key=lambda d: _rank(gene, d))
    return Match(gene.name, tuple(found), missing, len(observed), combined and bool(found))


def _two_copies(site: Observed) -> Observed:
    return Observed(site.alleles * 2, site.phased, site.phase_set) if len(site.alleles) == 1 else site


def _single(allele: NamedAllele, observed: Mapping[int, Observed], gene: Gene) -> bool:
    return all(set(site.alleles) <= _allowed(allele, index, gene) for index, site in observed.items())


def _possible(allele: NamedAllele, observed: Mapping[int, Observed], gene: Gene) -> bool:
    return all(_allowed(allele, index, gene) & set(site.alleles) for index, site in observed.items())


def _diplotype(gene: Gene, alleles: Sequence[NamedAllele], observed: Mapping[int, Observed]) -> Diplotype:
    ordered = sorted(alleles, key=_order)
    unread = sum(1 for allele in alleles for index in allele.variants(gene) if index not in observed)
    return Diplotype(tuple(a.name for a in ordered), unread, sum(gene.variant_count(a) for a in alleles))


def _order(allele: NamedAllele) -> tuple[int, int, str]:
    digits = "".join(ch for ch in allele.name if ch.isdigit())
    starred = allele.name.startswith("*")
    return (0 if starred or allele.is_reference else 1, int(digits[:9]) if digits and starred else 0, allele.name)


def _rank(gene: Gene, diplotype: Diplotype) -> tuple[int, int, int, int, str]:
    usual = COMMON_IN_CIS.get(gene.name)
    rare = 1 if usual and diplotype.alleles == usual[1] else 0
    plain = {allele.name for allele in gene.alleles if not allele.variants(gene)} | {"*1"}
    changed = sum(name not in plain for name in diplotype.alleles)
    return (diplotype.unread, rare, changed, diplotype.variants, diplotype.name)


def _combination(gene: Gene, observed: Mapping[int, Observed]) -> list[Diplotype]:
    """The two alleles of lowest function among those whose variants are all present (one twice where homozygous).

    With several variants of unknown phase this is the worst case, in which the two lie on different chromosomes;
    CPIC's fluoropyrimidine guideline reads DPYD so (Amstutz 2018, doi:10.1002/cpt.911).
    """
    present: list[NamedAllele] = []
    for allele in gene.alleles:
        needed = allele.variants(gene)
        copies = [_copies(allele, index, observed) for index in needed]
        if needed and copies:
            present.extend([allele] * min(copies))
    explained = {index for allele in present for index in allele.variants(gene)}
    variant = {i for i, site in observed.items() if any(base != gene.positions[i].ref for base in site.alleles)}
    if not present or variant - explained:
        return []
    present.sort(key=lambda allele: (_severity(gene, allele.name), allele.name))
    return [_diplotype(gene, present[:2], observed)]


def _copies(allele: NamedAllele, index: int, observed: Mapping[int, Observed]) -> int:
    site = observed.get(index)
    return sum(base in allele.bases[index] for base in site.alleles) if site else 0


def _severity(gene: Gene, name: str) -> float:
    if gene.activity.get(name, "n/a") not in ("n/a", ""):
        return float(gene.activity[name])
    return 0.0 if "associated" in gene.functions.get(name, "") else 1.0


def agreed_phenotype(gene: Gene, found: Match) -> tuple[str, str] | None:
    """The phenotype that every diplotype gives that fits, leaving out a known rare reading; else None."""
    usual = COMMON_IN_CIS.get(gene.name)
    kept = [d for d in found.diplotypes if not (usual and d.alleles == usual[1])] or list(found.diplotypes)
    results = {gene.phenotype(*d.alleles) for d in kept}
    return results.pop() if len(results) == 1 else None
