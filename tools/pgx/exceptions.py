"""What CPIC's guidelines say of single genes beside the allele tables."""

from __future__ import annotations

from collections.abc import Mapping

from tools.pgx.definitions import Gene
from tools.pgx.genotypes import Observed

USUAL_BASES: Mapping[str, Mapping[str, str]] = {"CYP2C19": {"rs3758581": "G"}}
"""Positions where the reference sequence holds the rare base: it is CYP2C19*38 at rs3758581, where *1 and most other
alleles hold G (Botton 2021, doi:10.1002/cpt.1973). An allele with the usual base claims nothing where it is unread."""

_HAPB3_INTRON, _HAPB3_EXON = "rs75017182", "rs56038477"
_C521 = "rs4149056"


def index_of(gene: Gene, rsid: str) -> int | None:
    """The index of a position by its rsID."""
    return next((i for i, position in enumerate(gene.positions) if position.rsid == rsid), None)


def usual_base(gene: Gene, index: int) -> str:
    """The base that most chromosomes have at a position: the reference, but where `USUAL_BASES` says otherwise."""
    position = gene.positions[index]
    return USUAL_BASES.get(gene.name, {}).get(position.rsid or "", position.ref)


def hapb3_settled(gene: Gene, observed: Mapping[int, Observed]) -> tuple[dict[int, Observed], str]:
    """DPYD genotypes with HapB3 told by its cause, and a note where cause and proxy differ or the cause was not read.

    c.1129-5923C>G makes the splice change; the exonic c.1236G>A only travels with it (Amstutz 2018,
    doi:10.1002/cpt.911). Where both were read, c.1236G>A beyond it is not HapB3 and is read as the reference; where
    c.1236G>A alone was read, it stands for HapB3.
    """
    made = dict(observed)
    cause, proxy = index_of(gene, _HAPB3_INTRON), index_of(gene, _HAPB3_EXON)
    if gene.name != "DPYD" or cause is None or proxy is None or proxy not in made:
        return made, ""
    site, ref = made[proxy], gene.positions[proxy].ref
    carried = sum(base != ref for base in site.alleles)
    if not carried:
        return made, ""
    if cause not in made:
        base = gene.positions[cause]
        told = tuple(base.ref if found == ref else base.alts[0] for found in site.alleles)
        made[cause] = Observed(told, site.phased, site.phase_set, site.line)
        return made, "HapB3 is told by c.1236G>A (rs56038477); its cause, c.1129-5923C>G (rs75017182), was not read"
    if carried <= sum(base != gene.positions[cause].ref for base in made[cause].alleles):
        return made, ""
    made[proxy] = Observed((ref,) * len(site.alleles), site.phased, site.phase_set, site.line)
    return made, "c.1236G>A (rs56038477) without c.1129-5923C>G (rs75017182) is not HapB3"


def by_c521(gene: Gene, observed: Mapping[int, Observed]) -> tuple[str, str] | None:
    """SLCO1B1's phenotype by c.521T>C alone, which CPIC lets stand for the star alleles where they cannot be called.

    Cooper-DeHoff 2022 (doi:10.1002/cpt.2557): TT normal, TC decreased, CC poor function, as *1/*1, *1/*5 and *5/*5.
    """
    index = index_of(gene, _C521)
    if gene.name != "SLCO1B1" or index is None or index not in observed or len(observed[index].alleles) != 2:
        return None
    ref = gene.positions[index].ref
    names = ["*1" if base == ref else "*5" for base in observed[index].alleles]
    return gene.phenotype(*names)


__all__ = ["USUAL_BASES", "by_c521", "hapb3_settled", "index_of", "usual_base"]
