"""`consilium knowledge import` and `add-reference`: the user's own releases of the variant tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from knowledge.errors import ToolRetry
from tools.case import Assembly


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application of `consilium knowledge`."""
    app.command("import")(import_command)
    app.command("tables")(tables)
    app.command("forget-table")(forget_table)
    app.command("add-reference")(add_reference)
    app.command("remove-reference")(remove_reference)


def import_command(
    kind: Annotated[str, typer.Argument(help="clinvar, civic, gnomad, cpic or proteins.")],
    files: Annotated[list[Path], typer.Argument(help="The released files (for cpic: a folder).")],
    release: Annotated[str | None, typer.Option(help="Release, where the file does not say.")] = None,
    assembly: Annotated[str | None, typer.Option(help="GRCh37 or GRCh38, where the file does not say.")] = None,
) -> None:
    """Turn released files into a local table; the old one stays until the new one is complete."""
    from knowledge.tables.imports import import_table
    from knowledge.tables.store import table_note, user_tables

    made = import_table(kind, files, release, assembly)
    typer.echo(f"{made.label()}: {made.records} records ({made.assemblies}).")
    if kind != "cpic" and (note := table_note(user_tables() / f"{kind}.sqlite")):
        typer.echo(note)


def tables() -> None:
    """List the variant tables in use, with release and date, and the references."""
    from agent.cli.common import print_table
    from knowledge.tables.store import read_release, table_path, user_tables
    from tools.pgx.definitions import definitions
    from tools.variants.reference import registered

    rows = []
    for name in ("clinvar", "civic", "gnomad", "proteins"):
        path = table_path(name)
        if path is None:
            rows.append((name, "none", "", "", ""))
            continue
        made = read_release(path)
        rows.append((name, made.release, str(made.records), made.imported, _origin(made.bundled)))
    cpic = definitions()
    bundled = not (user_tables() / "cpic.json.gz").is_file()
    rows.append(("cpic", cpic.release, str(len(cpic.genes)), "", _origin(bundled)))
    for assembly in get_args(Assembly):
        if found := registered(assembly):
            models = f" with {found.gff3.name}" if found.gff3 else ""
            rows.append((f"reference {assembly}", f"{found.fasta.name}{models}", "", "", "registered"))
    print_table(("table", "release", "records", "built", "from"), rows)


def _origin(bundled: bool) -> str:
    return "with Consilium" if bundled else "imported"


def forget_table(
    kind: Annotated[str, typer.Argument(help="clinvar, civic, gnomad, cpic or proteins.")],
) -> None:
    """Delete an imported table; the one that comes with Consilium is used again."""
    from knowledge.tables.imports import KINDS
    from knowledge.tables.store import user_tables

    if kind not in KINDS:
        raise ToolRetry(f"There is no table named {kind!r}. The tables are: {', '.join(KINDS)}.")
    path = user_tables() / ("cpic.json.gz" if kind == "cpic" else f"{kind}.sqlite")
    if not path.is_file():
        raise ToolRetry(f"No {kind} table was imported here.")
    path.unlink()
    typer.echo(f"The imported {kind} table is deleted.")


def remove_reference(
    assembly: Annotated[str, typer.Argument(help="GRCh37 or GRCh38.")],
) -> None:
    """Forget a registered reference; its files stay where they are."""
    from agent.cli.variant_case import known_assembly
    from tools.variants.reference import unregister

    known = known_assembly(assembly)
    assert known is not None
    unregister(known)
    typer.echo(f"{known}: no reference is registered any more.")


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
