"""`consilium knowledge add` and `remove`: the user's own documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, out, print_json
from knowledge.errors import ConsiliumError, ToolRetry


def add_commands(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(add)
    app.command()(remove)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise ToolRetry(f"{path.name!r} is neither a file nor a folder.")
    root = path.resolve()
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.is_file() and not hidden and file.resolve().is_relative_to(root):
            yield file


def add(
    path: Annotated[Path, typer.Argument(help="A file, or a folder of files.")],
    licence: Annotated[str, typer.Option(help="Under which licence or permission you hold it.")],
    title: Annotated[str | None, typer.Option(help="Title; by default the first heading.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Who published it.")] = None,
    year: Annotated[int | None, typer.Option(help="Year of publication.", min=1900, max=2100)] = None,
    identifier: Annotated[str | None, typer.Option(help="DOI or URL.")] = None,
    disease: Annotated[list[str] | None, typer.Option(help="Disease (slug) that it is about; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Add documents (PDF, HTML, DOCX, Markdown, text). Stopped half-way, the same command goes on."""
    from knowledge.ingest.library import Description, add_document
    from knowledge.store.service import build
    from tools.documents import LIMITED_READER

    files = list(_files(path))
    if title is not None and len(files) != 1:
        raise ToolRetry("--title goes with one file.")
    about = Description(
        title=title,
        licence=licence,
        organisation=organisation,
        year=year,
        identifier=identifier,
        diseases=tuple(disease or ()),
    )

    def say(stage: str, done: int, total: int) -> None:
        if not as_json:
            err.print(f"{stage} {done} of {total}", highlight=False, markup=False)

    rows: list[dict[str, object]] = []
    for file in files:
        try:
            added = add_document(file, about, LIMITED_READER, say)
        except ConsiliumError as error:
            rows.append({"file": file.name, "error": str(error)})
            continue
        document = added.document
        row: dict[str, object] = {"file": file.name, "id": document.id, "title": document.title}
        rows.append(row | {"new": not added.was_there, "pages": document.pages, "passages": document.passages})
    if any("id" in row for row in rows):
        build(None if as_json else say)
    if as_json:
        print_json(rows)
    for row in [] if as_json else rows:
        if "error" in row:
            out.print(f"refused   {row['error']}", markup=False, highlight=False, soft_wrap=True)
        else:
            state = "added" if row["new"] else "was there"
            text = f"{state:<10}{row['id']}  {row['title']}, {row['pages']} pages, {row['passages']} passages"
            out.print(text, markup=False, highlight=False, soft_wrap=True)
    if not rows or any("error" in row for row in rows):
        raise typer.Exit(1)


def remove(
    name: Annotated[str, typer.Argument(help="Id of the document, as `list` shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Take a document out of the library and out of the index."""
    from knowledge.ingest.library import remove_document
    from knowledge.store.service import build

    document = remove_document(name)
    build()
    if as_json:
        print_json({"removed": document.id})
    else:
        out.print(f"Removed {document.id}  {document.title}", markup=False, highlight=False, soft_wrap=True)
