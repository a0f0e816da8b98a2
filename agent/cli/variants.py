"""`consilium variants`: what the variants of a file, or variants as written, mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.common import err, new_app, print_json, print_table
from knowledge.errors import BadInput

if TYPE_CHECKING:
    from tools.evidence import ToolResult
    from tools.variants.model import AnnotatedVariant

app = new_app()
COLUMNS = ("variant", "place", "consequence", "in sample", "ClinVar", "tier or ACMG/AMP", "makes true")
NAMED = 3


@app.command()
def variants(
    items: Annotated[list[str], typer.Argument(help="A VCF or BCF file, or variants as written ('EGFR L858R').")],
    assembly: Annotated[str | None, typer.Option(help="GRCh37 or GRCh38; needed for a file and for positions.")] = None,
    tumour_type: Annotated[str | None, typer.Option(help="Tumour type, for therapy evidence.")] = None,
    germline: Annotated[bool, typer.Option("--germline", help="The variants are germline.")] = False,
    somatic: Annotated[bool, typer.Option("--somatic", help="The variants are of a tumour.")] = False,
    sample: Annotated[str | None, typer.Option(help="Sample to read, where the file has several.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a file with a bad record.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_tsv: Annotated[bool, typer.Option("--tsv", help="Print tab-separated values.")] = False,
) -> None:
    """Annotate a variant file or variants as written: consequence, ClinVar, therapy evidence, tier."""
    from agent.cli.variant_case import case_of, known_assembly, origin_of
    from tools.registry import call_tool

    origin = origin_of(germline, somatic)
    files = [Path(item) for item in items if Path(item).is_file()]
    texts = [item for item in items if not Path(item).is_file()]
    for item in texts:
        if item.lower().endswith((".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")):
            raise BadInput(Path(item).name, "the whole file", "it is not there", "a VCF or BCF file")
    context = case_of(files, known_assembly(assembly), origin, sample)
    arguments: dict[str, Any] = {"tumour_type": tumour_type, "strict": strict}
    if texts:
        arguments |= {"variant_texts": tuple(texts), "origin": origin, "assembly": known_assembly(assembly)}
    results = [call_tool("annotate_variants", arguments, context)] if texts else []
    if files:
        arguments = {"tumour_type": tumour_type, "strict": strict}
        results.append(call_tool("annotate_variants", arguments, context))
    if as_json:
        print_json([result.model_dump(mode="json") for result in results])
        return
    for result in results:
        _show(result, as_tsv)


def _show(result: ToolResult, as_tsv: bool) -> None:
    from tools.variants.model import drug_name
    from tools.variants.tool import VariantPayload

    payload = result.payload
    assert isinstance(payload, VariantPayload)
    rows = [_row(row) for row in payload.variants]
    if as_tsv:
        typer.echo("\t".join((*COLUMNS, "notes")))
        for row, variant in zip(rows, payload.variants, strict=True):
            typer.echo("\t".join(" ".join(cell.split()) for cell in (*row, "; ".join(variant.notes))))
    else:
        shown = [k for k in range(len(COLUMNS)) if not k or any(row[k] not in ("", row[0]) for row in rows)]
        print_table(
            [COLUMNS[k] for k in shown],
            [[row[k].replace("_", " ") if COLUMNS[k] == "consequence" else row[k] for k in shown] for row in rows],
            title="; ".join(payload.releases),
        )
        for item in result.evidence:
            if item.kind == "database_record":
                typer.echo(f"  {item.claim}")
        for line in (*_classes(payload.variants), *_notes(payload.variants)):
            typer.echo(f"  {line}")
    for text in (
        *(f"Resistance: {drug_name(v.drug)} ({v.variant}, level {v.level})." for v in payload.resistance_wins),
        *result.warnings,
    ):
        err.print(text, markup=False, highlight=False)


def _classes(rows: tuple[AnnotatedVariant, ...]) -> list[str]:
    """For each germline variant the codes with their reasons, the class by both rules, and what the next one lacks."""
    from tools.variants.acmg import WORDS
    from tools.variants.acmg_evidence import NOT_ASSESSED

    lines = []
    for row in rows:
        if row.acmg is None:
            continue
        found = row.acmg
        lines.append(
            f"{row.name}: {WORDS[found.by_table]} by the table of 2015 ({found.rule}), {WORDS[found.by_points]} by "
            f"points ({found.points}), on these codes alone."
        )
        lines += [f"  {code.text}: {code.reason}." for code in found.codes]
        lines += [f"  {text}." for text in (found.why_not_higher, found.why_not_lower, *found.notes) if text]
    if lines:
        lacking = "; ".join(f"{codes}: {what}" for codes, what in NOT_ASSESSED.items())
        lines.append(f"Codes that no table here decides, and what they take: {lacking}.")
    return lines


def _notes(rows: tuple[AnnotatedVariant, ...]) -> list[str]:
    """Each note once, with the variants that it is on."""
    held: dict[str, list[str]] = {}
    for row in rows:
        for note in row.notes:
            held.setdefault(note, []).append(row.name)
    return [
        f"{', '.join(names[:NAMED])}{f' and {len(names) - NAMED} others' if len(names) > NAMED else ''}: "
        f"{note.rstrip('.')}."
        for note, names in held.items()
    ]


def _grade(row: AnnotatedVariant) -> str:
    codes = " ".join(code.text for code in row.acmg.codes) if row.acmg else ""
    return (row.tier or "").replace("_", "-") or codes


def _row(row: AnnotatedVariant) -> tuple[str, ...]:
    allele, hit = row.allele, row.clinvar
    presence = ""
    if allele is not None:
        fraction = f"{allele.fraction_percent:g} %" if allele.fraction_percent is not None else ""
        presence = " ".join(
            part for part in (allele.zygosity or "", fraction, "" if allele.passed else allele.filters) if part
        )
    clinvar = f"{hit.significance.replace('_', ' ')} ({hit.stars} stars)" if hit else ""
    return (
        row.name, row.text, row.consequence.term if row.consequence else "", presence, clinvar,
        _grade(row), ", ".join((*row.facts, *(["secondary finding"] if row.secondary_finding else []))),
    )  # fmt: skip
