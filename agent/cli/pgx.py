"""`consilium pgx`: drug-gene diplotypes and phenotypes from a variant file, after CPIC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.common import err, new_app, print_json, print_table
from knowledge.errors import BadInput

if TYPE_CHECKING:
    from tools.pgx.report import DrugRelation, GeneResult
    from tools.pgx.tool import PgxPayload

app = new_app()


@app.command()
def pgx(
    file: Annotated[Path | None, typer.Argument(help="Germline VCF or BCF.")] = None,
    assembly: Annotated[str | None, typer.Option(help="GRCh37 or GRCh38.")] = None,
    drug: Annotated[list[str] | None, typer.Option(help="Drug to look at; may be repeated.")] = None,
    sample: Annotated[str | None, typer.Option(help="Sample to read, where the file has several.")] = None,
    sex: Annotated[str | None, typer.Option(help="female or male, for G6PD.")] = None,
    outside: Annotated[list[str] | None, typer.Option(help="A call from elsewhere, such as 'CYP2D6=*1/*4'.")] = None,
    unlisted: Annotated[
        str, typer.Option(help="What positions not in the file are: unknown or reference.")
    ] = "unknown",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Call CPIC's genes from a germline variant file, and say which drugs they concern."""
    from agent.cli.variant_case import case_of, known_assembly, known_sex
    from tools.pgx.definitions import definitions
    from tools.pgx.report import outside_call, relations
    from tools.pgx.tool import PgxPayload, without_a_pair
    from tools.registry import call_tool

    table = definitions()
    calls = {result.gene: result for result in (outside_call(table, text) for text in outside or ())}
    payload = PgxPayload(release=table.release, genes=(), drugs=(), not_covered=())
    warnings: tuple[str, ...] = ()
    if file is not None:
        if not file.is_file():
            raise BadInput(file.name, "the whole file", "it is not there", "a VCF or BCF file")
        context = case_of([file], known_assembly(assembly), "germline", sample, known_sex(sex))
        result = call_tool("pharmacogenomics", {"unlisted_positions": unlisted, "drugs": ()}, context)
        assert isinstance(result.payload, PgxPayload)
        payload, warnings = result.payload, result.warnings
    elif not calls:
        raise typer.BadParameter("give a file, or --outside")
    genes = {item.gene: item for item in payload.genes} | calls
    pairs = relations(table, genes, drug or None)
    payload = payload.model_copy(update={"genes": tuple(genes.values()), "drugs": tuple(pairs)})
    if as_json:
        print_json(payload)
        return
    _show(payload)
    for text in (*without_a_pair(tuple(drug or ()), pairs), *warnings):
        err.print(text, markup=False, highlight=False)


def _phenotype(item: GeneResult) -> str:
    """The phenotype or genotype that guidelines name, else why there is none."""
    from tools.pgx.report import called_as

    called = called_as(item)
    if called is not None:
        return called
    if item.missing and item.phenotype_if_reference:
        return f"not called ({item.phenotype_if_reference} if unread positions are reference)"
    return "not called" if item.fitting != 1 else "CPIC assigns none"


def _strength(pair: DrugRelation) -> str:
    return "/".join(pair.strength) if pair.by_phenotype else "not by phenotype alone"


def _show(payload: PgxPayload) -> None:
    rows = []
    for item in payload.genes:
        total = item.positions_read + len(item.missing)
        more = f" (first of {item.fitting} that fit)" if item.fitting > 1 else ""
        call = f"{item.diplotypes[0]}{more}" if item.diplotypes else "none fits"
        read = f"{item.positions_read} of {total}" if total else item.source
        rows.append((item.gene, call, _phenotype(item), read))
    print_table(("gene", "diplotype", "phenotype", "positions read"), rows, title=f"CPIC {payload.release}")
    for item in payload.genes:
        for note in (item.basis, *item.notes) if item.basis else item.notes:
            typer.echo(f"{item.gene}: {note}.")
    known = [
        (pair.drug, ", ".join(f"{g} {p}" for g, p in pair.phenotypes.items()), _strength(pair), pair.url)
        for pair in payload.drugs
        if pair.phenotypes
    ]
    if known:
        print_table(("drug", "phenotype", "strength of advice", "guideline"), known)
