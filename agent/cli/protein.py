"""`consilium protein`: what a mutation meets in a structure file, or what a sequence alone says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from agent.cli.common import err, new_app, out, print_json
from knowledge.errors import BadInput

app = new_app()

_SEQUENCE_ENDINGS = (".fasta", ".fa", ".faa")
_LONGEST_SEQUENCE_BYTES = 60_000


@app.command()
def protein(
    file: Annotated[Path, Argument(help="PDB or mmCIF (also .gz), or a protein sequence in FASTA.")],
    mutation: Annotated[str, Option(help="Chain and change, such as A:R175H or L:S52AP.")],
    out_dir: Annotated[Path | None, Option("--out", help="Folder for the picture of the site.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Burial, contacts, distances, clashes and predicted stability change of one mutation."""
    import hashlib
    import tempfile

    from tools.artifacts import Artifacts
    from tools.case import Attachment, Case, Patient
    from tools.protein.tool import SPEC
    from tools.registry import ToolContext

    if not file.is_file():
        raise BadInput(file.name, "the path", "it is not there", "a structure file, or a sequence in FASTA")
    arguments: dict[str, str] = {"mutation": mutation}
    attachments: tuple[Attachment, ...] = ()
    if file.name.lower().endswith(_SEQUENCE_ENDINGS):
        arguments["sequence"] = _sequence(file)
    else:
        with open(file, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        attachments = (
            Attachment(handle="structure-1", kind="structure", name=file.name, sha256=digest, path=file.resolve()),
        )
    case = Case(id="structure", patient=Patient(id="structure"), attachments=attachments)
    with tempfile.TemporaryDirectory() as scratch:
        context = ToolContext(case=case, artifacts=Artifacts(out_dir or Path(scratch)))
        result = SPEC.run(context, SPEC.arguments.model_validate(arguments))
    if as_json:
        claims = [item.claim for item in result.evidence]
        print_json({"claims": claims, "warnings": list(result.warnings), **result.payload.model_dump(mode="json")})
        return
    for item in result.evidence:
        out.print(item.claim, markup=False)
    for warning in result.warnings:
        err.print(f"Note: {warning}", markup=False)
    if out_dir is not None and attachments:
        out.print(f"Written to {out_dir}: {', '.join(context.artifacts.names())}", markup=False)


def _sequence(file: Path) -> str:
    with open(file, "rb") as stream:
        data = stream.read(_LONGEST_SEQUENCE_BYTES + 1)
    if len(data) > _LONGEST_SEQUENCE_BYTES:
        raise BadInput(file.name, "the whole file", "it is too long", "the sequence of one protein")
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise BadInput(file.name, "the whole file", "it is not plain text", "the sequence of one protein") from None
