"""`consilium knowledge import` and `add-reference`: the user's own releases of the variant tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application of `consilium knowledge`."""
    app.command("import")(import_command)
    app.command("tables")(tables)
    app.command("add-reference")(add_reference)


def import_command(
    kind: Annotated[str, typer.Argument(help="clinvar, civic, gnomad, cpic or proteins.")],
    files: Annotated[list[Path], typer.Argument(help="The released files (for cpic: a folder).")],
    release: Annotated[str | None, typer.Option(help="Release, where the file does not say.")] = None,
    assembly: Annotated[str | None, typer.Option(help="GRCh37 or GRCh38, where the file does not say.")] = None,
) -> None:
    """Turn released files into a local table; the old one stays until the new one is complete."""
    from knowledge.tables.imports import import_table

    made = import_table(kind, files, release, assembly)
    typer.echo(f"{made.label()}: {made.records} records ({made.assemblies}).")


def tables() -> None:
    """List the variant tables in use, with release and date."""
    from agent.cli.common import print_table
    from knowledge.tables.store import read_release, table_path

    rows = []
    for name in ("clinvar", "civic", "gnomad", "proteins"):
        path = table_path(name)
        if path is None:
            rows.append((name, "none", "", "", ""))
            continue
        made = read_release(path)
        origin = "with Consilium" if made.bundled else "imported"
        rows.append((name, made.release, str(made.records), made.imported, origin))
    print_table(("table", "release", "records", "built", "from"), rows)


def add_reference(
    fasta: Annotated[Path, typer.Argument(help="Reference sequence (FASTA, plain or bgzipped).")],
    assembly: Annotated[str, typer.Option(help="GRCh37 or GRCh38.")],
    gff3: Annotated[Path | None, typer.Option(help="Gene models (Ensembl GFF3), for consequences.")] = None,
) -> None:
    """Register a reference sequence and gene models on this machine."""
    from agent.cli.variant_case import known_assembly
    from tools.variants.reference import register

    known = known_assembly(assembly)
    assert known is not None
    made = register(fasta, known, gff3)
    typer.echo(f"{known}: {made.fasta.name}" + (f" with {made.gff3.name}" if made.gff3 else ""))
