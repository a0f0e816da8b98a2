"""`consilium missense`: how likely missense changes are to harm, from the protein's sequence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.common import err, new_app, out, print_json, print_table
from knowledge.errors import ToolRetry

if TYPE_CHECKING:
    from tools.missense.proteins import Protein

app = new_app()
_WRITTEN = re.compile(r"^(?:(?P<gene>[A-Za-z0-9_.\-]+)[\s:]+)?(?:p\.)?\(?(?P<change>[A-Za-z]{1,3}\d+[A-Za-z]{1,3})\)?$")


@app.command()
def missense(
    changes: Annotated[list[str], typer.Argument(help="'TP53 R175H', 'NP_000537.3:p.Arg175His'; R175H with --fasta.")],
    fasta: Annotated[Path | None, typer.Option(help="The protein in FASTA, instead of the table's.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of an ESM-2 checkpoint, instead of the model here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score missense changes, and say which ACMG/AMP code (PP3 or BP4) and strength the score supports."""
    from tools.missense.predict import predict, scorer_of
    from tools.missense.proteins import read_fasta

    own = read_fasta(fasta) if fasta is not None else None
    chosen = [_parse(text, own) for text in changes]
    scorer = scorer_of(model)
    found = [predict(protein, [change], scorer)[0] for protein, change in chosen]
    if as_json:
        print_json([score.model_dump(mode="json") for score in found])
        return
    rows = [
        (
            f"{score.gene} {score.change}".strip(), score.protein, f"{score.score:+.2f}",
            f"{score.code}_{score.strength}" if score.code else "none",
        )
        for score in found
    ]  # fmt: skip
    print_table(("change", "protein", "score", "supports"), rows, title=f"{scorer.name}; higher is more harmful")
    for score in found:
        out.print(f"{score.sentence()[0].upper()}{score.sentence()[1:]}.", markup=False)
        if score.relatives == 0:
            err.print(f"{score.change}: no related protein aligns here, so the score rests on less.", markup=False)


def _parse(text: str, own: Protein | None) -> tuple[Protein, tuple[str, int, str]]:
    """The protein and the change of one argument. Raises `ToolRetry` saying how to write it."""
    from tools.missense.proteins import protein_table
    from tools.variants.names import parse_protein

    found = _WRITTEN.match(text.strip())
    change = parse_protein(found["change"]) if found else None
    if found is None or change is None or change.kind != "substitution":
        raise ToolRetry(f"{text!r} is not a missense change; write one such as 'TP53 R175H'.")
    triple = (change.ref, change.start, change.alt)
    if own is not None:
        return own, triple
    name = found["gene"]
    if not name:
        raise ToolRetry(f"{text!r} names no gene; write one such as 'TP53 R175H', or give --fasta.")
    table = protein_table()
    if re.match(r"^[NX]P_\d+|^(?:[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d[A-Z][A-Z0-9]{2}\d)$", name):
        return table.by_accession(name), triple
    known = table.by_gene(name.upper()) or table.by_gene(name)
    if not known:
        raise ToolRetry(f"{table.release.label()} has no protein of {name!r}; give its sequence with --fasta.")
    fits = table.with_residue(known[0].gene, change.start, change.ref)
    return fits or known[0], triple
