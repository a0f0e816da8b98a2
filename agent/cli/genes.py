"""`consilium genes`: genes of a cohort ranked by how their rare variants go with disease."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, new_app, output_folder, print_json, print_table

app = new_app()
SHOWN = 20


@app.command()
def genes(
    file: Annotated[Path, typer.Argument(help="VCF or BCF of the cohort, annotated with CSQ, ANN or BCSQ.")],
    phenotypes: Annotated[Path, typer.Option(help="TSV or CSV: sample, case (1 or 0), covariates.")],
    assembly: Annotated[str | None, typer.Option(help="GRCh37 or GRCh38.")] = None,
    max_frequency: Annotated[float, typer.Option(help="Highest allele frequency in the cohort.")] = 0.01,
    out_dir: Annotated[Path | None, typer.Option("--out", help="Folder for genes.png and genes.tsv.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rank genes: Fisher's test on carriers, burden with covariates, SKAT, and the false discovery rate."""
    from agent.cli.variant_case import known_assembly
    from knowledge.errors import ToolRetry
    from tools.biomarkers.burden import GeneTest, rank_genes
    from tools.biomarkers.cohort import read_cohort
    from tools.biomarkers.plots import gene_plot

    known = known_assembly(assembly)
    if known is None:
        raise ToolRetry("Name the assembly with --assembly GRCh37 or GRCh38; it is never guessed.")
    cohort = read_cohort(file, known, phenotypes, max_frequency)
    tests = rank_genes(cohort)
    if out_dir is not None:
        output_folder(out_dir)
        (out_dir / "genes.png").write_bytes(gene_plot(tests))
        lines = ["\t".join(GeneTest._fields), *("\t".join(map(str, test)) for test in tests)]
        (out_dir / "genes.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if as_json:
        print_json({
            "samples": len(cohort.samples), "cases": int(cohort.case.sum()), "records": cohort.report.records,
            "bad_records": cohort.report.bad_records, "common_left_out": cohort.common,
            "genes": [test._asdict() for test in tests],
        })  # fmt: skip
        return
    print_table(
        ("gene", "variants", "cases", "controls", "odds ratio", "Fisher", "burden", "SKAT", "p", "q"),
        [
            (t.gene, t.variants, t.case_carriers, t.control_carriers, f"{t.odds_ratio:.2f}",
             *(f"{value:.2g}" for value in (t.p_fisher, t.p_burden, t.p_skat, t.p, t.q)))
            for t in tests[:SHOWN]
        ],
        title=f"{int(cohort.case.sum())} cases, {int((1 - cohort.case).sum())} controls, {len(tests)} genes",
    )  # fmt: skip
    if cohort.report.bad_records:
        first = cohort.report.problems[0]
        err.print(f"{cohort.report.bad_records} records were left out; line {first.line}: {first.text}.", markup=False)
