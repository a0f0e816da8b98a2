"""From diplotypes to declared facts: phenotype codes, activity scores and carrier states."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from knowledge.facts import Fact, vocabulary
from tools.pgx.definitions import Gene
from tools.pgx.genotypes import Observed
from tools.pgx.matching import Match

_CODES = {
    "malignant hyperthermia susceptibility": "malignant_hyperthermia_susceptible",
    "ivacaftor responsive in cf patients": "ivacaftor_responsive",
    "increased risk of aminoglycoside-induced hearing loss": "increased_risk",
    "normal risk of aminoglycoside-induced hearing loss": "normal_risk",
    "uncertain risk of aminoglycoside-induced hearing loss": "uncertain_risk",
}

# Genotypes that guidelines name without a phenotype, by rsID: gene, variant base on the plus strand of GRCh38, and
# the code for none, one and two copies. VKORC1 -1639G>A is C>T on the plus strand (CPIC warfarin 2017,
# doi:10.1002/cpt.668); IFNL3 rs12979860 CC answers best (CPIC 2014, doi:10.1038/clpt.2013.203).
GENOTYPE_CODES: dict[str, tuple[str, str, tuple[str, str, str]]] = {
    "rs9923231": ("VKORC1", "T", ("gg", "ga", "aa")),
    "rs2108622": ("CYP4F2", "T", ("no_star3", "star3_heterozygous", "star3_homozygous")),
    "rs12979860": ("IFNL3", "T", ("favourable_response", "unfavourable_response", "unfavourable_response")),
    "rs6025": ("F5", "T", ("no_leiden", "leiden_heterozygous", "leiden_homozygous")),
}


def phenotype_code(gene: str, phenotype: str) -> str | None:
    """The code of `phenotype.<gene>` for a phenotype in CPIC's words; None where the vocabulary has none."""
    spec = vocabulary().get(f"phenotype.{gene}")
    code = _CODES.get(phenotype.lower(), phenotype.lower().replace(" ", "_"))
    return code if spec is not None and code in spec.values else None


def activity_score(key: str) -> float | None:
    """The activity score in a look-up key, where it is one number."""
    try:
        return float(key)
    except ValueError:
        return None


def phenotype_facts(gene: Gene, phenotype: tuple[str, str]) -> list[Fact]:
    """The patient facts of a called phenotype."""
    facts = []
    code = phenotype_code(gene.name, phenotype[0])
    if code is not None:
        facts.append(Fact(name=f"phenotype.{gene.name}", value=code))
    score = activity_score(phenotype[1])
    name = f"phenotype.{gene.name}_activity_score"
    if score is not None and name in vocabulary():
        facts.append(Fact(name=name, value=score, unit="1"))
    return facts


def genotype_facts(gene: Gene, observed: dict[int, Observed]) -> list[Fact]:
    """The patient facts that rest on one rsID, where it was read."""
    facts: list[Fact] = []
    for index, site in observed.items():
        known = GENOTYPE_CODES.get(gene.positions[index].rsid or "")
        if known and known[0] == gene.name and len(site.alleles) == 2 and f"phenotype.{gene.name}" in vocabulary():
            copies = site.alleles.count(known[1])
            facts.append(Fact(name=f"phenotype.{gene.name}", value=known[2][copies]))
    return facts


def carrier_facts(found: Match) -> list[Fact]:
    """Carrier facts of CYP2C9 that every fitting diplotype agrees on."""
    return carriers(found.gene, [diplotype.alleles for diplotype in found.diplotypes])


def carriers(gene: str, diplotypes: Sequence[tuple[str, ...]]) -> list[Fact]:
    """Carrier facts of CYP2C9 that all of `diplotypes` (star alleles) agree on; none for another gene."""
    if gene != "CYP2C9" or not diplotypes:
        return []
    facts = []
    tests: dict[str, Callable[[tuple[str, ...]], bool]] = {
        "phenotype.CYP2C9_star2_or_star3": lambda alleles: bool({"*2", "*3"} & set(alleles)),
        "phenotype.CYP2C9_star3_homozygous": lambda alleles: alleles == ("*3", "*3"),
        "phenotype.CYP2C9_star3_heterozygous": lambda alleles: alleles.count("*3") == 1,
    }
    for name, test in tests.items():
        answers = {test(alleles) for alleles in diplotypes}
        if len(answers) == 1 and name in vocabulary():
            facts.append(Fact(name=name, value=answers.pop()))
    return facts
