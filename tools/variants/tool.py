"""The tool `annotate_variants`: what a patient's variants mean, from a VCF or as written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from knowledge.errors import ToolFailed, ToolRetry
from tools.case import Attachment
from tools.evidence import Evidence, Record, ToolResult
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.variants.model import AnnotatedVariant, Origin
from tools.variants.reading import VariantFile

VERSION = "1.1"
MOST_SHOWN = 200


class VariantArguments(Arguments):
    """Arguments of `annotate_variants`."""

    variants: str | None = Field(
        default=None, description="Handle of the variant file; every variant file of the case if None."
    )
    tumour_type: str | None = Field(
        default=None, description="Tumour type for therapy evidence; the patient's own where the case knows it."
    )
    variant_texts: tuple[str, ...] = Field(
        default=(), max_length=200, description="Variants as written, such as 'EGFR L858R' or 'NM_005228.3:c.2573T>G'."
    )
    origin: Literal["germline", "somatic"] | None = Field(
        default=None, description="Origin of the variants as written; a file's origin is that of the case."
    )
    assembly: Literal["GRCh37", "GRCh38"] | None = Field(
        default=None, description="Assembly of positions in variants as written; a file's assembly is that of the case."
    )
    strict: bool = Field(default=False, description="Refuse a file with a bad record instead of leaving it out.")


class FileSummary(Record):
    """What one pass over a file saw."""

    handle: str
    name: str
    assembly: str
    origin: str | None
    sample: str | None
    records: int
    bad_records: int
    alleles_near_tables: int
    not_in_sample: int
    benign: int
    without_meaning: int
    unhandled: tuple[str, ...]
    problems: tuple[str, ...]


class DrugVerdict(Record):
    """A drug for which resistance beats sensitivity in this tumour, with the variant that says so."""

    drug: str
    variant: str
    level: str
    disease: str


class VariantPayload(Record):
    """Annotated variants, most important first, and what each file held."""

    releases: tuple[str, ...]
    tumour_type: str | None
    variants: tuple[AnnotatedVariant, ...]
    resistance_wins: tuple[DrugVerdict, ...]
    files: tuple[FileSummary, ...]
    truncated: int = 0


def run(context: ToolContext, arguments: VariantArguments) -> ToolResult:
    """Annotate the case's variant files, or variants as written.

    Raises:
        ToolRetry: a handle, a tumour type or a variant as written that is not known.
        ToolFailed: an assembly is not named, or there is nothing to annotate.
        BadInput: a file is damaged, or not of the assembly that it is said to be.
    """
    from tools.variants.both_samples import origins_compared
    from tools.variants.evidence import result_evidence
    from tools.variants.workflow import Workflow

    work = Workflow(tumour_of(context, arguments.tumour_type))
    warnings: list[str] = []
    found: list[tuple[Attachment | None, AnnotatedVariant]] = []
    files = chosen_files(context, arguments)
    failures: list[ToolFailed] = []
    for attachment in files:
        context.progress(f"Reading {attachment.name}")
        try:
            rows, said = work.file(open_file(attachment), attachment, arguments.strict)
        except ToolFailed as error:
            if len(files) == 1:
                raise
            failures.append(error)
            continue
        found += [(attachment, row) for row in rows]
        warnings += said
    if failures and len(failures) == len(files):
        raise failures[0]
    warnings += [f"Not read: {error}" for error in failures]
    for text in arguments.variant_texts:
        found.append((None, work.text(text, arguments.origin, arguments.assembly)))
    found = origins_compared(found)
    found.sort(key=lambda pair: importance(pair[1]))
    kept = found[:MOST_SHOWN]
    if len(found) > MOST_SHOWN:
        warnings.append(f"{len(found)} variants have a meaning; the {MOST_SHOWN} weightiest are shown.")
    verdicts = work.verdicts([row for _, row in kept])
    payload = VariantPayload(
        releases=work.releases(), tumour_type=work.tumour, variants=tuple(row for _, row in kept),
        resistance_wins=verdicts, files=tuple(work.summaries), truncated=len(found) - len(kept),
    )  # fmt: skip
    evidence: list[Evidence] = []
    for source, row in kept:
        evidence += result_evidence(row, source, work, verdicts)
    return ToolResult(
        payload=payload,
        evidence=tuple({item.id: item for item in evidence}.values()),
        warnings=(*warnings, *work.table_warnings()),
    )


def chosen_files(context: ToolContext, arguments: VariantArguments) -> tuple[Attachment, ...]:
    """The files to read: the named one, or all of the case unless only texts were given."""
    files = context.case.of_kind("variants")
    if arguments.variants is not None:
        chosen = context.case.attachment(arguments.variants)
        if chosen is None or chosen.kind != "variants":
            listed = ", ".join(item.handle for item in files) or "none"
            raise ToolRetry(f"{arguments.variants!r} is not the handle of a variant file. This case has: {listed}.")
        return (chosen,)
    if arguments.variant_texts:
        return ()
    if not files:
        raise ToolFailed("This case has no variant file, and no variant was given as text.")
    return files


def open_file(attachment: Attachment) -> VariantFile:
    """Open a variant file. Raises `ToolFailed` where its assembly is not named."""
    if attachment.assembly is None:
        raise ToolFailed(
            f"{attachment.name} does not name its assembly. Name it in case.yaml (variants: assembly: GRCh37 or "
            "GRCh38) or with --assembly; it is never guessed."
        )
    return VariantFile(attachment.path, attachment.name, attachment.assembly)


def tumour_of(context: ToolContext, text: str | None) -> str | None:
    """The code of the tumour type that was asked for, or that the case knows."""
    from tools.variants.diseases import tumour_code

    if text is not None:
        return tumour_code(text)
    value = context.facts().value("tumour.type")
    return value if isinstance(value, str) else None


def importance(row: AnnotatedVariant) -> tuple[bool, int, int, int, str]:
    """Sort key: whether it passed the caller's filter, tier, then patient facts and ClinVar, then the place."""
    failed = row.allele is not None and not row.allele.passed
    tiers = ("I_A", "I_B", "II_C", "II_D", None, "III", "IV")
    pathogenic = row.clinvar is not None and row.clinvar.significance in ("pathogenic", "likely_pathogenic")
    return (failed, tiers.index(row.tier), -len(row.facts), 0 if pathogenic else 1, row.text)


SPEC: ToolSpec[VariantArguments] = ToolSpec(
    name="annotate_variants",
    version=VERSION,
    summary="Say what the variants of a variant file, or variants as written, mean: gene, consequence, ClinVar "
    "significance, and therapy evidence from CIViC for the tumour type, with resistance before sensitivity.",
    arguments=VariantArguments,
    payload=VariantPayload,
    run=run,
    slow=True,
)

__all__ = ["SPEC", "Origin", "VariantArguments", "VariantPayload", "run"]
