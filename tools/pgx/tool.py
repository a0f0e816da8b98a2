"""The tool `pharmacogenomics`: a patient's drug-gene phenotypes after CPIC, and the drugs they concern."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import Fact, vocabulary
from tools.case import Attachment, Case
from tools.evidence import Evidence, Locator, Provenance, Record, TableRow, ToolResult, VcfRecord
from tools.pgx.definitions import Definitions, definitions
from tools.pgx.genotypes import Sites, read_sites
from tools.pgx.report import DrugRelation, GeneResult, call_gene, claim, outside_call, relations
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.variants.reading import VariantFile, VcfLine

VERSION = "1.1"


class PgxArguments(Arguments):
    """Arguments of `pharmacogenomics`."""

    variants: str | None = Field(default=None, description="Handle of the germline variant file; the only one if None.")
    drugs: tuple[str, ...] | None = Field(
        default=None, description="Drugs to look at (generic names); the patient's current and proposed drugs if None."
    )
    unlisted_positions: Literal["unknown", "reference"] = Field(
        default="unknown",
        description="What a position that the file does not list means. 'reference' only for a file known to list "
        "every variant of a fully covered genome.",
    )


class PgxPayload(Record):
    """Calls, the drug pairs that they concern, and what could not be called."""

    release: str
    genes: tuple[GeneResult, ...]
    drugs: tuple[DrugRelation, ...]
    not_covered: tuple[str, ...]


def run(context: ToolContext, arguments: PgxArguments) -> ToolResult:
    """Call every gene that the file covers, and list CPIC's drug pairs for this patient's drugs.

    Raises:
        ToolRetry: the handle is not that of a variant file, several fit and none is named, or unlisted positions are
            to be the reference on GRCh37.
        ToolFailed: the assembly is not named, or the file is of a tumour.
        BadInput: the file is damaged or not what it is said to be.
    """
    table = definitions()
    attachment = choose_attachment(context.case, arguments.variants, "germline")
    warnings: list[str] = []
    results: dict[str, GeneResult] = {}
    evidence: list[Evidence] = []
    not_covered: tuple[str, ...] = ()
    if attachment is not None:
        file = open_attachment(attachment)
        if file.assembly == "GRCh37" and arguments.unlisted_positions == "reference":
            raise ToolRetry(
                "On GRCh37 unlisted positions cannot be taken as reference: its base is the variant at some of them "
                "(CYP3A5*3, factor V Leiden, CYP2C19*1). Genotype the positions, or give a file on GRCh38."
            )
        context.progress(f"Reading drug-response positions from {attachment.name}")
        sites = read_sites(file, [table.genes[g] for g in table.callable_genes()], attachment.sample)
        results = call_genes(table, sites, context.case.patient.sex, arguments.unlisted_positions == "reference")
        not_covered = tuple(g for g in table.callable_genes() if g not in results)
        warnings += reading_warnings(sites, attachment)
        if attachment.origin is None:
            warnings.append(f"{attachment.name} does not say whether it is germline; a tumour file can mislead here.")
        evidence += [gene_evidence(r, table, attachment, sites.first_line.get(g)) for g, r in results.items()]
    drugs = arguments.drugs if arguments.drugs is not None else patient_drugs(context.case)
    called = {**reported_phenotypes(context), **results}
    related = relations(table, called, drugs)
    warnings += without_a_pair(arguments.drugs or (), related)
    evidence += [drug_evidence(relation, table) for relation in related if relation.phenotypes]
    if not results and not called:
        raise ToolFailed("No drug-response position of any gene is covered, and no phenotype is on record.")
    payload = PgxPayload(
        release=table.release, genes=tuple(results.values()), drugs=tuple(related), not_covered=not_covered
    )
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=tuple(warnings))


def without_a_pair(asked: tuple[str, ...], related: list[DrugRelation]) -> list[str]:
    """Why a drug that was asked about has no answer."""
    found = {relation.drug.casefold(): relation for relation in related}
    said = []
    for drug in asked:
        relation = found.get(drug.casefold())
        if relation is None:
            said.append(f"{drug}: CPIC's tables hold no advice by phenotype for a drug of this name.")
        elif not relation.phenotypes:
            genes = " and ".join(relation.genes)
            said.append(f"{drug}: CPIC's guideline looks at {genes}, for which no phenotype can be called here.")
    return said


def choose_attachment(case: Case, handle: str | None, origin: str) -> Attachment | None:
    """The variant file of that handle, or the one of that origin, or the only one of unknown origin."""
    files = case.of_kind("variants")
    if handle is not None:
        chosen = case.attachment(handle)
        if chosen is None or chosen.kind != "variants":
            listed = ", ".join(item.handle for item in files) or "none"
            raise ToolRetry(f"{handle!r} is not the handle of a variant file. This case has: {listed}.")
        if origin == "germline" and chosen.origin == "somatic":
            raise ToolFailed(f"{chosen.name} is of a tumour; drug-response calls need a germline file.")
        return chosen
    fitting = [item for item in files if item.origin == origin] or [item for item in files if item.origin is None]
    if len(fitting) > 1:
        raise ToolRetry(f"Name one of the variant files: {', '.join(item.handle for item in fitting)}.")
    return fitting[0] if fitting else None


def open_attachment(attachment: Attachment) -> VariantFile:
    """Open a variant file. Raises `ToolFailed` where its assembly is not named."""
    if attachment.assembly is None:
        raise ToolFailed(
            f"{attachment.name} does not name its assembly. Name it in case.yaml (variants: assembly: GRCh37 or "
            "GRCh38) or with --assembly; it is never guessed."
        )
    return VariantFile(attachment.path, attachment.name, attachment.assembly)


def call_genes(table: Definitions, sites: Sites, sex: str | None, assume_reference: bool) -> dict[str, GeneResult]:
    """Results of the genes that the file covers. X-linked G6PD has one copy in a man, MT-RNR1 in everybody."""
    results = {}
    for name in table.callable_genes():
        gene = table.genes[name]
        one_copy = gene.chromosome == "MT" or (gene.chromosome == "X" and sex == "male")
        found = call_gene(gene, sites, one_copy, assume_reference)
        if found is not None:
            results[name] = found
    return results


def reading_warnings(sites: Sites, attachment: Attachment) -> list[str]:
    """What the reader has to say of the file."""
    report, found = sites.report, []
    if report.bad_records:
        first = report.problems[0]
        found.append(
            f"{attachment.name}: {report.bad_records} records could not be read; line {first.line}: {first.text}."
        )
    if sites.blocks_passed_over:
        found.append(
            f"{attachment.name}: {sites.blocks_passed_over} reference blocks on GRCh37 were not read, because its base "
            "is not the definition's reference everywhere; genotype the positions, or give a file on GRCh38."
        )
    return found


def gene_evidence(
    result: GeneResult, table: Definitions, attachment: Attachment | None, record: VcfLine | None
) -> Evidence:
    """The citable form of one gene's call."""
    facts = [
        Fact(name="diplotype.gene", value=result.gene),
        Fact(name="diplotype.release", value=table.release),
        Fact(name="diplotype.positions_read", value=result.positions_read),
        Fact(name="diplotype.positions_missing", value=len(result.missing)),
        Fact(name="diplotype.alternatives", value=result.fitting),
    ]
    if result.diplotypes:
        facts.append(Fact(name="diplotype.name", value=result.diplotypes[0]))
    if result.phenotype:
        facts.append(Fact(name="diplotype.phenotype", value=result.phenotype))
    locator: Locator = TableRow(table="CPIC", release=table.release, record=result.gene)
    if attachment is not None and record is not None and attachment.assembly is not None:
        locator = VcfRecord(
            handle=attachment.handle, line=record.line, assembly=attachment.assembly, chromosome=record.chromosome,
            position=record.position, ref=record.ref, alt=",".join(record.alts) or ".",
        )  # fmt: skip
    return Evidence(
        kind="diplotype", claim=claim(result, table.release), facts=(*facts, *result.facts), locator=locator,
        provenance=Provenance(
            tool="pharmacogenomics", tool_version=VERSION, data_release=f"CPIC {table.release}",
            parameters={"unlisted_positions": "reference" if result.assumed_reference else "unknown"},
        ),
    )  # fmt: skip


