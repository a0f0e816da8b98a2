"""One gene's answer: diplotypes that fit, the phenotype where they agree, and what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from knowledge.errors import ToolRetry
from knowledge.facts import Fact
from tools.evidence import Record
from tools.pgx.definitions import Definitions, DrugPair, Gene
from tools.pgx.exceptions import by_c521, hapb3_settled
from tools.pgx.genotypes import Observed, Sites
from tools.pgx.matching import Match, agreed_phenotype, at_best, carried, match
from tools.pgx.phenotypes import activity_score, carrier_facts, carriers, genotype_facts, phenotype_facts

SHOWN = 10


class GeneResult(Record):
    """The call of one gene.

    Attributes:
        diplotypes: those that fit, best first, at most ten; `fitting` is how many there are.
        phenotype: in CPIC's words; None where the fitting diplotypes disagree or CPIC gives none.
        phenotype_if_reference: the phenotype if every position that was not read were the reference.
        at_best: the mildest phenotype that fits, where every diplotype that fits is reduced in function.
        missing: positions of the definition that the file does not cover.
        unknown_alleles: alleles at definition positions that the definition does not know.
        combined: more variants than two alleles name; those of lowest function are named (worst case where unphased).
        carried: every named variant that was read, of a gene whose alleles are one variant each (DPYD, RYR1, CACNA1S).
        activity_score: where CPIC's look-up key is one.
        basis: what the phenotype rests on where it is not the diplotype.
        notes: what else bears on the call: filters, no-calls, unknown alleles, structural variants.
    """

    gene: str
    diplotypes: tuple[str, ...]
    fitting: int
    phenotype: str | None = None
    lookup_key: str | None = None
    phenotype_if_reference: str | None = None
    diplotype_if_reference: str | None = None
    at_best: str | None = None
    positions_read: int = 0
    missing: tuple[str, ...] = ()
    unknown_alleles: tuple[str, ...] = ()
    combined: bool = False
    carried: tuple[str, ...] = ()
    activity_score: float | None = None
    basis: str = ""
    notes: tuple[str, ...] = ()
    assumed_reference: bool = False
    source: str = "vcf"
    line: int | None = None
    facts: tuple[Fact, ...] = Field(default=())


class DrugRelation(Record):
    """A drug that CPIC relates to genes, and how it grades advice for this patient's phenotypes.

    `by_phenotype` is whether the guideline has advice that a phenotype alone selects; warfarin's has none.
    """

    drug: str
    genes: tuple[str, ...]
    guideline: str
    url: str
    year: int | None
    phenotypes: dict[str, str]
    unknown_genes: tuple[str, ...]
    strength: tuple[str, ...]
    by_phenotype: bool = True


def called_as(result: GeneResult) -> str | None:
    """The phenotype, else the mildest that fits, else the genotype that guidelines name; None where none is known."""
    if result.phenotype is not None:
        return result.phenotype
    if result.at_best:
        return f"{result.at_best} at best"
    name = f"phenotype.{result.gene}"
    codes = [fact for fact in result.facts if fact.name == name]
    return codes[0].spec.values[str(codes[0].value)].label["en"] if codes else None


def call_gene(gene: Gene, sites: Sites, one_copy: bool, assume_reference: bool) -> GeneResult | None:
    """Call one gene; None where no position of it was read (and nothing is assumed)."""
    read = sites.observed.get(gene.name, {})
    observed, hapb3 = hapb3_settled(gene, read)
    unknown = tuple(sites.unknown_alleles.get(gene.name, ()))
    structural = sites.structural.get(gene.name, ())
    if not (observed or unknown or structural or assume_reference):
        return None
    found = match(gene, observed, one_copy)
    as_reference = match(gene, _filled(gene, observed, unknown, one_copy), one_copy)
    assume_reference = assume_reference and bool(as_reference.diplotypes)
    used = as_reference if assume_reference else found
    agreed = agreed_phenotype(gene, used)
    basis = ""
    if agreed is None and (agreed := by_c521(gene, observed)):
        basis = "The phenotype is by c.521T>C (rs4149056) alone, because the star alleles cannot be told"
    if structural:
        agreed = None
    if_reference = agreed_phenotype(gene, as_reference)
    best = None if agreed or structural else at_best(gene, used)
    line = sites.first_line.get(gene.name)
    return GeneResult(
        gene=gene.name,
        diplotypes=tuple(d.name for d in used.diplotypes[:SHOWN]),
        fitting=len(used.diplotypes),
        phenotype=agreed[0] if agreed else None,
        lookup_key=agreed[1] or None if agreed else None,
        phenotype_if_reference=if_reference[0] if if_reference and not structural else None,
        diplotype_if_reference=as_reference.diplotypes[0].name if as_reference.diplotypes else None,
        at_best=best,
        positions_read=len(read),
        missing=tuple(p.label for i, p in enumerate(gene.positions) if i not in read),
        unknown_alleles=unknown,
        combined=used.combined,
        carried=carried(gene, observed),
        activity_score=activity_score(agreed[1]) if agreed else None,
        basis=basis,
        notes=(*((hapb3,) if hapb3 else ()), *_notes(gene, sites)),
        assumed_reference=assume_reference and len(read) < len(gene.positions),
        line=line.line if line else None,
        facts=() if structural else _facts(gene, agreed, observed, used),
    )


def _facts(gene: Gene, agreed: tuple[str, str] | None, observed: dict[int, Observed], used: Match) -> tuple[Fact, ...]:
    facts = [*genotype_facts(gene, observed), *carrier_facts(used)]
    if agreed is not None and (gene.name != "CFTR" or agreed[0].startswith("ivacaftor responsive")):
        facts = [*phenotype_facts(gene, agreed), *facts]
    return tuple(facts)


def _notes(gene: Gene, sites: Sites) -> list[str]:
    """What the reader met at the positions of a gene."""
    said = {
        "A structural variant lies over the gene, so that no phenotype is called": sites.structural,
        "Not called in the file": sites.not_called,
        "Read although the caller's filter did not pass": sites.filtered,
        "Not an allele of the definition": sites.unknown_alleles,
    }
    return [f"{text}: {', '.join(held[gene.name][:SHOWN])}" for text, held in said.items() if held.get(gene.name)]


def _filled(
    gene: Gene, observed: Mapping[int, Observed], unknown: tuple[str, ...], one_copy: bool
) -> dict[int, Observed]:
    labels = {text.split(" ")[0] for text in unknown}
    copies = 1 if one_copy else 2
    return {
        index: observed.get(index, Observed((position.ref,) * copies))
        for index, position in enumerate(gene.positions)
        if index in observed or position.label not in labels
    }


def outside_call(definitions: Definitions, text: str) -> GeneResult:
    """A diplotype from another laboratory, such as `CYP2D6=*1/*4`, with CPIC's phenotype.

    Raises:
        ToolRetry: the text is not GENE=ALLELE/ALLELE, or CPIC does not know the gene or an allele.
    """
    name, _, diplotype = text.partition("=")
    gene = definitions.genes.get(name.strip())
    if gene is None or not diplotype:
        raise ToolRetry(f"{text!r} is not an outside call; write GENE=ALLELE/ALLELE, such as CYP2D6=*1/*4.")
    alleles = [part.strip() for part in diplotype.split("/")]
    unknown = [allele for allele in alleles if allele not in gene.functions]
    if unknown or len(alleles) > 2:
        raise ToolRetry(f"CPIC lists no {gene.name} allele {', '.join(unknown) or diplotype!r}.")
    phenotype = gene.phenotype(*alleles)
    known = [*phenotype_facts(gene, phenotype), *carriers(gene.name, [tuple(alleles)])] if phenotype else []
    return GeneResult(
        gene=gene.name, diplotypes=("/".join(alleles),), fitting=1, source="outside call",
        phenotype=phenotype[0] if phenotype else None, lookup_key=phenotype[1] if phenotype else None,
        activity_score=activity_score(phenotype[1]) if phenotype else None,
        facts=tuple(known),
    )  # fmt: skip


def claim(result: GeneResult, release: str) -> str:
    """What a physician reads of one gene: the call, how sure it is, and what was not read."""
    place = f"CPIC {release}"
    if result.source != "vcf":
        phenotype = result.phenotype or "no phenotype in CPIC"
        return f"{result.gene} {result.diplotypes[0]} was reported by another laboratory: {phenotype} ({place})."
    notes = "".join(f" {text}." for text in ((result.basis, *result.notes) if result.basis else result.notes))
    if not result.diplotypes:
        text = f"{result.gene}: no named allele of {place} fits the {result.positions_read} positions read"
        return f"{text}{f'; {result.phenotype}' if result.phenotype else ''}.{notes}"
    return f"{_call_text(result, place)}{_unread_text(result)}.{notes}"


def _call_text(result: GeneResult, place: str) -> str:
    call = f"{result.gene} {result.diplotypes[0]}"
    extra = (
        " (of several variants, those of lowest function; on different chromosomes where the phase is not known)"
        if result.combined
        else ""
    )
    if result.phenotype is not None and result.basis:
        return f"{result.gene}: {result.phenotype} ({place}; {result.fitting} diplotypes fit, first {call})"
    if result.phenotype is not None:
        also = f"; {result.fitting} diplotypes fit and agree" if result.fitting > 1 else ""
        return f"{call}{extra}: {result.phenotype} ({place}{also})"
    if result.fitting == 1:
        return f"{call}{extra}; CPIC assigns no phenotype ({place})"
    text = f"{result.gene}: no phenotype can be called; {result.fitting} diplotypes fit, first {result.diplotypes[0]}"
    if result.at_best:
        return (
            f"{result.gene} {result.diplotypes[0]} is {result.at_best} at best ({place}; {result.fitting} diplotypes "
            "fit, all of reduced function, and some of less)"
        )
    if result.missing and result.phenotype_if_reference:
        text += f"; it would be {result.phenotype_if_reference} if the unread positions were the reference"
    return text


def _unread_text(result: GeneResult) -> str:
    total = result.positions_read + len(result.missing)
    if result.assumed_reference:
        return f"; {len(result.missing)} of {total} positions, not in the file, were taken as reference on request"
    return f"; {len(result.missing)} of {total} positions are not in the file" if result.missing else ""


def relations(
    definitions: Definitions, results: Mapping[str, GeneResult], drugs: Iterable[str] | None
) -> list[DrugRelation]:
    """CPIC's drug pairs of the genes called, or of `drugs`, with the grade of advice where the look-up is complete."""
    wanted = {drug.casefold() for drug in drugs} if drugs is not None else None
    found = []
    for pair in definitions.drugs:
        chosen = pair.drug.casefold() in wanted if wanted is not None else any(g in results for g in pair.genes)
        if chosen:
            found.append(_relation(pair, results))
    return found


def _relation(pair: DrugPair, results: Mapping[str, GeneResult]) -> DrugRelation:
    known = {g: results[g] for g in pair.genes if g in results and called_as(results[g])}
    keys = {"|".join(f"{g}={r.lookup_key}" for g, r in sorted(known.items()))}
    keys |= {"|".join(f"{g}={r.phenotype or r.at_best}" for g, r in sorted(known.items()))}
    strength = next((pair.grades[key] for key in keys if key in pair.grades), ())
    return DrugRelation(
        drug=pair.drug, genes=pair.genes, guideline=pair.guideline, url=pair.url, year=pair.year,
        phenotypes={gene: called_as(r) or "" for gene, r in known.items()},
        unknown_genes=tuple(gene for gene in pair.genes if gene not in known), strength=strength,
        by_phenotype=bool(pair.grades),
    )  # fmt: skip


__all__ = ["DrugRelation", "GeneResult", "call_gene", "called_as", "claim", "outside_call", "relations"]
