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
from tools.pgx.exceptions import usual_base
from tools.pgx.genotypes import Observed, phase_blocks

SINGLE_VARIANT_GENES = frozenset({"DPYD", "RYR1", "CACNA1S"})
"""Genes whose named alleles stand for one variant each, so that one chromosome may carry several of them."""

RARE_ALONE: Mapping[str, frozenset[str]] = {
    "TPMT": frozenset({"*3B"}),
    "NUDT15": frozenset({"*6"}),
    "SLCO1B1": frozenset({"*4", "*19"}),
    "UGT1A1": frozenset({"*80"}),
}
"""Alleles whose variant seldom stands on a chromosome without that of a named haplotype which holds both, so that an
unphased genotype which could be either is read as the haplotype: TPMT *3A (Relling 2019, doi:10.1002/cpt.1304), NUDT15
*2 (Moriyama 2016, doi:10.1038/ng.3508), SLCO1B1 *14 and *20 (Cooper-DeHoff 2022, doi:10.1002/cpt.2557), UGT1A1
*80+*28 and *80+*37 (Gammal 2016, doi:10.1002/cpt.269)."""


@dataclass(frozen=True)
class Diplotype:
    """One or two named alleles (one where there is one copy) that fit the genotypes.

    `unread` counts bases other than the usual that it needs at positions that the file does not cover.
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
    seldom = set(found) - set(without_rare(gene.name, found))
    found.sort(key=lambda d: _rank(gene, d, d in seldom))
    return Match(gene.name, tuple(found), missing, len(observed), combined and bool(found))


def _two_copies(site: Observed) -> Observed:
    return Observed(site.alleles * 2, site.phased, site.phase_set) if len(site.alleles) == 1 else site


def _single(allele: NamedAllele, observed: Mapping[int, Observed], gene: Gene) -> bool:
    return all(set(site.alleles) <= _allowed(allele, index, gene) for index, site in observed.items())


def _possible(allele: NamedAllele, observed: Mapping[int, Observed], gene: Gene) -> bool:
    return all(_allowed(allele, index, gene) & set(site.alleles) for index, site in observed.items())


def _diplotype(gene: Gene, alleles: Sequence[NamedAllele], observed: Mapping[int, Observed]) -> Diplotype:
    ordered = sorted(alleles, key=_order)
    unread = sum(_unusual(allele, index, gene) for allele in alleles for index in allele.bases if index not in observed)
    return Diplotype(tuple(a.name for a in ordered), unread, sum(gene.variant_count(a) for a in alleles))


def _unusual(allele: NamedAllele, index: int, gene: Gene) -> bool:
    return usual_base(gene, index) not in allele.bases[index]


def _order(allele: NamedAllele) -> tuple[int, int, str]:
    digits = "".join(ch for ch in allele.name if ch.isdigit())
    starred = allele.name.startswith("*")
    return (0 if starred or allele.is_reference else 1, int(digits[:9]) if digits and starred else 0, allele.name)


def _rank(gene: Gene, diplotype: Diplotype, seldom: bool) -> tuple[int, bool, int, int, str]:
    plain = {allele.name for allele in gene.alleles if not allele.variants(gene)} | {"*1"}
    changed = sum(name not in plain for name in diplotype.alleles)
    return (diplotype.unread, seldom, changed, diplotype.variants, diplotype.name)


def without_rare(gene: str, found: Sequence[Diplotype]) -> tuple[Diplotype, ...]:
    """The diplotypes without those that need an allele of `RARE_ALONE` while another, no less read, does not."""
    rare = RARE_ALONE.get(gene, frozenset())
    usual = [d for d in found if not rare & set(d.alleles)]
    return tuple(d for d in found if d in usual or not any(other.unread <= d.unread for other in usual))


def _combination(gene: Gene, observed: Mapping[int, Observed]) -> list[Diplotype]:
    """The alleles of lowest function where the chromosomes carry more variants than two alleles name.

    Phased: the lowest of either chromosome. Unphased: the two lowest of all (one twice where homozygous), the worst
    case, in which they lie on different chromosomes; CPIC's fluoropyrimidine guideline reads DPYD so (Amstutz 2018,
    doi:10.1002/cpt.911).
    """
    present = [(allele, min(_copies(allele, i, observed) for i in allele.variants(gene)))
               for allele in gene.alleles if allele.variants(gene)]  # fmt: skip
    present = [(allele, copies) for allele, copies in present if copies]
    explained = {index for allele, _ in present for index in allele.variants(gene)}
    variant = {i for i, site in observed.items() if any(base != gene.positions[i].ref for base in site.alleles)}
    if not present or variant - explained:
        return []
    if len(phase_blocks({i: observed[i] for i in variant})) == 1 and all(
        observed[i].phased or len(set(observed[i].alleles)) == 1 for i in variant
    ):
        return [_diplotype(gene, [_lowest_of(gene, observed, side) for side in (0, 1)], observed)]
    worst = sorted((_severity(gene, a.name), a.name, a) for a, copies in present for _ in range(copies))
    return [_diplotype(gene, [allele for _, _, allele in worst[:2]], observed)]


def _lowest_of(gene: Gene, observed: Mapping[int, Observed], side: int) -> NamedAllele:
    """The allele of lowest function among those whose variants one chromosome carries, else the reference."""
    bases = {index: site.alleles[side if len(site.alleles) > 1 else 0] for index, site in observed.items()}
    carried = [
        allele for allele in gene.alleles
        if allele.variants(gene) and all(bases.get(i) in allele.bases[i] for i in allele.variants(gene))
    ]  # fmt: skip
    reference = next(allele for allele in gene.alleles if allele.is_reference)
    return min(carried, key=lambda allele: (_severity(gene, allele.name), allele.name), default=reference)


def _copies(allele: NamedAllele, index: int, observed: Mapping[int, Observed]) -> int:
    site = observed.get(index)
    return sum(base in allele.bases[index] for base in site.alleles) if site else 0


def carried(gene: Gene, observed: Mapping[int, Observed]) -> tuple[str, ...]:
    """Every named allele of a single-variant gene of which a chromosome carries the variant, in the table's order."""
    if gene.name not in SINGLE_VARIANT_GENES:
        return ()
    return tuple(
        allele.name for allele in gene.alleles
        if allele.variants(gene) and all(_copies(allele, index, observed) for index in allele.variants(gene))
    )  # fmt: skip