def drug_evidence(relation: DrugRelation, table: Definitions) -> Evidence:
    """The citable form of a drug-gene pair: that a guideline speaks of this phenotype, and how it grades its advice."""
    known = " and ".join(f"{gene} {phenotype}" for gene, phenotype in relation.phenotypes.items())
    strength = ", ".join(s.lower() for s in relation.strength if s != "n/a")
    graded = f", graded {strength}" if strength and strength != "no recommendation" else ""
    advice = f"has advice for {known}{graded}" if strength else f"looks at {known}"
    if strength == "no recommendation":
        advice = f"gives no recommendation for {known}"
    if relation.unknown_genes:
        advice = f"looks at {known}, and also at {' and '.join(relation.unknown_genes)}, not known here"
    if known.endswith("at best"):
        advice = f"looks at {known}: function is reduced, and by how much is open until the unread positions are known"
    if not relation.by_phenotype:
        advice += "; its advice follows no phenotype alone and is to be read there"
    year = f" of {relation.year}" if relation.year else ""
    facts = [
        Fact(name="diplotype.drug", value=relation.drug),
        Fact(name="diplotype.release", value=table.release),
        Fact(name="diplotype.phenotype", value=known),
    ]
    if relation.year:
        facts.append(Fact(name="diplotype.guideline_year", value=relation.year))
    return Evidence(
        kind="database_record",
        claim=f"For {relation.drug}, the CPIC guideline{year} {advice} (release {table.release}).",
        facts=tuple(facts),
        locator=TableRow(table="CPIC", release=table.release, record=relation.guideline, url=relation.url),
        provenance=Provenance(tool="pharmacogenomics", tool_version=VERSION, data_release=f"CPIC {table.release}"),
    )


