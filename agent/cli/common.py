"""What the subcommands share: consoles, JSON output, tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from knowledge.errors import ToolRetry

out = Console()
err = Console(stderr=True)


def new_app(help_text: str | None = None) -> typer.Typer:
    """A Typer application with this project's settings: no completion, no locals in tracebacks."""
    return typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, help=help_text, no_args_is_help=help_text is not None
    )


def output_folder(folder: Path) -> Path:
    """The folder, made where it is not there. Raises `ToolRetry` where it cannot be one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ToolRetry(f"{folder} is a file, or lies under one; name a folder.") from None
    except PermissionError:
        raise ToolRetry(f"{folder} cannot be made: no permission; name another folder.") from None
    return folder


def print_json(value: Any) -> None:
    """Write a pydantic model, or plain data, as indented JSON and nothing else."""
    data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Print rows as a table. Cell texts are never read as markup."""
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    out.print(table)