def _severity(gene: Gene, name: str) -> float:
    if gene.activity.get(name, "n/a") not in ("n/a", ""):
        return float(gene.activity[name])
    return 0.0 if "associated" in gene.functions.get(name, "") else 1.0


def agreed_phenotype(gene: Gene, found: Match) -> tuple[str, str] | None:
    """The phenotype that every diplotype gives that fits, leaving out readings known to be rare; else None.

    The look-up key is empty where they agree on the phenotype and not on the activity score.
    """
    results = {gene.phenotype(*d.alleles) for d in without_rare(gene.name, found.diplotypes)}
    names = {result[0] if result else None for result in results}
    if len(results) == 1:
        return results.pop()
    name = names.pop() if len(names) == 1 else None
    return (name, "") if name else None


_REDUCED: tuple[tuple[str, ...], ...] = (
    ("Intermediate Metabolizer", "Likely Intermediate Metabolizer", "Poor Metabolizer", "Likely Poor Metabolizer"),
    ("Decreased Function", "Possible Decreased Function", "Poor Function"),
)
"""CPIC's terms for reduced function (Caudle 2017, doi:10.1038/gim.2016.87), the least reduced first."""


def at_best(gene: Gene, found: Match) -> str | None:
    """The mildest phenotype of the diplotypes that fit, where every one of them is reduced.

    A diplotype of which CPIC says that its phenotype is indeterminate, or nothing, has an allele of unknown function
    beside the reduced one that was read, and decides nothing.
    """
    results = (gene.phenotype(*d.alleles) for d in found.diplotypes)
    names = {result[0] for result in results if result} - {"Indeterminate"}
    for order in _REDUCED:
        if order[0] in names and names <= set(order):
            return order[0]
    return None