def patient_drugs(case: Case) -> tuple[str, ...]:
    """Generic names of the patient's current and proposed drugs, as the vocabulary names them."""
    names = []
    for item in case.medications:
        if item.status != "stopped":
            spec = vocabulary().get(item.fact) if item.fact else None
            names.append(spec.label.get("en", item.text) if spec else item.text)
            names.append(spec.name.partition(".")[2].replace("_", " ") if spec else item.text)
    return tuple(dict.fromkeys(names))


def reported_phenotypes(context: ToolContext) -> dict[str, GeneResult]:
    """Phenotypes that the record gives (outside calls such as CYP2D6 or HLA), as results without a diplotype."""
    found: dict[str, GeneResult] = {}
    facts = context.facts()
    for name in facts.names():
        prefix, _, gene = name.partition(".")
        held = facts.get(name)
        if held is None or prefix not in ("phenotype", "hla") or "activity_score" in gene:
            continue
        spec, value = held.fact.spec, held.fact.value
        if prefix == "hla":
            label = spec.label.get("en", gene).split(" ")[0]
            locus, _, _ = label.partition("*")
            text = f"{label.removeprefix(locus)} {'positive' if value else 'negative'}"
            found[locus] = _reported(locus, text)
        elif isinstance(value, str) and value in spec.values:
            text = spec.values[value].label.get("en", value).title()
            found[gene] = _reported(gene, text)
    return found


def _reported(gene: str, text: str) -> GeneResult:
    return GeneResult(gene=gene, diplotypes=(), fitting=0, phenotype=text, lookup_key=text, source="record")


SPEC: ToolSpec[PgxArguments] = ToolSpec(
    name="pharmacogenomics",
    version=VERSION,
    summary="Call drug-gene diplotypes and phenotypes (CYP2C19, DPYD, TPMT and others, after CPIC) from a germline "
    "variant file, and list which of the patient's current or proposed drugs they concern.",
    arguments=PgxArguments,
    payload=PgxPayload,
    run=run,
    uses_ledger=True,
    slow=True,
)

__all__ = ["SPEC", "PgxArguments", "PgxPayload", "outside_call", "run", "without_a_pair"]
