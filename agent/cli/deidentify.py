"""`consilium deidentify`: a copy of a case, or of a text, without what tells who it is of."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, new_app, print_json, print_table
from knowledge.errors import BadInput

app = new_app()


@app.command()
def deidentify(
    case: Annotated[Path, typer.Argument(help="A case folder, or a text file (- for standard input).")],
    out: Annotated[Path | None, typer.Option(help="The new case folder; needed for a folder.")] = None,
    keep_map: Annotated[
        Path | None, typer.Option(help="Write the map that leads back (keep it as safe as the case).")
    ] = None,
    use_map: Annotated[
        Path | None, typer.Option("--map", help="A map of an earlier run: the same stand-ins and shift.")
    ] = None,
    restore: Annotated[bool, typer.Option(help="The way back: put the originals into a text, by --map.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Replace names, places, numbers and dates by stand-ins; dates of one case all move by the same weeks."""
    from agent.cli.recording import record
    from agent.service import Consilium
    from agent.trust.audit import Action
    from tools.deid.folder import deidentify_case
    from tools.deid.surrogates import Surrogates

    done = Action.SAW if restore else Action.DEIDENTIFIED
    record(Consilium(), done, "deidentify", folder=case if case.is_dir() else None)
    surrogates = Surrogates() if use_map is None else Surrogates.from_json(_read(use_map), use_map.name)
    if case.is_dir():
        if out is None or restore:
            raise typer.BadParameter("a case folder needs --out NEW_FOLDER, and has no --restore")
        report = deidentify_case(case, out, surrogates)
        if as_json:
            print_json(report)
        else:
            rows = [(f.name, f.kind, ", ".join(f"{n} {k}" for k, n in f.replaced.items()) or "") for f in report.files]
            print_table(("file", "kind", "replaced"), rows)
            for name, reason in report.left_out.items():
                err.print(f"Left out: {name}: {reason}.", markup=False, highlight=False)
            for warning in report.warnings:
                err.print(warning, markup=False, highlight=False)
    else:
        sys.stdout.write(_text(_read(case), surrogates, restore=restore, needs_map=use_map is None))
    if keep_map is not None:
        descriptor = os.open(keep_map, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(surrogates.to_json())


def _text(text: str, surrogates: object, *, restore: bool, needs_map: bool) -> str:
    from knowledge.errors import ToolFailed
    from tools.deid.surrogates import Surrogates
    from tools.deid.unsure import why_unsure

    assert isinstance(surrogates, Surrogates)
    if restore:
        if needs_map:
            raise typer.BadParameter("--restore needs --map FILE")
        return surrogates.restore(text)
    reason = why_unsure(text)
    if reason is not None:
        raise ToolFailed(f"The text was not de-identified: {reason}.")
    return surrogates.hide(text)


def _read(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    if not path.is_file():
        raise BadInput(path.name, "the path", "there is no such file", "a UTF-8 text file or a case folder")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(path.name, f"byte {error.start}", "it is not UTF-8 text", "UTF-8") from None
