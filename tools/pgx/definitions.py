"""CPIC's allele definitions, functions, phenotypes and drug pairs, from the table that `knowledge.tables` builds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from knowledge.errors import BadInput, ToolFailed
from knowledge.manifest import verified_path
from knowledge.tables.store import BUNDLED, user_tables

IUPAC = {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}
NOT_FROM_VCF = frozenset({"CYP2D6"})
"""Genes with whole-gene deletions, duplications and hybrids, which a small-variant file does not show."""


@dataclass(frozen=True)
class Position:
    """One position of a gene's definition, as in a VCF on GRCh38 (1-based)."""

    position: int
    rsid: str | None
    ref: str
    alts: tuple[str, ...]
    hgvs: str

    @property
    def label(self) -> str:
        """The rsID, or the genomic name where it has none."""
        return self.rsid or self.hgvs


@dataclass(frozen=True)
class NamedAllele:
    """One named allele: the bases it allows at each position where it is defined; elsewhere it is the reference."""

    name: str
    is_reference: bool
    bases: Mapping[int, frozenset[str]]

    def variants(self, gene: Gene) -> frozenset[int]:
        """Indices of positions where the allele cannot be the reference base."""
        return frozenset(i for i, allowed in self.bases.items() if gene.positions[i].ref not in allowed)


@dataclass(frozen=True)
class Gene:
    """One gene's table."""

    name: str
    chromosome: str
    positions: tuple[Position, ...]
    alleles: tuple[NamedAllele, ...]
    functions: Mapping[str, str]
    activity: Mapping[str, str]
    phenotypes: Mapping[str, tuple[str, str]]

    def phenotype(self, *alleles: str) -> tuple[str, str] | None:
        """(phenotype, look-up key) of one or two named alleles; None where CPIC gives none.

        Functions are compared without regard to case: CPIC's MT-RNR1 reference has `Normal risk`, its others `normal`.
        """
        keys = (self.activity.get(a) or self.functions.get(a, "Unknown function") for a in alleles)
        wanted = "|".join(sorted(keys))
        folded = (value for key, value in self.phenotypes.items() if key.casefold() == wanted.casefold())
        return self.phenotypes.get(wanted) or next(folded, None)

    def variant_count(self, allele: NamedAllele) -> int:
        """How many positions differ from the reference."""
        return len(allele.variants(self))


@dataclass(frozen=True)
class DrugPair:
    """A drug with a CPIC guideline: its genes and how each look-up is graded."""

    drug: str
    guideline: str
    url: str
    year: int | None
    pmid: str | None
    genes: tuple[str, ...]
    grades: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Definitions:
    """Everything from one CPIC release."""

    release: str
    genes: Mapping[str, Gene]
    drugs: tuple[DrugPair, ...]

    def callable_genes(self) -> tuple[str, ...]:
        """Genes that can be called from a VCF, in order."""
        return tuple(sorted(name for name in self.genes if name not in NOT_FROM_VCF))


def load(path: Path) -> Definitions:
    """Read a table that `knowledge.tables.build_cpic` wrote. Raises `BadInput` where it is not one."""
    try:
        data = json.loads(gzip.decompress(path.read_bytes()))
        ignored = {item["gene"]: set(item["ignoredAlleles"]) for item in data["exemptions"]}
        genes = {name: _gene(name, body, ignored.get(name, set())) for name, body in data["genes"].items()}
        drugs = tuple(
            DrugPair(
                d["drug"], d["guideline"], d["url"], d["year"], d["pmid"], tuple(d["genes"]),
                {key: tuple(grade) for key, grade in d["grades"].items()},
            )
            for d in data["drugs"]
        )  # fmt: skip
        return Definitions(data["release"], genes, drugs)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        raise BadInput(path.name, "the whole file", "it is not a table of CPIC", "what import cpic wrote") from None


def _gene(name: str, body: dict[str, object], ignored: set[str]) -> Gene:
    positions = tuple(
        Position(p["position"], p["rsid"], p["ref"], tuple(p["alts"]), p["hgvs"])
        for p in body["positions"]  # type: ignore[attr-defined]
    )
    alleles = tuple(
        NamedAllele(a["name"], a["reference"], {int(i): _bases(b) for i, b in a["bases"].items()})
        for a in body["alleles"]  # type: ignore[attr-defined]
        if a["name"] not in ignored
    )
    phenotypes: dict[str, list[str]] = body.get("phenotypes", {})  # type: ignore[assignment]
    return Gene(
        name, str(body["chromosome"]), positions, alleles, body.get("functions", {}),  # type: ignore[arg-type]
        body.get("activity", {}), {key: (value[0], value[1]) for key, value in phenotypes.items()},  # type: ignore[arg-type]
    )  # fmt: skip


def _bases(text: str) -> frozenset[str]:
    return frozenset(IUPAC[text]) if text in IUPAC else frozenset({text})


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """The user's imported table, or the one that ships with Consilium."""
    for folder in (user_tables(), BUNDLED):
        if (folder / "cpic.json.gz").is_file():
            ours = folder == BUNDLED
            return load(verified_path("knowledge/tables/data/cpic.json.gz") if ours else folder / "cpic.json.gz")
    raise ToolFailed("There is no CPIC table. Make one with: consilium knowledge import cpic FOLDER.")
